"""`--format markdown`: tables that read well in a merge request, UTF-8.

Names stand in code spans: nothing in them is a link, a mention, an issue number or emphasis there.
"""

import re
from collections.abc import Iterator, Sequence

from sgs_tui.batch.phrases import LEGEND, figure_text, headline, mark, ranges_from
from sgs_tui.batch.report import Report, Source
from sgs_tui.engine.compare.catalogue import FIGURES
from sgs_tui.engine.compare.results import LayerDiff, Verdict
from sgs_tui.engine.configs.profiles import Profile
from sgs_tui.engine.numbers import count
from sgs_tui.engine.text import visible

_FIGURES = ("rmse", "cos", "sqnr_db", "mse", "max_abs_error", "range")
_HEAD = ("#", "name", "op", "verdict", *(FIGURES[key].title for key in _FIGURES), "reason")


def write_markdown(report: Report) -> bytes:
    """The report as GitHub-flavoured markdown."""
    return ("\n".join(_lines(report)) + "\n").encode()


def code(text: str) -> str:
    """`text` as a code span that a table cell can hold: pipes escaped, the fence longer than any run inside."""
    shown = visible(text).replace("|", "\\|")
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", shown)), default=0))
    blank = " " if shown.startswith("`") or shown.endswith("`") or not shown.strip() else ""
    return f"{fence}{blank}{shown}{blank}{fence}"


def _lines(report: Report) -> Iterator[str]:
    yield f"**{headline(report.summary)}**"
    yield ""
    yield from _table(("", "dump", "stage", "health"), "llll", _sources(report))
    yield ""
    yield f"Profile {code(report.profile.name)}; {len(report.shown)} of {count(len(report.rows), 'layer')} shown."
    yield f"Ranges: {ranges_from(report)}. {LEGEND}."
    yield ""
    yield from _table(_HEAD, "rlll" + "r" * len(_FIGURES) + "l", [_layer(row, report.profile) for row in report.shown])
    yield from _unmatched(report)
    for note in report.notes:
        yield from ("", f"Note: {code(note)}")


def _sources(report: Report) -> list[list[str]]:
    sides: tuple[tuple[str, Source], ...] = (("sample", report.sample), ("benchmark", report.benchmark))
    return [[name, code(side.path), str(side.stage), code(str(side.health))] for name, side in sides]


def _layer(row: LayerDiff, profile: Profile) -> list[str]:
    verdict = f"**{row.verdict}**" if row.verdict in (Verdict.FAIL, Verdict.NOT_COMPARABLE) else str(row.verdict)
    figures = [figure_text(row, key) + mark(row, key, profile) for key in _FIGURES]
    reason = code("; ".join(row.reasons)) if row.reasons else ""
    return [str(row.index), code(row.name), code(row.op_type), verdict, *figures, reason]


def _unmatched(report: Report) -> Iterator[str]:
    if not report.unmatched:
        return
    yield from ("", f"Unmatched: {len(report.unmatched)}", "")
    yield from _table(
        ("name", "side", "reason"),
        "lll",
        [[code(item.name), item.side, code(item.reason)] for item in report.unmatched],
    )


def _table(head: Sequence[str], alignment: str, rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield _row(head)
    yield _row(["--:" if side == "r" else "---" for side in alignment])
    for row in rows:
        yield _row(row)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"

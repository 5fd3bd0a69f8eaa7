"""`--format markdown`: tables that read well in a merge request, UTF-8.

Names stand in code spans: nothing in them is a link, a mention, an issue number or emphasis there.
"""

from collections.abc import Iterator

from sgs_tui.batch.diagnosis_text import shares
from sgs_tui.batch.markdown_cells import code, table
from sgs_tui.batch.markdown_diagnosis import diagnosis_lines
from sgs_tui.batch.markdown_regression import regression_lines
from sgs_tui.batch.phrases import LEGEND, figure_text, headline, mark, ranges_from
from sgs_tui.batch.report import Report, Source
from sgs_tui.engine.compare.catalogue import FIGURES
from sgs_tui.engine.compare.results import LayerDiff, Verdict
from sgs_tui.engine.configs.profiles import Profile
from sgs_tui.engine.journal import moment, words
from sgs_tui.engine.numbers import count

_FIGURES = ("rmse", "cos", "sqnr_db", "mse", "max_abs_error", "range")
_HEAD = ("#", "name", "op", "verdict", *(FIGURES[key].title for key in _FIGURES), "reason")
_ALIGNMENT = "rlll" + "r" * len(_FIGURES) + "l"


def write_markdown(report: Report) -> bytes:
    """The report as GitHub-flavoured markdown."""
    return ("\n".join(_lines(report)) + "\n").encode()


def _lines(report: Report) -> Iterator[str]:
    yield f"**{headline(report.summary)}**"
    yield ""
    yield from table(("", "dump", "stage", "health"), "llll", _sources(report))
    yield ""
    yield f"Profile {code(report.profile.name)}; {len(report.shown)} of {count(len(report.rows), 'layer')} shown."
    yield f"Ranges: {ranges_from(report)}. {LEGEND}."
    yield ""
    yield from regression_lines(report)
    yield from diagnosis_lines(report)
    yield from _layers(report)
    yield from _unmatched(report)
    for note in report.notes:
        yield from ("", f"Note: {code(note)}")
    if report.journal:
        yield from ("", "### Journal", "")
        yield from (f"- {moment(each)}: {code(words(each))}" for each in report.journal)


def _sources(report: Report) -> list[list[str]]:
    sides: tuple[tuple[str, Source], ...] = (("sample", report.sample), ("benchmark", report.benchmark))
    return [[name, code(side.path), str(side.stage), code(str(side.health))] for name, side in sides]


def _layers(report: Report) -> Iterator[str]:
    """The layers; where a diagnosis tells their parts in the error, with a column for it."""
    parts = shares(report)
    rows = [_layer(row, report.profile) for row in report.shown]
    if not any(row.name in parts for row in report.shown):
        yield from table(_HEAD, _ALIGNMENT, rows)
        return
    told = [[*cells, parts.get(row.name, "")] for cells, row in zip(rows, report.shown, strict=True)]
    yield from table((*_HEAD, "error"), f"{_ALIGNMENT}l", told)


def _layer(row: LayerDiff, profile: Profile) -> list[str]:
    verdict = f"**{row.verdict}**" if row.verdict in (Verdict.FAIL, Verdict.NOT_COMPARABLE) else str(row.verdict)
    figures = [figure_text(row, key) + mark(row, key, profile) for key in _FIGURES]
    reason = code("; ".join(row.reasons)) if row.reasons else ""
    return [str(row.index), code(row.name), code(row.op_type), verdict, *figures, reason]


def _unmatched(report: Report) -> Iterator[str]:
    if not report.unmatched:
        return
    yield from ("", f"Unmatched: {len(report.unmatched)}", "")
    yield from table(
        ("name", "side", "reason"),
        "lll",
        [[code(item.name), item.side, code(item.reason)] for item in report.unmatched],
    )

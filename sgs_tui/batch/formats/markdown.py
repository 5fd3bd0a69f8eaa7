"""`--format markdown`: tables that read well in a merge request, UTF-8.

Names stand in code spans: nothing in them is a link, a mention, an issue number or emphasis there.
"""

import re
from collections.abc import Iterator, Sequence

from sgs_tui.batch.console import Screen
from sgs_tui.batch.report import Report, Source
from sgs_tui.batch.words import (
    LEGEND,
    MOST,
    changed,
    course,
    diagnosis_headline,
    figure_text,
    figures,
    further_layers,
    headline,
    left_out,
    mark,
    ranges_from,
    regression_headline,
    regression_remarks,
    shares,
    word,
)
from sgs_tui.engine.compare.baseline import Step
from sgs_tui.engine.compare.limits import Profile
from sgs_tui.engine.compare.metrics import BRIEF, METRICS
from sgs_tui.engine.compare.results import LayerDiff, Verdict
from sgs_tui.engine.diagnosis.results import Finding, Recovered, proof
from sgs_tui.engine.journal import moment, words
from sgs_tui.engine.numbers import count
from sgs_tui.engine.text import visible

# Tables and code spans of GitHub-flavoured markdown.


def code(text: str) -> str:
    """`text` as a code span that a table cell can hold: pipes escaped, the fence longer than any run inside."""
    shown = visible(text).replace("|", "\\|")
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", shown)), default=0))
    blank = " " if shown.startswith("`") or shown.endswith("`") or not shown.strip() else ""
    return f"{fence}{blank}{shown}{blank}{fence}"


def table(head: Sequence[str], alignment: str, rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The lines of a table; `alignment` has an `l` or `r` for each column."""
    yield _row(head)
    yield _row(["--:" if side == "r" else "---" for side in alignment])
    for row in rows:
        yield _row(row)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def fenced(lines: Sequence[str], language: str) -> Iterator[str]:
    """Lines as a code block; its fence is longer than any run of backticks inside."""
    shown = [visible(line) for line in lines]
    longest = max((len(run) for line in shown for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield from (f"{fence}{language}", *shown, fence)


# The diagnosis in markdown: a numbered list, the proofs below each cause, recovered layers as a table.


def diagnosis_lines(report: Report) -> Iterator[str]:
    """Nothing where no diagnosis was made; ends with an empty line."""
    found = report.diagnosis
    if found is None:
        return
    yield from ("### Diagnosis", "")
    for number, finding in enumerate(found.findings[:MOST], 1):
        yield from _finding(number, finding)
    if more := left_out(found):
        yield from ("", more)
    yield ""
    yield from (f"- {what}: {code(text)}" for what, text in course(report))
    yield ""
    yield from _recovered(found.recovered)


def _finding(number: int, finding: Finding) -> Iterator[str]:
    yield f"{number}. **{code(diagnosis_headline(finding))}**"
    label, others = further_layers(finding)
    if others:
        yield f"   - {label} {code(others)}"
    yield from (f"   - because {code(fact.text)}" for fact in proof(finding))
    yield from (f"   - do: {code(line)}" for line in finding.advice)


def _recovered(found: tuple[Recovered, ...]) -> Iterator[str]:
    if not found:
        return
    yield "Recovered by undoing the stored order; verdicts are about the file as it is:"
    yield ""
    yield from table(
        ("#", "name", "RMSE", "COS", "kept in the file", "order"), "rlrrrl", [_cells(row) for row in found]
    )
    yield ""


def _cells(each: Recovered) -> list[str]:
    figures = [figure_text(each.row, "rmse"), figure_text(each.row, "cos")]
    return [str(each.row.index), code(each.row.name), *figures, f"{each.kept:.0%}", each.layout]


# What has changed since the baseline, in markdown.

_REGRESSION_HEAD = ("change", "layer", "RMSE was", "RMSE now", "COS was", "COS now")
_LOUD = ("newly failing", "newly fixed", "not comparable")


def regression_lines(report: Report) -> Iterator[str]:
    """Nothing without a baseline; ends with an empty line."""
    since = report.since
    if since is None:
        return
    yield from ("### Since the baseline", "", code(regression_headline(since)), "")
    steps, hidden = changed(since)
    if steps:
        yield from (*table(_REGRESSION_HEAD, "llrrrr", [_regression_cells(step) for step in steps]), "")
    if hidden:
        yield from (f"{hidden} more are better.", "")
    for line in regression_remarks(report):
        yield from (f"Note: {code(line)}", "")


def _regression_cells(step: Step) -> list[str]:
    told, (rmse_was, cos_was), (rmse, cos) = word(step), figures(step.before), figures(step.after)
    return [f"**{told}**" if told in _LOUD else told, code(step.name), rmse_was, rmse, cos_was, cos]


_HEAD = ("#", "name", "op", "verdict", *(METRICS[key].title for key in BRIEF), "reason")
_ALIGNMENT = "rlll" + "r" * len(BRIEF) + "l"


def write(report: Report, screen: Screen) -> bytes:
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
    figures = [figure_text(row, key) + mark(row, key, profile) for key in BRIEF]
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

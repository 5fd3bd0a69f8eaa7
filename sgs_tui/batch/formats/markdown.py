"""`--format markdown`: tables that read well in a merge request, UTF-8.

Names stand in code spans: nothing in them is a link, a mention, an issue number or emphasis there.
"""

import re
from collections.abc import Iterator, Sequence

from sgs_tui.batch import three_way, words
from sgs_tui.batch.console import Screen
from sgs_tui.batch.report import Report
from sgs_tui.engine import journal
from sgs_tui.engine.compare.baseline import Step
from sgs_tui.engine.compare.limits import mark
from sgs_tui.engine.compare.metrics import BRIEF, METRICS
from sgs_tui.engine.compare.results import LayerDiff, Verdict
from sgs_tui.engine.diagnosis.results import Finding, Recovered, proof
from sgs_tui.engine.numbers import count
from sgs_tui.engine.text import visible
from sgs_tui.language import Message, _, joined, sense, shown

_HEAD = ("#", Message("name"), "op", Message("verdict"), *(METRICS[key].title for key in BRIEF), Message("reason"))
_ALIGNMENT = "rlll" + "r" * len(BRIEF) + "l"


def write(report: Report, screen: Screen) -> bytes:
    """The report as GitHub-flavoured markdown."""
    return ("\n".join(_lines(report)) + "\n").encode()


def _lines(report: Report) -> Iterator[str]:
    yield from (f"**{shown(words.headline(report.summary))}**", "")
    sides = ((Message("sample"), report.sample), (Message("benchmark"), report.benchmark))
    sources = [[name, code(side.path), Message(str(side.stage)), code(side.health.text)] for name, side in sides]
    yield from (*_table(("", "dump", Message("stage"), Message("health")), "llll", sources), "")
    yield _(
        "Profile {profile}; {shown} of {layers} shown.",
        profile=code(report.profile.name),
        shown=len(report.shown),
        layers=count(len(report.rows), "layer"),
    )
    yield from (_("Ranges: {ranges}. {legend}.", ranges=words.ranges_from(report), legend=words.LEGEND), "")
    yield from _three_way(report)
    yield from regression_lines(report)
    yield from diagnosis_lines(report)
    yield from _layers(report)
    scored = [(row, row.top1) for row in report.rows if row.top1 is not None]
    yield from ("", *(f"- {code(row.name)}: {shown(top1.text)}" for row, top1 in scored)) if scored else ()
    if report.unmatched:
        lonely = [[code(item.name), Message(item.side), code(item.reason)] for item in report.unmatched]
        head = (Message("name"), Message("side"), Message("reason"))
        yield from ("", _("Unmatched: {number}", number=len(report.unmatched)), "", *_table(head, "lll", lonely))
    for note in report.notes:
        yield from ("", _("Note: {text}", text=code(note)))
    if report.journal:
        yield from ("", f"### {_('Journal')}", "")
        yield from (f"- {journal.moment(each)}: {code(journal.words(each))}" for each in report.journal)


def _three_way(report: Report) -> Iterator[str]:
    """Nothing without an original; ends with an empty line."""
    if report.three_way is None:
        return
    title = _("Against the original {path}", path=code(str(report.three_way.path)))
    yield from (f"### {title}", "", code(report.three_way.text), "")
    rows = [[code(row.name), *three_way.cells(row)] for row in three_way.shown(report)]
    if rows:
        yield from (*_table(("RMSE", *three_way.HEAD), "lrrrl", rows), "")


def _layers(report: Report) -> Iterator[str]:
    parts = words.shares(report)
    rows = [_layer(row) for row in report.shown]
    if not any(row.name in parts for row in report.shown):
        yield from _table(_HEAD, _ALIGNMENT, rows)
        return
    told = [[*cells, parts.get(row.name, "")] for cells, row in zip(rows, report.shown, strict=True)]
    yield from _table((*_HEAD, sense("difference", "error")), f"{_ALIGNMENT}l", told)


def _layer(row: LayerDiff) -> list[str]:
    verdict = shown(Message(str(row.verdict)))
    verdict = f"**{verdict}**" if row.verdict in (Verdict.FAIL, Verdict.NOT_COMPARABLE) else verdict
    figures = [words.figure_text(row, key) + mark(row, key) for key in BRIEF]
    reason = code(joined(row.reasons, "; ")) if row.reasons else ""
    return [str(row.index), code(row.name), code(row.op_type), verdict, *figures, reason]


# Tables and code spans of GitHub-flavoured markdown.


def code(text: str) -> str:
    """`text` as a code span that a table cell can hold: pipes escaped, the fence longer than any run inside."""
    held = visible(shown(text)).replace("|", "\\|")
    fence = "`" * (1 + _longest_run(held))
    blank = " " if held.startswith("`") or held.endswith("`") or not held.strip() else ""
    return f"{fence}{blank}{held}{blank}{fence}"


def fenced(lines: Sequence[str], language: str) -> Iterator[str]:
    """Lines as a code block; its fence is longer than any run of backticks inside."""
    held = [visible(shown(line)) for line in lines]
    fence = "`" * max(3, 1 + max(map(_longest_run, held), default=0))
    yield from (f"{fence}{language}", *held, fence)


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)


def _table(head: Sequence[str], alignment: str, rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The lines of a table; `alignment` has an `l` or `r` for each column."""
    for cells in (head, ["--:" if side == "r" else "---" for side in alignment], *rows):
        yield f"| {' | '.join(map(shown, cells))} |"


# The diagnosis: a numbered list, the proofs below each cause, recovered layers as a table.


def diagnosis_lines(report: Report) -> Iterator[str]:
    """Nothing where no diagnosis was made; ends with an empty line."""
    found = report.diagnosis
    if found is None:
        return
    yield from (f"### {_('Diagnosis')}", "")
    for number, finding in enumerate(found.findings[: words.MOST], 1):
        yield from _finding(number, finding)
    if more := words.left_out(found):
        yield from ("", shown(more))
    yield from ("", *(_course(what, text) for what, text in words.course(report)), "")
    if found.recovered:
        yield from (_("Recovered by undoing the stored order; verdicts are about the file as it is:"), "")
        head = ("#", Message("name"), "RMSE", "COS", Message("kept in the file"), Message("order"))
        yield from (*_table(head, "rlrrrl", [_recovered(each) for each in found.recovered]), "")


def _course(what: str, text: str) -> str:
    """What has no name goes on about the line above."""
    return _("- {what}: {text}", what=what, text=code(text)) if what else f"  - {code(text)}"


def _finding(number: int, finding: Finding) -> Iterator[str]:
    yield f"{number}. **{code(words.diagnosis_headline(finding))}**"
    label, others = words.further_layers(finding)
    if others:
        yield f"   - {shown(label)} {code(others)}"
    yield from ("   - " + _("because {text}", text=code(fact.text)) for fact in proof(finding))
    yield from ("   - " + _("do: {text}", text=code(line)) for line in finding.advice)


def _recovered(each: Recovered) -> list[str]:
    figures = [words.figure_text(each.row, key) for key in ("rmse", "cos")]
    return [str(each.row.index), code(each.row.name), *figures, f"{each.kept:.0%}", shown(each.layout)]


# What has changed since the baseline.

_LOUD = ("newly failing", "newly fixed", "not comparable")


def regression_lines(report: Report) -> Iterator[str]:
    """Nothing without a baseline; ends with an empty line."""
    since = report.since
    if since is None:
        return
    yield from (f"### {_('Since the baseline')}", "", code(words.regression_headline(since)), "")
    steps, hidden = words.changed(since)
    if steps:
        yield from (
            *_table(
                (Message("change"), Message("layer"), *words.STEP_FIGURES), "llrrrr", [_step(each) for each in steps]
            ),
            "",
        )
    if hidden:
        yield from (words.more_are_better(hidden), "")
    for line in words.regression_remarks(report):
        yield from (_("Note: {text}", text=code(line)), "")


def _step(step: Step) -> list[str]:
    told = words.word(step)
    return [f"**{shown(told)}**" if told in _LOUD else shown(told), code(step.name), *words.step_figures(step)]

"""`--format junit`: one test case a layer, for what CI systems show.

    layer ok                      passed
    layer warn                    passed, the reasons in `system-out`; failed where --fail-on warn is given
    layer fail                    failure, typed by the limits it breaks
    layer not comparable          error: its test could not be made
    output without a partner      skipped, with the reason: fused layers are no defect
    damaged or changed input      a case `input`, error: what is missing can not have passed
    nothing comparable            a case `comparison`, error: an empty suite would be green

With --baseline each layer that changed says what it was, and layers that are no more are skipped cases. Then
--fail-on regression makes the file agree with the exit code:

    layer fails and did not       failure
    can not be compared any more  error
    fails as before               passed, the reasons in `system-out`
    not comparable as before      skipped

Otherwise the file says what is; --fail-on decides the exit code. With --fail-on never a failing layer is still a
failure here.
All layers are in it that --filter and --top leave. XML 1.0, UTF-8; characters that XML forbids are shown as escapes.
"""

import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

from sgs_tui.batch.console import Screen
from sgs_tui.batch.output import FailOn
from sgs_tui.batch.report import Report
from sgs_tui.batch.words import figure_text, figures, headline, regression_headline, word
from sgs_tui.engine.compare.baseline import Change, Step
from sgs_tui.engine.compare.metrics import BRIEF
from sgs_tui.engine.compare.results import LayerDiff, Unmatched, Verdict
from sgs_tui.engine.text import visible

_GONE = (Change.GONE, Change.CAST_GONE)
_NON_CHARACTERS = {0xFFFE: "\\ufffe", 0xFFFF: "\\uffff"}


@dataclass(frozen=True, slots=True)
class Case:
    """One test case; `outcome` is an element's name or empty for passed."""

    group: str
    name: str
    outcome: str = ""
    kind: str = ""
    message: str = ""
    text: str = ""


def write(report: Report, screen: Screen) -> bytes:
    """The report as one `testsuites` element."""
    since = [regression_headline(report.since)] if report.since else []
    title = f"{report.sample.path} against {report.benchmark.path}"
    return suite_of(title, list(_cases(report)), _properties(report), (headline(report.summary), *since))


def suite_of(title: str, cases: Sequence[Case], properties: Iterable[tuple[str, str]], lines: Sequence[str]) -> bytes:
    """One suite of cases, with its properties and what it prints."""
    outcomes = Counter(case.outcome for case in cases)
    counts: dict[str, object] = {"tests": len(cases), "failures": outcomes["failure"], "errors": outcomes["error"]}
    counts |= {"skipped": outcomes["skipped"]}
    root = _element("testsuites", {"name": "sgs-tui"} | counts)
    suite = _element("testsuite", {"name": title} | counts, root)
    listed = _element("properties", {}, suite)
    for name, value in properties:
        _element("property", {"name": name, "value": value}, listed)
    for case in cases:
        _add(suite, case)
    _element("system-out", {}, suite, "\n".join(lines))
    indent(root, "")
    written = io.BytesIO()
    ElementTree(root).write(written, "UTF-8", xml_declaration=True)
    return written.getvalue() + b"\n"


def _element(tag: str, attributes: Mapping[str, object], parent: Element | None = None, text: str = "") -> Element:
    """Lines of text are ours; everything else that XML forbids or a terminal would obey is shown as an escape."""
    shown = {key: visible(str(value)).translate(_NON_CHARACTERS) for key, value in attributes.items()}
    made = Element(tag, shown) if parent is None else SubElement(parent, tag, shown)
    made.text = "\n".join(map(visible, text.split("\n"))).translate(_NON_CHARACTERS) or None
    return made


def _add(suite: Element, case: Case) -> None:
    made = _element("testcase", {"classname": case.group, "name": case.name}, suite)
    if case.outcome:
        kind = {"type": case.kind} if case.kind else {}
        _element(case.outcome, kind | {"message": case.message}, made, case.text)
    elif case.text:
        _element("system-out", {}, made, case.text)


def _properties(report: Report) -> Iterator[tuple[str, str]]:
    for what, side in (("sample", report.sample), ("benchmark", report.benchmark)):
        yield what, side.path
        yield f"{what} stage", side.stage
    yield "profile", report.profile.name
    if report.since:
        yield "baseline", report.since.source


def _cases(report: Report) -> Iterator[Case]:
    """Every case, input and comparison first, then the layers that are shown, then what has no partner."""
    for line in report.incomplete:
        yield Case("sgs-tui", "input", "error", "damaged input", line)
    if report.nothing_comparable:
        yield Case("sgs-tui", "comparison", "error", "nothing comparable", "the dumps share no layer with figures")
    steps, worse = _steps(report), report.since.regressions if report.since else ()
    for row in report.shown:
        case, step = _layer(row, report.fail_on), steps.get(row.pair.number)
        if step is not None and report.fail_on is FailOn.REGRESSION and step not in worse:
            case = _as_before(case)
        yield case if step is None else _with_past(case, step)
    yield from map(_lonely, report.unmatched)
    yield from _gone(report)


def _steps(report: Report) -> dict[int, Step]:
    """What became of each layer, by its pair's number; empty without a baseline."""
    if report.since is None:
        return {}
    steps = report.since.regression.steps  # those of the new network come first, in its order
    return {row.pair.number: step for row, step in zip(report.rows, steps, strict=False)}


def _layer(row: LayerDiff, fail_on: FailOn) -> Case:
    group, title = f"layers.{row.op_type}", _title(row.index, row.name, row.pair.benchmark.slot)
    reasons = "; ".join(row.reasons)
    if row.verdict is Verdict.NOT_COMPARABLE:
        return Case(group, title, "error", "not comparable", reasons)
    told = "\n".join(f"{key} {figure_text(row, key)}" for key in BRIEF)
    notes = "\n".join((*row.reasons, told, *row.pair.notes, *row.notes))
    if row.verdict is Verdict.FAIL or (row.verdict is Verdict.WARN and fail_on is FailOn.WARN):
        return Case(group, title, "failure", ",".join(sorted(row.over)) or str(row.verdict), reasons, notes)
    return Case(group, title, text=notes if row.verdict is Verdict.WARN else "")


def _as_before(case: Case) -> Case:
    """No regression: a layer that failed before passes, one that had no figures is skipped."""
    if case.outcome == "error":
        return replace(case, outcome="skipped", kind="")
    return replace(case, outcome="", kind="", message="")


def _with_past(case: Case, step: Step) -> Case:
    """The case with what the layer was in the baseline, where that says something."""
    if step.change is Change.SAME and not case.text and not case.outcome:
        return case
    past = f"{word(step)} since the baseline"
    if step.before is not None:
        rmse, cos = figures(step.before)
        past += f" ({step.before.verdict}, RMSE {rmse}, COS {cos})"
    return replace(case, text="\n".join(filter(None, (past, step.note, case.text))))


def _lonely(item: Unmatched) -> Case:
    record = item.record
    title = f"{_title(record.op_index, item.name, record.slot)} ({item.side})"
    return Case(f"unmatched.{record.op_type}", title, "skipped", "", item.reason)


def _gone(report: Report) -> Iterator[Case]:
    for step in report.since.regression.of(*_GONE) if report.since else ():
        op_type = step.before.op_type if step.before else ""
        yield Case(f"gone.{op_type}", step.name, "skipped", "", f"{step.change}: was in the baseline and is no more")


def _title(index: int, name: str, slot: int) -> str:
    """Op index and slot keep names apart that are the same once they are shown."""
    return f"{index}.{slot} {name}" if slot else f"{index} {name}"

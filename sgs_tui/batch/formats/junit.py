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

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from xml.sax.saxutils import escape, quoteattr

from sgs_tui.batch.output import FailOn
from sgs_tui.batch.report import Report
from sgs_tui.batch.words import figure_text, figures, headline, regressions, word
from sgs_tui.batch.words import regression_headline as since_headline
from sgs_tui.engine.compare.baseline import Change, Step
from sgs_tui.engine.compare.metrics import BRIEF
from sgs_tui.engine.compare.results import LayerDiff, Unmatched, Verdict
from sgs_tui.engine.text import visible

# The test cases of a comparison: which layer passes, fails, is an error or is skipped, and what it says of itself.

_GONE = (Change.GONE, Change.CAST_GONE)


@dataclass(frozen=True, slots=True)
class Case:
    """One test case; `outcome` is an element's name or empty for passed."""

    group: str
    name: str
    outcome: str = ""
    kind: str = ""
    message: str = ""
    text: str = ""


def cases(report: Report, fail_on: FailOn) -> Iterator[Case]:
    """Every case, input and comparison first, then the layers that are shown, then what has no partner."""
    for line in report.incomplete:
        yield Case("sgs-tui", "input", "error", "damaged input", line)
    if report.nothing_comparable:
        yield Case("sgs-tui", "comparison", "error", "nothing comparable", "the dumps share no layer with figures")
    steps, worse = _steps(report), _got_worse(report)
    for row in report.shown:
        case, step = _layer(row, fail_on), steps.get(row.pair.number)
        if step is not None and fail_on is FailOn.REGRESSION and step not in worse:
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


def _got_worse(report: Report) -> tuple[Step, ...]:
    return regressions(report.since.regression) if report.since else ()


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
    """Layers of the baseline that are no more."""
    for step in report.since.regression.of(*_GONE) if report.since else ():
        op_type = step.before.op_type if step.before else ""
        yield Case(f"gone.{op_type}", step.name, "skipped", "", f"{step.change}: was in the baseline and is no more")


def _title(index: int, name: str, slot: int) -> str:
    """Op index and slot keep names apart that are the same once they are shown."""
    return f"{index}.{slot} {name}" if slot else f"{index} {name}"


_NON_CHARACTERS = {0xFFFE: "\\ufffe", 0xFFFF: "\\uffff"}


def write_junit(report: Report, fail_on: FailOn = FailOn.FAIL) -> bytes:
    """The report as one `testsuites` element."""
    found = list(cases(report, fail_on))
    outcomes = Counter(case.outcome for case in found)
    counts = (
        f'tests="{len(found)}" failures="{outcomes["failure"]}" errors="{outcomes["error"]}" '
        f'skipped="{outcomes["skipped"]}"'
    )
    title = _attribute(f"{report.sample.path} against {report.benchmark.path}")
    body = "".join(map(_element, found))
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="sgs-tui" {counts}>\n'
        f"<testsuite name={title} {counts}>\n{_properties(report)}{body}"
        f"<system-out>{_text(_summary(report))}</system-out>\n</testsuite>\n</testsuites>\n"
    ).encode()


def _summary(report: Report) -> str:
    return "\n".join((headline(report.summary), *([since_headline(report.since)] if report.since else [])))


def _element(case: Case) -> str:
    head = f"<testcase classname={_attribute(case.group)} name={_attribute(case.name)}"
    if not case.outcome:
        return f"{head}><system-out>{_text(case.text)}</system-out></testcase>\n" if case.text else f"{head}/>\n"
    kind = f" type={_attribute(case.kind)}" if case.kind else ""
    message = f" message={_attribute(case.message)}"
    return f"{head}><{case.outcome}{kind}{message}>{_text(case.text)}</{case.outcome}></testcase>\n"


def _properties(report: Report) -> str:
    named = (
        ("sample", report.sample.path),
        ("sample stage", report.sample.stage),
        ("benchmark", report.benchmark.path),
        ("benchmark stage", report.benchmark.stage),
        ("profile", report.profile.name),
        *([("baseline", report.since.source)] if report.since else []),
    )
    properties = "".join(f"<property name={_attribute(key)} value={_attribute(value)}/>" for key, value in named)
    return f"<properties>{properties}</properties>\n"


def _clean(text: str) -> str:
    """Lines are ours; everything else that XML forbids or a terminal would obey is shown as an escape."""
    return "\n".join(visible(line) for line in text.split("\n")).translate(_NON_CHARACTERS)


def _text(text: str) -> str:
    return escape(_clean(text))


def _attribute(text: str) -> str:
    return quoteattr(visible(text).translate(_NON_CHARACTERS))

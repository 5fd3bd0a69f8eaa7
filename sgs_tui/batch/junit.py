"""`--format junit`: one test case a layer, for what CI systems show.

    layer ok                      passed
    layer warn                    passed, the reasons in `system-out`; failed where --fail-on warn is given
    layer fail                    failure, typed by the limits it breaks
    layer not comparable          error: its test could not be made
    output without a partner      skipped, with the reason: fused layers are no defect
    damaged or changed input      a case `input`, error: what is missing can not have passed
    nothing comparable            a case `comparison`, error: an empty suite would be green

The file says what is; --fail-on decides the exit code. With --fail-on never a failing layer is still a failure here.
All layers are in it that --filter and --top leave. XML 1.0, UTF-8; characters that XML forbids are shown as escapes.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from sgs_tui.batch.formats import FailOn
from sgs_tui.batch.phrases import figure_text, headline
from sgs_tui.batch.report import Report
from sgs_tui.engine.compare.results import LayerDiff, Unmatched, Verdict
from sgs_tui.engine.text import visible

_FIGURES = ("rmse", "cos", "sqnr_db", "mse", "max_abs_error", "range")
_NON_CHARACTERS = {0xFFFE: "\\ufffe", 0xFFFF: "\\uffff"}


@dataclass(frozen=True, slots=True)
class _Case:
    """One test case; `outcome` is an element's name or empty for passed."""

    group: str
    name: str
    outcome: str = ""
    kind: str = ""
    message: str = ""
    text: str = ""


def write_junit(report: Report, fail_on: FailOn = FailOn.FAIL) -> bytes:
    """The report as one `testsuites` element."""
    cases = list(_cases(report, fail_on))
    outcomes = Counter(case.outcome for case in cases)
    counts = (
        f'tests="{len(cases)}" failures="{outcomes["failure"]}" errors="{outcomes["error"]}" '
        f'skipped="{outcomes["skipped"]}"'
    )
    title = _attribute(f"{report.sample.path} against {report.benchmark.path}")
    body = "".join(map(_element, cases))
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="sgs-tui" {counts}>\n'
        f"<testsuite name={title} {counts}>\n{_properties(report)}{body}"
        f"<system-out>{_text(headline(report.summary))}</system-out>\n</testsuite>\n</testsuites>\n"
    ).encode()


def _cases(report: Report, fail_on: FailOn) -> Iterator[_Case]:
    for line in report.incomplete:
        yield _Case("sgs-tui", "input", "error", "damaged input", line)
    if report.nothing_comparable:
        yield _Case("sgs-tui", "comparison", "error", "nothing comparable", "the dumps share no layer with figures")
    for row in report.shown:
        yield _layer(row, fail_on)
    for item in report.unmatched:
        yield _lonely(item)


def _layer(row: LayerDiff, fail_on: FailOn) -> _Case:
    group, title = f"layers.{row.op_type}", _title(row.index, row.name, row.pair.benchmark.slot)
    reasons = "; ".join(row.reasons)
    if row.verdict is Verdict.NOT_COMPARABLE:
        return _Case(group, title, "error", "not comparable", reasons)
    figures = "\n".join(f"{key} {figure_text(row, key)}" for key in _FIGURES)
    notes = "\n".join((*row.reasons, figures, *row.pair.notes, *row.notes))
    if row.verdict is Verdict.FAIL or (row.verdict is Verdict.WARN and fail_on is FailOn.WARN):
        return _Case(group, title, "failure", ",".join(sorted(row.over)) or str(row.verdict), reasons, notes)
    return _Case(group, title, text=notes if row.verdict is Verdict.WARN else "")


def _lonely(item: Unmatched) -> _Case:
    record = item.record
    title = f"{_title(record.op_index, item.name, record.slot)} ({item.side})"
    return _Case(f"unmatched.{record.op_type}", title, "skipped", "", item.reason)


def _title(index: int, name: str, slot: int) -> str:
    """Op index and slot keep names apart that are the same once they are shown."""
    return f"{index}.{slot} {name}" if slot else f"{index} {name}"


def _element(case: _Case) -> str:
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

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
from xml.sax.saxutils import escape, quoteattr

from sgs_tui.batch.formats import FailOn
from sgs_tui.batch.junit_cases import Case, cases
from sgs_tui.batch.phrases import headline
from sgs_tui.batch.regression_text import headline as since_headline
from sgs_tui.batch.report import Report
from sgs_tui.engine.text import visible

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

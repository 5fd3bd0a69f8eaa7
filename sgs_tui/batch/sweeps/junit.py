"""`--format junit`: one test case a layer, and one for each picture that could not be measured whole.

    layer fails on no picture     passed, what warns in `system-out`; failed where --fail-on warn is given
    layer fails on some picture   failure, with the pictures
    layer never compared          error: its test could not be made
    picture not measured whole    error, with the reason

With --fail-on regression only what got worse than the baseline fails: a layer that fails on more pictures is a failure,
one that is lost an error, a picture that fails and did not a failure.
"""

from collections.abc import Iterator

from sgs_tui.batch.console import Screen
from sgs_tui.batch.formats.junit import Case, suite_of
from sgs_tui.batch.output import FailOn
from sgs_tui.batch.sweeps.report import SweepReport, headline, output_line
from sgs_tui.engine.numbers import count
from sgs_tui.engine.sweep.results import LayerRow, Status


def write(report: SweepReport, screen: Screen) -> bytes:
    """The sweep as one `testsuites` element."""
    lines = [headline(report), *(f"{row.name}: {output_line(report, row)}" for row in report.result.outputs)]
    lines += [f"{each.kind}: {each.text}" for each in report.result.findings]
    properties = [("profile", report.profile), *([("baseline", report.baseline)] if report.since else [])]
    return suite_of(report.what, list(_cases(report)), properties, lines)


def _cases(report: SweepReport) -> Iterator[Case]:
    for _, row in report.ranked:
        if row.status is Status.ERROR:
            yield Case("pictures", row.name, "error", "not measured", row.reason)
    gate = report.fail_on is FailOn.REGRESSION and report.since is not None
    worse = {step.name for step in report.since.layers if step.after > step.before} if report.since else set()
    for layer in report.result.layers:
        yield _layer(report, layer, layer.layer.name in worse if gate else None)
    if gate and report.since is not None:
        yield from (
            Case("layers", step.name, "error", "lost", "no longer there") for step in report.since.layers if step.lost
        )
        for each in report.since.pictures:
            if each.worse and each.after == Status.FAIL:
                yield Case("pictures", each.name, "failure", "regression", f"{each.before} -> {each.after}")


def _layer(report: SweepReport, row: LayerRow, worse: bool | None) -> Case:
    """`worse`: than the baseline, where only that counts."""
    group, title = f"layers.{row.layer.op_type}", f"{row.layer.op_index} {row.layer.name}"
    if row.spreads is None:
        return Case(group, title, "" if worse is False else "error", "not comparable", "compared on no picture")
    rmse = row.spreads["rmse"]
    told = f"RMSE worst {rmse.worst:.4g}, p95 {rmse.p95:.4g}, median {rmse.median:.4g}"
    failing = bool(row.failing_on) or (bool(row.warned) and report.fail_on is FailOn.WARN)
    if not failing:
        return Case(group, title, text=told if row.warned else "")
    listed = report.names(row.failing_on[:10])
    more = f" and {len(row.failing_on) - 10} more" if len(row.failing_on) > 10 else ""
    message = f"fails on {len(row.failing_on)} of {count(row.pictures, 'picture')}: {', '.join(listed)}{more}"
    if worse is False:
        return Case(group, title, text=f"{message}\n{told}")
    return Case(group, title, "failure", "rmse", message, told)

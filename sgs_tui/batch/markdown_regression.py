"""What has changed since the baseline, in markdown."""

from collections.abc import Iterator

from sgs_tui.batch.markdown_cells import code, table
from sgs_tui.batch.regression_text import changed, figures, headline, remarks, word
from sgs_tui.batch.report import Report
from sgs_tui.engine.compare.regression import Step

_HEAD = ("change", "layer", "RMSE was", "RMSE now", "COS was", "COS now")
_LOUD = ("newly failing", "newly fixed", "not comparable")


def regression_lines(report: Report) -> Iterator[str]:
    """Nothing without a baseline; ends with an empty line."""
    since = report.since
    if since is None:
        return
    yield from ("### Since the baseline", "", code(headline(since)), "")
    steps, hidden = changed(since)
    if steps:
        yield from (*table(_HEAD, "llrrrr", [_cells(step) for step in steps]), "")
    if hidden:
        yield from (f"{hidden} more are better.", "")
    for line in remarks(report):
        yield from (f"Note: {code(line)}", "")


def _cells(step: Step) -> list[str]:
    told, (rmse_was, cos_was), (rmse, cos) = word(step), figures(step.before), figures(step.after)
    return [f"**{told}**" if told in _LOUD else told, code(step.name), rmse_was, rmse, cos_was, cos]

"""What has changed since the baseline, on the page: newly failing and newly fixed first."""

from sgs_tui.batch.html_text import listing, name, safe, section
from sgs_tui.batch.regression_text import changed, figures, headline, remarks, word
from sgs_tui.batch.report import Report
from sgs_tui.engine.compare.regression import Step

_CLASSES = {"newly failing": "fail", "not comparable": "nc", "newly fixed": "ok", "worse": "warn"}
_EMPTY = ' class="empty"'
_FIGURES = ("RMSE was", "RMSE now", "COS was", "COS now")


def regression(report: Report) -> str:
    """Nothing without a baseline."""
    since = report.since
    if since is None:
        return ""
    steps, hidden = changed(since)
    more = f"<p>{hidden} more are better.</p>" if hidden else ""
    notes = listing([safe(line) for line in remarks(report)])
    return section("since", "Since the baseline", f"<p>{safe(headline(since))}</p>", _table(steps), more, notes)


def _table(steps: list[Step]) -> str:
    if not steps:
        return ""
    heads = "".join(f'<th scope="col">{title}</th>' for title in _FIGURES)
    head = f'<tr><th scope="col" class="text">layer</th><th scope="col" class="text">change</th>{heads}</tr>'
    return f'<table class="plain"><thead>{head}</thead><tbody>\n{"".join(map(_row, steps))}</tbody></table>'


def _row(step: Step) -> str:
    told, (rmse_was, cos_was), (rmse, cos) = word(step), figures(step.before), figures(step.after)
    cells = "".join(map(_cell, _FIGURES, (rmse_was, rmse, cos_was, cos)))
    kind = _CLASSES.get(told)
    what = f'<span class="v {kind}">{safe(told)}</span>' if kind else safe(told)
    title = f'<td class="text name">{name(step.name)}</td>'
    return f'<tr>{title}<td class="text" data-t="change">{what}</td>{cells}</tr>\n'


def _cell(title: str, text: str) -> str:
    return f'<td{"" if text else _EMPTY} data-t="{title}">{safe(text)}</td>'

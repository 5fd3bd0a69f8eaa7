"""What has changed since an earlier comparison, in words. Names are raw: each format guards them."""

from collections.abc import Iterator, Sequence

from sgs_tui.batch.diagnosis_text import some
from sgs_tui.batch.report import Report, Since
from sgs_tui.engine.compare.regression import Change, Regression, Snapshot, Step
from sgs_tui.engine.numbers import cosine, figure

BETTER_SHOWN = 10
"""Layers that merely got better; what fails, is fixed or got worse is always shown."""

_FEW = (Change.ADDED, Change.GONE, Change.CAST_ADDED, Change.CAST_GONE)
_RANKS = (Change.WORSE, *_FEW, Change.BETTER, Change.SAME)


def regressions(regression: Regression) -> tuple[Step, ...]:
    """What a gate fails on: layers that fail now and did not, or can not be compared any more."""
    return tuple(step for step in regression.steps if step.newly_failing or step.lost)


def headline(since: Since) -> str:
    """The change in one line."""
    found = since.regression
    counts = [(len(found.newly_fixed), "newly fixed"), (len(found.newly_failing), "newly failing")]
    counts += [(len(found.of(change)), str(change)) for change in (Change.BETTER, Change.WORSE, Change.SAME)]
    rare = [(sum(step.lost for step in found.steps), "no longer comparable")]
    rare += [(len(found.of(change)), str(change)) for change in _FEW]
    told = [*counts, *(each for each in rare if each[0])]
    return f"since {since.source}: {', '.join(f'{number} {what}' for number, what in told)}"


def word(step: Step) -> str:
    """What became of a layer."""
    if step.newly_failing:
        return "newly failing"
    if step.newly_fixed:
        return "newly fixed"
    return "not comparable" if step.lost else str(step.change)


def changed(since: Since) -> tuple[list[Step], int]:
    """(steps worth a line, the gravest first; how many better ones are left out)."""
    steps = [step for step in since.regression.steps if step.change is not Change.SAME or _crossed(step)]
    ordered = sorted(steps, key=_rank)
    quiet = [step for step in ordered if step.change is Change.BETTER and not _crossed(step)]
    hidden = quiet[BETTER_SHOWN:]
    return [step for step in ordered if step not in hidden], len(hidden)


def figures(layer: Snapshot | None) -> tuple[str, str]:
    """(RMSE, COS) of one side; empty where the layer is not there."""
    return ("", "") if layer is None else (figure(layer.rmse, 6), cosine(layer.cos))


def remarks(report: Report) -> Iterator[str]:
    """Names that moved, and a profile that is another one."""
    since = report.since
    if since is None:
        return
    if moved := [f"{step.name} {step.note}" for step in since.regression.matched if step.note]:
        yield f"the same layers under new names ({len(moved)}): {some(moved)}"
    if since.profile != report.profile.name:
        yield f"the baseline was judged by profile {since.profile}, this comparison by {report.profile.name}"


def _crossed(step: Step) -> bool:
    return step.newly_failing or step.newly_fixed or step.lost


def _rank(step: Step) -> tuple[bool, bool, int]:
    return not (step.newly_failing or step.lost), not step.newly_fixed, _RANKS.index(step.change)


def names(steps: Sequence[Step]) -> list[str]:
    """The names that the layers have now, or had."""
    return [step.name for step in steps]

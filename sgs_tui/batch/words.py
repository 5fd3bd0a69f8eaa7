"""What the formats for people say in the same words: figures, marks, the summary line."""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial

from sgs_tui.batch.report import Report, Since
from sgs_tui.engine.compare.baseline import LOST, NEWLY_FIXED, Change, Snapshot, Step
from sgs_tui.engine.compare.limits import FAILED, WARNED
from sgs_tui.engine.compare.metrics import METRICS, Form
from sgs_tui.engine.compare.results import LayerDiff, RangeSource, Summary
from sgs_tui.engine.configs.textlines import Finding as FileFinding
from sgs_tui.engine.diagnosis.results import Cause, Diagnosis, Finding, Role
from sgs_tui.engine.numbers import cosine, count, decibel, ratio, small
from sgs_tui.engine.text import some, visible
from sgs_tui.language import Message, _n, joined

LEGEND = Message(
    "{failed} beyond a fail limit, {warned} beyond a warn limit (a range counts only where a convolution reads it), "
    "n/c not comparable",
    failed=FAILED,
    warned=WARNED,
)

_FORMS: dict[Form, Callable[[float | None], str]] = {
    Form.PLAIN: ratio,
    Form.RATIO: partial(ratio, digits=6),
    Form.SMALL: small,
    Form.COSINE: cosine,
    Form.DECIBEL: decibel,
}


def figure_text(row: LayerDiff, key: str) -> str:
    """A figure of the row as people read it; empty where the row has none."""
    metric = METRICS[key]
    return _FORMS[metric.form](metric.value(row))


def percent(share: float) -> str:
    """A share (0 to 1) for people; what is not zero is never shown as zero."""
    if 0 < share < 1e-5:
        return "<0.001 %"
    return f"{100 * share:.3g} %"


def ranges_from(report: Report) -> str:
    """Where the layers' ranges were taken from, counted over all layers."""
    found = Counter(row.range.source for row in report.rows if row.range is not None)
    calibrated, measured = found[RangeSource.CALIBRATION], found[RangeSource.BENCHMARK]
    parts = [Message("calibration ({layers})", layers=count(calibrated, "layer"))] if calibrated else []
    parts += [Message("the benchmark's data ({layers})", layers=count(measured, "layer"))] if measured else []
    return joined(parts) or Message("none")


def headline(summary: Summary) -> str:
    """The comparison in one line."""
    values = {
        "layers": count(summary.layers, "layer"),
        "failed": summary.failed,
        "warned": summary.warned,
        "lost": summary.not_comparable,
        "unmatched": summary.unmatched,
    }
    if summary.not_comparable:
        counts = Message(
            "{layers}: {failed} failed, {warned} warned, {lost} not comparable, {unmatched} unmatched", **values
        )
    else:
        counts = Message("{layers}: {failed} failed, {warned} warned, {unmatched} unmatched", **values)
    return joined([counts, *_pointers(summary)], "; ")


def _pointers(summary: Summary) -> list[str]:
    first, worst = summary.first_failing, summary.worst
    if first is not None and first is worst:
        return [Message("first failing and worst {layer}", layer=_pointer(first))]
    found = [Message("first failing {layer}", layer=_pointer(first))] if first is not None else []
    return [*found, *([Message("worst {layer}", layer=_pointer(worst))] if worst is not None else [])]


def _pointer(row: LayerDiff) -> str:
    rmse = figure_text(row, "rmse")
    return Message("{index} {name} (RMSE {rmse})", index=row.index, name=visible(row.name), rmse=rmse)


# A diagnosis in lines of plain words, for every format that people read. Names are raw: each format guards them.

MOST = 3
"""Findings that are told; the rest is counted (JSON has all)."""

_TELLING = (Role.INTRODUCED, Role.INHERITED, Role.RECOVERED)


def diagnosis_headline(finding: Finding) -> str:
    """Where and why in one line: `gate: tensors of very different size share one scale (shared_scale, 99% sure)`."""
    what = {"cause": finding.cause.words, "id": finding.cause, "proof": finding.proof.words}
    if finding.layers and not finding.cause.everywhere:
        return Message("{layer}: {cause} ({id}, {proof})", layer=finding.layers[0], **what)
    return Message("{cause} ({id}, {proof})", **what)


def further_layers(finding: Finding) -> tuple[str, str]:
    """(label, names) of the layers that the headline does not name; names are empty where there are none."""
    if finding.cause is Cause.HEALTHY:
        return "", ""
    if finding.cause.everywhere:
        return Message("layers"), some(finding.layers)
    return Message("with"), some(finding.layers[1:])


def left_out(diagnosis: Diagnosis) -> str:
    """What stands for the findings behind the first `MOST`; empty where there are none."""
    more = len(diagnosis.findings) - MOST
    return Message("{causes} in --format json", causes=count(more, "more cause")) if more > 0 else ""


def course(report: Report) -> Iterator[tuple[str, str]]:
    """(what, in words): how the error runs over the network, and the vendor's jump marks.

    Where data is out of order its error says nothing about the network, so only the marks are left.
    """
    found = report.diagnosis
    if found is None:
        return
    if not found.recovered:
        yield Message("course"), found.trend.text
        for role in () if _is_healthy(found) else _TELLING:
            if names := [part.name for part in found.blame if part.role is role]:
                yield Message(str(role)), some(names)
    for place, text in enumerate(found.foresight.lines if found.foresight else ()):
        yield "" if place else Message("twin"), text
    if names := [part.name for part in found.blame if part.jump]:
        yield (
            Message("jumps"),
            Message("{layers} (RMSE over 1.00 above the layer before, the vendor's mark)", layers=some(names)),
        )


def shares(report: Report) -> dict[str, str]:
    """Each layer's part in the error in a word or two; layers of which there is nothing to say are left out."""
    if report.recovered:
        return dict.fromkeys(report.recovered, Message("out of order"))
    if report.diagnosis is None or _is_healthy(report.diagnosis):
        return {}
    return {name: Message(str(part.role)) for name, part in report.blame.items() if part.role in _TELLING}


def _is_healthy(diagnosis: Diagnosis) -> bool:
    """Nobody is to blame for rounding."""
    return all(finding.cause is Cause.HEALTHY for finding in diagnosis.findings)


# What has changed since an earlier comparison, in words. Names are raw: each format guards them.

_BETTER_SHOWN = 10
"""Layers that merely got better; what fails, is fixed or got worse is always shown."""

_FEW = (Change.ADDED, Change.GONE, Change.CAST_ADDED, Change.CAST_GONE)
_RARE = (LOST, *_FEW)
_RANKS = (Change.WORSE, *_FEW, Change.BETTER, Change.SAME)


def more_are_better(number: int) -> str:
    """What follows a list of changes that leaves those out."""
    return _n(number, "{number} more is better.", "{number} more are better.")


def regression_headline(since: Since) -> str:
    """The change in one line."""
    found = since.regression.counts()
    found = {NEWLY_FIXED: found[NEWLY_FIXED]} | found  # in front of those that fail
    told = [
        Message("{number} {outcome}", number=number, outcome=Message(str(outcome)))
        for outcome, number in found.items()
        if number or outcome not in _RARE
    ]
    return Message("since {source}: {changes}", source=since.source, changes=joined(told))


def word(step: Step) -> str:
    """What became of a layer."""
    return Message("not comparable") if step.lost else Message(str(step.outcome))


def changed(since: Since) -> tuple[list[Step], int]:
    """(steps worth a line, the gravest first; how many better ones are left out)."""
    steps = [step for step in since.regression.steps if step.change is not Change.SAME or _crossed(step)]
    ordered = sorted(steps, key=_rank)
    quiet = [step for step in ordered if step.change is Change.BETTER and not _crossed(step)]
    hidden = quiet[_BETTER_SHOWN:]
    return [step for step in ordered if step not in hidden], len(hidden)


def figures(layer: Snapshot | None) -> tuple[str, str]:
    """(RMSE, COS) of one side; empty where the layer is not there."""
    return ("", "") if layer is None else (ratio(layer.rmse, 6), cosine(layer.cos))


STEP_FIGURES = (Message("RMSE was"), Message("RMSE now"), Message("COS was"), Message("COS now"))


def step_figures(step: Step) -> tuple[str, str, str, str]:
    """What stands under `STEP_FIGURES`."""
    (rmse_was, cos_was), (rmse, cos) = figures(step.before), figures(step.after)
    return rmse_was, rmse, cos_was, cos


def regression_remarks(report: Report) -> Iterator[str]:
    """Names that moved, and a profile that is another one."""
    since = report.since
    if since is None:
        return
    if moved := [
        Message("{name} {note}", name=step.name, note=step.note) for step in since.regression.matched if step.note
    ]:
        yield Message("the same layers under new names ({number}): {names}", number=len(moved), names=some(moved))
    if since.profile != report.profile.name:
        yield Message(
            "the baseline was judged by profile {before}, this comparison by {now}",
            before=since.profile,
            now=report.profile.name,
        )


def _crossed(step: Step) -> bool:
    return step.newly_failing or step.newly_fixed or step.lost


def _rank(step: Step) -> tuple[bool, bool, int]:
    return not (step.newly_failing or step.lost), not step.newly_fixed, _RANKS.index(step.change)


def finding_line(finding: FileFinding, name: str) -> str:
    """`FILE:LINE: error: what; remedy`, as compilers write it. Raw."""
    place = f"{name}:{finding.line}" if finding.line else name
    values = {"place": place, "severity": Message(str(finding.severity)), "message": finding.message}
    if finding.remedy:
        return Message("{place}: {severity}: {message}; {remedy}", remedy=finding.remedy, **values)
    return Message("{place}: {severity}: {message}", **values)

"""Changes tried on the twin: what an advice would give, before it is given.

Tried are INT16 sets, a level with a weight scale for each channel, this picture's own ranges, and narrower limits. What
does not lower the error at the layers it is for is not advised, and the advice says what it would give.

Apart because the advice of single findings and the advice for the whole network ask the same trials.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from threading import Event

from sgs_tui.engine.compare.limits import Profile, judge
from sgs_tui.engine.compare.metrics import with_error
from sgs_tui.engine.compare.results import LayerDiff, Metrics, Verdict
from sgs_tui.engine.diagnosis.results import Cause, Evidence, Finding, Tried
from sgs_tui.engine.numbers import figure
from sgs_tui.engine.twin.agreement import not_predicted
from sgs_tui.engine.twin.figures import Figures
from sgs_tui.engine.twin.network import Bounds
from sgs_tui.engine.twin.plan import Plan, far_apart, with_int16, with_level, with_ranges
from sgs_tui.engine.twin.search import Trial
from sgs_tui.engine.twin.trials import Scores
from sgs_tui.engine.twin.whatif import Subject

_HELPS = 0.9
"""What is left of the error at the layers a change is for, up to which it helps, and is better than another."""

_CALIBRATE = "calibrate again with about 30 pictures like the one that is judged, brightness and contrast included"
REFUTED = 0.2
"""Confidence at most in a cause whose removal helps nothing."""

_NARROWER = (4.0, 16.0, 64.0)
"""How many times narrower limits are tried."""

_FEW = 32
"""Elements below which chance decides, but a prediction is all there is: logits."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is tried: convolution inputs in INT16 besides those that are, another level, other ranges of tensors.

    `own`: the ranges are those of the picture in the dump, of all tensors. `everything`: `int16` are all there are.
    """

    int16: tuple[str, ...] = ()
    level: int | None = None
    ranges: tuple[tuple[str, Bounds], ...] = ()
    own: bool = False
    everything: bool = False

    def __str__(self) -> str:
        words = []
        if self.own:
            words.append(_CALIBRATE)
        for name, (low, high) in self.ranges[:1]:
            words.append(f"give {name} the limits {figure(low)} to {figure(high)} in the quant_file")
        if self.level is not None:
            words.append(f"calibrate with --quant_level L{self.level}: one weight scale for each output channel")
        if self.int16:
            setting = "input_format=ALL_INT16" if self.everything else f"tensor_arrays='{','.join(self.int16)}'"
            words.append(f"set to INT16: {setting}; in [CONV_CONFIG], then convert and calibrate again")
        return "; and ".join(words)

    @property
    def brief(self) -> str:
        """In a few words, without the names of `int16`."""
        words = ["calibrate again" if self.own else "", *(f"narrower limits of {name}" for name, _ in self.ranges[:1])]
        words.append(f"quant_level L{self.level}" if self.level is not None else "")
        words.append("ALL_INT16" if self.everything else "")
        return ", ".join(filter(None, words))

    def of(self, plan: Plan) -> Plan:
        """The plan with this change."""
        made = with_ranges(plan, plan.twin.bounds) if self.own else plan
        made = with_ranges(made, dict(self.ranges)) if self.ranges else made
        made = with_level(made, self.level) if self.level is not None else made
        return with_int16(made, sorted({*self.int16, *plan.raised})) if self.int16 else made


@dataclass
class Trying:
    """The twin of a sample, and what was tried on it; `tried` are the sets of searches, by what was asked."""

    subject: Subject
    tried: dict[str, dict[str, Trial]] = field(default_factory=dict)
    _scores: dict[Change, Scores] = field(default_factory=dict)

    @property
    def plan(self) -> Plan:
        """The sample's own plan."""
        return self.subject.plan

    def scores(self, change: Change, cancel: Event | None = None) -> Scores:
        """Every layer's figures with a change. Raises RunError, CancelledError."""
        if change not in self._scores:
            self._scores[change] = self.subject.trials.under(change.of(self.plan), cancel)
        return self._scores[change]

    def rows(self, rows: Mapping[str, LayerDiff], change: Change, cancel: Event | None = None) -> dict[str, LayerDiff]:
        """Every compared layer as it is then; as measured where nothing changes or nothing is foreseen."""
        before, after, silent = self.subject.trials.scores, self.scores(change, cancel), not_predicted(self.plan)
        found = {}
        for name, row in rows.items():
            old, new = before.get(row.pair.benchmark.name), after.get(row.pair.benchmark.name)
            if row.metrics is not None:
                same = new is None or new == old or (row.pair.benchmark.name in silent and new.count >= _FEW)
                found[name] = row if same or new is None else _foreseen(row, row.metrics, new)
        return found


def _foreseen(row: LayerDiff, metrics: Metrics, found: Figures) -> LayerDiff:
    """The row with the figures and the slices of the twin; its sample then is lively as the benchmark is, or zero."""
    relative = 10 ** (-found.sqnr_db / 20)
    ratio = relative / metrics.relative_l2 if metrics.relative_l2 else 1.0
    then = replace(
        with_error(metrics, ratio), rmse=found.rmse, cos=found.cos, sqnr_db=found.sqnr_db, relative_l2=relative
    )
    lively = found.cos != 0 and isfinite(found.rmse)
    return replace(row, metrics=then, slices=found.slices, sample=row.benchmark if lively else row.sample)


def failing(rows: Mapping[str, LayerDiff], profile: Profile) -> frozenset[str]:
    """Layers that would break a fail limit, in network order; a range is no error.

    A concat does not fail for a branch that fails itself.
    """
    found: set[str] = set()
    for name, row in rows.items():
        told = replace(row, slices=row.slices.told_by(found)) if row.slices is not None else row
        judgement = judge(told, profile)
        if judgement.verdict is Verdict.FAIL and judgement.failing != {"range"}:
            found.add(name)
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """A change at the layers it is for: `left` of their error, how many of them and of all layers still fail."""

    change: Change
    left: float
    failing: int
    failing_in_all: int
    tried: Tried


def tried(
    finding: Finding, trying: Trying, rows: Mapping[str, LayerDiff], profile: Profile, cancel: Event | None = None
) -> Finding:
    """The finding with its advice as the twin has it: what helps and what that gives, or that nothing tried does."""
    bad_now = failing(rows, profile)
    asked = _asked(finding, rows, bad_now)
    bad = any(name in bad_now for name in asked)
    changes = [each for each in dict.fromkeys(_changes(finding, trying)) if bad or not each.ranges]
    if not changes or not asked:
        return finding
    best: _Outcome | None = None
    outcomes = []
    for change in changes:
        found = _outcome(trying, change, rows, asked, profile, cancel)
        outcomes.append(found)
        if found.left < _HELPS * (best.left if best else 1.0) and found.failing_in_all <= len(bad_now):
            best = found
        if best is not None and not best.failing:
            break
    return _told(finding, outcomes, best)


def _asked(finding: Finding, rows: Mapping[str, LayerDiff], failing: Collection[str]) -> tuple[str, ...]:
    """The layers a change is judged by: what fails of the finding's own, else its own, else what fails at all."""
    known = [name for name, row in rows.items() if row.metrics is not None and isfinite(row.metrics.rmse)]
    bad = [name for name in known if name in failing]
    own = [name for name in known if name in (*finding.layers, *finding.behind)]
    return tuple([name for name in own if name in bad] or own or bad)


def _outcome(
    trying: Trying, change: Change, rows: Mapping[str, LayerDiff], asked: Sequence[str], profile: Profile,
    cancel: Event | None,
) -> _Outcome:  # fmt: skip
    after = trying.rows(rows, change, cancel)
    worst = max(asked, key=lambda name: _measured(rows[name]).rmse)
    bad = failing(after, profile)
    now, then = (sum(min(_measured(each[name]).rmse, 10.0) for name in asked) for each in (rows, after))
    return _Outcome(
        change=change,
        left=then / now if now else 1.0,
        failing=len(bad.intersection(asked)),
        failing_in_all=len(bad),
        tried=Tried(
            change.brief,
            () if change.everything else change.int16,
            worst,
            _measured(rows[worst]).rmse,
            _measured(after[worst]).rmse,
        ),
    )


def _measured(row: LayerDiff) -> Metrics:
    assert row.metrics is not None
    return row.metrics


# What is worth trying for a cause, what costs the user least first.


def _changes(finding: Finding, trying: Trying) -> Iterator[Change]:
    match finding.cause:
        case Cause.CLIPPING:
            yield Change(own=True)
        case Cause.WIDE_RANGE | Cause.SHARED_SCALE:
            yield from _finer(finding, trying)
        case Cause.DRIFT:
            yield from _levels(trying)
            yield Change(int16=trying.plan.choices(), everything=True)


def _finer(finding: Finding, trying: Trying) -> Iterator[Change]:
    """Finer steps: of the tensor, of the weights that make it, of those it is read by; then narrower limits."""
    read = tuple(finding.int16) or _inputs(trying, finding.layers[:1])
    more = (*read, *_inputs(trying, (*read, *finding.layers[:1])))
    sets = [tuple(name for name in dict.fromkeys(each) if name not in trying.plan.raised) for each in (read, more)]
    if not finding.int16:
        yield from _levels(trying)
    yield from (Change(int16=each) for each in sets if each)
    for level in _levels(trying):
        yield level
        yield from (replace(level, int16=each) for each in sets if each)
    yield from _limits(trying, read)


def _levels(trying: Trying) -> Iterator[Change]:
    """L2 where a convolution has one weight scale that would then have one for each channel."""
    plan = trying.plan
    for op in plan.twin.ops:
        how = plan.weights.get(op.index)
        weights = op.convolution.weights if op.convolution is not None else None
        if how is not None and weights is not None and not (how.by_channel or len(weights) < 2 or far_apart(weights)):
            yield Change(level=2)
            return


def _inputs(trying: Trying, tensors: Iterable[str]) -> tuple[str, ...]:
    """Inputs of the convolutions that compute tensors: with them in INT16 those have INT16 weights too."""
    twin, open_ones = trying.plan.twin, list(tensors)
    raisable, seen, found = set(trying.plan.choices()), set(open_ones), []
    while open_ones:
        op = twin.producers.get(open_ones.pop())
        if op is None:
            continue
        if op.convolution is not None:
            found += [name for name in op.inputs[:1] if name in raisable]
            continue
        open_ones += [name for name in op.inputs if name not in seen]
        seen.update(op.inputs)
    return tuple(found)


def _limits(trying: Trying, tensors: Sequence[str]) -> Iterator[Change]:
    """Narrower limits for a tensor and all that share its scale."""
    plan = trying.plan
    for name in tensors[:1]:
        domain = plan.domains.by_name.get(name)
        for times in _NARROWER if domain is not None else ():
            members = (name, *(each for each in domain.members if each != name)) if domain is not None else ()
            bounds = {each: plan.ranges[each] for each in members}
            yield Change(ranges=tuple((each, (low / times, high / times)) for each, (low, high) in bounds.items()))


def _told(finding: Finding, outcomes: Sequence[_Outcome], best: _Outcome | None) -> Finding:
    """The change that helps most as the advice; a cause is refuted where taking it away does not help."""
    if best is not None:
        how = "with this picture's own ranges " if best.change.own else ""
        line = f"{best.change} (tried on the twin: {how}{best.tried})"
        return replace(finding, advice=(line,), int16=best.change.int16, tried=best.tried)
    nearest = min(outcomes, key=lambda each: each.left)
    line = f"nothing that was tried on the twin helps; the most that came of it: {nearest.tried}"
    found = replace(finding, advice=(line,), int16=())
    if finding.cause is not Cause.CLIPPING:
        return found
    refuted = Evidence(f"this picture's own ranges do not heal it on the twin: {nearest.tried}")
    return replace(found, evidence=(refuted, *found.evidence), confidence=min(REFUTED, found.confidence), explained=0.0)

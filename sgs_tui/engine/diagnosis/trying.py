"""Changes tried on the twin: what an advice would give, before it is given.

Tried are INT16 sets, a level with a weight scale for each channel, this picture's own ranges, and narrower limits. What
does not lower the error at the layers it is for is not advised, and the advice says what it would give.

Apart because the advice of single findings and the advice for the whole network ask the same trials.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from threading import Event
from typing import TYPE_CHECKING

from sgs_tui.engine.compare.limits import Profile, judge
from sgs_tui.engine.compare.metrics import with_error
from sgs_tui.engine.compare.results import LayerDiff, Metrics, Verdict
from sgs_tui.engine.diagnosis.case import SUSPECT
from sgs_tui.engine.diagnosis.measuring import relative
from sgs_tui.engine.diagnosis.results import Cause, Evidence, Finding, Tried
from sgs_tui.engine.diagnosis.words import int16_words
from sgs_tui.engine.network.narrow import NarrowSlice
from sgs_tui.engine.numbers import count, figure
from sgs_tui.engine.twin.agreement import not_predicted
from sgs_tui.engine.twin.chains import chain_of, choices_of, makers_inputs
from sgs_tui.engine.twin.figures import Figures
from sgs_tui.engine.twin.network import Bounds, Twin
from sgs_tui.engine.twin.plan import Plan, far_apart, with_int16, with_level, with_ranges
from sgs_tui.engine.twin.trials import Scores
from sgs_tui.engine.twin.whatif import Subject
from sgs_tui.language import Message, joined

if TYPE_CHECKING:
    from sgs_tui.engine.twin.search import Trial

_HELPS = 0.9
"""What is left of the error at the layers a change is for, up to which it helps, and is better than another."""

_CALIBRATE = Message(
    "calibrate again with about 30 pictures like the one that is judged, brightness and contrast included"
)
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
        return self.words()

    def words(self, qdq: bool = False) -> str:
        """What to do; `qdq`: where onnxruntime quantizes, not the SDK."""
        words: list[str] = []
        if self.own:
            words.append(_CALIBRATE)
        for name, (low, high) in self.ranges[:1]:
            words.append(
                Message(
                    "give {name} the limits {low} to {high} in the quant_file",
                    name=name,
                    low=figure(low),
                    high=figure(high),
                )
            )
        if self.level is not None:
            words.append(
                Message("calibrate without --per-tensor: one weight scale for each output channel")
                if qdq
                else Message(
                    "calibrate with --quant_level L{level}: one weight scale for each output channel", level=self.level
                )
            )
        if self.int16:
            words.append(int16_words(self.int16, qdq, self.everything))
        return joined(words, "; and ")

    @property
    def brief(self) -> str:
        """In a few words, without the names of `int16`."""
        words: list[str] = [
            Message("calibrate again") if self.own else "",
            *(Message("narrower limits of {name}", name=name) for name, _ in self.ranges[:1]),
        ]
        words.append(f"quant_level L{self.level}" if self.level is not None else "")
        words.append("ALL_INT16" if self.everything else "")
        return joined(filter(None, words))

    def of(self, plan: Plan) -> Plan:
        """The plan with this change."""
        made = with_ranges(plan, plan.twin.bounds) if self.own else plan
        made = with_ranges(made, dict(self.ranges)) if self.ranges else made
        made = with_level(made, self.level) if self.level is not None else made
        return with_int16(made, sorted({*self.int16, *plan.raised})) if self.int16 else made


_NOTHING = Change()
"""The plan as it is."""


@dataclass
class Trying:
    """The twin of a sample, and what was tried on it; `tried` are the sets of searches, by what was asked.

    `start`: the plan that changes are put on, where `mended` findings are mended first; else the sample's own.
    """

    subject: Subject
    start: Plan | None = None
    mended: int = 0
    tried: "dict[str, dict[str, Trial]]" = field(default_factory=dict)
    _scores: dict[Change, Scores] = field(default_factory=dict)

    @property
    def plan(self) -> Plan:
        """What changes are put on."""
        return self.subject.plan if self.start is None else self.start

    def behind(self, change: Change) -> "Trying":
        """The same with a change made first."""
        return Trying(self.subject, change.of(self.plan), self.mended + 1)

    def scores(self, change: Change, cancel: Event | None = None) -> Scores:
        """Every layer's figures with a change. Raises RunError, CancelledError."""
        if change not in self._scores:
            plan = self.plan if change == _NOTHING else change.of(self.plan)
            self._scores[change] = self.subject.trials.under(plan, cancel, both=True)
        return self._scores[change]

    def rows(self, rows: Mapping[str, LayerDiff], change: Change, cancel: Event | None = None) -> dict[str, LayerDiff]:
        """Every compared layer as it is then, measured ones given; as measured where nothing changes or nothing is
        foreseen."""
        before, after, silent = self.subject.trials.scores, self.scores(change, cancel), not_predicted(self.plan)
        found = {}
        for name, row in rows.items():
            old, new = before.get(row.pair.benchmark.name), after.get(row.pair.benchmark.name)
            if row.metrics is not None:
                same = new is None or new == old or (row.pair.benchmark.name in silent and new.count >= _FEW)
                same = same or _is_of_another_fault(row.metrics, old)
                found[name] = row if same or new is None else _foreseen(row, row.metrics, new)
        return found


_OTHERS = 2.0
"""Times the error that the twin has for a layer, from which most of what is measured is no matter of quantization."""


def _is_of_another_fault(metrics: Metrics, foreseen: Figures | None) -> bool:
    """Whether what quantization makes of a layer, now or then, says nothing of what is measured."""
    if foreseen is None or not metrics.relative_l2 >= SUSPECT:
        return False
    return metrics.relative_l2 > _OTHERS * relative(foreseen)


def _foreseen(row: LayerDiff, metrics: Metrics, found: Figures) -> LayerDiff:
    """The row with the figures and the slices of the twin; its sample then is lively as the benchmark is, or zero."""
    error = relative(found)
    ratio = error / metrics.relative_l2 if metrics.relative_l2 else 1.0
    then = replace(with_error(metrics, ratio), rmse=found.rmse, cos=found.cos, sqnr_db=found.sqnr_db, relative_l2=error)
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
    """A change at the layers it is for: `left` of their error, how many of them and of all layers still fail; what it
    does to lost `slices`, in words."""

    change: Change
    left: float
    failing: int
    failing_in_all: int
    tried: Tried
    slices: str = ""


def tried(
    finding: Finding, trying: Trying, rows: Mapping[str, LayerDiff], profile: Profile, cancel: Event | None = None
) -> tuple[Finding, Change | None]:
    """The finding with its advice as the twin has it: what helps and what that gives, or that nothing tried does.

    Tried on the trying's plan. The change is the one that is advised.
    """
    measured, rows = rows, trying.rows(rows, _NOTHING, cancel) if trying.mended else rows
    bad_now = failing(rows, profile)
    asked = _asked(finding, rows, bad_now, trying.plan.twin)
    bad = any(name in bad_now for name in asked)
    changes = [each for each in dict.fromkeys(_changes(finding, trying)) if bad or not each.ranges]
    if not changes or not asked:
        return finding, None
    best: _Outcome | None = None
    outcomes = []
    for change in changes:
        found = _outcome(trying, change, measured, rows, asked, profile, cancel)
        outcomes.append(found)
        if found.left < _HELPS * (best.left if best else 1.0) and found.failing_in_all <= len(bad_now):
            best = found
        if best is not None and not best.failing:
            break
    less: _Outcome | None = None
    if best is not None and not best.change.everything:
        best, less = _thinned(best, lambda change: _outcome(trying, change, measured, rows, asked, profile, cancel))
    told = _told(finding, outcomes, best, less, trying.plan.qdq is not None)
    return told, best.change if best is not None else None


def tried_in_turn(
    findings: Sequence[Finding], trying: Trying, rows: Mapping[str, LayerDiff], profile: Profile,
    cancel: Event | None = None,
) -> list[Finding]:  # fmt: skip
    """The findings with their advice, each tried with what is advised for those before it done."""
    found = []
    for each in findings:
        told, change = tried(each, trying, rows, profile, cancel)
        found.append(told)
        trying = trying.behind(change) if change is not None else trying
    return found


def _thinned(best: _Outcome, outcome: Callable[[Change], _Outcome]) -> tuple[_Outcome, _Outcome | None]:
    """Without the tensors that the change does as well without; and the best of what leaves out one more."""
    left_out: dict[str, _Outcome] = {}
    for name in best.change.int16 if len(best.change.int16) > 1 else ():
        rest = tuple(each for each in best.change.int16 if each != name)
        less = outcome(replace(best.change, int16=rest)) if rest else None
        if less is not None and _as_good(less, best):
            best = less
        elif less is not None:
            left_out[name] = less
    needed = [each for name, each in left_out.items() if name in best.change.int16]
    return best, min(needed, key=lambda each: each.left, default=None)


def _as_good(less: _Outcome, best: _Outcome) -> bool:
    same = less.failing <= best.failing and less.failing_in_all <= best.failing_in_all
    return same and less.left <= best.left / _HELPS


def _asked(finding: Finding, rows: Mapping[str, LayerDiff], failing: Collection[str], twin: Twin) -> tuple[str, ...]:
    """The layers a change is judged by: what fails of the finding's own, else its own with what fails behind them, else
    what fails at all."""
    known = [name for name, row in rows.items() if row.metrics is not None and isfinite(row.metrics.rmse)]
    bad = [name for name in known if name in failing]
    own = [name for name in known if name in (*finding.layers, *finding.behind)]
    return tuple([name for name in own if name in bad] or [*own, *_behind(twin, own, bad)] or bad)


def _behind(twin: Twin, names: Sequence[str], among: Sequence[str]) -> list[str]:
    """Which of `among` are computed from `names`."""
    reached = set(names)
    for op in twin.ops:
        reached.update(op.outputs if not reached.isdisjoint(op.inputs) else ())
    return [name for name in among if name in reached and name not in names]


def _outcome(
    trying: Trying, change: Change, measured: Mapping[str, LayerDiff], rows: Mapping[str, LayerDiff],
    asked: Sequence[str], profile: Profile, cancel: Event | None,
) -> _Outcome:  # fmt: skip
    after = trying.rows(measured, change, cancel)
    worst = max(asked, key=lambda name: _measured(rows[name]).rmse)
    bad = failing(after, profile)
    sliced = {name: _only_slices(rows[name], profile) for name in asked}
    now, then = (sum(_size(each[name], profile, sliced[name]) for name in asked) for each in (rows, after))
    lost = [sum(len(_lost(each[name], profile)) for name in asked) for each in (rows, after)]
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
            trying.mended,
        ),
        slices=Message("; lost slices: {now} now, {then} then", now=lost[0], then=lost[1]) if lost[0] else "",
    )


def _size(row: LayerDiff, profile: Profile, sliced: bool) -> float:
    """How large a layer's error is, at most 10: of its signal, or (`sliced`) of that of its worst lost slice."""
    if not sliced:
        return min(10.0, _measured(row).rmse)
    return min(10.0, max((10 ** (-each.sqnr_db / 20) for each in _lost(row, profile)), default=0.0))


def _lost(row: LayerDiff, profile: Profile) -> Sequence[NarrowSlice]:
    limit = profile.limits_for(row.name, row.op_type)[0].get("slice_sqnr_db")
    return row.slices.below(limit) if row.slices is not None and limit is not None else ()


def _only_slices(row: LayerDiff, profile: Profile) -> bool:
    """Whether a layer fails for lost slices and nothing else."""
    return bool(_lost(row, profile)) and judge(row, profile).failing <= {"slice_sqnr_db", "range"}


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
    """Finer steps: of the tensor, of the chain it is part of, of the weights that make them; then narrower limits."""
    plan = trying.plan
    own = choices_of(plan, finding.layers[:1])
    read = tuple(finding.int16) or own or makers_inputs(plan, finding.layers[:1])
    chain = tuple(name for each in (*finding.layers[:1], *read) for name in chain_of(plan, each))
    wider = (read, (*read, *chain), (*read, *makers_inputs(plan, (*read, *finding.layers[:1]))))
    made = makers_inputs(plan, (*read, *chain, *finding.layers[:1]))
    every = (*read, *chain, *made)
    further = (*every, *(name for each in made for name in chain_of(plan, each)))
    able = plan.choices()
    sets = dict.fromkeys(
        tuple(name for name in able if name in {*each} - plan.raised) for each in (*wider, every, further)
    )
    if not finding.int16:
        yield from _levels(trying)
    yield from (Change(int16=each) for each in sets if each)
    for level in _levels(trying):
        yield level
        yield from (replace(level, int16=each) for each in sets if each)
    if plan.qdq is None:
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


def _limits(trying: Trying, tensors: Sequence[str]) -> Iterator[Change]:
    """Narrower limits for a tensor and all that share its scale."""
    plan = trying.plan
    for name in tensors[:1]:
        domain = plan.domains.by_name.get(name)
        for times in _NARROWER if domain is not None else ():
            members = (name, *(each for each in domain.members if each != name)) if domain is not None else ()
            bounds = {each: plan.ranges[each] for each in members}
            yield Change(ranges=tuple((each, (low / times, high / times)) for each, (low, high) in bounds.items()))


def _told(
    finding: Finding, outcomes: Sequence[_Outcome], best: _Outcome | None, less: _Outcome | None, qdq: bool
) -> Finding:
    """The change that helps most as the advice; a cause is refuted where taking it away does not help."""
    if best is not None:
        said = {"words": best.change.words(qdq), "tried": str(best.tried), "slices": best.slices}
        without = _without(less, best)
        line = (
            Message(
                "{words} (tried on the twin: with this picture's own ranges {tried}{slices}{without})",
                **said,
                without=without,
            )
            if best.change.own
            else Message("{words} (tried on the twin: {tried}{slices}{without})", **said, without=without)
        )
        return replace(finding, advice=(line,), int16=best.change.int16, tried=best.tried)
    nearest = min(outcomes, key=lambda each: each.left)
    line = Message(
        "nothing that was tried on the twin helps; the most that came of it: {tried}", tried=str(nearest.tried)
    )
    found = replace(finding, advice=(line,), int16=())
    if finding.cause is not Cause.CLIPPING:
        return found
    refuted = Evidence(
        Message("this picture's own ranges do not heal it on the twin: {tried}", tried=str(nearest.tried))
    )
    return replace(found, evidence=(refuted, *found.evidence), confidence=min(REFUTED, found.confidence), explained=0.0)


def _without(less: _Outcome | None, best: _Outcome) -> str:
    """That none of several can be left out: what is left without the one that matters least."""
    if less is None or len(best.change.int16) < 2:
        return ""
    [name] = set(best.change.int16) - set(less.change.int16)
    more = less.failing_in_all > best.failing_in_all
    fail = Message(", {layers}", layers=count(less.failing_in_all, "layer fails", "layers fail")) if more else ""
    return Message("; without {name} {then}{fail}", name=name, then=figure(less.tried.then), fail=fail)

"""Hypotheses put into the twin: which input gives the sample's dump, and what a fault costs once it is undone.

The twin computes the fixed network from the float dump. Fed with the input that the sample's network is thought to
have seen, it has to give the sample's dump (COS layer by layer); with a tensor left in float, or not clipped, the
layers behind it have to heal. What does neither is no cause.

Apart because it asks the twin about the whole network, while causes/ look at single layers.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import isfinite
from threading import Event

import numpy as np

from sgs_tui.engine.clock import Clock
from sgs_tui.engine.diagnosis.case import LOUD, SUSPECT, Case
from sgs_tui.engine.diagnosis.causes.network_input import FirstLayer, Tested
from sgs_tui.engine.diagnosis.results import Cause, Evidence, Finding, Proof, percent
from sgs_tui.engine.numbers import count
from sgs_tui.engine.twin.agreement import FEW, Compared
from sgs_tui.engine.twin.chains import chain_of
from sgs_tui.engine.twin.figures import Figures, cosine, median
from sgs_tui.engine.twin.kernels import Array
from sgs_tui.engine.twin.plan import Plan, with_ranges
from sgs_tui.engine.twin.predict import input_codes, run
from sgs_tui.engine.twin.sources import Kind, Source, unlimited, without
from sgs_tui.engine.twin.trials import Scores, Trials
from sgs_tui.engine.twin.whatif import Subject
from sgs_tui.language import Message

ALIKE, BETTER = 0.99, 0.5
"""Median COS from which an input gives the sample's dump, and what it may leave of the benchmark input's 1 - COS.
Healthy pairs: 0.9966 to 0.9999; another picture, order or scale: 0.05 to 0.98."""

_FIRST, _AGREES = 3, 2.0
"""Layers behind the input in which another one shows though it fades out further on, and dB up to which they agree: 0.6
where only quantization differs."""

_FORESEEN = 1.0
"""dB up to which the error of a few values is the foreseen one."""

_ELSEWHERE = 8.0

_NEARER = 0.5
"""1 - COS of the twin over that of the benchmark, median of layers: 0.9 to 1.07 on another input (6 real pairs)."""

QUANTIZATION = (Cause.WIDE_RANGE, Cause.SHARED_SCALE, Cause.CLIPPING)
"""Causes that the twin can undo."""

INSIDE = (Cause.UNEXPLAINED, Cause.BAD_CHANNELS)
"""Causes that can not be where the twin gives the dump: it has the float network's own weights."""

_WORTH, _REST = 0.1, 0.25
"""Share of the burden that undoing the first finding has to take away, and one behind it of what is left."""

_CUT, _NEARLY_ALL = 0.5, 0.9
"""Share of the error of the first layer, and of any other, that limits explain from which they are undone though they
heal nothing alone."""

_OUTPUT = 5.0
"""How much an output counts against a layer."""

_MOST = 8
"""Findings that are tried, the largest first."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """COS of the twin's layers of 32 values and more against the sample's."""

    cosines: Mapping[str, float]

    @property
    def counted(self) -> int:
        """Layers."""
        return len(self.cosines)

    @property
    def median(self) -> float:
        """0 of none."""
        return median(self.cosines.values()) if self.cosines else 0.0


@dataclass(frozen=True, slots=True)
class Burden:
    """What is bad under a plan: layers beyond 14 % of their signal, outputs beyond 10 %; the sum of what is beyond."""

    bad: int
    size: float


def _finite(cosines: Mapping[str, float]) -> Likeness:
    return Likeness({name: cos for name, cos in cosines.items() if isfinite(cos)})


@dataclass(frozen=True, slots=True)
class Hiding:
    """What the bits of a tensor and of the weights around it, or its `limits` alone, cost a layer behind: of its
    signal, and its share of the error there."""

    tensor: str
    victim: str
    cost: float
    share: float
    limits: bool


class Measuring:
    """A sample's twin that is asked about hypotheses. Raises RunError, CancelledError."""

    def __init__(self, case: Case, subject: Subject, clock: Clock, cancel: Event | None = None) -> None:
        assert subject.fixed is not None and subject.check is not None
        self._case, self.subject, self._fixed, self._cancel = case, subject, subject.fixed, cancel
        self._clock = clock
        self._counting = frozenset(
            each.name for each in subject.check.layers if not each.why_not and each.measured.count >= FEW
        )
        few = [each for each in subject.check.layers if each.measured.count < FEW and each.name in case.compared]
        self._few = frozenset((*(each.name for each in few), *subject.plan.twin.inputs))
        self._judged = self._counting.union(each.name for each in few if _foreseen(each))
        known = {name: near.cos for name, near in subject.near.items() if name in self._counting}
        self.given = _finite(known) if known else self._likeness(subject.trials.inputs)

    @property
    def _alike(self) -> bool:
        """Whether the twin's values are the sample's, or, where rounding is most of the signal and its chance moves
        them, at least twice as near to it as the benchmark's: all through, or in the first layers where the sizes of
        the errors are as foreseen all through."""
        pairs = ((1 - cos, 1 - self._cos(name)) for name, cos in self.given.cosines.items())
        nearer = [away / least for away, least in pairs if least > 0]
        check = self.subject.check
        begins = nearer[:_FIRST] if check is not None and check.trusted else nearer
        return self.given.median >= ALIKE or (bool(nearer) and median(begins) <= _NEARER)

    def _cos(self, name: str) -> float:
        """COS of the measured layer against the benchmark's; 1 where there is none."""
        row = self._case.compared.get(name)
        return row.metrics.cos if row is not None and row.metrics is not None else 1.0

    @property
    def reproduces(self) -> bool:
        """Whether the benchmark's input gives the sample's dump: then all that differs is quantization."""
        check = self.subject.check
        if check is None or not check.reproduces or not self._alike:
            return False
        first = [each.difference_db for each in check.layers if each.name in self._counting][:_FIRST]
        return not first or median(first) <= _AGREES

    @property
    def elsewhere(self) -> bool:
        """Whether the benchmark's input gives another dump so clearly that no quantization by the vendor's rules
        explains it: 8 dB and more off, or another COS (6 real pairs on another input); none of 26 others is."""
        check = self.subject.check
        if check is None or not check.counted or self.subject.plan.qdq is not None or self.reproduces:
            return False
        return check.median_db >= _ELSEWHERE or not self._alike

    def _likeness(self, inputs: Mapping[str, Array]) -> Likeness:
        trials, ours, found = self.subject.trials, self._case.ours, dict[str, float]()
        for layer in run(self.subject.plan, inputs, trials.kernels, base=trials.base, cancel=self._cancel):
            record = self._fixed.by_name.get(layer.name)
            if layer.name in self._counting and record is not None and record.count == layer.stored.size:
                found[layer.name] = cosine(layer.values(), ours.read(record))
        return _finite(found)

    def tells(self, names: Iterable[str]) -> bool:
        """Whether the twin foresees any of these tensors, so that it can judge what is said of them."""
        return not self._counting.isdisjoint(names) or self._few.issuperset(names)

    def explains(self, name: str) -> bool:
        """Whether most of a layer's measured error is what the twin foresees: quantization, no other weights."""
        near, row = self.subject.near.get(name), self._case.compared.get(name)
        if near is not None and row is not None and row.metrics is not None:
            return near.error <= 0.5 * row.metrics.mse * row.pair.benchmark.count
        cos = self.given.cosines.get(name)
        return cos is None or 2 * (1 - cos) <= 0.5 * self._case.error(name) ** 2

    def foresees(self, name: str) -> bool:
        """Whether quantization alone makes a layer suspect, as far as the twin can tell."""
        scores = self.subject.trials.scores.get(name)
        return scores is None or relative(scores) >= SUSPECT

    # --- inputs ---------------------------------------------------------------------------------------

    def fed(self, first: FirstLayer, tested: Tested) -> Likeness:
        """The twin fed with a network input as a hypothesis has it."""
        trials, name = self.subject.trials, first.item.name
        twin = self.subject.plan.twin
        given = trials.references.read(twin.records[name]) if tested.given is None else tested.given
        channels = max(self._case.channels(name), 1)
        values = np.asarray(tested.change(given.reshape(-1, channels)), np.float32).reshape(-1)
        whole = {each: trials.references.read(twin.records[each]) for each in twin.inputs}
        codes = input_codes(self.subject.plan, {**whole, name: values}, None)
        return self._likeness({**trials.inputs, name: codes[name]})

    def proves(self, found: Likeness) -> bool:
        """Whether an input gives the sample's dump, and far better than the benchmark's."""
        return found.median >= ALIKE and 1 - found.median <= BETTER * (1 - self.given.median)

    def best(self, first: FirstLayer) -> tuple[FirstLayer, Likeness | None]:
        """The first layer with the hypothesis in front that gives the dump, if one of the likeliest does."""
        for tested in first.tested[:3]:
            if tested.explained < _LEAST or self._clock.skips(Message("which input gives the sample's dump")):
                break
            likeness = self.fed(first, tested)
            if self.proves(likeness):
                others = tuple(each for each in first.tested if each is not tested)
                return replace(first, tested=(tested, *others)), likeness
        return first, None

    def proof(self, likeness: Likeness) -> Evidence:
        """The fact that proves an input."""
        text = Message(
            "the twin fed with it gives the sample's dump: COS {cos:.4f} (median of {number} layers); "
            "fed with the benchmark's input {given:.4f}",
            cos=likeness.median,
            number=likeness.counted,
            given=self.given.median,
        )
        return Evidence(text, likeness.median)

    # --- faults undone --------------------------------------------------------------------------------

    @property
    def by_tensor(self) -> bool:
        """Whether most weights have one scale for all channels (level L1)."""
        modes = [how.by_channel for how in self.subject.plan.weights.values() if how is not None]
        return 2 * sum(modes) < len(modes)

    def mended(self, found: Sequence["Candidate"], behind: bool, hidden: Sequence["Hidden"] = ()) -> list[Finding]:
        """Findings of quantization in the order in which to mend them, each judged with those before it undone.

        What does not heal anything then is tried again once another is undone; what never does, or what is within the
        limits by then, is left out. Limits that single layers prove are undone where nothing alone heals; they are kept
        where another one does then. `behind`: an input is at fault, so that the first has to break a limit on the
        benchmark's input too. `hidden`: what to try, one after the other, where those do not heal the dump.
        """
        plan, kept, left, waiting = self.subject.plan, list[Finding](), list(found[:_MOST]), list[Candidate]()
        masked: list[Finding] = []
        scores = self.subject.trials.scores
        before = self.burden(scores)
        while found and before.bad and (self._at_fault(scores) or not (kept or behind)):
            if not left:
                if not hidden:
                    break
                left, hidden = list(hidden[0](plan, scores)), hidden[1:]
                continue
            if self._clock.skips(Message("what undoing each cause heals")):
                return [*kept, *(each.finding for each in left)]
            tried = [self.under(each.undo(plan)) for each in left]
            sizes = [self.burden(each).size for each in tried]
            place = _next(left, sizes, before.size)
            best, after = left[place], self.burden(tried[place])
            if before.size - after.size < (_REST if kept else _WORTH) * before.size:
                place = next((n for n, each in enumerate(left) if self._is_masked(each)), -1)
                if place < 0:
                    waiting, left = [*waiting, *left], []
                    continue
                cut, alone = left.pop(place), self.burden(tried[place])
                masked.append(_hidden_by_another(cut.finding, before, alone))
                plan, scores, before = cut.undo(plan), tried[place], alone
                continue
            kept, masked = [*kept, *masked], []
            bad = {"layers": count(before.bad, "layer"), "error": SUSPECT, "then": after.bad}
            text = (
                Message("undone in the twin as well: {layers} beyond {error:.0%} of the signal now, {then} then", **bad)
                if kept
                else Message("undone in the twin: {layers} beyond {error:.0%} of the signal now, {then} then", **bad)
            )
            fact = Evidence(text, 1 - after.size / before.size)
            kept.append(replace(best.finding, evidence=(*best.finding.evidence, fact), proof=Proof.TWIN))
            plan, scores, before = best.undo(plan), tried[place], after
            left = [each for each in (*left, *waiting) if each is not best][:_MOST]
            waiting = []
        return kept

    def _is_masked(self, candidate: "Candidate") -> bool:
        """Whether limits cut a network input, or nearly all of a layer's own error is what they cut, so that another
        fault hides what they cost."""
        finding = candidate.finding
        least = _CUT if not self._given.isdisjoint(finding.layers) else _NEARLY_ALL
        return finding.cause is Cause.CLIPPING and finding.explained >= least

    @property
    def _given(self) -> frozenset[str]:
        return frozenset(self.subject.plan.twin.inputs)

    def _at_fault(self, scores: Scores) -> bool:
        """Whether a layer breaks a fail limit, or an output is beyond 10 % of its signal."""
        judged = {name: scores[name] for name in self._judged & scores.keys()}
        return self.outputs(scores) >= LOUD or any(self._case.would_fail(name, each) for name, each in judged.items())

    def hidden(self, plan: Plan, scores: Scores) -> Iterator["Hiding"]:
        """What other faults hid, where the plan has them undone: of the first bad layers, from two layers before them
        on."""
        if plan is self.subject.plan:
            return
        trials = self.subject.trials
        clear = Trials.start(plan, trials.given, trials.pixels, trials.kernels, self._cancel, trials.references)
        bad = [each for each in plan.groups for name in each.writes if self._is_bad(name, scores)]
        for group in bad[:_FIRST]:
            victim = next(name for name in group.writes if self._is_bad(name, scores))
            now = relative(scores[victim])
            before = [name for each in plan.groups if set(each.writes) & set(group.reads) for name in each.reads]
            for name in dict.fromkeys((*group.reads, *group.writes, *before)):
                if plan.grids.get(name) is None or name in plan.twin.inputs:
                    continue
                if self._clock.skips(Message("what the causes that were found hide")):
                    return
                for limits in (False, True):
                    other = unlimited(plan, name) if limits else _in_float((name,), plan)
                    then = relative(clear.under(other, self._cancel, [victim])[victim])
                    cost = max(0.0, now**2 - then**2) ** 0.5
                    if cost < LOUD or cost**2 < _REST * now**2:
                        break  # limits cost no more than all of its 8 bits
                    yield Hiding(name, victim, cost, (cost / now) ** 2, limits)

    def _is_bad(self, name: str, scores: Scores) -> bool:
        return name in self._judged and name in scores and relative(scores[name]) >= SUSPECT

    def under(self, plan: Plan) -> Scores:
        """Every layer under another plan, on the benchmark's input."""
        return self.subject.trials.under(plan, self._cancel, both=True)

    def burden(self, scores: Scores) -> Burden:
        """What is bad among layers whose prediction counts, and those of few values whose large error it is."""
        outputs = set(self.subject.plan.twin.outputs)
        bad, size = 0, 0.0
        for name in self._judged & scores.keys():
            error = min(1.0, relative(scores[name]))
            bad += error >= (LOUD if name in outputs else SUSPECT)
            size += max(0.0, error - SUSPECT) + (_OUTPUT * max(0.0, error - LOUD / 2) if name in outputs else 0.0)
        return Burden(bad, size)

    def outputs(self, scores: Scores) -> float:
        """The worst error of a network output, relative to its signal; 0 where none counts."""
        names = [name for name in self.subject.plan.twin.outputs if name in self._judged and name in scores]
        return max((relative(scores[name]) for name in names), default=0.0)

    def within(self, finding: Finding) -> str:
        """What a finding amounts to where no limit is broken; empty where no output is there to tell."""
        trials = self.subject.trials
        if not self._judged.intersection(self.subject.plan.twin.outputs):
            return ""
        now, then = self.outputs(trials.scores), self.outputs(self.under(undoing(finding)(self.subject.plan)))
        return Message(
            "the outputs are {now} off, with it undone in the twin {then}", now=percent(now), then=percent(then)
        )


_LEAST = 0.2
"""Share of the first layer's error that a hypothesis has to explain to be put into the twin."""


def _foreseen(layer: Compared) -> bool:
    """Whether the twin gives a layer's error, and that is larger than rounding a few values makes it."""
    return relative(layer.predicted) >= SUSPECT and layer.difference_db <= _FORESEEN


def relative(found: Figures) -> float:
    """L2 error over the signal."""
    return float(10 ** (-found.sqnr_db / 20))


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A finding and what the twin's plan is without it."""

    finding: Finding
    undo: Callable[[Plan], Plan]


Hidden = Callable[[Plan, Scores], Iterable[Candidate]]
"""Candidates that show only under a plan, with its figures."""


def _next(left: Sequence[Candidate], sizes: Sequence[float], before: float) -> int:
    """What to mend next: a calibration that cuts much, since another changes every scale; else what heals most."""
    clips = [n for n, each in enumerate(left) if each.finding.cause is Cause.CLIPPING]
    much = [n for n in clips if before - sizes[n] >= _REST * before]
    return min(much or range(len(sizes)), key=lambda n: sizes[n])


def _hidden_by_another(finding: Finding, before: Burden, after: Burden) -> Finding:
    """Limits that heal next to nothing alone, with that fact."""
    text = Message(
        "undone in the twin alone: {layers} beyond {error:.0%} of the signal now, {then} then; another fault hides "
        "what it heals",
        layers=count(before.bad, "layer"),
        error=SUSPECT,
        then=after.bad,
    )
    return replace(finding, evidence=(*finding.evidence, Evidence(text)), proof=Proof.TWIN)


def undoing(finding: Finding) -> Callable[[Plan], Plan]:
    """How to undo a finding: nothing clipped, as another calibration would have it (what one tensor hides, those behind
    it are not calibrated for either), or its tensors in float with the weights around them."""
    return _unclipped if finding.cause is Cause.CLIPPING else partial(_in_float, finding.layers)


def chained(findings: Iterable[Finding], plan: Plan) -> Iterator[Candidate]:
    """Findings of tensors on 8 bits in a row, none of which helps alone, as one: all between two convolutions."""
    known = set[tuple[str, ...]]()
    for each in findings:
        chain = chain_of(plan, each.layers[0])
        if len(chain) < 2 or chain in known or each.cause is Cause.CLIPPING:
            continue
        known.add(chain)
        whole = tuple(name for root in chain for name in plan.domains.by_name[root].members)
        text = Message(
            "{names} are tensors of 8 bit in a row: what one loses none of the others brings back",
            names=", ".join(chain),
        )
        layers = tuple(dict.fromkeys((*whole, *each.layers)))
        evidence = (*each.evidence, Evidence(text, layer=chain[0]))
        made = replace(each, layers=layers, evidence=evidence, int16=chain)
        yield Candidate(made, partial(_in_float, whole))


def by_channel(plan: Plan) -> Plan:
    """The plan with one weight scale for each output channel, as from level L2 on."""
    modes = {index: replace(how, by_channel=True) if how is not None else None for index, how in plan.weights.items()}
    return replace(plan, weights=modes)


def _unclipped(plan: Plan) -> Plan:
    """Ranges that hold this picture too; what was left in float before stays so."""
    seen = plan.twin.bounds
    wider = {name: (min(low, seen[name][0]), max(high, seen[name][1])) for name, (low, high) in plan.ranges.items()}
    made = with_ranges(plan, wider)
    grids = {name: grid if plan.grids.get(name) is not None else None for name, grid in made.grids.items()}
    return replace(made, grids=grids, weights=plan.weights)


def _in_float(layers: Sequence[str], plan: Plan) -> Plan:
    for name in layers:
        plan = without(plan, Source(name, Kind.ROUNDING)) if plan.grids.get(name) is not None else plan
    return replace(plan, weights={**plan.weights, **dict.fromkeys(_around(plan, layers), None)})


def _around(plan: Plan, names: Iterable[str]) -> list[int]:
    """Convolutions that read the tensors, and those that make them where the finding is about weights."""
    twin, found = plan.twin, []
    for name in names:
        found += [op.index for op in twin.readers.get(name, ()) if op.convolution is not None]
    for each in plan.groups:
        if set(each.writes) & set(names):
            found += [op.index for op in each.convolutions]
    return found

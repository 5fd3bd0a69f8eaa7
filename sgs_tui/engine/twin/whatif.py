"""`whatif`: the figures of every layer before and after putting tensors into INT16, without converting anything."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf, isnan
from threading import Event

from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.twin.agreement import CHANCE, SelfCheck, not_predicted, self_check
from sgs_tui.engine.twin.arithmetic import Pixels
from sgs_tui.engine.twin.figures import Figures, Nearness, Sums
from sgs_tui.engine.twin.measured import FixedRecords, fixed_records, read_plan
from sgs_tui.engine.twin.network import Bounds, Twin
from sgs_tui.engine.twin.plan import Plan, plan, with_int16
from sgs_tui.engine.twin.predict import Inputs
from sgs_tui.engine.twin.trials import Scores, Trials, foreseen


@dataclass(frozen=True, slots=True)
class Limits:
    """What a layer must keep: largest RMSE, least COS, least SQNR; None is no limit. The manual's: RMSE 0.5.

    `slice_sqnr_db` is the least of a slice that spans few steps; `own` are the limits of layers with others, by name.
    """

    rmse: float | None = 0.5
    cos: float | None = None
    sqnr_db: float | None = None
    slice_sqnr_db: float | None = None
    own: Mapping[str, "Limits"] = field(default_factory=dict)

    def of(self, name: str) -> "Limits":
        """The limits of a layer."""
        return self.own.get(name, self)

    def excess(self, found: Figures) -> float:
        """How far beyond the limits a layer is, 0 within them; in parts of the limit (SQNR: in tens of dB).

        Of its lost slices the worst counts, and the share that is lost. Infinite for a layer that is no number.
        """
        if isnan(found.rmse):
            return inf
        over = [0.0]
        if self.rmse is not None:
            over.append(found.rmse / self.rmse - 1)
        if self.cos is not None:
            over.append((1 - found.cos) / max(1 - self.cos, 1e-9) - 1)
        if self.sqnr_db is not None:
            over.append((self.sqnr_db - found.sqnr_db) / 10)
        lost = found.slices.below(self.slice_sqnr_db) if found.slices and self.slice_sqnr_db is not None else ()
        if found.slices is not None and self.slice_sqnr_db is not None and lost:
            worst = self.slice_sqnr_db - min(each.sqnr_db for each in lost)
            over.append(worst / 10 + len(lost) / found.slices.judged)
        return max(over)

    def excesses(self, found: Mapping[str, Figures]) -> dict[str, float]:
        """That of every layer, in network order: a concat does not fail for a branch that fails itself."""
        over: dict[str, float] = {}
        failing: set[str] = set()
        for name, each in found.items():
            told = replace(each, slices=each.slices.told_by(failing)) if each.slices is not None else each
            over[name] = self.of(name).excess(told)
            failing.update((name,) if over[name] > 0 else ())
        return over


@dataclass(frozen=True)
class Subject:
    """A network ready to be asked: `fixed` and `check` where a fixed dump is at hand.

    `near`: the base run's layers against that dump's, `apart` against the float ones, where those were asked for.
    """

    trials: Trials
    fixed: FixedRecords | None = None
    check: SelfCheck | None = None
    near: Mapping[str, Nearness] = field(default_factory=dict)
    apart: Mapping[str, Sums] = field(default_factory=dict)

    @property
    def plan(self) -> Plan:
        """The plan before any change."""
        return self.trials.plan


def from_fixed(
    twin: Twin,
    fixed: Dump,
    ranges: Mapping[str, Bounds] | None = None,
    pixels: Pixels | None = Pixels(),  # noqa: B008 - frozen
    softmax: Mapping[str, Bounds] | None = None,
    cancel: Event | None = None,
) -> Subject:
    """A subject from a fixed dump of the network; its self-check says how far to trust it. Raises InputError."""
    trials = Trials.start(read_plan(twin, fixed, ranges, softmax), pixels=pixels, cancel=cancel)
    records = fixed_records(twin, fixed)
    return Subject(trials, records, self_check(trials, records))


def from_ranges(
    twin: Twin,
    ranges: Mapping[str, Bounds] | None,
    level: int = 2,
    int16: Sequence[str] = (),
    inputs: Inputs | None = None,
    pixels: Pixels | None = Pixels(),  # noqa: B008 - frozen
    softmax: Mapping[str, Bounds] | None = None,
    cancel: Event | None = None,
) -> Subject:
    """A subject before any fixed model exists; `int16` is what the configuration already names (prefixes)."""
    return Subject(Trials.start(plan(twin, ranges, int16, level, softmax), inputs, pixels, cancel=cancel))


@dataclass(frozen=True, slots=True)
class WhatIfLayer:
    """One layer; `measured` where a fixed dump has it; `error_bar_db` of `after`, None where it was not asked for."""

    name: str
    op: str
    measured: Figures | None
    before: Figures
    after: Figures
    why_not: str
    error_bar_db: float | None

    @property
    def predicted(self) -> bool:
        """Whether the prediction counts."""
        return not self.why_not

    @property
    def rough(self) -> bool:
        """It does not count, for the layer has few values, but holds to a factor (`trust.ROUGHLY`)."""
        return self.why_not.endswith(CHANCE)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a choice costs: `wide` tensors in INT16; share of multiplications in INT16; bytes of weights."""

    wide: int
    multiplications: float
    weight_bytes: int


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The answer. `int16` are the convolution inputs in INT16 afterwards that were chosen, `failing` the layers
    beyond the limits then."""

    layers: tuple[WhatIfLayer, ...]
    int16: tuple[str, ...]
    newly_fixed: tuple[str, ...]
    newly_failing: tuple[str, ...]
    failing: tuple[str, ...]
    before: Cost
    after: Cost
    check: SelfCheck | None


def whatif(
    subject: Subject,
    int16: Sequence[str],
    limits: Limits = Limits(),
    exact: bool = False,
    bars: bool = False,
    cancel: Event | None = None,
) -> WhatIf:
    """All layers before and after; `int16` replaces the choice of before. Names are prefixes unless `exact`.

    With `bars` figures are means of three runs and say how far they may be off. Layers whose prediction does not
    count are neither fixed nor failing. Raises RunError, CancelledError.
    """
    changed = with_int16(subject.plan, int16, exact)
    before, _ = _figures(subject.trials, subject.plan, bars, cancel)
    after, spans = _figures(subject.trials, changed, bars, cancel)
    reasons, measured = not_predicted(changed), _measured(subject)
    twin = subject.plan.twin
    layers = tuple(
        WhatIfLayer(
            name, twin.producers[name].kind, measured.get(name), before[name], after[name],
            reasons.get(name, ""), spans.get(name),
        )
        for name in subject.plan.layers()
    )  # fmt: skip
    judged = [each for each in layers if each.predicted]
    failed, failing = (
        {name for name, excess in limits.excesses(found).items() if excess > 0}
        for found in ({each.name: each.before for each in judged}, {each.name: each.after for each in judged})
    )
    return WhatIf(
        layers=layers,
        int16=tuple(name for name in changed.choices() if name in changed.raised),
        newly_fixed=tuple(each.name for each in layers if each.name in failed - failing),
        newly_failing=tuple(each.name for each in layers if each.name in failing - failed),
        failing=tuple(each.name for each in layers if each.name in failing),
        before=cost(subject.plan),
        after=cost(changed),
        check=subject.check,
    )


def _figures(trials: Trials, under: Plan, bars: bool, cancel: Event | None) -> tuple[Scores, Mapping[str, float]]:
    """Figures under a plan, and their error bars where asked for."""
    if not bars:
        return trials.under(under, cancel), {}
    found = foreseen(trials, under, cancel)
    return {n: each.figures for n, each in found.items()}, {n: each.error_bar_db for n, each in found.items()}


def _measured(subject: Subject) -> Scores:
    return {each.name: each.measured for each in subject.check.layers} if subject.check is not None else {}


def cost(plan: Plan) -> Cost:
    """What a plan costs."""
    convolutions = [(op.convolution, plan.weights.get(op.index)) for op in plan.twin.ops if op.convolution is not None]
    total = sum(each.multiplications for each, _ in convolutions if each is not None)
    wide = sum(each.multiplications for each, how in convolutions if each is not None and how is not None and how.wide)
    size = sum(
        each.weights.size * (2 if how is not None and how.wide else 1) for each, how in convolutions if each is not None
    )
    return Cost(len(plan.wide()), wide / total if total else 0.0, int(size))

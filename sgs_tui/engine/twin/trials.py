"""Trials: figures of every layer for one INT16 choice after the other, each computed downstream of what it changes.

A trial costs the groups whose settings or inputs differ from the base run; all others keep their codes and figures. The
base run's codes stay in memory (a quarter to a half of the float values).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from threading import Event
from typing import Protocol, Self

from sgs_tui.engine.dumps.format import Record
from sgs_tui.engine.twin.arithmetic import Pixels
from sgs_tui.engine.twin.figures import Figures, Sums, figures_of, sums
from sgs_tui.engine.twin.kernels import Array
from sgs_tui.engine.twin.meaning import Floats
from sgs_tui.engine.twin.plan import Plan, with_int16
from sgs_tui.engine.twin.predict import Base, Inputs, Kernels, Layer, dumped_inputs, input_codes, run
from sgs_tui.engine.twin.slices import TwinSlices
from sgs_tui.engine.twin.values import Values

Scores = Mapping[str, Figures]


class References(Protocol):
    """The float values that layers are held against: a dump's, or those of another picture."""

    def read(self, record: Record) -> Floats:
        """A tensor, flat. Raises DumpError."""


Look = Callable[[str, Floats, Sums], object]
"""What is shown of a layer: its name, its values, and their sums against the float ones."""

STRETCHES = (1.0, 0.95, 1.05)
"""What calibration may have seen more or less of. Accumulators then lose other bits, so the runs are draws of the same
chance of rounding, and their mean is meant to be nearer to the simulator than one of them: 90 % of 580 layers of
trained networks within 0.88 dB instead of 1.01. These factors were the best of seven choices on those very layers
(the others: 0.84 to 1.13), so other networks may gain less; on random networks the mean is no better (0.18 against
0.16)."""

BAR = 0.3
"""dB of every error bar besides the runs' spread."""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A layer's mean figures over `STRETCHES`, and how far its SQNR may be off (`error_bar_db`)."""

    figures: Figures
    error_bar_db: float


@dataclass(frozen=True)
class Trials:
    """One network on one picture under one plan: `scores` of every stored layer against the float dump.

    `given` and `pixels` are the picture, `inputs` its codes under the plan; `slices` finds what layers lose by slice.
    """

    plan: Plan
    given: Inputs = field(repr=False)
    pixels: Pixels | None
    inputs: Mapping[str, Array] = field(repr=False)
    kernels: Kernels = field(repr=False)
    references: References = field(repr=False)
    base: Base = field(repr=False)
    scores: Scores = field(repr=False)
    slices: TwinSlices = field(repr=False)

    @classmethod
    def start(
        cls,
        plan: Plan,
        inputs: Inputs | None = None,
        pixels: Pixels | None = None,
        kernels: Kernels | None = None,
        cancel: Event | None = None,
        references: References | None = None,
        look: Look | None = None,
    ) -> Self:
        """Run the base. `inputs` and `pixels` as for `predict`; `references` are the float dump's unless told; `look`
        is shown every layer.

        Raises InputError, RunError, CancelledError.
        """
        given = dumped_inputs(plan.twin) if inputs is None else inputs
        codes = input_codes(plan, given, pixels)
        kept, base, held = kernels or Kernels(), Base(), references or Values(plan.twin.dump)
        slices = TwinSlices(plan.twin, plan.known_ranges())
        layers = run(plan, codes, kept, keep=base, cancel=cancel)
        scores = scored(plan, layers, held, slices, look=look)
        return cls(plan, given, pixels, codes, kept, held, base, scores, slices)

    def of(self, int16: Sequence[str], cancel: Event | None = None, only: Iterable[str] | None = None) -> Scores:
        """Figures with exactly these convolution inputs in INT16; of layers in `only`, or of all."""
        return self.under(with_int16(self.plan, int16), cancel, only)

    def under(
        self, plan: Plan, cancel: Event | None = None, only: Iterable[str] | None = None, both: bool = False
    ) -> Scores:
        """Figures under another plan of the same network (same fused tensors); on `both` cores for who asks for
        nothing else meanwhile."""
        if plan is self.plan:
            return self.scores
        moved = any(plan.grids.get(name) != self.plan.grids.get(name) for name in self.inputs)
        codes = input_codes(plan, self.given, self.pixels) if moved else self.inputs
        layers = run(plan, codes, self.kernels, base=self.base, cancel=cancel)
        asked = None if only is None else frozenset(only)
        if not both:
            return scored(plan, layers, self.references, self.slices, self.scores, asked)
        with ThreadPoolExecutor(1, "figures") as pool:
            return scored(plan, layers, self.references, self.slices, self.scores, asked, pool=pool)


def scored(
    plan: Plan, layers: Iterable[Layer], references: References, slices: TwinSlices | None = None,
    known: Scores | None = None, only: frozenset[str] | None = None, look: Look | None = None,
    pool: Executor | None = None,
) -> dict[str, Figures]:  # fmt: skip
    """Figures of layers as they come, with their `slices`; of what did not change those that are `known`.

    With a `pool` a layer is measured there while the next one is computed.
    """

    def measured(layer: Layer) -> Figures:
        values, truth = layer.values(), references.read(plan.twin.records[layer.name])
        lost = slices.of(layer.name, layer.grid, values, truth) if slices is not None else None
        parts = sums(values, truth)
        if look is not None:
            look(layer.name, values, parts)
        return replace(figures_of(parts, int(truth.size)), slices=lost)

    found: dict[str, Figures] = {}
    late: dict[str, Future[Figures]] = {}
    for layer in layers:
        if layer.name in plan.twin.inputs or (only is not None and layer.name not in only):
            continue
        if known is not None and not layer.changed and layer.name in known:
            found[layer.name] = known[layer.name]
        elif pool is None:
            found[layer.name] = measured(layer)
        else:
            late[layer.name] = pool.submit(measured, layer)
            found[layer.name] = _LATER
            wait([*late.values()][:-_BEHIND])  # their values stay in memory until then
    return found | {name: each.result() for name, each in late.items()}


_LATER = Figures(0.0, 0.0, 0.0, 0.0, 0)
"""Keeps a layer's place while it is measured."""

_BEHIND = 2


def foreseen(trials: Trials, plan: Plan | None = None, cancel: Event | None = None) -> dict[str, Foreseen]:
    """Every layer under a plan (the trials' own unless told), three runs of it. Raises RunError, CancelledError."""
    under = plan or trials.plan
    runs = [trials.under(under if factor == 1 else replace(under, stretch=factor), cancel) for factor in STRETCHES]
    return {name: _mean([each[name] for each in runs]) for name in runs[0]}


def _mean(found: Sequence[Figures]) -> Foreseen:
    sqnr = [each.sqnr_db for each in found]
    count = len(found)
    mean = Figures(
        sqnr_db=sum(sqnr) / count,
        rmse=sum(each.rmse for each in found) / count,
        cos=sum(each.cos for each in found) / count,
        largest=max(each.largest for each in found),
        count=found[0].count,
        slices=found[0].slices,
    )
    return Foreseen(mean, max(sqnr) - min(sqnr) + BAR)

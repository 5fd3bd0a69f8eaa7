"""Causes `shared_scale` and `wide_range` of slices: a concat's branch, or an output's channels, drown in the step.

The layer as a whole looks fine, since its error is weighed by energy: boxes of 0 to 320 pixels hide that scores of 0 to
1 are 0 or one step. Rounding the benchmark's slices to the sample's grid, and nothing else, proves it. INT16 is advised
where the twin heals the slices with it, or where there is no twin and 16 bits over the same range give enough steps.

Apart because `diagnose` asks it of rows that fail for a slice, however small the error of the whole layer is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from threading import Event

import numpy as np
import numpy.typing as npt

from sgs_tui.engine.compare.limits import Profile, slice_names
from sgs_tui.engine.compare.results import LayerDiff
from sgs_tui.engine.diagnosis.case import Case
from sgs_tui.engine.diagnosis.causes.coarse_step import width
from sgs_tui.engine.diagnosis.results import Cause, Evidence, Finding
from sgs_tui.engine.errors import InputError, RunError
from sgs_tui.engine.network.narrow import FEW_STEPS, NarrowSlice, Slices
from sgs_tui.engine.network.slices import figures_of
from sgs_tui.engine.network.slicing import Slicing, slicer_of
from sgs_tui.engine.network.tensors import WHOLE, share
from sgs_tui.engine.twin.meaning import Floats
from sgs_tui.engine.twin.plan import wide_grid, with_int16
from sgs_tui.engine.twin.predict import run
from sgs_tui.engine.twin.slices import pieces
from sgs_tui.engine.twin.whatif import Subject

_S16_STEPS = 65535


def find_lost_slices(case: Case, profile: Profile, subject: Subject | None, cancel: Event | None) -> list[Finding]:
    """One finding for each layer that fails for a slice, in network order. Raises CancelledError."""
    found = []
    for row in case.compared.values():
        limit = profile.limits_for(row.name, row.op_type)[0].get("slice_sqnr_db")
        lost = row.slices.below(limit) if row.slices is not None and limit is not None else ()
        if row.slices is not None and limit is not None and lost:
            found.append(_Layer(case, row, row.slices, lost, limit).finding(subject, cancel))
    return found


class _Layer:
    """A layer with lost slices."""

    def __init__(self, case: Case, row: LayerDiff, slices: Slices, lost: Sequence[NarrowSlice], limit: float) -> None:
        self.case, self.row, self.slices, self.lost, self.limit = case, row, slices, lost, limit
        self.branches = tuple(dict.fromkeys(each.branch for each in lost if each.branch))
        op = case.graph.producer(row.name)
        others = [each.name for each in op.inputs if each.name not in self.branches] if op and self.branches else []
        self.wide = max(others, key=lambda name: width(case, name), default="")
        known = slicer_of(case.sample, case.benchmark)
        self.sliced = known.slicer.of(row.pair.record(known.side)) if known is not None else None
        self.is_output = not case.graph.readers(row.name)

    def finding(self, subject: Subject | None, cancel: Event | None) -> Finding:
        """Who is lost, who sets the scale, what rounding explains, what heals it."""
        explained = self._explained()
        parts = [each for each in self.lost if each.channel is not None] or list(self.lost)
        worst = min(each.sqnr_db for each in parts)
        return Finding(
            Cause.SHARED_SCALE if self.branches else Cause.WIDE_RANGE,
            tuple(dict.fromkeys((self.row.name, *self.branches, *([self.wide] if self.wide else [])))),
            confidence=0.5 + 0.49 * explained,
            evidence=tuple(self._evidence(explained)),
            advice=tuple(self._advice(subject, cancel)),
            refuted_by=f"with a scale of their own {slice_names(self.lost)} are as bad",
            explained=explained,
            size=min(1.0, 10 ** (-worst / 20)),
        )

    def _explained(self) -> float:
        """Share of the lost slices' error that rounding the benchmark to the sample's grid makes."""
        grid, pair = self.case.grid(self.row.name), self.row.pair
        if grid is None or not self.case.comparable(self.row.name):
            return 0.0
        sample = self.case.sample_tensors.slice(pair.sample, 0, WHOLE)
        truth = self.case.tensors.slice(pair.benchmark, 0, WHOLE)
        mine = self._places(len(truth))
        sample, truth = sample[mine], truth[mine]
        return share(sample - truth, sample - grid.clipped(grid.rounded(truth)))

    def _places(self, count: int) -> npt.NDArray[np.bool_]:
        """Which of the layer's first elements are in lost slices, shape (count,)."""
        found = np.zeros(count, np.bool_)
        for slicing, each in self._slicings():
            place = slicing.names.index(each.branch) if each.channel is None else each.channel
            inside = np.arange(count) % slicing.period - slicing.edges[place]
            found |= (inside >= 0) & (inside < slicing.widths[place])
        return found

    def _slicings(self) -> Iterator[tuple[Slicing, NarrowSlice]]:
        """Every lost slice and how it lies in the layer."""
        for each in self.lost:
            slicing = None if self.sliced is None else self.sliced.channels
            if self.sliced is not None and each.channel is None:
                slicing = self.sliced.branches
            if slicing is not None and (each.channel is not None or each.branch in slicing.names):
                yield slicing, each

    def _evidence(self, explained: float) -> Iterator[Evidence]:
        name, step = self.row.name, self.slices.step
        for branch in self.branches[:3] or ("",):
            mine = [each for each in self.lost if each.branch == branch]
            parts = [each for each in mine if each.channel is not None] or mine
            most, dead = max(parts, key=lambda each: each.steps), sum(each.dead for each in parts)
            who = slice_names(mine)
            text = f"{name}: {who}: at most {most.steps:.2g} steps of {step:.4g}, {dead} of {len(parts)} constant"
            yield Evidence(text, most.steps, name)
        if self.wide:
            span = width(self.case, self.wide)
            yield Evidence(f"{self.wide} spans {span:.4g} and sets the scale of {name}", span, self.wide)
        text = f"rounding to this step, nothing else, makes {explained:.0%} of the error of these slices"
        yield Evidence(text, explained, name)

    def _advice(self, subject: Subject | None, cancel: Event | None) -> Iterator[str]:
        """No concat first, since it costs nothing; then INT16 where that heals."""
        name, lost = self.row.name, ", ".join(self.branches) or slice_names(self.lost)
        if self.branches and self.is_output:
            rest = self.wide or "the other branches"
            yield f"do not join {lost} and {rest} before the output: as two outputs each has a scale of its own"
        elif self.branches:
            yield f"scale {self.wide or 'the wide branch'} down before {name}, or join {lost} later in the network"
        else:
            yield f"split {name}: give {lost} a convolution or an output of their own, or scale them up in the model"
        grid = self.case.grid(name)
        if grid is None or grid.bits != 8:
            return
        targets = self._targets()
        setting = f"INT16: tensor_arrays='{','.join(targets)}'; in [CONV_CONFIG]" if targets else f"INT16 for {name}"
        before = min(each.sqnr_db for each in self.lost)
        after = self._on_twin(subject, targets, cancel) if subject is not None else None
        steps = min(each.span for each in self.lost) / (grid.width / _S16_STEPS)
        if after is not None and after >= self.limit:
            yield f"or set to {setting} (tried on the twin: slice SQNR {before:.1f} dB now, {after:.1f} dB then)"
        elif after is None and steps >= FEW_STEPS:
            yield f"or set to {setting} (not tried: there is no twin; the narrowest would span {steps:.3g} steps then)"

    def _targets(self) -> tuple[str, ...]:
        """Convolution inputs that share the layer's scale: with one of them in INT16 all are."""
        own = {item.name for item in self.case.inputs}
        domain = self.case.domains.get(self.row.name)
        names = dict.fromkeys((self.row.name, *(domain.members if domain is not None else ())))
        return tuple(each for each in names if each not in own and self.case.graph.feeds_convolution(each))[:1]

    def _on_twin(self, subject: Subject, targets: Sequence[str], cancel: Event | None) -> float | None:
        """The worst slice's SQNR with the layer in 16 bit; None where the twin does not tell."""
        name, plan, trials = self.row.pair.benchmark.name, subject.plan, subject.trials
        if name not in plan.ranges or name not in plan.layers():
            return None
        wide = wide_grid(*plan.ranges[name])
        changed = with_int16(plan, sorted({*targets, *plan.raised})) if targets else plan
        changed = changed if targets else replace(plan, grids={**plan.grids, name: wide})
        try:
            layers = run(changed, trials.inputs, trials.kernels, base=trials.base, cancel=cancel)
            values = next((each.values() for each in layers if each.name == name), None)
        except (InputError, RunError):
            return None
        truth = trials.references.read(plan.twin.records[name])
        return min(self._then(values, truth), default=None) if values is not None else None

    def _then(self, values: Floats, truth: Floats) -> Iterator[float]:
        """The SQNR of every lost slice with other values of the layer."""
        lost = list(self._slicings())
        slicings = list(dict.fromkeys(slicing for slicing, _ in lost))
        found = dict(zip(slicings, figures_of(slicings, pieces(values, truth)), strict=True))
        for slicing, each in lost:
            place = slicing.names.index(each.branch) if each.channel is None else each.channel
            yield float(found[slicing].sqnr_db[place])

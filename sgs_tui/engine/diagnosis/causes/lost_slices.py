"""Causes `shared_scale` and `wide_range` of slices: a concat's branch, or an output's channels, drown in the step.

The layer as a whole looks fine, since its error is weighed by energy: boxes of 0 to 320 pixels hide that scores of 0 to
1 are 0 or one step. Rounding the benchmark's slices to the sample's grid, and nothing else, proves it. INT16 is advised
where the twin heals the slices with it, or where there is no twin and 16 bits over the same range give enough steps.

Apart because `diagnose` asks it of rows that fail for a slice, however small the error of the whole layer is.
"""

from collections.abc import Iterator, Sequence
from threading import Event

import numpy as np
import numpy.typing as npt

from sgs_tui.engine.compare.limits import Profile, slice_names
from sgs_tui.engine.compare.results import LayerDiff
from sgs_tui.engine.diagnosis.case import Case
from sgs_tui.engine.diagnosis.causes.coarse_step import width
from sgs_tui.engine.diagnosis.results import Cause, Evidence, Finding
from sgs_tui.engine.diagnosis.trying import Change, Trying
from sgs_tui.engine.diagnosis.words import int16_words
from sgs_tui.engine.network.narrow import FEW_STEPS, NarrowSlice, Slices
from sgs_tui.engine.network.slicing import Slicing, slicer_of
from sgs_tui.engine.network.tensors import WHOLE, share
from sgs_tui.engine.twin.chains import chain_of, choices_of, makers_inputs
from sgs_tui.language import Message, plural

_S16_STEPS = 65535


def find_lost_slices(case: Case, profile: Profile, trying: Trying | None, cancel: Event | None) -> list[Finding]:
    """One finding for each layer that fails for a slice, in network order. Raises CancelledError.

    What only hands on another layer that fails so is no cause of its own.
    """
    found: list[Finding] = []
    known: set[str] = set()
    for row in case.compared.values():
        limit = profile.limits_for(row.name, row.op_type)[0].get("slice_sqnr_db")
        lost = row.slices.below(limit) if row.slices is not None and limit is not None else ()
        if not lost or row.slices is None or limit is None:
            continue
        maker = case.graph.producer(row.name)
        handed = maker is not None and maker.family.passes_values and {each.name for each in maker.inputs} <= known
        known.add(row.name)
        if not handed:
            found.append(_Layer(case, row, row.slices, lost, limit).finding(trying, cancel))
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

    def finding(self, trying: Trying | None, cancel: Event | None) -> Finding:
        """Who is lost, who sets the scale, what rounding explains, what heals it."""
        explained = self._explained()
        grid = self.case.grid(self.row.name)
        narrow = grid is not None and grid.bits == 8
        healed, names = self._tried(trying, cancel) if trying is not None and narrow else ("", ())
        parts = [each for each in self.lost if each.channel is not None] or list(self.lost)
        worst = min(each.sqnr_db for each in parts)
        return Finding(
            Cause.SHARED_SCALE if self.branches else Cause.WIDE_RANGE,
            tuple(dict.fromkeys((self.row.name, *self.branches, *([self.wide] if self.wide else [])))),
            confidence=0.5 + 0.49 * explained,
            evidence=tuple(self._evidence(explained)),
            advice=tuple(self._advice(trying, healed)),
            refuted_by=plural(
                len(self.lost),
                "with a scale of its own {names} is as bad",
                "with a scale of their own {names} are as bad",
                names=slice_names(self.lost),
            ),
            explained=explained,
            size=min(1.0, 10 ** (-worst / 20)),
            int16=names,
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
            text = Message(
                "{name}: {who}: at most {steps:.2g} steps of {step:.4g}, {dead} of {parts} constant",
                name=name,
                who=who,
                steps=most.steps,
                step=step,
                dead=dead,
                parts=len(parts),
            )
            yield Evidence(text, most.steps, name)
        if self.wide:
            span = width(self.case, self.wide)
            yield Evidence(
                Message(
                    "{widest} spans {span:.4g} and sets the scale of {name}", widest=self.wide, span=span, name=name
                ),
                span,
                self.wide,
            )
        text = Message(
            "rounding to this step, nothing else, makes {share:.0%} of the error of these slices",
            share=explained,
        )
        yield Evidence(text, explained, name)

    def _advice(self, trying: Trying | None, healed: str) -> Iterator[str]:
        """No concat first, since it costs nothing; then INT16 where that heals."""
        name, lost = self.row.name, ", ".join(self.branches) or slice_names(self.lost)
        if self.branches and self.is_output:
            rest = self.wide or Message("the other branches")
            yield Message(
                "do not join {lost} and {rest} before the output: as two outputs each has a scale of its own",
                lost=lost,
                rest=rest,
            )
        elif self.branches:
            yield Message(
                "scale {rest} down before {name}, or join {lost} later in the network",
                rest=self.wide or Message("the wide branch"),
                name=name,
                lost=lost,
            )
        else:
            yield Message(
                "split {name}: give {lost} a convolution or an output of their own, or scale them up in the model",
                name=name,
                lost=lost,
            )
        grid = self.case.grid(name)
        if grid is None or grid.bits != 8:
            return
        if trying is not None:
            yield from [healed] if healed else []
            return
        targets, steps = self._targets(), min(each.span for each in self.lost) / (grid.width / _S16_STEPS)
        if steps >= FEW_STEPS:
            setting = int16_words(targets, False) if targets else Message("set to INT16: {name}", name=name)
            yield Message(
                "or {setting} (not tried on a twin; the narrowest would span {steps:.3g} steps then)",
                setting=setting,
                steps=steps,
            )

    def _tried(self, trying: Trying, cancel: Event | None) -> tuple[str, tuple[str, ...]]:
        """The first of the layer alone, the chain it is part of, and the weights that make that, that heals: in words,
        and its names; nothing where none does."""
        plan, name = trying.plan, self.row.name
        own = choices_of(plan, (name,)) or tuple(each for each in self._targets() if each in plan.choices())
        chain = tuple(dict.fromkeys((*own, *chain_of(plan, name))))
        for names in dict.fromkeys((own, chain, (*chain, *makers_inputs(plan, chain)))):
            change = Change(int16=tuple(each for each in plan.choices() if each in names))
            then = trying.rows(self.case.compared, change, cancel).get(name) if change.int16 else None
            if then is not None and not (then.slices and then.slices.below(self.limit)):
                before = min(each.sqnr_db for each in self.lost)
                text = Message(
                    "or {words} (tried on the twin: slice SQNR {before:.1f} dB now, no slice of {name} is lost then)",
                    words=change.words(plan.qdq is not None),
                    before=before,
                    name=name,
                )
                return text, change.int16
        return "", ()

    def _targets(self) -> tuple[str, ...]:
        """Convolution inputs that share the layer's scale: with one of them in INT16 all are."""
        own = {item.name for item in self.case.inputs}
        domain = self.case.domains.get(self.row.name)
        names = dict.fromkeys((self.row.name, *(domain.members if domain is not None else ())))
        return tuple(each for each in names if each not in own and self.case.graph.feeds_convolution(each))[:1]

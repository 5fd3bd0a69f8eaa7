"""Slices of a layer that span few of its steps: what the comparison measured, and what the twin foresees.

Apart from `slices`, which finds them, because whoever shows rows does without numpy.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

FEW_STEPS = 4.0
"""Steps below which a slice is narrow: it has two bits at most."""


@dataclass(frozen=True, slots=True)
class NarrowSlice:
    """A slice of a layer that spans few of the layer's steps: a `branch` of a concat, or a `channel` (of it).

    `span`, `sample_span`: max - min of its values in the benchmark and in the sample; `steps`: the first in steps of
    the sample's grid. `sqnr_db`: about the slice's own mean; 0 and below where the sample is constant. `own_range`:
    what its branch needs of a grid by itself, None where it has none. `told`: its branch is a layer that fails itself,
    so that a concat inside the network need not fail for it once more.
    """

    branch: str
    channel: int | None
    span: float
    sample_span: float
    steps: float
    sqnr_db: float
    own_range: float | None = None
    told: bool = False

    @property
    def dead(self) -> bool:
        """Whether it varies in the benchmark and is one number in the sample."""
        return self.sample_span == 0


@dataclass(frozen=True, slots=True)
class Slices:
    """How many slices of a layer were judged by themselves, the sample's step, and those too narrow for it.

    A narrow slice is lost where its SQNR is below the profile's limit. `output`: the layer is a graph output.
    """

    judged: int
    step: float
    narrow: tuple[NarrowSlice, ...] = ()
    output: bool = True

    def below(self, limit: float) -> tuple[NarrowSlice, ...]:
        """The lost ones, that their own layers do not tell."""
        return tuple(each for each in self.narrow if each.sqnr_db < limit and not each.told)

    def finer(self, times: float) -> "Slices":
        """With a step so many times finer: without those that span enough steps then (an estimate)."""
        step = self.step / times
        narrow = (replace(each, steps=each.steps * times) for each in self.narrow)
        return replace(self, step=step, narrow=tuple(each for each in narrow if each.steps < FEW_STEPS))

    def told_by(self, failing: Collection[str]) -> "Slices":
        """The same, with the branches that fail as layers of their own marked: one fault, one layer."""
        if self.output or not any(each.branch in failing for each in self.narrow):
            return self
        return replace(self, narrow=tuple(replace(each, told=each.branch in failing) for each in self.narrow))


def all_but_zero(largest: float, width: float) -> bool:
    """Whether values up to `largest` stay below one 16-bit step of what a grid spans."""
    return largest * _STEPS_16 < width


_STEPS_16 = 65535

"""What an op's meaning is inferred from: its type, its operands, its numbers."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sgs_tui.engine.twin.meaning import Floats, Known, Operand, Shape
from sgs_tui.engine.twin.windows import BUDGET

TO_NCHW, TO_NHWC = (0, 3, 1, 2), (0, 2, 3, 1)


@dataclass(frozen=True, slots=True, eq=False)
class Situation:
    """An op with its numbers: values flat in NHWC order, shapes None where nothing told them yet.

    `slots` gives the operands in slot order: the number of an input, or a constant. `budget`: seconds for a window.
    `stored`: the weights' shape where their header has one. `results`: the outputs' shapes where headers tell them.
    """

    kind: str
    slots: tuple[Operand, ...]
    inputs: tuple[Floats, ...]
    shapes: tuple[Shape | None, ...]
    outputs: tuple[Floats, ...]
    budget: float = BUDGET
    stored: Shape = ()
    results: tuple[Shape | None, ...] = ()

    @property
    def constants(self) -> tuple[Floats, ...]:
        """The constants in slot order."""
        return tuple(each for each in self.slots if not isinstance(each, int))

    def shape(self, number: int = 0) -> Shape:
        """An input's shape; [1, N] where it is not known."""
        return self.shapes[number] or (1, int(self.inputs[number].size))

    def integers(self, number: int) -> tuple[int, ...]:
        """A constant as integers; () where it is missing."""
        constants = self.constants
        known = constants[number] if number < len(constants) else np.zeros(0, np.float32)
        return tuple(int(each) for each in known) if np.isfinite(known).all() else ()


Candidates = Iterator[Known]
"""Meanings to be proven, the most usual first."""

"""What boards and simulators leave of a network's outputs, written as their scripts write it."""

import numpy as np

from sgs_tui.engine.dumps.dtypes import AnyArray, FloatArray

FILLED = 77


def aligned_up(number: int, unit: int) -> int:
    """`number` rounded up to a multiple of `unit`."""
    return -(-number // unit) * unit


def padded(values: AnyArray, unit: int) -> AnyArray:
    """The last axis filled up to a multiple of `unit` elements, with values that nobody may read."""
    more = aligned_up(values.shape[-1], unit) - values.shape[-1]
    return np.pad(values, [(0, 0)] * (values.ndim - 1) + [(0, more)], constant_values=FILLED)


def results_text(name: str, values: FloatArray, unit: int | None) -> str:
    """One tensor as `simulator.py -c Unknown` writes it; `unit`: of the hardware's alignment, None where there is none.

    The vendor prints the alignment shape of every output that is not dequantized, whether it differs or not.
    """
    shape, stored = _words(values.shape), values if unit is None else padded(values, unit)
    line = f"tensor dim:{values.ndim},  Original shape:[{shape}]"
    if unit is not None:
        line += f",  Alignment shape:[{_words(stored.shape)}]\nThe following tensor data shape is alignment shape."
    rows = [stored.reshape(-1)[start : start + 16].tolist() for start in range(0, stored.size, 16)]
    numbers = "".join("".join(f"{value:.6f}  " for value in row) + "\n" for row in rows)
    return f"{name} Tensor:\n{{\n{line}\ntensor data:\n{numbers}}}\n\n"


def _words(shape: tuple[int, ...]) -> str:
    return " ".join(map(str, shape))

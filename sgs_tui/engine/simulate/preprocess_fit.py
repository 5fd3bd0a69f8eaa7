"""Bring an input array into the shape and type that a model wants."""

import numpy as np

from sgs_tui.engine.dumps.records import AnyArray
from sgs_tui.engine.errors import InputError
from sgs_tui.engine.simulate.preprocess import Layout, Prepared
from sgs_tui.engine.text import visible

TO_NCHW = (0, 3, 1, 2)
TO_NHWC = (0, 2, 3, 1)


def fit_input(
    given: Prepared, name: str, shape: tuple[int, ...], dtype: np.dtype[np.generic], want: Layout
) -> tuple[AnyArray, str]:
    """`given` as the model's input `name`, and a note when its axes had to be moved against its own promise.

    Data that promises another layout than `want` is transposed; where that does not fit `shape` but the data as
    it stands (or the transposed raw file) does, that is taken. Raises InputError when nothing fits.
    """
    array = given.load()
    axes = TO_NCHW if want is Layout.NCHW else TO_NHWC
    moved = array.transpose(axes) if array.ndim == 4 else array
    promised_other = given.layout not in (None, want)
    first, second = (moved, array) if promised_other else (array, moved)
    if first.shape == shape:
        return _typed(first, dtype), ""
    if second.shape == shape:
        did = f"left as it is, since it has the model's {want} shape" if promised_other else f"transposed to {want}"
        return _typed(second, dtype), f"{given.source}: {did} (input {visible(name)})"
    raise InputError(
        f"{given.source}: input {visible(name)} wants {list(shape)}, got {list(first.shape)}", _advice(array, shape)
    )


def _typed(array: AnyArray, dtype: np.dtype[np.generic]) -> AnyArray:
    return np.ascontiguousarray(array.astype(dtype, copy=False))


def _advice(array: AnyArray, shape: tuple[int, ...]) -> str:
    if array.ndim == len(shape) - 1:
        return "the batch axis is missing: numpy.expand_dims(image, 0)"
    return "a wrong size gives wrong numbers without a word in the simulator; check the preprocess module"

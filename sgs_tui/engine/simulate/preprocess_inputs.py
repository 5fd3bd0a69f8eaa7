"""Input arrays in the shape and type that a model wants."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sgs_tui.engine.dumps.records import AnyArray
from sgs_tui.engine.errors import InputError, UsageError
from sgs_tui.engine.simulate.preprocess import Layout, Prepared, Preprocess, prepared
from sgs_tui.engine.text import visible

TO_NCHW = (0, 3, 1, 2)
TO_NHWC = (0, 2, 3, 1)


@dataclass(frozen=True, slots=True)
class ModelInput:
    """One input of a model; `shape` has no open dimension left."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]


def load_inputs(
    wanted: Sequence[ModelInput], images: Sequence[Path], how: Preprocess, layout: Layout = Layout.NCHW
) -> tuple[dict[str, AnyArray], list[str]]:
    """One array for each model input, and notes on axes that had to be moved. Raises SgsError."""
    check_count(wanted, images)
    feed: dict[str, AnyArray] = {}
    notes = []
    for position, (item, image) in enumerate(zip(wanted, images, strict=True)):
        with prepared([image], how.module(position, len(wanted)), layout, how) as [given]:
            feed[item.name], note = fit_input(given, item, layout)
        notes += [note] if note else []
    return feed, notes


def check_count(wanted: Sequence[ModelInput], images: Sequence[Path]) -> None:
    """Raise UsageError unless there is one file for each model input."""
    if len(images) != len(wanted):
        names = ", ".join(f"{visible(item.name)} {list(item.shape)}" for item in wanted)
        raise UsageError(f"the model has {len(wanted)} inputs ({names}), got {len(images)}", "give one file for each")


def fit_input(given: Prepared, wanted: ModelInput, want: Layout) -> tuple[AnyArray, str]:
    """`given` as a model input, and a note when its axes had to be moved against its own promise.

    Data that promises another layout than `want` is transposed; where that does not fit the input's shape but the
    data as it stands (or the transposed raw file) does, that is taken. Raises InputError when nothing fits.
    """
    array = given.load()
    axes = TO_NCHW if want is Layout.NCHW else TO_NHWC
    moved = array.transpose(axes) if array.ndim == 4 else array
    promised_other = given.layout not in (None, want)
    first, second = (moved, array) if promised_other else (array, moved)
    if first.shape == wanted.shape:
        return _typed(first, wanted, given), ""
    name = visible(wanted.name)
    if second.shape == wanted.shape:
        did = f"left as it is, since it has the model's {want} shape" if promised_other else f"transposed to {want}"
        return _typed(second, wanted, given), f"{given.source}: {did} (input {name})"
    got = f"wants {list(wanted.shape)}, got {list(first.shape)}"
    raise InputError(f"{given.source}: input {name} {got}", _advice(array, wanted.shape))


def _typed(array: AnyArray, wanted: ModelInput, given: Prepared) -> AnyArray:
    """The array in the model's type; fractions that an integer type would cut off are an error."""
    with np.errstate(invalid="ignore", over="ignore"):
        typed = np.ascontiguousarray(array.astype(wanted.dtype, copy=False))
    if wanted.dtype.kind in "iu" and not np.array_equal(typed, array):
        what = f"input {visible(wanted.name)} takes {wanted.dtype}, got values that do not fit, such as"
        odd = array[np.asarray(typed != array)].reshape(-1)[0]
        raise InputError(f"{given.source}: {what} {odd:g}", "the preprocess module has to return the model's own codes")
    return typed


def _advice(array: AnyArray, shape: tuple[int, ...]) -> str:
    if array.ndim == len(shape) - 1:
        return "the batch axis is missing: numpy.expand_dims(image, 0)"
    return "a wrong size gives wrong numbers without a word in the simulator; check the preprocess module"

"""Element types: of payloads in a file, and of the arrays that come out of them.

Apart because `format` is loaded before the first picture of the app, and numpy is not.
"""

from functools import lru_cache
from math import prod

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
AnyArray = npt.NDArray[np.generic]

INTEGER_TYPES: dict[str, np.dtype[np.generic]] = {
    "SGS_U8": np.dtype("<u1"),
    "SGS_S8": np.dtype("<i1"),
    "SGS_BOOL": np.dtype("<u1"),
    "SGS_U16": np.dtype("<u2"),
    "SGS_S16": np.dtype("<i2"),
    "SGS_S32": np.dtype("<i4"),
    "SGS_S64": np.dtype("<i8"),
}
"""`type:` of a header to the payload's element type in an `isFloat: 0` file."""

FLOAT32 = np.dtype("<f4")
_FLOAT16 = np.dtype("<f2")
_FLOATS = frozenset({"FLOAT", "FLOAT32", "F32", "FP32"})
_FLOAT16S = frozenset({"FLOAT16", "F16", "FP16", "HALF"})
_BFLOAT16S = frozenset({"BFLOAT16", "BF16"})


@lru_cache(maxsize=1024)
def type_named(name: str) -> np.dtype[np.generic] | None:
    """The element type that a header's `type:` names, `SGS_` or not; None where it is not known."""
    bare = name.upper().removeprefix("SGS_")
    if bare in _BFLOAT16S:
        import ml_dtypes

        brain: np.dtype[np.generic] = np.dtype(ml_dtypes.bfloat16)
        return brain
    return INTEGER_TYPES.get(name) or (FLOAT32 if bare in _FLOATS else _FLOAT16 if bare in _FLOAT16S else None)


def payload_type(name: str, is_float: bool, size: int, shape: tuple[int, ...] | None) -> np.dtype[np.generic] | None:
    """The element type of a binary payload of `size` bytes; None where nothing tells it.

    `isFloat: 1` is float32 whatever `type:` says, but for a
    16-bit float type where the shape says that two bytes an element are there, and for a type that is not known where
    the size is not that of float32.
    """
    named = type_named(name)
    if not is_float or named is FLOAT32:
        return named
    elements = prod(shape) if shape else 0
    if named is None:
        return FLOAT32 if size % 4 == 0 and size >= 4 * elements else None
    is_half = named.itemsize == 2 and named.kind not in "iu"
    return named if is_half and elements and size == 2 * elements else FLOAT32

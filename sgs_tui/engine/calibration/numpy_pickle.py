"""Numpy arrays and scalars out of a pickle, without handing numpy's own `__setstate__` to strangers.

A pickle may put any state into `numpy.dtype` and `numpy.ndarray`; made-up flags there turn bytes into
pointers. So every numpy global is replaced by a stand-in from this module that takes plain numbers only
(bool, integers, floats, complex), checks each size, and builds the array itself.
"""

import re
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from sgs_tui.engine.text import encode

_PLAIN = re.compile(r"[<>|=]?([biufc])(\d{1,2})")
_SHORT = {"b": "i1", "B": "u1", "?": "b1", "f": "f4", "d": "f8", "i": "i4", "I": "u4", "q": "i8", "Q": "u8"}
"""One-letter type codes of old pickles; `_reconstruct` gives `b` as a placeholder."""


class ElementType:
    """Stands in for `numpy.dtype`: a plain number type, the byte order set by the state that follows."""

    __slots__ = ("dtype",)

    def __init__(self, code: object, align: object = False, copy: object = False) -> None:
        text = encode(code).decode("ascii") if isinstance(code, str) else ""
        text = _SHORT.get(text, text)
        if not _PLAIN.fullmatch(text):
            raise ValueError("an array of other than plain numbers")
        self.dtype: np.dtype[np.generic] = np.dtype(text)

    def __setstate__(self, state: object) -> None:
        """Take the byte order; (version, order, subtype, names, fields, ...) must name nothing more."""
        if not (isinstance(state, tuple) and len(state) >= 5 and state[2:5] == (None, None, None)):
            raise ValueError("a structured array")
        if state[1] not in ("<", ">", "|", "="):
            raise ValueError("an unknown byte order")
        self.dtype = self.dtype.newbyteorder(state[1])


class Array(np.ndarray[tuple[int, ...], np.dtype[np.generic]]):
    """An array that checks the state a pickle gives it, once, before numpy sees it."""

    __slots__ = ()

    def __setstate__(self, state: object, /) -> None:
        """Take (version, shape, type, Fortran order, raw bytes)."""
        if self.size or not (isinstance(state, tuple) and len(state) == 5):
            raise ValueError("a malformed array state")
        _version, shape, kind, fortran, raw = state
        dims, data, dtype = _checked(shape, raw, kind)
        checked: Any = (1, dims, dtype, bool(fortran), data)  # the stubs ask for numpy's bool, numpy for Python's
        super().__setstate__(checked)


def _checked(shape: object, raw: object, kind: object) -> tuple[tuple[int, ...], bytes, np.dtype[np.generic]]:
    """Shape, bytes and type of an array, proven to fit each other."""
    data = encode(raw) if isinstance(raw, str) else raw
    if not (isinstance(kind, ElementType) and isinstance(data, (bytes, bytearray))):
        raise ValueError("an array without plain bytes")
    dims = shape if isinstance(shape, tuple) else (shape,)
    if not all(isinstance(n, int) and n >= 0 for n in dims):
        raise ValueError("an array with a malformed shape")
    if prod(dims) * kind.dtype.itemsize != len(data):
        raise ValueError(f"an array of {prod(dims)} values with {len(data)} bytes")
    return dims, bytes(data), kind.dtype


def reconstruct(subtype: object, shape: object, code: object) -> Array:
    """`numpy.core.multiarray._reconstruct`: an empty array that waits for its state."""
    return np.empty(0, np.uint8).view(Array)


def from_buffer(raw: object, kind: object, shape: object, order: object) -> npt.NDArray[np.generic]:
    """`numpy.core.numeric._frombuffer` (protocol 5)."""
    dims, data, dtype = _checked(shape, raw, kind)
    return np.frombuffer(data, dtype).reshape(dims, order="F" if order == "F" else "C")


def scalar(kind: object, raw: object = b"") -> object:
    """`numpy.core.multiarray.scalar`: one number, as Python's own bool, int, float or complex."""
    _, data, dtype = _checked((), raw, kind)
    return np.frombuffer(data, dtype)[0].item()

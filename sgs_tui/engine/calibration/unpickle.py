"""Pickles from strangers: plain containers, numbers, text and numpy arrays, nothing that acts.

A pickle is a program that calls what it names. Here a name is looked up in one table of harmless
constructors; everything else (`os.system`, `builtins.eval`, `getattr`, ...) is refused by name before it is
called. Nothing is imported, no real class is handed out (so none can be altered). Two things that cost without end
are bounded: keys of dictionaries and members of sets are numbers and text (a pair of the same pair, nested forty
times, takes 2^40 steps to hash), and what constructors make in all is in proportion to the file (`list(x)` of one
large x, over and over). The standard library's unpickler in Python is the one that can be watched so; the one in C
also reserves memory for any memo index that a twenty-byte file asks for.

Apart because it is a wall: what a stranger's file may do must be read in one place.
"""

import io
import pickle
import pickletools
import re
from collections.abc import Callable, Iterable, Sized
from math import prod
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from sgs_tui.engine.errors import InputError
from sgs_tui.engine.text import encode, visible
from sgs_tui.language import Message

# Numpy arrays and scalars out of a pickle, without handing numpy's own `__setstate__` to strangers.
#
# A pickle may put any state into `numpy.dtype` and `numpy.ndarray`; made-up flags there turn bytes into
# pointers. So every numpy global is replaced by a stand-in from this module that takes plain numbers only
# (bool, integers, floats, complex), checks each size, and builds the array itself.

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
            raise ValueError(Message("an array of other than plain numbers"))
        self.dtype: np.dtype[np.generic] = np.dtype(text)

    def __setstate__(self, state: object) -> None:
        """Take the byte order; (version, order, subtype, names, fields, ...) must name nothing more."""
        if not (isinstance(state, tuple) and len(state) >= 5 and state[2:5] == (None, None, None)):
            raise ValueError(Message("a structured array"))
        if state[1] not in ("<", ">", "|", "="):
            raise ValueError(Message("an unknown byte order"))
        self.dtype = self.dtype.newbyteorder(state[1])


class Array(np.ndarray[tuple[int, ...], np.dtype[np.generic]]):
    """An array that checks the state a pickle gives it, once, before numpy sees it."""

    __slots__ = ()

    def __setstate__(self, state: object, /) -> None:
        if self.size or not (isinstance(state, tuple) and len(state) == 5):
            raise ValueError(Message("a malformed array state"))
        _version, shape, kind, fortran, raw = state
        dims, data, dtype = _checked(shape, raw, kind)
        checked: Any = (1, dims, dtype, bool(fortran), data)  # the stubs ask for numpy's bool, numpy for Python's
        super().__setstate__(checked)


def _checked(shape: object, raw: object, kind: object) -> tuple[tuple[int, ...], bytes, np.dtype[np.generic]]:
    """Shape, bytes and type of an array, proven to fit each other."""
    data = encode(raw) if isinstance(raw, str) else raw
    if not (isinstance(kind, ElementType) and isinstance(data, (bytes, bytearray))):
        raise ValueError(Message("an array without plain bytes"))
    dims = shape if isinstance(shape, tuple) else (shape,)
    if not all(isinstance(n, int) and n >= 0 for n in dims):
        raise ValueError(Message("an array with a malformed shape"))
    if prod(dims) * kind.dtype.itemsize != len(data):
        raise ValueError(Message("an array of {values} values with {size} bytes", values=prod(dims), size=len(data)))
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


_HINT = Message(
    "expected lists, dictionaries, numbers, text and numpy arrays; do not open this file with Python's pickle"
)
_SCALARS = (bool, int, float, complex, str, bytes)
_MADE_AT_LEAST, _MADE_PER_BYTE = 16 << 20, 32
"""Bytes that the constructors of a pickle may make in all: this much, and so many for each byte of the file."""


class _Maker:
    """A constructor that a pickle may call but not change: no attributes, no state."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[..., object]) -> None:
        object.__setattr__(self, "_make", make)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a pickle may not change its constructors")

    def __call__(self, *arguments: object) -> object:
        make: Callable[..., object] = object.__getattribute__(self, "_make")
        return make(*arguments)


def _container(kind: type) -> _Maker:
    """Empty, or of one container; never of a number, which would reserve that much memory."""

    def make(content: object = ()) -> object:
        if not isinstance(content, (list, tuple, dict, set, frozenset, bytes, bytearray)):
            raise ValueError(Message("{kind} of something else than a container", kind=kind.__name__))
        if kind in (set, frozenset):
            _plain(content)
        made: object = kind(content)
        return made

    return _Maker(make)


def _scalar(kind: type) -> _Maker:
    """Empty, or of one scalar."""

    def make(*content: object) -> object:
        if len(content) > 1 or not all(isinstance(value, _SCALARS) for value in content):
            raise ValueError(Message("{kind} of something else than a scalar", kind=kind.__name__))
        made: object = kind(*content)
        return made

    return _Maker(make)


def _complex(real: object, imaginary: object = 0.0) -> complex:
    if not (isinstance(real, float) and isinstance(imaginary, float)):
        raise ValueError(Message("complex of something else than two numbers"))
    return complex(real, imaginary)


def _latin1(text: object, encoding: object) -> bytes:
    """`_codecs.encode(text, "latin1")`: how Python 3 writes bytes for protocol 2."""
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise ValueError(Message("an encoding other than latin1"))
    return text.encode("latin1")


def _table() -> dict[tuple[str, str], _Maker]:
    """Every global a pickle may name, by (module, name): containers and scalars also as Python 2 calls them."""
    plain = {kind.__name__: _container(kind) for kind in (list, tuple, dict, set, frozenset, bytes, bytearray)}
    plain |= {kind.__name__: _scalar(kind) for kind in (bool, int, float, str)}
    plain |= {"long": _scalar(int), "unicode": _scalar(str), "complex": _Maker(_complex)}
    known = {(module, name): maker for module in ("builtins", "__builtin__") for name, maker in plain.items()}
    known["collections", "OrderedDict"] = _container(dict)
    known["_codecs", "encode"] = _Maker(_latin1)
    known["numpy", "dtype"] = _Maker(ElementType)
    known["numpy", "ndarray"] = _Maker(reconstruct)
    for core in ("numpy.core", "numpy._core"):
        known[f"{core}.multiarray", "_reconstruct"] = _Maker(reconstruct)
        known[f"{core}.multiarray", "scalar"] = _Maker(scalar)
        known[f"{core}.numeric", "_frombuffer"] = _Maker(from_buffer)
    return known


_KNOWN = _table()


class _Restricted(pickle._Unpickler):
    """Looks names up in the table, never imports; keys are plain, and what is made is counted."""

    dispatch: ClassVar[Any] = dict(pickle._Unpickler.dispatch)
    stack: list[object]

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data), encoding="utf-8", errors="surrogateescape")
        self._left = _MADE_AT_LEAST + _MADE_PER_BYTE * len(data)

    def find_class(self, module_name: str, global_name: str, /) -> _Maker:
        """The harmless constructor of that name. Raises InputError naming what is refused."""
        maker = _KNOWN.get((module_name, global_name))
        if maker is None:
            name = visible(f"{module_name}.{global_name}")
            raise InputError(Message("refused: the pickle asks for {name}", name=name), _HINT)
        return maker

    def persistent_load(self, pid: object, /) -> object:
        raise InputError(Message("refused: the pickle asks for an object outside the file"), _HINT)

    def _reduce(self) -> None:
        original: Any = pickle._Unpickler.dispatch[pickle.REDUCE[0]]
        original(self)
        made = self.stack[-1]
        self._left -= made.nbytes if isinstance(made, np.ndarray) else _size(made)
        if self._left < 0:
            raise ValueError(Message("it makes far more than the file holds"))


def _size(made: object) -> int:
    """Bytes, near enough: text and bytes one an element, references eight."""
    if isinstance(made, (str, bytes, bytearray)):
        return len(made)
    return 8 * len(made) if isinstance(made, Sized) else 8


def _plain(keys: Iterable[object]) -> None:
    for key in keys:
        if key is not None and not isinstance(key, _SCALARS):
            raise ValueError(Message("a {kind} as a key, expected text or a number", kind=type(key).__name__))


def _with_plain_keys(opcode: bytes, keys: Callable[[list[object]], Iterable[object]]) -> None:
    """Have `opcode` look at the keys on the stack before they are hashed."""
    original: Any = pickle._Unpickler.dispatch[opcode[0]]

    def checked(unpickler: _Restricted) -> None:
        _plain(keys(unpickler.stack))
        original(unpickler)

    _Restricted.dispatch[opcode[0]] = checked


_Restricted.dispatch[pickle.REDUCE[0]] = _Restricted._reduce
_with_plain_keys(pickle.SETITEM, lambda stack: stack[-2:-1])
for _several in (pickle.SETITEMS, pickle.DICT):
    _with_plain_keys(_several, lambda stack: stack[::2])
for _members in (pickle.ADDITEMS, pickle.FROZENSET):
    _with_plain_keys(_members, lambda stack: stack)


def unpickle(data: bytes, path: Path) -> object:
    """The content of a pickle of protocol 0 to 5; ordered dictionaries come back as plain ones.

    Text of Python 2 is decoded as dump names are (`engine.text.decode`). Raises InputError naming `path` and
    the refused global, or what is malformed.
    """
    try:
        for _opcode in pickletools.genops(data):  # raises where a length passes the end of the file
            pass
        content: object = _Restricted(data).load()
        return content
    except InputError as error:
        raise InputError(Message("{path}: {text}", path=path, text=error.message), error.hint) from error
    except Exception as error:  # a malformed pickle can raise anything
        ours = error.args[0] if error.args and isinstance(error.args[0], Message) else None
        said = ours or visible(str(error)) or type(error).__name__
        raise InputError(Message("{path}: not a usable pickle: {said}", path=path, said=said), _HINT) from error

r"""Writes dumps as the vendor's tools write them, byte for byte, in bounded memory.

The grammar is described in format.py. What differs between the writers (sources: observed files, and for
TFLite the vendor's own script):

    style       binary payload ends                text form
    SIMULATOR   \n};\n, size line again, except    no size line; float values after a blank line
                after an op's last input/output
    DUMPER      nothing (ONNX, Caffe)              size line, blank line; ends }\n
    TFLITE      };\n                               size line, no blank line; ends };\n

Float text is `%.6f, `, raw fixed text every byte as `%6d, `, 16 a line. The simulator writes a partial last
line of raw text AFTER `};`, where the vendor's own readers lose it; here it stands before.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from enum import StrEnum
from hashlib import sha256
from math import prod
from pathlib import Path
from typing import BinaryIO
from unicodedata import normalize

import numpy as np

from sgs_tui.engine.dumps.dtypes import FLOAT32, AnyArray, type_named
from sgs_tui.engine.dumps.format import Direction, Form, Record
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.dumps.text_payload import text_rows
from sgs_tui.engine.errors import DumpError, InputError, UsageError
from sgs_tui.engine.files import make_folder, replacing
from sgs_tui.engine.text import encode, visible
from sgs_tui.language import Message

_STEP = 1 << 18  # elements written at once
_SIZE = b"//buffer data size: %d\n"


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """One tensor to write; the fields are those of `Record`.

    `payload` is an array of any shape, or arrays that follow each other (a generator, for tensors that must
    not be in memory at once). `count` is the number of elements and is needed for the second kind unless
    `shape` tells it; a payload that yields another number is an error.
    """

    direction: Direction
    slot: int
    op_index: int
    op_type: str
    name: str
    payload: AnyArray | Iterable[AnyArray]
    scale: float = 0.0
    zero_point: int = 0
    type_name: str = "float"
    constant: bool = False
    shape: tuple[int, ...] | None = None
    count: int | None = None

    def elements(self) -> int:
        """Number of elements that the payload promises. Raises UsageError where nothing tells it."""
        if self.count is not None:
            return self.count
        if isinstance(self.payload, np.ndarray):
            return self.payload.size
        if self.shape is not None:
            return prod(self.shape)
        raise UsageError(
            Message("{name}: the number of elements is unknown", name=visible(self.name)),
            Message("give count or shape"),
        )

    def dtype(self, is_float: bool) -> np.dtype[np.generic]:
        """Element type of the payload in the file (`isFloat: 1` is float32 whatever `type:` says)."""
        return FLOAT32 if is_float else type_named(self.type_name) or FLOAT32

    def pieces(self, is_float: bool) -> Iterator[AnyArray]:
        """The payload as flat, contiguous arrays in the file's element type, at most 2^18 elements each.

        Raises DumpError when the payload does not hold the promised number of elements.
        """
        arrays = (self.payload,) if isinstance(self.payload, np.ndarray) else self.payload
        count = 0
        for array in arrays:
            flat = np.asarray(array).reshape(-1)
            count += flat.size
            for start in range(0, flat.size, _STEP):
                with np.errstate(over="ignore", invalid="ignore"):  # 1e300 is inf in a dump, and no warning
                    piece = np.ascontiguousarray(flat[start : start + _STEP], self.dtype(is_float))
                yield piece
        if count != self.elements():
            raise DumpError(
                Message(
                    "{name}: expected {elements} elements to write, got {count}",
                    name=visible(self.name),
                    elements=self.elements(),
                    count=count,
                )
            )


def draft_of(dump: Dump, record: Record) -> Draft:
    """A record of an open dump, to be written again; its payload is read when it is written, in pieces."""
    kept = {each.name: getattr(record, each.name) for each in fields(Draft) if each.name != "payload"}
    return Draft(**kept, payload=dump.chunks(record))


class Style(StrEnum):
    """Whose habits to follow between records."""

    SIMULATOR = "simulator"
    DUMPER = "dumper"
    TFLITE = "tflite"


@dataclass(frozen=True, slots=True)
class _Habits:
    """`before`: what stands between header and text values; `broken_row`: a partial row ends with a line feed."""

    binary_end: bytes
    text_end: bytes
    size_in_text: bool
    before: bytes
    broken_row: bool


_HABITS = {
    Style.SIMULATOR: _Habits(b"\n};\n", b"\n};\n", False, b"\n", True),
    Style.DUMPER: _Habits(b"", b"\n}\n", True, b"\n", False),
    Style.TFLITE: _Habits(b"};\n", b"};\n", True, b"", True),
}


def _header_lines(draft: Draft, marker: str = "") -> bytes:
    """The two header lines of a record; `marker` is `op_in` or `op_out` unless told.

    Raises UsageError for text that no reader could take apart.
    """
    for what, text in (
        (Message("name"), draft.name),
        (Message("op type"), draft.op_type),
        (Message("type"), draft.type_name),
    ):
        if "\n" in text:
            raise UsageError(
                Message("{name}: a line feed in its {what} can not be written", name=visible(draft.name), what=what),
                Message("rename it"),
            )
    if len(draft.type_name.split()) != 1:
        raise UsageError(
            Message(
                "{name}: its type has to be one word, got {type_name!r}",
                name=visible(draft.name),
                type_name=visible(draft.type_name),
            )
        )
    shape = ""
    if draft.shape is not None:
        shape = f" shape:[{', '.join(map(str, draft.shape))}] dims:{len(draft.shape)}"
    return encode(
        f"//{draft.direction} {draft.slot} s: {draft.scale:f} z: {draft.zero_point} type: {draft.type_name} "
        f"name: {draft.name} bConstant:{draft.constant:d}{shape}\n"
        f"{marker or f'op_{draft.direction}'}[{draft.op_index}] {draft.op_type} = {{\n"
    )


class DumpWriter:
    """Writes records to a file that is already open; the first line goes out at once."""

    def __init__(self, file: BinaryIO, is_float: bool, form: Form, style: Style, first_line: bool = True) -> None:
        self._file, self._is_float, self._form, self._style = file, is_float, form, style
        self._habits = _HABITS[style]
        self._last: tuple[Direction, int, int] | None = None
        file.write(b"isFloat: %d\n" % is_float if first_line else b"")

    def write(self, draft: Draft, marker: str = "") -> None:
        """Append one record, reading its payload now. Raises DumpError when that is not as long as it said.

        `marker` takes the place of `op_in` or `op_out`; the ONNX dumper's files of inputs say `input`.
        """
        (self._binary if self._form is Form.BINARY else self._text)(draft, _header_lines(draft, marker))

    def _binary(self, draft: Draft, header: bytes) -> None:
        nbytes = draft.elements() * draft.dtype(self._is_float).itemsize
        self._repeat_size(draft)
        self._last = draft.direction, draft.op_index, nbytes
        self._file.write(header + _SIZE % nbytes)
        for piece in draft.pieces(self._is_float):
            self._file.write(piece.view(np.uint8).data)
        self._file.write(self._habits.binary_end)

    def _repeat_size(self, draft: Draft) -> None:
        """The simulator says a size twice unless it belongs to an op's last input or last output."""
        if self._style is not Style.SIMULATOR or self._last is None:
            return
        direction, op_index, nbytes = self._last
        if (direction, op_index) == (draft.direction, draft.op_index):
            self._file.write(_SIZE % nbytes)

    def _text(self, draft: Draft, header: bytes) -> None:
        dtype, habits = draft.dtype(self._is_float), self._habits
        as_bytes = not self._is_float and dtype.kind in "iu"
        size = _SIZE % (draft.elements() * dtype.itemsize) if habits.size_in_text else b""
        self._file.write(header + size + (b"" if as_bytes else habits.before))
        self._file.writelines(text_rows(draft.pieces(self._is_float), as_bytes, habits.broken_row))
        self._file.write(habits.text_end)


@contextmanager
def create_dump(
    path: Path, is_float: bool = True, form: Form = Form.BINARY, style: Style = Style.SIMULATOR
) -> Iterator[DumpWriter]:
    """A writer to `path`, which appears (or is replaced) only when the block ends well; else nothing is left behind.

    Raises InputError when the file can not be written.
    """
    with replacing(path) as file:
        yield DumpWriter(file, is_float, form, style)


def write_dump(
    path: Path,
    drafts: Iterable[Draft],
    is_float: bool = True,
    form: Form = Form.BINARY,
    style: Style = Style.SIMULATOR,
) -> None:
    """Write a whole dump, record after record; see `create_dump`."""
    with create_dump(path, is_float, form, style) as writer:
        for draft in drafts:
            writer.write(draft)


_LONGEST = 255  # bytes a file system allows in one path component
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class FreeNames:
    """Hands out names made from tensor names for one folder, each only once.

    A name that is too long, holds control characters or is taken gets `~` and eight hex digits of the tensor's
    own name (and a number where that is taken as well) between its stem and its tail. With `folding` names that only
    differ in upper and lower case, or in how accents are written, are the same one: as on many disks.
    """

    def __init__(self, folding: bool = False) -> None:
        self._taken: dict[str, str] = {}
        self._key = _folded if folding else str
        self._used: Counter[tuple[str, str]] = Counter()

    def take(self, stem: str, tail: str, tensor: str, inside: str = "") -> tuple[str, str]:
        """The name `stem + tail` or a changed one, and why it had to change (empty when it did not).

        With `inside` the name is a folder's and may be given out again for another file inside it.
        """
        wished, why = stem + tail, ""
        if _CONTROL.search(wished):
            why = Message("control characters do not belong in a path")
        elif (size := len(encode(wished))) > _LONGEST:
            why = Message("{size} bytes, a path component holds {most}", size=size, most=_LONGEST)
        elif (earlier := self._taken.get(self._key(wished + inside))) is not None:
            same = earlier == tensor
            alike = Message("an earlier tensor has a name that looks the same here")
            why = Message("an earlier tensor has the same name") if same else alike
        name = self._free(stem, tail, tensor, inside) if why else wished
        self._taken[self._key(name + inside)] = tensor
        return name, why

    def _free(self, stem: str, tail: str, tensor: str, inside: str) -> str:
        mark = f"~{sha256(encode(tensor)).hexdigest()[:8]}"
        clean = _CONTROL.sub("_", stem)
        while True:
            number = self._used[clean, mark]
            self._used[clean, mark] += 1
            end = f"{mark}{f'-{number}' if number else ''}{tail}"
            room = _LONGEST - len(encode(end))
            name = encode(clean)[:room].decode("utf-8", "ignore") + end  # never half a character
            if self._key(name + inside) not in self._taken:
                return name


def _folded(name: str) -> str:
    return normalize("NFC", normalize("NFC", name).casefold())


_FORBIDDEN = str.maketrans("/:*?<>|", "_______")


@dataclass(frozen=True, slots=True, eq=False)
class OriginalTensor:
    """A tensor of an original model as the framework computed it (4-D: NCHW)."""

    name: str
    node: str
    values: AnyArray


@dataclass(frozen=True, slots=True)
class OriginalDump:
    """What a dumper left: the dump, the number of its records, what it left out and why, and what to know."""

    path: Path
    records: int
    skipped: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


def claim(folder: Path, stem: str, form: Form) -> Path:
    """The path of a new dump in `folder`, which is made. Raises InputError where that would overwrite anything."""
    target = folder / f"{stem}.{'bin' if form is Form.BINARY else 'txt'}"
    wanted = [target] if form is Form.BINARY else [target, folder / "NHWC", folder / "NCHW"]
    taken = next((path for path in wanted if path.exists()), None)
    if taken is not None:
        raise InputError(
            Message("{taken}: is there already", taken=taken),
            Message("name another folder; nothing is overwritten here"),
        )
    make_folder(folder)
    return target


def write_original(
    path: Path, tensors: Iterable[OriginalTensor], form: Form, inputs: Iterable[OriginalTensor] = ()
) -> int:
    """Write the dump `path` (see `claim`) as the vendor's ONNX and Caffe dumpers do; returns the number of records.

    One record for each tensor, 4-D data as NHWC. The text form has one file a tensor below NHWC/ and NCHW/ as well.
    `tensors` are taken one at a time. `inputs` only get per-tensor files, as with the vendor's ONNX dumper.
    """
    files = _PerTensorFiles(path.parent) if form is Form.TEXT else None
    if files:
        for number, tensor in enumerate(inputs):
            files.write(tensor, number, "input")
    count = 0
    with create_dump(path, True, form, Style.DUMPER) as writer:
        for number, tensor in enumerate(tensors):
            writer.write(_draft(tensor, number, _nhwc(tensor.values)))
            if files:
                files.write(tensor, number, "op_out")
            count += 1
    return count


def _nhwc(values: AnyArray) -> AnyArray:
    return values.transpose(0, 2, 3, 1) if values.ndim == 4 else values


def _draft(tensor: OriginalTensor, number: int, values: AnyArray) -> Draft:
    """A scalar is written as one element of shape [1]: the vendor's dump_debug.py dies of `shape:[]`."""
    shape = values.shape or (1,)
    return Draft(Direction.OUT, 0, number, tensor.node, tensor.name, values, shape=shape)


class _PerTensorFiles:
    """`NHWC/<name>#<shape>` and `NCHW/<name>#<shape>`: header, size, values, no `isFloat` line."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names = {"NHWC": FreeNames(), "NCHW": FreeNames()}
        for layout in self._names:
            make_folder(folder / layout)

    def write(self, tensor: OriginalTensor, number: int, marker: str) -> None:
        for layout, values in (("NHWC", _nhwc(tensor.values)), ("NCHW", tensor.values)):
            shape = tuple(int(size) for size in values.shape)
            name, _ = self._names[layout].take(tensor.name.translate(_FORBIDDEN), f"#{shape}", tensor.name)
            with (self._folder / layout / name).open("xb") as file:
                stream = DumpWriter(file, True, Form.TEXT, Style.DUMPER, first_line=False)
                stream.write(_draft(tensor, number, values), marker)

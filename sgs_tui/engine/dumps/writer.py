r"""`DumpWriter`: dumps as the vendor's tools write them, byte for byte, in bounded memory.

The grammar is described in grammar.py. What differs between the writers (sources: observed files, and for
TFLite the vendor's own script):

    style       binary payload ends                text form
    SIMULATOR   \n};\n, size line again, except    no size line; float values after a blank line
                after an op's last input/output
    DUMPER      nothing (ONNX, Caffe)              size line, blank line; ends }\n
    TFLITE      };\n                               size line, no blank line; ends };\n

Float text is `%.6f, `, raw fixed text every byte as `%6d, `, 16 a line. The simulator writes a partial last
line of raw text AFTER `};`, where the vendor's own readers lose it; here it stands before.
"""

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from sgs_tui.engine.dumps.drafts import Draft
from sgs_tui.engine.dumps.records import Direction, Form
from sgs_tui.engine.dumps.text_rows import byte_rows, float_rows
from sgs_tui.engine.errors import UsageError
from sgs_tui.engine.files import replacing
from sgs_tui.engine.text import encode, visible


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


def size_line(nbytes: int) -> bytes:
    """The line that announces (and sometimes repeats) a payload's size in bytes."""
    return b"//buffer data size: %d\n" % nbytes


def header_lines(draft: Draft, marker: str = "") -> bytes:
    """The two header lines of a record; `marker` is `op_in` or `op_out` unless told.

    Raises UsageError for text that no reader could take apart.
    """
    for what, text in (("name", draft.name), ("op type", draft.op_type), ("type", draft.type_name)):
        if "\n" in text:
            raise UsageError(f"{visible(draft.name)}: a line feed in its {what} can not be written", "rename it")
    if len(draft.type_name.split()) != 1:
        raise UsageError(f"{visible(draft.name)}: its type has to be one word, got {visible(draft.type_name)!r}")
    shape = ""
    if draft.shape is not None:
        shape = f" shape:[{', '.join(map(str, draft.shape))}] dims:{len(draft.shape)}"
    return encode(
        f"//{draft.direction} {draft.slot} s: {draft.scale:f} z: {draft.zero_point} type: {draft.type_name} "
        f"name: {draft.name} bConstant:{draft.constant:d}{shape}\n"
        f"{marker or f'op_{draft.direction}'}[{draft.op_index}] {draft.op_type} = {{\n"
    )


class DumpStream:
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
        header = header_lines(draft, marker)
        if self._form is Form.BINARY:
            self._binary(draft, header)
        else:
            self._text(draft, header)

    def _binary(self, draft: Draft, header: bytes) -> None:
        nbytes = draft.elements() * draft.dtype(self._is_float).itemsize
        self._repeat_size(draft)
        self._last = draft.direction, draft.op_index, nbytes
        self._file.write(header + size_line(nbytes))
        for piece in draft.pieces(self._is_float):
            self._file.write(piece.data)
        self._file.write(self._habits.binary_end)

    def _repeat_size(self, draft: Draft) -> None:
        """The simulator says a size twice unless it belongs to an op's last input or last output."""
        if self._style is not Style.SIMULATOR or self._last is None:
            return
        direction, op_index, nbytes = self._last
        if (direction, op_index) == (draft.direction, draft.op_index):
            self._file.write(size_line(nbytes))

    def _text(self, draft: Draft, header: bytes) -> None:
        dtype, habits = draft.dtype(self._is_float), self._habits
        as_bytes = not self._is_float and dtype.kind in "iu"
        size = size_line(draft.elements() * dtype.itemsize) if habits.size_in_text else b""
        self._file.write(header + size + (b"" if as_bytes else habits.before))
        rows = byte_rows if as_bytes else float_rows
        for row in rows(draft.pieces(self._is_float), habits.broken_row):
            self._file.write(row)
        self._file.write(habits.text_end)


class DumpWriter:
    """Writes records to `path`, which appears (or is replaced) only when the block ends well.

    Raises InputError when the file can not be written, UsageError or DumpError for a record that is wrong in
    itself; nothing is left behind then.
    """

    def __init__(
        self, path: Path, is_float: bool = True, form: Form = Form.BINARY, style: Style = Style.SIMULATOR
    ) -> None:
        self.path, self.is_float, self.form, self.style = path, is_float, form, style
        self._stack = ExitStack()
        self._stream: DumpStream | None = None

    def __enter__(self) -> Self:
        file = self._stack.enter_context(replacing(self.path))
        self._stream = DumpStream(file, self.is_float, self.form, self.style)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream = None
        self._stack.__exit__(kind, error, trace)

    def write(self, draft: Draft) -> None:
        """Append one record, reading its payload now. Raises DumpError when that is not as long as it said."""
        if self._stream is None:
            raise UsageError(f"{self.path}: the dump is not open for writing", "use `with DumpWriter(...)`")
        self._stream.write(draft)


def write_dump(
    path: Path,
    drafts: Iterable[Draft],
    is_float: bool = True,
    form: Form = Form.BINARY,
    style: Style = Style.SIMULATOR,
) -> None:
    """Write a whole dump, record after record; see `DumpWriter`."""
    with DumpWriter(path, is_float, form, style) as writer:
        for draft in drafts:
            writer.write(draft)

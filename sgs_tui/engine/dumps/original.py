"""Dumps of original models in the layout of the vendor's ONNX and Caffe dumpers (interop notes 1.7, 2).

One record for each tensor, always `//out 0`, 4-D data as NHWC, the node's name where the simulator has the op
type. The text form has, beside the whole dump, one file a tensor below NHWC/ and NCHW/.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sgs_tui.engine.dumps.drafts import Draft
from sgs_tui.engine.dumps.file_names import FreeNames
from sgs_tui.engine.dumps.records import AnyArray, Direction, Form
from sgs_tui.engine.dumps.writer import DumpStream, DumpWriter, Style
from sgs_tui.engine.errors import InputError

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
        raise InputError(f"{taken}: is there already", "name another folder; nothing is overwritten here")
    make_folder(folder)
    return target


def make_folder(folder: Path) -> None:
    """Make `folder` with its parents, or accept that it is there. Raises InputError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot write: {error.strerror}", "check the folder and its rights") from error


def write_original(
    path: Path, tensors: Iterable[OriginalTensor], form: Form, inputs: Iterable[OriginalTensor] = ()
) -> int:
    """Write the dump `path` (see `claim`) and, in the text form, the per-tensor files; returns the records.

    `tensors` are taken one at a time. `inputs` only get per-tensor files, as with the vendor's ONNX dumper.
    """
    files = _PerTensorFiles(path.parent) if form is Form.TEXT else None
    if files:
        for number, tensor in enumerate(inputs):
            files.write(tensor, number, "input")
    count = 0
    with DumpWriter(path, True, form, Style.DUMPER) as writer:
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
                stream = DumpStream(file, True, Form.TEXT, Style.DUMPER, first_line=False)
                stream.write(_draft(tensor, number, values), marker)

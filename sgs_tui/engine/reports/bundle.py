"""One zip with everything that somebody else needs to judge a comparison: planned first, so that it can be shown.

    comparison.json, vendor_report.txt, report.html     the result: for programs, for the vendor's tools, for people
    sample/, benchmark/                                 DebugConfig.txt, logs, ini beside each dump
    calibration/                                        ranges, shapes
    tensors/<op>.<name>.{sample,benchmark}.npy          the layers that matter, float32, dequantized, without padding
    CONTENT.txt                                         all of this with sizes and origins, and what was left out

Models and whole dumps are not in it: they are large, and often not for everybody.
"""

import io
import time
import zipfile
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np

from sgs_tui.engine.compare.elements import Layout, SideReader, unpadded
from sgs_tui.engine.compare.results import LayerDiff, Pair, Side
from sgs_tui.engine.dumps.format import Record
from sgs_tui.engine.dumps.reader import Dump, open_dump
from sgs_tui.engine.dumps.writer import FreeNames
from sgs_tui.engine.errors import InputError
from sgs_tui.engine.files import replacing
from sgs_tui.engine.numbers import size
from sgs_tui.engine.reports.details import noteworthy
from sgs_tui.engine.runs.hand_over import debug_config_of
from sgs_tui.engine.runs.run_folder import DEBUG_CONFIG
from sgs_tui.engine.session import CompareRequest
from sgs_tui.engine.text import visible

# The small files around a dump that tell how it was made: what the vendor's support asks for first.

LARGEST = 16 << 20
"""Bytes; a log beyond that is named, not taken along."""

_NAMED = {
    "input_config.ini": "the conversion's input_config.ini",
    "request.json": "what was run",
    "status.json": "how the run ended",
}
_LOGS = ("*.log", "log/*.log")
_QUANTIZATION = "*.sim.json"


@dataclass(frozen=True, slots=True)
class Companion:
    """A file beside a dump, and what it is."""

    path: Path
    what: str
    size: int


def companions_of(dump: Path) -> Iterator[Companion]:
    """Config, logs and quantization info in the dump's folder; files that can not be looked at are left out."""
    for path, what in _candidates(dump):
        try:
            if path.is_file():
                yield Companion(path, what, path.stat().st_size)
        except OSError:
            continue


def _candidates(dump: Path) -> Iterator[tuple[Path, str]]:
    folder = dump.parent
    sure = debug_config_of(dump)
    if sure is not None:
        yield sure, "the DebugConfig.txt of this dump"
    else:
        yield folder / DEBUG_CONFIG, "the DebugConfig.txt in the dump's folder, perhaps of another run"
    yield from ((folder / name, what) for name, what in _NAMED.items())
    for pattern in _LOGS:
        yield from ((path, "a log") for path in sorted(folder.glob(pattern)))
    yield from ((path, "quantization info") for path in sorted(folder.glob(_QUANTIZATION)))


# A tensor of a dump as a .npy file, written piece by piece.


@dataclass(frozen=True, slots=True)
class TensorFile:
    """One side of a layer as an array of float32, `shape` without padding (one axis where the shape is unknown)."""

    side: Side
    record: Record
    layout: Layout
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Bytes of the .npy file."""
        return len(self.header) + 4 * prod(self.shape)

    @property
    def header(self) -> bytes:
        """What numpy writes in front of the values."""
        buffer = io.BytesIO()
        description = {"descr": "<f4", "fortran_order": False, "shape": self.shape}
        np.lib.format.write_array_header_1_0(buffer, description)
        return buffer.getvalue()

    def pieces(self, dump: Dump) -> Iterator[bytes]:
        """The file's bytes; codes become numbers. Raises SgsError where the dump changed or can not be read."""
        yield self.header
        for values in SideReader(dump, self.record, self.layout).pieces():
            with np.errstate(over="ignore"):
                yield values.astype("<f4").tobytes()


def tensor_of(pair: Pair, side: Side) -> TensorFile:
    """One side of a pair."""
    record = pair.sample if side == "sample" else pair.benchmark
    layout = unpadded(record, pair.shape)
    count = layout.count(record)
    fits = pair.shape is not None and prod(pair.shape) == count
    return TensorFile(side, record, layout, pair.shape if fits and pair.shape is not None else (count,))


MOST_TENSOR_BYTES = 256 << 20
_SIDES: tuple[Side, Side] = ("sample", "benchmark")
_NEVER = "the models and the whole dumps: send them when they are asked for"


@dataclass(frozen=True, slots=True)
class Part:
    """A member of the zip: its name there, what it is, its bytes, and where they come from (one of the three)."""

    name: str
    what: str
    size: int
    data: bytes | None = None
    path: Path | None = None
    tensor: TensorFile | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be in a bundle, in order, and what will not, a line each."""

    parts: tuple[Part, ...]
    left_out: tuple[str, ...]

    @property
    def size(self) -> int:
        """Bytes before compression."""
        return sum(part.size for part in self.parts)


def plan_bundle(
    request: CompareRequest, rows: Sequence[LayerDiff], made: Sequence[Part], named: Collection[str] = ()
) -> Plan:
    """Everything a bundle of this comparison will hold; `made`: the reports, ready as bytes; `named`: see noteworthy.

    Only names and sizes are looked at.
    """
    names = FreeNames()
    found = [*made, *_calibration(request), *_companions(request), *_tensors(noteworthy(rows, named), names), _NEVER]
    parts = tuple(each for each in found if isinstance(each, Part))
    left_out = tuple(each for each in found if isinstance(each, str))
    content = _content(parts, left_out)
    return Plan((Part("CONTENT.txt", "this list", len(content), content), *parts), left_out)


def _calibration(request: CompareRequest) -> Iterator[Part]:
    for what, path in (("calibration ranges", request.ranges), ("shapes", request.shapes)):
        if path is not None:
            yield Part(f"calibration/{visible(path.name)}", what, path.stat().st_size, path=path)


def _companions(request: CompareRequest) -> Iterator[Part | str]:
    """Each file once, even where both dumps lie in one folder."""
    taken = {path.resolve() for path in (request.ranges, request.shapes) if path is not None}
    for side, dump in zip(_SIDES, (request.sample, request.benchmark), strict=True):
        for companion in companions_of(dump):
            if companion.path.resolve() in taken:
                continue
            taken.add(companion.path.resolve())
            if companion.size > LARGEST:
                yield f"{companion.path}: {companion.what}, {size(companion.size)}, too large"
                continue
            inside = companion.path.relative_to(dump.parent)
            yield Part(f"{side}/{visible(str(inside))}", companion.what, companion.size, path=companion.path)


def _tensors(rows: Sequence[LayerDiff], names: FreeNames) -> Iterator[Part | str]:
    """Both sides of the layers that matter, as far as there is room."""
    room = MOST_TENSOR_BYTES
    for row in rows:
        tensors = [tensor_of(row.pair, side) for side in _SIDES]
        wanted = sum(tensor.size for tensor in tensors)
        if wanted > room:
            yield f"{row.name}: its tensors, {size(wanted)}, no room left in {size(MOST_TENSOR_BYTES)}"
            continue
        room -= wanted
        stem = f"{row.index}.{visible(row.name).replace('/', '_')}"
        for tensor in tensors:
            name, _ = names.take(stem, f".{tensor.side}.npy", row.name)
            what = f"{row.verdict} layer, {tensor.side}, shape {list(tensor.shape)}"
            yield Part(f"tensors/{name}", what, tensor.size, tensor=tensor)


def _content(parts: Sequence[Part], left_out: Sequence[str]) -> bytes:
    """Columns are set apart by tabs."""
    held = ["\t".join(map(visible, _columns(part))) for part in parts]
    lines = ["What is in this archive:", "", *held, "", "What is not:", "", *map(visible, left_out)]
    return "".join(f"{line}\n" for line in lines).encode()


def _columns(part: Part) -> tuple[str, ...]:
    origin = (f"from {part.path}",) if part.path is not None else ()
    return (part.name, f"{part.size} bytes", part.what, *origin)


# Write a planned bundle: whole or not at all, over nothing that is there.

_BLOCK = 1 << 20


def write_bundle(
    plan: Plan, request: CompareRequest, path: Path, report: Callable[[int, int], None] = lambda done, total: None
) -> None:
    """Write all parts to `path`, which must not be there; `report` is told the bytes done and all.

    Raises InputError where a part can not be read any more or the zip not be written; nothing is left then.
    """
    done = 0
    with ExitStack() as stack:
        dumps = {
            "sample": stack.enter_context(open_dump(request.sample)),
            "benchmark": stack.enter_context(open_dump(request.benchmark)),
        }
        file = stack.enter_context(replacing(path))
        archive = stack.enter_context(zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6))
        for part in plan.parts:
            with archive.open(_member(part), "w", force_zip64=True) as member:
                for piece in _pieces(part, dumps):
                    member.write(piece)
                    done += len(piece)
                    report(done, plan.size)


def _member(part: Part) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(part.name, time.localtime()[:6])
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = 0o644 << 16
    return member


def _pieces(part: Part, dumps: dict[str, Dump]) -> Iterator[bytes]:
    if part.data is not None:
        yield part.data
    elif part.tensor is not None:
        yield from part.tensor.pieces(dumps[part.tensor.side])
    elif part.path is not None:
        yield from _file(part.path)


def _file(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                yield block
    except OSError as error:
        raise InputError(f"{path}: cannot read: {error.strerror}", "try again without it") from error

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
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import get_args

import numpy as np

from sgs_tui.engine.compare.elements import SideReader, unpadded
from sgs_tui.engine.compare.results import LayerDiff, Pair, Side
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.dumps.writer import FreeNames
from sgs_tui.engine.errors import InputError, reason
from sgs_tui.engine.files import real, replacing
from sgs_tui.engine.numbers import size
from sgs_tui.engine.reports.details import noteworthy
from sgs_tui.engine.runs.hand_over import debug_config_of
from sgs_tui.engine.runs.run_folder import DEBUG_CONFIG
from sgs_tui.engine.session import CompareRequest, open_sides
from sgs_tui.engine.text import visible
from sgs_tui.language import Message

LARGEST = 16 << 20
"""Bytes; a log beyond that is named, not taken along."""
MOST_TENSOR_BYTES = 256 << 20
_BLOCK = 1 << 20
_SIDES: tuple[Side, ...] = get_args(Side)
_NEVER = Message("the models and the whole dumps: send them when they are asked for")

_BESIDE = (
    ("input_config.ini", Message("the conversion's input_config.ini")),
    ("request.json", Message("what was run")),
    ("status.json", Message("how the run ended")),
    ("*.log", Message("a log")),
    ("log/*.log", Message("a log")),
    ("*.sim.json", Message("quantization info")),
)
"""The small files around a dump that tell how it was made, what the vendor's support asks for first."""


@dataclass(frozen=True, slots=True)
class Part:
    """A member of the zip: its name there, what it is, its bytes, and where they come from (one of the three)."""

    name: str
    what: str
    size: int
    data: bytes | None = None
    path: Path | None = None
    tensor: "_Tensor | None" = None

    def pieces(self, dumps: Mapping[str, Dump]) -> Iterator[bytes]:
        """Its bytes. Raises InputError, SgsError where they can not be read any more."""
        if self.data is not None:
            yield self.data
        elif self.tensor is not None:
            yield from self.tensor.pieces(dumps[self.tensor.side])
        elif self.path is not None:
            yield from _file(self.path)


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be in a bundle, in order, and what will not, a line each."""

    parts: tuple[Part, ...]
    left_out: tuple[str, ...]

    @property
    def size(self) -> int:
        return sum(part.size for part in self.parts)


def plan_bundle(
    request: CompareRequest, rows: Sequence[LayerDiff], made: Sequence[Part], named: Collection[str] = ()
) -> Plan:
    """Everything a bundle of this comparison will hold; `made`: the reports, ready as bytes; `named`: see noteworthy.

    Only names and sizes are looked at.
    """
    found = [*made, *_calibration(request), *_beside(request), *_tensors(noteworthy(rows, named)), _NEVER]
    parts = tuple(each for each in found if isinstance(each, Part))
    left_out = tuple(each for each in found if isinstance(each, str))
    held = ["\t".join(map(visible, _columns(part))) for part in parts]
    lines = ["What is in this archive:", "", *held, "", "What is not:", "", *map(visible, left_out)]
    content = "".join(f"{line}\n" for line in lines).encode()
    return Plan((Part("CONTENT.txt", Message("this list"), len(content), content), *parts), left_out)


def _calibration(request: CompareRequest) -> Iterator[Part]:
    for what, path in ((Message("calibration ranges"), request.ranges), (Message("shapes"), request.shapes)):
        if path is not None:
            yield Part(f"calibration/{visible(path.name)}", what, path.stat().st_size, path=path)


def _beside(request: CompareRequest) -> Iterator[Part | str]:
    """Config, logs and quantization info of both dumps, each file once, even where both dumps lie in one folder."""
    taken = {real(path) for path in (request.ranges, request.shapes) if path is not None}
    for side, dump in zip(_SIDES, (request.sample, request.benchmark), strict=True):
        for path, what in _candidates(dump):
            bytes_ = _size_of(path)
            if bytes_ is None or real(path) in taken:
                continue
            taken.add(real(path))
            if not real(path).is_relative_to(real(dump.parent)):
                yield Message(
                    "{path}: {what}, a link to {target}, outside the dump's folder",
                    path=path,
                    what=what,
                    target=real(path),
                )
            elif bytes_ > LARGEST:
                yield Message("{path}: {what}, {size}, too large", path=path, what=what, size=size(bytes_))
            else:
                yield Part(f"{side}/{visible(str(path.relative_to(dump.parent)))}", what, bytes_, path=path)


def _candidates(dump: Path) -> Iterator[tuple[Path, str]]:
    if sure := debug_config_of(dump):
        yield sure, Message("the DebugConfig.txt of this dump")
    else:
        yield dump.parent / DEBUG_CONFIG, Message("the DebugConfig.txt in the dump's folder, perhaps of another run")
    for pattern, what in _BESIDE:
        yield from ((path, what) for path in sorted(dump.parent.glob(pattern)))


def _size_of(path: Path) -> int | None:
    """None where it is no file, or can not be looked at."""
    try:
        return path.stat().st_size if path.is_file() else None
    except OSError:
        return None


def _tensors(rows: Sequence[LayerDiff]) -> Iterator[Part | str]:
    room, names = MOST_TENSOR_BYTES, FreeNames(folding=True)  # it may be unpacked on any disk
    for row in rows:
        tensors = [_Tensor(row.pair, side) for side in _SIDES]
        wanted = sum(tensor.size for tensor in tensors)
        if wanted > room:
            yield Message(
                "{name}: its tensors, {wanted}, no room left in {most}",
                name=row.name,
                wanted=size(wanted),
                most=size(MOST_TENSOR_BYTES),
            )
            continue
        room -= wanted
        stem = f"{row.index}.{visible(row.name).replace('/', '_')}"
        for tensor in tensors:
            name, _ = names.take(stem, f".{tensor.side}.npy", row.name)
            what = Message(
                "{verdict} layer, {side}, shape {shape}",
                verdict=Message(str(row.verdict)),
                side=tensor.side,
                shape=list(tensor.shape),
            )
            yield Part(f"tensors/{name}", what, tensor.size, tensor=tensor)


def _columns(part: Part) -> tuple[str, ...]:
    return (part.name, f"{part.size} bytes", part.what, *([f"from {part.path}"] if part.path else []))


@dataclass(frozen=True, slots=True)
class _Tensor:
    """One side of a layer as a .npy file of float32, without padding."""

    pair: Pair
    side: Side

    @property
    def shape(self) -> tuple[int, ...]:
        """One axis where the shape is unknown."""
        record, shape = self.pair.record(self.side), self.pair.shape
        count = unpadded(record, shape).count(record)
        return shape if shape is not None and prod(shape) == count else (count,)

    @property
    def size(self) -> int:
        return len(self._header()) + 4 * prod(self.shape)

    def _header(self) -> bytes:
        buffer = io.BytesIO()
        description = {"descr": "<f4", "fortran_order": False, "shape": self.shape}
        np.lib.format.write_array_header_1_0(buffer, description)
        return buffer.getvalue()

    def pieces(self, dump: Dump) -> Iterator[bytes]:
        """The file's bytes; codes become numbers. Raises SgsError where the dump changed or can not be read."""
        yield self._header()
        record = self.pair.record(self.side)
        for values in SideReader(dump, record, unpadded(record, self.pair.shape)).pieces():
            with np.errstate(over="ignore"):
                yield values.astype("<f4").tobytes()


def write_bundle(
    plan: Plan, request: CompareRequest, path: Path, report: Callable[[int, int], None] = lambda done, total: None
) -> None:
    """Write all parts to `path`, which must not be there; `report` is told the bytes done and all.

    Whole or not at all: raises InputError where a part can not be read any more or the zip not be written.
    """
    done = 0
    with ExitStack() as stack:
        sample, benchmark = (stack.enter_context(each) for each in open_sides(request))
        file = stack.enter_context(replacing(path))
        archive = stack.enter_context(zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6))
        for part in plan.parts:
            with archive.open(_member(part), "w", force_zip64=True) as member:
                for piece in part.pieces({"sample": sample, "benchmark": benchmark}):
                    member.write(piece)
                    done += len(piece)
                    report(done, plan.size)


def _member(part: Part) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(part.name, time.localtime()[:6])
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = 0o644 << 16
    return member


def _file(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                yield block
    except OSError as error:
        raise InputError(
            Message("{path}: cannot read: {why}", path=path, why=reason(error)),
            Message("try again without it"),
        ) from error

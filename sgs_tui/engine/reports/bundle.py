"""One zip with everything that somebody else needs to judge a comparison: planned first, so that it can be shown.

    comparison.json, vendor_report.txt, report.html     the result: for programs, for the vendor's tools, for people
    sample/, benchmark/                                 DebugConfig.txt, logs, ini beside each dump
    calibration/                                        ranges, shapes
    tensors/<op>.<name>.{sample,benchmark}.npy          the layers that matter, float32, dequantised, without padding
    CONTENT.txt                                         all of this with sizes and origins, and what was left out

Models and whole dumps are not in it: they are large, and often not for everybody.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sgs_tui.engine.compare.results import LayerDiff, Side
from sgs_tui.engine.dumps.file_names import FreeNames
from sgs_tui.engine.numbers import size
from sgs_tui.engine.reports.companions import LARGEST, companions_of
from sgs_tui.engine.reports.details import noteworthy
from sgs_tui.engine.reports.tensors import TensorFile, tensor_of
from sgs_tui.engine.session import CompareRequest
from sgs_tui.engine.text import visible

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

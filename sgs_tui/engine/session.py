"""The one door that both front ends use: open two dumps, compare them in the background, look closer."""

from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from sgs_tui.engine.clock import SECONDS
from sgs_tui.engine.compare.boards import open_pair
from sgs_tui.engine.compare.compare import RowMaker, Sides
from sgs_tui.engine.compare.limits import MANUAL, Profile, vanishing
from sgs_tui.engine.compare.pairing import match
from sgs_tui.engine.compare.parallel import measure_all
from sgs_tui.engine.compare.results import LayerDiff, Matching, Summary, Verdict
from sgs_tui.engine.compare.select import worst_first
from sgs_tui.engine.compare.sums import Kernel
from sgs_tui.engine.dumps.index import HEAD, guess_stage, look_swapped, looks_like_dump, oddities
from sgs_tui.engine.dumps.reader import Dump, open_dump
from sgs_tui.engine.errors import InputError
from sgs_tui.engine.events import Finished, LogLine, Progress, Row, Started
from sgs_tui.engine.files import beside, reading
from sgs_tui.engine.network.scales import pad_lanes_of
from sgs_tui.engine.network.slicing import slicer_of
from sgs_tui.language import Message

if TYPE_CHECKING:
    from sgs_tui.engine.calibration.ranges import Ranges


_DEQUANTIZED = Message(
    "isFloat: 0, values are dequantized with s and z of the headers; s has six decimals there, which moves "
    "values by up to 1.6 %; dump with dequantFixed for exact figures"
)

_PAD_LANES = Message("pad lanes of an Align op: zeros in float, leftover memory in fixed")

CompareEvent = Started | Progress | Row[LayerDiff] | LogLine | Finished


@dataclass(frozen=True, slots=True)
class CompareRequest:
    """What to compare and how. `ranges`: tensor_min_max file; `shapes`: tensor_statistics.txt or a dump.

    `remark`: what a report has to say of how its files were found. `outputs`: the tensors that a file of bare bytes
    holds, in its order. `seconds`: what a diagnosis of it may take (0: no limit). `original`: a dump of the original
    model, against which both are held too (diagnosis/original.py).
    """

    sample: Path
    benchmark: Path
    ranges: Path | None = None
    shapes: Path | None = None
    profile: Profile = field(default=MANUAL)
    remark: str = ""
    outputs: tuple[str, ...] = ()
    seconds: float = SECONDS
    original: Path | None = None


RANGES_FILE = "tensor_min_max.txt"


def with_ranges_beside(request: CompareRequest) -> tuple[CompareRequest, str]:
    """The request with the calibration file beside the dumps, unless ranges are given; and a word on it."""
    found = None if request.ranges else beside(RANGES_FILE, request.sample, request.benchmark)
    if found is None:
        return request, ""
    from sgs_tui.engine.calibration.ranges import load_ranges

    try:
        load_ranges(found)
    except InputError as error:
        return request, Message(
            "{path}, which lies beside the dumps, is not used: {message}", path=found, message=error.message
        )
    return replace(request, ranges=found), Message(
        "ranges are those of {path}, which lies beside the dumps", path=found
    )


@dataclass(frozen=True)
class Comparison:
    """Two open dumps and their matched layers, ready to run (and to run again).

    `matching.pairs` may be empty: a front end then shows `matching.unmatched` and says so.
    """

    request: CompareRequest
    sample: Dump
    benchmark: Dump
    matching: Matching
    ranges: "Ranges | None" = None
    notes: tuple[str, ...] = ()

    @cached_property
    def swapped(self) -> tuple[str, str] | None:
        """The stages of sample and benchmark where they look swapped: all headers are looked at, once."""
        stages = [guess_stage(dump.index) for dump in (self.sample, self.benchmark)]
        first, second = (str(stage).replace("_", " ") for stage in stages)
        return (first, second) if look_swapped(*stages) else None

    def run(self, cancel: Event | None = None, workers: int | None = None) -> Generator[CompareEvent]:
        """Compare layer after layer: Started, LogLines, then Row and Progress in network order, then Finished.

        Bounded memory whatever the layers' sizes. Raises CancelledError soon after `cancel` is set.
        """
        pairs = self.matching.pairs
        total, done = sum(pair.size for pair in pairs), 0
        sides = Sides(self.sample, self.benchmark)
        slicer = slicer_of(self.sample, self.benchmark)
        maker = RowMaker(sides, self.request.profile, self.ranges, Kernel(), slicer)
        yield Started(
            Message("{sample} against {benchmark}", sample=self.sample.path, benchmark=self.benchmark.path), total
        )
        yield from (LogLine(note) for note in self.notes)
        for measured in measure_all(pairs, sides, cancel or Event(), workers):
            yield Row(maker.row(measured))
            done += measured.pair.size
            yield Progress(done, total)
        yield Finished()

    def close(self) -> None:
        self.sample.close()
        self.benchmark.close()


def open_comparison(request: CompareRequest) -> Comparison:
    """Open both dumps (headers only) and match their layers. Raises SgsError."""
    ranges = None
    if request.ranges:
        from sgs_tui.engine.calibration.ranges import load_ranges

        ranges = load_ranges(request.ranges)
    sample, benchmark = open_sides(request)
    matching = _without_pad_lanes(match(sample, benchmark), sample, benchmark)
    return Comparison(request, sample, benchmark, matching, ranges, tuple(_notes(sample, benchmark)))


def open_sides(request: CompareRequest) -> tuple[Dump, Dump]:
    """Sample and benchmark, open. Raises SgsError; then nothing stays open."""
    shapes = _shapes(request.shapes) if request.shapes else {}
    return open_pair(request.sample, request.benchmark, shapes, request.outputs)


def _without_pad_lanes(matching: Matching, sample: Dump, benchmark: Dump) -> Matching:
    """The matching with layers marked whose pad lanes are zeros in float and leftover memory in fixed."""
    lanes = pad_lanes_of(sample, benchmark)
    if not lanes:
        return matching
    pairs = (
        replace(pair, excluded=_PAD_LANES) if {pair.benchmark.name, pair.sample.name} & lanes else pair
        for pair in matching.pairs
    )
    return replace(matching, pairs=tuple(pairs))


def _notes(sample: Dump, benchmark: Dump) -> Iterator[str]:
    """What a user should know before reading numbers."""
    for side, dump in (("sample", sample), ("benchmark", benchmark)):
        if not dump.health.ok:
            yield Message("{side} {path}: {text}", side=Message(side), path=dump.path, text=dump.health.text)
        yield from (
            Message("{side} {path}: {text}", side=Message(side), path=dump.path, text=text)
            for text in oddities(dump.records)
        )
        if dump.index.results:
            yield Message(
                "{side} {path} holds the network's outputs alone ({results})",
                side=Message(side),
                path=dump.path,
                results=dump.index.results,
            )
        elif not dump.is_float and dump.records:
            yield Message("{side} {path}: {text}", side=Message(side), path=dump.path, text=_DEQUANTIZED)


def _shapes(path: Path) -> Mapping[str, tuple[int, ...]]:
    """Shapes by tensor name from a dump that has them, or from tensor_statistics.txt."""
    with reading(path) as file:
        is_dump = looks_like_dump(file.read(HEAD))
    if not is_dump:
        from sgs_tui.engine.calibration.ranges import load_shapes

        return load_shapes(path)
    with open_dump(path) as dump:
        return {record.name: record.shape for record in dump.records if record.shape is not None}


def with_profile(comparison: Comparison, profile: Profile) -> Comparison:
    """The same open comparison under another profile."""
    return replace(comparison, request=replace(comparison.request, profile=profile))


def summarize(rows: Iterable[LayerDiff], matching: Matching) -> Summary:
    """The summary line of a finished (or cancelled) comparison."""
    listed = list(rows)
    failing = [row for row in listed if row.verdict is Verdict.FAIL]
    return Summary(
        layers=len(listed),
        failed=len(failing),
        warned=sum(row.verdict is Verdict.WARN for row in listed),
        not_comparable=sum(row.verdict is Verdict.NOT_COMPARABLE for row in listed),
        unmatched=len(matching.unmatched),
        first_failing=failing[0] if failing else None,
        worst=next((row for row in worst_first(listed) if not vanishing(row)), None),
    )

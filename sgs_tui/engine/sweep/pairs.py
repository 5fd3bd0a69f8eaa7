"""A picture that is a pair of dumps: compared as `compare` does, its numbers kept."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import numpy as np

from sgs_tui.engine.compare.compare import Sides
from sgs_tui.engine.compare.elements import SideReader
from sgs_tui.engine.compare.limits import MANUAL, Profile
from sgs_tui.engine.compare.results import LayerDiff
from sgs_tui.engine.dumps.dtypes import FloatArray
from sgs_tui.engine.dumps.format import Record
from sgs_tui.engine.errors import InputError, NothingComparableError
from sgs_tui.engine.events import Row
from sgs_tui.engine.network.scales import grid_of
from sgs_tui.engine.session import CompareRequest, Comparison, open_comparison
from sgs_tui.engine.sweep.measure import class_agreement, outputs_of, row_of, useful_limits, why_worst
from sgs_tui.engine.sweep.pictures import digest_of
from sgs_tui.engine.sweep.results import InputFigures, Layer, LimitsFrom, Measured, Picture
from sgs_tui.language import Message

if TYPE_CHECKING:
    from sgs_tui.engine.calibration.ranges import Ranges


@dataclass(frozen=True, slots=True)
class DumpPairs:
    """How pairs of dumps are compared. A picture's files are (sample, benchmark). `ini`: for the twin alone, on which
    INT16 is tried."""

    ranges: Path | None = None
    shapes: Path | None = None
    profile: Profile = field(default=MANUAL)
    ini: Path | None = None

    def digest(self) -> str:
        """Of everything but the picture that the figures, and the advice, depend on."""
        files = [path for path in (self.ranges, self.shapes, self.ini) if path is not None]
        more = [] if self.ini is None else ["ini"]
        return digest_of(files, "pairs", repr(self.ranges is not None), repr(self.profile), *more)

    def small_files(self) -> tuple[Path, ...]:
        return tuple(path for path in (self.ranges, self.shapes) if path is not None)

    def moved(self, places: Mapping[Path, Path]) -> "DumpPairs":
        ranges, shapes = (path and places.get(path, path) for path in (self.ranges, self.shapes))
        return replace(self, ranges=ranges, shapes=shapes)

    def open(self) -> "PairMeasurer":
        """What measures, in a worker."""
        return PairMeasurer(self)


@dataclass(frozen=True, slots=True)
class PairMeasurer:
    """Compares one pair after the other."""

    how: DumpPairs

    def measure(self, picture: Picture, cancel: Event | None = None) -> Measured:
        """Raises SgsError: a dump can not be read, nothing is comparable, the sweep was stopped."""
        sample, benchmark = picture.files
        comparison = open_comparison(
            CompareRequest(sample, benchmark, self.how.ranges, self.how.shapes, self.how.profile)
        )
        try:
            return measured(comparison, cancel)
        finally:
            comparison.close()


def measured(comparison: Comparison, cancel: Event | None = None) -> Measured:
    """Every layer of an open comparison, in one process. Raises as `PairMeasurer.measure`."""
    outputs = outputs_of(comparison.benchmark)
    sides = Sides(comparison.sample, comparison.benchmark)
    with closing(comparison.run(cancel, workers=1)) as events:
        rows = [event.value for event in events if isinstance(event, Row)]
    damage = "; ".join(_damage(comparison))
    if all(row.metrics is None for row in rows):
        if damage:
            raise InputError(
                Message("{damage}, so no layer is left to compare", damage=damage), Message("dump it again")
            )
        raise NothingComparableError(
            Message("the dumps share no layer with figures"), Message("`sgs-tui compare` says why of each")
        )
    layers = tuple(_layer(row, comparison.ranges, row.name in outputs) for row in rows)
    figures = [
        row_of(row, layer.limits, _pieces(row, sides), _classes(row, sides))
        for row, layer in zip(rows, layers, strict=True)
    ]
    return Measured(
        layers, np.array(figures), tuple(_inputs(comparison)), len(comparison.matching.unmatched),
        why_worst(rows), damage,
    )  # fmt: skip


def _damage(comparison: Comparison) -> Iterator[str]:
    for dump in (comparison.sample, comparison.benchmark):
        if not dump.health.ok:
            yield Message("{name}: {health}", name=dump.path.name, health=dump.health.text)


def _layer(row: LayerDiff, ranges: "Ranges | None", output: bool) -> Layer:
    limits, source = _limits(row.name, row.pair.sample, ranges)
    return Layer(row.name, row.op_type, row.index, row.pair.benchmark.count, limits, source, output)


def _limits(name: str, sample: Record | None, ranges: "Ranges | None") -> tuple[tuple[float, float] | None, LimitsFrom]:
    """Calibrated ones, else those of the sample's own scale and zero point."""
    known = ranges.find(name) if ranges is not None else None
    if known is not None and (limits := useful_limits(*known)):
        return limits, LimitsFrom.CALIBRATION
    grid = grid_of(sample) if sample is not None else None
    if grid is not None and (limits := useful_limits(grid.low, grid.high)):
        return limits, LimitsFrom.GRID
    return None, LimitsFrom.NOWHERE


def _pieces(row: LayerDiff, sides: Sides) -> Iterator[FloatArray]:
    if not row.pair.indices:
        yield from sides.readers(row.pair).benchmark.pieces()


def _classes(row: LayerDiff, sides: Sides) -> tuple[float, float]:
    readers = sides.readers(row.pair)
    return class_agreement(row.top1, readers.sample, readers.benchmark)


def _inputs(comparison: Comparison) -> Iterator[InputFigures]:
    """The benchmark's graph inputs."""
    samples = {record.name: record for record in comparison.sample.records if not record.constant}
    for item in comparison.matching.unmatched:
        if item.side == "benchmark" and item.reason == "graph input" and item.record.count:
            limits, _ = _limits(item.name, samples.get(item.name), comparison.ranges)
            yield input_figures(item.name, SideReader(comparison.benchmark, item.record).pieces(), limits)


def input_figures(name: str, pieces: Iterable[FloatArray], limits: tuple[float, float] | None) -> InputFigures:
    """Extremes and mean of an input's values, which come in pieces (one at least)."""
    found = [(float(each.min()), float(each.max()), float(each.sum(dtype=np.float64)), each.size) for each in pieces]
    least, greatest, sums, sizes = zip(*found, strict=True)
    return InputFigures(name, min(least), max(greatest), sum(sums) / sum(sizes), limits)

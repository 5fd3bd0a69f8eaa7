"""A picture run by the twin: its float and fixed values in memory, compared as the dumps that `twin --run` writes.

The network is rebuilt once a worker, and runs in segments (see `segments`). The layers of a segment are compared
together and dropped.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import nan
from pathlib import Path
from threading import Event

import numpy as np

from sgs_tui import __version__
from sgs_tui.engine.backends.preprocess import Preprocess, check_scripts
from sgs_tui.engine.backends.twin import PictureInputs, dump_pictures
from sgs_tui.engine.calibration.ranges import Ranges, load_ranges
from sgs_tui.engine.compare.arrays import Arrays, Laid, Sides, Summed, laid_out
from sgs_tui.engine.compare.elements import ArrayReader
from sgs_tui.engine.compare.limits import MANUAL, Profile, judged
from sgs_tui.engine.compare.metrics import LayerFigures
from sgs_tui.engine.compare.pairing import match
from sgs_tui.engine.compare.results import LayerDiff, LayerRange, Pair, RangeSource, Top1, Verdict
from sgs_tui.engine.compare.slices import Before, slices_of, top1_of
from sgs_tui.engine.dumps.format import Record
from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.errors import CancelledError
from sgs_tui.engine.network.graph import build_graph
from sgs_tui.engine.network.narrow import Slices
from sgs_tui.engine.network.scales import CODES, pad_lanes
from sgs_tui.engine.network.slicing import Sliced, Slicer
from sgs_tui.engine.sweep.keeping import stem_of
from sgs_tui.engine.sweep.measure import beyond, class_agreement, outputs_of, row_of, useful_limits, why_worst
from sgs_tui.engine.sweep.pictures import digest_of
from sgs_tui.engine.sweep.results import VERDICTS, InputFigures, Layer, LimitsFrom, Measured, Picture
from sgs_tui.engine.sweep.verdicts import Shortcut, shortcut
from sgs_tui.engine.twin.domains import raised_inputs
from sgs_tui.engine.twin.kernels import Array, Bound
from sgs_tui.engine.twin.meaning import Floats
from sgs_tui.engine.twin.measured import read_plan
from sgs_tui.engine.twin.network import Twin
from sgs_tui.engine.twin.opening import Files, Settings, check_names, open_plan, open_twin, read_settings
from sgs_tui.engine.twin.plan import Grid, Plan, with_int16
from sgs_tui.engine.twin.predict import input_codes
from sgs_tui.engine.twin.rebuild import refuse_barriers
from sgs_tui.engine.twin.segments import Segment, fixed_segments, float_segments, run
from sgs_tui.language import Message

_TOGETHER = 1 << 18
"""Values of layers that are measured together."""


@dataclass(frozen=True, slots=True)
class TwinPictures:
    """How the twin runs pictures: the network's files, `level` and `int16` where no fixed dump tells them, and how a
    picture becomes numbers. A picture's files are one for each input of the network."""

    files: Files
    level: int | None = None
    int16: tuple[str, ...] = ()
    preprocess: Preprocess = field(default=Preprocess())
    profile: Profile = field(default=MANUAL)

    def digest(self) -> str:
        """Of everything but the picture that the figures depend on; what the preprocess imports is not in it."""
        named = self.files.with_neighbors()
        files = (named.float_dump, named.fixed_dump, named.ranges, named.ini, named.softmax, named.channels)
        there = [path for path in files if path is not None]
        words = (__version__, repr([path is None for path in files]), repr(self.level), repr(self.int16))
        return digest_of([*there, *self.preprocess.modules], "twin", *words, repr(self.profile))

    def small_files(self) -> tuple[Path, ...]:
        named = self.files.with_neighbors()
        files = (named.ranges, named.ini, named.softmax, named.channels)
        return (*(path for path in files if path is not None), *self.preprocess.modules)

    def moved(self, places: Mapping[Path, Path]) -> "TwinPictures":
        named = self.files.with_neighbors()
        ranges, ini = (path and places.get(path, path) for path in (named.ranges, named.ini))
        modules = tuple(places.get(path, path) for path in self.preprocess.modules)
        files = replace(named, ranges=ranges, ini=ini)
        return replace(self, files=files, preprocess=replace(self.preprocess, modules=modules, python=sys.executable))

    def check(self, pictures: Sequence[Picture] = ()) -> tuple[str, ...]:
        """Open it once, here: what there is to know about it. Raises InputError, UsageError before anything is run."""
        opened = self.open()
        check_scripts(self.preprocess, len(opened.twin.inputs), [picture.files for picture in pictures])
        if self.files.fixed_dump is None:
            return open_plan(opened.twin, self.files, self.level, self.int16, opened.settings)[1]
        return opened.settings.notes

    def dump(self, pictures: Sequence[Picture], folder: Path) -> Iterator[Path]:
        """Write both dumps of pictures into `folder`: their paths, as they are written. Raises SgsError."""
        made = self.open()
        samples, pixels = [picture.files for picture in pictures], made.settings.pixels
        names = [stem_of(picture) for picture in pictures]
        for each in dump_pictures(made.twin, samples, self.preprocess, folder, made.plan, pixels, names=names):
            yield from (path for path in (each.float_dump, each.fixed_dump) if path is not None)

    def open(self) -> "TwinMeasurer":
        """Rebuild and plan. Raises InputError, UsageError."""
        twin, settings = open_twin(self.files.float_dump), read_settings(self.files)
        refuse_barriers(twin)
        if self.files.fixed_dump is None:
            plan, _ = open_plan(twin, self.files, self.level, self.int16, settings)
        else:
            plan = read_plan(twin, open_dump(self.files.fixed_dump), settings.ranges, settings.softmax)
            check_names(twin, self.int16, plan)
            more = raised_inputs(twin, self.int16) if plan.qdq is None else self.int16
            plan = with_int16(plan, (*plan.raised, *more)) if self.int16 else plan
        return TwinMeasurer(self, twin, plan, settings)


@dataclass(frozen=True, slots=True)
class _Known:
    """What is the same of a layer on every picture: the pair of the dumps that would be written, how it is sliced and
    whether it scores classes, the shortcut to its verdict where there is one."""

    pair: Pair
    layer: Layer
    sliced: Sliced | None
    classes: bool
    short: Shortcut | None


@dataclass(slots=True)
class _Seen:
    """What is needed of a picture's layers until the last one: rows by their places, and of the layers judged
    without one the worst that warns and that fails: its RMSE, place and sums."""

    before: Before = field(default_factory=Before)
    place: int = 0
    rows: list[tuple[int, LayerDiff]] = field(default_factory=list)
    worst: dict[Verdict, tuple[float, int, Pair, Summed]] = field(default_factory=dict)

    def add(self, known: _Known, summed: Summed, verdict: Verdict, rmse: float) -> None:
        name = known.layer.name
        self.before.widths[name] = summed.greatest - summed.least
        if verdict is Verdict.FAIL:
            self.before.failing.add(name)
        if verdict is not Verdict.OK and (verdict not in self.worst or rmse > self.worst[verdict][0]):
            self.worst[verdict] = rmse, self.place, known.pair, summed


@dataclass
class TwinMeasurer:
    """Runs and compares one picture after the other."""

    how: TwinPictures
    twin: Twin
    plan: Plan
    settings: Settings
    _arrays: Arrays = field(default_factory=Arrays)

    def measure(self, picture: Picture, cancel: Event | None = None) -> Measured:
        """Raises SgsError: the picture is no input of the network, its preprocess fails, the sweep was stopped."""
        inputs, _ = self._inputs.read(picture.files, cancel)
        layers, numbers, seen = list[Layer](), list[list[float]](), _Seen()
        for told, laid in self._sides(inputs, cancel):
            for known, sides, summed in zip(told, laid.sides, self._arrays.sums(laid), strict=True):
                layers.append(known.layer)
                seen.place = len(layers)
                numbers.append(self._numbers(known, sides, summed, seen))
        return Measured(
            tuple(layers),
            np.array(numbers),
            tuple(self._input_figures(name, values) for name, values in inputs.items()),
            reason=self._reason(seen),
        )

    def _numbers(self, known: _Known, sides: Sides, summed: Summed, seen: _Seen) -> list[float]:
        """The layer's `COLUMNS`."""
        limits = known.layer.limits
        found = known.short.verdict(summed) if known.short is not None else None
        if found is not None:
            verdict, errors = found
            seen.add(known, summed, verdict, errors.rmse)
            extremes = beyond(summed.least, summed.greatest, limits, sides[1:])
            return [*errors, *extremes, nan, nan, float(VERDICTS.index(verdict))]
        row = self._row(known, self._arrays.figures(sides, summed), sides, seen.before)
        seen.rows.append((seen.place, row))
        return row_of(row, limits, sides[1:], class_agreement(row.top1, *map(ArrayReader, sides)))

    def _sides(self, inputs: Mapping[str, Floats], cancel: Event | None) -> Iterator[tuple[Sequence[_Known], Laid]]:
        """Every layer that both stages have, in the float dump's order, with its values in fixed and float: so many at
        once that measuring them together is worth it. The values are good until the next ones are asked for."""
        codes = input_codes(self.plan, inputs, self.settings.pixels)
        if self._whole is None:
            yield from self._in_parts(codes, inputs, cancel)
            return
        told, laid, stages = self._whole
        for (segment, bound), given in zip(stages, (codes, inputs), strict=True):
            if cancel is not None and cancel.is_set():
                raise CancelledError(Message("the run was stopped"))
            bound.run([given[name] for name in segment.reads])
        yield told, laid

    def _in_parts(
        self, codes: Mapping[str, Array], inputs: Mapping[str, Floats], cancel: Event | None
    ) -> Iterator[tuple[Sequence[_Known], Laid]]:
        """Of a network in several segments: its memory does not grow with the network."""
        fixed, waiting = run(self._fixed_segments, codes, cancel), dict[str, Floats]()
        told, found, held = list[_Known](), list[tuple[Floats, Floats]](), 0
        for name, values in run(self._float_segments, inputs, cancel):
            known = self._known.get(name)
            if known is None:
                continue
            while name not in waiting:
                waiting.update((next(fixed),))
            told.append(known)
            found.append((waiting.pop(name), values))
            held += values.size
            if held > _TOGETHER:
                yield told, laid_out(found)
                told, found, held = [], [], 0
        yield told, laid_out(found)

    @cached_property
    def _whole(self) -> tuple[Sequence[_Known], Laid, tuple[tuple[Segment, Bound], tuple[Segment, Bound]]] | None:
        """Both stages of a network of one segment, writing the values of its layers to where they are compared."""
        if len(self._fixed_segments) != 1 or len(self._float_segments) != 1:
            return None
        fixed, floats = self._fixed_segments[0], self._float_segments[0]
        told = [self._known[name] for name in floats.tells if name in self._known]
        laid = Laid([known.layer.size for known in told])
        rooms = ({known.layer.name: sides[at] for known, sides in zip(told, laid.sides, strict=True)} for at in (0, 1))
        first, second = ((each, each.bound(room)) for each, room in zip((fixed, floats), rooms, strict=True))
        return told, laid, (first, second)

    @cached_property
    def _inputs(self) -> PictureInputs:
        return PictureInputs(self.twin, self.how.preprocess)

    @cached_property
    def _fixed_segments(self) -> list[Segment]:
        return fixed_segments(self.plan)

    @cached_property
    def _float_segments(self) -> list[Segment]:
        return float_segments(self.twin)

    @cached_property
    def _known(self) -> dict[str, _Known]:
        """The layers that are compared, by name."""
        dump = self.twin.dump
        stored, outputs, lanes = frozenset(self.plan.layers()), outputs_of(dump), pad_lanes(build_graph(dump))
        slicer, found = Slicer(dump), dict[str, _Known]()
        for each in match(dump, dump).pairs:
            name = each.name
            if name not in stored:
                continue
            excluded = "pad lanes" if name in lanes else None
            pair = replace(each, sample=self._header(each.sample), excluded=excluded)
            limits, source = self._limits(name)
            about = name, pair.op_type, pair.benchmark.op_index, pair.benchmark.count
            sliced = slicer.of(pair.benchmark)
            found[name] = _Known(
                pair,
                Layer(*about, limits, source, name in outputs),
                sliced,
                sliced is not None and slicer.scores_classes(pair.benchmark),
                shortcut(pair, self._calibrated(name), self.how.profile) if sliced is None else None,
            )
        return found

    def _header(self, record: Record) -> Record:
        """As the fixed dump prints it: the scale with six decimals."""
        grid = self.plan.grids.get(record.name)
        if grid is None:
            return record
        return replace(record, scale=float(f"{grid.scale:f}"), zero_point=grid.zero, type_name=grid.type_name)

    def _row(self, known: _Known, found: LayerFigures, sides: Sides, before: Before) -> LayerDiff:
        pair = known.pair
        if pair.excluded is not None:
            return LayerDiff(pair, None, None, None, None, Verdict.NOT_COMPARABLE, (pair.excluded,))
        before.widths[pair.name] = found.benchmark.width
        row = self._judged(pair, found, *self._closer(known, found, sides, before))
        if row.verdict is Verdict.FAIL:
            before.failing.add(row.name)
        return row

    def _judged(
        self, pair: Pair, found: LayerFigures, slices: Slices | None = None, top1: Top1 | None = None
    ) -> LayerDiff:
        known = self._calibrated(pair.name)
        source = RangeSource.BENCHMARK if known is None else RangeSource.CALIBRATION
        low, high = known or (found.benchmark.minimum, found.benchmark.maximum)
        shared = (pair, found.metrics, found.sample, found.benchmark, LayerRange(low, high, source), Verdict.OK)
        return judged(LayerDiff(*shared, slices=slices, top1=top1), self.how.profile)

    def _reason(self, seen: "_Seen") -> str:
        rows = dict(seen.rows)
        rows.update((place, self._judged(pair, summed.figures())) for _, place, pair, summed in seen.worst.values())
        return why_worst([rows[place] for place in sorted(rows)])

    def _closer(
        self, known: _Known, found: LayerFigures, sides: Sides, before: Before
    ) -> tuple[Slices | None, Top1 | None]:
        """What only graph outputs and concats have."""
        if known.sliced is None or not (found.sample.finite and found.benchmark.finite):
            return None, None
        readers = ArrayReader(sides[0]), ArrayReader(sides[1])
        slices = slices_of(known.pair, known.sliced, found.benchmark, readers, before, self._calibrated)
        return slices, top1_of(readers) if known.classes else None

    def _calibrated(self, name: str) -> tuple[float, float] | None:
        return self._ranges.find(name) if self._ranges is not None else None

    @cached_property
    def _ranges(self) -> Ranges | None:
        path = self.how.files.with_neighbors().ranges
        return load_ranges(path) if path is not None else None

    def _limits(self, name: str) -> tuple[tuple[float, float] | None, LimitsFrom]:
        known = self._calibrated(name)
        if known is not None and (limits := useful_limits(*known)):
            return limits, LimitsFrom.CALIBRATION
        grid = self.plan.grids.get(name)
        return (_span(grid), LimitsFrom.GRID) if grid is not None and grid.limited else (None, LimitsFrom.NOWHERE)

    def _input_figures(self, name: str, values: Floats) -> InputFigures:
        mean = float(values.sum(dtype=np.float64)) / values.size
        return InputFigures(name, float(values.min()), float(values.max()), mean, self._limits(name)[0])


def _span(grid: Grid) -> tuple[float, float]:
    low, high = ((code - grid.zero) * grid.scale for code in CODES[grid.type_name])
    return low, high

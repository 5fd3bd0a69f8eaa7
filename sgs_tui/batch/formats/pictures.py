"""`histogram --png`: one picture a layer, made by one process per core."""

import io
import logging
import os
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from functools import partial
from math import isfinite
from os import sched_getaffinity
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from rich.cells import cell_len

from sgs_tui.batch.console import Screen, cut
from sgs_tui.batch.progress import Meter
from sgs_tui.batch.words import percent
from sgs_tui.engine.calibration.ranges import Bounds, load_ranges
from sgs_tui.engine.compare.histogram import BARS, Bars, Tally, bars_of, step_of, view_of
from sgs_tui.engine.dumps.format import DumpIndex
from sgs_tui.engine.dumps.reader import Dump, open_dump
from sgs_tui.engine.dumps.source import Source
from sgs_tui.engine.dumps.writer import FreeNames
from sgs_tui.engine.errors import FileChangedError, InputError, SgsError, UsageError, reason
from sgs_tui.engine.files import claim_folder
from sgs_tui.engine.numbers import count, figure
from sgs_tui.engine.pool import process_pool
from sgs_tui.engine.reports.details import Portrait, Subject, portray, subjects_of
from sgs_tui.engine.text import encode, visible
from sgs_tui.language import Message, _, clauses

# One layer's histogram as a PNG, by matplotlib (the extra `png`), without pyplot and without a display.
#
# Blue: the values; orange line: the other stage; red dashes: the calibrated min and max.

_BLUE, _ORANGE, _RED, _GREY = "#1f77b4", "#d95f02", "#d62728", "#555555"
_WIDTH, _HEIGHT, _DPI = 8.0, 4.5, 100
_FONTS = (
    *("DejaVu Sans", "Noto Sans CJK SC", "Source Han Sans SC", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei"),
    *("Droid Sans Fallback", "SimHei", "Microsoft YaHei"),
)
"""The first is matplotlib's own; the others, where they are installed, have the Chinese characters it lacks."""
_MARGIN = 0.03
_LEAST_SHARE = 0.004
"""Of the picture's width: what a bar gets at least, or a constant tensor would be invisible."""


@dataclass(frozen=True, slots=True)
class Look:
    """What the two stages are called in the legend; `log`: counts on a logarithmic axis; at most `bars` bars."""

    dump: str
    against: str = ""
    log: bool = False
    bars: int = BARS


_PAPER = Screen()
_TITLE_ROOM, _LABEL_ROOM = 76, 40
"""Cells (a Chinese character has two) that fit."""


def _title(portrait: Portrait) -> str:
    record = portrait.subject.record
    head, tail = f"{record.op_index}  ", f"  ({cut(record.op_type, 24, _PAPER)})"
    return head + cut(record.name, _TITLE_ROOM - cell_len(head) - cell_len(tail), _PAPER) + tail


def _facts(portrait: Portrait, look: Look) -> Iterator[tuple[str, str]]:
    """(line, color): one for each side and one for the range, each as what it tells about is drawn."""
    yield _values(look.dump, portrait.tally), _BLUE
    if portrait.other is not None:
        yield _values(look.against, portrait.other), _ORANGE
    elif look.against:
        yield _("{dump} has no such layer", dump=cut(look.against, _LABEL_ROOM, _PAPER)), _GREY
    if portrait.subject.bounds is None:
        yield _("no calibrated range"), _GREY
        return
    low, high = portrait.subject.bounds
    shares = " / ".join(percent(tally.outside_share) for tally in portrait.tallies)
    text = _(
        "calibrated {low} to {high}, range {range}; outside of it: {shares}",
        low=figure(low),
        high=figure(high),
        range=figure(high - low),
        shares=shares,
    )
    yield text, _RED


def _values(side: str, tally: Tally) -> str:
    return _("{side}: {facts}", side=cut(side, _LABEL_ROOM, _PAPER), facts=clauses(_counted(tally)))


def _counted(tally: Tally) -> Iterator[str]:
    yield count(tally.stats.count, "value")
    if tally.finite:
        yield Message("{low} to {high}", low=figure(tally.stats.minimum), high=figure(tally.stats.maximum))
        yield Message("mean {figure}", figure=figure(tally.stats.mean))
        yield Message("{percent} zeros", percent=percent(tally.stats.zeros / tally.finite))
    for number, what in ((tally.stats.nan, "NaN"), (tally.stats.inf, "Inf")):
        if number:
            yield Message("{number:,} {what} (not drawn)", number=number, what=what)


def require_matplotlib() -> None:
    """Raise UsageError, saying how to get it, where matplotlib is missing or broken."""
    logging.getLogger("matplotlib").setLevel(logging.CRITICAL)
    try:
        import matplotlib.backends.backend_agg
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        said = Message("pictures need matplotlib, which can not be loaded here: {error}", error=error)
        raise UsageError(said, Message("install it with: pip install 'sgs-tui[png]'")) from error


class _Painter:
    """Draws one picture after the other on the same axes, which is twice as fast as new ones. Use in one thread."""

    def __init__(self, look: Look) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

        self._look = look
        self._fonts = _installed_fonts()
        self._figure: Figure = Figure(figsize=(_WIDTH, _HEIGHT), dpi=_DPI)
        FigureCanvasAgg(self._figure)
        self._axes: Any = self._figure.add_axes((0.09, 0.08, 0.89, 0.69))
        self._axes.spines[["top", "right"]].set_visible(False)
        self._axes.set_ylabel("values (log)" if look.log else "values")
        self._axes.yaxis.set_label_coords(-0.075, 0.5)
        if look.log:
            self._axes.set_yscale("log")
            self._axes.yaxis.set_minor_formatter(NullFormatter())
        else:
            self._axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
        self._axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _many(value)))
        self._axes.xaxis.set_major_locator(MaxNLocator(nbins=7))
        self._axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.9g}"))

    def paint(self, portrait: Portrait) -> bytes:
        """The picture as PNG bytes: the same for the same counts and the same version of matplotlib."""
        drawn = [*self._text(portrait), *self._values(portrait)]
        buffer = io.BytesIO()
        self._figure.savefig(buffer, format="png", metadata={"Software": None}, pil_kwargs={"compress_level": 1})
        for artist in drawn:
            artist.remove()
        return buffer.getvalue()

    def _text(self, portrait: Portrait) -> list[Any]:
        """Name and facts above the axes, each in the color of what it tells about: no legend needs room."""
        lines = enumerate(_facts(portrait, self._look))
        return [
            self._line(0.955, _title(portrait), 12, "black"),
            *(self._line(0.9 - 0.045 * n, text, 9, color) for n, (text, color) in lines),
        ]

    def _line(self, height: float, text: str, size: int, color: str) -> Any:
        """A name is data: `$` in it is no formula. Looking through several fonts takes time, so not for ASCII."""
        family = self._fonts[:1] if text.isascii() else self._fonts
        written = self._figure.text(0.02, height, text, size=size, color=color, va="center", family=family)
        written.set_parse_math(False)
        return written

    def _values(self, portrait: Portrait) -> list[Any]:
        step = step_of(portrait.subject.record, portrait.tally.stats.minimum, portrait.tally.stats.maximum)
        bars = bars_of(portrait.tallies, self._look.bars, step)
        self._axes.set_visible(bars is not None)
        if bars is None:
            return [self._figure.text(0.5, 0.45, _("no finite values"), size=14, color=_GREY, ha="center")]
        low, high = view_of(float(bars.edges[0]), float(bars.edges[-1]), portrait.subject.bounds or ())
        room = _MARGIN * (high - low)
        self._axes.set_xlim(low - room, high + room)
        return [*self._stairs(_thickened(bars, high - low)), *self._limits(portrait.subject.bounds)]

    def _stairs(self, bars: Bars) -> list[Any]:
        from matplotlib.patches import StepPatch

        highest = max(int(side.max(initial=0)) for side in bars.sides) or 1
        self._axes.set_ylim(0.7 if self._look.log else 0, highest * (2 if self._look.log else 1.05))
        styles: list[dict[str, Any]] = [
            {"fill": True, "color": _BLUE, "zorder": 2},
            {"fill": False, "color": _ORANGE, "linewidth": 1.4, "zorder": 3},
        ]
        # `Axes.stairs` would also work out the limits that were just set, which takes a quarter of the whole time.
        steps = [StepPatch(side, bars.edges, **style) for side, style in zip(bars.sides, styles, strict=False)]
        return [self._axes.add_artist(step) for step in steps]

    def _limits(self, bounds: Bounds | None) -> list[Any]:
        if bounds is None:
            return []
        dashes = {"color": _RED, "linestyle": "--", "linewidth": 1.3, "zorder": 4}
        return [self._axes.axvline(bound, **dashes) for bound in bounds if isfinite(bound)]


def _thickened(bars: Bars, width: float) -> Bars:
    least = _LEAST_SHARE * width
    if len(bars.edges) > 2 or bars.edges[1] - bars.edges[0] >= least:
        return bars
    middle = (bars.edges[0] + bars.edges[1]) / 2
    return Bars(np.array([middle - least / 2, middle + least / 2]), bars.sides)


def _many(number: float) -> str:
    """A count on the axis, which has room for six characters."""
    if number < 1e4:
        return f"{number:g}"
    return f"{number / 1e3:g} k" if number < 1e6 else f"{number / 1e6:g} M"


def _installed_fonts() -> list[str]:
    """Those of the wanted families that are here; matplotlib complains about each that is not."""
    from matplotlib.font_manager import fontManager

    here = {font.name for font in fontManager.ttflist}
    return [name for name in _FONTS if name in here]


# Pictures by one process per core: each counts a layer and draws it, because drawing holds the interpreter too.


@dataclass(frozen=True, slots=True)
class Sheet:
    """One picture to be made, and where to."""

    subject: Subject
    path: Path


Made = tuple[Sheet, str | None]


@dataclass(slots=True)
class _Worker:
    """What makes pictures: the open dumps and a painter."""

    dumps: Sequence[Dump]
    painter: _Painter

    def make(self, sheet: Sheet) -> str | None:
        """Draw one; why it could not be counted, or None. Raises InputError where it can not be written."""
        try:
            portrait = portray(sheet.subject, self.dumps[0], self.dumps[1] if len(self.dumps) > 1 else None)
        except SgsError as error:
            return error.message
        picture = self.painter.paint(portrait)
        try:
            with sheet.path.open("xb") as file:
                file.write(picture)
        except OSError as error:
            raise InputError(
                Message("{path}: cannot write: {why}", path=sheet.path, why=reason(error)),
                Message("check free space and rights"),
            ) from error
        return None


def _made(sheets: Sequence[Sheet], dumps: Sequence[Dump], look: Look, workers: int | None = None) -> Generator[Made]:
    """Every sheet when it is done, with why it could not be, or None; the largest layers are begun first.

    `dumps`: the dump, and the other stage where there is one. Leaving early ends the processes. Raises SgsError
    where a picture can not be written or a process dies.
    """
    count = min(len(sheets), workers or len(sched_getaffinity(0)))
    largest_first = sorted(sheets, key=lambda sheet: -sheet.subject.size)
    if count > 1:
        yield from _in_processes(largest_first, dumps, look, count)
        return
    worker = _Worker(dumps, _Painter(look))
    yield from ((sheet, worker.make(sheet)) for sheet in largest_first)


_workers: list[_Worker] = []
"""This process' own worker, set once by the initializer; empty in the main process."""


def _start_worker(files: Sequence[tuple[Path, DumpIndex]], look: Look) -> None:
    dumps = [Dump(_unchanged(Source(path), index), index) for path, index in files]
    _workers.append(_Worker(dumps, _Painter(look)))


def _unchanged(source: Source, index: DumpIndex) -> Source:
    if source.state != index.state:
        raise FileChangedError(
            Message("{path}: file changed since it was opened", path=source.path), Message("run the command again")
        )
    return source


def _make(sheet: Sheet) -> str | None:
    return _workers[0].make(sheet)


def _in_processes(sheets: Sequence[Sheet], dumps: Sequence[Dump], look: Look, count: int) -> Generator[Made]:
    files = [(dump.path.absolute(), replace(dump.index, records=())) for dump in dumps]
    try:
        with process_pool(count, partial(_start_worker, files, look)) as pool:
            tasks: dict[Future[str | None], Sheet] = {pool.submit(_make, sheet): sheet for sheet in sheets}
            for task in as_completed(tasks):
                yield tasks[task], task.result()
    except BrokenProcessPool as error:
        raise SgsError(
            Message("a drawing process died (out of memory, or the dump changed)"), Message("run the command again")
        ) from error


@dataclass(frozen=True, slots=True)
class PicturesWanted:
    """`layers`: names, none for all layers; `log`: logarithmic counts; `bars`: at most so many in a picture."""

    dump: Path
    folder: Path
    ranges: Path | None = None
    against: Path | None = None
    layers: tuple[str, ...] = ()
    log: bool = False
    bars: int = BARS


@dataclass(frozen=True, slots=True)
class PicturesMade:
    """How many and how fast; `moved`: where the folder's old content is now; lines on what is missing and why."""

    count: int
    bytes_read: int
    seconds: float
    moved: Path | None
    failures: tuple[str, ...] = ()
    damage: tuple[str, ...] = ()


def draw_pictures(wanted: PicturesWanted, workers: int | None = None) -> PicturesMade:
    """Count and draw every layer asked for. Raises SgsError; a layer that can not be read is in `failures`."""
    require_matplotlib()
    start, inputs = perf_counter(), [path for path in (wanted.dump, wanted.against, wanted.ranges) if path]
    ranges = load_ranges(wanted.ranges) if wanted.ranges else None
    with ExitStack() as stack:
        dump = stack.enter_context(open_dump(wanted.dump))
        against = stack.enter_context(open_dump(wanted.against)) if wanted.against else None
        subjects = subjects_of(dump, against, ranges, wanted.layers)
        if not subjects:
            message = Message("{path}: holds no layer to draw ({health})", path=dump.path, health=dump.health.text)
            raise InputError(message, Message("`sgs-tui inspect` shows what it holds"))
        look = Look(dump.path.name, against.path.name if against else "", wanted.log, wanted.bars)
        dumps, numbers = [dump, *([against] if against else [])], [subject.record.op_index for subject in subjects]
        return draw_subjects(subjects, numbers, wanted.folder, inputs, dumps, look, start, workers)


def draw_subjects(
    subjects: Sequence[Subject],
    numbers: Sequence[int],
    folder: Path,
    inputs: Sequence[Path],
    dumps: Sequence[Dump],
    look: Look,
    start: float,
    workers: int | None = None,
) -> PicturesMade:
    """A picture of each subject of one or two dumps in `folder`, by its number; `start`: of the time that is told.

    The bytes of the files' names are the tensors' own, whatever the locale; `/` becomes `_`, nothing else changes
    unless it has to. What is in the folder is moved away; `inputs` may not be in it.
    """
    moved, free = claim_folder(folder, inputs), FreeNames()
    sheets = []
    for number, subject in zip(numbers, subjects, strict=True):
        tensor = subject.record.name
        name, _ = free.take(f"{number}.{tensor.replace('/', '_')}", ".png", tensor)
        sheets.append(Sheet(subject, folder / os.fsdecode(encode(name))))
    total, done, failures = sum(subject.size for subject in subjects), 0, []
    with Meter(Message("drawing"), rate=True) as meter, closing(_made(sheets, dumps, look, workers)) as results:
        for sheet, error in results:
            done += sheet.subject.size
            meter.report(done, total)
            if error is not None:
                failures.append(
                    Message("{name}: no picture: {error}", name=visible(sheet.subject.record.name), error=error)
                )
    damage = tuple(
        Message("{path}: {health}", path=dump.path, health=dump.health.text) for dump in dumps if not dump.health.ok
    )
    return PicturesMade(len(sheets) - len(failures), total, perf_counter() - start, moved, tuple(failures), damage)

"""`histogram --png`: one picture a layer, made by one process per core."""

from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from sgs_tui.batch.pictures_draw import Look, require_matplotlib
from sgs_tui.batch.pictures_meter import RateMeter
from sgs_tui.batch.pictures_names import file_names
from sgs_tui.batch.pictures_pool import Sheet, made_sheets
from sgs_tui.engine.calibration.ranges import Ranges, load_ranges
from sgs_tui.engine.dumps.reader import Dump, open_dump
from sgs_tui.engine.errors import InputError
from sgs_tui.engine.reports.bars import BARS
from sgs_tui.engine.reports.folder import claim_folder
from sgs_tui.engine.reports.portraits import Subject, subjects_of
from sgs_tui.engine.text import visible


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
    start = perf_counter()
    ranges = load_ranges(wanted.ranges) if wanted.ranges else None
    with ExitStack() as stack:
        dump = stack.enter_context(open_dump(wanted.dump))
        against = stack.enter_context(open_dump(wanted.against)) if wanted.against else None
        subjects = _subjects(wanted, dump, against, ranges)
        moved = claim_folder(wanted.folder, [path for path in (wanted.dump, wanted.against, wanted.ranges) if path])
        sheets = [Sheet(s, wanted.folder / name) for s, name in zip(subjects, file_names(subjects), strict=True)]
        dumps = [d for d in (dump, against) if d is not None]
        failures = draw_sheets(sheets, dumps, Look(dump.path.name, _name(against), wanted.log, wanted.bars), workers)
        damage = tuple(f"{d.path}: {d.health}" for d in dumps if not d.health.ok)
    size = sum(subject.size for subject in subjects)
    return PicturesMade(len(sheets) - len(failures), size, perf_counter() - start, moved, failures, damage)


def _subjects(wanted: PicturesWanted, dump: Dump, against: Dump | None, ranges: Ranges | None) -> tuple[Subject, ...]:
    subjects = subjects_of(dump, against, ranges, wanted.layers)
    if not subjects:
        raise InputError(
            f"{dump.path}: holds no layer to draw ({dump.health})", "`sgs-tui inspect` shows what it holds"
        )
    return subjects


def _name(dump: Dump | None) -> str:
    return dump.path.name if dump else ""


def draw_sheets(
    sheets: Sequence[Sheet], dumps: Sequence[Dump], look: Look, workers: int | None = None
) -> tuple[str, ...]:
    """Make all pictures of one or two dumps; one line for each that could not be made."""
    total, done, failures = sum(sheet.subject.size for sheet in sheets), 0, []
    with RateMeter("drawing") as meter, closing(made_sheets(sheets, dumps, look, workers)) as results:
        for sheet, error in results:
            done += sheet.subject.size
            meter.report(done, total)
            if error is not None:
                failures.append(f"{visible(sheet.subject.record.name)}: no picture: {error}")
    return tuple(failures)

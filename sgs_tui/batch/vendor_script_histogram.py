"""`vendor-script histogram`: `Histograms/<i>.<name>.png` for the entries of a range file (interop notes 5.2)."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from sgs_tui.batch.pictures import draw_sheets
from sgs_tui.batch.pictures_draw import Look, require_matplotlib
from sgs_tui.batch.pictures_names import file_names
from sgs_tui.batch.pictures_pool import Sheet
from sgs_tui.engine.calibration.ranges import Ranges, load_ranges
from sgs_tui.engine.dumps.reader import Dump, open_dump
from sgs_tui.engine.dumps.records import Record
from sgs_tui.engine.errors import InputError
from sgs_tui.engine.reports.folder import claim_folder
from sgs_tui.engine.reports.portraits import Subject

FOLDER = Path("Histograms")


@dataclass(frozen=True, slots=True)
class Drawn:
    """How many pictures, seconds, where an older folder went, what could not be drawn, what is wrong with the dump."""

    count: int
    seconds: float
    moved: Path | None
    failures: tuple[str, ...]
    damage: tuple[str, ...]


def draw(dump_path: Path, ranges_path: Path) -> Drawn:
    """A picture for each entry that has data, numbered as the entries are. Raises SgsError."""
    require_matplotlib()
    start = perf_counter()
    ranges = load_ranges(ranges_path)
    with open_dump(dump_path) as dump:
        found = list(_subjects(dump, ranges))
        if not found:
            raise InputError(f"{ranges_path}: none of its tensors is in {dump_path}", "are both of the same network?")
        moved = claim_folder(FOLDER, [dump_path, ranges_path])
        subjects = [subject for _, subject in found]
        names = file_names(subjects, [number for number, _ in found])
        sheets = [Sheet(subject, FOLDER / name) for subject, name in zip(subjects, names, strict=True)]
        failures = draw_sheets(sheets, [dump], Look(dump_path.name))
        damage = () if dump.health.ok else (f"{dump_path}: {dump.health}",)
    return Drawn(len(sheets) - len(failures), perf_counter() - start, moved, failures, damage)


def _subjects(dump: Dump, ranges: Ranges) -> Iterator[tuple[int, Subject]]:
    """Entries in the file's order with the first record of exactly that name, inputs and constants included."""
    first: dict[str, Record] = {}
    for record in dump.records:
        first.setdefault(record.name, record)
    for number, (name, bounds) in enumerate(ranges.by_name.items()):
        if name in first:
            yield number, Subject(first[name], None, bounds, first[name].shape)

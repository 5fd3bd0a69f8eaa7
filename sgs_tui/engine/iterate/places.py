"""Folders that hold a comparison: a run, a run with its partner, the demo, any folder with float.bin and fixed.bin."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sgs_tui.engine.errors import InputError
from sgs_tui.engine.simulate.embedded import EmbeddedFiles
from sgs_tui.engine.simulate.run_list import Run, list_runs, read_run
from sgs_tui.engine.simulate.run_pairs import newest_pair

INI = "input_config.ini"


@dataclass(frozen=True, slots=True)
class Place:
    """Two dumps that belong together, and what lies beside them."""

    folder: Path
    sample: Path
    benchmark: Path
    ranges: Path | None = None
    ini: Path | None = None


def place_of(folder: Path) -> Place:
    """The comparison that a folder holds. Raises InputError, saying what is missing."""
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder", "check the path")
    ini = folder / INI if (folder / INI).is_file() else None
    if (folder / "request.json").is_file():
        return _of_run(read_run(folder), ini)
    files = EmbeddedFiles.below(folder)
    missing = next((path for path in (files.fixed_dump, files.float_dump) if not path.is_file()), None)
    if missing is not None:
        raise InputError(f"{folder}: is no run and has no {missing.name}", "name a run folder, or both dumps")
    return Place(folder, files.fixed_dump, files.float_dump, files.ranges if files.ranges.is_file() else None, ini)


def _of_run(run: Run, ini: Path | None) -> Place:
    if run.dump is None:
        raise InputError(f"{run.name} ({run.state}) has no dump", "`sgs-tui runs show NAME` says why")
    if len(run.dumps) > 1:
        return Place(run.folder.path, run.dumps[1], run.dumps[0], run.ranges, ini)
    partner = _partner(run, list_runs(run.folder.root))
    if partner is None or partner.dump is None:
        message = f"{run.name}: no dump of another stage of this network on this image is in {run.folder.root}"
        raise InputError(message, "dump the float model too, or name both dumps")
    return Place(run.folder.path, run.dump, partner.dump, run.ranges or partner.ranges, ini)


def _partner(run: Run, runs: Sequence[Run]) -> Run | None:
    """The benchmark that was dumped nearest to a run in time: a later conversion may have another graph."""

    def distance(other: Run) -> float:
        return abs(other.status.created - run.status.created)

    others = sorted((other for other in runs if other.name != run.name), key=distance)
    pairs = (newest_pair((run, other)) for other in others)
    return next((pair[1] for pair in pairs if pair is not None and pair[0] is run), None)

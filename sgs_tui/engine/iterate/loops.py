"""How the models behind a dump can be made again after an INT16 change: by the user's commands, or by onnxruntime."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sgs_tui.engine.errors import InputError
from sgs_tui.engine.iterate.config import NAME, IterateConfig, load_config
from sgs_tui.engine.iterate.embedded import is_demo, is_embedded
from sgs_tui.engine.iterate.places import Place, place_of
from sgs_tui.engine.iterate.start import iterations_root
from sgs_tui.engine.simulate.run_folder import ROOT_NAME
from sgs_tui.engine.simulate.run_list import Run, read_run


@dataclass(frozen=True, slots=True)
class Commands:
    """A network whose folder says in sgs-tui.toml how its models are made."""

    config: IterateConfig

    @property
    def root(self) -> Path:
        """Where its iterations are kept."""
        return iterations_root(self.config)


@dataclass(frozen=True, slots=True)
class Requantised:
    """A run that was quantised here, and can be again as another run."""

    run: Run


@dataclass(frozen=True, slots=True)
class Demo:
    """The demo's folder, whose files are made anew."""

    place: Place


Loop = Commands | Requantised | Demo


def find_loop(sample: Path | None, folders: Sequence[Path]) -> Loop | None:
    """How the models behind a sample are made again; None where nothing says so.

    What was quantised here is known by its run or its mark; else the first of `folders` with an sgs-tui.toml says it.
    Raises InputError where that file, or the run's request, is damaged.
    """
    if sample is not None:
        if (sample.parent / "request.json").is_file() and is_embedded(run := read_run(sample.parent)):
            return Requantised(run)
        if (place := _demo(sample)) is not None:
            return Demo(place)
    home = next((folder for folder in folders if (folder / NAME).is_file()), None)
    return None if home is None else Commands(load_config(home))


def network_folders(sample: Path | None, *others: Path) -> tuple[Path, ...]:
    """Where a dump's sgs-tui.toml may be: beside it, or for a run's dump beside the runs, then in the others."""
    found = [*(_homes(sample) if sample is not None else ()), *others]
    return tuple({folder.absolute(): folder for folder in reversed(found)}.values())[::-1]


def run_roots(folders: Sequence[Path]) -> tuple[Path, ...]:
    """The runs roots of those folders that have, or will have, runs of their own."""
    homes = [folder for folder in folders if (folder / NAME).is_file() or (folder / ROOT_NAME).is_dir()]
    return tuple(folder.absolute() / ROOT_NAME for folder in homes)


def _homes(sample: Path) -> Iterator[Path]:
    yield sample.parent
    yield from (root.parent for root in sample.absolute().parents if root.name == ROOT_NAME)


def _demo(sample: Path) -> Place | None:
    """The place of a demo's fixed dump; None for every other dump."""
    try:
        place = place_of(sample.parent)
    except InputError:
        return None  # a folder without both dumps is no demo
    return place if place.sample == sample and is_demo(place) else None

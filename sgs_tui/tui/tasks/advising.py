"""INT16 advice, as messages."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from textual.message import Message

from sgs_tui.engine.advice.advise import advise
from sgs_tui.engine.compare.results import LayerDiff
from sgs_tui.engine.configs.reading import read_bytes
from sgs_tui.engine.diagnosis.graph import build_graph
from sgs_tui.engine.diagnosis.results import Diagnosis
from sgs_tui.engine.errors import SgsError
from sgs_tui.engine.iterate.ini_change import IniChange, ini_change, write_change
from sgs_tui.engine.session import Comparison
from sgs_tui.tui.models.int16 import Marks, Plan


@dataclass
class Advised(Message):
    """The advice, with what it makes of the file."""

    comparison: Comparison
    plan: Plan


@dataclass
class IniWritten(Message):
    """The file is written; what was there is kept as `backup`."""

    path: Path
    backup: Path | None


def advice(
    comparison: Comparison,
    rows: Sequence[LayerDiff],
    diagnosis: Diagnosis,
    marks: Marks,
    path: Path,
    cancel: Event,
) -> Iterator[Message]:
    """Advise, and change the file in memory. Raises SgsError."""
    found = advise(comparison, rows, diagnosis, marks.marked, marks.unmarked)
    try:
        change = ini_change(read_bytes(path), found.chosen, marks.unmarked, _convolution_inputs(comparison))
    except SgsError as error:
        yield Advised(comparison, Plan(found, path, None, f"{error.message}: o names another file"))
        return
    yield Advised(comparison, Plan(found, path, change))


def write(path: Path, change: IniChange, cancel: Event) -> Iterator[Message]:
    """Write the file; what was there is kept. Raises InputError where it changed meanwhile."""
    yield IniWritten(path, write_change(path, change))


def _convolution_inputs(comparison: Comparison) -> tuple[str, ...] | None:
    """None where neither dump holds them: names are then only judged by how they are written."""
    for dump in (comparison.benchmark, comparison.sample):
        graph = build_graph(dump)
        if graph.known:
            return graph.convolution_inputs()
    return None

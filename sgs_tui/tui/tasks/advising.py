"""INT16 advice, as messages."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from textual.message import Message

from sgs_tui.engine.advice.advise import advise
from sgs_tui.engine.advice.conv_inputs import conv_inputs
from sgs_tui.engine.advice.results import Advice
from sgs_tui.engine.compare.results import LayerDiff, Verdict
from sgs_tui.engine.configs.reading import read_bytes
from sgs_tui.engine.diagnosis.results import Diagnosis
from sgs_tui.engine.errors import InputError, SgsError
from sgs_tui.engine.iterate.ini_change import IniChange, ini_change, write_change
from sgs_tui.engine.iterate.journalling import journal_change
from sgs_tui.engine.iterate.loops import Commands, Loop, Requantised, find_loop
from sgs_tui.engine.iterate.places import INI
from sgs_tui.engine.session import Comparison
from sgs_tui.tui.messages import Said
from sgs_tui.tui.models.int16 import Marks, Plan
from sgs_tui.tui.models.iterating import again_words


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


@dataclass(frozen=True, slots=True)
class Asked:
    """A comparison that is finished and explained."""

    comparison: Comparison
    rows: tuple[LayerDiff, ...]
    diagnosis: Diagnosis


@dataclass(frozen=True, slots=True)
class Case:
    """What the user works on. `folders`: where the network's files may be; `ini`: another one that was chosen.

    `asked` is None while there is nothing to advise on: then only the marks count.
    """

    sample: Path | None
    folders: tuple[Path, ...]
    ini: Path | None
    marks: Marks
    asked: Asked | None

    def advice(self) -> Advice | None:
        """What is worth 16 bits here, with the user's marks. Raises SgsError."""
        if self.asked is None:
            return None
        asked, marks = self.asked, self.marks
        return advise(asked.comparison, asked.rows, asked.diagnosis, marks.marked, marks.unmarked)

    @property
    def failing(self) -> int:
        """Layers that fail now."""
        return sum(row.verdict is Verdict.FAIL for row in self.asked.rows) if self.asked else 0

    def conv_inputs(self) -> tuple[str, ...] | None:
        """By which names are judged; None: only by how they are written."""
        if self.asked is None:
            return None
        return conv_inputs(self.asked.comparison.benchmark, self.asked.comparison.sample)


def advice(case: Case, cancel: Event) -> Iterator[Message]:
    """Advise, and change the file in memory. Raises SgsError."""
    assert case.asked is not None
    found = case.advice()
    assert found is not None
    loop, again = _loop(case)
    path = case.ini or _ini(case, loop)
    change, problem = None, ""
    try:
        change = ini_change(read_bytes(path), found.chosen, case.marks.unmarked, case.conv_inputs())
    except SgsError as error:
        problem = f"{error.message}: o names another file"
    needed = not isinstance(loop, Requantised) or case.ini is not None
    yield Advised(case.asked.comparison, Plan(found, path, change, problem, case.failing, again, needed))


def _loop(case: Case) -> tuple[Loop | None, str]:
    """(how the models can be made again, in words)."""
    try:
        loop = find_loop(case.sample, case.folders)
    except SgsError as error:
        return None, f"A can not make the models again: {error.message}"
    return loop, again_words(loop)


def _ini(case: Case, loop: Loop | None) -> Path:
    """The file of the network's sgs-tui.toml, else the first input_config.ini that is there."""
    if isinstance(loop, Commands):
        return loop.config.ini
    places = [folder / INI for folder in case.folders]
    return next((path for path in places if path.is_file()), places[-1])


def write(path: Path, change: IniChange, sample: Path | None, cancel: Event) -> Iterator[Message]:
    """Write the file and note it beside the sample; what was there is kept.

    Raises InputError where the file changed meanwhile.
    """
    yield IniWritten(path, write_change(path, change))
    if sample is not None:
        try:
            journal_change(sample, path, change)
        except InputError as error:
            yield Said(f"not in the journal: {error.message}", "warn", error.hint)

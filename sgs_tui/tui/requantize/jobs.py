"""Requantizing in the background: what it comes to, its beginning, and what its result is held against.

Apart from the controller because this runs in threads and knows no screen.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from textual.message import Message

from sgs_tui.engine.advice.results import Advice
from sgs_tui.engine.compare.baseline import Baseline, Regression
from sgs_tui.engine.compare.limits import Profile
from sgs_tui.engine.errors import InputError, SgsError
from sgs_tui.engine.files import write_atomically
from sgs_tui.engine.journal import Kind, append, entry, journal_of
from sgs_tui.engine.requantize.ini_change import journal_result
from sgs_tui.engine.requantize.network import NAME, TEMPLATE
from sgs_tui.engine.requantize.propose import Begun, BusyError, Proposal, Wanted, begin, find_loop, propose
from sgs_tui.engine.requantize.state import state_behind
from sgs_tui.engine.runs.run_list import read_run
from sgs_tui.tui.int16.controller import Case


@dataclass
class Proposed(Message):
    """What would be done; `advice` is what it should bring, where a comparison says so and `failing` layers fail."""

    proposal: Proposal
    advice: Advice | None
    failing: int


@dataclass
class HomeUnknown(Message):
    """Nothing says how these models are quantized."""


@dataclass
class Refused(Message):
    """It can not be done; `file` is the sgs-tui.toml to fix, where that would help, and `text` what it says."""

    message: str
    hint: str
    file: Path | None = None
    text: str = ""


@dataclass
class RequantizingBegun(Message):
    """It runs in the background, or (the demo) it is done."""

    proposal: Proposal
    begun: Begun


@dataclass
class TemplateWritten(Message):
    """There is an sgs-tui.toml to fill in now."""

    path: Path


@dataclass
class StateRead(Message):
    """The state that a run's comparison is held against; None where none is known."""

    path: Path
    baseline: Baseline | None


def look(case: Case, cancel: Event) -> Iterator[Message]:
    """What requantizing comes to. Nothing is written or started."""
    try:
        loop = find_loop(case.sample, case.folders)
        if loop is None:
            yield HomeUnknown()
            return
        advice = case.advice()
        raised = case.marks.marked if advice is None else advice.chosen
        yield Proposed(propose(loop, Wanted(raised, case.marks.unmarked, case.conv_inputs())), advice, case.failing)
    except BusyError as error:
        yield Refused(error.message, "7 shows it, x there ends it")
    except SgsError as error:
        file = next((folder / NAME for folder in case.folders if (folder / NAME).is_file()), None)
        text = "" if file is None else file.read_text("utf-8", "replace")
        yield Refused(error.message, error.hint, file, text)


def requantize(proposal: Proposal, cancel: Event) -> Iterator[Message]:
    """Begin. Raises SgsError."""
    yield RequantizingBegun(proposal, begin(proposal))


def write_template(path: Path, cancel: Event) -> Iterator[Message]:
    """The example to fill in. Raises InputError where a file is there already."""
    if path.exists():
        raise InputError(f"{path}: is there already", "A reads it")
    write_atomically(path, TEMPLATE.encode())
    yield TemplateWritten(path)


def before(path: Path, profile: Profile, cancel: Event) -> Iterator[Message]:
    """The state that the run in `path` was made to be held against. Raises InputError where it is gone."""
    yield StateRead(path, state_behind(read_run(path), profile))


def note_failure(run: Path, said: str, cancel: Event) -> Iterator[Message]:
    """Into the journal of a run that came to nothing. Raises InputError."""
    append(journal_of(run), [entry(said, Kind.RESULT)])
    yield from ()


def note_result(sample: Path, regression: Regression, was: int, now: int, cancel: Event) -> Iterator[Message]:
    """Into the journal of the new dump: what it did. Raises InputError."""
    journal_result(sample, regression, was, now)
    yield from ()

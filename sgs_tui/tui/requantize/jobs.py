"""Requantizing in the background: what it comes to, and the files that are written on the way.

Apart because this runs in threads and knows no screen.
"""

from dataclasses import dataclass
from pathlib import Path
from threading import Event

from sgs_tui.engine.advice.results import Advice
from sgs_tui.engine.errors import InputError, SgsError
from sgs_tui.engine.files import write_atomically
from sgs_tui.engine.requantize.network import NAME, example
from sgs_tui.engine.requantize.propose import BusyError, Int16Edit, Proposal, find_recipe, propose
from sgs_tui.language import _
from sgs_tui.tui.int16.controller import Case


@dataclass(frozen=True, slots=True)
class Proposed:
    """What would be done; `advice` is what it should bring, where a comparison says so and `failing` layers fail."""

    proposal: Proposal
    advice: Advice | None
    failing: int


@dataclass(frozen=True, slots=True)
class Refused:
    """It can not be done; `file` is the sgs-tui.toml to fix, where that would help, and `text` what it says."""

    message: str
    hint: str
    file: Path | None = None
    text: str = ""


def look(case: Case, cancel: Event) -> Proposed | Refused | None:
    """What requantizing comes to; None where nothing says how. Nothing is written or started."""
    try:
        recipe = find_recipe(case.sample, case.folders)
        if recipe is None:
            return None
        advice = case.advice()
        chosen = case.marks.marked if advice is None else advice.chosen
        able = None if advice is None else advice.able
        return Proposed(propose(recipe, Int16Edit(chosen, case.marks.unmarked, able)), advice, case.failing)
    except BusyError as error:
        return Refused(error.message, _("7 shows it, x there ends it"))
    except SgsError as error:
        file = next((folder / NAME for folder in case.folders if (folder / NAME).is_file()), None)
        return Refused(error.message, error.hint, file, "" if file is None else file.read_text("utf-8", "replace"))


def write_template(path: Path, cancel: Event) -> Path:
    """The example to fill in. Raises InputError where a file is there already."""
    if path.exists():
        raise InputError(_("{path}: is there already", path=path), _("A reads it"))
    write_atomically(path, example().encode())
    return path

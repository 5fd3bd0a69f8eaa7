"""A one-line input for filters and paths: no blinking cursor, escape gives up."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from sgs_tui.tui.actions import bindings
from sgs_tui.tui.widgets.key_queue import InTurn


class Prompt(InTurn, Input):
    """An input whose keys are the usual ones of a shell line; `escape` posts `Cancelled`."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("typing")

    class Cancelled(Message):
        """The user pressed escape."""

        def __init__(self, prompt: "Prompt") -> None:
            super().__init__()
            self.prompt = prompt

        @property
        def control(self) -> "Prompt":
            return self.prompt

    def __init__(self, value: str = "", placeholder: str = "", identity: str | None = None) -> None:
        super().__init__(value, placeholder, id=identity, compact=True, select_on_focus=False)
        self.cursor_blink = False

    def action_cancel(self) -> None:
        self.post_message(self.Cancelled(self))


# Completing paths as a shell does.

MOST = 200
"""Names that are looked at beyond those that fit; a folder of a million images must not hang the app."""


@dataclass(frozen=True, slots=True)
class Completion:
    """The text as far as it is certain, and the names that it can go on with."""

    text: str
    names: tuple[str, ...] = ()


def complete(text: str, base: Path) -> Completion:
    """Complete the last path of a list with commas. Folders end in `/`; hidden names only after a dot."""
    before, comma, last = text.rpartition(",")
    folder, slash, start = last.rpartition("/")
    place = base / Path(folder + slash).expanduser() if folder or slash else base
    names = _names(place, start)
    if not names:
        return Completion(text)
    return Completion(f"{before}{comma}{folder}{slash}{_shared(names)}", names)


def _shared(names: tuple[str, ...]) -> str:
    """The beginning that sorted names have in common, letter by letter."""
    first, last = names[0], names[-1]
    same = next((n for n, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), None)
    return min(first, last, key=len) if same is None else first[:same]


def _names(folder: Path, start: str) -> tuple[str, ...]:
    found: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                fits = entry.name.startswith(start) and (start.startswith(".") or not entry.name.startswith("."))
                if fits:
                    found.append(entry.name + ("/" if entry.is_dir() else ""))
                if len(found) > MOST:
                    break
    except OSError:
        return ()
    return tuple(sorted(found))


# A prompt for paths: tab completes as in a shell.


class PathPrompt(Prompt):
    """Completes in place; where several names fit, `Several` carries them."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("tab", "complete", "Complete the path", show=False)]

    class Several(Message):
        """The text goes on in more than one way."""

        def __init__(self, names: tuple[str, ...]) -> None:
            super().__init__()
            self.names = names

    def action_complete(self) -> None:
        done = complete(self.value, Path.cwd())
        self.value = done.text
        self.cursor_position = len(done.text)
        self.post_message(self.Several(done.names))

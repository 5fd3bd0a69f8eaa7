"""A one-line input for filters and paths: no blinking cursor, escape cancels; tab completes paths as in a shell."""

import os
from dataclasses import dataclass
from os.path import commonprefix
from pathlib import Path
from typing import ClassVar

from textual.binding import BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import Reactive
from textual.widgets import Input

from sgs_tui.engine.files import at_home
from sgs_tui.tui.actions import bindings
from sgs_tui.tui.widgets.key_queue import TakesQueuedKeys

_MOST = 200
"""Names that are looked at beyond those that fit; a folder of a million images must not hang the app."""


class Prompt(TakesQueuedKeys, Input):
    """An input whose keys are the usual ones of a shell line; `escape` posts `Cancelled`."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("typing")

    virtual_size = Reactive(Size(0, 0))
    """Textual's, without what it does for others: at every key it would lay out the whole screen, though a line
    stays a line."""

    class Cancelled(Message):
        """The user pressed escape."""

    def __init__(self, value: str = "", placeholder: str = "", identity: str | None = None) -> None:
        super().__init__(value, placeholder, id=identity, compact=True, select_on_focus=False)
        self.cursor_blink = False

    def prefill(self, text: str) -> None:
        """Start with a text that is selected: typing puts another in its place, an arrow key keeps it to be changed."""
        self.value = text
        self.select_all()

    def action_cancel(self) -> None:
        self.post_message(self.Cancelled())


class PathPrompt(Prompt):
    """Completes in place; where several names fit, `Several` carries them."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("path")

    @dataclass
    class Several(Message):
        """The text goes on in more than one way."""

        names: tuple[str, ...]

    def action_complete(self) -> None:
        self.value, names = complete(self.value, Path.cwd())
        self.cursor_position = len(self.value)
        self.post_message(self.Several(names))


def complete(text: str, base: Path) -> tuple[str, tuple[str, ...]]:
    """The last path of a list with commas as far as it is certain, and the names that it can go on with.

    Folders end in `/`; hidden names only after a dot.
    """
    before, comma, last = text.rpartition(",")
    folder, slash, start = last.rpartition("/")
    place = base / at_home(folder + slash) if folder or slash else base
    names = _names(place, start)
    if not names:
        return text, ()
    certain = commonprefix(names)  # noqa: RUF071  letter by letter, as a shell does
    return f"{before}{comma}{folder}{slash}{certain}", names


def _names(folder: Path, start: str) -> tuple[str, ...]:
    found: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                fits = entry.name.startswith(start) and (start.startswith(".") or not entry.name.startswith("."))
                if fits:
                    found.append(entry.name + ("/" if entry.is_dir() else ""))
                if len(found) > _MOST:
                    break
    except OSError:
        return ()
    return tuple(sorted(found))

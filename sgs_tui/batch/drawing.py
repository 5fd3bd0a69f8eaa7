"""Drawing with Rich: names cut to cells, parts laid out to a width."""

import io
from collections.abc import Iterable
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segments
from rich.text import Text

from sgs_tui.batch.screen import Screen


def cut(raw: str, cells: int, screen: Screen) -> str:
    """`raw` as the screen can show it, cut in the middle where it is wider than `cells`: names differ at both ends."""
    shown = screen.text(raw)
    if cell_len(shown) <= cells:
        return shown
    room = max(0, cells - len(screen.ellipsis))
    tail = _end(shown, room * 3 // 5)
    return _start(shown, room - cell_len(tail)) + screen.ellipsis[:cells] + tail


@dataclass(frozen=True, slots=True)
class _Hanging:
    """A text whose lines all begin in one column, behind the label of the first. Rich's Table costs more to load."""

    label: str
    text: Text
    indent: int

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = self.text.wrap(console, max(1, options.max_width - self.indent), overflow="fold")
        for number, line in enumerate(lines):
            label = "" if number else self.label
            yield Text.assemble(f"{label:<{self.indent}}", line, no_wrap=True, overflow="ignore")


def hanging(label: str, text: str, indent: int, screen: Screen, style: str = "") -> RenderableType:
    """`label`, then raw `text`; all lines of the text begin in column `indent`."""
    shown = Text(screen.text(text), style=style, overflow="fold")
    return _Hanging(label, shown, indent) if indent else shown


def render(parts: Iterable[RenderableType], screen: Screen, width: int) -> bytes:
    """The parts one below the other, `width` columns wide, without blanks at line ends."""
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=screen.colour,
        color_system="auto" if screen.colour else None,
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
    )
    with console.capture() as capture:
        for part in parts:
            console.print(part, soft_wrap=isinstance(part, Segments))
    lines = (line.rstrip() for line in capture.get().split("\n"))
    return "\n".join(lines).encode("ascii" if screen.ascii else "utf-8", "backslashreplace")


def _start(text: str, cells: int) -> str:
    taken = 0
    for position, char in enumerate(text):
        taken += cell_len(char)
        if taken > cells:
            return text[:position]
    return text


def _end(text: str, cells: int) -> str:
    return _start(text[::-1], cells)[::-1]

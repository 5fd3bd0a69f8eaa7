"""The terminal, and what depends on a version of Textual: what it can show, a line that may drop, the bytes sent.

Textual paints to stderr and reads stdin, so both must be terminals. It has no ASCII mode, keeps greys under NO_COLOR,
and sends every color in full: the filters at the end are the last step before bytes are made.

Apart because what hangs on a version of Textual is then found in one place.
"""

import locale
import os
from collections.abc import Iterable, Mapping
from functools import lru_cache
from io import UnsupportedOperation
from pathlib import Path
from typing import IO, Protocol, TextIO, cast

from rich.cells import cell_len
from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.color import Color
from textual.drivers import linux_driver
from textual.drivers.linux_driver import LinuxDriver
from textual.filter import LineFilter

from sgs_tui.language import Message
from sgs_tui.tui.shown import Shown


def user_environment() -> Mapping[str, str]:
    """The environment this process was started with.

    Python itself sets LC_CTYPE to C.UTF-8 in the C locale (PEP 538); the terminal knows nothing of that.
    """
    try:
        items = Path("/proc/self/environ").read_bytes().decode("utf-8", "surrogateescape").split("\0")
    except OSError:
        return os.environ
    return dict(item.split("=", 1) for item in items if "=" in item)


def needs_ascii(environment: Mapping[str, str]) -> bool:
    """Whether the user's locale can not show UTF-8; LC_ALL wins over LC_CTYPE over LANG, as in POSIX."""
    name = next((environment[key] for key in ("LC_ALL", "LC_CTYPE", "LANG") if environment.get(key)), "C")
    codeset = name.partition(".")[2].partition("@")[0]
    if not codeset:
        codeset = locale.locale_alias.get(name.partition("@")[0].lower(), "").partition(".")[2]
    return codeset.lower().replace("-", "") != "utf8"


def terminal_problem(stdin: TextIO, stderr: TextIO, environment: Mapping[str, str] = os.environ) -> str:
    """Why the app can not run here, or nothing."""
    if not stdin.isatty() or not stderr.isatty():
        return Message("the app needs a terminal on standard input and standard error")
    if environment.get("TERM") == "dumb":
        return Message("TERM=dumb can not show the app")
    return ""


def let_processes_start(app: App[int]) -> None:
    """Let the engine start worker processes while the app has the terminal.

    Textual's stand-in for sys.stderr gives -1 as its descriptor, which multiprocessing hands to its helper process
    ("bad value(s) in fds_to_keep"); where there is none, it asks for an exception, and does without.
    """
    for stream in (app._capture_stdout, app._capture_stderr):
        vars(stream)["fileno"] = _no_descriptor


def _no_descriptor() -> int:
    raise UnsupportedOperation("the terminal belongs to the app")


def choose_theme(app: App[int], name: str) -> None:
    """Begin with a theme. Setting `App.theme` before the app runs has the style sheets parsed twice."""
    app.set_reactive(App.theme, name)
    app.set_class(app.current_theme.dark, "-dark-mode")
    app.set_class(not app.current_theme.dark, "-light-mode")
    app._invalidate_css()
    app.stylesheet.set_variables(app.get_css_variables())
    app._refresh_truecolor_filter(app.ansi_theme)


class _HasShown(Protocol):
    """An app that knows when nobody can say any more what the terminal shows."""

    shown: Shown


_ESCAPE = "\x1b"
_GO_ON = "[OP]_^bf"
"""What behind an escape is the begin of a longer sequence; `b` and `f`, a word left and right in shells, keep that."""


class KeysApart(XTermParser):
    """Escape and the key right behind it are two keys, however close a slow line delivers them.

    Textual takes them for one with alt, forgets the escape where no such key is known (`#`, `/`, enter), and reads
    others (escape and a digit) as the sign that alt makes of them on one kind of keyboard.
    """

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[events.Key]:
        first, second = sequence[:1], sequence[1:]
        two = first == _ESCAPE and (second == "\r" or (len(second) == 1 and second.isprintable()))
        if alt or (two and second not in _GO_ON):
            yield events.Key("escape", _ESCAPE)
            sequence = sequence[-1:]
        yield from super()._sequence_to_key_events(sequence)


class TerminalDriver(LinuxDriver):
    """Sends what changed, ends with the line, and comes back from any kind of stop exactly once.

    When a terminal goes, the kernel sends SIGHUP and, right behind it, SIGCONT. Textual takes any SIGCONT for the end
    of a suspension: it starts a second writer thread, which dies at its first write, and whoever ends the app then
    waits for that thread's queue for ever.
    """

    def __init__(
        self, app: App[int], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        vars(self)["_file"] = TerminalFile(vars(self)["_file"])
        self._shown = cast("_HasShown", app).shown

    def write(self, data: str) -> None:
        """Textual's hook: all that goes to the terminal, a whole update at a time."""
        if changes := self._shown.changes(data):
            super().write(changes)

    def run_input_thread(self) -> None:
        vars(linux_driver)["XTermParser"] = KeysApart  # made by name inside
        super().run_input_thread()

    def _sigcont_application(self, *unused: object) -> None:
        if not os.isatty(self.fileno):
            return  # hung up, not resumed
        if not self._must_signal_resume and self._auto_restart:
            self.suspend_application_mode()  # stopped by SIGSTOP, which nobody is told of
        super()._sigcont_application()


class TerminalFile:
    """A terminal for writing; once it is gone, what is written goes nowhere."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, text: str) -> None:
        try:
            self._file.write(text)
        except OSError:
            self._let_go()

    def flush(self) -> None:
        try:
            self._file.flush()
        except OSError:
            self._let_go()

    def isatty(self) -> bool:
        """Whether it was a terminal and still is."""
        return self._file.isatty()

    def fileno(self) -> int:
        return self._file.fileno()

    def _let_go(self) -> None:
        """Python flushes what is left once more at its end, and would change the exit code when that fails."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._file.fileno())
        os.close(nowhere)


_ASCII = {
    **dict.fromkeys("│┃║▏▎▍▌▐▕▊▋▉┆┊", "|"),
    **dict.fromkeys("─━═▔▁▂▃┄┈╌—–−", "-"),
    **dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╰╯╋┏┓┗┛┣┫┳┻╔╗╚╝", "+"),
    **dict.fromkeys("█▇▆▅▄▀▟▙▛▜▚▞▘▝▖▗■▓▒░", "#"),
    **dict.fromkeys("•·⋅∙●○◉", "*"),
    **dict.fromkeys("▾▼↓✓", "v"),
    **dict.fromkeys("▴▲↑", "^"),
    **dict.fromkeys("▸▶→⏵", ">"),
    **dict.fromkeys("◂◀←", "<"),
    **dict.fromkeys("‘’", "'"),
    **dict.fromkeys("“”", '"'),
    **dict.fromkeys("✗×", "x"),
    "◆": "@",
    "…": "$",  # nano's sign for more; ~ warns
    "Σ": "S",
    "²": "2",
    "√": "V",
    "\N{NO-BREAK SPACE}": " ",
}
_TABLE = str.maketrans(_ASCII)


@lru_cache(4096)
def to_ascii(text: str) -> str:
    """`text` in pure ASCII and in as many cells: known glyphs by a likeness, others by question marks."""
    if text.isascii():
        return text
    translated = text.translate(_TABLE)
    return "".join(char if char.isascii() else "?" * cell_len(char) for char in translated)


class AsciiOnly(LineFilter):
    """For `--ascii` and locales that are not UTF-8: nothing but ASCII leaves the app."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [Segment(to_ascii(text), style, control) for text, style, control in segments]


@lru_cache(1024)
def colorless(style: Style) -> Style:
    """The style's attributes without its colors."""
    return Style(bold=style.bold, dim=style.dim, italic=style.italic, underline=style.underline, reverse=style.reverse)


class Colorless(LineFilter):
    """For NO_COLOR: not one color code leaves the app; reverse, bold and underline stay."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            Segment(text, None if style is None else colorless(style), control) for text, style, control in segments
        ]


_LEVELS = (0, 95, 135, 175, 215, 255)
PALETTE: dict[tuple[int, int, int], int] = {
    **{(8 + 10 * n, 8 + 10 * n, 8 + 10 * n): 232 + n for n in range(24)},
    **{
        (red, green, blue): 16 + 36 * r + 6 * g + b
        for r, red in enumerate(_LEVELS)
        for g, green in enumerate(_LEVELS)
        for b, blue in enumerate(_LEVELS)
    },
}
"""xterm's colors 16-255, which every terminal has fixed: value to number."""


def _short(color: RichColor | None) -> RichColor | None:
    number = PALETTE.get(color.triplet) if color is not None and color.triplet is not None else None
    return color if number is None else RichColor.from_ansi(number)


@lru_cache(1024)
def shortened(style: Style) -> Style:
    """The same look with colors of the palette by their numbers: `38;5;252` for `38;2;208;208;208`."""
    return style + Style(color=_short(style.color), bgcolor=_short(style.bgcolor))


class ShortColors(LineFilter):
    """Colors that are exactly in the palette of 256 are sent by number: a cursor move costs a third less."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            Segment(text, None if style is None else shortened(style), control) for text, style, control in segments
        ]

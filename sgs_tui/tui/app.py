"""The app, and the way in: themes, filters, signals; `launch(options)` runs it in this terminal.

Only what the first picture needs is imported before it is painted; numpy and the engine come after it.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import App
from textual.binding import BindingType
from textual.driver import Driver
from textual.filter import LineFilter
from textual.screen import Screen

from sgs_tui.engine.errors import UsageError
from sgs_tui.engine.files import settings_path
from sgs_tui.language import Message
from sgs_tui.tui import themes
from sgs_tui.tui.actions import BY_ID
from sgs_tui.tui.frame.opening import OpeningScreen
from sgs_tui.tui.settings import Names, Settings, Start, load_settings
from sgs_tui.tui.shown import Shown
from sgs_tui.tui.terminal import (
    AsciiOnly,
    Colorless,
    ShortColors,
    TerminalDriver,
    choose_theme,
    let_processes_start,
    needs_ascii,
    terminal_problem,
    user_environment,
)

if TYPE_CHECKING:
    from sgs_tui.engine.compare.limits import Profile

SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)


class SgsApp(App[int]):
    """sgs-tui on the screen. `crash` is the defect that ended it, if one did."""

    CSS_PATH = Path(__file__).with_name("app.tcss")
    BINDINGS: ClassVar[list[BindingType]] = []
    ENABLE_COMMAND_PALETTE = False
    TITLE = "sgs-tui"

    def __init__(self, start: Start | None = None, settings: Settings | None = None, ascii_only: bool = False) -> None:
        self.ascii_only = ascii_only
        self._own_filters: list[LineFilter] = [AsciiOnly()] if ascii_only else []
        self.shown = Shown()
        super().__init__()
        self.start, self.settings = start or Start(), settings or Settings()
        self.crash: Exception | None = None
        self._main: Screen[None] | None = None
        let_processes_start(self)
        self._dress()
        self.set_keymap(dict(self.settings.keys))

    def _dress(self) -> None:
        """Theme and filters for this terminal."""
        self._own_filters.append(Colorless() if self.no_color else ShortColors())
        for own in (themes.DARK, themes.LIGHT):
            self.register_theme(own)
        wanted = self.settings.theme if self.settings.theme in self.available_themes and not self.no_color else ""
        choose_theme(self, wanted or themes.default_theme(self.console.color_system, os.environ))
        self.looks = themes.looks(self.current_theme)

    def on_mount(self) -> None:
        """Signals end the app the ordinary way: terminal restored, view state saved, children told."""
        loop = asyncio.get_running_loop()
        for number in () if self.is_headless else SIGNALS:
            loop.add_signal_handler(number, self.exit, 128 + number)
        self.call_after_refresh(self.open_main)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return themes.variables(self.current_theme)

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), *self._own_filters]

    def get_driver_class(self) -> type[Driver]:
        chosen = super().get_driver_class()
        return TerminalDriver if issubclass(TerminalDriver, chosen) else chosen

    def get_default_screen(self) -> OpeningScreen:
        return OpeningScreen(self.start)

    def open_main(self) -> None:
        from sgs_tui.tui.screen import MainScreen

        self._main = MainScreen(self.start, self.settings)
        self.push_screen(self._main)

    async def action_quit(self) -> None:
        """Textual's own ctrl+q, which reaches the app over every window: the main screen asks about unsaved edits."""
        if self._main is None:
            self.exit(0)
        else:
            await self.run_action("quit", self._main)

    def action_next_theme(self) -> None:
        """Dark, light, the terminal's own colors."""
        place = themes.CYCLE.index(self.theme) if self.theme in themes.CYCLE else -1
        self.theme = themes.CYCLE[(place + 1) % len(themes.CYCLE)]

    def action_repaint(self) -> None:
        """Everything, in case something else wrote on the terminal."""
        self.shown.forget()
        self.screen.refresh(layout=True)

    def on_resize(self, event: events.Resize) -> None:
        """The driver tells a size, be it the same, whenever it gets the terminal (back): nobody knows what is on it."""
        self.shown.resize(*event.size)

    def _watch_theme(self, theme_name: str) -> None:
        self.looks = themes.looks(self.current_theme)
        super()._watch_theme(theme_name)

    def _handle_exception(self, error: Exception) -> None:
        """Keep the defect for `launch`; Textual would print a page of locals over the user's shell."""
        if self.crash is None:
            self.crash = self._exception = error
            self._exception_event.set()
        self._return_code = 70
        self._close_messages_no_wait()


@dataclass(frozen=True, slots=True)
class LaunchOptions:
    """What the command line says. `paths`: nothing, a folder, a dump, sample and benchmark, or the original too.

    An empty `profile` means the settings' one, or `manual`; `query` and `sort` are those of `compare --filter --sort`.
    """

    paths: tuple[Path, ...]
    ranges: Path | None = None
    shapes: Path | None = None
    profile: str = ""
    ascii: bool = False
    mouse: bool = True
    query: str = ""
    sort: str = ""


def launch(options: LaunchOptions) -> int:
    """Run the app. 0, or 128 + the signal that ended it.

    Raises UsageError without a terminal or with an unknown profile; a defect of ours leaves as the exception that it
    is, after the terminal was restored.
    """
    if problem := terminal_problem(sys.stdin, sys.stderr):
        raise UsageError(problem, Message("use --batch to print instead"))
    settings = load_settings(settings_path(), Names(actions=tuple(BY_ID)))
    start = replace(start_of(options, settings.profile), seconds=settings.diagnosis_seconds)
    app = SgsApp(start, settings, ascii_only=options.ascii or needs_ascii(user_environment()))
    code = app.run(mouse=options.mouse and settings.mouse is not False)
    if app.crash is not None:
        raise app.crash
    return app.return_code or 0 if code is None else code


def start_of(options: LaunchOptions, default_profile: str) -> Start:
    """What to open first. Raises UsageError for an unknown profile."""
    named = options.profile or default_profile
    profile = _profile(named) if named else None
    folder, sample, benchmark = _places(options.paths)
    original = options.paths[2] if len(options.paths) > 2 else None
    known = (options.ranges, options.shapes, profile, options.query, options.sort, original)
    return Start(folder, sample, benchmark, *known)


def _profile(name: str) -> "Profile":
    from sgs_tui.engine.compare.limits import load_profile

    return load_profile(name)


def _places(paths: tuple[Path, ...]) -> tuple[Path, Path | None, Path | None]:
    """Folder to browse, sample, benchmark."""
    if len(paths) >= 2:
        return paths[0].parent, paths[0], paths[1]
    if paths and not paths[0].is_dir():
        return paths[0].parent, paths[0], None
    return (paths[0] if paths else Path()), None, None

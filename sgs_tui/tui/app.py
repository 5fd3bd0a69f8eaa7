"""The app: themes, filters, signals, and the one main screen. What it does is in the screens and panes."""

import asyncio
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual.app import App
from textual.binding import BindingType
from textual.driver import Driver
from textual.filter import LineFilter

from sgs_tui.tui import themes
from sgs_tui.tui.compat import choose_theme, let_processes_start
from sgs_tui.tui.filters import AsciiOnly, Colourless, ShortColours
from sgs_tui.tui.screens.opening import OpeningScreen
from sgs_tui.tui.settings import Settings
from sgs_tui.tui.start import Start

SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


class SgsApp(App[int]):
    """sgs-tui on the screen. `crash` is the defect that ended it, if one did."""

    CSS_PATH = Path(__file__).with_name("app.tcss")
    BINDINGS: ClassVar[list[BindingType]] = []
    ENABLE_COMMAND_PALETTE = False
    TITLE = "sgs-tui"

    def __init__(self, start: Start | None = None, settings: Settings | None = None, ascii_only: bool = False) -> None:
        self.ascii_only = ascii_only
        self._own_filters: list[LineFilter] = [AsciiOnly()] if ascii_only else []
        super().__init__()
        self.start, self.settings = start or Start(), settings or Settings()
        self.crash: Exception | None = None
        let_processes_start(self)
        self._dress()
        self.set_keymap(dict(self.settings.keys))

    def _dress(self) -> None:
        """Theme and filters for this terminal."""
        self._own_filters.append(Colourless() if self.no_color else ShortColours())
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
        """Our variables for whatever theme is on."""
        return themes.variables(self.current_theme)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's own, then ours."""
        return [*super().get_line_filters(), *self._own_filters]

    def get_driver_class(self) -> type[Driver]:
        """Ours on a POSIX terminal."""
        from sgs_tui.tui.driver import TerminalDriver

        chosen = super().get_driver_class()
        return TerminalDriver if issubclass(TerminalDriver, chosen) else chosen

    def get_default_screen(self) -> OpeningScreen:
        """The first picture."""
        return OpeningScreen(self.start)

    def open_main(self) -> None:
        """The main screen over the first picture."""
        from sgs_tui.tui.screens.main import MainScreen

        self.push_screen(MainScreen(self.start, self.settings))

    def action_next_theme(self) -> None:
        """Dark, light, the terminal's own colours."""
        place = themes.CYCLE.index(self.theme) if self.theme in themes.CYCLE else -1
        self.theme = themes.CYCLE[(place + 1) % len(themes.CYCLE)]

    def action_repaint(self) -> None:
        """Everything, in case something else wrote on the terminal."""
        self.screen.refresh(layout=True)

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

"""The app: themes, filters, signals, and the one main screen. What it does is in the screens and panes."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual.app import App
from textual.binding import BindingType
from textual.filter import LineFilter

from sgs_tui.engine.session import CompareRequest
from sgs_tui.tui import themes
from sgs_tui.tui.compat import AsciiOnly, Colourless
from sgs_tui.tui.screens.main import MainScreen


class SgsApp(App[int]):
    """sgs-tui on the screen."""

    CSS_PATH = Path(__file__).with_name("app.tcss")
    BINDINGS: ClassVar[list[BindingType]] = []
    ENABLE_COMMAND_PALETTE = False
    TITLE = "sgs-tui"

    def __init__(self, request: CompareRequest | None = None, theme: str = "", ascii_only: bool = False) -> None:
        self.ascii_only = ascii_only
        self._own_filters: list[LineFilter] = [AsciiOnly()] if ascii_only else []
        super().__init__()
        if self.no_color:
            self._own_filters.append(Colourless())
        for own in (themes.DARK, themes.LIGHT):
            self.register_theme(own)
        self.theme = theme or themes.default_theme(self.console.color_system, {})
        self._request = request

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our variables for whatever theme is on."""
        return themes.variables(self.current_theme)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's own, then ours."""
        return [*super().get_line_filters(), *self._own_filters]

    def get_default_screen(self) -> MainScreen:
        """The main screen."""
        return MainScreen(self._request)

    def _watch_theme(self, theme_name: str) -> None:
        super()._watch_theme(theme_name)
        self.set_class(self.current_theme.ansi, "-terminal-colours")

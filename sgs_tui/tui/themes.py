"""Looks of the app: what each tone is colored in dark, light and the terminal's own 16 colors.

No color carries a state alone: wherever a tone says `fail` or `warn` a sign or a word says it too. All colors of
`sgs-dark` and `sgs-light` are in the xterm palette of 256, so that they look the same with and without truecolor and
are sent in half the bytes (terminal.ShortColors).

Apart because it is a table of colors that is changed without reading the app.
"""

from collections.abc import Mapping

from rich.style import Style
from textual.color import Color
from textual.theme import Theme

from sgs_tui.tui.text import Tone

DARK = Theme(
    name="sgs-dark",
    primary="#5fafd7",
    secondary="#8a8a8a",
    accent="#d7af5f",
    warning="#d7af5f",
    error="#ff8787",
    success="#87af87",
    foreground="#d0d0d0",
    background="#121212",
    surface="#121212",
    panel="#262626",
    dark=True,
    variables={
        "muted": "#8a8a8a",
        "sample": "#d7875f",
        "benchmark": "#5fafd7",
        "heading": "#262626",
        "focused": "#005f87",
        "cursor": "#005f87",
        "cursor-idle": "#303030",
        "on-cursor": "#ffffff",
    },
)
LIGHT = Theme(
    name="sgs-light",
    primary="#005faf",
    secondary="#6c6c6c",
    accent="#875f00",
    warning="#875f00",
    error="#af0000",
    success="#005f00",
    foreground="#262626",
    background="#ffffff",
    surface="#ffffff",
    panel="#e4e4e4",
    dark=False,
    variables={
        "muted": "#6c6c6c",
        "sample": "#af5f00",
        "benchmark": "#005faf",
        "heading": "#e4e4e4",
        "focused": "#afd7ff",
        "cursor": "#afd7ff",
        "cursor-idle": "#dadada",
        "on-cursor": "#000000",
    },
)
CYCLE = ("sgs-dark", "sgs-light", "ansi-dark", "ansi-light")
"""The themes of the theme key; settings.toml may name any other that Textual knows."""

_COLORED: tuple[Tone, ...] = ("muted", "warn", "good", "sample", "benchmark")
"""Tones that are nothing but a color."""
_BACKGROUNDS = ("heading", "focused", "cursor", "cursor-idle", "on-cursor")
_ANSI = {
    "muted": "ansi_default",
    "fail": "ansi_red",
    "warn": "ansi_yellow",
    "good": "ansi_green",
    "sample": "ansi_yellow",
    "benchmark": "ansi_cyan",
    **dict.fromkeys(_BACKGROUNDS, "ansi_default"),
}
_ANSI_LIGHT = {"warn": "ansi_magenta", "sample": "ansi_magenta", "benchmark": "ansi_blue"}


def variables(theme: Theme) -> dict[str, str]:
    """Our style sheet variables for any theme; a theme's own win."""
    if theme.ansi:
        return {**_ANSI, **({} if theme.dark else _ANSI_LIGHT)}
    return {
        "muted": theme.secondary or theme.primary,
        "fail": theme.error or "red",
        "warn": theme.warning or "yellow",
        "good": theme.success or "green",
        "sample": theme.accent or theme.primary,
        "benchmark": theme.primary,
        "heading": theme.panel or theme.surface or theme.background or "#333333",
        "focused": theme.primary,
        "cursor": theme.primary,
        "cursor-idle": theme.panel or theme.surface or theme.background or "#333333",
        "on-cursor": theme.foreground or "white",
    }


def default_theme(color_system: str | None, environment: Mapping[str, str]) -> str:
    """The theme for this terminal: its own 16 colors where it has no more or NO_COLOR is set."""
    light = environment.get("COLORFGBG", "").rpartition(";")[2] in {"7", "15"}
    plain = color_system not in {"256", "truecolor"} or "NO_COLOR" in environment
    return ("ansi-" if plain else "sgs-") + ("light" if light else "dark")


def looks(theme: Theme) -> dict[Tone, Style]:
    """What each tone looks like in a theme; backgrounds only where the tone has one of its own.

    The terminal's own colors have no shades to spare: reverse and underline do there what backgrounds do elsewhere.
    """
    named = {**variables(theme), "accent": theme.accent or theme.primary, **theme.variables}
    color = {name: Color.parse(named[name]).rich_color for name in (*_COLORED, "fail", "accent")}
    own: dict[Tone, Style] = {tone: Style(color=color[tone]) for tone in _COLORED}
    own |= {"fail": Style(color=color["fail"], bold=True), "strong": Style(bold=True)}
    if theme.ansi:
        reverse, underline = Style(reverse=True), Style(underline=True)
        ansi: dict[Tone, Style] = {"header": underline, "focus": reverse, "cursor": reverse, "idle": underline}
        return own | {"key": Style(bold=True)} | ansi
    color |= {name: Color.parse(named[name]).rich_color for name in _BACKGROUNDS}
    return own | {
        "key": Style(color=color["accent"], bold=True),
        "header": Style(bgcolor=color["heading"]),
        "focus": Style(bgcolor=color["focused"], color=color["on-cursor"]),
        "cursor": Style(bgcolor=color["cursor"], color=color["on-cursor"]),
        "idle": Style(bgcolor=color["cursor-idle"]),
    }

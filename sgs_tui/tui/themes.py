"""Looks of the app: what each tone is coloured in dark, light and the terminal's own 16 colours.

No colour carries a state alone: wherever a tone says `fail` or `warn` a sign or a word says it too.
"""

from collections.abc import Mapping

from textual.theme import Theme

DARK = Theme(
    name="sgs-dark",
    primary="#7aa2d6",
    secondary="#5c7ea8",
    accent="#e0b06a",
    warning="#e0b060",
    error="#f0776c",
    success="#8fbf7f",
    foreground="#cfd3da",
    background="#14161a",
    surface="#14161a",
    panel="#23272e",
    dark=True,
    variables={
        "muted": "#8b929e",
        "sample": "#e8a15c",
        "benchmark": "#6fb1e8",
        "heading": "#23272e",
        "focused": "#33506f",
        "cursor": "#33506f",
        "cursor-idle": "#2a2f37",
        "on-cursor": "#ffffff",
    },
)
LIGHT = Theme(
    name="sgs-light",
    primary="#235a97",
    secondary="#4b6c91",
    accent="#8a5a00",
    warning="#8a5a00",
    error="#b3261e",
    success="#2f6b2f",
    foreground="#24272c",
    background="#fbfaf7",
    surface="#fbfaf7",
    panel="#e6e4de",
    dark=False,
    variables={
        "muted": "#666b73",
        "sample": "#a85400",
        "benchmark": "#1d5fa3",
        "heading": "#e6e4de",
        "focused": "#bcd3ec",
        "cursor": "#bcd3ec",
        "cursor-idle": "#dddad3",
        "on-cursor": "#000000",
    },
)
CYCLE = ("sgs-dark", "sgs-light", "ansi-dark", "ansi-light")
"""The themes of the theme key; settings.toml may name any other that Textual knows."""

_ANSI = {
    "muted": "ansi_default",
    "fail": "ansi_red",
    "warn": "ansi_yellow",
    "good": "ansi_green",
    "sample": "ansi_yellow",
    "benchmark": "ansi_cyan",
    "heading": "ansi_default",
    "focused": "ansi_default",
    "cursor": "ansi_default",
    "cursor-idle": "ansi_default",
    "on-cursor": "ansi_default",
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
    """The theme for this terminal: its own 16 colours where it has no more or NO_COLOR is set."""
    light = environment.get("COLORFGBG", "").rpartition(";")[2] in {"7", "15"}
    plain = color_system not in {"256", "truecolor"} or "NO_COLOR" in environment
    return ("ansi-" if plain else "sgs-") + ("light" if light else "dark")

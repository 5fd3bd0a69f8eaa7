"""What reaches the terminal: ASCII where it must, no colors where they are not wanted, short ones where they are."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

from sgs_tui.tui import themes
from sgs_tui.tui.frame.panes_screen import Arrangement, arrangement, too_small
from sgs_tui.tui.outside import osc52
from sgs_tui.tui.terminal import PALETTE, AsciiOnly, Colorless, ShortColors, needs_ascii, shortened, to_ascii

BLACK = Color.parse("black")


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Mn", "Me", "Mc", "Cf"]), max_size=40))
def test_ascii_takes_as_many_cells(text: str) -> None:
    assert to_ascii(text).isascii() and len(to_ascii(text)) == cell_len(text)


def test_known_glyphs_become_likenesses() -> None:
    assert to_ascii("✗ gate │ ▄█ … 卷") == "x gate | ## $ ??"


def test_colorless_keeps_what_is_no_color() -> None:
    segment = Segment("x", Style.parse("bold reverse red on blue"))
    (shown,) = Colorless().apply([segment], BLACK)
    assert shown.style == Style(bold=True, reverse=True)
    assert AsciiOnly().apply([Segment("é", None)], BLACK) == [Segment("?", None)]


def test_colors_of_the_palette_are_sent_by_number() -> None:
    style = Style(color=RichColor.from_rgb(208, 208, 208), bgcolor=RichColor.from_rgb(1, 2, 3), bold=True)
    short = shortened(style)
    assert short.color == RichColor.from_ansi(252) and short.bgcolor == style.bgcolor and short.bold
    assert ShortColors().apply([Segment("x", None)], BLACK) == [Segment("x", None)]


@pytest.mark.parametrize("theme", [themes.DARK, themes.LIGHT], ids=lambda theme: theme.name)
def test_our_themes_use_the_palette_only(theme: themes.Theme) -> None:
    named = (theme.primary, theme.accent, theme.warning, theme.error, theme.success, theme.foreground, theme.background)
    for value in (*named, *theme.variables.values()):
        assert value is not None and Color.parse(value).rgb in PALETTE, value


def _ratio(one: Color, other: Color) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: Color) -> float:
    parts = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color.normalized)
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


@pytest.mark.parametrize("theme", [themes.DARK, themes.LIGHT], ids=lambda theme: theme.name)
def test_text_can_be_read(theme: themes.Theme) -> None:
    values = {**themes.variables(theme), **theme.variables}
    background = Color.parse(theme.background or "")
    for tone in ("muted", "fail", "warn", "good", "sample", "benchmark"):
        assert _ratio(Color.parse(values[tone]), background) >= 4.5, tone
    assert _ratio(Color.parse(values["on-cursor"]), Color.parse(values["cursor"])) >= 4.5


@pytest.mark.parametrize(
    ("environment", "plain"),
    [
        ({}, True),
        ({"LANG": "C"}, True),
        ({"LANG": "C.UTF-8"}, False),
        ({"LANG": "en_US.utf8"}, False),
        ({"LANG": "de_DE"}, True),
        ({"LANG": "de_DE@euro"}, True),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "POSIX"}, True),
        ({"LANG": "C", "LC_CTYPE": "en_US.UTF-8"}, False),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, False),
    ],
)
def test_locales(environment: dict[str, str], plain: bool) -> None:
    assert needs_ascii(environment) is plain


@pytest.mark.parametrize(
    ("colors", "environment", "theme"),
    [
        ("truecolor", {}, "sgs-dark"),
        ("256", {"COLORFGBG": "0;15"}, "sgs-light"),
        ("standard", {}, "ansi-dark"),
        (None, {"COLORFGBG": "0;default;15"}, "ansi-light"),
        ("truecolor", {"NO_COLOR": "1"}, "ansi-dark"),
    ],
)
def test_themes_for_terminals(colors: str | None, environment: dict[str, str], theme: str) -> None:
    assert themes.default_theme(colors, environment) == theme


def test_osc_52_is_wrapped_for_screen() -> None:
    plain = osc52("gate", {})
    assert plain == f"\x1b]52;c;{base64.b64encode(b'gate').decode()}\a"
    wrapped = osc52("x" * 1000, {"STY": "1.pts"})
    assert wrapped.startswith("\x1bP\x1b]52;c;") and wrapped.endswith("\x1b\\")
    assert "".join(wrapped.replace("\x1bP", "").split("\x1b\\")) == osc52("x" * 1000, {})


def test_arrangements() -> None:
    assert arrangement(80, 24) is Arrangement.TABS and arrangement(119, 50) is Arrangement.TABS
    assert arrangement(120, 30) is Arrangement.ALL and arrangement(160, 50) is Arrangement.ALL
    assert arrangement(59, 24) is arrangement(80, 14) is Arrangement.TOO_SMALL
    assert too_small(50, 12) == "needs 60x15, this is 50x12"

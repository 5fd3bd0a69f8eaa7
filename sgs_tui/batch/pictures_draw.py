"""One layer's histogram as a PNG, by matplotlib (the extra `png`), without pyplot and without a display.

Blue: the values; orange line: the other stage; red dashes: the calibrated min and max.
"""

import io
import logging
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

from sgs_tui.batch.pictures_words import About, facts, title
from sgs_tui.engine.calibration.ranges import Bounds
from sgs_tui.engine.errors import UsageError
from sgs_tui.engine.reports.bars import BARS, Bars, bars_of, step_of, view_of
from sgs_tui.engine.reports.portraits import Portrait

_BLUE, _ORANGE, _RED, _GREY = "#1f77b4", "#d95f02", "#d62728", "#555555"
_COLOURS = {About.DUMP: _BLUE, About.AGAINST: _ORANGE, About.RANGE: _RED, About.NOTHING: _GREY}
_WIDTH, _HEIGHT, _DPI = 8.0, 4.5, 100
_FONTS = (
    *("DejaVu Sans", "Noto Sans CJK SC", "Source Han Sans SC", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei"),
    *("Droid Sans Fallback", "SimHei", "Microsoft YaHei"),
)
"""The first is matplotlib's own; the others, where they are installed, have the Chinese characters it lacks."""
_MARGIN = 0.03
_LEAST_SHARE = 0.004
"""Of the picture's width: what a bar gets at least, or a constant tensor would be invisible."""


@dataclass(frozen=True, slots=True)
class Look:
    """What the two stages are called in the legend; `log`: counts on a logarithmic axis; at most `bars` bars."""

    dump: str
    against: str = ""
    log: bool = False
    bars: int = BARS


def require_matplotlib() -> None:
    """Raise UsageError, saying how to get it, where matplotlib is missing or broken."""
    logging.getLogger("matplotlib").setLevel(logging.CRITICAL)
    try:
        import matplotlib.backends.backend_agg
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        said = f"pictures need matplotlib, which can not be loaded here: {error}"
        raise UsageError(said, "install it with: pip install 'sgs-tui[png]'") from error


class Painter:
    """Draws one picture after the other on the same axes, which is twice as fast as new ones. Use in one thread."""

    def __init__(self, look: Look) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

        self._look = look
        self._fonts = _installed_fonts()
        self._figure: Figure = Figure(figsize=(_WIDTH, _HEIGHT), dpi=_DPI)
        FigureCanvasAgg(self._figure)
        self._axes: Any = self._figure.add_axes((0.09, 0.08, 0.89, 0.69))
        self._axes.spines[["top", "right"]].set_visible(False)
        self._axes.set_ylabel("values (log)" if look.log else "values")
        self._axes.yaxis.set_label_coords(-0.075, 0.5)
        if look.log:
            self._axes.set_yscale("log")
            self._axes.yaxis.set_minor_formatter(NullFormatter())
        else:
            self._axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
        self._axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _many(value)))
        self._axes.xaxis.set_major_locator(MaxNLocator(nbins=7))
        self._axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.9g}"))

    def paint(self, portrait: Portrait) -> bytes:
        """The picture as PNG bytes: the same for the same counts and the same version of matplotlib."""
        drawn = [*self._text(portrait), *self._values(portrait)]
        buffer = io.BytesIO()
        self._figure.savefig(buffer, format="png", metadata={"Software": None}, pil_kwargs={"compress_level": 1})
        for artist in drawn:
            artist.remove()
        return buffer.getvalue()

    def _text(self, portrait: Portrait) -> list[Any]:
        """Name and facts above the axes, each in the colour of what it tells about: no legend needs room."""
        lines = facts(portrait, self._look.dump, self._look.against)
        written = [self._line(0.955, title(portrait), 12, "black")]
        return written + [
            self._line(0.9 - 0.045 * n, line.text, 9, _COLOURS[line.about]) for n, line in enumerate(lines)
        ]

    def _line(self, height: float, text: str, size: int, color: str) -> Any:
        """A name is data: `$` in it is no formula. Looking through several fonts takes time, so not for ASCII."""
        family = self._fonts[:1] if text.isascii() else self._fonts
        written = self._figure.text(0.02, height, text, size=size, color=color, va="center", family=family)
        written.set_parse_math(False)
        return written

    def _values(self, portrait: Portrait) -> list[Any]:
        step = step_of(portrait.subject.record, portrait.tally.minimum, portrait.tally.maximum)
        tallies = [tally for tally in (portrait.tally, portrait.other) if tally is not None]
        bars = bars_of(tallies, self._look.bars, step)
        self._axes.set_visible(bars is not None)
        if bars is None:
            return [self._figure.text(0.5, 0.45, "no finite values", size=14, color=_GREY, ha="center")]
        low, high = view_of(float(bars.edges[0]), float(bars.edges[-1]), portrait.subject.bounds or ())
        room = _MARGIN * (high - low)
        self._axes.set_xlim(low - room, high + room)
        return [*self._stairs(_thickened(bars, high - low)), *self._limits(portrait.subject.bounds)]

    def _stairs(self, bars: Bars) -> list[Any]:
        from matplotlib.patches import StepPatch

        highest = max(int(side.max(initial=0)) for side in bars.sides) or 1
        self._axes.set_ylim(0.7 if self._look.log else 0, highest * (2 if self._look.log else 1.05))
        styles: list[dict[str, Any]] = [
            {"fill": True, "color": _BLUE, "zorder": 2},
            {"fill": False, "color": _ORANGE, "linewidth": 1.4, "zorder": 3},
        ]
        # `Axes.stairs` would also work out the limits that were just set, which takes a quarter of the whole time.
        steps = [StepPatch(side, bars.edges, **style) for side, style in zip(bars.sides, styles, strict=False)]
        return [self._axes.add_artist(step) for step in steps]

    def _limits(self, bounds: Bounds | None) -> list[Any]:
        if bounds is None:
            return []
        dashes = {"color": _RED, "linestyle": "--", "linewidth": 1.3, "zorder": 4}
        return [self._axes.axvline(bound, **dashes) for bound in bounds if isfinite(bound)]


def _thickened(bars: Bars, width: float) -> Bars:
    """A lone bar that is too narrow to be seen, made wider around its middle."""
    least = _LEAST_SHARE * width
    if len(bars.edges) > 2 or bars.edges[1] - bars.edges[0] >= least:
        return bars
    middle = (bars.edges[0] + bars.edges[1]) / 2
    return Bars(np.array([middle - least / 2, middle + least / 2]), bars.sides)


def _many(number: float) -> str:
    """A count on the axis, which has room for six characters."""
    if number < 1e4:
        return f"{number:g}"
    return f"{number / 1e3:g} k" if number < 1e6 else f"{number / 1e6:g} M"


def _installed_fonts() -> list[str]:
    """Those of the wanted families that are here; matplotlib complains about each that is not."""
    from matplotlib.font_manager import fontManager

    here = {font.name for font in fontManager.ttflist}
    return [name for name in _FONTS if name in here]

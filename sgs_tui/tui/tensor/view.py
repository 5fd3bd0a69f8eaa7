"""Scatter, feature maps and heat map as lines.

A picture's cell is two pixels, one above the other: a half block in two colors where the theme has shades, a sign of a
ramp where it has none. Errors are blue below the benchmark and red above it.

Apart because it needs no screen: lines are made, and tested, without one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite, isnan

import numpy as np
from rich.cells import cell_len

from sgs_tui.engine.compare.feature_map import FeatureMap, HeatRow
from sgs_tui.engine.compare.scatter import Scatter
from sgs_tui.engine.dumps.dtypes import FloatArray
from sgs_tui.engine.numbers import figure
from sgs_tui.language import _, _n
from sgs_tui.tui.text import BLANK, Line, Span, Tone, clip, fit, line

RAMP, PLAIN_RAMP = " ░▒▓█", " .:-=+*#%@"
GRAYS = tuple(range(232, 256))
COLD, WARM = (234, 17, 18, 19, 20, 27, 33, 39), (234, 52, 88, 124, 160, 196, 203, 210)
_GUTTER = 10


# Scatter.


def scatter_lines(found: Scatter, width: int, height: int, plain: bool = False) -> list[Line]:
    """Benchmark to the right, sample upwards, the diagonal dotted; darker where more values are."""
    about = scatter_words(found, width)
    rows, cells = max(4, height - len(about) - 2), max(10, width - _GUTTER)
    grid = np.log1p(regrouped(found.counts.astype(np.float64), rows, cells, np.add)[::-1])
    most = float(grid.max()) or 1.0
    ramp = PLAIN_RAMP if plain else RAMP
    labels: dict[int, tuple[str, Tone]] = {
        rows // 2: ("sample", "sample"),
        0: (figure(found.span.high), "muted"),
        rows - 1: (figure(found.span.low), "muted"),
    }
    lines: list[Line] = []
    for number in range(rows):
        label, tone = labels.get(number, ("", "muted"))
        spans = [Span(f"{label:>{_GUTTER - 1}}", tone), Span("|" if plain else "│", "muted")]
        for cell in range(cells):
            level = float(grid[number, cell])
            if level > 0:
                place = max(1, round(level / most * (len(ramp) - 1)))
                spans.append(Span(ramp[place], "sample"))
            else:
                on_diagonal = cell * rows // cells == rows - 1 - number
                spans.append(Span("." if plain else "·", "muted") if on_diagonal else Span(" "))
        lines.append(tuple(spans))
    lines.append((Span(" " * (_GUTTER - 1) + ("+" + "-" * cells if plain else "└" + "─" * cells), "muted"),))
    low, high = figure(found.span.low), figure(found.span.high)
    between = cells - len(low) - len(high)
    titles = (_("benchmark  ({sign} both are equal)", sign="." if plain else "·"), "benchmark", "")
    title = next(each for each in titles if cell_len(each) + 1 < between or not each)
    before = (between - cell_len(title)) // 2
    title = " " * before + title + " " * (between - before - cell_len(title))
    lines.append((Span(" " * _GUTTER), Span(low), Span(title, "benchmark"), Span(high)))
    return [*about, *lines]


def scatter_words(found: Scatter, width: int) -> list[Line]:
    """The line through the points, and how many of them are on the sample's limits; where there is none, why."""
    left_out = [
        line(Span(clip(text, width), "warn"))
        for text in (
            _n(
                found.left_out,
                "{number:,} pair with NaN or Inf is not drawn",
                "{number:,} pairs with NaN or Inf are not drawn",
            ),
        )
        if found.left_out
    ]
    if not found.pairs:
        return [line(Span(clip(_("no element is finite on both sides"), width), "strong")), *(left_out or [BLANK])]
    flat = _("no slope, offset or correlation: the values of one side are all the same")
    text = (
        flat
        if isnan(found.slope) or isnan(found.correlation)
        else _(
            "slope {slope}  offset {offset}  correlation {correlation}",
            slope=figure(found.slope),
            offset=figure(found.offset),
            correlation=figure(found.correlation, 6),
        )
    )
    known = {
        **{"low": figure(found.low), "on_low": _share(found.on_low)},
        **{"high": figure(found.high), "on_high": _share(found.on_high)},
    }
    on = (
        _("the sample is {low} everywhere", low=known["low"])
        if not found.grid and found.low == found.high
        else _("sample on its lowest codes ({low}): {on_low}, on its highest ({high}): {on_high}", **known)
        if found.grid
        else _("sample on its lowest values of its own ({low}): {on_low}, on its highest ({high}): {on_high}", **known)
    )
    return [line(Span(clip(text, width), "strong")), line(Span(clip(on, width), "muted")), *left_out]


def _share(part: float) -> str:
    return f"{100 * part:.3g} %"


def regrouped(values: FloatArray, rows: int, cells: int, add: np.ufunc) -> FloatArray:
    """`values` in (rows, cells) groups joined by `add`; where there are fewer, each stands in several cells."""
    for axis, wanted in ((0, rows), (1, cells)):
        have = values.shape[axis]
        if wanted >= have:
            values = np.repeat(values, 1, axis) if wanted == have else np.take(
                values, np.arange(wanted) * have // wanted, axis
            )  # fmt: skip
        else:
            values = add.reduceat(values, np.arange(wanted) * have // wanted, axis)
    return values


# Feature maps.


@dataclass(frozen=True, slots=True)
class Picture:
    """Pixels of shape (2 * lines, cells): numbers of the terminal's 256 colors, and the same as levels, 0 to 1."""

    colors: "np.ndarray[tuple[int, int], np.dtype[np.int64]]"
    levels: FloatArray


@dataclass(frozen=True, slots=True)
class Maps:
    """The three pictures of a channel side by side, each (2 * lines, cells), and where the cursor is on them."""

    benchmark: Picture
    sample: Picture
    error: Picture
    lines: int
    cells: int
    cursor: tuple[int, int]
    """Line and cell."""


def maps_of(found: FeatureMap, cursor: tuple[int, int], width: int, height: int) -> Maps:
    """Pictures in a third of the width each, pixels as square as cells allow; `cursor` in the map's own pixels."""
    cells, lines = max(4, (width - 4) // 3), max(2, height)
    rows, columns = found.benchmark.shape
    scale = min(cells / columns, 2 * lines / rows)
    across = max(1, min(cells, int(columns * scale)))
    down = max(1, min(lines, -(-int(rows * scale) // 2)))
    sides = [
        side if np.isfinite(side).all() else np.nan_to_num(side, posinf=0.0, neginf=0.0)
        for side in (found.benchmark, found.sample)
    ]
    small = [_averaged(side, 2 * down, across) for side in sides]
    low, high = min(float(side.min()) for side in sides), max(float(side.max()) for side in sides)
    width_of = (high - low) or 1.0
    grays = [_gray((side - low) / width_of) for side in small]
    error = sides[1] - sides[0]
    largest = float(np.abs(error).max()) or 1.0
    above, below = (regrouped(error, 2 * down, across, each) for each in (np.maximum, np.minimum))
    worst = np.where(np.abs(above) >= np.abs(below), above, below) / largest
    return moved(found, Maps(grays[0], grays[1], _diverging(worst), down, across, (0, 0)), cursor)


def moved(found: FeatureMap, maps: Maps, cursor: tuple[int, int]) -> Maps:
    """The same pictures with the cursor on another of the map's pixels."""
    rows, columns = found.benchmark.shape
    line_of = min(maps.lines - 1, cursor[0] * 2 * maps.lines // rows // 2)
    return replace(maps, cursor=(line_of, min(maps.cells - 1, cursor[1] * maps.cells // columns)))


def _averaged(side: FloatArray, rows: int, cells: int) -> FloatArray:
    down, across = (_group_sizes(have, wanted) for have, wanted in zip(side.shape, (rows, cells), strict=True))
    averaged: FloatArray = regrouped(side, rows, cells, np.add) / (down[:, None] * across)
    return averaged


def _group_sizes(have: int, wanted: int) -> FloatArray:
    """How many values `regrouped` puts into each group of an axis."""
    if wanted >= have:
        return np.ones(wanted)
    return np.diff(np.arange(wanted + 1) * have // wanted).astype(np.float64)


def _gray(parts: FloatArray) -> Picture:
    return Picture(np.asarray(GRAYS)[np.clip(parts * (len(GRAYS) - 1), 0, len(GRAYS) - 1).astype(np.int64)], parts)


def _diverging(parts: FloatArray) -> Picture:
    places = np.ceil(np.abs(parts) * (len(WARM) - 1)).astype(np.int64)
    return Picture(np.where(parts >= 0, np.asarray(WARM)[places], np.asarray(COLD)[places]), np.abs(parts))


def shaded(picture: Picture, number: int, tone: Tone, plain: bool) -> Line:
    """A line of a picture where there are no shades: both pixels of a cell as one sign of a ramp."""
    ramp = PLAIN_RAMP if plain else RAMP
    levels = picture.levels[2 * number : 2 * number + 2].max(axis=0)
    return (Span("".join(ramp[round(min(1.0, float(level)) * (len(ramp) - 1))] for level in levels), tone),)


def map_words(found: FeatureMap, cursor: tuple[int, int], of: int, place: int, share: float, width: int) -> list[Line]:
    """Which channel, and both values at the cursor."""
    rows, columns = found.benchmark.shape
    size = f"{rows}x{columns}"
    size = _("{size} (a guess: the dump has no shapes)", size=size) if found.guessed else size
    known = {"channel": found.channel, "place": place + 1, "of": of, "size": size}
    head = (
        _(
            "channel {channel}, {place} of {of} by share of error ({percent:.0f} %), {size}",
            percent=100 * share,
            **known,
        )
        if isfinite(share)
        else _("channel {channel}, {place} of {of}, the layer's error is not finite, {size}", **known)
    )
    left, right = float(found.benchmark[cursor]), float(found.sample[cursor])
    at = _(
        "({row}, {column}): benchmark {benchmark}, sample {sample}, error {error}",
        **{"row": cursor[0], "column": cursor[1]},
        **{"benchmark": figure(left), "sample": figure(right), "error": figure(right - left)},
    )
    lines = [line(Span(clip(head, width), "strong")), line(Span(clip(at, width)))]
    theirs, ours = (side.size - int(np.count_nonzero(np.isfinite(side))) for side in (found.benchmark, found.sample))
    if theirs or ours:
        text = _("benchmark {theirs:,}, sample {ours:,} NaN or Inf, drawn as 0", theirs=theirs, ours=ours)
        lines.append(line(Span(clip(text, width), "warn")))
    return lines


# Heat.

_LEVELS = (0.01, 0.03, 0.1, 0.3)
_NAME = 24


@dataclass(frozen=True, slots=True)
class Hot:
    """A cell of the heat map: layer's place, first and last channel of the cell, the worst RMSE among them."""

    row: int
    cell: int
    first: int
    last: int
    rmse: float


def heat_cells(rows: Sequence[HeatRow], cells: int, first_row: int = 0) -> list[list[Hot]]:
    """For each layer its channels in at most `cells` cells, the worst of a cell counting. `first_row`: of `rows`."""
    found = []
    for place, row in enumerate(rows, first_row):
        number = min(cells, len(row.rmse))
        borders = [n * len(row.rmse) // number for n in range(number + 1)]
        worst = np.maximum.reduceat(row.rmse, borders[:-1]).tolist()
        found.append([Hot(place, n, borders[n], borders[n + 1] - 1, rmse) for n, rmse in enumerate(worst)])
    return found


def hottest(cells: Sequence[Sequence[Hot]]) -> list[Hot]:
    """Every cell with an error, the hottest first; NaN and infinity before all."""
    those = [hot for row in cells for hot in row if hot.rmse > 0 or isnan(hot.rmse)]
    return sorted(those, key=lambda hot: (isfinite(hot.rmse), -hot.rmse if isfinite(hot.rmse) else 0.0))


def heat_lines(
    rows: Sequence[HeatRow], cursor: tuple[int, int], top: int, width: int, height: int, done: bool, plain: bool
) -> list[Line]:
    """A layer a line from `top` on, a cell a channel or several, and what the cursor is on."""
    shown = rows[top : max(top, top + height - 2)]
    cells = dict(enumerate(heat_cells(shown, heat_width(width), top), top))
    body: list[Line] = []
    for place, those in cells.items():
        spans = [Span(fit(rows[place].name, _NAME), "strong" if place == cursor[0] else ""), Span(" ")]
        for hot in those:
            sign, tone = _heat_sign(hot.rmse, plain)
            spans.append(Span(sign if sign != " " or (place, hot.cell) != cursor else "_",
                              "cursor" if (place, hot.cell) == cursor else tone))  # fmt: skip
        if rows[place].whole:
            spans.append(Span("  " + _("channels not known"), "muted"))
        body.append(tuple(spans))
    ramp = PLAIN_RAMP[::2] if plain else RAMP
    legend = "RMSE " + "  ".join(f"{sign} >{level:g}" for sign, level in zip(ramp[1:], _LEVELS, strict=False))
    if any(not isfinite(hot.rmse) for those in cells.values() for hot in those):
        legend += "  " + _("! not finite")
    if len(shown) < len(rows):
        legend += "  " + _("layers {first} to {last} of {rows}", first=top + 1, last=top + len(shown), rows=len(rows))
    state = "" if done else "  " + _n(len(rows), "counting, {number} layer so far", "counting, {number} layers so far")
    here = _where(rows, cells, cursor)
    return [*body, line(Span(clip(legend + state, width), "muted")), line(Span(clip(here, width)))]


def heat_width(width: int) -> int:
    """Cells of a layer."""
    return max(8, width - _NAME - 1)


def _heat_sign(rmse: float, plain: bool) -> tuple[str, Tone]:
    ramp = PLAIN_RAMP[::2] if plain else RAMP
    if not isfinite(rmse):
        return "!", "fail"
    level = sum(rmse > limit for limit in _LEVELS)
    tones: tuple[Tone, ...] = ("muted", "muted", "", "warn", "fail")
    return ramp[min(level, len(ramp) - 1)], tones[level]


def _where(rows: Sequence[HeatRow], cells: Mapping[int, Sequence[Hot]], cursor: tuple[int, int]) -> str:
    if cursor[0] not in cells:
        return _("nothing compared yet")
    hot = cells[cursor[0]][min(cursor[1], len(cells[cursor[0]]) - 1)]
    which = (
        _("channel {channel}", channel=hot.first)
        if hot.first == hot.last
        else _("channels {first} to {last}, the worst", first=hot.first, last=hot.last)
    )
    return _("{name}, {which}: RMSE {rmse}", name=rows[cursor[0]].name, which=which, rmse=figure(hot.rmse))

"""Bars by plotext 5, the only module that knows it (version 6 is another library of the same name).

plotext keeps one figure in module globals: draw on the screen's thread only. It is given whole sub-cell columns and
no axes, so that what it draws is exactly as wide as asked; captions and axes are ours.
"""

import re
from collections.abc import Sequence
from typing import Any

from sgs_tui.tui.lines import Line, Span, Tone

_SGR = re.compile(r"\x1b\[([\d;]*)m")
_BARS, _LIMITS = "blue", "red"
_LIMIT_CODE = "38;5;1"
FINE, PLAIN = "hd", "#"


def columns_of(cells: int, plain: bool) -> int:
    """How many bars fit side by side: two a cell with quarter blocks, one in ASCII."""
    return cells if plain else 2 * cells


def bars(
    heights: Sequence[float], cells: int, rows: int, tone: Tone, limits: Sequence[float] = (), plain: bool = False
) -> list[Line]:
    """`heights` (one a column of `columns_of`) as `rows` lines; `limits` are vertical lines at those columns."""
    import plotext

    figure: Any = plotext
    figure.clear_figure()
    figure.limitsize(False, False)
    figure.plotsize(cells, rows)
    figure.theme("clear")
    figure.frame(False)
    figure.xaxes(False, False)
    figure.yaxes(False, False)
    _put(figure, heights, limits, PLAIN if plain else FINE)
    return [_line(text, tone) for text in figure.build().split("\n")[:rows]]


def _put(figure: Any, heights: Sequence[float], limits: Sequence[float], marker: str) -> None:
    there = [place for place, height in enumerate(heights) if height > 0]
    if there:
        figure.scatter(there, [heights[n] for n in there], marker=marker, color=_BARS, fillx=True)
    for limit in limits:
        figure.vline(limit, color=_LIMITS)
    figure.xlim(0, max(1, len(heights) - 1))
    figure.ylim(0, max(heights, default=0) or 1)
    figure.xticks([], [])
    figure.yticks([], [])


def _line(text: str, tone: Tone) -> Line:
    """One line of plotext's colour codes as spans."""
    spans: list[Span] = []
    code, start = "", 0
    for match in _SGR.finditer(text):
        spans.append(_span(text[start : match.start()], code, tone))
        code, start = match[1], match.end()
    spans.append(_span(text[start:], code, tone))
    return tuple(part for part in spans if part.text)


def _span(text: str, code: str, tone: Tone) -> Span:
    if code.startswith(_LIMIT_CODE):
        return Span(text, "fail")
    return Span(text, tone if code and code != "0" else "")

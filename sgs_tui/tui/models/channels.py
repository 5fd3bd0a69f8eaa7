"""The strip of channels below a histogram: which are bad, worst first."""

from collections.abc import Sequence

from sgs_tui.engine.compare.channels import ChannelTable
from sgs_tui.tui.lines import Line, Span, clip, width
from sgs_tui.tui.numbers import figure

ROOMY = 50
_BLOCKS = " ▁▂▃▄▅▆▇█"
_DIGITS = "0123456789"


def strip(table: ChannelTable, selected: int | None, cells: int, plain: bool = False) -> list[Line]:
    """Two lines: a bar a channel by its RMSE (the selected one marked), then the worst ones in words.

    `selected` is a place in the worst-first order.
    """
    order = table.worst_first()
    return [_bars(table, order, selected, cells, plain), _words(table, order, selected, cells)]


def _bars(table: ChannelTable, order: Sequence[int], selected: int | None, cells: int, plain: bool) -> Line:
    head = f"{len(order)} channels by RMSE, worst first " if cells >= ROOMY else f"{len(order)} channels "
    room = max(1, cells - len(head))
    first = 0 if selected is None or selected < room else selected - room + 1
    shown = range(first, min(len(order), first + room))
    finite = [float(v) for v in table.rmse if v < float("inf")]
    highest = max(finite, default=0.0) or 1.0
    marks = _DIGITS if plain else _BLOCKS
    spans = [Span(head, "muted")]
    for place in shown:
        level = min(1.0, float(table.rmse[order[place]]) / highest) if table.rmse[order[place]] >= 0 else 1.0
        mark = marks[round(level * (len(marks) - 1))]
        spans.append(Span(mark, "cursor" if place == selected else "fail"))
    return tuple(spans)


def _words(table: ChannelTable, order: Sequence[int], selected: int | None, cells: int) -> Line:
    first = max(0, (selected or 0) - 1)
    spans: list[Span] = []
    for place in range(first, len(order)):
        channel = order[place]
        text = _words_of(table, channel, explain=place == first, with_share=place < first + 3)
        item = f"[{text}]" if place == selected else f" {text} "
        if width(spans) + len(item) > cells:
            break
        spans.append(Span(item, "key" if place == selected else ""))
    return tuple(spans) or (Span(clip("no channels", cells), "muted"),)


def _words_of(table: ChannelTable, channel: int, explain: bool, with_share: bool) -> str:
    """One channel; the first one shown says what the figures are."""
    rmse = figure(float(table.rmse[channel]), 3)
    percent = f"{100 * float(table.share[channel]):.0f} %"
    if explain:
        return f"ch {channel} RMSE {rmse}, {percent} of error"
    return f"ch {channel} {rmse} ({percent})" if with_share else f"ch {channel} {rmse}"

"""What the histogram pane shows of a layer: its name, the picture, the channels."""

from dataclasses import dataclass

from sgs_tui.engine.compare.channels import ChannelTable
from sgs_tui.engine.compare.histogram import LayerHistogram
from sgs_tui.engine.compare.results import LayerDiff, Pair
from sgs_tui.tui.lines import Line, Span, clip, cut, line, width
from sgs_tui.tui.models.channels import strip
from sgs_tui.tui.models.columns import SIGNS
from sgs_tui.tui.models.picture import Look, picture


@dataclass(frozen=True, slots=True)
class LayerView:
    """A layer, what was counted for it, and how the user wants to see it. `place`: in the worst-first channels."""

    pair: Pair | None
    row: LayerDiff | None
    counted: LayerHistogram | None
    channels: ChannelTable | None
    no_channels: str
    log_counts: bool
    error: bool
    percent: float
    place: int | None

    @property
    def channel(self) -> int | None:
        """The chosen channel's number, None for all."""
        return None if self.place is None or self.channels is None else self.channels.worst_first()[self.place]

    @property
    def states(self) -> str:
        """What is not as at the start."""
        parts = (
            "error" if self.error else "",
            "log counts" if self.log_counts else "",
            f"middle {self.percent:g} %" if self.percent < 100 else "",
            f"channel {self.channel} only" if self.channel is not None else "",
        )
        return ", ".join(filter(None, parts))


@dataclass(frozen=True, slots=True)
class Room:
    """Cells and lines to fill; `plain`: only ASCII can be shown."""

    width: int
    height: int
    plain: bool = False


def view_lines(view: LayerView, room: Room) -> list[Line]:
    """The lines of the pane."""
    head, below = _head(view, room.width), _below(view, room)
    return [*head, *_body(view, room, room.height - len(head) - len(below)), *below]


def _head(view: LayerView, cells: int) -> list[Line]:
    if view.pair is None:
        return []
    sign = SIGNS[view.row.verdict] if view.row else None
    mark = Span(f" {sign.text} ", sign.tone) if sign else Span("   ")
    behind = (Span(f"  {clip(view.pair.op_type, 17)}", "muted"), Span(f"  {view.states}" if view.states else "", "key"))
    name = cut(view.pair.name, max(12, cells - 4 - width(behind)))
    return [(mark, Span(name, "strong"), *behind)]


def _body(view: LayerView, room: Room, height: int) -> list[Line]:
    if view.row is None or view.row.metrics is None or view.counted is None:
        return [line(Span(" " + clip(_why_nothing(view), room.width - 1), "muted"))]
    look = Look(room.width, height, view.log_counts, view.error, room.plain)
    return picture(view.counted, None if view.channel is not None else view.row.range, look)


def _why_nothing(view: LayerView) -> str:
    if view.pair is None:
        return "no layer chosen"
    if view.row is None:
        return "not compared yet"
    return "counting ..." if view.row.metrics is not None else "not comparable: " + "; ".join(view.row.reasons)


def _below(view: LayerView, room: Room) -> list[Line]:
    if view.channels is not None:
        return strip(view.channels, view.place, room.width, room.plain)
    return [line(Span(clip(view.no_channels, room.width), "muted"))] if view.no_channels else []

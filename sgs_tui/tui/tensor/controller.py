"""Opens the windows inside a tensor and counts for them in the background."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from threading import Event

from textual.message import Message

from sgs_tui.engine.compare.channels import ChannelTable, channel_table
from sgs_tui.engine.compare.compare import Sides
from sgs_tui.engine.compare.feature_map import FeatureMap, HeatRow, feature_map, heat_rows
from sgs_tui.engine.compare.results import LayerDiff
from sgs_tui.engine.compare.scatter import Scatter, count_scatter
from sgs_tui.engine.session import Comparison
from sgs_tui.language import _
from sgs_tui.tui.comparison.controller import ComparisonController
from sgs_tui.tui.frame.controller import Controller, Host, does, hears
from sgs_tui.tui.tensor.windows import HeatWindow, MapNeeded, MapWindow, ScatterWindow

_ROWS_AT_ONCE = 8


@dataclass
class HeatCounted(Message):
    """The network's channels as far as they are counted."""

    comparison: Comparison
    rows: tuple[HeatRow, ...]
    done: bool


class TensorController(Controller):
    """Knows the layer under the cursor through the comparison."""

    def __init__(self, host: Host, comparison: ComparisonController) -> None:
        super().__init__(host)
        self._comparison = comparison
        self._heat: HeatCounted | None = None

    def _row(self) -> LayerDiff | None:
        """The layer under the cursor where it has figures; else a word on why there is no picture."""
        row = next((each for each in self._comparison.rows if each.name == self._comparison.layer), None)
        if row is None or row.metrics is None:
            self.host.flash(_("no layer with figures here to look into"), "warn")
            return None
        return row

    @does("inside.scatter")
    def open_scatter(self) -> None:
        row, current = self._row(), self._comparison.current
        if row is not None and current is not None:
            self.host.open(ScatterWindow(_("Scatter: {name}", name=row.name), self.host.keymap))
            self._comparison.find("scatter", partial(_scatter, current, row), self._take_scatter)

    def _take_scatter(self, found: Scatter) -> None:
        if (window := self.host.opened(ScatterWindow)) is not None:
            window.show(found)

    @does("inside.map")
    def open_map(self) -> None:
        row, current = self._row(), self._comparison.current
        if row is None or current is None:
            return
        if not row.pair.channels:
            self.host.flash(_("{name}: the dump does not tell its channels (--shapes)", name=row.name), "warn")
            return
        shades = not self.host.monochrome
        self.host.open(MapWindow(_("Feature map: {name}", name=row.name), self.host.keymap, row.pair.number, shades))
        self._comparison.find("map-channels", partial(_channels, current, row), self._take_channels)

    def _take_channels(self, table: ChannelTable) -> None:
        if (window := self.host.opened(MapWindow)) is not None:
            window.show_channels(table)

    @hears(MapNeeded)
    def read_map(self, event: MapNeeded) -> None:
        row, current = self._comparison.row(event.number), self._comparison.current
        if row is not None and current is not None:
            self._comparison.find("map", partial(_map, current, row, event.channel), self._take_map)

    def _take_map(self, found: FeatureMap) -> None:
        if (window := self.host.opened(MapWindow)) is not None:
            window.show(found)

    @does("inside.heat")
    def open_heat(self) -> None:
        current = self._comparison.current
        if current is None:
            self.host.flash(_("nothing is compared yet"), "warn")
            return
        title = _("Heat map: error of every channel of the network")
        self.host.open(HeatWindow(title, self.host.keymap, self._comparison.layer))
        if self._heat is not None and self._heat.done and self._comparison.is_current(self._heat.comparison):
            self.host.post_message(self._heat)
        else:
            self._comparison.begin("heat", partial(_heat, current, tuple(self._comparison.rows)))

    @hears(HeatCounted)
    def take_heat(self, event: HeatCounted) -> None:
        if self._comparison.is_current(event.comparison):
            self._heat = event
            if (window := self.host.opened(HeatWindow)) is not None:
                window.call_after_refresh(window.show, event.rows, event.done)


def _scatter(current: Comparison, row: LayerDiff, cancel: Event) -> Scatter:
    return count_scatter(row, Sides(current.sample, current.benchmark), cancel)


def _channels(current: Comparison, row: LayerDiff, cancel: Event) -> ChannelTable:
    return channel_table(row, Sides(current.sample, current.benchmark), cancel)


def _map(current: Comparison, row: LayerDiff, channel: int, cancel: Event) -> FeatureMap:
    return feature_map(row, Sides(current.sample, current.benchmark), channel, cancel)


def _heat(current: Comparison, rows: tuple[LayerDiff, ...], cancel: Event) -> Iterator[Message]:
    """Rows as they come, a few at a time."""
    found: list[HeatRow] = []
    for row in heat_rows(rows, Sides(current.sample, current.benchmark), cancel):
        found.append(row)
        if len(found) % _ROWS_AT_ONCE == 0:
            yield HeatCounted(current, tuple(found), False)
    yield HeatCounted(current, tuple(found), True)

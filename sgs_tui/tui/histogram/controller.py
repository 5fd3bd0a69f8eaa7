"""What is counted of the layer under the cursor, histogram and channels, and what is kept for the next visit."""

from collections import OrderedDict
from dataclasses import replace
from functools import partial
from typing import TypeVar

from sgs_tui.engine.compare.histogram import LayerHistogram
from sgs_tui.engine.compare.results import LayerDiff, Pair
from sgs_tui.engine.diagnosis.original import ThreeWay
from sgs_tui.engine.session import Comparison
from sgs_tui.tui.comparison.controller import ComparisonController
from sgs_tui.tui.frame.controller import Controller, Host, hears
from sgs_tui.tui.histogram.jobs import Beside, CloseupDone, Wanted, channels, histogram
from sgs_tui.tui.histogram.pane import HistogramNeeded, HistogramPane
from sgs_tui.tui.original.jobs import OriginalKnown

Key = TypeVar("Key")
Value = TypeVar("Value")
REMEMBERED = 256
"""Histograms kept: 100 KB each."""


class HistogramController(Controller):
    """Owns the histogram pane."""

    def __init__(self, host: Host, comparison: ComparisonController) -> None:
        super().__init__(host)
        self.pane = HistogramPane()
        self._comparison = comparison
        self._of: Comparison | None = None
        self._histograms: OrderedDict[Wanted, LayerHistogram] = OrderedDict()
        self._closeups: OrderedDict[int, CloseupDone] = OrderedDict()
        self._looking_at: int | None = None
        self._three: ThreeWay | None = None

    def follow(self, pair: Pair | None, row: LayerDiff | None) -> None:
        self.pane.show_layer(pair, row)
        if row is not None and self.pane.wanted is not None:
            self._look(row, self.pane.wanted)

    @hears(HistogramNeeded)
    def count(self, event: HistogramNeeded) -> None:
        """Another zoom or channel of the same layer."""
        row = self._comparison.row(event.wanted.number)
        if row is not None:
            self._look(row, event.wanted)

    def _look(self, row: LayerDiff, wanted: Wanted) -> None:
        """Deliver that histogram (at once where it is remembered) and the layer's channels and worst elements."""
        current = self._comparison.current
        if current is None or row.metrics is None:
            return
        if self._of is None or current.sample is not self._of.sample or current.benchmark is not self._of.benchmark:
            self._forget(current)
        if (counted := self._histograms.get(wanted)) is not None:
            self.host.jobs.cancel("histogram")
            self.pane.show_counted(wanted, counted)
        else:
            work = partial(histogram, current, row, wanted, self._beside(row.name))
            self._comparison.find("histogram", work, partial(self._take, wanted))
        if (done := self._closeups.get(wanted.number)) is not None:
            self.host.post_message(replace(done, comparison=current))
        elif self._looking_at != wanted.number:
            self._comparison.begin("channels", partial(channels, current, row))
        self._looking_at = wanted.number

    def _beside(self, name: str) -> Beside | None:
        """The layer in the original's dump."""
        found = None if self._three is None else self._three.by_name.get(name)
        known = found is not None and found.conversion is not None and found.conversion.metrics is not None
        if not known or found is None or found.conversion is None or self._three is None:
            return None
        return self._three.path, found.conversion.pair.benchmark

    @hears(OriginalKnown)
    def take_original(self, event: OriginalKnown) -> None:
        """What was counted without it is counted again with it."""
        self._three = event.three
        if self._of is not None and event.three is not None:
            self._histograms.clear()
            pair = self.pane.view.pair
            if pair is not None:
                self.follow(pair, self._comparison.row(pair.number))

    def _forget(self, current: Comparison) -> None:
        self._of, self._looking_at = current, None
        self._histograms.clear()
        self._closeups.clear()

    def _take(self, wanted: Wanted, counted: LayerHistogram) -> None:
        """Show what was counted, if it is still wanted."""
        _remember(self._histograms, wanted, counted)
        self.pane.show_counted(wanted, counted)

    @hears(CloseupDone)
    def take_channels(self, event: CloseupDone) -> None:
        if self._comparison.is_current(event.comparison):
            _remember(self._closeups, event.number, event)
            if self.pane.view.pair is not None and event.number == self.pane.view.pair.number:
                self.pane.show_channels(event.channels, event.why_no_channels)


def _remember(kept: OrderedDict[Key, Value], key: Key, value: Value) -> None:
    kept[key] = value
    if len(kept) > REMEMBERED:
        kept.popitem(last=False)

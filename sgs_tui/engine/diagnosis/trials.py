"""Layers computed again in float from inputs of our choice: the sample's, the benchmark's, one of them changed."""

from collections.abc import Callable, Mapping

import numpy as np

from sgs_tui.engine.diagnosis.case import Case
from sgs_tui.engine.diagnosis.convolution import Rows, Span
from sgs_tui.engine.diagnosis.replay import Replay, Source
from sgs_tui.engine.diagnosis.tensors import Values

Change = Callable[[Values], Values]


class Trials:
    """Runs of layers on the bands of rows that a replay covers.

    `seen`: how the sample's network saw its inputs, where that is known to differ from the benchmark's.
    """

    def __init__(self, case: Case, replay: Replay, seen: Mapping[str, Change]) -> None:
        self.case, self.replay, self._seen = case, replay, seen

    def benchmark(self, frontier: tuple[str, ...]) -> Source:
        """The benchmark's tensors for those of a frontier; what lies behind them is computed."""
        return lambda name: self.case.benchmark_rows(name) if name in frontier else None

    def sample(self, frontier: tuple[str, ...]) -> Source:
        """The sample's; for the network's inputs the benchmark's, since the sample's records do not show them."""

        def give(name: str) -> Rows | None:
            if name not in frontier:
                return None
            if name in self.case.compared:
                return self.case.sample_rows(name)
            rows = self.case.benchmark_rows(name)
            return changed(rows, self._seen[name]) if name in self._seen else rows

        return give

    def run(self, name: str, source: Source, replay: Replay | None = None) -> Values:
        """A layer computed on its bands, flat; by another `replay` (with other weights, say) where given."""
        able = replay or self.replay
        return np.concatenate([able.rows(name, source, span).ravel() for span in self.replay.bands(name)])

    def stored(self, name: str, rows: Rows) -> Values:
        """What a dump holds of a tensor on the same bands, flat."""
        return np.concatenate([rows(span.start, span.stop).ravel() for span in self.replay.bands(name)])

    def with_own_error(self, name: str, inputs: tuple[str, ...]) -> Rows:
        """The benchmark's tensor plus what the sample's layer itself got wrong."""
        truth, sample, given = self.case.benchmark_rows(name), self.case.sample_rows(name), self.sample(inputs)
        return lambda start, stop: (
            truth(start, stop) + sample(start, stop) - self.replay.rows(name, given, Span(start, stop))
        )


def replaced(source: Source, name: str, rows: Rows) -> Source:
    """The same source with one tensor from elsewhere."""
    return lambda each: rows if each == name else source(each)


def changed(rows: Rows, change: Change) -> Rows:
    """Rows with a change made to them."""
    return lambda start, stop: change(rows(start, stop))

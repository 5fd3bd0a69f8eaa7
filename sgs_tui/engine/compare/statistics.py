"""Statistics of one tensor on its own, in chunks: what `compare` says of a side, without a partner."""

from dataclasses import dataclass
from math import inf, nan
from threading import Event

import numpy as np

from sgs_tui.engine.compare.results import SideStats
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.dumps.records import FloatArray, Record
from sgs_tui.engine.errors import CancelledError


@dataclass(slots=True)
class _Tally:
    count: int = 0
    low: float = inf
    high: float = -inf
    total: float = 0.0
    nan: int = 0
    inf: int = 0
    nonzero: int = 0

    def add(self, values: FloatArray) -> None:
        finite = values[np.isfinite(values)]
        self.count += values.size
        self.nan += int(np.count_nonzero(np.isnan(values)))
        self.inf += int(np.count_nonzero(np.isinf(values)))
        self.nonzero += int(np.count_nonzero(values))
        if finite.size:
            self.low = min(self.low, float(finite.min()))
            self.high = max(self.high, float(finite.max()))
            self.total += float(finite.sum())

    def result(self) -> SideStats:
        finite = self.count - self.nan - self.inf
        low, high = (self.low, self.high) if finite else (nan, nan)
        mean = self.total / finite if finite == self.count and finite else nan
        return SideStats(self.count, low, high, mean, self.nan, self.inf, self.count - self.nonzero)


def tensor_statistics(dump: Dump, record: Record, cancel: Event | None = None) -> SideStats:
    """One pass over `record`, dequantised as `Dump.values` does. Memory is bounded.

    Raises FileChangedError when the dump changes meanwhile, CancelledError soon after `cancel` is set.
    """
    tally = _Tally()
    for piece in dump.chunks(record):
        if cancel is not None and cancel.is_set():
            raise CancelledError("stopped")
        with np.errstate(invalid="ignore"):  # signalling NaNs are data here
            values = piece.astype(np.float64)
        dump.dequantise(record, values)
        tally.add(values)
    return tally.result()

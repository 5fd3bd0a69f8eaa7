"""Slices of concats and graph outputs under a plan, judged as a comparison of two dumps judges them.

Apart because `trials` scores layers, and which parts a layer has is asked of the dump once for all trials.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from sgs_tui.engine.network.narrow import Slices
from sgs_tui.engine.network.slices import Pieces, Seen, find_narrow, step_of
from sgs_tui.engine.network.slicing import Sliced, Slicer
from sgs_tui.engine.twin.meaning import Floats
from sgs_tui.engine.twin.network import Bounds, Twin
from sgs_tui.engine.twin.plan import Grid

_PIECE = 1 << 18
"""Elements in float64 at once."""


@dataclass
class TwinSlices:
    """Finds what is lost of a network's layers; `ranges` are the calibrated ones."""

    twin: Twin
    ranges: Mapping[str, Bounds]
    _known: dict[str, Sliced | None] = field(default_factory=dict)

    def of(self, name: str, grid: Grid | None, sample: Floats, benchmark: Floats) -> Slices | None:
        """The slices of a layer, both sides flat in NHWC order; None where it has none, or holds NaN or Inf."""
        if name not in self._known:
            self._known[name] = None if name in self.twin.nonfinite else self._slicer.of(self.twin.records[name])
        sliced = self._known[name]
        if sliced is None or not np.isfinite(sample.sum(dtype=np.float64)):
            return None
        low, high = float(benchmark.min()), float(benchmark.max())
        seen = Seen(sliced, step_of(0.0 if grid is None else grid.scale, low, high), low, high)
        return find_narrow(seen, lambda: pieces(sample, benchmark), self._widths, self.ranges.get)

    @cached_property
    def _slicer(self) -> Slicer:
        return Slicer(self.twin.dump)

    @cached_property
    def _widths(self) -> Mapping[str, float]:
        return {name: high - low for name, (low, high) in self.twin.bounds.items()}


def pieces(sample: Floats, benchmark: Floats) -> Pieces:
    """A whole layer piece by piece."""
    for start in range(0, benchmark.size, _PIECE):
        piece = slice(start, start + _PIECE)
        yield sample[piece].astype(np.float64), benchmark[piece].astype(np.float64)

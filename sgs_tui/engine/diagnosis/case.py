"""Everything a diagnosis works on: both dumps, the rows, the graph, the shapes, the sample's grids."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from threading import Event

from sgs_tui.engine.calibration.ranges import Ranges
from sgs_tui.engine.compare.results import LayerDiff, Pair
from sgs_tui.engine.dumps.format import Record
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.errors import CancelledError
from sgs_tui.engine.network.compute import Rows, Shape
from sgs_tui.engine.network.graph import Graph, build_graph
from sgs_tui.engine.network.replay import Replay, rows_of
from sgs_tui.engine.network.scales import Domain, Grid, domains, grid_in, grid_of, pad_lanes
from sgs_tui.engine.network.shapes import UNKNOWN, Shapes, nhwc
from sgs_tui.engine.network.tensors import Tensors, Values

SUSPECT = 0.1414  # relative L2 error from which a layer is suspect: SQNR 17 dB, the procedure's COS 0.99
LOOKED_AT = 1 << 18
"""Elements looked at per side and layer where a whole pass is not needed, spread evenly over the layer."""


@dataclass(frozen=True, slots=True)
class NetInput:
    """A network input on both sides (either may be missing: dumpers write outputs only)."""

    name: str
    benchmark: Record | None
    sample: Record | None


class Case:
    """One comparison under examination. Nothing here is written to; tensors are read when asked for."""

    def __init__(
        self,
        sample: Dump,
        benchmark: Dump,
        rows: Sequence[LayerDiff],
        ranges: Ranges | None = None,
        cancel: Event | None = None,
    ) -> None:
        self._cancel = cancel
        self.sample, self.benchmark, self.ranges = sample, benchmark, ranges
        self.rows: Mapping[str, LayerDiff] = {row.name: row for row in rows}
        self.tensors = Tensors(benchmark)
        self.sample_tensors = Tensors(sample)
        own = build_graph(benchmark)
        self.graph: Graph = own if own.known else build_graph(sample)
        self.replays = own.known

    def check(self) -> None:
        """Raise CancelledError where the user stopped the diagnosis. Called before every layer."""
        if self._cancel is not None and self._cancel.is_set():
            raise CancelledError("diagnosis stopped")

    @cached_property
    def _pad_lanes(self) -> frozenset[str]:
        return pad_lanes(build_graph(self.benchmark)) | pad_lanes(build_graph(self.sample))

    @cached_property
    def shapes(self) -> Shapes:
        """Shapes of the benchmark's tensors."""
        return Shapes(self.graph if self.replays else build_graph(self.benchmark), self.tensors)

    @cached_property
    def replay(self) -> Replay | None:
        """Recomputes layers; None where the benchmark holds no inputs and weights."""
        return Replay(self.graph, self.tensors, self.shapes) if self.replays else None

    @cached_property
    def compared(self) -> Mapping[str, LayerDiff]:
        """Rows with figures, in network order; pad lanes of aligned tensors and indices are no layers."""
        with_figures = {name: row for name, row in self.rows.items() if row.metrics is not None}
        return {n: row for n, row in with_figures.items() if not (row.pair.indices or self.padded(row.pair))}

    @cached_property
    def suspects(self) -> Mapping[str, LayerDiff]:
        """Rows that are worse than rounding makes a healthy layer."""
        return {name: row for name, row in self.compared.items() if self.error(name) >= SUSPECT}

    @cached_property
    def domains(self) -> Mapping[str, Domain]:
        """Tensors that share a scale."""
        partners = {row.name: row.pair.sample for row in self.rows.values()}
        return domains(self.graph, partners)

    @cached_property
    def inputs(self) -> tuple[NetInput, ...]:
        """The network's inputs."""
        right = {r.name: r for r in build_graph(self.benchmark).inputs()}
        left = {r.name: r for r in build_graph(self.sample).inputs()}
        return tuple(NetInput(name, right.get(name), left.get(name)) for name in {**right, **left})

    def padded(self, pair: Pair) -> bool:
        """Whether a layer has pad lanes, which hold leftover memory in the sample."""
        return pair.benchmark.name in self._pad_lanes or pair.sample.name in self._pad_lanes

    def error(self, name: str) -> float:
        """Relative L2 error of a compared layer; infinite where it is not finite."""
        row = self.compared.get(name)
        if row is None or row.metrics is None:
            return 0.0
        value = row.metrics.relative_l2
        return value if isfinite(value) else float("inf")

    def shape(self, name: str) -> Shape:
        """What is known of a tensor's shape."""
        found = self.shapes.of(name)
        row = self.rows.get(name)
        if found.known or row is None:
            return found
        printed = nhwc(row.pair.sample)
        return printed if printed.known and printed.count == row.pair.benchmark.count else found or UNKNOWN

    def grid(self, name: str) -> Grid | None:
        """The sample's grid of a compared layer, from its header or else from its values."""
        if name not in self._grids:
            row = self.rows.get(name)
            record = row.pair.sample if row else None
            self._grids[name] = None if record is None else grid_of(record) or self._grid_in(record)
        return self._grids[name]

    @cached_property
    def _grids(self) -> dict[str, Grid | None]:
        return {}

    def _grid_in(self, record: Record) -> Grid | None:
        return grid_in(self.sample_tensors.spread(record, 1 << 14)) if self.sample_tensors.readable(record) else None

    def both(self, name: str) -> tuple[Values, Values]:
        """(sample, benchmark) of a compared layer, flat: all of it, or stretches spread over it."""
        pair = self.rows[name].pair
        block = max(self.shape(name).channels, 1)
        return (
            self.sample_tensors.spread(pair.sample, LOOKED_AT, block),
            self.tensors.spread(pair.benchmark, LOOKED_AT, block),
        )

    def sample_rows(self, name: str) -> Rows:
        """Rows of the sample's tensor, shaped like the benchmark's."""
        return rows_of(self.sample_tensors, self.rows[name].pair.sample, self.shapes.of(name))

    def benchmark_rows(self, name: str) -> Rows:
        """Rows of the benchmark's tensor."""
        record = self.replay.record(name) if self.replay else self.rows[name].pair.benchmark
        return rows_of(self.tensors, record, self.shapes.of(name))

    def comparable(self, name: str) -> bool:
        """Whether both sides can be read element against element."""
        row = self.compared.get(name)
        return (
            row is not None
            and row.pair.sample.count == row.pair.benchmark.count
            and self.sample_tensors.readable(row.pair.sample)
            and self.tensors.readable(row.pair.benchmark)
        )

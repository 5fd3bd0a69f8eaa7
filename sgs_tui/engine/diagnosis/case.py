"""Everything a diagnosis works on: both dumps, the rows, the graph, the shapes, the sample's grids."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import inf, isfinite
from threading import Event

import numpy as np

from sgs_tui.engine.calibration.ranges import Ranges
from sgs_tui.engine.clock import Clock
from sgs_tui.engine.compare.limits import MANUAL, Profile, vanishing
from sgs_tui.engine.compare.results import LayerDiff, Pair, Verdict
from sgs_tui.engine.dumps.format import Record
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.errors import CancelledError, InputError
from sgs_tui.engine.network.channels import infer_channels
from sgs_tui.engine.network.graph import NOT_KNOWN, Graph, build_graph, holds_graph
from sgs_tui.engine.network.scales import Domain, Grid, domains, grid_in, grid_of, one_scale, pad_lanes_of
from sgs_tui.engine.network.tensors import Tensors, Values
from sgs_tui.engine.twin.figures import Figures
from sgs_tui.engine.twin.kernels import Kernel
from sgs_tui.engine.twin.network import Twin
from sgs_tui.engine.twin.rebuild import LATE, rebuild
from sgs_tui.engine.twin.values import Values as WholeTensors
from sgs_tui.language import Message

SUSPECT = 0.1414  # relative L2 error from which a layer is suspect: SQNR 17 dB, the procedure's COS 0.99
LOUD = 0.7 * SUSPECT
_SEEN = 0.05
"""Errors from which a layer, and one computed from the network's input alone, is computed again."""

FEW, _CREPT = 32, 0.35
"""Values below which a layer's error is chance; the error from which a drift within the limits is told: healthy trained
networks reach 0.26 in their worst layer."""

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
        profile: Profile = MANUAL,
        clock: Clock | None = None,
    ) -> None:
        self._cancel, self.profile, self.clock, self._late = cancel, profile, clock or Clock(0), False
        self.sample, self.benchmark, self.ranges = sample, benchmark, ranges
        self.rows: Mapping[str, LayerDiff] = {row.name: row for row in rows}
        self.tensors = Tensors(benchmark)
        self.sample_tensors = Tensors(sample)
        self._own = build_graph(benchmark) if holds_graph(benchmark) else NOT_KNOWN
        self.graph: Graph = build_graph(sample) if not self._own.known and holds_graph(sample) else self._own
        self.rebuilds = self._own.known
        self.kernels: dict[int, Kernel] = {}
        self.theirs, self.ours = WholeTensors(benchmark), WholeTensors(sample)

    def check(self) -> None:
        """Raise CancelledError where the user stopped the diagnosis. Called before every layer."""
        if self._cancel is not None and self._cancel.is_set():
            raise CancelledError(Message("diagnosis stopped"))

    def late(self, what: str) -> None:
        """Note layers that were not computed again since the time was up."""
        self._late = self.clock.skips(what) or self._late

    @property
    def why_unproven(self) -> str:
        """Why layers were not computed again."""
        if self._late:
            return Message("the time was up before it was computed again")
        return Message("it can not be computed again")

    @cached_property
    def _pad_lanes(self) -> frozenset[str]:
        return pad_lanes_of(self.benchmark, self.sample)

    @cached_property
    def _loud(self) -> bool:
        """Whether any layer is so bad that computing it again can tell something; a quiet pair is spared the time."""
        seen = [name for name in self.compared if self.error(name) >= _SEEN]
        return (
            any(map(self.failing, self.compared))
            or any(self.error(name) >= LOUD for name in seen)
            or any(not any(each in self.compared for each in self.graph.upstream(name)) for name in seen)
        )

    @cached_property
    def twin(self) -> Twin | None:
        """The network rebuilt from the benchmark; None where that holds no inputs and weights, or nothing is bad."""
        holes = any(not (op.inputs and op.outputs) for op in self.graph.ops)
        if holes or not (self.rebuilds and self._loud):
            return None
        try:
            found = rebuild(self.benchmark, self._cancel, 1.0, self.kernels, lambda: self.clock.over, self.theirs)
        except InputError:  # damaged, or no float dump: `diagnose` notes it
            return None
        if late := sum(op.why == LATE for op in found.ops):
            self.late(Message("{late} of {ops} ops, which were not rebuilt", late=late, ops=len(found.ops)))
        return found

    @cached_property
    def by_channel(self) -> bool:
        """Whether the sample has a weight scale for each channel (L2 and up): its biases [2, Cout] hold mantissas that
        differ in row 2, or onnxruntime's weights lie on no common grid."""
        weights = [op.constants[0] for op in build_graph(self.sample).ops if op.family.has_weights and op.constants]
        shared = [one_scale(self.sample.read(each), each) for each in weights]
        if any(each is not None for each in shared):
            return False in shared
        rows = (op.constants[1] for op in build_graph(self.sample).ops if len(op.constants) > 1)
        biases = (self.sample.read(each) for each in rows if each.count > 2 and each.count % 2 == 0)
        return any(bool(np.ptp(bias[bias.size // 2 :].astype(np.float64)) > 1) for bias in biases)

    @cached_property
    def by_onnxruntime(self) -> bool:
        """Whether onnxruntime quantized the sample (the embedded backend), not the SDK: there a bias is [Cout], here
        [2, Cout]; without any bias nothing is SGS_S16, as the SDK has what lies between layers."""
        biases = [
            op.constants[1] for op in build_graph(self.sample).ops if op.family.has_weights and len(op.constants) > 1
        ]
        if biases:
            return all(each.shape == (each.count,) for each in biases)
        types = {each.type_name for each in self.sample.outputs() if each.shape is not None}
        return bool(types & {"SGS_U8", "SGS_U16"}) and "SGS_S16" not in types

    def choosable(self, name: str) -> bool:
        """Whether a tensor can be INT16 by name: a convolution's input other than the network's own, for onnxruntime
        anything that is computed."""
        if any(item.name == name for item in self.inputs):
            return False
        return self.by_onnxruntime or self.graph.feeds_convolution(name)

    @cached_property
    def weights(self) -> Mapping[int, str]:
        """The weights' name by the benchmark's op index."""
        return {op.index: op.constants[0].name for op in self.graph.ops if op.constants}

    @cached_property
    def _channels(self) -> Mapping[str, int]:
        return infer_channels(self.benchmark.records)

    def channels(self, name: str) -> int:
        """Size of a tensor's last axis; 0 where unknown."""
        shape = self.twin.shapes.get(name, ()) if self.twin else ()
        row = self.rows.get(name)
        known = shape[-1] if len(shape) in (2, 4) and name not in self._barred else self._channels.get(name, 0)
        return known or (row.pair.channels if row else 0) or 0

    @cached_property
    def _barred(self) -> frozenset[str]:
        return frozenset(name for op in self.twin.barriers() for name in op.outputs) if self.twin else frozenset()

    @cached_property
    def compared(self) -> Mapping[str, LayerDiff]:
        """Rows with figures, in network order; no layers are pad lanes of aligned tensors, indices, and what is all but
        zero and fine."""
        fit = {name: row for name, row in self.rows.items() if row.metrics is not None and not self._no_layer(row)}
        return fit if len(fit) < len(self.rows) else self.rows

    def _no_layer(self, row: LayerDiff) -> bool:
        return bool(row.pair.indices) or bool(self._pad_lanes and self.padded(row.pair)) or bool(vanishing(row))

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
        right = {r.name: r for r in self._own.inputs()}
        left = {r.name: r for r in build_graph(self.sample).inputs()} if holds_graph(self.sample) else {}
        return tuple(NetInput(name, right.get(name), left.get(name)) for name in {**right, **left})

    def padded(self, pair: Pair) -> bool:
        """Whether a layer has pad lanes, which hold leftover memory in the sample."""
        return pair.benchmark.name in self._pad_lanes or pair.sample.name in self._pad_lanes

    def failing(self, name: str) -> bool:
        """Whether a layer breaks a limit."""
        row = self.compared.get(name)
        return row is not None and row.verdict is Verdict.FAIL

    def would_fail(self, name: str, found: Figures) -> bool:
        """Whether a layer would break a fail limit with other figures; its range is no error."""
        row = self.compared.get(name)
        if row is None or row.metrics is None:
            return False
        fail, _ = self.profile.limits_for(row.name, row.op_type)
        metrics = replace(row.metrics, rmse=found.rmse, cos=found.cos, sqnr_db=found.sqnr_db)
        return bool(fail.broken(replace(row, metrics=metrics)).keys() - {"range"})

    def within_limits(self) -> bool:
        """Whether no layer breaks a limit, and what is bad inside fades out before those of the network's outputs that
        are there: a dump may be cut short before any."""
        ends = [name for name, row in self.rows.items() if row.metrics is not None and not self.graph.readers(name)]
        fades = all(self._fades(self.compared[name]) for name in ends if name in self.compared)
        return bool(self.compared) and fades and self.keeps_limits()

    def keeps_limits(self) -> bool:
        """Whether no layer breaks a limit, in a network that is known."""
        return self.graph.known and not any(map(self.failing, self.compared))

    def _fades(self, row: LayerDiff) -> bool:
        """Whether an output is right enough: of few values the error is chance, next to nothing has no relative one."""
        few = max(1.0, FEW / max(row.pair.benchmark.count, 1)) ** 0.5
        return bool(self.error(row.name) < LOUD * few)

    def creeps(self) -> bool:
        """Whether errors within the limits are larger than those of healthy trained networks, not by chance."""
        counting = [name for name, row in self.compared.items() if row.pair.benchmark.count >= FEW]
        return any(self.error(name) >= _CREPT for name in counting)

    def error(self, name: str) -> float:
        """Relative L2 error of a compared layer; infinite where it is not finite."""
        row = self.compared.get(name)
        if row is None or row.metrics is None:
            return 0.0
        value = row.metrics.relative_l2
        return value if isfinite(value) else inf

    def grid(self, name: str) -> Grid | None:
        """The sample's grid of a compared layer or an input, from its header or else from its values."""
        if name not in self._grids:
            row = self.rows.get(name)
            record = row.pair.sample if row else next((i.sample for i in self.inputs if i.name == name), None)
            self._grids[name] = None if record is None else grid_of(record) or self._grid_in(record)
        return self._grids[name]

    @cached_property
    def _grids(self) -> dict[str, Grid | None]:
        return {}

    def _grid_in(self, record: Record) -> Grid | None:
        return grid_in(self.sample_tensors.spread(record, 1 << 14)) if self.sample_tensors.readable(record) else None

    def both(self, name: str) -> tuple[Values, Values]:
        """(sample, benchmark) of a compared layer, flat: all of it, or stretches spread over it."""
        block = max(self.channels(name), 1)
        return self.sample_tensors.spread(self.rows[name].pair.sample, LOOKED_AT, block), self.truth(name)

    def truth(self, name: str) -> Values:
        """The benchmark of a compared layer, as `both` has it."""
        return self.tensors.spread(self.rows[name].pair.benchmark, LOOKED_AT, max(self.channels(name), 1))

    def comparable(self, name: str) -> bool:
        """Whether both sides can be read element against element."""
        row = self.compared.get(name)
        return (
            row is not None
            and row.pair.sample.count == row.pair.benchmark.count
            and self.sample_tensors.readable(row.pair.sample)
            and self.tensors.readable(row.pair.benchmark)
        )

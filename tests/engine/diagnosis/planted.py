"""A pair under construction: the network is run in float and under the fixed simulator's arithmetic by the twin, and
both are written as the simulators write them: the fixed dump's input record holds the raw pixels, its weights are what
the fixed model has.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from sgs_tui.engine.dumps.format import Direction
from sgs_tui.engine.dumps.reader import Dump, open_dump
from sgs_tui.engine.dumps.writer import Draft, write_dump
from sgs_tui.engine.twin.arithmetic import Pixels, quantize_pixels, quantize_weights
from sgs_tui.engine.twin.meaning import Convolution
from sgs_tui.engine.twin.network import Twin, TwinOp
from sgs_tui.engine.twin.plan import Plan, plan
from sgs_tui.engine.twin.predict import Kernels, run
from sgs_tui.engine.twin.rebuild import rebuild
from sgs_tui.engine.twin.run import float_layers, write_float_dump
from tests.engine.diagnosis.nets import Array, Pair, Ranges, write_ranges
from tests.engine.diagnosis.networks import Network, Random, others

SHOWS, OUTPUT, FEW = 0.55, 0.12, 32
"""Relative error of a layer, or of an output, that breaks a limit, so that a fault shows; values that tell."""


@dataclass
class Planted:
    """A pair under construction: the float network and picture, what the fixed one saw and is made of."""

    rng: Random
    network: Network
    level: int = 2
    weights: dict[int, Array] = field(default_factory=dict)
    biases: dict[int, Array] = field(default_factory=dict)
    changes: dict[int, Array] = field(default_factory=dict)
    causes: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    ranges: Ranges = field(default_factory=dict)
    picture: Array = field(init=False)
    fixed_picture: Array | None = None
    pixels: Pixels = field(init=False)
    float_pixels: Pixels = field(init=False)
    calibrated_pixels: Pixels = field(init=False)
    calibration: Callable[[Random, Array], list[Array]] = field(default=others)
    own: bool = True
    narrowed: dict[str, float] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    kept: float = 1.0
    shows: bool = False

    def __post_init__(self) -> None:
        self.picture = self.network.picture
        self.pixels = self.float_pixels = self.calibrated_pixels = self.network.pixels

    @property
    def base(self) -> Twin:
        return self.network.twin

    def of(self, op: TwinOp) -> Array:
        """The weights as they are by now [Cout, kh, kw, Cin / groups]."""
        assert op.convolution is not None
        return self.weights.setdefault(op.index, op.convolution.weights.copy())

    def bias(self, op: TwinOp) -> Array:
        assert op.convolution is not None
        return self.biases.setdefault(op.index, op.convolution.bias.copy())

    def twin(self) -> Twin:
        """The network with its weights scaled."""
        return _with(self.base, self.weights, self.biases)

    def write(self, folder: Path) -> Pair:
        """Both dumps and the ranges."""
        sample, benchmark, limits = folder / "fixed.bin", folder / "float.bin", folder / "tensor_min_max.txt"
        changed = self.twin()
        source = changed.inputs[0]
        _write_float(changed, {source: self.network.seen(self.picture, self.float_pixels)}, benchmark, self)
        pictures = [*self.calibration(self.rng, self.picture), *([self.picture] if self.own else [])]
        ranges = self.network.calibrate(pictures, changed, self.calibrated_pixels)
        for name, part in self.narrowed.items():
            ranges[name] = (ranges[name][0] * part, ranges[name][1] * part)
        self.ranges = ranges
        twin = rebuild(open_dump(benchmark))
        made = plan(twin, ranges, (), self.level)
        if self.changes:
            made = replace(made, twin=_with(twin, self.changes, {}))
        seen = self.picture if self.fixed_picture is None else self.fixed_picture
        values = write_fixed(made, seen, sample, self.pixels, self.renamed)
        with sample.open("r+b") as file:
            file.truncate(int(self.kept * sample.stat().st_size))
        self.shows = _shows(twin, values)
        write_ranges(limits, ranges)
        cause, culprits = self.causes[0] if self.causes else ("healthy", ())
        return Pair(sample, benchmark, limits, cause, culprits, self.network.name)


def _with(twin: Twin, weights: Mapping[int, Array], biases: Mapping[int, Array]) -> Twin:
    ops = []
    for op in twin.ops:
        meaning = op.meaning
        if isinstance(meaning, Convolution) and (op.index in weights or op.index in biases):
            meaning = replace(
                meaning, weights=weights.get(op.index, meaning.weights), bias=biases.get(op.index, meaning.bias)
            )
        ops.append(replace(op, meaning=meaning))
    return replace(twin, ops=tuple(ops))


def _write_float(twin: Twin, inputs: Mapping[str, Array], path: Path, planted: Planted) -> None:
    """As `write_float_dump`, with the constants that were changed."""
    if not planted.weights and not planted.biases:
        write_float_dump(twin, inputs, path)
        return
    records: dict[int, list] = {}
    for record in twin.dump.records:
        records.setdefault(record.op_index, []).append(record)
    drafts = []
    for op, held in float_layers(twin, inputs):
        constants = 0
        for record in records[op.index]:
            if not record.constant:
                values = held[record.name]
            else:
                values = _constant(twin.dump, record, op, constants, planted)
                constants += 1
            drafts.append(
                Draft(
                    record.direction, record.slot, record.op_index, record.op_type, record.name, np.array(values),
                    type_name=record.type_name, constant=record.constant, shape=record.shape,
                )
            )  # fmt: skip
    write_dump(path, drafts)


def _constant(dump: Dump, record: object, op: TwinOp, number: int, planted: Planted) -> Array:
    values = dump.read(record)  # type: ignore[arg-type]
    convolution = op.convolution
    if convolution is None:
        return values
    if number == 0 and op.index in planted.weights:
        before, after = convolution_of(planted.base, op).weights, planted.weights[op.index]
        if convolution.dense:  # zeros beside the diagonal
            full = values.reshape(before.shape[0], *before.shape[1:3], -1).copy()
            each = np.arange(before.shape[0])
            full[each, :, :, each] = after[..., 0]
            return full.reshape(-1)
        for turned in (after, np.moveaxis(after, 0, -1)[..., 0, :] if after.shape[3] == 1 else after):
            original = before if turned is after else np.moveaxis(before, 0, -1)[..., 0, :]
            if np.array_equal(original.reshape(-1), values.reshape(-1)):
                return turned.reshape(-1)
        raise AssertionError(f"weights of {op.outputs} are stored in a way that is not known")
    if number == 1 and op.index in planted.biases:
        rows = values.reshape(2, -1).copy()
        rows[0] = planted.biases[op.index]
        return rows
    return values


def convolution_of(twin: Twin, op: TwinOp) -> Convolution:
    found = next(each.convolution for each in twin.ops if each.index == op.index)
    assert found is not None
    return found


def _shows(twin: Twin, values: Mapping[str, Array]) -> bool:
    """Whether a layer or an output is beyond its limit."""
    for name, found in values.items():
        truth = twin.dump.read(twin.records[name]).reshape(-1)
        order = 2 if name in twin.outputs else 1  # RMSE of a limit is sum |s - b| / sum |b|
        size = float(np.linalg.norm(truth, order))
        error = float(np.linalg.norm(found.reshape(-1) - truth, order)) / size if size > 1e-6 else 0.0
        if truth.size >= FEW and error > (OUTPUT if name in twin.outputs else SHOWS):
            return True
    return False


def write_fixed(
    made: Plan, picture: Array, path: Path, pixels: Pixels, renamed: Mapping[str, str] | None = None
) -> dict[str, Array]:
    """The fixed dump on a picture, with its weights; the input record holds the raw pixels and a fourth channel.

    `renamed`: tensors that are dumped under another one's name.
    """
    named = renamed or {}
    name = made.twin.inputs[0]
    grid = made.grids[name]
    assert grid is not None
    plain = picture.reshape(-1, made.twin.shapes[name][-1]).astype(np.float64)
    codes = quantize_pixels(plain, grid, pixels).reshape(made.twin.shapes[name])
    held = {layer.name: layer for layer in run(made, {name: codes}, Kernels())}
    drafts: list[Draft] = []
    for number, each in enumerate(made.groups):
        slot = 0
        for read in each.reads:
            values = held[named.get(read, read)].values()
            drafts.append(_draft(number, slot, each.ops[0].kind, Direction.IN, read, values, made, plain))
            slot += 1
        for op in each.convolutions[:1]:
            drafts += _constants(made, op, number, slot)
        for slot, written in enumerate(each.writes):
            values = held[named.get(written, written)].values()
            drafts.append(_draft(number, slot, each.last.kind, Direction.OUT, written, values, made, plain))
    write_dump(path, drafts)
    names = (name for name in held if name not in made.twin.inputs)
    return {name: held[named.get(name, name)].values() for name in names}


def _draft(
    number: int, slot: int, kind: str, direction: Direction, name: str, values: Array, made: Plan, plain: Array
) -> Draft:
    grid = made.grids.get(name)
    if grid is None:
        return Draft(direction, slot, number, kind, name, values)
    scale = round(grid.scale, 6)
    if name == made.twin.inputs[0]:
        raw = (plain.reshape(-1) - grid.zero) * grid.scale
        tail = np.full(raw.size // 3 if plain.shape[-1] == 3 else 0, -grid.zero * grid.scale)
        values = np.concatenate([raw, tail]).astype(np.float32)
    return Draft(direction, slot, number, kind, name, values, scale, grid.zero, grid.type_name)


def _constants(made: Plan, op: TwinOp, number: int, slot: int) -> list[Draft]:
    """Quantized weights, and the bias whose second row tells one scale from many."""
    how, convolution = made.weights.get(op.index), op.convolution
    if how is None or convolution is None:
        return []
    codes = quantize_weights(convolution.weights, how)
    kind = "SGS_S16" if how.wide else "SGS_S8"
    mantissas = np.rint(20000 * codes.scales / codes.scales.max())
    rows = np.stack([np.zeros_like(mantissas), mantissas]).astype(np.float32)
    name = op.outputs[0]
    return [
        Draft(
            Direction.IN, slot, number, op.kind, f"{name}.weight", codes.values(), float(codes.scales.max()), 0, kind,
            True,
        ),
        Draft(Direction.IN, slot + 1, number, op.kind, f"{name}.bias", rows, 0.0, 0, "SGS_S16", True),
    ]  # fmt: skip

"""Faults planted into whole networks with the twin: any float dump gives pairs, on other pictures, with known causes.

The network is run in float and under the fixed simulator's arithmetic, and both are written as the simulators write
them: the fixed dump's input record holds the raw pixels, its weights are what the fixed model has.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from sgs_tui.engine.diagnosis.results import Cause, Diagnosis
from sgs_tui.engine.dumps.format import Direction
from sgs_tui.engine.dumps.reader import Dump, open_dump
from sgs_tui.engine.dumps.writer import Draft, write_dump
from sgs_tui.engine.twin.arithmetic import Pixels, quantize_pixels, quantize_weights
from sgs_tui.engine.twin.kernels import Kernel
from sgs_tui.engine.twin.meaning import Convolution
from sgs_tui.engine.twin.measured import fixed_records, read_plan
from sgs_tui.engine.twin.network import Twin, TwinOp
from sgs_tui.engine.twin.other_input import fit_of, own_pixels
from sgs_tui.engine.twin.plan import Plan, plan
from sgs_tui.engine.twin.predict import Kernels, dumped_inputs, run
from sgs_tui.engine.twin.rebuild import rebuild
from sgs_tui.engine.twin.run import float_layers, write_float_dump
from tests.engine.diagnosis.nets import Array, Pair, Ranges, write_ranges

Random = np.random.Generator

SHOWS, OUTPUT, FEW = 0.55, 0.12, 32
"""Relative error of a layer, or of an output, that breaks a limit, so that a fault shows; values that tell."""


@dataclass(frozen=True)
class Network:
    """A network of which pairs are made: its twin, how its picture is normalized, and a picture of grey levels."""

    name: str
    twin: Twin
    picture: Array
    pixels: Pixels = Pixels()  # noqa: RUF009 - frozen
    shown: dict[tuple[str, int, int, int], bool] = field(default_factory=dict, compare=False, repr=False)
    """Whether a fault alone breaks a limit, by its seed, attempt and place: a fault is part of many pairs."""

    @cached_property
    def shape(self) -> tuple[int, ...]:
        return self.twin.shapes[self.twin.inputs[0]]

    def seen(self, picture: Array, pixels: Pixels | None = None) -> Array:
        """The picture normalized, flat."""
        how = pixels or self.pixels
        found = (picture.reshape(-1, self.shape[-1]) - np.array(how.mean)) / np.array(how.std)
        return found.astype(np.float32).reshape(-1)

    def calibrate(self, pictures: Sequence[Array], twin: Twin | None = None, pixels: Pixels | None = None) -> Ranges:
        """Least and largest value of every tensor over pictures."""
        ranges: Ranges = {}
        kernels: dict[int, Kernel] = {}
        for picture in pictures:
            for name, values in floats(twin or self.twin, self.seen(picture, pixels), kernels).items():
                low, high = ranges.get(name, (np.inf, -np.inf))
                ranges[name] = (min(low, float(values.min())), max(high, float(values.max())))
        return ranges


def floats(twin: Twin, values: Array, kernels: dict[int, Kernel]) -> dict[str, Array]:
    """Every tensor in float, flat."""
    found = {twin.inputs[0]: values}
    for op, held in float_layers(twin, {twin.inputs[0]: values}, kernels):
        found |= {name: held[name] for name in op.outputs}
    return found


def others(rng: Random, picture: Array, count: int = 5, contrast: float = 1.0, middle: float = 0.0) -> list[Array]:
    """Pictures like one: shifted, mirrored, a little brighter or darker, noisy."""
    found = []
    for number in range(count):
        other = picture[:, ::-1] if number % 2 else picture
        other = np.roll(other, rng.integers(-6, 7, 2), (0, 1))
        other = (other - 127) * rng.uniform(0.85, 1.0) * contrast + 127 + rng.uniform(-8, 8) + middle
        found.append(_grey(other + rng.normal(0, 3 * contrast, picture.shape)))
    return found


def _grey(values: Array) -> Array:
    return np.clip(np.rint(values), 0, 255).astype(np.float32)


# --- planting -----------------------------------------------------------------------------------------


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


# --- faults -------------------------------------------------------------------------------------------

HOMOGENEOUS = ("RELU", "LEAKY_RELU", "MAX_POOL_2D")
"""Ops that hand a channel's factor on."""


def _spreadable(twin: Twin) -> list[tuple[TwinOp, str]]:
    """Convolutions whose output reaches, through what hands factors on, only convolutions; and the tensor they read."""
    found = []
    for op in twin.ops:
        name = op.outputs[0] if op.convolution is not None else ""
        while name:
            readers = twin.readers.get(name, ())
            if len(readers) == 1 and readers[0].kind.upper() in HOMOGENEOUS:
                name = readers[0].outputs[0]
                continue
            large = int(np.prod(twin.shapes[name])) >= 256
            if large and readers and all(each.convolution is not None for each in readers):
                found.append((op, name))
            break
    return found


def _divide(planted: Planted, name: str, channel: int, factors: Array) -> bool:
    """Divide the weights that read channels [channel, ...) of a tensor; False where something else reads them."""
    for op in planted.base.readers.get(name, ()):
        size = factors.size
        if op.convolution is not None:
            weights = planted.of(op)
            if op.convolution.groups > 1:
                weights[channel : channel + size] /= factors[:, None, None, None]
            else:
                weights[..., channel : channel + size] /= factors
        elif op.kind.upper() == "CONCATENATION":
            before = sum(planted.base.shapes[each][-1] for each in op.inputs[: op.inputs.index(name)])
            if not _divide(planted, op.outputs[0], channel + before, factors):
                return False
        elif op.kind.upper() in HOMOGENEOUS:
            if not _divide(planted, op.outputs[0], channel, factors):
                return False
        else:
            return False
    return name not in planted.base.outputs


def wide_range(planted: Planted, factors: tuple[float, float] = (150, 800)) -> None:
    """One channel too large by a factor, which the weights behind it undo."""
    taken = {name for cause, names in planted.causes if cause in INSIDE for name in names}
    places = [each for each in _spreadable(planted.base) if each[1] not in taken and each[0].index > 0]
    op, name = places[int(planted.rng.integers(len(places)))]
    weights, bias = planted.of(op), planted.bias(op)
    channel = _lively(planted, name)
    factor = np.float32(np.exp(planted.rng.uniform(*np.log(factors))))
    weights[channel] *= factor
    bias[channel] *= factor
    assert _divide(planted, op.outputs[0], channel, np.array([factor], np.float32))
    planted.causes.append(("wide_range", tuple(_names(planted.base, op, name))))


def _names(twin: Twin, op: TwinOp, name: str) -> list[str]:
    """The tensors between a convolution's output and what its readers read."""
    found, at = [op.outputs[0]], op.outputs[0]
    while at != name:
        at = twin.readers[at][0].outputs[0]
        found.append(at)
    return found


def _lively(planted: Planted, name: str) -> int:
    """A channel that is not dead in this picture, one of the stronger half."""
    channels = planted.base.shapes[name][-1]
    values = planted.base.dump.read(planted.base.records[name]).reshape(-1, channels)
    power = np.square(values.astype(np.float64)).mean(axis=0)
    order = np.argsort(-power)
    return int(order[int(planted.rng.integers(max(1, channels // 2)))])


def concats(twin: Twin) -> list[tuple[TwinOp, str, TwinOp]]:
    """Concatenations with a branch that a convolution makes (through what hands factors on), all behind it undoable."""
    found = []
    for op in twin.ops:
        if op.kind.upper() != "CONCATENATION" or op.outputs[0] in twin.outputs:
            continue
        for branch in op.inputs:
            at: TwinOp | None = twin.producers.get(branch)
            names = [branch]
            while at is not None and at.kind.upper() in HOMOGENEOUS and len(at.inputs) == 1:
                names.append(at.inputs[0])
                at = twin.producers.get(at.inputs[0])
            if at is not None and at.convolution is not None and all(len(twin.readers[n]) == 1 for n in names):
                found.append((op, branch, at))
    return found


def shared_scale(planted: Planted, factors: tuple[float, float] = (200, 2000)) -> None:
    """One branch of a concatenation too large, which what reads it undoes."""
    places = concats(planted.base)
    planted.rng.shuffle(places)  # type: ignore[arg-type]
    for op, _, origin in places:
        trial = Planted(planted.rng, planted.network)
        trial.weights, trial.biases = dict(planted.weights), dict(planted.biases)
        factor = np.float32(np.exp(planted.rng.uniform(*np.log(factors))))
        channels = origin.convolution.bias.size if origin.convolution else 0
        if not _divide(trial, origin.outputs[0], 0, np.full(channels, factor, np.float32)):
            continue
        _divide(planted, origin.outputs[0], 0, np.full(channels, factor, np.float32))
        planted.of(origin)[...] *= factor
        planted.bias(origin)[...] *= factor
        planted.causes.append(("shared_scale", (op.outputs[0], *op.inputs)))
        return
    raise LookupError("no concatenation can be spread")


def dark_calibration(planted: Planted) -> None:
    """Calibrated on dark pictures, run on a bright one."""
    planted.calibration = lambda rng, picture: others(rng, picture * 0.25, 5)
    planted.own = False
    planted.causes.append(("clipping", (*planted.base.tensors,)))


def dull_calibration(planted: Planted) -> None:
    """Calibrated on pictures of little contrast."""
    planted.calibration = lambda rng, picture: others(rng, picture, 5, contrast=0.25)
    planted.own = False
    planted.causes.append(("clipping", (*planted.base.tensors,)))


def channel_order(planted: Planted) -> None:
    planted.fixed_picture = np.ascontiguousarray(planted.picture[..., ::-1])
    planted.causes.append(("input_mismatch", (planted.base.inputs[0],)))


def other_picture(planted: Planted) -> None:
    kind = int(planted.rng.integers(3))
    picture = planted.picture
    planted.fixed_picture = np.ascontiguousarray(
        [picture[:, ::-1], picture[::-1], np.roll(picture, picture.shape[1] // 3, 1)][kind]
    )
    planted.causes.append(("input_mismatch", (planted.base.inputs[0],)))


def raw_float(planted: Planted) -> None:
    """The float dump's preprocess forgets to normalize."""
    planted.float_pixels = Pixels((0.0,), (1.0,))
    planted.causes.append(("input_mismatch", (planted.base.inputs[0],)))


def other_std(planted: Planted) -> None:
    factor = float(planted.rng.choice([0.7, 0.8, 1.25, 1.45]))
    mean, std = planted.network.pixels.mean, planted.network.pixels.std
    planted.pixels = Pixels(mean, tuple(each * factor for each in std))
    planted.causes.append(("gain_offset", (planted.base.inputs[0],)))


def other_mean(planted: Planted) -> None:
    shift = float(planted.rng.choice([-30, -20, 20, 30]))
    mean, std = planted.network.pixels.mean, planted.network.pixels.std
    planted.pixels = Pixels(tuple(each + shift for each in mean), std)
    planted.causes.append(("gain_offset", (planted.base.inputs[0],)))


def raw_calibration(planted: Planted) -> None:
    """Calibrated on pixels that nobody normalized: every range far wider than the values, by one factor."""
    planted.calibrated_pixels = Pixels((0.0,), (1.0,))
    planted.own = False
    planted.causes.append(("gain_offset", (planted.base.inputs[0],)))


def other_scale(planted: Planted) -> None:
    """Calibrated on pictures with the usual mean and std of each color, which those of the runs are not brought to.

    Only where that picture fills the scale: the calibrated range tells no more.
    """
    planted.calibrated_pixels = Pixels((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
    seen = planted.network.seen(planted.picture, planted.calibrated_pixels)
    if seen.min() > -1.9 or seen.max() < 2.4:
        raise LookupError("the picture does not fill the scale")
    planted.own = False
    planted.causes.append(("gain_offset", (planted.base.inputs[0],)))


def divided_twice(planted: Planted) -> None:
    """Both runs normalize a picture that is normalized already."""
    mean, std = planted.network.pixels.mean, planted.network.pixels.std
    again = [(a + b * a, b * b) for a, b in zip(mean, std, strict=True)]
    planted.pixels = planted.float_pixels = Pixels(*(tuple(each) for each in zip(*again, strict=True)))
    planted.own = False
    planted.causes.append(("gain_offset", (planted.base.inputs[0],)))


def coarse_weights(planted: Planted) -> None:
    """L1, and one layer with a channel of weights far above the others that the layer behind undoes."""
    planted.level = 1
    wide_range(planted, (30, 120))
    planted.causes.append((planted.causes.pop()[0], ()))


def other_model(planted: Planted) -> None:
    """The fixed model was made from a network of other weights: of another training run."""
    for op in planted.base.ops:
        if op.convolution is not None:
            weights = op.convolution.weights
            planted.changes[op.index] = planted.rng.permutation(weights.reshape(-1)).reshape(weights.shape)
    planted.causes.append(("other_model", ()))


def stale_model(planted: Planted) -> None:
    """The fixed model is of an earlier training step: all its weights a little different."""
    part = float(planted.rng.choice([0.3, 0.5]))
    for op in planted.base.ops:
        if op.convolution is not None:
            weights = op.convolution.weights
            noise = planted.rng.normal(0, part * float(weights.std()), weights.shape)
            planted.changes[op.index] = (weights + noise).astype(np.float32)
    planted.causes.append(("other_model", ()))


def stale_head(planted: Planted) -> None:
    """The fixed model has an earlier head: its last convolutions have other weights."""
    ops = [op for op in planted.base.ops if op.convolution is not None][-int(planted.rng.integers(2, 4)) :]
    for op in ops:
        assert op.convolution is not None
        weights = op.convolution.weights
        planted.changes[op.index] = planted.rng.permutation(weights.reshape(-1)).reshape(weights.shape)
    planted.causes.append(("other_model", tuple(each for op in ops for each in _behind(planted.base, op.outputs[0]))))


def _behind(twin: Twin, name: str) -> list[str]:
    """A tensor and what is made of it, up to the next convolutions."""
    found = [name]
    for op in twin.readers.get(name, ()):
        if op.convolution is None:
            found += _behind(twin, op.outputs[0])
    return found


def swapped_tensors(planted: Planted) -> None:
    """Two tensors of one size are dumped under each other's name."""
    twin = planted.base
    stored = [name for name in plan(twin, None).layers() if np.prod(twin.shapes[name]) >= 256]
    pairs = [(a, b) for place, a in enumerate(stored) for b in stored[place + 1 :] if twin.shapes[a] == twin.shapes[b]]
    pairs = [(a, b) for a, b in pairs if a not in twin.outputs and b not in twin.outputs]
    if not pairs:
        raise LookupError("no two tensors have one shape")
    a, b = pairs[int(planted.rng.integers(len(pairs)))]
    planted.renamed |= {a: b, b: a}
    planted.causes.append(("unexplained", (a, b)))


def clipped_range(planted: Planted) -> None:
    """One activation's calibrated range is far narrower than its values."""
    twin = planted.base
    read = [name for op in twin.ops if op.convolution is not None for name in op.inputs[:1]]
    names = [name for name in plan(twin, None).layers() if name in read and np.prod(twin.shapes[name]) >= 256]
    name = names[int(planted.rng.integers(len(names)))]
    planted.narrowed[name] = float(planted.rng.uniform(0.05, 0.2))
    planted.causes.append(("clipping", (name,)))


def clipped_too(planted: Planted) -> None:
    """The calibrated range of a tensor with another fault is too narrow as well; alone that of any tensor."""
    if not planted.causes:
        clipped_range(planted)
        return
    name = planted.causes[0][1][-1]
    planted.narrowed[name] = float(planted.rng.uniform(0.1, 0.3))
    planted.causes.append(("clipping", (name,)))


def lost_slices(planted: Planted) -> None:
    """A branch of the output so large that the other one drowns in its step."""
    for op in planted.base.ops:
        if op.kind.upper() == "CONCATENATION" and op.outputs[0] in planted.base.outputs:
            origin = planted.base.producers[op.inputs[0]]
            factor = np.float32(planted.rng.uniform(1.2e4, 2.5e4))
            planted.of(origin)[...] *= factor
            planted.bias(origin)[...] *= factor
            planted.causes.append(("shared_scale", (op.outputs[0], *op.inputs)))
            return
    raise LookupError("no output is a concatenation")


def wide_sum(planted: Planted) -> None:
    """One channel of a residual stream too large: its sums lack INT16."""
    twin = planted.base
    sums = [op.outputs[0] for op in twin.ops if op.kind.upper() == "ADD" and len(op.inputs) == 2]
    planted.rng.shuffle(sums)
    for name in sums:
        stream = _stream(twin, name)
        if stream is None:
            continue
        origins, members, readers = stream
        channel = _lively(planted, name)
        factor = np.float32(np.exp(planted.rng.uniform(*np.log((150, 800)))))
        for op in origins:
            planted.of(op)[channel] *= factor
            planted.bias(op)[channel] *= factor
        for op in readers:
            weights = planted.of(op)
            if op.convolution is not None and op.convolution.groups > 1:
                weights[channel] /= factor
            else:
                weights[..., channel] /= factor
        planted.causes.append(("wide_range", tuple(members)))
        return
    raise LookupError("no sum can be spread")


def _stream(twin: Twin, name: str) -> tuple[list[TwinOp], list[str], list[TwinOp]] | None:
    """Convolutions that make the tensors that are summed up with one another, those tensors, and their readers."""
    open_ones, members, origins, readers = [name], {name: None}, dict[int, TwinOp](), dict[int, TwinOp]()
    while open_ones:
        at = open_ones.pop()
        maker = twin.producers.get(at)
        around = []
        if maker is None or at in twin.outputs:
            return None
        if maker.convolution is not None:
            origins[maker.index] = maker
        elif (maker.kind.upper() == "ADD" and len(maker.inputs) == 2) or maker.kind.upper() in HOMOGENEOUS:
            around += maker.inputs
        else:
            return None
        for op in twin.readers.get(at, ()):
            if op.convolution is not None:
                readers[op.index] = op
            elif (op.kind.upper() == "ADD" and len(op.inputs) == 2) or op.kind.upper() in HOMOGENEOUS:
                around += [*op.inputs, *op.outputs]
            else:
                return None
        fresh = [each for each in dict.fromkeys(around) if each not in members]
        members |= dict.fromkeys(fresh)
        open_ones += fresh
    return list(origins.values()), list(members), list(readers.values())


def cut_file(planted: Planted) -> None:
    """The fixed dump stops early; what there is of it is right."""
    planted.kept = float(planted.rng.uniform(0.4, 0.9))


def healthy(planted: Planted) -> None:
    """Nothing."""


FAULTS: Mapping[str, Callable[[Planted], None]] = {
    "healthy": healthy,
    "wide_range": wide_range,
    "shared_scale": shared_scale,
    "dark_calibration": dark_calibration,
    "dull_calibration": dull_calibration,
    "channel_order": channel_order,
    "other_picture": other_picture,
    "raw_float": raw_float,
    "other_std": other_std,
    "other_mean": other_mean,
    "raw_calibration": raw_calibration,
    "other_scale": other_scale,
    "divided_twice": divided_twice,
    "coarse_weights": coarse_weights,
    "other_model": other_model,
    "stale_model": stale_model,
    "stale_head": stale_head,
    "swapped_tensors": swapped_tensors,
    "clipped_range": clipped_range,
    "clipped_too": clipped_too,
    "lost_slices": lost_slices,
    "wide_sum": wide_sum,
    "cut_file": cut_file,
}
BESIDE = ("clipped_too",)
"""Faults that are one of two."""

INPUTS = ("channel_order", "other_picture", "other_std", "other_mean")
INSIDE = ("wide_range", "shared_scale", "wide_sum")
SUBTLE = ("healthy", "cut_file", "lost_slices", *INPUTS)
"""What need not break a limit to be told."""

PAIRS = (
    *((outer, inner) for outer in INPUTS for inner in INSIDE),
    *((outer, inner) for outer in ("dark_calibration", "dull_calibration") for inner in INSIDE),
    ("wide_range", "wide_range"),
    ("wide_range", "shared_scale"),
    *(("clipped_range", inner) for inner in INSIDE),
    ("channel_order", "clipped_range"),
    ("other_std", "dark_calibration"),
    ("wide_range", "stale_head"),
    ("wide_range", "clipped_too"),
)
"""Two faults at once, in the order in which to mend them."""


def plant(network: Network, faults: Sequence[str], seed: int, folder: Path, tries: int = 8) -> tuple[Planted, Pair]:
    """A pair with these faults, each of which breaks a limit by itself. Raises LookupError where none does.

    Input faults need not: they are told by the numbers however small.
    """
    for attempt in range(tries):
        if len(faults) == 1:
            alone = _planted(network, faults, [seed, attempt, 0])
            pair = alone.write(folder)
            if alone.shows or faults[0] in SUBTLE:
                return alone, pair
        elif all(_breaks(network, fault, (seed, attempt, place), folder) for place, fault in enumerate(faults)):
            both = _planted(network, faults, [seed, attempt])
            return both, both.write(folder)
    raise LookupError(f"{network.name}: {' and '.join(faults)} break no limit")


def _breaks(network: Network, fault: str, seed: tuple[int, int, int], folder: Path) -> bool:
    """Whether a fault alone breaks a limit, or need not."""
    key = (fault, *seed)
    if key not in network.shown:
        alone = _planted(network, [fault], list(seed))
        if fault not in SUBTLE:
            alone.write(folder)
        network.shown[key] = fault in SUBTLE or alone.shows
    return network.shown[key]


def _planted(network: Network, faults: Sequence[str], seed: list[int]) -> Planted:
    """Every fault draws from numbers of its own, so that it is the same alone and beside another."""
    planted = Planted(np.random.default_rng(seed), network)
    for place, fault in enumerate(faults):
        planted.rng = np.random.default_rng([*seed[:2], seed[2] if len(seed) > 2 else place])
        FAULTS[fault](planted)
    planted.rng = np.random.default_rng(seed[:2])
    return planted


def named(planted: Planted, diagnosis: Diagnosis) -> list[bool]:
    """Of each planted fault, whether a finding has its cause and one of its tensors."""
    return [place is not None for place in _places(planted, diagnosis)]


def in_order(planted: Planted, diagnosis: Diagnosis) -> bool:
    """Whether every planted fault is named, in the order in which to mend them; two inside a network in any order."""
    places = [place for place in _places(planted, diagnosis) if place is not None]
    return len(places) == len(planted.causes) and (_any_order(planted) or places == sorted(places))


def _places(planted: Planted, diagnosis: Diagnosis) -> list[int | None]:
    """Of each planted fault, which finding has its cause and one of its tensors."""
    found: list[int | None] = []
    for cause, culprits in planted.causes:
        hits = (
            place
            for place, each in enumerate(diagnosis.findings)
            if place not in found and each.cause == cause and (not culprits or set(culprits) & set(each.layers))
        )
        found.append(next(hits, None))
    return found


def _any_order(planted: Planted) -> bool:
    """Whether the faults are in tensors of the network, the range of one among them: the larger first."""
    return all(cause in INSIDE or (cause, len(culprits)) == ("clipping", 1) for cause, culprits in planted.causes)


def right(planted: Planted, diagnosis: Diagnosis) -> bool:
    """Whether the first finding is the (first) planted fault; healthy where there is none."""
    first = diagnosis.first
    if not planted.causes:
        return first.cause is Cause.HEALTHY
    return any(
        first.cause == cause and (not culprits or bool(set(culprits) & set(first.layers)))
        for cause, culprits in (planted.causes if _any_order(planted) else planted.causes[:1])
    )


# --- networks -----------------------------------------------------------------------------------------


def network(name: str, float_dump: Path, fixed_dump: Path) -> Network:
    """A network from a pair of dumps: the picture and its normalization as both inputs tell them."""
    twin, dump = rebuild(open_dump(float_dump)), open_dump(fixed_dump)
    given = dumped_inputs(twin)[twin.inputs[0]]
    own = own_pixels(read_plan(twin, dump, None), fixed_records(twin, dump), given)
    assert own is not None, f"{fixed_dump} holds no picture"
    fit = fit_of(given, own)
    pairs = list(zip(fit.gain, fit.offset, strict=True))
    pixels = Pixels(tuple(round(-b / a, 3) for a, b in pairs), tuple(round(1 / a, 3) for a, _ in pairs))
    picture = own.reshape(twin.shapes[twin.inputs[0]][1:]).astype(np.float32)
    return Network(name, twin, picture, Pixels() if fit.raw else pixels)

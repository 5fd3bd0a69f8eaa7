"""Faults that are planted into networks: what they change in a pair under construction, and the cause they are."""

from collections.abc import Callable, Mapping

import numpy as np

from sgs_tui.engine.twin.arithmetic import Pixels
from sgs_tui.engine.twin.network import Twin, TwinOp
from sgs_tui.engine.twin.plan import plan
from tests.engine.diagnosis.nets import Array
from tests.engine.diagnosis.networks import others
from tests.engine.diagnosis.planted import Planted

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

"""Every op kind is rebuilt from its own numbers alone, whatever its shape, stride, padding, dilation and groups."""

import ast
import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.errors import InputError
from sgs_tui.engine.twin.infer import _BY_KIND
from sgs_tui.engine.twin.meaning import Convolution, Pool, Resizing, Tiling
from sgs_tui.engine.twin.network import Proof, Twin
from sgs_tui.engine.twin.rebuild import LATE, rebuild
from tests.engine.twin.nets import Net, biased, convolved, pooled, stem

quick = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
seeds = st.integers(0, 2**32 - 1)
sides = st.integers(5, 14)


def rebuilt(net: Net) -> Twin:
    with tempfile.TemporaryDirectory() as folder:
        return rebuild(open_dump(net.write(Path(folder) / "float.bin")))


def exact(net: Net) -> Twin:
    twin = rebuilt(net)
    assert [op.kind for op in twin.ops if op.proof is not Proof.EXACT] == []
    assert twin.whole_error <= 1e-4
    return twin


def started(seed: int, height: int, width: int, channels: int) -> tuple[Net, np.random.Generator, Any]:
    net, rng = Net(), np.random.default_rng(seed)
    stem(net, rng, height, width, channels)
    return net, rng, net.values["stem"]


@quick
@given(
    seeds, sides, sides, st.sampled_from([(1, 1), (3, 3), (5, 5), (1, 3), (3, 2), (7, 1)]),
    st.tuples(st.integers(1, 3), st.integers(1, 3)), st.integers(1, 3), st.sampled_from([1, 2, 4]), st.data(),
)  # fmt: skip
def test_convolutions(
    seed: int, height: int, width: int, kernel: tuple[int, int], strides: tuple[int, int], gap: int, groups: int,
    data: st.DataObject,
) -> None:  # fmt: skip
    net, rng, picture = started(seed, height, width, 8)
    reach = [(side - 1) * gap for side in kernel]
    pads = tuple(data.draw(st.integers(0, min(each, 3))) for each in (*reach, *reach))
    assume(height + pads[0] + pads[2] > reach[0] + 2 and width + pads[1] + pads[3] > reach[1] + 2)
    weights = rng.normal(size=(12, *kernel, 8 // groups)).astype(np.float32)
    bias = rng.normal(size=12).astype(np.float32)
    output = convolved(picture, weights, bias, strides, pads, (gap, gap), groups)
    kind = "GROUP_CONV" if groups > 1 and data.draw(st.booleans()) else "CONV_2D"
    net.op(kind, ["stem"], [weights, biased(bias)], {"out": output})
    meaning = exact(net).ops[1].meaning
    assert isinstance(meaning, Convolution) and meaning.result == output.shape


@quick
@given(seeds, sides, sides, st.sampled_from([(2, 1), (1, 2), (2, 2), (3, 1)]), st.booleans(), st.booleans())
def test_depthwise_convolutions(
    seed: int, height: int, width: int, strides: tuple[int, int], behind: bool, dense: bool
) -> None:
    net, rng, picture = started(seed, height, width, 6)
    taps = rng.normal(size=(6, 5, 5, 1)).astype(np.float32)
    bias = rng.normal(size=6).astype(np.float32)
    output = convolved(picture, taps, bias, strides, (2, 2, 1, 2), (1, 1), 6)
    stored = taps[..., 0].transpose(1, 2, 0) if behind else taps[..., 0]
    if dense:
        stored = np.zeros((6, 5, 5, 6), np.float32)
        stored[np.arange(6), :, :, np.arange(6)] = taps[..., 0]
    net.op("CONV_2D" if dense else "DEPTHWISE_CONV_2D", ["stem"], [stored, biased(bias)], {"out": output})
    meaning = exact(net).ops[1].meaning
    assert isinstance(meaning, Convolution) and meaning.groups == 6 and meaning.dense == dense
    assert meaning.strides == strides


@quick
@given(seeds, sides, sides, st.sampled_from([(2, 2, 0), (3, 2, 1), (4, 2, 1), (3, 1, 1), (2, 3, 0)]), st.booleans())
def test_transposed_convolutions_of_onnx(
    seed: int, height: int, width: int, window: tuple[int, int, int], biases: bool
) -> None:
    side, stride, pad = window
    net, rng, picture = started(seed, height, width, 6)
    weights = rng.normal(size=(6, side, side, 4)).astype(np.float32)  # [Cin, kh, kw, Cout]
    bias = rng.normal(size=4).astype(np.float32) * biases
    full = np.zeros((1, (height - 1) * stride + side, (width - 1) * stride + side, 4))
    for row in range(height):
        for column in range(width):
            spread = np.einsum("c,chwo->hwo", picture[0, row, column].astype(np.float64), weights)
            full[0, row * stride : row * stride + side, column * stride : column * stride + side] += spread
    output = full[:, pad : full.shape[1] - pad, pad : full.shape[2] - pad] + bias
    net.op("CONVTRANSPOSE", ["stem"], [weights, bias] if biases else [weights], {"out": output}, shaped=True)
    meaning = exact(net).ops[1].meaning
    assert isinstance(meaning, Convolution) and meaning.inserted == (stride - 1, stride - 1)


@quick
@given(seeds, st.integers(2, 9), st.booleans())
def test_fully_connected(seed: int, outputs: int, biases: bool) -> None:
    net, rng, picture = started(seed, 4, 5, 6)
    flat = picture.reshape(1, -1)
    net.op("RESHAPE", ["stem"], [[1, flat.size]], {"flat": flat})
    weights = rng.normal(size=(outputs, flat.size)).astype(np.float32)
    bias = rng.normal(size=outputs).astype(np.float32) * biases
    constants = [weights, biased(bias)] if biases else [weights]
    net.op("FULLY_CONNECTED", ["flat"], constants, {"out": flat.astype(np.float64) @ weights.T + bias})
    exact(net)


@quick
@given(seeds, sides, sides, st.booleans(), st.sampled_from([(2, 2), (3, 2), (3, 1), (2, 1), (16, 1)]), st.booleans())
@example(438, 9, 5, False, (16, 1), False)  # 944 other windows agree at the corners and in the middle
def test_pools(seed: int, height: int, width: int, average: bool, window: tuple[int, int], pads: bool) -> None:
    side, stride = window
    height, width = (height + 12, width + 12) if side > 5 else (height, width)
    net, _, picture = started(seed, height, width, 5)
    around = (1, 1, 0, 1) if pads and side == 3 else (0, 0, 0, 0)
    output = pooled(picture, average, (side, side), stride, around)
    net.op("AVERAGE_POOL_2D" if average else "MAX_POOL_2D", ["stem"], [], {"out": output})
    meaning = exact(net).ops[1].meaning
    assert isinstance(meaning, Pool) and meaning.result == output.shape


@quick
@given(seeds, sides, sides, st.booleans())
def test_global_pools_take_the_whole_picture(seed: int, height: int, width: int, average: bool) -> None:
    net, _, picture = started(seed, height, width, 5)
    output = pooled(picture, average, (height, width), 1, (0, 0, 0, 0))
    net.op("AVERAGE_POOL_2D" if average else "MAX_POOL_2D", ["stem"], [], {"out": output})
    meaning = exact(net).ops[1].meaning
    assert isinstance(meaning, Pool) and meaning.kernel == (height, width)


ACTIVATIONS = {
    "RELU": lambda x: np.maximum(x, 0),
    "RELU6": lambda x: np.clip(x, 0, 6),
    "LEAKY_RELU": lambda x: np.where(x < 0, x * np.float32(0.13), x),
    "LOGISTIC": lambda x: 1 / (1 + np.exp(-x.astype(np.float64))),
    "EXP": np.exp,
    "TANH": np.tanh,
    "ABS": np.abs,
    "NEG": np.negative,
    "HARDSWISH": lambda x: x * np.clip(x + 3, 0, 6) / 6,
    "HARDSIGMOID": lambda x: np.clip(x / 6 + 0.5, 0, 1),
}


@quick
@given(seeds, sides, sides, st.sampled_from(sorted(ACTIVATIONS)))
def test_activations(seed: int, height: int, width: int, kind: str) -> None:
    net, _, picture = started(seed, height, width, 5)
    net.op(kind, ["stem"], [], {"out": ACTIVATIONS[kind](picture)})
    exact(net)


@quick
@given(seeds, sides, sides)
def test_square_roots(seed: int, height: int, width: int) -> None:
    net, _, picture = started(seed, height, width, 5)
    net.op("ABS", ["stem"], [], {"size": np.abs(picture)})
    net.op("SQRT", ["size"], [], {"out": np.sqrt(np.abs(picture))})
    exact(net)


def test_a_logistic_of_an_empty_picture_is_exact_far_below_one() -> None:
    net, _, picture = started(1, 6, 6, 5)
    far = net.op("SUB", ["stem"], [np.float32([30])], {"far": picture - np.float32(30)})
    net.op("LOGISTIC", [far], [], {"out": 1 / (1 + np.exp(-net.values[far].astype(np.float64)))})
    exact(net)


@quick
@given(seeds, sides, sides, st.sampled_from(["MUL", "ADD", "SUB", "DIV"]), st.sampled_from(["one", "channel", "all"]))
def test_constants_broadcast(seed: int, height: int, width: int, kind: str, what: str) -> None:
    net, rng, picture = started(seed, height, width, 5)
    shape = {"one": (1,), "channel": (5,), "all": picture.shape}[what]
    constant = (rng.uniform(1, 2, size=shape)).astype(np.float32)
    found = {"MUL": picture * constant, "ADD": picture + constant, "SUB": picture - constant, "DIV": picture / constant}
    net.op(kind, ["stem"], [constant], {"out": found[kind]})
    exact(net)


@quick
@given(seeds, sides, sides)
def test_hard_swish_squeeze_and_excite(seed: int, height: int, width: int) -> None:
    net, _, picture = started(seed, height, width, 5)
    shifted = net.op("ADD", ["stem"], [np.float32([3])], {"a": picture + np.float32(3)})
    cut = net.op("RELU6", [shifted], [], {"b": np.clip(net.values[shifted], 0, 6)})
    product = net.op("MUL", ["stem", cut], [], {"c": picture * net.values[cut]})
    swish = net.op("MUL", [product], [np.float32([1 / 6])], {"d": net.values[product] * np.float32(1 / 6)})
    whole = pooled(net.values[swish], True, (height, width), 1, (0, 0, 0, 0))
    squeezed = net.op("AVERAGE_POOL_2D", [swish], [], {"e": whole})
    net.op("MUL", [swish, squeezed], [], {"out": net.values[swish] * whole})
    exact(net)


@quick
@given(seeds, sides, sides, st.booleans())
def test_clips(seed: int, height: int, width: int, told: bool) -> None:
    """With limits as constants, or as attributes that a dump does not hold."""
    net, _, picture = started(seed, height, width, 5)
    low, high = np.quantile(picture, [0.2, 0.8]).astype(np.float32)
    net.op("CLIP", ["stem"], [[low], [high]] if told else [], {"out": np.clip(picture, low, high)})
    exact(net)


@quick
@given(seeds, sides, sides, st.integers(2, 3), st.booleans(), st.booleans())
def test_resizes(seed: int, height: int, width: int, times: int, linear: bool, sized: bool) -> None:
    """By scales or to sizes; both are in NCHW."""
    net, _, picture = started(seed, height, width, 5)
    output = picture.repeat(times, axis=1).repeat(times, axis=2)
    for axis, size in ((1, height), (2, width)) if linear else ():
        at = (np.arange(size * times) + 0.5) / times - 0.5
        output = picture if axis == 1 else output
        output = np.apply_along_axis(lambda row, at=at: np.interp(at, np.arange(len(row)), row), axis, output)
    how = [1, 5, height * times, width * times] if sized else np.float32([1, 1, times, times])
    net.op("RESIZE", ["stem"], [how], {"out": output})
    meaning = exact(net).ops[1].meaning
    assert isinstance(meaning, Resizing) and meaning.result == output.shape


@quick
@given(seeds, sides, sides)
def test_what_onnx_does_in_nchw_is_told_from_pictures_in_nhwc(seed: int, height: int, width: int) -> None:
    net, rng, picture = started(seed, height, width, 6)
    rows = picture.transpose(0, 3, 1, 2).reshape(1, 6, height * width)
    net.op("RESHAPE", ["stem"], [[1, 6, -1]], {"rows": rows})
    net.op("TRANSPOSE", ["rows"], [], {"turned": rows.transpose(0, 2, 1)})
    net.op("RESHAPE", ["rows"], [[1, 2, 3, height * width]], {"apart": rows.reshape(1, 2, 3, -1).transpose(0, 2, 3, 1)})
    mean = net.op("REDUCEMEAN", ["stem"], [], {"mean": picture.astype(np.float64).mean(axis=(1, 2), keepdims=True)})
    weights = rng.normal(size=(6, 4)).astype(np.float32)
    net.op("FULLY_CONNECTED", [mean], [weights], {"out": net.values[mean].reshape(1, 6) @ weights})
    exact(net)


@quick
@given(seeds, sides, sides, st.integers(1, 3), st.integers(1, 3))
def test_tiles_repeat_each_pixel(seed: int, height: int, width: int, rows: int, columns: int) -> None:
    net, _, picture = started(seed, height, width, 5)
    output = picture.repeat(rows, axis=1).repeat(columns, axis=2)
    net.op("TILE", ["stem"], [[1, 1, rows, columns]], {"out": output})
    meaning = exact(net).ops[1].meaning
    assert isinstance(meaning, Tiling) and meaning.repeats and meaning.result == output.shape


@quick
@given(seeds, sides, sides, st.tuples(*[st.integers(0, 2)] * 4), st.integers(0, 2), st.integers(0, 2))
def test_pads_dilations_and_alignments(
    seed: int, height: int, width: int, pads: tuple[int, int, int, int], down: int, across: int
) -> None:
    net, _, picture = started(seed, height, width, 5)
    top, left, bottom, right = pads
    around = ((0, 0), (top, bottom), (left, right), (0, 0))
    net.op("PAD", ["stem"], [np.array(around).reshape(-1)], {"padded": np.pad(picture, around)})
    wide = np.zeros((1, (height - 1) * (1 + down) + 1, (width - 1) * (1 + across) + 1, 5), np.float32)
    wide[:, :: 1 + down, :: 1 + across] = picture
    net.op("Dilation", ["stem"], [np.array(around).reshape(-1), [0, down, across, 0]], {"wide": np.pad(wide, around)})
    net.op("Align2", ["stem"], [], {"aligned": np.pad(picture, ((0, 0), (0, 0), (0, 0), (0, 3)))})
    exact(net)


@quick
@given(seeds, sides, sides, st.booleans())
def test_other_shapes_of_the_same_values(seed: int, height: int, width: int, said: bool) -> None:
    """With the target as a constant, in whole or with -1 for what is left."""
    net, _, picture = started(seed, height, width, 6)
    rows, columns = height * width, -1 if said else 6
    net.op("RESHAPE", ["stem"], [[1, rows, columns]], {"rows": picture.reshape(1, rows, 6)})
    net.op("EXPAND_DIMS", ["rows"], [[1]], {"expanded": picture.reshape(1, 1, rows, 6)})
    net.op("SQUEEZE", ["expanded"], [], {"squeezed": picture.reshape(1, rows, 6)})
    net.op("RELU", ["squeezed"], [], {"out": np.maximum(picture.reshape(1, rows, 6), 0)})
    exact(net)


def test_every_kind_that_is_rebuilt_has_a_property_test() -> None:
    tree = ast.parse(Path(__file__).read_text())
    tests = [each for each in tree.body if "given(" in "".join(map(ast.unparse, getattr(each, "decorator_list", ())))]
    words = {node.value for each in tests for node in ast.walk(each) if isinstance(node, ast.Constant)}
    kinds = {str(each) for each in words} | {*ACTIVATIONS, *REDUCED, *POINTWISE}
    assert [start for start in _BY_KIND if not any(kind.upper().startswith(start) for kind in kinds)] == []


@quick
@given(seeds, sides, sides, st.permutations([0, 1, 2, 3]), st.sampled_from([(1, 2), (3,), (1, 2, 3)]))
def test_moves_of_values(seed: int, height: int, width: int, order: list[int], axes: tuple[int, ...]) -> None:
    net, _, picture = started(seed, height, width, 6)
    net.op("TRANSPOSE", ["stem"], [order], {"turned": picture.transpose(order)})
    net.op("SPLIT_V", ["stem"], [[2, 4], [3]], {"a": picture[..., :2], "b": picture[..., 2:]})
    net.op("CONCATENATION", ["b", "a"], [], {"cat": np.concatenate([picture[..., 2:], picture[..., :2]], axis=3)})
    net.op("MEAN", ["stem"], [list(axes)], {"mean": picture.astype(np.float64).mean(axis=axes)})
    exponents = np.exp(picture.astype(np.float64))
    net.op("SOFTMAX", ["stem"], [], {"soft": exponents / exponents.sum(axis=3, keepdims=True)})
    exact(net)


@quick
@given(seeds, sides, sides, st.data())
def test_selections_and_stacks(seed: int, height: int, width: int, data: st.DataObject) -> None:
    """By their constants, in NHWC or NCHW order, or by the numbers alone."""
    net, _, picture = started(seed, height, width, 6)
    begin = [data.draw(st.integers(0, size - 1)) for size in picture.shape]
    size = [data.draw(st.integers(1, n - b)) for n, b in zip(picture.shape, begin, strict=True)]
    cut = picture[tuple(slice(b, b + s) for b, s in zip(begin, size, strict=True))]
    turned = [[each[axis] for axis in (0, 3, 1, 2)] for each in (begin, size)]
    net.op("SLICE", ["stem"], [begin, size], {"cut": cut})
    net.op("SLICE", ["stem"], turned, {"cut in NCHW": cut})
    ends = [b + s for b, s in zip(begin, size, strict=True)]
    steps = [1, 1, 2, 3]
    strided = picture[tuple(slice(b, e, s) for b, e, s in zip(begin, ends, steps, strict=True))]
    net.op("STRIDED_SLICE", ["stem"], [begin, ends, steps], {"strided": strided})
    net.op("SLICE", ["stem"], [], {"unsaid": picture[..., 1:5]})
    places = data.draw(st.lists(st.integers(0, 5), min_size=2, max_size=9))
    net.op("GATHER", ["stem"], [places], {"gathered": picture[..., places]})
    axis = data.draw(st.integers(0, 4))
    other = net.op("RELU", ["stem"], [], {"relu": np.maximum(picture, 0)})
    net.op(
        data.draw(st.sampled_from(["PACK", "STACK"])),
        ["stem", other],
        [],
        {"packed": np.stack([picture, net.values[other]], axis)},
    )
    net.op("UNPACK", ["stem"], [], {f"u{n}": picture[..., n] for n in range(6)})
    exact(net)


@pytest.mark.parametrize("kind", ["SLICE", "GATHER"])
def test_what_a_selection_takes_has_to_be_in_the_numbers(kind: str) -> None:
    net, rng, _ = started(3, 6, 6, 6)
    net.op(kind, ["stem"], [], {"out": rng.normal(size=(1, 6, 6, 4)).astype(np.float32)})
    assert rebuilt(net).ops[1].barrier


@quick
@given(seeds, sides, sides, st.sampled_from(["PRELU", "MAXIMUM", "MINIMUM"]))
def test_two_sided_functions(seed: int, height: int, width: int, kind: str) -> None:
    net, rng, picture = started(seed, height, width, 5)
    constant = rng.uniform(0.1, 0.4, size=5).astype(np.float32)
    found = {
        "PRELU": np.where(picture < 0, picture * constant, picture),
        "MAXIMUM": np.maximum(picture, constant),
        "MINIMUM": np.minimum(picture, constant),
    }
    net.op(kind, ["stem"], [constant], {"out": found[kind]})
    exact(net)


@quick
@given(seeds, sides, sides, st.integers(2, 4))
def test_several_pictures_and_several_inputs(seed: int, height: int, width: int, batch: int) -> None:
    net, rng = Net(shapes=True), np.random.default_rng(seed)
    branches = []
    for name in ("left", "right"):
        pictures = rng.normal(size=(batch, height, width, 3)).astype(np.float32)
        weights, bias = rng.normal(size=(5, 3, 3, 3)).astype(np.float32), rng.normal(size=5).astype(np.float32)
        maps = [convolved(each[None], weights, bias, (2, 1), (1, 1, 1, 1), (1, 1), 1) for each in pictures]
        source = net.input(name, pictures)
        branches.append(net.op("CONV_2D", [source], [weights, biased(bias)], {f"{name} conv": np.concatenate(maps)}))
    both = net.op("ADD", branches, [], {"sum": net.values[branches[0]] + net.values[branches[1]]})
    pools = [pooled(each[None], True, (2, 2), 1, (0, 0, 0, 0)) for each in net.values[both]]
    net.op("AVERAGE_POOL_2D", [both], [], {"pool": np.concatenate(pools)})
    twin = exact(net)
    assert twin.inputs == ("left", "right") and {twin.shapes[name][0] for name in twin.tensors} == {batch}


def test_what_can_not_be_inferred_is_a_barrier_and_its_values_go_on() -> None:
    net, rng, picture = started(3, 6, 7, 5)
    strange = net.op("EMBEDDING", ["stem"], [], {"strange": rng.normal(size=picture.shape)})
    net.op("RELU", [strange], [], {"out": np.maximum(net.values[strange], 0)})
    twin = rebuilt(net)
    assert [op.proof for op in twin.ops] == [Proof.EXACT, Proof.BARRIER, Proof.EXACT]
    assert twin.ops[1].why == "ops of type EMBEDDING are not known"
    assert twin.behind_barriers() == {"strange", "out"}


def test_one_wrong_number_makes_a_barrier_of_its_op_only() -> None:
    net, _, picture = started(4, 6, 7, 5)
    spoiled = np.maximum(picture, 0)
    spoiled.reshape(-1)[7] += 1
    net.op("RELU", ["stem"], [], {"out": spoiled})
    assert [op.proof for op in rebuilt(net).ops] == [Proof.EXACT, Proof.BARRIER]


@pytest.mark.parametrize("name", ["onnx/onnx_NHWC_outtensor_dump.bin", "damaged/stops_early.bin", "tiny/fixed_dq.bin"])
def test_dumps_without_a_network_are_refused_in_words(sgs: Path, name: str) -> None:
    if not (sgs / name).is_file():
        pytest.skip(f"{name} is not part of the repository")
    with pytest.raises(InputError):
        rebuild(open_dump(sgs / name))


@pytest.mark.parametrize("name", ["tiny/float.bin", "bad/bad_float.bin", "bad_int16/pool_cat_float.bin"])
def test_real_dumps_are_rebuilt_exactly(sgs: Path, name: str) -> None:
    twin = rebuild(open_dump(sgs / name))
    assert {op.proof for op in twin.ops} == {Proof.EXACT} and twin.whole_error < 1e-5


@quick
@given(seeds, sides, sides, st.sampled_from([1e-5, 1e-3, 0.0]))
def test_batch_norms(seed: int, height: int, width: int, epsilon: float) -> None:
    net, rng, picture = started(seed, height, width, 6)
    scale, offset, mean = (rng.normal(size=6).astype(np.float32) for _ in range(3))
    variance = rng.uniform(0.1, 4, 6).astype(np.float32)
    output = (picture - mean) / np.sqrt(variance + np.float32(epsilon)) * scale + offset
    net.op("BATCHNORMALIZATION", ["stem"], [scale, offset, mean, variance], {"out": output.astype(np.float32)})
    exact(net)


@quick
@given(seeds, sides, sides)
def test_what_comes_when_it_is_late_is_a_barrier(seed: int, height: int, width: int) -> None:
    net, _, picture = started(seed, height, width, 4)
    net.op("RELU", ["stem"], [], {"out": np.maximum(picture, 0)})
    with tempfile.TemporaryDirectory() as folder:
        calls = iter([False])
        twin = rebuild(open_dump(net.write(Path(folder) / "float.bin")), late=lambda: next(calls, True))
    assert [op.why for op in twin.ops] == ["", LATE]


def test_an_infinite_constant_is_no_shape(tmp_path: Path) -> None:
    net, _, picture = started(3, 6, 6, 4)
    net.op("IDENTITY", ["stem"], [np.array([-np.inf], np.float32)], {"out": picture})
    assert [op.kind for op in rebuilt(net).ops] == ["CONV_2D", "IDENTITY"]


REDUCED = {
    "REDUCEMEAN": np.mean, "REDUCE_MEAN": np.mean, "REDUCEMAX": np.max, "REDUCE_MAX": np.max, "REDUCEMIN": np.min,
    "REDUCE_MIN": np.min, "REDUCESUM": np.sum, "REDUCE_SUM": np.sum, "SUM": np.sum, "REDUCEL2": np.linalg.norm,
    "REDUCE_L2": np.linalg.norm, "GLOBALMAXPOOL": np.max, "GLOBAL_MAX_POOL": np.max,
}  # fmt: skip


@quick
@given(
    seeds,
    sides,
    sides,
    st.sampled_from(list(REDUCED)),
    st.sampled_from([(1, 2), (3,), (2,), (1,), (2, 3)]),
    st.booleans(),
)
def test_reductions(seed: int, height: int, width: int, kind: str, axes: tuple[int, ...], told: bool) -> None:
    """Over any axes, which are a constant or nowhere; kept as 1 or not."""
    net, _, picture = started(seed, height, width, 6)
    function = REDUCED[kind]
    axis: Any = axes if len(axes) > 1 or function is not np.linalg.norm else axes[0]
    constants = [list(axes)] if told else []
    net.op(kind, ["stem"], constants, {"out": function(picture.astype(np.float64), axis=axis, keepdims=seed % 2 == 0)})
    exact(net)


@quick
@given(seeds, sides, sides, st.sampled_from(["ARGMAX", "ARGMIN", "ARG_MAX", "ARG_MIN"]), st.integers(1, 3))
def test_places_of_extremes(seed: int, height: int, width: int, kind: str, axis: int) -> None:
    net, _, picture = started(seed, height, width, 6)
    net.op("RELU", ["stem"], [], {"before": np.maximum(picture, 0)})  # ties at 0: the first place counts
    place = np.argmax if "MAX" in kind else np.argmin
    net.op(kind, ["before"], [], {"out": place(net.values["before"], axis=axis)})
    exact(net)


POINTWISE = {
    "ERF": np.vectorize(math.erf), "FLOOR": np.floor, "CEIL": np.ceil, "ROUND": np.round, "SIN": np.sin,
    "COS": np.cos, "SIGN": np.sign, "SOFTPLUS": lambda x: np.log1p(np.exp(x)), "SOFTSIGN": lambda x: x / (1 + abs(x)),
    "MISH": lambda x: x * np.tanh(np.log1p(np.exp(x))), "RECIPROCAL": lambda x: 1 / x,
}  # fmt: skip
STEEP = ("LOG", "RECIPROCAL", "FLOOR", "CEIL", "ROUND", "SIGN")
"""With a pole or steps: there the last bit of the convolution in front decides, so only the op itself can be exact."""


@quick
@given(seeds, sides, sides, st.sampled_from(["LOG", "POW", "MAX", "MIN", *POINTWISE]))
def test_functions_of_one_value(seed: int, height: int, width: int, kind: str) -> None:
    net, rng, picture = started(seed, height, width, 5)
    wide, other = picture.astype(np.float64), rng.normal(size=5).astype(np.float32)
    if kind in ("MAX", "MIN"):
        net.op(kind, ["stem"], [other], {"out": (np.maximum if kind == "MAX" else np.minimum)(picture, other)})
    elif kind == "POW":
        net.op(kind, ["stem"], [[2.0]], {"out": wide**2})
    elif kind == "LOG":
        net.op("ABS", ["stem"], [], {"positive": np.abs(picture)})
        net.op(kind, ["positive"], [], {"out": np.log(np.abs(wide))})
    else:
        net.op(kind, ["stem"], [], {"out": POINTWISE[kind](wide)})
    if kind in STEEP:
        assert all(op.proof is Proof.EXACT for op in rebuilt(net).ops)
    else:
        exact(net)


@quick
@given(seeds, st.integers(2, 6), st.integers(2, 6), st.integers(2, 6), st.sampled_from([1, 3]), st.booleans())
def test_attention(seed: int, rows: int, inner: int, columns: int, heads: int, pictures: bool) -> None:
    """The product of two inputs, and softmax along its last axis, which is in the middle where the dump holds NHWC."""
    net, rng = Net(shapes=True), np.random.default_rng(seed)
    shapes = (
        [(1, heads, rows, inner), (1, heads, inner, columns)] if pictures else [(heads, rows, inner), (inner, columns)]
    )
    first, second = (rng.normal(size=shape).astype(np.float32) for shape in shapes)
    product = (first.astype(np.float64) @ second).astype(np.float32)
    grown = np.exp(product.astype(np.float64))
    held = [
        each.transpose(0, 2, 3, 1) if pictures else each
        for each in (first, second, product, grown / grown.sum(-1, keepdims=True))
    ]
    net.input("a", held[0]), net.input("b", held[1])
    net.op("FULLY_CONNECTED", ["a", "b"], [], {"scores": held[2]})
    net.op("SOFTMAX", ["scores"], [], {"out": held[3]})
    exact(net)


@quick
@given(seeds, st.permutations(range(5)))
def test_five_axes_turned_and_joined_again(seed: int, order: list[int]) -> None:
    """What heads of attention do, with shapes in the headers and no constants."""
    net, rng = Net(shapes=True), np.random.default_rng(seed)
    values = rng.normal(size=(1, 4, 3, 2, 5)).astype(np.float32)
    net.input("in", values)
    net.op("TRANSPOSE", ["in"], [], {"turned": values.transpose(order)})
    net.op("RESHAPE", ["turned"], [], {"joined": values.transpose(order).reshape(2, 60)})
    twin = exact(net)
    assert twin.shapes["turned"] == values.transpose(order).shape and twin.shapes["joined"] == (2, 60)


def test_what_shapes_alone_decide_is_the_same_for_every_picture() -> None:
    """A target made of SHAPE, as exporters write a reshape, makes nothing behind it a barrier."""
    net, _, picture = started(3, 6, 7, 5)
    net.op("SHAPE", ["stem"], [], {"shape": picture.shape})
    net.op("CAST", ["shape"], [], {"cast": picture.shape})
    net.op("CONCATENATION", ["cast"], [[1.0]], {"target": [*picture.shape, 1]})
    net.op("RESHAPE", ["stem", "target"], [], {"out": picture.reshape(1, -1)})
    twin = exact(net)
    assert twin.behind_barriers() == frozenset()

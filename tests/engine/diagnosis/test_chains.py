"""Rows of 8-bit tensors between two convolutions: none of them helps alone, so they are advised as one change."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from sgs_tui.engine.advice.advise import advise
from sgs_tui.engine.compare.results import Verdict
from sgs_tui.engine.diagnosis.results import Cause
from sgs_tui.engine.diagnosis.words import everything_words, int16_words, level_words, matter_of_bits_words
from sgs_tui.engine.twin.chains import chain_of, units
from sgs_tui.engine.twin.opening import Files, open_subject
from tests.engine.compare.heads import Net, run
from tests.engine.diagnosis.runs import diagnosed

WIDE = 400.0
"""How many times one channel is larger than its neighbors; the weights behind undo it."""


def chained(*ops: str) -> onnx.ModelProto:
    """conv c, then `ops`, then conv d; channel 15 of c is `WIDE` times too large."""
    net = Net(5)
    before = net.conv(net.body, 16, 3, relu=True)
    made = net.conv(before, 16, 3, gain=[1.0] * 15 + [WIDE], name="c")
    channels = 16
    for kind in ops:
        match kind:
            case "PRelu":
                made = net.op("PRelu", made, net.const(np.full((16, 1, 1), 0.25)), name="act")
            case "HardSwish":
                cut = net.op("Clip", net.op("Add", made, net.const(3.0)), net.const(0.0), net.const(6.0), name="cut")
                made = net.op("Mul", net.op("Mul", made, cut, name="product"), net.const(1 / 6), name="act")
            case "LeakyRelu":
                made = net.op("LeakyRelu", made, name="act", alpha=0.1)
            case "MaxPool" | "AveragePool":
                made = net.op(kind, made, name="pool", kernel_shape=[2, 2], strides=[2, 2])
            case "Resize":
                scales = net.const(np.array([1, 1, 2, 2], np.float32))
                made = net.op("Resize", made, "", scales, name="up", mode="nearest", nearest_mode="floor")
            case "Concat":
                made = net.op("Concat", made, net.conv(before, 8, 3, relu=True), name="cat", axis=1)
                channels = 24
    weights = net.rng.normal(0, 1 / np.sqrt(channels * 9), (16, channels, 3, 3))
    weights[:, 15] /= WIDE
    net.op("Relu", net.op("Conv", made, net.const(weights), name="d", pads=[1] * 4), name="behind")
    net.conv("behind", 8, 3, name="out")
    return net.model("out")


KINDS = {
    "prelu, pool": (("PRelu", "MaxPool"), {"c", "pool"}),
    "hard-swish": (("HardSwish",), {"c", "product", "act"}),
    "leaky, pool, resize, concat": (("LeakyRelu", "AveragePool", "Resize", "Concat"), {"c", "act", "cat"}),
}


@pytest.mark.parametrize(("ops", "needed"), KINDS.values(), ids=KINDS)
def test_a_chain_is_named_and_advised_as_one_and_heals_the_rerun(
    ops: tuple[str, ...], needed: set[str], tmp_path: Path
) -> None:
    model = chained(*ops)
    files = run(model, tmp_path / "now")
    with diagnosed(files.fixed_dump, files.float_dump, files.ranges) as found:
        first, given = found.diagnosis.first, advise(found.comparison, found.rows, found.diagnosis)
        assert any(row.verdict is Verdict.FAIL for row in found.rows)
    assert first.cause is Cause.WIDE_RANGE and needed <= set(first.layers) and set(first.int16) == needed
    assert first.advice[0].startswith("set to INT16 together: ") and "tensor_arrays" not in first.advice[0]
    assert "tried on the twin: " in first.advice[0] and "; without " in first.advice[0]
    assert set(given.chosen) == needed and not given.remaining and given.qdq
    promised = {each.layer: each.rmse for each in given.predicted}
    then = run(model, tmp_path / "then", int16=given.chosen)
    with diagnosed(then.fixed_dump, then.float_dump, then.ranges) as found:
        assert not [row.name for row in found.rows if row.verdict is Verdict.FAIL]
        for row in found.rows:
            assert row.metrics is not None and abs(row.metrics.rmse - promised[row.name]) < 1e-4
    for name in needed:
        less = run(model, tmp_path / "less", int16=tuple(needed - {name}))
        with diagnosed(less.fixed_dump, less.float_dump, less.ranges) as found:
            assert any(row.verdict is Verdict.FAIL for row in found.rows), f"{name} is not needed"
            break


def test_a_chain_ends_at_convolutions(tmp_path: Path) -> None:
    files = run(chained("PRelu", "MaxPool"), tmp_path)
    plan = open_subject(Files(files.float_dump, files.fixed_dump, files.ranges)).subject.plan
    assert chain_of(plan, "c") == chain_of(plan, "pool") == ("c", "pool")
    assert chain_of(plan, "behind") == ("behind",)
    found = list(units(plan, plan.choices()))
    assert ("c", "pool") in found and len(set(found)) == len(found) and all(len(each) > 1 for each in found)


def test_the_sdk_names_convolution_inputs_only(faults: Path) -> None:
    """There an activation is fused: what goes together are a tensor and the input of the convolution that makes it."""
    folder = faults / "b_wide_dwres48"
    plan = open_subject(Files(folder / "float.bin", folder / "fixed.bin")).subject.plan
    able = plan.choices()
    assert all(set(each) <= set(able) for each in units(plan, able))
    assert ("/blocks.0/Add_output_0", "/blocks/1/expand/Relu_output_0") in list(units(plan, able))


def test_int16_in_the_words_of_who_quantizes() -> None:
    assert int16_words(("a",), qdq=True) == "set to INT16: a; then quantize again (--int16)"
    assert int16_words(("a", "b"), qdq=False).startswith("set to INT16 together: tensor_arrays='a,b'; in [CONV_CONFIG]")
    assert "ALL_INT16" in int16_words(("a", "b"), qdq=False, everything=True)


def test_advice_speaks_to_whoever_quantizes() -> None:
    assert "[CONV_CONFIG]" not in " ".join((level_words(True), *everything_words(True), matter_of_bits_words(True)))
    assert "--int16 ALL" in matter_of_bits_words(True) and "optimize onnx" in everything_words(True)[0]
    assert "L2" in level_words(False) and "--per-tensor" in level_words(True)

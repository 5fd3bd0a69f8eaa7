"""The fixed arithmetic against what the simulator really wrote: golden values of the dumps in tests/data/sgs."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from sgs_tui.engine.calibration.ranges import load_ranges
from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.errors import InputError
from sgs_tui.engine.twin.agreement import self_check
from sgs_tui.engine.twin.arithmetic import (
    Pixels,
    quantize_input,
    quantize_pixels,
    quantize_weights,
    recover_pixels,
)
from sgs_tui.engine.twin.domains import raised_inputs
from sgs_tui.engine.twin.fixed_kernels import fixed_kernel, settings_of, stored_type
from sgs_tui.engine.twin.measured import fixed_records, read_plan
from sgs_tui.engine.twin.network import Twin
from sgs_tui.engine.twin.onnx_nodes import Graph
from sgs_tui.engine.twin.plan import (
    Grid,
    Plan,
    Weights,
    far_apart,
    load_channel_ranges,
    load_softmax_ranges,
    narrow_grid,
    plan,
    wide_grid,
)
from sgs_tui.engine.twin.predict import dumped_inputs, predict
from sgs_tui.engine.twin.rebuild import rebuild
from sgs_tui.engine.twin.trials import Trials, foreseen
from sgs_tui.engine.twin.values import Values

RERUNS = [((), "bad/bad_fixed_dq.bin"), (("cat",), "bad_int16/cat_fixed_dq.bin")]
TABLES = ("prob", "sig")
"""Softmax and a lone logistic come from tables: one code off in a third of the values."""


def bad_plan(sgs: Path, twin: Twin, int16: Sequence[str] = ()) -> Plan:
    ranges = load_ranges(sgs / "bad" / "tensor_min_max.txt").by_name
    return plan(twin, ranges, int16, 1, load_softmax_ranges(sgs / "bad" / "softmax_lut_range.txt"))


@pytest.fixture
def bad(sgs: Path) -> Twin:
    return rebuild(open_dump(sgs / "bad" / "bad_float.bin"))


def test_codes_turned_before_they_are_decoded_give_the_same_codes(
    sgs: Path, bad: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = bad_plan(sgs, bad, ("cat",))
    turned = {layer.name: layer.stored for layer in predict(made)}
    monkeypatch.setattr(Graph, "maker", lambda graph, value, kind: None)
    plain = {layer.name: layer.stored for layer in predict(made)}
    assert turned.keys() == plain.keys() and all(np.array_equal(turned[name], plain[name]) for name in plain)


@pytest.mark.parametrize(("int16", "fixed"), RERUNS)
def test_types_scales_and_zero_points_before_any_fixed_model(
    sgs: Path, bad: Twin, int16: Sequence[str], fixed: str
) -> None:
    made = bad_plan(sgs, bad, int16)
    records = {record.name: record for record in open_dump(sgs / fixed).outputs()}
    assert set(records) == set(made.layers())
    for name, record in records.items():
        grid = made.grids[name]
        assert grid is not None and (grid.type_name, grid.zero) == (record.type_name, record.zero_point), name
        assert grid.scale == pytest.approx(record.scale, abs=1e-6), name


@pytest.mark.parametrize(("int16", "fixed"), RERUNS)
def test_every_op_gives_the_simulators_codes_from_its_own_inputs(
    sgs: Path, bad: Twin, int16: Sequence[str], fixed: str
) -> None:
    made, dump = bad_plan(sgs, bad, int16), open_dump(sgs / fixed)
    records, values = fixed_records(bad, dump).by_name, Values(dump)

    def codes(name: str) -> np.ndarray:
        grid = made.grids[name]
        assert grid is not None
        found = np.rint(values.read(records[name]) / np.float32(grid.scale)) + grid.zero
        return found.astype(stored_type(grid))

    for group in made.groups:
        if set(group.reads) & set(bad.inputs) or group.writes[0] in TABLES:
            continue
        found = fixed_kernel(group, settings_of(group, made), made).run([codes(name) for name in group.reads])
        for name, stored in zip(group.writes, found, strict=True):
            difference = np.abs(stored.reshape(-1).astype(int) - codes(name).astype(int))
            # ten logits hold one code of an accumulator tie; res is a sum of 16 bits, see fixed_kernels
            limit = 0.9 if name in ("res", "logits#48", "logits", "sig") else 0.99
            assert np.mean(difference == 0) >= limit, name


@pytest.mark.parametrize(("int16", "fixed"), RERUNS)
def test_layers_are_foreseen_without_a_fixed_dump(sgs: Path, bad: Twin, int16: Sequence[str], fixed: str) -> None:
    trials = Trials.start(bad_plan(sgs, bad, int16))
    check = self_check(trials, fixed_records(bad, open_dump(sgs / fixed)))
    assert max(each.difference_db for each in check.layers) <= 0.5
    assert check.trusted and check.median_db < 0.05


def test_a_fixed_dump_tells_its_own_plan(sgs: Path, bad: Twin) -> None:
    ranges = load_ranges(sgs / "bad" / "tensor_min_max.txt").by_name
    read = read_plan(bad, open_dump(sgs / "bad_int16" / "cat_fixed_dq.bin"), ranges)
    made = bad_plan(sgs, bad, ("cat",))
    assert read.raised == {"cat"} and read.level == 1 and read.wide() == made.wide()
    without = read_plan(bad, open_dump(sgs / "bad" / "bad_fixed_dq.bin"), None)
    for name, grid in bad_plan(sgs, bad).grids.items():
        other = without.grids[name]
        assert grid is not None and other is not None
        assert other.scale == pytest.approx(grid.scale, rel=2e-3 if grid.wide else 1e-4), name


def test_a_float_dump_is_no_fixed_one(sgs: Path, bad: Twin) -> None:
    with pytest.raises(InputError):
        read_plan(bad, open_dump(sgs / "bad" / "bad_float.bin"), None)


def test_error_bars_are_wider_than_nothing(sgs: Path, bad: Twin) -> None:
    found = foreseen(Trials.start(bad_plan(sgs, bad)))
    assert all(each.error_bar_db >= 0.3 for each in found.values())


def test_layers_come_in_order_and_inputs_first(sgs: Path, bad: Twin) -> None:
    made = bad_plan(sgs, bad)
    assert [layer.name for layer in predict(made)] == [*bad.inputs, *made.layers()]


def test_inputs_of_another_size_are_refused(sgs: Path, bad: Twin) -> None:
    with pytest.raises(InputError, match="expected"):
        next(predict(bad_plan(sgs, bad), {bad.inputs[0]: np.zeros(7, np.float32)}))


def test_names_match_as_prefixes_unless_exact(bad: Twin) -> None:
    assert raised_inputs(bad, ("c",)) == {"cat"}
    assert raised_inputs(bad, ("c",), exact=True) == set()
    assert raised_inputs(bad, ("ALL_INT16",)) == set(bad.convolution_inputs())
    assert not set(bad.inputs) & raised_inputs(bad, ("",))


def test_pixels_are_scaled_in_ten_bits_and_shifted_by_whole_numbers() -> None:
    # mean 127, std 128, calibrated to s = .0060662, z = 90 (a real network): 1 / (128 s) = 1318.8 / 1024
    grid, pixels = Grid(False, 0.0060661765, 90), Pixels((127.0,), (128.0,))
    shown = np.array([[0.0], [57.0], [58.0], [127.0], [200.0], [255.0]])
    assert quantize_pixels(shown, grid, pixels).tolist() == [0, 0, 1, 90, 184, 254]
    normalized = ((shown - 127) / 128).astype(np.float32).reshape(-1)
    assert np.array_equal(quantize_input(normalized, grid, pixels), quantize_pixels(shown, grid, pixels))
    assert recover_pixels(normalized + np.float32(0.003), pixels) is None


def test_grids() -> None:
    assert narrow_grid(-1.0, 1.0) == Grid(False, 2 / 255, 128)
    assert narrow_grid(0.0, 0.0) == Grid(False, 1 / 255, 128)
    assert wide_grid(0.0, 0.0).scale == pytest.approx(0.5 / 32767)
    assert wide_grid(-3.0, 2.0) == Grid(True, 3 / 32767, 0)


def test_weights_get_one_scale_where_their_channels_lie_far_apart() -> None:
    weights = np.ones((2, 1, 1, 1), np.float32)
    for ratio, one in ((1020, False), (1030, True)):
        weights[1] = ratio
        assert far_apart(weights) is one
    weights[0], weights[1] = 0, 2  # an all-zero channel counts as a half
    assert not far_apart(weights)
    codes = quantize_weights(weights, Weights(False, True))
    assert codes.scales.tolist() == [0.5 / 127, 2 / 127] and codes.codes.reshape(-1).tolist() == [0, 127]


def test_the_dumps_own_input_is_what_is_predicted_by_default(bad: Twin) -> None:
    assert set(dumped_inputs(bad)) == set(bad.inputs)


def test_channel_ranges_of_calibration(sgs: Path, bad: Twin) -> None:
    channels = load_channel_ranges(sgs / "bad" / "tensor_chn.txt")
    assert channels["c4"].low.shape == (14,) and set(channels) <= set(bad.extremes)
    base = bad_plan(sgs, bad)
    made = plan(bad, base.ranges, (), 1, base.softmax, channels=channels)
    check = self_check(Trials.start(made), fixed_records(bad, open_dump(sgs / "bad" / "bad_fixed_dq.bin")))
    assert set(made.channels) == set(channels) and check.median_db < 0.05


def test_files_that_are_no_channel_ranges_are_refused(sgs: Path) -> None:
    for name in ("tensor_min_max.txt", "none.txt"):
        with pytest.raises(InputError):
            load_channel_ranges(sgs / "bad" / name)

"""The tools of the diagnosis: windows found by trial, replays, grids, fits, pictures, blame and the error's course."""

from math import inf
from pathlib import Path
from threading import Event
from types import SimpleNamespace

import numpy as np
import pytest

from sgs_tui.engine.diagnosis.blame import jumps
from sgs_tui.engine.diagnosis.case import Case
from sgs_tui.engine.diagnosis.causes.network_input import Kinship, affine_fit, compare_pictures
from sgs_tui.engine.diagnosis.diagnose import diagnose
from sgs_tui.engine.diagnosis.error_budget import estimated
from sgs_tui.engine.diagnosis.results import Cause, Course, Role
from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.errors import CancelledError, InputError
from sgs_tui.engine.network.scales import Grid, grid_in
from sgs_tui.engine.network.tensors import STRETCH, Tensors, channel_bounds, distance, rms, stretches
from sgs_tui.engine.twin.again import Again
from sgs_tui.engine.twin.rebuild import rebuild
from sgs_tui.engine.twin.values import Values
from tests.engine.diagnosis.cases import FAULTS
from tests.engine.diagnosis.runs import diagnosed


@pytest.mark.parametrize(("positions", "channels"), [(1, 3), (511, 1), (1000, 16), (70, 700)])
def test_bounds_of_channels_are_numpys(positions: int, channels: int) -> None:
    values = np.random.default_rng(positions).normal(size=(positions, channels)).astype(np.float32)
    values[0, channels - 1] = np.nan
    low, high = channel_bounds(values)
    assert np.array_equal(low, values.min(axis=0), equal_nan=True)
    assert np.array_equal(high, values.max(axis=0), equal_nan=True)


@pytest.mark.parametrize("count", [0, 1, STRETCH, 2 * STRETCH + 4099])
def test_a_difference_measured_in_stretches_is_that_of_the_whole_to_the_last_bit(count: int) -> None:
    one, other = np.random.default_rng(count).normal(size=(2, count)).astype(np.float32)
    assert distance(one, other) == rms(one - other)


@pytest.mark.parametrize(
    ("errors", "own", "inherited"),
    [
        ({"in": 0.3, "out": 5000.0}, 5000 * (1 - (0.3 / 5000) ** 2) ** 0.5, 0.3),
        ({"in": 3e40, "out": 5e60}, 5e60, 3e40),
        ({"in": 0.3, "out": inf}, inf, 0.3),
        ({"in": inf, "out": inf}, 0.0, inf),
        ({"in": 0.3, "out": 0.5}, 0.0, 0.3),
        ({"in": 0.3, "out": 0.9}, (0.81 - 0.09) ** 0.5, 0.3),
    ],
)
def test_an_estimated_error_of_ones_own_is_not_capped(errors: dict[str, float], own: float, inherited: float) -> None:
    nothing = SimpleNamespace(producer=lambda name: None)
    case = SimpleNamespace(error=errors.__getitem__, graph=nothing, comparable=lambda name: False)
    budget = estimated(case, "out", ("in",))  # type: ignore[arg-type]
    assert budget.own == pytest.approx(own) and budget.inherited == inherited


def test_every_layer_of_a_real_float_dump_is_computed_again_from_the_layers_before_it(sgs: Path) -> None:
    with open_dump(sgs / "tiny" / "float.bin") as dump:
        twin, values = rebuild(dump), Values(dump)
        again = Again(twin)
        stored = {"images", "pool", "gate", "cat"} & set(twin.tensors)
        for name in ("gate", "cat", "logits#48"):
            frontier = again.frontier(name, stored | set(twin.inputs))
            assert frontier is not None and name not in frontier
            made = again.run(name, {each: values.read(twin.records[each]) for each in frontier})
            assert np.allclose(made, values.read(twin.records[name]), atol=1e-5), name


def test_other_weights_give_another_layer_and_leave_the_twin_as_it_is(sgs: Path) -> None:
    with open_dump(sgs / "bad" / "bad_float.bin") as dump:
        twin, values = rebuild(dump), Values(dump)
        again = Again(twin)
        op = next(op for op in twin.ops if op.convolution is not None)
        given = {name: values.read(twin.records[name]) for name in op.inputs}
        name, truth = op.outputs[0], values.read(twin.records[op.outputs[0]])
        assert op.convolution is not None
        doubled = again.run(name, given, {op.index: 2 * op.convolution.weights})
        bias = np.tile(op.convolution.bias, truth.size // op.convolution.bias.size)
        assert np.allclose(doubled - bias, 2 * (truth - bias), atol=1e-4)
        assert np.allclose(again.run(name, given), truth, atol=1e-5)


def test_a_grid_is_read_from_values_where_no_header_prints_it() -> None:
    rng = np.random.default_rng(1)
    values = (np.rint(rng.uniform(0, 255, 5000)) * 0.037).astype(np.float32)
    grid = grid_in(values)
    assert grid is not None and grid.step == pytest.approx(0.037, rel=1e-3) and grid.bits == 8
    assert grid_in(rng.normal(size=5000).astype(np.float32)) is None
    assert grid_in(np.zeros(10, np.float32)) is None


def test_a_grid_rounds_and_clips_apart() -> None:
    grid = Grid(0.5, 0.0, 127.5)
    values = np.array([-1.0, 0.3, 200.0], np.float32)
    assert grid.rounded(values).tolist() == [-1.0, 0.5, 200.0]
    assert grid.clipped(values).tolist() == pytest.approx([0.0, 0.3, 127.5])
    assert grid.levels == 256 and grid.bits == 8


def test_a_gain_of_unrelated_tensors_is_no_good_fit() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=4000).astype(np.float32), rng.normal(size=4000).astype(np.float32)
    assert affine_fit(a, b).explained > 0.4 and affine_fit(a, b).good < 0.01
    fit = affine_fit(np.float32(0.8) * a + np.float32(0.1), a)
    assert (fit.gain, fit.offset) == pytest.approx((0.8, 0.1), abs=1e-5) and fit.good > 0.999


@pytest.mark.parametrize(
    ("change", "kinship"),
    [
        (lambda p: p * 0.5 - 3, Kinship.SAME),
        (lambda p: p[..., ::-1], Kinship.ORDER),
        (lambda p: np.moveaxis(p, -1, 0), Kinship.LAYOUT),
        (lambda p: np.random.default_rng(9).permuted(p, axis=0), Kinship.OTHER),
        (np.zeros_like, Kinship.UNKNOWN),
    ],
    ids=["gain", "order", "layout", "other", "constant"],
)
def test_pictures_are_told_apart(change: object, kinship: Kinship) -> None:
    assert callable(change)
    rng = np.random.default_rng(3)
    picture = rng.normal(size=(12, 10, 3)).astype(np.float32)
    padded = np.concatenate([np.ascontiguousarray(change(picture)).ravel(), np.full(120, -1.0)]).astype(np.float32)
    assert compare_pictures(padded, picture.ravel(), 3).kinship is kinship


def test_stretches_cover_what_fits_and_spread_over_the_rest() -> None:
    assert stretches(100, 1000) == [(0, 100)]
    found = stretches(1_000_000, 6400, 10)
    assert all(start % 10 == stop % 10 == 0 for start, stop in found)
    assert found[0][0] == 0 and found[-1][1] == 1_000_000
    assert 6000 <= sum(stop - start for start, stop in found) <= 7000


def test_the_vendors_jump_rule_is_kept(faults: Path) -> None:
    folder = faults / "e_order_dwres48"
    with diagnosed(folder / "fixed.bin", folder / "float.bin") as found:
        assert jumps(found.rows) == frozenset(), "the first layer is never flagged"
    folder = faults / "j_padding_dwres48"
    with diagnosed(folder / "fixed.bin", folder / "float.bin") as found:
        marked = jumps(found.rows)
        assert "/blocks/0/expand/Relu_output_0" in marked
        assert {each.name for each in found.diagnosis.blame if each.jump} == marked


def test_drift_blames_nobody(faults: Path) -> None:
    folder = faults / "i_drift_deep24_leaky"
    with diagnosed(folder / "fixed.bin", folder / "float.bin") as found:
        roles = {each.role for each in found.diagnosis.blame}
        assert Role.INTRODUCED not in roles and {Role.CLEAN, Role.INHERITED, Role.RECOVERED} == roles
        assert found.diagnosis.trend.course is Course.DRIFT
        own = [each.own_steps for each in found.diagnosis.blame if each.proven and 0 < each.own_steps < 2]
        assert 0.28 < float(np.median(own)) < 0.45, "rounding: 0.29 steps and a little for 8-bit weights"


def test_own_and_inherited_errors_add_up(faults: Path) -> None:
    folder = faults / "d3_clipact_unet28"
    with diagnosed(folder / "fixed.bin", folder / "float.bin") as found:
        for each in found.diagnosis.blame:
            assert each.total <= each.own + each.inherited + 1e-6, each.name


def test_a_stopped_diagnosis_ends_at_once(sgs: Path) -> None:
    stop = Event()
    stop.set()
    with diagnosed(sgs / "tiny" / "fixed_dq.bin", sgs / "tiny" / "float.bin") as found, pytest.raises(CancelledError):
        diagnose(found.comparison, found.rows, cancel=stop)


def test_swapped_sides_are_noticed(sgs: Path) -> None:
    with diagnosed(sgs / "tiny" / "float.bin", sgs / "tiny" / "fixed_dq.bin") as found:
        assert found.diagnosis.first.cause is Cause.SWAPPED


def test_nothing_to_compare_is_not_called_healthy(sgs: Path) -> None:
    with diagnosed(sgs / "tiny" / "float.bin", sgs / "damaged" / "empty.bin") as found:
        first = found.diagnosis.first
        assert first.cause is Cause.UNEXPLAINED and first.confidence < 0.2 and not found.rows


def test_a_missing_debugconfig_is_said(sgs: Path, tmp_path: Path) -> None:
    tiny = sgs / "tiny"
    with diagnosed(tiny / "fixed_dq.bin", tiny / "float.bin") as found, pytest.raises(InputError, match="cannot read"):
        diagnose(found.comparison, found.rows, tmp_path / "no.txt")


@pytest.mark.parametrize("kept", [1, 200, 1 << 20])
def test_slices_are_the_files_values_and_memory_stays_bounded(
    kept: int, sgs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sgs_tui.engine.network import tensors

    monkeypatch.setattr(tensors, "BLOCK", 64)
    monkeypatch.setattr(tensors, "KEPT", kept)
    rng = np.random.default_rng(kept)
    with open_dump(sgs / "tiny" / "fixed_raw.bin") as codes, open_dump(sgs / "tiny" / "float.bin") as floats:
        for dump in (codes, floats):
            read, records = Tensors(dump), [record for record in dump.records if record.count]
            for _ in range(300):
                record = records[int(rng.integers(len(records)))]
                start, stop = sorted(int(value) for value in rng.integers(0, record.count + 1, 2))
                truth = dump.values(record, start, stop).astype(np.float32)
                np.testing.assert_array_equal(read.slice(record, start, stop), truth)
                held = sum(values.size for values in read._kept.values())
                assert held <= max(kept, 64)


def test_pad_lanes_are_not_judged(tmp_path: Path) -> None:
    """A healthy pair whose one layer is turned into an Align op with garbage in it."""
    pair = FAULTS["healthy"](np.random.default_rng(4), tmp_path)
    with open_dump(pair.sample) as dump:
        target = next(record for record in dump.outputs() if record.op_type == "AVERAGE_POOL_2D")
    for path, garbage in ((pair.sample, True), (pair.benchmark, False)):
        data = bytearray(path.read_bytes().replace(b" AVERAGE_POOL_2D = {", b" Align2_Alias = {   "[:20] + b""))
        if garbage:
            data[target.offset : target.offset + target.size] = np.full(target.count, 9e3, "<f4").tobytes()
        path.write_bytes(data)
    with diagnosed(pair.sample, pair.benchmark) as found:
        case = Case(found.comparison.sample, found.comparison.benchmark, found.rows)
        assert target.name not in case.compared
        assert any("pad lanes" in note for note in found.diagnosis.notes)

"""The tools of the diagnosis: windows found by trial, replays, grids, fits, pictures, blame and the error's course."""

from pathlib import Path
from threading import Event

import numpy as np
import pytest

from sgs_tui.engine.diagnosis.blame import jumps
from sgs_tui.engine.diagnosis.case import Case
from sgs_tui.engine.diagnosis.causes.network_input import Kinship, affine_fit, compare_pictures
from sgs_tui.engine.diagnosis.diagnose import diagnose
from sgs_tui.engine.diagnosis.results import Cause, Course, Role
from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.errors import CancelledError, InputError
from sgs_tui.engine.network.compute import Layer, Shape
from sgs_tui.engine.network.graph import build_graph
from sgs_tui.engine.network.replay import Replay, rows_of
from sgs_tui.engine.network.scales import Grid, grid_in
from sgs_tui.engine.network.shapes import Shapes
from sgs_tui.engine.network.tensors import Tensors, stretches
from sgs_tui.engine.network.windows import find_window
from tests.engine.diagnosis.cases import FAULTS
from tests.engine.diagnosis.nets import Array, Node, convolve
from tests.engine.diagnosis.runs import diagnosed


def layer_of(x: Array, y: Array, weights: Array, bias: Array, depthwise: bool = False) -> Layer:
    stored = weights if depthwise else np.moveaxis(weights, -1, 0)
    return Layer(
        source=lambda start, stop: x.ravel()[start:stop],
        target=lambda start, stop: y.ravel()[start:stop],
        counts=(x.size, y.size),
        weights=np.ascontiguousarray(stored).ravel(),
        bias=np.concatenate([bias, np.ones_like(bias)]),
        depthwise=depthwise,
    )


@pytest.mark.parametrize("side", [(24, 32), (7, 7), (12, 20), (1, 1)])
@pytest.mark.parametrize("kernel", [1, 3, 5])
@pytest.mark.parametrize("stride", [1, 2])
def test_a_window_is_found_without_any_shape(side: tuple[int, int], kernel: int, stride: int) -> None:
    rng = np.random.default_rng([*side, kernel, stride])
    x = rng.normal(size=(*side, 6)).astype(np.float32)
    node = Node("CONV_2D", "c", ("x",), rng.normal(size=(kernel, kernel, 6, 5)).astype(np.float32),
                rng.normal(size=5).astype(np.float32), stride)  # fmt: skip
    assert node.weights is not None and node.bias is not None
    y = convolve(x, node)
    window = find_window(layer_of(x, y, node.weights, node.bias), Shape(0, 0, 0), Shape(0, 0, 0))
    assert window is not None
    assert window.target.count == y.size and window.source.count == x.size
    if side != (1, 1) and kernel * stride > 1:
        assert window.target == Shape(y.shape[0], y.shape[1], 5), "one pixel at a time fits any picture"
        assert (window.source, window.kernel, window.stride) == (Shape(*side, 6), (kernel, kernel), stride)


def test_other_weights_find_no_window() -> None:
    rng = np.random.default_rng(0)
    x, y = (rng.normal(size=(6, 6, 4)).astype(np.float32) for _ in range(2))
    weights, bias = rng.normal(size=(3, 3, 4, 4)).astype(np.float32), np.zeros(4, np.float32)
    assert find_window(layer_of(x, y, weights, bias), Shape(0, 0, 0), Shape(0, 0, 0)) is None


def test_every_convolution_of_a_real_float_dump_is_reproduced(sgs: Path) -> None:
    with open_dump(sgs / "tiny" / "float.bin") as dump:
        graph, tensors = build_graph(dump), Tensors(dump)
        replay = Replay(graph, tensors, Shapes(graph, tensors))
        convolutions = [op for op in graph.ops if op.family.has_weights]
        assert {op.index for op in convolutions} == set(replay.shapes.windows)
        for op in convolutions:
            name = op.outputs[0].name
            shape = replay.shapes.of(name)
            made = replay.rows(name, lambda each: rows_of(tensors, replay.record(each), replay.shapes.of(each)),
                               range(0, shape.height))  # fmt: skip
            assert np.allclose(made.ravel(), tensors.whole(op.outputs[0]), atol=1e-5), name
        assert replay.shapes.of("gate") == Shape(8, 8, 6), "through a split and a product, backward too"


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
        assert any("swapped" in note for note in found.diagnosis.notes)


def test_nothing_to_compare_is_not_called_healthy(sgs: Path) -> None:
    with diagnosed(sgs / "tiny" / "float.bin", sgs / "damaged" / "empty.bin") as found:
        first = found.diagnosis.first
        assert first.cause is Cause.UNEXPLAINED and first.confidence < 0.2 and not found.rows


def test_a_missing_debugconfig_is_said(sgs: Path, tmp_path: Path) -> None:
    tiny = sgs / "tiny"
    with diagnosed(tiny / "fixed_dq.bin", tiny / "float.bin") as found, pytest.raises(InputError, match="cannot read"):
        diagnose(found.comparison, found.rows, tmp_path / "no.txt")


def test_large_layers_are_looked_at_in_bands_and_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sgs_tui.engine.network import replay, tensors

    pair = FAULTS["wide_range"](np.random.default_rng(5), tmp_path)
    with diagnosed(pair.sample, pair.benchmark) as whole:
        monkeypatch.setattr(replay, "OUTPUTS", 400)
        monkeypatch.setattr(tensors, "WHOLE", 500)
        monkeypatch.setattr(tensors, "BLOCK", 64)
        banded = diagnose(whole.comparison, whole.rows)
    assert banded.first.cause is whole.diagnosis.first.cause is Cause.WIDE_RANGE
    assert banded.first.layers == whole.diagnosis.first.layers
    assert any("bands" in note for note in banded.notes) and not whole.diagnosis.notes


def test_weights_too_heavy_to_compute_with_are_estimated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sgs_tui.engine.network import shapes

    pair = FAULTS["healthy"](np.random.default_rng(5), tmp_path)
    monkeypatch.setattr(shapes, "HEAVIEST", 50)
    with diagnosed(pair.sample, pair.benchmark) as found:
        assert found.diagnosis.first.cause is Cause.HEALTHY
        assert not any(each.proven for each in found.diagnosis.blame if "conv" in each.name)


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

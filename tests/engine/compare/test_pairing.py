"""Pairing layers: by name, through padding and other layouts, and a reason for everything left over."""

from pathlib import Path

import numpy as np
import pytest

from sgs_tui.engine.compare.results import Verdict
from sgs_tui.engine.session import CompareRequest, open_comparison, summarize
from tests.engine.build import compare_one, compare_tensors, rows_of


def test_tiny_float_against_the_onnx_dump_keeps_every_common_layer(sgs: Path) -> None:
    onnx = sgs / "onnx/onnx_NHWC_outtensor_dump.bin"
    comparison = open_comparison(CompareRequest(sgs / "tiny/float.bin", onnx))
    rows = rows_of(comparison)
    common = {r.name for r in comparison.sample.outputs()} & {r.name for r in comparison.benchmark.outputs()}
    assert {row.name for row in rows} == common and len(common) >= 18
    assert all(row.metrics is not None and row.metrics.cos > 0.9999995 for row in rows)
    assert "flat" in {u.name for u in comparison.matching.unmatched if u.side == "benchmark"}


def test_every_output_is_a_row_or_unmatched(sgs: Path) -> None:
    comparison = open_comparison(CompareRequest(sgs / "tiny/fixed_dq.bin", sgs / "tiny/float.bin"))
    matched = {pair.benchmark.name for pair in comparison.matching.pairs}
    left = {u.name: u.reason for u in comparison.matching.unmatched if u.side == "benchmark"}
    assert matched | left.keys() == {r.name for r in comparison.benchmark.outputs()} | {"data"}
    assert left["data"] == "graph input" and left["c4"] == "only in benchmark"


def test_summary_of_bad(sgs: Path) -> None:
    comparison = open_comparison(CompareRequest(sgs / "bad/bad_fixed_dq.bin", sgs / "bad/bad_float.bin"))
    summary = summarize(rows_of(comparison), comparison.matching)
    assert (summary.layers, summary.failed) == (20, 1)
    assert summary.first_failing is not None and summary.first_failing.name == "gate"
    assert summary.worst is not None and summary.worst.name == "gate"


def test_names_that_the_vendor_changes(tmp_path: Path) -> None:
    values = np.arange(1.0, 9.0)
    rows, comparison = compare_tensors(tmp_path, {"a_b": values, "c": values}, {"a/b:0": values, "c": values})
    assert len(rows) == 1  # a/b:0 becomes a_b0, which is not a_b
    rows, comparison = compare_tensors(tmp_path, {"a_b0": values}, {"a/b:0": values})
    assert [row.name for row in rows] == ["a/b:0"] and "sanitised" in rows[0].notes[0]
    assert not comparison.matching.unmatched


def test_an_exact_partner_is_never_stolen(tmp_path: Path) -> None:
    one, two = np.full(8, 1.0), np.full(8, 2.0)
    rows, comparison = compare_tensors(tmp_path, {"a/b": one, "a_b": two}, {"a_b": two, "x": one})
    assert [row.pair.sample.name for row in rows] == ["a_b"]
    assert {u.name for u in comparison.matching.unmatched} == {"a/b", "x"}


def test_sizes_that_differ_are_said(tmp_path: Path) -> None:
    _, comparison = compare_tensors(tmp_path, {"a": np.ones(10)}, {"a": np.ones(12)})
    assert not comparison.matching.pairs
    assert {u.side for u in comparison.matching.unmatched} == {"sample", "benchmark"}
    assert comparison.matching.unmatched[0].reason == "size differs: sample 10, benchmark 12 elements"


def test_padding_is_cut_off_where_it_fits(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    true = rng.standard_normal((1, 4, 5, 10)).astype(np.float32)
    padded = np.full((1, 4, 5, 16), 99.0, np.float32)
    padded[..., :10] = true
    row = compare_one(tmp_path, padded, (true, true.shape))
    assert row.metrics is not None and row.metrics.mse == 0.0
    assert row.notes == ("sample un-padded, last axis 16 to 10",)
    _, comparison = compare_tensors(tmp_path, {"a": np.ones(205)}, {"a": (true, true.shape)})
    assert "shape [1, 4, 5, 10] holds 200" in comparison.matching.unmatched[0].reason


@pytest.mark.parametrize("shape", [(1, 6, 7, 8), (2, 16, 16, 16), (1, 3, 300, 40), (1, 1, 50, 3)])
@pytest.mark.parametrize("sample_is_nchw", [True, False])
def test_the_other_layout_is_found_and_said(tmp_path: Path, shape: tuple[int, ...], sample_is_nchw: bool) -> None:
    nhwc = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
    nchw = np.ascontiguousarray(nhwc.transpose(0, 3, 1, 2))
    noise = np.random.default_rng(2).standard_normal(nhwc.size).astype(np.float32) * 0.01
    if sample_is_nchw:
        row = compare_one(tmp_path, nchw.ravel() + noise, (nhwc, nhwc.shape))
    else:
        row = compare_one(tmp_path, nhwc.ravel() + noise, (nchw, nchw.shape))
    assert row.transposed and row.verdict is Verdict.OK and row.metrics is not None and row.metrics.cos > 0.999
    assert any(note.startswith("transposed: ") for note in row.notes)


def test_a_bad_layer_is_not_transposed_away(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    row = compare_one(tmp_path, rng.standard_normal((1, 8, 8, 8)), (rng.standard_normal((1, 8, 8, 8)), (1, 8, 8, 8)))
    assert not row.transposed and row.verdict is Verdict.FAIL


def test_shapes_from_statistics_and_from_a_dump(sgs: Path) -> None:
    pair = sgs / "tiny/fixed_dq.bin", sgs / "tiny/float.bin"
    for source in ("tiny/tensor_statistics.txt", "onnx/onnx_NHWC_outtensor_dump.bin"):
        comparison = open_comparison(CompareRequest(*pair, shapes=sgs / source))
        shapes = {p.name: p.shape for p in comparison.matching.pairs}
        assert shapes["gate"] == (1, 8, 8, 6) and shapes["pool"] == (1, 8, 8, 16)
    plain = open_comparison(CompareRequest(*pair))
    by_name = {p.name: p for p in plain.matching.pairs}
    assert by_name["gate"].shape is None and by_name["gate"].channels == 6


def test_the_range_rule_knows_convolution_inputs(sgs: Path) -> None:
    comparison = open_comparison(CompareRequest(sgs / "bad/bad_fixed_dq.bin", sgs / "bad/bad_float.bin"))
    rows = {row.name: row for row in rows_of(comparison)}
    assert rows["cat"].pair.feeds_convolution is True and rows["cat"].verdict is Verdict.WARN
    assert rows["logits"].pair.feeds_convolution is False and "range" in rows["logits"].over
    assert rows["logits"].verdict is Verdict.OK


def test_pad_lanes_of_an_align_op_are_not_comparable(sgs: Path, tmp_path: Path) -> None:
    def aligned(name: str) -> Path:
        data = (sgs / f"bad/{name}").read_bytes()
        path = tmp_path / name
        path.write_bytes(data.replace(b"[9] MUL = {", b"[9] Align2_Alias = {"))
        return path

    comparison = open_comparison(CompareRequest(aligned("bad_fixed_dq.bin"), aligned("bad_float.bin")))
    rows = {row.name: row for row in rows_of(comparison)}
    assert {name for name, row in rows.items() if row.verdict is Verdict.NOT_COMPARABLE} >= {"gate", "cat"}
    assert "leftover memory" in rows["gate"].reasons[0] and rows["sq888"].verdict is Verdict.OK


def test_inputs_that_only_the_other_side_writes_are_none_of_the_graph(sgs: Path) -> None:
    comparison = open_comparison(CompareRequest(sgs / "damaged/stops_early.bin", sgs / "tiny/float.bin"))
    reasons = {item.name: item.reason for item in comparison.matching.unmatched if item.side == "sample"}
    assert reasons["data"] == "graph input"
    assert reasons["lrelu:0"] == "no op of the sample writes it"

"""Cases that no rule was made for: other strengths, other pairings of real dumps, faults that hide or that are mild."""

import hashlib
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from sgs_tui.engine.diagnosis.results import Cause, Role
from sgs_tui.engine.dumps.format import Record
from sgs_tui.engine.dumps.reader import Dump, open_dump
from sgs_tui.engine.dumps.writer import draft_of, write_dump
from tests.engine.diagnosis.cases import Case, picture, shared_scale, wide_range
from tests.engine.diagnosis.nets import calibrate, run_fixed, run_float, write_pair
from tests.engine.diagnosis.runs import Diagnosed, diagnosed

SHARED_MODEL = (
    "a_healthy_dwres48", "a2_healthyL2_dwres48", "m_nofuse_dwres48", "g_otherimage_dwres48",
    "d_clip_dwres48", "e_order_dwres48", "f_gain_dwres48", "f2_offset_dwres48",
)  # fmt: skip
"""Real runs of one network."""

HEALTHY_SAMPLES = SHARED_MODEL[:3]
FLOATS = {
    "g_otherimage_dwres48": Cause.HEALTHY,
    "d_clip_dwres48": Cause.INPUT_MISMATCH,
    "e_order_dwres48": Cause.INPUT_MISMATCH,
    "f_gain_dwres48": Cause.GAIN_OFFSET,
    "f2_offset_dwres48": Cause.GAIN_OFFSET,
}
"""What their float dumps are to a healthy sample: of the same picture, of another, preprocessed otherwise."""


@pytest.mark.parametrize("benchmark", FLOATS)
@pytest.mark.parametrize("sample", HEALTHY_SAMPLES)
def test_real_dumps_of_one_network_paired_anew(sample: str, benchmark: str, faults: Path) -> None:
    models = {hashlib.md5((faults / name / "model.onnx").read_bytes()).hexdigest() for name in SHARED_MODEL}
    assert len(models) == 1, "these runs are of one network"
    with diagnosed(faults / sample / "fixed.bin", faults / benchmark / "float.bin") as found:
        assert found.diagnosis.first.cause is FLOATS[benchmark]


def test_a_proven_cause_comes_before_layers_that_nothing_explains(faults: Path) -> None:
    """Padding kept and another channel order at once: no layout fits, the order is proven at the first layer."""
    with diagnosed(faults / "j_padding_dwres48" / "fixed.bin", faults / "e_order_dwres48" / "float.bin") as found:
        causes = [finding.cause for finding in found.diagnosis.findings]
        assert causes[0] is Cause.INPUT_MISMATCH and Cause.UNEXPLAINED in causes[1:]


def _left(found: Diagnosed) -> str:
    """What a healthy diagnosis says is left."""
    first = found.diagnosis.first
    assert first.cause is Cause.HEALTHY and len(found.diagnosis.findings) == 1
    return first.evidence[0].text


@pytest.mark.parametrize("seed", [2, 6, 14, 21, 33, 37])
def test_a_mild_wide_channel_is_healthy_and_told_as_what_is_left(seed: int, tmp_path: Path) -> None:
    """Channels 20 to 80 times too wide that no layer suffers 14 % from: no limit is broken."""
    pair = wide_range(np.random.default_rng([seed, 20]), tmp_path, factors=(20, 80), shows=0.1)
    with diagnosed(pair.sample, pair.benchmark) as found:
        assert max(row.metrics.relative_l2 for row in found.rows if row.metrics) < 0.1414
        assert _left(found).startswith(f"within the limits; most of what is left: wide_range at {pair.culprits[0]} (")


@pytest.mark.parametrize("seed", [7, 11, 23, 30, 32])
def test_a_branch_that_a_shared_scale_crushes_a_little_is_healthy_and_told(seed: int, tmp_path: Path) -> None:
    """Its error stays under 14 % of its signal, but is twice what rounding costs a healthy layer."""
    pair = shared_scale(np.random.default_rng([seed, 20]), tmp_path, factors=(10, 60), shows=0.1)
    with diagnosed(pair.sample, pair.benchmark) as found:
        assert max(row.metrics.relative_l2 for row in found.rows if row.metrics) < 0.1414
        assert _left(found).startswith("within the limits; most of what is left: shared_scale at ")


def _pair(case: Case, folder: Path, seen: np.ndarray, std: float | None = None) -> tuple[Path, Path]:
    """The fixed network sees `seen`; its dumped input is the right picture, as in real dumps."""
    ranges = calibrate(case.net, [case.image])
    fixed = run_fixed(case.net, seen, ranges, std=std)
    grid = fixed.grids[case.net.source]
    fixed.values[case.net.source] = ((case.image - grid.zero) * grid.scale).astype(np.float32)
    sample, benchmark, _ = write_pair(folder, case.net, run_float(case.net, case.image), fixed, ranges)
    return sample, benchmark


@pytest.mark.parametrize("order", [order for order in permutations(range(3)) if order != (0, 1, 2)])
def test_any_order_of_the_channels_is_found_though_the_records_agree(order: tuple[int, ...], tmp_path: Path) -> None:
    case = Case(np.random.default_rng(11))
    with diagnosed(*_pair(case, tmp_path, case.image[..., list(order)])) as found:
        first = found.diagnosis.first
        assert first.cause is Cause.INPUT_MISMATCH and first.layers[0] == case.net.source
        assert str(order) in first.evidence[0].text


@pytest.mark.parametrize("std", [0.5, 0.6])
def test_a_gain_that_drives_the_picture_beyond_its_limits_is_a_gain(std: float, tmp_path: Path) -> None:
    """Half of the picture sits on the limits then, which a gain alone does not explain and clipping even less."""
    rng = np.random.default_rng(3)
    case = Case(rng, ("chain",))
    case.image = picture(rng, case.side, 0, 255)
    with diagnosed(*_pair(case, tmp_path, case.image, case.net.std * std)) as found:
        first = found.diagnosis.first
        assert first.cause is Cause.GAIN_OFFSET and first.explained > 0.95
        assert "cut at its calibrated limits" in first.evidence[0].text


def test_what_is_wrong_inside_is_told_of_an_integer_dump_too(sgs: Path, tmp_path: Path) -> None:
    """Its rows are computed from (code - z) * s, so that the crushed layer shows; in a float file they would not be."""
    with open_dump(sgs / "bad" / "bad_fixed_dq.bin") as dump:
        for is_float in (False, True):
            drafts = [replace(draft_of(dump, r), payload=_codes(dump, r)) for r in dump.records]
            write_dump(tmp_path / f"{is_float}.bin", drafts, is_float=is_float)
    causes = {}
    for is_float in (False, True):
        with diagnosed(tmp_path / f"{is_float}.bin", sgs / "bad" / "bad_float.bin") as found:
            causes[is_float] = [finding.cause for finding in found.diagnosis.findings]
    assert causes[False] == [Cause.NOT_DEQUANTIZED, Cause.SHARED_SCALE]
    assert causes[True] == [Cause.NOT_DEQUANTIZED]


def _codes(dump: Dump, record: Record) -> np.ndarray:
    values = dump.values(record)
    return values if record.constant or not record.scale else np.rint(values / record.scale) + record.zero_point


def test_a_split_that_hands_on_the_bad_part_did_not_make_it(sgs: Path, tmp_path: Path) -> None:
    """Relative to its own signal the part is far worse than the whole; in energy it is not."""
    data = bytearray((sgs / "tiny" / "fixed_dq.bin").read_bytes())
    with open_dump(sgs / "tiny" / "fixed_dq.bin") as dump:
        for record in dump.records:
            if record.name not in ("pool", "sp_a#/Mul0Input#50"):
                continue
            values = dump.read(record).reshape(64, -1).copy()
            noise = np.random.default_rng(0).normal(0, 1, (64, 6)).astype(np.float32)
            values[:, :6] += noise
            data[record.offset : record.offset + record.size] = values.tobytes()
    path = tmp_path / "fixed.bin"
    path.write_bytes(data)
    with diagnosed(path, sgs / "tiny" / "float.bin") as found:
        pool, part = found.blame("pool"), found.blame("sp_a#/Mul0Input#50")
        assert part.total > 2 * pool.total, "worse than twice its input, which alone would be an own error"
        assert part.own == 0 and part.role is Role.INHERITED
        assert pool.role is Role.INTRODUCED

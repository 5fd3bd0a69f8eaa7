"""`--format vendor` against what the vendor's own script wrote."""

import os
import re
import shutil
import subprocess
from math import isclose
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sgs_tui.batch.console import Screen
from sgs_tui.batch.formats import Format
from sgs_tui.batch.formats.vendor import version_key
from tests.batch.conftest import Command
from tests.layer_rows import failing, layer, metrics, not_comparable
from tests.report_builder import report

LINE = re.compile(
    r"^(?P<folder>\d+\..+\.xx\.output\d+)\tOP: (?P<op>\S*)  Type: (?P<type>\S*)  "
    r"MSE: (?P<mse>\S+)  COS: (?P<cos>\S+)  RMSE:\t(?P<rmse>\S+)(?P<mark>     \*\*\*\* OVER threshold!!!! \*\*\*\*)?$"
)
PAIRS = {
    "tiny/tiny.report.txt": ("tiny/fixed_dq.bin", "tiny/float.bin"),
    "tiny/tiny_nofuse.report.txt": ("tiny/fixed_nofuse_dq.bin", "tiny/float.bin"),
    "tiny/tiny_keepgarbage.report.txt": ("tiny/fixed_dq_keepgarbage.bin", "tiny/float.bin"),
    "tiny/tiny_cmodel_float.report.txt": ("tiny/cmodel_float.bin", "tiny/float.bin"),
    "bad/bad.report.txt": ("bad/bad_fixed_dq.bin", "bad/bad_float.bin"),
}


def same_line(ours: str, theirs: str) -> bool:
    """Equal but for the last printed digit: the vendor multiplies in float32."""
    left, right = LINE.match(ours), LINE.match(theirs)
    assert left, ours
    assert right, theirs
    words = all(left[part] == right[part] for part in ("folder", "op", "type", "mark"))
    numbers = (
        isclose(float(left[part]), float(right[part]), rel_tol=1e-6, abs_tol=1.01e-6) for part in ("mse", "cos", "rmse")
    )
    return words and all(numbers)


@pytest.mark.parametrize("name", PAIRS)
def test_the_vendors_own_lines(command: Command, sgs: Path, name: str) -> None:
    ended = command("compare", *PAIRS[name], "--format", "vendor", "--fail-on", "never")
    ours, theirs = ended.text.splitlines(), (sgs / name).read_text().splitlines()
    assert len(ours) == len(theirs)
    assert [(a, b) for a, b in zip(ours, theirs, strict=True) if not same_line(a, b)] == []
    assert ended.code == 0


def test_layers_that_the_vendor_loses(command: Command, sgs: Path) -> None:
    ended = command("compare", "tiny/float.bin", "onnx/onnx_NHWC_outtensor_dump.bin", "--format", "vendor")
    lines = ended.text.splitlines()
    assert len(lines) == 19
    assert all("COS: 1.000000" in line for line in lines)
    theirs = (sgs / "tiny/tiny_onnx.report.txt").read_text().splitlines()
    assert all(any(same_line(ours, line) for ours in lines) for line in theirs)


def test_the_jump_is_a_rise_over_the_line_before() -> None:
    steps = [0.1, 1.2, 2.0, 3.5, 0.0, float("inf"), 0.5, 1.6]
    rows = [layer(f"l{number}", number, figures=metrics(rmse=step)) for number, step in enumerate(steps)]
    marked = [line.endswith("****") for line in Format.VENDOR.write(report(rows), Screen()).decode().splitlines()]
    assert marked == [False, True, False, True, False, False, False, True]


def test_a_rise_of_exactly_one_is_no_jump() -> None:
    rows = [layer("a", 0, figures=metrics(rmse=0.1)), layer("b", 1, figures=metrics(rmse=1.1))]
    assert b"OVER" not in Format.VENDOR.write(report(rows), Screen())


def test_layers_without_figures_have_no_line() -> None:
    text = Format.VENDOR.write(report([layer("a", 0), not_comparable("b", 1), failing("c", 2)]), Screen()).decode()
    assert [line.split("\t")[0] for line in text.splitlines()] == ["1.a.xx.output0", "3.c.xx.output0"]


@pytest.mark.skipif(shutil.which("ls") is None, reason="no ls to compare with")
@settings(max_examples=25, deadline=None)
@given(names=st.sets(st.from_regex(r"[0-9]{1,2}\.[0-9ab~#_.-]{1,8}\.xx\.output[01]", fullmatch=True), min_size=2))
def test_the_order_is_that_of_ls(tmp_path_factory: pytest.TempPathFactory, names: set[str]) -> None:
    folder = tmp_path_factory.mktemp("names")
    for name in names:
        (folder / name).touch()
    listing = subprocess.run(
        ["ls", "-v", str(folder)], capture_output=True, text=True, check=True, env={**os.environ, "LC_ALL": "C"}
    )
    assert sorted(sorted(names), key=version_key) == listing.stdout.splitlines()

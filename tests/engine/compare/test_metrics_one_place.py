"""A metric is written once: two files of a copy of the package are edited, and everything knows the new metric."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import sgs_tui
from sgs_tui.batch import words
from sgs_tui.engine.compare.metrics import Form
from sgs_tui.tui.layers import columns

PACKAGE = Path(sgs_tui.__file__).parent
FIELD = ("    mean_error: float\n", "    mean_error: float\n    worst_share: float\n")
ENTRY = (
    '    Metric(\n        key="mean_error",',
    """    Metric(
        key="worst_share",
        name="worst share",
        formula=lambda total: _ratio(total.largest, total.abs_d),
        words="largest |s-b| / Σ|s-b|",
        limits=_UPPER,
    ),
    Metric(
        key="mean_error",""",
)
BRIEF = ('BRIEF = ("rmse",', 'BRIEF = ("worst_share", "rmse",')


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a copy that has one metric more."""
    folder = tmp_path_factory.mktemp("more")
    copy = shutil.copytree(PACKAGE, folder / "sgs_tui")  # with what is compiled already
    for name, (old, new) in (("results", FIELD), ("metrics", ENTRY), ("metrics", BRIEF)):
        file = copy / "engine" / "compare" / f"{name}.py"
        text = file.read_text()
        assert text.count(old) == 1
        file.write_text(text.replace(old, new))
    return folder


def compare(package: Path, sgs: Path, *options: str) -> bytes:
    dumps = (sgs / "bad" / "bad_fixed_dq.bin", sgs / "bad" / "bad_float.bin")
    command = [sys.executable, "-m", "sgs_tui", "compare", *map(str, dumps), "--batch", "--no-diagnosis", *options]
    done = subprocess.run(
        command, capture_output=True, env={**os.environ, "PYTHONPATH": str(package)}, cwd=package, check=False
    )
    assert done.returncode in (0, 1), done.stderr.decode()
    return done.stdout


def test_reports_show_it(package: Path, sgs: Path) -> None:
    layers = json.loads(compare(package, sgs, "--format", "json"))["layers"]
    lines = list(csv.DictReader(io.StringIO(compare(package, sgs, "--format", "csv").decode())))
    shown = {line["name"]: line["worst_share"] for line in lines if line["side"] == "both"}
    assert {layer["name"]: layer["worst_share"] for layer in layers} == {name: float(v) for name, v in shown.items()}
    for kind in ("markdown", "html"):
        assert b"worst share" in compare(package, sgs, "--format", kind), kind


def test_it_is_limited_filtered_and_sorted_by(package: Path, sgs: Path, tmp_path: Path) -> None:
    profile = tmp_path / "mine.toml"
    profile.write_text("[fail]\nworst_share = 0.02\n")
    options = ("--profile", str(profile), "--filter", "worst_share>0.02", "--sort", "worst_share", "--format", "json")
    layers = json.loads(compare(package, sgs, *options))["layers"]
    shares = [layer["worst_share"] for layer in layers]
    assert shares == sorted(shares, reverse=True) and min(shares) > 0.02
    assert all(layer["over"] == ["worst_share"] and layer["verdict"] == "fail" for layer in layers)
    assert layers[0]["reason"].startswith("worst share ")


def test_both_front_ends_can_write_every_form() -> None:
    assert set(words._FORMS) == set(columns._FORMS) == set(Form)


def test_a_metric_that_nothing_treats_apart_stands_in_two_files() -> None:
    named = [
        file
        for file in PACKAGE.rglob("*.py")
        if '"mean_error"' in file.read_text() or "mean_error:" in file.read_text()
    ]
    assert {file.name for file in named} == {"metrics.py", "results.py"}

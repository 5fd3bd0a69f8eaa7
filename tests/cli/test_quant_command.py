"""`sgs-tui quant` on the optimizer's real pickles."""

import csv
import io
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Command

FIRST, SECOND = "optimizer/optimized_quant_info_0_0.65.pkl", "optimizer/optimized_quant_info_1_0.7.pkl"


def test_show(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    ended = command("quant", "show", FIRST)
    assert ended.code == 0
    lines = ended.text.splitlines()
    assert lines[1] == "holds   10 tensors: 6 at 16 bit, 4 at 8 bit"
    assert lines[3].split() == ["name", "bits", "values", "min", "max", "range"]
    assert lines[-1].split() == ["fc.weight#44", "8", "10", "-0.2827", "0.2847", "0.5674"]
    assert ended.out.endswith(b"\n")
    assert max(map(len, lines)) <= 80


def test_show_as_json_and_csv(command: Command) -> None:
    document = json.loads(command("quant", "show", FIRST, "--format", "json").out)
    assert document["schema"] == "sgs-tui/quant/1"
    assert document["totals"] == {"tensors": 10, "bits": {"8": 4, "16": 6}}
    weights = next(tensor for tensor in document["tensors"] if tensor["name"] == "c3.weight")
    assert len(weights["minimum"]) == len(weights["maximum"]) == 6
    assert weights["min"] == min(weights["minimum"])
    rows = list(csv.DictReader(io.StringIO(command("quant", "show", FIRST, "--format", "csv").text)))
    assert [row["name"] for row in rows] == [tensor["name"] for tensor in document["tensors"]]
    assert all(float(row["min"]) == tensor["min"] for row, tensor in zip(rows, document["tensors"], strict=True))


def test_diff(command: Command) -> None:
    ended = command("quant", "diff", FIRST, SECOND)
    assert ended.code == 1
    assert "4 tensors, 6 the same" in ended.text
    assert "cat               bits, range  8 → 16  -1477.3 to 3.7256  -1484.8 to 3.7561  0.0050" in ended.text
    everything = json.loads(command("quant", "diff", FIRST, SECOND, "--all", "--format", "json").out)
    assert (everything["same"], len(everything["tensors"])) == (6, 10)
    changed = {tensor["name"]: tensor["changes"] for tensor in everything["tensors"] if tensor["changes"]}
    assert changed == {
        "sp_b": ["bits", "range"],
        "c3.weight": ["bits"],
        "cat": ["bits", "range"],
        "c4.weight": ["bits"],
    }


def test_diff_of_a_file_with_itself(command: Command) -> None:
    ended = command("quant", "diff", FIRST, FIRST)
    assert ended.code == 0
    assert "0 tensors, 10 the same" in ended.text
    assert command("quant", "diff", FIRST, FIRST, "--format", "csv").out.count(b"\r\n") == 1


def test_json_of_the_vendors_script_and_numbers_that_are_none(command: Command, tmp_path: Path) -> None:
    names = ["=cmd()", "\x1b[31m", "卷积"]
    entries = [{"name": name, "min": [-1.0], "max": [float("inf")], "bit": 16} for name in names]
    path = tmp_path / "model_fixed.sim.json"
    path.write_text(json.dumps([*entries, {"name": "n", "min": [float("nan")], "max": [1.0], "bit": 8}]))
    document = json.loads(command("quant", "show", str(path), "--format", "json").out)
    assert [tensor["not_finite"] for tensor in document["tensors"][::3]] == [
        {"max": "inf", "range": "inf"},
        {"min": "nan", "range": "nan"},
    ]
    table = command("quant", "show", str(path), "--format", "csv").text
    assert table.splitlines()[1].startswith("'=cmd(),16,1,-1.0,inf")
    for form in ("table", "csv"):
        assert b"\x1b" not in command("quant", "show", str(path), "--format", form).out
    other = tmp_path / "other.json"
    other.write_text(json.dumps(entries[:1]))
    ended = command("quant", "diff", str(path), str(other), "--ascii")
    assert ended.code == 1
    assert ended.out.isascii()


def test_what_is_no_quantization_file(command: Command) -> None:
    ended = command("quant", "show", "tiny/tensor_min_max.txt")
    assert ended.code == 3
    assert "expected a list of" in ended.err
    assert command("quant", "diff", FIRST, "nowhere.pkl").code == 3

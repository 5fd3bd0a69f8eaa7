"""inspect, split, histogram, debugconfig, demo, doctor: what they print and how they end."""

import csv
import io
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.standin_sdk import new_home

FLOAT = "bad/bad_float.bin"
FIXED = "bad/bad_fixed_dq.bin"


def test_inspect_lists_every_record(command: Command) -> None:
    written = json.loads(command("inspect", FLOAT, "--format", "json").out)
    assert written["schema"] == "sgs-tui/inspect/1"
    assert (written["stage"], written["health"], written["is_float"]) == ("float", "complete", True)
    assert written["totals"]["records"] == len(written["records"]) == 74
    assert written["totals"]["outputs"] == 25
    assert sum(record["bytes"] for record in written["records"]) == written["totals"]["bytes"]
    table = list(csv.DictReader(io.StringIO(command("inspect", FLOAT, "--format", "csv").out.decode(), newline="")))
    assert [line["name"] for line in table] == [record["name"] for record in written["records"]]


@pytest.mark.parametrize("columns", [80, 120, 200])
def test_inspect_fits_the_screen(command: Command, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    ended = command("inspect", FIXED, "--batch")
    assert ended.code == 0
    lines = ended.text.splitlines()
    assert max(map(len, lines)) <= columns
    assert len(lines) == 4 + 1 + 1 + 62
    assert ("scale" in ended.text) == (columns > 80)


@pytest.mark.parametrize("name", ["empty.bin", "stops_early.bin", "ends_in_header.bin"])
def test_inspect_damaged(command: Command, name: str) -> None:
    ended = command("inspect", f"damaged/{name}", "--batch")
    assert ended.code == 3
    assert "health" in ended.text
    assert ended.err.startswith(f"sgs-tui: error: damaged/{name}: ")
    assert ended.err.count("\n") == 1


def test_inspect_a_layer(command: Command) -> None:
    written = json.loads(command("inspect", FLOAT, "--layer", "gate", "--format", "json").out)
    assert written["record"]["name"] == "gate"
    assert written["record"]["direction"] == "out"
    assert len(written["values"]) == written["statistics"]["count"] == 384
    assert min(written["values"]) == pytest.approx(written["statistics"]["min"], rel=1e-9)
    lines = command("inspect", FLOAT, "--layer", "gate", "--format", "csv", "--values", "3").text.splitlines()
    assert lines == ["index,value", *(f"{n},{float(f'{v:.12g}')!r}" for n, v in enumerate(written["values"][:3]))]


def test_inspect_a_layer_as_text_says_what_is_left_out(command: Command) -> None:
    text = command("inspect", FLOAT, "--layer", "gate").text
    assert "64 of 384 values shown" in text
    assert "384, 0 zero, 0 NaN, 0 Inf" in text
    assert max(map(len, text.splitlines())) <= 80


def test_inspect_codes_are_dequantized_and_said_so(command: Command) -> None:
    text = command("inspect", "tiny/fixed_raw.bin", "--layer", "prob").text
    assert "dequantized with s 0.000031" in text
    assert "0.727291" in text


def test_inspect_takes_the_vendors_name_too(command: Command) -> None:
    plain = command("inspect", FLOAT, "--layer", "/backbone/relu1/Relu_output_0")
    assert command("inspect", FLOAT, "--layer", "_backbone_relu1_Relu_output_0").out == plain.out


def test_inspect_an_unknown_layer(command: Command) -> None:
    ended = command("inspect", FLOAT, "--layer", "gaet")
    assert (ended.code, ended.out) == (2, b"")
    assert "did you mean gate?" in ended.err


def test_split_lists_its_files(command: Command, tmp_path: Path) -> None:
    target = tmp_path / "parts"
    ended = command("split", FLOAT, str(target))
    assert (ended.code, ended.err) == (0, "")
    lines = [line.split("\t") for line in ended.text.splitlines()]
    assert [int(number) for number, _ in lines] == list(range(74))
    assert {Path(path) for _, path in lines} == {path for path in target.rglob("*") if path.is_file()}
    assert command("split", FLOAT, str(target)).code == 3


def test_split_of_a_damaged_dump(command: Command, tmp_path: Path) -> None:
    ended = command("split", "damaged/ends_in_header.bin", str(tmp_path / "parts"), "--text")
    assert ended.code == 3
    assert len(ended.text.splitlines()) == 13
    assert "every record before the damage was written" in ended.err


def test_histogram_of_one_layer(command: Command) -> None:
    ended = command("histogram", FIXED, "--against", FLOAT, "--ranges", "bad/tensor_min_max.txt", "--layer", "gate")
    assert ended.code == 0
    assert "calibrated -3.4882 to 3.7561" in ended.text
    assert "bad_fixed_dq.bin, 384 values, 0.26 % outside" in ended.text
    assert "bad_float.bin, 384 values, 0 % outside" in ended.text
    assert max(map(len, ended.text.splitlines())) <= 80
    assert "\x1b" not in ended.text


def test_histogram_of_every_layer_in_ascii(command: Command) -> None:
    ended = command("histogram", FLOAT, "--ranges", "bad/tensor_min_max.txt", "--ascii", "--log")
    assert ended.code == 0
    assert ended.out.isascii()
    heads = [line for line in ended.text.splitlines() if line.endswith(")") and line[:1].isdigit()]
    assert len(heads) == 25


def test_histogram_of_an_unknown_layer(command: Command) -> None:
    ended = command("histogram", FLOAT, "--layer", "gaet")
    assert (ended.code, ended.out) == (2, b"")
    assert "did you mean gate?" in ended.err


def test_debugconfig_from_nothing_to_checked(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "DebugConfig.txt"
    target = new_home()  # a short path, which is what the simulator takes
    ended = command("debugconfig", "set", "--preset", "fixed", f"path={target}", "--file", str(file))
    assert ended.code == 0
    assert b"\ndequantFixed\n" in file.read_bytes()
    assert f"+path={target}" in ended.text
    assert command("debugconfig", "check", str(file)).code == 0
    assert "on   eliminateGarbage" in command("debugconfig", "show", str(file)).text


def test_debugconfig_set_keeps_a_backup_and_other_bytes(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "DebugConfig.txt"
    old = b"# mine \xff\r\n#dumpTensor\nunknown=1\npath=/data\n"
    file.write_bytes(old)
    assert command("debugconfig", "set", "dumpTensor=on", "--file", str(file), "--dry-run").code == 0
    assert file.read_bytes() == old
    assert command("debugconfig", "set", "dumpTensor=on", "--file", str(file)).code == 0
    assert file.read_bytes() == old.replace(b"#dumpTensor", b"dumpTensor")
    assert (tmp_path / "DebugConfig.txt.bak").read_bytes() == old
    assert command("debugconfig", "set", "dumpTensor=on", "--file", str(file)).out == b""


def test_debugconfig_takes_its_file_in_one_way_everywhere(command: Command, tmp_path: Path) -> None:
    file = str(tmp_path / "DebugConfig.txt")
    assert command("debugconfig", "set", file, "--preset", "float", "path=.").code == 0
    assert command("debugconfig", "set", file, "dumpasstring=on").code == 0
    for name in ("show", "check"):
        assert command("debugconfig", name, file).out == command("debugconfig", name, "--file", file).out
        assert command("debugconfig", name, file, "--file", file).code == 2
    assert "on   dumpasstring" in command("debugconfig", "show", file).text
    assert command("debugconfig", "set", file, "dumpTensor=off", "--file", file).code == 2


def test_debugconfig_check_finds_the_trap(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "DebugConfig.txt"
    file.write_bytes(b"dumpTensor\ndequantFixed\npath=.\n")
    ended = command("debugconfig", "check", str(file))
    assert ended.code == 3
    assert f"{file}:2: error: dequantFixed without eliminateGarbage" in ended.text


@pytest.mark.parametrize("setting", ["dumpTensr=on", "dumpTensor", "dumpTensor=maybe", "path"])
def test_debugconfig_refuses_in_one_line(command: Command, tmp_path: Path, setting: str) -> None:
    ended = command("debugconfig", "set", setting, "--file", str(tmp_path / "DebugConfig.txt"))
    assert ended.code == 2
    assert ended.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_demo_prints_the_planted_fault(command: Command, tmp_path: Path) -> None:
    first = command("demo", str(tmp_path), "--batch")
    assert first.code == 0, first.err
    assert "first failing 6 mix_relu" in first.text
    assert command("demo", str(tmp_path), "--batch").out == first.out


def test_demo_overwrites_nothing(command: Command, tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"mine")
    ended = command("demo", str(tmp_path), "--batch")
    assert ended.code == 3
    assert (tmp_path / "model.onnx").read_bytes() == b"mine"


def test_demo_without_a_terminal_builds_nothing(command: Command, tmp_path: Path) -> None:
    ended = command("demo", str(tmp_path / "demo"))
    assert ended.code == 2
    assert not (tmp_path / "demo").exists()


def test_doctor_says_what_is_missing(command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ended = command("doctor")
    assert ended.code == 0
    assert "ok    numpy" in ended.text
    assert "SGS_IPU_DIR" in ended.text
    assert "settings.toml" in ended.text
    assert "gdb  " in ended.text
    monkeypatch.setenv("SGS_IPU_DIR", str(tmp_path))
    assert "is no SDK" in command("doctor").text


def test_doctor_fails_where_a_package_can_not_be_loaded(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sgs_tui.batch.printed.doctor._NEEDED", ("numpy", "surely_not_there"))
    ended = command("doctor")
    assert ended.code == 3
    assert "FAIL  surely_not_there" in ended.text

"""`sgs-tui advise`: the list, the file, the loop on the embedded backend."""

import json
import shutil
from configparser import RawConfigParser
from pathlib import Path
from typing import Any

import pytest

from sgs_tui.engine.configs.inputconfig import load
from sgs_tui.engine.demo.demo import CULPRIT
from sgs_tui.engine.journal import Kind, journal_of, read_journal
from tests.batch.test_json_schema import violations
from tests.cli.conftest import Command

BAD = ("bad/bad_fixed_dq.bin", "bad/bad_float.bin", "--ranges", "bad/tensor_min_max.txt")
SCHEMA = Path(__file__).parents[2] / "cfg" / "schemas" / "advise-1.json"


def advised(command: Command, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(command("advise", *arguments, "--format", "json").out)
    schema = json.loads(SCHEMA.read_text("utf-8"))
    assert violations(found, schema, schema) == []
    return found


@pytest.fixture
def pair(tmp_path: Path, sgs: Path) -> tuple[str, str, str]:
    for name in ("bad_fixed_dq.bin", "bad_float.bin", "input_config.ini"):
        shutil.copy(sgs / "bad" / name, tmp_path)
    return str(tmp_path / "bad_fixed_dq.bin"), str(tmp_path / "bad_float.bin"), str(tmp_path / "input_config.ini")


def test_bad_wants_the_concat_raised(command: Command) -> None:
    found = advised(command, *BAD)
    assert (found["chosen"], found["failing"], found["remaining"]) == (["cat"], ["gate"], [])
    cat = found["candidates"][0]
    assert (cat["tensor"], cat["bits"], set(cat["raises"])) == ("cat", 8, {"gate", "sq888"})
    rules = {reason["rule"]: reason for reason in cat["reasons"]}
    assert (rules["range"]["limit"], round(rules["range"]["value"])) == (30.0, 1489)
    assert cat["expected"]["then_db"] > 20 + cat["expected"]["now_db"]
    text = command("advise", *BAD).text
    assert "tensor_arrays='cat';" in text
    assert "manual, rule 1: range 1489 (calibration) > 30" in text


def test_nothing_is_written_unless_asked(command: Command, pair: tuple[str, str, str]) -> None:
    before = Path(pair[2]).read_bytes()
    ended = command("advise", *pair[:2], "--ini", pair[2])
    assert (ended.code, "+tensor_arrays='cat';" in ended.text) == (0, True)
    assert Path(pair[2]).read_bytes() == before
    assert not journal_of(Path(pair[0])).exists()


@pytest.mark.parametrize("option", ["--write", "--apply"])
def test_the_file_is_written_with_a_backup_and_noted(command: Command, pair: tuple[str, str, str], option: str) -> None:
    before = Path(pair[2]).read_bytes()
    ended = command("advise", *pair[:2], "--ini", pair[2], option, "--format", "json")
    document = json.loads(ended.out)["ini"]
    assert (ended.code, document["written"], document["tensor_arrays"]) == (0, True, ["cat"])
    assert Path(document["backup"]).read_bytes() == before
    assert Path(pair[2]).read_bytes().startswith(before)
    parser = RawConfigParser()
    parser.read(pair[2])
    assert parser["CONV_CONFIG"]["tensor_arrays"] == "'cat';"
    assert load(Path(pair[2])).tensor_arrays == ("cat",)
    (tried,) = read_journal(journal_of(Path(pair[0])))
    assert (tried.kind, "INT16 for cat" in tried.text) == (Kind.TRIED, True)
    again = command("advise", *pair[:2], "--ini", pair[2], option)
    assert "stays as it is" in again.err
    assert len(read_journal(journal_of(Path(pair[0])))) == 1


def test_marks_are_the_users(command: Command, pair: tuple[str, str, str]) -> None:
    found = advised(command, *pair[:2], "--ini", pair[2], "--mark", "sp_b", "--unmark", "cat", "--mark", "nosuch")
    assert found["chosen"] == ["sp_b"]
    assert found["ini"]["tensor_arrays"] == ["sp_b"]
    assert any("nosuch" in note for note in found["notes"])
    assert advised(command, *pair[:2], "--mark", "sp_b")["smallest"] == ["cat"]


def test_other_formats(command: Command, pair: tuple[str, str, str], tmp_path: Path) -> None:
    text = command("advise", *pair[:2], "--ini", pair[2], "--format", "markdown").text
    assert "- `cat`: `8 bit now" in text
    assert "```diff" in text
    target = tmp_path / "advice.txt"
    assert command("advise", *pair[:2], "--output", str(target)).out == b""
    assert "INT16 for 1 tensor" in target.read_text()
    assert command("advise", *pair[:2], "--ini", pair[2], "--output", pair[2]).code == 2


def test_a_healthy_network_gets_no_advice(command: Command) -> None:
    found = advised(command, "tiny/fixed_dq.bin", "tiny/float.bin")
    assert (found["chosen"], found["ini"]) == ([], None)
    assert "no INT16: no layer fails" in command("advise", "tiny/fixed_dq.bin", "tiny/float.bin").text


def test_the_table_fits_80_columns(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LC_ALL", "C")
    ended = command("advise", *BAD, "--ini", "bad/input_config.ini")
    assert ended.out.isascii()
    assert max(map(len, ended.text.splitlines())) <= 80


CHECKED = b"""[INPUT_CONFIG]
inputs='data';
[OUTPUT_CONFIG]
outputs='prob';
[CONV_CONFIG]
tensor_arrays='gate, cat,CAT,data,fla,pool';
"""


def test_check_names_what_will_do_nothing(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "input_config.ini"
    path.write_bytes(CHECKED)
    ended = command("advise", "--check", str(path), "--dump", "bad/bad_float.bin")
    assert ended.code == 0
    lines = ended.text.splitlines()
    for name in (
        "gate is no convolution input",
        "' cat'",
        "case counts: write cat",
        "data is the network's own",
        "flat#46",
    ):
        assert any(name in line and f"{path}:6: warning:" in line for line in lines), name
    assert not any("pool" in line for line in lines)


def test_check_ends_with_3_where_the_converter_would_stop(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "input_config.ini"
    path.write_bytes(CHECKED.replace(b"[OUTPUT_CONFIG]\n", b""))
    assert command("advise", "--check", str(path)).code == 3
    path.write_bytes(CHECKED.replace(b"gate, cat,CAT,data,fla,pool", b"cat"))
    ended = command("advise", "--check", str(path), "--dump", "bad/bad_float.bin")
    assert (ended.code, ended.out, "no problems" in ended.err) == (0, b"", True)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), 2),
        (("tiny/float.bin",), 2),
        (("a", "b", "c"), 2),
        ((*BAD, "--apply"), 2),
        ((*BAD, "--dump", "bad/bad_float.bin"), 2),
        (("--check", "bad/input_config.ini", "bad/bad_float.bin"), 2),
        (("--check", "missing.ini"), 3),
        (("--check", "bad/input_config.ini", "--dump", "onnx/onnx_NHWC_outtensor_dump.bin"), 3),
        ((*BAD, "--ini", "missing.ini"), 3),
        (("logs",), 3),
        ((*BAD, "--profile", "nosuch"), 2),
    ],
)
def test_what_can_not_be_is_said_in_one_line(command: Command, arguments: tuple[str, ...], code: int) -> None:
    ended = command("advise", *arguments)
    assert (ended.code, ended.err.count("\n")) == (code, 1), ended.err


def test_the_demo_is_healed(command: Command, tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    assert command("demo", str(folder), "--batch").code == 0
    shown = command("advise", str(folder))
    assert (shown.code, f"1. {CULPRIT}" in shown.text) == (0, True)
    ended = command("advise", "--apply", str(folder), "--format", "json")
    document = json.loads(ended.out)
    schema = json.loads(SCHEMA.read_text("utf-8"))
    assert violations(document, schema, schema) == []
    assert (ended.code, document["chosen"], document["applied"]["failed_after"]) == (0, [CULPRIT], 0)
    before = {each["name"]: each["before"]["rmse"] for each in document["applied"]["regression"]["layers"]}
    after = {each["name"]: each["after"]["rmse"] for each in document["applied"]["regression"]["layers"]}
    assert max(after.values()) < 0.5
    assert [name for name, rmse in before.items() if rmse > 0.5] == list(before)[list(before).index("mix_relu") :]
    assert load(folder / "input_config.ini").tensor_arrays == (CULPRIT,)
    assert [each.kind for each in read_journal(journal_of(folder))] == [Kind.TRIED, Kind.RESULT]
    again = command("advise", "--apply", str(folder))
    assert (again.code, "nothing to apply" in again.err) == (0, True)
    back = command("advise", "--apply", str(folder), "--unmark", CULPRIT)
    assert (back.code, "8 newly failing" in back.text) == (1, True)


def test_a_run_that_was_quantized_here_is_run_again(command: Command, tmp_path: Path) -> None:
    demo, root = tmp_path / "demo", tmp_path / "runs"
    command("demo", str(demo), "--batch")
    arguments = ("--onnx", str(demo / "model.onnx"), "--calibrate", str(demo / "images"))
    assert command("run", *arguments, "--root", str(root), "--batch").code == 1
    (first,) = (path for path in root.iterdir() if (path / "request.json").is_file())
    command("journal", str(first), "--add", "as it came", "--layer", "mix_relu")
    ended = command("advise", "--apply", str(first))
    assert (ended.code, "8 newly fixed, 0 newly failing" in ended.text) == (0, True), ended.err
    (second,) = (path for path in root.iterdir() if (path / "request.json").is_file() and path != first)
    assert [each.kind for each in read_journal(journal_of(second))] == [Kind.NOTE, Kind.TRIED, Kind.RESULT]
    found = json.loads(
        command("compare", str(second / "fixed.bin"), str(second / "float.bin"), "--baseline", str(first),
                "--fail-on", "regression", "--format", "json").out
    )  # fmt: skip
    assert len(found["regression"]["newly_fixed"]) == 8

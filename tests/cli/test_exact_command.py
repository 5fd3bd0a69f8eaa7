"""`compare --exact` and what boards give, from the command line: lines, documents, exit codes."""

import json
from pathlib import Path

import numpy as np
import pytest

from sgs_tui.engine.dumps.reader import open_dump
from tests.batch.test_json_schema import violations
from tests.cli.conftest import Command
from tests.engine.boards import results_text

SCHEMA = json.loads((Path(__file__).parents[2] / "cfg/schemas/exact-1.json").read_text("utf-8"))


def board_text(sgs: Path, folder: Path, change: float = 0.0) -> Path:
    """The outputs of `tiny` as the simulator's text; `change` is added to one element of `trans`."""
    with open_dump(sgs / "tiny/fixed_dq.bin") as dump:
        trans, prob = (dump.values(dump.find(name)[0]) for name in ("trans", "prob"))
    trans[2 * 14 + 5] += change
    path = folder / "unknown_net_sgsimg.img_cat.jpg.txt"
    path.write_text(results_text("trans", trans.reshape(1, 16, 14), 8) + results_text("prob", prob.reshape(1, 10), 8))
    return path


def test_identical_is_exit_code_0(command: Command, sgs: Path, tmp_path: Path) -> None:
    ended = command("compare", str(board_text(sgs, tmp_path)), "tiny/fixed_dq.bin", "--exact")
    assert (ended.code, ended.err) == (0, "")
    assert "verdict 2 of 2 layers identical, 2 as far as their numbers are written" in ended.words
    assert "not compared, inside the network, the other side holds its outputs alone (17):" in ended.words
    ended = command("compare", "tiny/fixed_raw.bin", "tiny/fixed_raw_str.bin", "--exact")
    assert ended.code == 0
    assert "20 of 20 layers identical, bit by bit" in ended.text


def test_the_first_element_that_differs(command: Command, sgs: Path, tmp_path: Path) -> None:
    path = str(board_text(sgs, tmp_path, change=0.5))
    ended = command("compare", path, "tiny/fixed_dq.bin", "--exact")
    assert ended.code == 1
    one_line = " ".join(ended.text.split())
    assert "1 of 2 layers identical" in one_line
    assert "first layer 15 trans, [0, 2, 5] of [1, 16, 14]: sample " in one_line
    row = next(line.split() for line in ended.text.splitlines() if line.startswith("15 "))
    assert row[:3] == ["15", "trans", "(0,2,5)"]
    assert float(row[3]) - float(row[4]) == pytest.approx(0.5, abs=1e-6)
    assert row[5:] == ["1", "of", "224"]


def test_json_follows_its_schema(command: Command, sgs: Path, tmp_path: Path) -> None:
    path = str(board_text(sgs, tmp_path, change=0.5))
    for arguments, code in (((path, "tiny/fixed_dq.bin"), 1), (("tiny/fixed_raw.bin", "tiny/fixed_dq.bin"), 0)):
        ended = command("compare", *arguments, "--exact", "--format", "json")
        document = json.loads(ended.out)
        assert ended.code == code
        assert violations(document, SCHEMA, SCHEMA) == []
        assert set(document) == set(SCHEMA["properties"])
    document = json.loads(command("compare", path, "tiny/fixed_dq.bin", "--exact", "--format", "json").out)
    assert document["first"] == {"index": 15, "name": "trans"}
    layer = document["layers"][0]
    assert (layer["differing"], layer["first"]["index"], layer["first"]["position"]) == (1, 33, [0, 2, 5])
    assert document["layers"][1]["first"] is None
    assert len(document["not_compared"]) == 19


def test_csv_has_a_line_a_layer(command: Command, sgs: Path, tmp_path: Path) -> None:
    output = tmp_path / "exact.csv"
    ended = command("compare", "tiny/fixed_dq.bin", "tiny/float.bin", "--exact", "--format", "csv", "-o", str(output))
    assert (ended.code, ended.out) == (1, b"")
    lines = output.read_text().splitlines()
    assert lines[0] == "index,name,op,elements,differing,bitwise,first,position,sample,benchmark"
    assert len(lines) == 21
    assert lines[1].startswith("1,/backbone/relu1/Relu_output_0,RELU,4096,1810,yes,3,0x3,0.38664010")


def test_what_does_not_go_together(command: Command, tmp_path: Path) -> None:
    pair = ("compare", "tiny/fixed_dq.bin", "tiny/float.bin", "--exact")
    for more in (("--top", "3"), ("--profile", "sop"), ("--no-diagnosis",), ("--filter", "x"), ("--format", "html")):
        ended = command(*pair, *more)
        assert (ended.code, ended.out, ended.err.count("\n")) == (2, b"", 1), more
    ended = command(*pair, "--output", str(tmp_path / "no" / "x.csv"))
    assert (ended.code, ended.out) == (3, b"")


def test_damage_and_nothing_in_common(command: Command, sgs: Path, tmp_path: Path) -> None:
    ended = command("compare", "damaged/stops_early.bin", "tiny/float.bin", "--exact")
    assert ended.code == 3 and ended.out
    text = tmp_path / "r.txt"
    text.write_text(results_text("nobody", np.ones(7), None))
    ended = command("compare", str(text), "tiny/fixed_dq.bin", "--exact")
    assert ended.code == 5
    assert ended.err == (
        "sgs-tui: error: nothing comparable: the two share no layer; the list of what is not compared says why\n"
    )


def test_a_board_in_every_format_of_compare(command: Command, sgs: Path, tmp_path: Path) -> None:
    """Reports open the files again: they must find the outputs as the comparison did."""
    path = board_text(sgs, tmp_path, change=9.0)
    raw = tmp_path / "board.bin"
    with open_dump(sgs / "tiny/fixed_raw.bin") as dump:
        codes = dump.read(dump.find("prob")[0])
    raw.write_bytes((codes ^ 1).tobytes())
    for sample, outputs in ((path, ()), (raw, ("--outputs", "prob"))):
        for wanted in ("table", "csv", "json", "markdown", "vendor", "html", "junit"):
            ended = command("compare", str(sample), "tiny/fixed_dq.bin", "--format", wanted, *outputs)
            assert ended.code in (0, 1), ended.err
            assert b"prob" in ended.out
            assert "defect" not in ended.err and b"defect" not in ended.out
        zipped = tmp_path / f"{sample.stem}.zip"
        assert command("compare", str(sample), "tiny/fixed_dq.bin", "--bundle", str(zipped), *outputs).code in (0, 1)
    text = command("compare", str(path), "tiny/fixed_dq.bin", "--batch").text
    assert "no diagnosis" in text and "holds the network's outputs alone" in " ".join(text.split())


def test_inspect_reads_results(command: Command, sgs: Path, tmp_path: Path) -> None:
    path = str(board_text(sgs, tmp_path))
    ended = command("inspect", path, "--batch")
    assert ended.code == 0
    assert "results as text, six decimals" in ended.text
    assert command("inspect", path, "--layer", "prob", "--format", "json").code == 0

"""`sgs-tui journal`, and where its entries come out."""

import csv
import io
import json
import shutil
from pathlib import Path

import pytest

from sgs_tui.engine.journal import NAME, Kind, append, entry, journal_of
from tests.cli.conftest import Command


@pytest.fixture
def pair(tmp_path: Path, sgs: Path) -> tuple[str, str]:
    copies = (
        shutil.copy(sgs / "bad" / "bad_fixed_dq.bin", tmp_path),
        shutil.copy(sgs / "bad" / "bad_float.bin", tmp_path),
    )
    return copies[0], copies[1]


def test_a_note_is_written_beside_the_dump_and_read_back(command: Command, pair: tuple[str, str]) -> None:
    ended = command("journal", pair[0], "--add", "dark | [red]\x1b[2J at night", "--layer", "gate")
    assert (ended.code, ended.out) == (0, b"")
    assert NAME in ended.err
    shown = command("journal", pair[0]).text
    assert "gate: dark | [red]\\x1b[2J at night" in shown
    assert command("journal", pair[0], "--layer", "cat").out == b""
    assert command("journal", pair[1]).out == b""
    assert command("journal", str(Path(pair[0]).parent)).text == shown


def test_it_goes_into_every_report(command: Command, pair: tuple[str, str]) -> None:
    command("journal", pair[0], "--add", "dark at night", "--layer", "gate")
    append(journal_of(Path(pair[0])), [entry("tensor_arrays='cat'", Kind.TRIED)])
    document = json.loads(command("compare", *pair, "--format", "json").out)
    assert [(each["kind"], each["layer"], each["text"]) for each in document["journal"]] == [
        ("note", "gate", "dark at night"),
        ("tried", None, "tensor_arrays='cat'"),
    ]
    for form in ("table", "markdown"):
        text = command("compare", *pair, "--batch", "--format", form).text
        assert "gate: dark at night" in text
        assert "tried: tensor_arrays='cat'" in text
    lines = csv.DictReader(io.StringIO(command("compare", *pair, "--format", "csv").text, newline=""))
    assert {line["name"]: line["journal"] for line in lines if line["journal"]} == {"gate": "dark at night"}


def test_formats_for_programs(command: Command, pair: tuple[str, str]) -> None:
    command("journal", pair[0], "--add", "=1+1", "--layer", "gate")
    document = json.loads(command("journal", pair[0], "--format", "json").out)
    assert (document["schema"], document["journal"][0]["text"]) == ("sgs-tui/journal/1", "=1+1")
    (line,) = csv.DictReader(io.StringIO(command("journal", pair[0], "--format", "csv").text, newline=""))
    assert (line["layer"], line["text"], line["sample"]) == ("gate", "'=1+1", "bad_fixed_dq.bin")


def test_what_can_not_be_is_said(command: Command, tmp_path: Path, pair: tuple[str, str]) -> None:
    assert command("journal", str(tmp_path / "missing.bin")).code == 3
    assert command("journal", pair[0], "--add", " ").code == 2
    (tmp_path / NAME).mkdir()
    assert command("journal", pair[0]).code == 3
    ended = command("compare", *pair, "--format", "json")
    assert ended.code == 1
    assert any("no journal" in note for note in json.loads(ended.out)["notes"])

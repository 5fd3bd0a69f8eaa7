"""Splitting a dump: the vendor's folders, every record, nothing overwritten, no way out of the folder."""

import os
import unicodedata
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sgs_tui.engine.dumps.format import Direction, Form
from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.dumps.split import SplitFile, _folds, split
from sgs_tui.engine.dumps.writer import Draft, write_dump
from sgs_tui.engine.errors import CancelledError, InputError
from sgs_tui.engine.text import encode


def split_all(dump_path: Path, folder: Path, form: Form = Form.BINARY) -> list[SplitFile]:
    with open_dump(dump_path) as dump:
        return list(split(dump, folder, form))


def made(path: Path, names: list[str], direction: Direction = Direction.OUT) -> Path:
    drafts = [Draft(direction, 0, 0, "ADD", name, np.full(2, index)) for index, name in enumerate(names)]
    write_dump(path, drafts)
    return path


def files_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_folders_and_files_are_the_vendors(sgs: Path, tmp_path: Path) -> None:
    files = split_all(sgs / "tiny/float.bin", tmp_path / "out")
    layout = files_below(tmp_path / "out")
    assert "0._backbone_conv1_Conv_output_0.xx.output0/output" in layout
    assert {"0.conv1.weight.xx.inputs/input1", "0.conv1.bias.xx.inputs/input2", "3.lrelu0.xx.output0/output"} <= layout
    assert len(files) == len(layout) and all(file.path.is_file() and file.change is None for file in files)


@pytest.mark.parametrize("source", ["tiny/float.bin", "tiny/fixed_raw.bin", "onnx/onnx_NHWC_outtensor_dump.bin"])
@pytest.mark.parametrize("form", Form)
def test_each_file_is_a_dump_of_its_record(sgs: Path, tmp_path: Path, source: str, form: Form) -> None:
    with open_dump(sgs / source) as dump:
        for file in split(dump, tmp_path / "out", form):
            with open_dump(file.path) as one:
                [record] = one.records
                assert (record.name, record.type_name, record.shape) == (
                    file.record.name,
                    file.record.type_name,
                    file.record.shape,
                )
                ours, theirs = one.read(record), dump.read(file.record)
                np.testing.assert_allclose(ours, theirs, rtol=0, atol=6e-7 if form is Form.TEXT else 0)


def test_binary_files_hold_the_records_bytes_and_no_trailer(sgs: Path, tmp_path: Path) -> None:
    split_all(sgs / "tiny/float.bin", tmp_path / "out")
    prob = next((tmp_path / "out").glob("*.prob.xx.output0")) / "output"
    whole = (sgs / "tiny/float.bin").read_bytes()
    body = prob.read_bytes().removeprefix(b"isFloat: 1\n")
    assert whole.endswith(body + b"\n};\n")


def test_long_equal_and_alike_names_are_kept_apart_and_reported(tmp_path: Path) -> None:
    names = ["x" * 300, "a/b", "a_b", "a:_b", "a/b", "é" * 200, "tab\there", "\x1b[31m"]
    files = split_all(made(tmp_path / "d", names), tmp_path / "out")
    changed = {file.record.number: file.change for file in files if file.change}
    assert sorted(changed) == [0, 2, 3, 4, 5, 7]
    assert all(change and len(encode(change.new)) <= 255 and change.old != change.new for change in changed.values())
    whys = [change.why if change else "" for change in changed.values()]
    assert "313 bytes" in whys[0] and "looks the same" in whys[1] and "the same name" in whys[3]
    assert len(files_below(tmp_path / "out")) == len(names)
    for file in files:
        with open_dump(file.path) as dump:
            assert dump.read(dump.records[0]).tolist() == [file.record.number] * 2


@pytest.mark.parametrize("folding", [False, True])
def test_names_that_differ_in_case_alone_are_kept_apart_where_the_disk_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folding: bool
) -> None:
    names = ["Conv", "conv", "stra\N{LATIN SMALL LETTER SHARP S}e", "STRASSE", "caf\u00e9", "cafe\u0301"]
    path = made(tmp_path / "d", names)
    monkeypatch.setattr("sgs_tui.engine.dumps.split._folds", lambda folder: folding)
    files = split_all(path, tmp_path / "out")
    assert [file.change is not None for file in files] == ([False, True] * 3 if folding else [False] * 6)
    if folding:
        assert len({unicodedata.normalize("NFC", str(file.path)).casefold() for file in files}) == 6


def test_this_disk_tells_cases_apart_or_it_does_not(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    assert _folds(tmp_path) is (tmp_path / "A").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_thousands_of_records_of_one_name_get_files_of_their_own(tmp_path: Path) -> None:
    files = split_all(made(tmp_path / "d", ["n"] * 3000), tmp_path / "out")
    assert len({file.path for file in files}) == 3000


@pytest.mark.parametrize("name", ["..", "../../escape", "/etc/passwd", "", ".", "a/../../b"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    dump = made(tmp_path / "d", [name])
    [file] = split_all(dump, tmp_path / "deep" / "out")
    assert (tmp_path / "deep" / "out").resolve() in file.path.resolve().parents
    assert {path.name for path in tmp_path.iterdir()} == {"d", "deep"}


def test_a_folder_with_anything_in_it_is_refused_and_left_alone(sgs: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("keep")
    with open_dump(sgs / "tiny/float.bin") as dump:
        with pytest.raises(InputError, match=r"not empty \(it holds mine\)"):
            split(dump, tmp_path / "out")
        with pytest.raises(InputError, match="is a file"):
            split(dump, tmp_path / "out" / "mine")
    assert files_below(tmp_path / "out") == {"mine"} and (tmp_path / "out" / "mine").read_text() == "keep"


def test_a_damaged_dump_gives_every_record_before_the_damage(sgs: Path, tmp_path: Path) -> None:
    with open_dump(sgs / "damaged/ends_in_header.bin") as dump:
        expected = len(dump.records)
        assert len(list(split(dump, tmp_path / "out"))) == expected > 5


def test_it_can_be_stopped_between_records(sgs: Path, tmp_path: Path) -> None:
    cancel = Event()
    with open_dump(sgs / "tiny/float.bin") as dump:
        files = split(dump, tmp_path / "out", cancel=cancel)
        next(files)
        cancel.set()
        with pytest.raises(CancelledError, match="before record 1"):
            next(files)


texts = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=40)


@settings(max_examples=40)
@given(names=st.lists(texts, min_size=1, max_size=8), raw=st.binary(max_size=20))
def test_any_names_end_up_in_files_of_their_own(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], raw: bytes
) -> None:
    folder = tmp_path_factory.mktemp("any")
    stray = os.fsdecode(raw.replace(b"\n", b""))
    files = split_all(made(folder / "d", [*names, stray]), folder / "out")
    assert len(files) == len(names) + 1 == len(files_below(folder / "out"))

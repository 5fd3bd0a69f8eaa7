"""The triage journal: what is written is read again, whoever writes at the same time, whatever was cut short."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sgs_tui.engine.errors import InputError
from sgs_tui.engine.journal import NAME, Entry, Kind, append, entry, journal_of, read_journal

texts = st.text()
names = st.none() | st.text()
moments = st.datetimes(datetime(2000, 1, 1), datetime(2200, 1, 1)).map(lambda at: at.replace(microsecond=0, tzinfo=UTC))


@given(st.lists(st.builds(Entry, moments, st.sampled_from(Kind), texts, names, names)))
def test_entries_survive_the_round_trip(tmp_path_factory: pytest.TempPathFactory, entries: list[Entry]) -> None:
    path = tmp_path_factory.mktemp("journal") / NAME
    append(path, entries)
    assert read_journal(path) == tuple(entries)
    assert path.read_bytes().isascii()


@given(st.binary(), texts)
def test_what_a_crash_left_spoils_nothing_behind_it(
    tmp_path_factory: pytest.TempPathFactory, torn: bytes, text: str
) -> None:
    path = tmp_path_factory.mktemp("journal") / NAME
    path.write_bytes(torn)
    before = read_journal(path)
    append(path, [entry(text)])
    assert read_journal(path)[-1].text == text
    assert read_journal(path)[:-1] == before
    assert path.read_bytes().startswith(torn)


def test_several_writers_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / NAME
    code = (
        "import sys; from pathlib import Path; from sgs_tui.engine.journal import append, entry\n"
        "for number in range(100): append(Path(sys.argv[1]), [entry(f'{sys.argv[2]} {number} ' + 'x' * 5000)])"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, str(path), name]) for name in "abc"]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    found = [each.text.split()[:2] for each in read_journal(path)]
    assert sorted(found) == sorted([name, str(number)] for name in "abc" for number in range(100))
    assert len(path.read_bytes().splitlines()) == 300


def test_entries_of_another_dump_in_the_folder_stay_away(tmp_path: Path) -> None:
    path = journal_of(tmp_path / "a.bin")
    append(path, [entry("for all"), entry("for a", sample="a.bin"), entry("for b", sample="b.bin")])
    assert [each.text for each in read_journal(path, "a.bin")] == ["for all", "for a"]
    assert len(read_journal(path)) == 3


def test_it_lies_beside_the_dump_or_in_the_folder(tmp_path: Path) -> None:
    assert journal_of(tmp_path) == journal_of(tmp_path / "fixed.bin") == tmp_path / NAME
    assert read_journal(tmp_path / NAME) == ()


@pytest.mark.parametrize("line", [b"{}", b"[]", b"3", b'{"time": "x", "kind": "note", "text": "t"}', b"\xff\xfe"])
def test_strange_lines_are_passed_over(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / NAME
    path.write_bytes(line + b"\n")
    append(path, [entry("kept")])
    assert [each.text for each in read_journal(path)] == ["kept"]


def test_keys_of_a_later_version_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / NAME
    line = {"time": "2026-03-01T02:14:09Z", "kind": "note", "text": "t", "mood": "tired"}
    path.write_text(json.dumps(line) + "\n")
    assert read_journal(path) == (Entry(datetime(2026, 3, 1, 2, 14, 9, tzinfo=UTC), Kind.NOTE, "t"),)


def test_what_can_not_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot write"):
        append(tmp_path / "missing" / NAME, [entry("t")])
    (tmp_path / NAME).mkdir()
    with pytest.raises(InputError, match="cannot read"):
        read_journal(tmp_path / NAME)


def test_a_full_disk_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    path = tmp_path / NAME
    append(path, [entry("first")])
    before, write = path.read_bytes(), os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:7]))
    with pytest.raises(InputError, match="disk is full"):
        append(path, [entry("second")])
    assert path.read_bytes() == before

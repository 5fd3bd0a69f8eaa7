"""What a child prints: kept, capped, read while it grows, shown as a terminal leaves it."""

import unicodedata
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from sgs_tui.engine.runs.log import LogFile, LogReader, ProgressWatch, last_line, read_ends, shown


def test_colors_and_overdrawn_text_are_gone() -> None:
    assert shown(b"\x1b[31mRun evaluation OK.\x1b[0m\n") == "Run evaluation OK."
    assert shown(b"\r[=>  ]25.00% | ETA: 00:00:09\r[==> ]50.00% | ETA: 00:00:06") == "[==> ]50.00% | ETA: 00:00:06"
    assert shown(b"dos line\r\n") == "dos line"


@given(st.binary())
def test_nothing_that_moves_a_terminal_is_shown(line: bytes) -> None:
    assert not {"Cc", "Cf", "Cs"} & {unicodedata.category(char) for char in shown(line)}


def test_a_line_without_end_is_cut() -> None:
    assert len(shown(b"x" * 100_000)) < 1100


def test_progress_is_the_last_drawing_of_the_open_line() -> None:
    watch = ProgressWatch()
    watch.feed(b"Start to analysis model...\n\r[>   ]0.00%")
    assert watch.text == "[>   ]0.00%"
    watch.feed(b"\r[=>  ]25.0")
    watch.feed(b"0%")
    assert watch.text == "[=>  ]25.00%"
    watch.feed(b"\r[====]100.00%\n")
    assert watch.text == "[====]100.00%"
    watch.feed(b"Total time elapsed: 00:00:01\n")
    assert watch.text == ""


@given(st.lists(st.sampled_from([b"\r[=> ]50%", b"\n", b"line", b"\r", b"\x1b[0m"]), max_size=12), st.data())
def test_progress_does_not_depend_on_where_the_stream_is_cut(parts: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=4)))
    whole, pieces = ProgressWatch(), ProgressWatch()
    whole.feed(stream)
    for start, stop in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        pieces.feed(stream[start:stop])
    open_line = stream.rpartition(b"\n")[2]
    if b"\r[" in open_line:
        assert pieces.text == whole.text


def test_a_short_log_is_kept_as_it_is(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "log", whole=100, tail=10)
    log.write(b"one\n")
    log.write(b"two")
    assert (tmp_path / "log").read_bytes() == b"one\ntwo"
    log.close()
    assert (tmp_path / "log").read_bytes() == b"one\ntwo"


@given(st.lists(st.binary(max_size=40), max_size=30))
def test_a_long_log_keeps_both_ends_and_says_what_is_missing(tmp_path_factory: object, pieces: list[bytes]) -> None:
    path = tmp_path_factory.mktemp("log") / "log"  # type: ignore[attr-defined]
    log = LogFile(path, whole=50, tail=20)
    for piece in pieces:
        log.write(piece)
    log.close()
    whole, kept = b"".join(pieces), path.read_bytes()
    if len(whole) <= 70:
        assert kept == whole
    else:
        note = f"\n[sgs-tui: {len(whole) - 70} bytes of output are left out here]\n".encode()
        assert kept == whole[:50] + note + whole[-20:]


def test_a_growing_log_is_read_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "log"
    reader = LogReader(path)
    assert reader.new_lines() == []
    path.write_bytes(b"one\ntw")
    assert reader.new_lines() == ["one"]
    with path.open("ab") as file:
        file.write(b"o\nthree")
    assert reader.new_lines() == ["two"]
    assert reader.new_lines(ended=True) == ["three"]
    assert reader.new_lines(ended=True) == []


def test_a_flood_is_skipped_and_said(tmp_path: Path) -> None:
    path = tmp_path / "simulator.log"
    reader = LogReader(path, most=10)
    path.write_bytes(b"x" * 90 + b"\nlast\n")
    lines = reader.new_lines()
    assert lines[0].startswith("[86 bytes of output passed by")
    assert lines[-1] == "last"


def test_the_ends_of_a_log(tmp_path: Path) -> None:
    path = tmp_path / "log"
    assert read_ends(path) == b"" and last_line(path) == ""
    path.write_bytes(b"0123456789")
    assert read_ends(path, 3, 2) == b"01289"
    assert read_ends(path, 6, 8) == b"0123456789"
    path.write_bytes(b"first\nsecond\n\n  \n")
    assert last_line(path) == "second"

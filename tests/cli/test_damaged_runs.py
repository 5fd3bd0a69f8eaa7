"""A run whose files are damaged is one row of the list, which can be shown and deleted; the others are unaffected."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sgs_tui.engine.errors import InputError
from sgs_tui.engine.runs.run_folder import RunState
from sgs_tui.engine.runs.run_list import list_runs, read_run
from sgs_tui.engine.runs.runs import delete_run
from tests.cli.conftest import Command

NAME = "20260101-000000-net-fixed"
GOOD = b'{"schema": "sgs-tui/run/1", "argv": ["x"], "backend": "b", "model": "m", "stage": "fixed", "products": []}'
PROCESS = '{"pid": %s, "started_ticks": 1, "boot": "", "place": ""}'
DOCUMENTS: dict[str, bytes] = {
    "a number": b"5",
    "nested": b"[" * 100_000,
    "cut": b'{"state": "ru',
    "wrong types": b'{"state": 5, "created": "x", "argv": 7}',
    "NaN": b'{"state": "ok", "created": NaN, "schema": NaN}',
    "infinity": b'{"state": "ok", "created": 1e999, "schema": 1}',
    "a large time": b'{"state": "ok", "created": 1e300, "schema": 1}',
    "half a character": rb'{"state": "ok", "created": 1, "message": "\ud800", "schema": 1}',
    "every process": b'{"state": "running", "created": 1, "child": %s, "schema": 1}' % (PROCESS % -1).encode(),
    "process 0": b'{"state": "lost", "created": 1, "child": %s, "schema": 1}' % (PROCESS % 0).encode(),
}
ODD: dict[str, Callable[[Path], None]] = {
    "a FIFO": os.mkfifo,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a folder": Path.mkdir,
    "a link to itself": lambda path: path.symlink_to(path.name),
    "large": lambda path: os.truncate(os.open(path, os.O_CREAT | os.O_WRONLY), 1 << 40),
    **{kind: lambda path, data=data: path.write_bytes(data) for kind, data in DOCUMENTS.items()},  # type: ignore[misc]
}


@pytest.mark.parametrize("name", ["request.json", "status.json"])
@pytest.mark.parametrize("make", ODD.values(), ids=ODD)
def test_one_bad_run_is_one_row(
    tmp_path: Path, name: str, make: Callable[[Path], None], command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "sgs_runs"
    for run in (NAME, "20260101-000001-net-float"):
        (root / run).mkdir(parents=True)
        (root / run / "request.json").write_bytes(GOOD)
        (root / run / "status.json").write_bytes(b'{"state": "ok", "created": 1}')
    (root / NAME / name).unlink()
    make(root / NAME / name)
    states = {run.name: run.state for run in list_runs(root)}
    assert states == {NAME: RunState.DAMAGED, "20260101-000001-net-float": RunState.OK}
    assert read_run(root / NAME).status.message.startswith("damaged: ")
    for words in (("list",), ("list", "--format", "json"), ("show", NAME), ("show", NAME, "--format", "json")):
        ended = command("runs", *words, "--root", str(root))
        assert (ended.code, ended.err) == (0, "") and b"damaged" in ended.out
    assert command("runs", "cancel", NAME, "--root", str(root)).code == 3
    assert command("runs", "delete", NAME, "--root", str(root)).code == 0
    assert [run.state for run in list_runs(root)] == [RunState.OK]


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (b"[]", "expected an object, found []"),
        (b"null", "expected an object, found null"),
        (b'{"schema": "sgs-tui/run/1"}', "argv is missing"),
        (GOOD.replace(b'["x"]', b'{"x": 1}'), 'expected a list, found {"x": 1}'),
        (GOOD.replace(b'"m"', b"7"), "expected text, found 7"),
    ],
)
def test_what_is_wrong_with_a_run_is_said_in_plain_words(tmp_path: Path, document: bytes, told: str) -> None:
    run = tmp_path / NAME
    run.mkdir()
    run.joinpath("request.json").write_bytes(document)
    run.joinpath("status.json").write_bytes(b'{"state": "ok", "created": 1}')
    assert read_run(run).status.message.endswith(f"damaged run request: {told}")


def test_a_folder_of_somebody_else_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "request.json").write_text("{}")
    assert list_runs(tmp_path) == ()
    with pytest.raises(InputError):
        delete_run(tmp_path / "theirs", tmp_path)


def test_what_a_run_says_of_itself_reaches_no_terminal_raw(tmp_path: Path, command: Command) -> None:
    run = tmp_path / NAME
    run.mkdir()
    run.joinpath("request.json").write_bytes(
        GOOD.replace(b'"fixed"', rb'"\u001b[2Jfixed"').replace(b'"b"', rb'"\u0007b"')
    )
    run.joinpath("status.json").write_bytes(rb'{"state": "failed", "created": 1, "message": "\u001b]0;x\u0007"}')
    for words in (("list",), ("show", NAME), ("follow", NAME)):
        ended = command("runs", *words, "--root", str(tmp_path))
        assert not set(ended.out + ended.err.encode()) & {7, 27} and b"\\x1b" in ended.out + ended.err.encode()


def test_a_dump_that_is_gone_is_said(tmp_path: Path, command: Command) -> None:
    run = tmp_path / NAME
    run.mkdir()
    run.joinpath("request.json").write_bytes(GOOD)
    made = b'[{"path": "fixed.bin", "size": 5, "kind": "dump"}]'
    run.joinpath("status.json").write_bytes(b'{"state": "ok", "created": 1, "products": %s}' % made)
    ended = command("runs", "show", NAME, "--root", str(tmp_path))
    assert ended.code == 0 and "it is gone: moved or deleted" in ended.text


def test_a_log_that_is_not_there_is_not_shown(tmp_path: Path, command: Command) -> None:
    run = tmp_path / NAME
    run.mkdir()
    run.joinpath("request.json").write_bytes(GOOD)
    run.joinpath("status.json").write_bytes(b"{")
    assert b"log, last" not in command("runs", "show", NAME, "--root", str(tmp_path)).out
    run.joinpath("simulator.log").write_bytes(b"what it said\n")
    shown = command("runs", "show", NAME, "--root", str(tmp_path)).out
    assert b"log, last 1 line of " in shown and b"what it said" in shown

"""`sgs-tui runs`: list, show, follow, cancel, delete, compare."""

import json
import os
import signal
from pathlib import Path

import pytest

from sgs_tui.engine.backends.start import start_run
from sgs_tui.engine.runs.log import read_ends
from sgs_tui.engine.runs.run_folder import RunState
from sgs_tui.engine.runs.run_list import list_runs, read_run
from sgs_tui.engine.runs.runs import wait_run
from tests.cli.conftest import Command
from tests.standin_sdk import write_model
from tests.standin_sdk.bench import Bench


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A root with a float run, a fixed run and one that failed, the newest."""
    bench = Bench.at(tmp_path_factory.mktemp("runs"))
    bench.dump("float")
    bench.dump("fixed")
    bench.dump("float", "crash")
    return bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench.at(tmp_path)


def test_a_list_for_people(finished: Bench, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    ended = command("runs", "--help")
    assert ended.code == 0
    ended = command("runs", "list", "--root", str(finished.root))
    assert (ended.code, ended.err) == (0, "")
    head, newest, *rest = ended.text.splitlines()
    assert head.split() == ["run", "state", "time", "dump", "backend", "stage"]
    assert newest.split()[1] == "failed" and "MB" not in newest and "KB" not in newest
    assert [line.split()[1] for line in rest[:2]] == ["ok", "ok"]
    assert "249.1 KB" in ended.text and "the native simulator crashed" in ended.text
    assert max(len(line) for line in ended.text.splitlines() if "/" not in line) <= 80  # a folder's name is not broken


def test_without_a_command_they_are_listed(finished: Bench, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = command("runs", "list", "--root", str(finished.root)).out
    monkeypatch.chdir(finished.root.parent)
    from sgs_tui.__main__ import main

    monkeypatch.setattr("sys.argv", ["sgs-tui", "runs"])
    assert main() == 0
    assert listed


def test_a_list_for_programs(finished: Bench, command: Command) -> None:
    written = json.loads(command("runs", "list", "--root", str(finished.root), "--format", "json").out)
    assert written["schema"] == "sgs-tui/runs/1" and written["root"] == str(finished.root)
    newest, fixed, _ = written["runs"]
    assert (newest["state"], newest["failure"], newest["dumps"]) == ("failed", "crashed", [])
    assert newest["hint"] and newest["signal"] is None
    assert fixed["stage"] == "fixed" and fixed["dump_size"] == Path(fixed["dumps"][0]).stat().st_size
    assert fixed["ended"] >= fixed["started"] >= fixed["created"]
    failed = command("runs", "list", "--root", str(finished.root), "--state", "failed", "--format", "json")
    assert [run["name"] for run in json.loads(failed.out)["runs"]] == [newest["name"]]


def test_no_runs_is_no_failure(command: Command, tmp_path: Path) -> None:
    assert command("runs", "list", "--state", "runing", "--root", str(tmp_path / "none")).code == 2
    ended = command("runs", "list", "--root", str(tmp_path / "none"))
    assert (ended.code, ended.text) == (0, f"no runs in {tmp_path / 'none'}\n")


def test_show(finished: Bench, command: Command) -> None:
    text = command("runs", "show", "--root", str(finished.root)).text
    assert "crashed" in text and "Start to evaluate on test.jpg" in text and "dumpTensor" in text
    run = list_runs(finished.root)[1]
    text = command("runs", "show", run.name, "--root", str(finished.root)).text
    assert str(run.dump) in text and "dequantFixed" in text
    (written,) = json.loads(command("runs", "show", str(run.folder.path), "--format", "json").out)["runs"]
    assert written["name"] == run.name and "-m" in written["command"]


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [("nosuch", 3, "no run in"), ("tiny", 2, "tiny fits 3 runs; name one: ")],
)
def test_names_that_mean_nothing_or_too_much(
    finished: Bench, command: Command, name: str, code: int, said: str
) -> None:
    ended = command("runs", "show", name, "--root", str(finished.root))
    assert ended.code == code and said in ended.err


def test_follow_prints_the_log_and_fails_with_the_run(finished: Bench, command: Command) -> None:
    good = command("runs", "follow", "fixed", "--root", str(finished.root))
    assert (good.code, good.err) == (0, "")
    assert "Run evaluation OK." in good.text and "\x1b" not in good.text
    bad = command("runs", "follow", "--root", str(finished.root), "--no-log")
    assert (bad.code, bad.out) == (4, b"")
    assert "the native simulator crashed" in bad.err


def test_compare_the_newest_pair_or_two_by_name(finished: Bench, command: Command) -> None:
    root = ("--root", str(finished.root))
    newest = command("runs", "compare", *root, "--format", "json")
    assert newest.code == 0 and "note: sample " in newest.err
    assert json.loads(newest.out)["summary"]["layers"] == 20
    named = command("runs", "compare", "fixed", "tiny_float", *root, "--format", "json")
    assert json.loads(named.out) == json.loads(newest.out)
    bad = command("runs", "compare", "fixed", "last", *root, "--batch")
    assert bad.code == 3 and "has no dump to compare" in bad.err
    assert command("runs", "compare", *root).code == 2, "no terminal for the app"


def test_compare_without_a_pair(bench: Bench, command: Command) -> None:
    bench.dump("float")
    ended = command("runs", "compare", "--root", str(bench.root), "--batch")
    assert ended.code == 3 and "no two good runs of one network" in ended.err


def test_cancel_waits_for_the_end(bench: Bench, command: Command) -> None:
    folder = start_run(bench.request("float", "hang"), bench.root)
    while read_run(folder.path).status.child is None:
        wait_run(folder.path, 0.05)
    ended = command("runs", "cancel", folder.name, "--root", str(bench.root))
    assert (ended.code, ended.err) == (0, f"sgs-tui: note: {folder.name}: cancelled\n")
    assert read_run(folder.path).state is RunState.CANCELLED
    again = command("runs", "cancel", folder.name, "--root", str(bench.root))
    assert again.code == 3 and "is not running" in again.err


def test_cancel_ends_what_is_left_of_a_lost_run(bench: Bench, command: Command) -> None:
    folder = start_run(bench.request("float", "hang"), bench.root)
    # A child that prints into the pipe of a dead supervisor ends by itself: let it say its piece first.
    while (run := read_run(folder.path)).status.child is None or b"hangs" not in read_ends(folder.log_path):
        wait_run(folder.path, 0.05)
    assert run.status.supervisor is not None
    os.kill(run.status.supervisor.pid, signal.SIGKILL)
    assert wait_run(folder.path).state is RunState.LOST
    assert command("runs", "cancel", folder.name, "--root", str(bench.root)).code == 0
    assert command("runs", "delete", folder.name, "--root", str(bench.root)).code == 0
    assert not folder.path.exists()


def test_delete(bench: Bench, command: Command) -> None:
    runs = [bench.dump("float"), bench.dump("fixed")]
    root = ("--root", str(bench.root))
    assert command("runs", "delete", *root).code == 2
    refused = command("runs", "delete", "--all", *root)
    assert refused.code == 2 and "say --yes" in refused.err
    assert command("runs", "delete", runs[0].name, runs[0].name, *root).code == 0
    assert [run.name for run in list_runs(bench.root)] == [runs[1].name]
    assert command("runs", "delete", "--all", "--yes", *root).code == 0
    assert list_runs(bench.root) == ()


def test_delete_spares_what_is_at_work(bench: Bench, command: Command) -> None:
    model = write_model(bench.home / "x_float.sim", behave="hang")
    folder = start_run(bench.request("float", "hang", model=model), bench.root)
    ended = command("runs", "delete", folder.name, "--root", str(bench.root))
    assert ended.code == 3 and "cancel it first" in ended.err
    assert command("runs", "delete", "--all", "--yes", "--root", str(bench.root)).code == 0
    assert folder.path.exists()
    assert command("runs", "cancel", folder.name, "--root", str(bench.root)).code == 0

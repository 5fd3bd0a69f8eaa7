"""`sgs-tui sweep --float --fixed`: runs of a stand-in of the SDK, what is kept of them, and the next sweep."""

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from sgs_tui.engine.runs.run_list import list_runs
from sgs_tui.engine.sweep.background import look, picture_dumps
from sgs_tui.tui.pictures.starting import Asked, job_for
from sgs_tui.tui.runs.form import RunForm
from tests.cli.conftest import Command
from tests.standin_sdk import write_model
from tests.standin_sdk.bench import Bench


@pytest.fixture
def older(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    bench = Bench.at(tmp_path)
    write_model(bench.home / "tiny_float.sim")
    write_model(bench.home / "tiny_fixed.sim", "fixed")
    images = bench.home / "images"
    images.mkdir()
    for name in ("a.jpg", "b.jpg"):
        (images / name).write_bytes(name.encode())
    return bench


def sweep(bench: Bench, *more: str) -> Sequence[str]:
    models = ("--float", bench.home / "tiny_float.sim", "--fixed", bench.home / "tiny_fixed.sim")
    inputs = ("--pictures", bench.home / "images", "-n", bench.home / "pre.py")
    surroundings = ("--sdk", bench.sdk.root, "--sdk-python", sys.executable, "--root", bench.root)
    journal = ("--journal", bench.home / "journal", "--format", "json")
    return ("sweep", *map(str, (*models, *inputs, *surroundings, *journal)), *more)


def test_pictures_through_the_simulator(older: Bench, command: Command) -> None:
    ended = command(*sweep(older, "--keep", "worst:1", "--fail-on", "never"))
    assert ended.code == 0, ended.err
    first = json.loads(ended.out)
    assert {each["name"] for each in first["pictures"]} == {"a", "b"} and len(first["layers"]) == 20
    assert all(each["agreement"]["top1"] is not None for each in first["pictures"])
    left = list_runs(older.root)
    assert len(left) == 2 and {run.request.details["image"].rpartition("/")[2] for run in left} in (
        {"a.jpg"},
        {"b.jpg"},
    )
    again = command(*sweep(older, "--fail-on", "never"))
    assert "2 of 2 pictures are in" in again.err and json.loads(again.out)["layers"] == first["layers"]
    assert len(list_runs(older.root)) == 2


def test_existing_runs_are_taken_and_left_alone(older: Bench, command: Command) -> None:
    assert command(*sweep(older, "--keep", "all", "--fail-on", "never")).code == 0
    names = {run.name for run in list_runs(older.root)}
    assert len(names) == 4
    (older.home / "journal").unlink()
    assert command(*sweep(older, "--keep", "none", "--fail-on", "never")).code == 0
    assert {run.name for run in list_runs(older.root)} == names


def test_a_run_that_fails_is_a_row(older: Bench, command: Command) -> None:
    (older.home / "pre.py").write_text("raise SystemExit(3)\n")
    ended = command(*sweep(older))
    assert ended.code == 4
    rows = json.loads(ended.out)["pictures"]
    assert [each["status"] for each in rows] == ["error", "error"] and all(each["reason"] for each in rows)


def test_what_is_kept_is_a_number(older: Bench, command: Command) -> None:
    ended = command(*sweep(older, "--keep", "best"))
    assert ended.code == 2 and "worst:5" in ended.err


def test_the_app_sweeps_by_the_sdk_as_the_command_does(older: Bench, command: Command) -> None:
    """As pane 8 starts it: the form's models through the worker's job; the same journal serves both."""
    values = {
        "float": "tiny_float.sim", "fixed": "tiny_fixed.sim", "preprocess": "pre.py", "sdk": str(older.sdk.root),
        "python": sys.executable,
    }  # fmt: skip
    home = older.home
    form = RunForm({key: str(home / text) if key in ("float", "fixed", "preprocess") else text
                    for key, text in values.items()})  # fmt: skip
    asked = Asked(str(home / "images"), None, None, None, "manual", form, b"")
    job = replace(job_for("sdk", asked), journal=home / "journal", root=older.root)
    notes = job.do().notes
    assert notes and len(list_runs(older.root)) == 4  # both pictures are among the worst five
    shown = look(job)[1]
    assert {row.name for row in shown.pictures} == {"a", "b"} and len(shown.layers) == 20
    fixed, float_ = picture_dumps(job, 0, home)
    assert "fixed" in str(fixed) and "float" in str(float_)
    told = command(*sweep(older, "--fail-on", "never"))
    assert told.code == 0 and len(list_runs(older.root)) == 4


def test_int16_is_tried_on_the_runs_dumps_which_are_deleted_then(older: Bench, command: Command) -> None:
    tight = older.home / "tight.toml"
    tight.write_text("[fail]\nsqnr_db = 80.0\n")
    told = []
    for _ in range(2):  # the second time from the journal, without any run
        ended = command(*sweep(older, "--profile", str(tight)))
        assert ended.code == 1, ended.err
        told += [each["text"] for each in json.loads(ended.out)["findings"] if each["kind"] == "int16"]
        assert not list_runs(older.root), "nothing was to be kept"
    first, second = told
    assert first.startswith("INT16 for ") or first.startswith("INT16 does not help"), first
    assert second.startswith("INT16 was not tried: the dumps of the pictures' runs are not there any more")

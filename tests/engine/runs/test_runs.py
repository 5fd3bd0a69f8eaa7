"""Run folders and what is done with them without starting anything heavy: list, check, estimate, delete."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sgs_tui.engine.backends.sdk import BACKEND
from sgs_tui.engine.backends.start import check_run
from sgs_tui.engine.errors import InputError, RunError
from sgs_tui.engine.runs import preflight
from sgs_tui.engine.runs.backend import Level
from sgs_tui.engine.runs.preflight import estimate_dump, logout_policy
from sgs_tui.engine.runs.processes import ProcessIdentity
from sgs_tui.engine.runs.run_folder import (
    Elements,
    Made,
    Product,
    ProductKind,
    RunFolder,
    RunRequest,
    RunState,
    RunStatus,
    create_run_folder,
    request_from_json,
    safe_name,
    status_from_json,
    status_to_json,
)
from sgs_tui.engine.runs.run_folder import request_to_json as to_json
from sgs_tui.engine.runs.run_list import list_runs, newest_pair, read_run
from sgs_tui.engine.runs.runs import cancel_run, delete_run

DUMP = Product("dump.bin", is_float=True, elements=Elements.FLOAT)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "sgs_runs"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "tiny_float.sim"
    path.write_bytes(b"m" * 1000)
    return path


def request_for(model: Path, **changes: object) -> RunRequest:
    request = RunRequest(("bash", "-c", "true"), "sdk", str(model), "float", (DUMP,), needs=(str(model),))
    return replace(request, **changes)  # type: ignore[arg-type]


def ended(root: Path, request: RunRequest, state: RunState, size: int = 5000) -> RunFolder:
    """A run of the past."""
    folder = create_run_folder(request, root)
    made = (Made("dump.bin", size, "dump"),) if state is RunState.OK else ()
    folder.write_status(replace(folder.read_status(), state=state, started=1.0, ended=3.5, products=made))
    return folder


names = st.text(min_size=1, max_size=20).filter(lambda text: "\0" not in text)


@given(st.lists(names, min_size=1), st.dictionaries(names, names), names, st.one_of(st.none(), st.floats(0, 1e9)))
def test_requests_survive_the_round_trip(
    argv: list[str], environment: dict[str, str], stage: str, timeout: float | None
) -> None:
    product = Product(stage, ProductKind.PATTERN, None)
    request = RunRequest(tuple(argv), "b", stage, stage, (DUMP, product), environment, timeout=timeout)
    assert request_from_json(to_json(request), Path("x")) == request


def test_undecodable_file_names_survive_too() -> None:
    name = os.fsdecode(b"/a/\xff.sim")
    request = request_for(Path(name), files={"DebugConfig.txt": name})
    assert request_from_json(to_json(request), Path("x")) == request


@given(st.binary())
def test_any_bytes_are_a_status_or_an_input_error(data: bytes) -> None:
    for read in (status_from_json, request_from_json):
        try:
            read(data, Path("x"))
        except InputError:
            continue


@given(st.sampled_from(RunState), st.text(), st.lists(st.text()).map(tuple))
def test_status_survives_the_round_trip(state: RunState, text: str, notes: tuple[str, ...]) -> None:
    identity = ProcessIdentity(3, 4, text, text)
    status = RunStatus(state, 1.5, 2.5, None, identity, None, 1, "SIGSEGV", text, text, text, text, notes)
    assert status_from_json(status_to_json(status), Path("x")) == status


def test_a_status_of_an_earlier_version_is_read() -> None:
    identity = {"pid": 3, "started_ticks": 4, "boot": "b", "place": "here"}
    document = {"state": "running", "created": 1.5, "supervisor": identity, "child": identity}
    status = status_from_json(json.dumps(document).encode(), Path("x"))
    assert status.child == ProcessIdentity(3, 4, "b", "here")


def test_folders_are_named_after_model_and_stage(root: Path, model: Path) -> None:
    first, second = (create_run_folder(request_for(model), root) for _ in range(2))
    assert first.name.endswith("-tiny_float-float") or second.name.endswith("-tiny_float-float-2")
    assert first.path != second.path
    assert first.read_status().state is RunState.QUEUED


@given(st.text())
def test_any_name_makes_a_safe_folder_name(text: str) -> None:
    made = safe_name(text)
    assert made and len(made) <= 60 and "/" not in made and not made.startswith((".", "-"))


def test_runs_are_listed_newest_first_and_foreign_folders_passed_over(root: Path, model: Path) -> None:
    older, newer = (ended(root, request_for(model), RunState.OK) for _ in range(2))
    older.write_status(replace(older.read_status(), created=1.0))
    (root / "mine").mkdir()
    (root / "foreign").mkdir()
    (root / "foreign" / "request.json").write_text(json.dumps({"schema": "something else"}))
    (root / "link").symlink_to(older.path)
    assert [run.name for run in list_runs(root)] == [newer.name, older.name]
    assert list_runs(root / "nowhere") == ()
    assert list_runs(root)[1].elapsed == 2.5


def test_a_damaged_status_is_a_damaged_run(root: Path, model: Path) -> None:
    folder = ended(root, request_for(model), RunState.OK)
    folder.status_path.write_bytes(b"{")
    [run] = list_runs(root)
    assert run.state is RunState.DAMAGED and "damaged" in run.status.message
    assert run.dump is None


def test_a_run_whose_supervisor_never_came_is_lost_after_a_while(root: Path, model: Path) -> None:
    folder = create_run_folder(request_for(model), root)
    assert read_run(folder.path).state is RunState.QUEUED
    folder.write_status(replace(folder.read_status(), created=1.0))
    assert read_run(folder.path).state is RunState.LOST


def test_only_good_runs_offer_a_dump(root: Path, model: Path) -> None:
    good, bad = ended(root, request_for(model), RunState.OK), ended(root, request_for(model), RunState.FAILED)
    assert read_run(good.path).dump == good.path / "dump.bin"
    assert read_run(bad.path).dump is None


def test_deleting_is_for_runs_in_the_root_only(root: Path, model: Path, tmp_path: Path) -> None:
    folder = ended(root, request_for(model), RunState.OK)
    elsewhere = ended(tmp_path / "other", request_for(model), RunState.OK)
    link = root / "link"
    link.symlink_to(elsewhere.path)
    mine = root / "mine"
    mine.mkdir()
    for path in (elsewhere.path, link, mine, root, root / "..", folder.work_path, tmp_path):
        with pytest.raises(InputError):
            delete_run(path, root)
    assert elsewhere.path.is_dir() and mine.is_dir() and model.is_file()
    inside = folder.work_path / "way_out"
    inside.symlink_to(tmp_path)
    delete_run(folder.path, root)
    assert not folder.path.exists() and model.is_file()
    assert not list(root.glob(".deleted*"))


def test_a_run_at_work_is_not_deleted(root: Path, model: Path) -> None:
    folder = create_run_folder(request_for(model), root)
    with pytest.raises(InputError, match="cancel it first"):
        delete_run(folder.path, root)
    cancel_run(folder.path)
    assert read_run(folder.path).state is RunState.CANCELLED
    delete_run(folder.path, root)


def test_a_healthy_request_has_nothing_to_report(root: Path, model: Path) -> None:
    assert [finding for finding in check_run(request_for(model), root) if finding.level is Level.ERROR] == []
    assert not root.exists()


@pytest.mark.parametrize(
    "changes, word",
    [
        ({"needs": ("/no/such/image.jpg",)}, "no such file"),
        ({"argv": ("no-such-program",)}, "no such program"),
        ({"cwd": "/no/such/folder"}, "no such folder"),
        ({"needs": ("/dev/null",), "argv": ("bash",)}, None),
    ],
)
def test_what_is_missing_is_an_error(root: Path, model: Path, changes: dict[str, object], word: str | None) -> None:
    errors = [f.message for f in check_run(request_for(model, **changes), root) if f.level is Level.ERROR]
    assert bool(errors) == (word is not None)
    assert word is None or word in errors[0]


def test_an_empty_model_is_an_error(root: Path, model: Path) -> None:
    model.write_bytes(b"")
    assert any("is empty" in finding.message for finding in check_run(request_for(model), root))


def test_a_file_where_the_runs_should_be(root: Path, model: Path) -> None:
    root.write_text("a file")
    assert any(finding.level is Level.ERROR for finding in check_run(request_for(model), root))
    with pytest.raises(RunError):
        create_run_folder(request_for(model), root)


def test_too_little_space(root: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended(root, request_for(model), RunState.OK, size=10**6)
    usage = preflight.shutil.disk_usage(root)._replace(free=50_000)
    monkeypatch.setattr(preflight.shutil, "disk_usage", lambda path: usage)
    known = [f.level for f in check_run(request_for(model), root) if "disk" in f.message]
    guessed = [f.level for f in check_run(request_for(model, stage="fixed"), root) if "disk" in f.message]
    assert known == [Level.ERROR] and guessed == [Level.WARNING]


def test_estimates(root: Path, model: Path) -> None:
    request = request_for(model, files={"DebugConfig.txt": "dumpTensor\npath=.\n"})
    text = request_for(model, files={"DebugConfig.txt": "dumpTensor\ndumpasstring\npath=.\n"})
    ended(root, request, RunState.OK, size=777)
    ended(root, request, RunState.FAILED, size=3)
    runs = list_runs(root)
    known, guessed = estimate_dump(request, runs, BACKEND), estimate_dump(text, runs, BACKEND)
    assert known is not None and (known.size, known.known) == (777, True)
    assert guessed is not None and not guessed.known and guessed.size > 1000 * 60
    assert estimate_dump(request_for(Path("/no/model.sim")), runs, BACKEND) is None
    other_form = estimate_dump(replace(request, products=(Product("dump.txt", is_float=True),)), runs, BACKEND)
    assert other_form is not None and not other_form.known


def test_two_runs_do_not_write_the_same_file(root: Path, model: Path, tmp_path: Path) -> None:
    target = str(tmp_path / "tiny_fixed.sim")
    making = request_for(model, products=(Product(target, ProductKind.FILE),), cwd=str(tmp_path))
    folder = create_run_folder(making, root)
    again = [f.message for f in check_run(making, root) if f.level is Level.ERROR]
    assert any("is writing" in message for message in again) and any("working in" in message for message in again)
    Path(target).write_text("x")
    reading = request_for(model, needs=(target,))
    assert any("is writing" in finding.message for finding in check_run(reading, root))
    folder.write_status(replace(folder.read_status(), state=RunState.OK))
    assert not any("is writing" in finding.message for finding in check_run(reading, root))


def test_a_home_that_the_simulator_can_not_stand(root: Path, model: Path) -> None:
    request = request_for(model, environment={"PATH": os.environ["PATH"], "HOME": "/" + "h" * 127})
    assert any("$HOME" in finding.message for finding in check_run(request, root))


def test_hosts_that_end_processes_at_logout_are_named(tmp_path: Path) -> None:
    assert list(logout_policy(tmp_path)) == []
    (tmp_path / "logind.conf").write_text("[Login]\n#KillUserProcesses=yes\n")
    assert list(logout_policy(tmp_path)) == []
    (tmp_path / "logind.conf.d").mkdir()
    (tmp_path / "logind.conf.d" / "x.conf").write_text("[Login]\nKillUserProcesses = yes\n")
    [finding] = logout_policy(tmp_path)
    assert finding.level is Level.WARNING and "linger" in finding.hint


def test_the_newest_pair_is_of_one_network_and_one_image(root: Path, tmp_path: Path) -> None:
    def run(name: str, stage: str, image: str, state: RunState = RunState.OK) -> str:
        details = {"image": image}
        folder = ended(root, request_for(tmp_path / name, stage=stage, details=details), state)
        return folder.name

    assert newest_pair(list_runs(root)) is None
    wanted = run("a_float.sim", "float", "1.jpg")
    run("a_float.sim", "float", "2.jpg")
    run("b_float.sim", "float", "1.jpg")
    sample = run("a_fixed.sim", "fixed", "1.jpg")
    run("a_float.sim", "float", "1.jpg", RunState.FAILED)
    run("c_fixed.sim", "fixed", "1.jpg")
    pair = newest_pair(list_runs(root))
    assert pair is not None and [one.name for one in pair] == [sample, wanted]


def test_a_float_model_is_judged_by_the_original(root: Path, tmp_path: Path) -> None:
    original = ended(root, request_for(tmp_path / "a.onnx", stage="original"), RunState.OK)
    sample = ended(root, request_for(tmp_path / "a_float.sim"), RunState.OK)
    pair = newest_pair(list_runs(root))
    assert pair is not None and [one.name for one in pair] == [sample.name, original.name]

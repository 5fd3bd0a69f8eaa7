"""The SDK backend through the real supervisor, against a stand-in SDK (tests/standin_sdk) that lies as the real one."""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sgs_tui.engine.backends.sdk import DumpSwitches, SdkRequest, sdk_runs
from sgs_tui.engine.backends.sdk_ask import SdkAnswers
from sgs_tui.engine.backends.sdk_install import open_sdk
from sgs_tui.engine.backends.start import start_run, start_runs
from sgs_tui.engine.configs.debugconfig import DUMP_NAME
from sgs_tui.engine.dumps.format import Stage
from sgs_tui.engine.errors import InputError, RunError, UsageError
from sgs_tui.engine.runs.run_folder import RunRequest, RunState
from sgs_tui.engine.runs.run_list import Run, list_runs, read_run
from sgs_tui.engine.runs.runs import wait_run
from tests.standin_sdk import TINY, write_model, write_preprocess
from tests.standin_sdk.bench import Bench, with_arguments, with_config


@pytest.fixture
def older(tmp_path: Path) -> Bench:
    return Bench.at(tmp_path)


@pytest.fixture
def newer(tmp_path: Path) -> Bench:
    return Bench.at(tmp_path, "newer")


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file with size and time: equal trees, nothing was written."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in found}


@pytest.mark.parametrize("generation", ["older", "newer"])
def test_a_dump_is_what_the_simulator_wrote(tmp_path: Path, generation: str) -> None:
    bench = Bench.at(tmp_path, generation)
    expected = {"float": "float", "fixed": "fixed_dq", "cmodel_float": "cmodel_float"}
    for run, name in zip(bench.run_all([bench.request(kind) for kind in expected]), expected.values(), strict=True):
        assert run.state is RunState.OK, run.status
        assert run.dump is not None and run.dump.parent == run.folder.path
        assert run.dump.read_bytes() == (TINY / f"{name}.bin").read_bytes()


def test_switches_reach_the_simulator(newer: Bench) -> None:
    asked = [
        ("float", DumpSwitches(as_string=True), "float_str"),
        ("fixed", DumpSwitches(as_string=True), "fixed_dq_str"),
        ("fixed", DumpSwitches(dequantize=False), "fixed_raw"),
        ("fixed", DumpSwitches(eliminate_garbage=False), "fixed_dq_keepgarbage"),
    ]
    runs = newer.run_all([newer.request(kind, switches=switches) for kind, switches, _ in asked])
    for run, (_, _, name) in zip(runs, asked, strict=True):
        assert run.state is RunState.OK, run.status
        assert run.dump is not None and run.dump.read_bytes() == (TINY / f"{name}.bin").read_bytes()


def test_the_run_folder_holds_everything(older: Bench) -> None:
    (older.home / "tensor_min_max.txt").write_bytes((TINY / "tensor_min_max.txt").read_bytes())
    run = older.dump("fixed")
    config = (run.folder.path / "DebugConfig.txt").read_bytes()
    assert config == b"dumpTensor\neliminateGarbage\ndequantFixed\npath=.\n"
    assert run.ranges is not None and run.ranges.read_bytes() == (TINY / "tensor_min_max.txt").read_bytes()
    log = run.folder.log_path.read_text()
    assert "Start to evaluate on test.jpg" in log and "Run evaluation OK." in log
    assert not (run.folder.path / ".reserve").exists()
    assert not list(run.folder.work_path.rglob("tmp_image"))
    assert run.status.exit_code == 0 and run.elapsed is not None


def test_nothing_outside_the_run_folder_is_touched(older: Bench) -> None:
    home = Path(older.environ["HOME"])
    for folder in (older.home, home, older.sdk.root):
        (folder / "sigma_outtensor_dump.bin").write_bytes(b"the user's own dump")
        (folder / "log").mkdir()
        (folder / "log" / "tensor_min_max.txt").write_text("Name:data, min: -1.0, max: 1.0;\n")
    request = older.request()
    before = [tree(folder) for folder in (older.home, home, older.sdk.root)]
    assert older.run(request).state is RunState.OK
    after = [tree(folder) for folder in (older.home, home, older.sdk.root)]
    assert before == [{k: v for k, v in files.items() if "__pycache__" not in k} for files in after]


def test_our_python_stays_out(older: Bench) -> None:
    ours = {"VIRTUAL_ENV": "/ours", "PYTHONPATH": "/ours/lib", "LD_LIBRARY_PATH": "/ours/lib", "SOMETHING_OF_OURS": "x"}
    path = "/ours/bin" + os.pathsep + os.environ["PATH"]
    older = replace(older, environ={**older.environ, **ours, "PATH": path})
    script = "import json, os\n\ndef image_preprocess(path, norm=True):\n"
    script += "    json.dump(dict(os.environ), open('environment.json', 'w'))\n    return [0.5] * 3072\n"
    (older.home / "pre.py").write_text(script)
    run = older.dump()
    seen = json.loads((run.folder.work_path / "environment.json").read_text())
    root = str(older.sdk.root)
    assert seen["SGS_IPU_DIR"] == root
    assert seen["PYTHONPATH"] == f"{root}/Scripts"
    assert seen["LD_LIBRARY_PATH"] == f"{root}/libs/x86_32:{root}/libs/x86_64"
    assert not {"VIRTUAL_ENV", "SOMETHING_OF_OURS"} & set(seen)
    assert "/ours" not in seen["PATH"]


def lying_requests(bench: Bench) -> dict[str, RunRequest]:
    """Runs that go wrong in the ways seen in real life."""
    float_run, fixed_run = bench.request("float"), bench.request("fixed")
    corrupt = bench.home / "corrupt_float.sim"
    corrupt.write_bytes(b"no model at all")
    nosuch = {"preprocess": "nosuch_pre"}
    return {
        "crlf": with_config(float_run, "dumpTensor\r\npath=.\r\n"),
        "no folder": with_config(float_run, "dumpTensor\npath=/nonexistent/folder\n"),
        "not switched on": with_config(float_run, "#dumpTensor\npath=.\n"),
        "spaces": with_config(float_run, "dumpTensor\npath = .\n"),
        "last character cut": with_config(float_run, "dumpTensor\npath=."),
        "fixed as float": with_arguments(fixed_run, {"-t": "Float"}),
        "float as fixed": with_arguments(float_run, {"-t": "Fixed"}),
        "no preprocess": with_arguments(float_run, {"-n": None}),
        "no type": with_arguments(float_run, {"-t": None}),
        "bad image": with_arguments(float_run, {"-i": str(bench.home / "nosuch.jpg")}),
        "bad model": with_arguments(float_run, {"-m": "nosuch.sim"}),
        "corrupt model": with_arguments(float_run, {"-m": str(corrupt)}),
        "bad preprocess": replace(with_arguments(float_run, {"-n": "nosuch_pre"}), details=nosuch),
        **{how: bench.request("float", how) for how in ("crash", "disk_full", "cut", "killed")},
    }


@pytest.fixture(scope="module")
def lies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """All of them, one after another under one supervisor."""
    bench = Bench.at(tmp_path_factory.mktemp("lies"))
    requests = lying_requests(bench)
    return dict(zip(requests, bench.run_all(list(requests.values())), strict=True))


@pytest.mark.parametrize(
    "name, failure, exit_code, hint",
    [
        ("crlf", "write_file_fail", 0, "newline"),
        ("no folder", "write_file_fail", 0, "must exist"),
        ("not switched on", "no_dump", 0, "dumpTensor"),
        ("spaces", "no_dump", 0, "DebugConfig"),
        ("last character cut", "no_dump", 0, "DebugConfig"),
        ("fixed as float", "fixed_model_in_float_simulator", 1, "--type Fixed"),
        ("float as fixed", "float_model_in_fixed_simulator", 1, "--type Float"),
        ("no preprocess", "no_preprocess", 1, "-n PRE.py"),
        ("no type", "missing_type", 2, "--type"),
        ("bad image", "bad_image", 1, "path"),
        ("bad model", "bad_model", 1, "path"),
        ("corrupt model", "native_failed", 1, "whole"),
        ("bad preprocess", "bad_preprocess", 1, "ends in .py"),
        ("crash", "crashed", 1, "sgs-tui core"),
        ("disk_full", "disk_full", 0, "free"),
        ("cut", "damaged_dump", 0, "inspect"),
        ("killed", "out_of_memory", 1, "GB"),
    ],
)
def test_lies_of_the_older_simulator(lies: dict[str, Run], name: str, failure: str, exit_code: int, hint: str) -> None:
    run = lies[name]
    assert run.state is RunState.FAILED
    assert (run.status.failure, run.status.exit_code) == (failure, exit_code), run.status
    assert run.status.message and hint in run.status.hint
    assert run.dump is None


def test_a_crash_names_the_native_program(lies: dict[str, Run]) -> None:
    assert "bin/sgs_simulator_float" in lies["crash"].status.hint


def test_what_a_failed_run_leaves_stays_in_its_working_directory(lies: dict[str, Run]) -> None:
    run = lies["crash"]
    assert (run.folder.work_path / DUMP_NAME).stat().st_size == 249117 // 2 + 1234
    assert not (run.folder.path / DUMP_NAME).exists()
    assert any("not to be trusted" in note for note in run.status.notes)


def test_the_newer_simulator_dies_by_signals(newer: Bench) -> None:
    hows = ("crash", "disk_full", "cut", "killed")
    runs = newer.run_all([newer.request("float", how) for how in hows])
    assert [run.status.failure for run in runs] == ["crashed", "disk_full", "damaged_dump", "out_of_memory"]
    assert f"sgs-tui core {os.path.realpath(sys.executable)} CORE" in runs[0].status.hint
    assert [run.status.signal for run in runs] == ["SIGSEGV", None, None, "SIGKILL"]


def test_a_wrong_sized_input_is_no_success(older: Bench) -> None:
    write_preprocess(older.home / "pre.py", values=3072 // 2)
    run = older.dump("float")
    assert run.state is RunState.FAILED and run.status.exit_code == 0
    assert run.status.failure == "wrong_input_size"
    assert "1536" in run.status.message and "3072" in run.status.message


def test_a_wrong_sized_input_of_a_fixed_model_names_the_true_size(older: Bench) -> None:
    write_preprocess(older.home / "pre.py", values=100)
    run = older.dump("fixed")
    assert (run.state, run.status.failure) == (RunState.FAILED, "wrong_input_size")
    assert "returned 100 values" in run.status.message
    assert "takes 3072 for three channels (4096 in its dump" in run.status.message
    write_preprocess(older.home / "pre.py")
    assert older.dump("float").state is RunState.OK
    write_preprocess(older.home / "pre.py", values=1024)  # one channel would fit the padded size
    run = older.dump("fixed")
    assert run.state is RunState.FAILED and "takes 3072 (4096 in its dump" in run.status.message, run.status


def test_paths_that_break_the_older_simulator_are_refused(tmp_path: Path) -> None:
    bench = Bench.at(tmp_path)
    with pytest.raises(RunError, match="older simulator breaks"):
        start_run(bench.request(), tmp_path / "my runs")
    assert replace(bench, root=tmp_path / "läufe").dump().state is RunState.OK


def test_ranges_of_another_model_are_set_aside(older: Bench) -> None:
    (older.home / "tensor_min_max.txt").write_text("Name:elsewhere, min: -1.000000, max: 1.000000;\n")
    run = older.dump("float")
    assert run.state is RunState.OK
    assert run.ranges is None and (run.folder.path / "unrelated-tensor_min_max.txt").is_file()
    assert any("another model" in note for note in run.status.notes)


def test_a_flood_of_output_ends_well_and_stays_small(newer: Bench) -> None:
    run = newer.dump("float", "flood")
    assert run.state is RunState.OK
    size = run.folder.log_path.stat().st_size
    assert 32 << 20 <= size < 34 << 20
    assert "the end of the flood" in run.folder.log_path.read_text()[-2000:]


def test_a_hang_is_ended_by_the_time_limit(newer: Bench) -> None:
    run = newer.dump("float", "hang", timeout=1.5)
    assert run.state is RunState.TIMED_OUT
    printed = "now it hangs" if "now it hangs" in run.folder.log_path.read_text() else "it had printed nothing"
    assert printed in run.status.message and "--timeout" in run.status.hint


def test_every_image_is_a_run_of_its_own(newer: Bench) -> None:
    folder = newer.home / "pictures"
    for name in ("b.jpg", "a.png", "notes.txt"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"x")
    model = write_model(newer.home / "tiny_float.sim")
    asked = SdkRequest(model, str(folder), str(newer.home / "pre.py"), python=newer.request().argv[0])
    requests = sdk_runs(asked, newer.sdk, newer.environ)
    folders = start_runs(requests, newer.root)
    runs = [wait_run(folder.path) for folder in folders]
    assert [Path(run.request.details["image"]).name for run in runs] == ["a.png", "b.jpg"]
    assert [run.state for run in runs] == [RunState.OK, RunState.OK]
    assert {run.name for run in list_runs(newer.root)} == {folder.name for folder in folders}


@pytest.mark.parametrize("generation", ["older", "newer"])
def test_awkward_names_reach_the_simulator(tmp_path: Path, generation: str) -> None:
    bench = Bench.at(tmp_path, generation)
    folder = bench.home / "it's a: strange, place"
    folder.mkdir()
    (folder / "图 1'.JPG").write_bytes(b"x")
    model = write_model(folder / "my $model_float.sim")
    asked = SdkRequest(model, str(folder / "图 1'.JPG"), str(bench.home / "pre.py"), python=bench.request().argv[0])
    run = bench.run(sdk_runs(asked, bench.sdk, bench.environ)[0])
    assert run.state is RunState.OK, run.status


def test_a_module_of_the_sdk_and_several_inputs(newer: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    (newer.home / "second.jpg").write_bytes(b"x")
    write_preprocess(newer.home / "pre2.py")
    listed = newer.home / "inputs.txt"
    listed.write_text("test.jpg,second.jpg\n\n")
    monkeypatch.chdir(newer.home)
    scripts = f"{newer.home / 'pre.py'},standin_method"
    run = newer.dump("float", image="inputs.txt", preprocess=scripts)
    assert run.state is RunState.OK, run.status
    assert (run.folder.work_path / "samples.txt").read_text() == f"{newer.home}/test.jpg,{newer.home}/second.jpg\n"


def test_an_earlier_dump_gives_the_size_to_expect(newer: Bench) -> None:
    first = newer.dump("float")
    assert first.request.expected_size is None
    second = newer.dump("float")
    assert second.request.expected_size == first.status.products[0].size == 249117
    assert second.request.expected_time == pytest.approx(first.elapsed)


def test_offline_models_are_refused_with_the_reason(newer: Bench) -> None:
    model = newer.home / "tiny_fixed.sim_sgsimg.img"
    model.write_bytes(b"x")
    with pytest.raises(UsageError, match="offline model can not be dumped") as told:
        sdk_runs(SdkRequest(model, str(newer.home / "test.jpg"), "standin_method"), newer.sdk)
    assert "_fixed.sim" in told.value.hint


def test_what_is_missing_is_said_before_anything_is_made(newer: Bench) -> None:
    request = newer.request()
    Path(request.model).unlink()
    with pytest.raises(RunError, match="no such file"):
        start_run(request, newer.root)
    assert not newer.root.exists()


@pytest.mark.parametrize(
    "changes, error",
    [
        ({"preprocess": "nosuch.py"}, InputError),
        ({"preprocess": "nosuch_module"}, InputError),
        ({"preprocess": ""}, UsageError),
        ({"image": "nosuch.jpg"}, InputError),
        ({"python": "no-such-python"}, RunError),
        ({"stage": Stage.ORIGINAL}, UsageError),
    ],
)
def test_requests_that_make_no_sense(newer: Bench, changes: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        newer.request(**changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["test.py", "numpy.py", "my.pre.py"])
def test_scripts_that_the_sdk_would_mistake(newer: Bench, name: str) -> None:
    write_preprocess(newer.home / name)
    with pytest.raises(UsageError, match="would import"):
        newer.request(preprocess=str(newer.home / name))


def test_a_contradicting_name_is_noted(newer: Bench) -> None:
    request = newer.request("fixed", stage=Stage.FLOAT)
    assert any("swapped" in warning for warning in request.warnings)
    run = newer.run(request)
    assert (run.state, run.status.failure) == (RunState.FAILED, "other_kind")
    assert "a whole dump came, but of a fixed model where a float one was asked for" in run.status.message
    assert "take this model with --type Fixed" in run.status.hint


def test_a_run_reads_back_as_it_was_asked(newer: Bench) -> None:
    request = newer.request(image=str(newer.home / "test.jpg"))
    folder = start_run(request, newer.root)
    assert read_run(folder.path).request == replace(request, expected_size=None)
    assert wait_run(folder.path).state is RunState.OK


def test_a_chip_is_passed_on_and_a_wrong_one_refused_with_the_sdks_list(newer: Bench) -> None:
    muffin = replace(newer, sdk=replace(newer.sdk, soc_version="muffin"))
    request = muffin.request()
    assert request.argv[-2:] == ("--soc_version", "muffin")
    assert muffin.run(request).state is RunState.OK
    wrong = replace(newer, sdk=replace(newer.sdk, soc_version="mufin"))
    with pytest.raises(UsageError, match=r"knows no such chip.*did you mean muffin.*muffin, maruko, opera"):
        wrong.request()


def test_an_sdk_without_chips_says_so(older: Bench) -> None:
    named = replace(older, sdk=replace(older.sdk, soc_version="muffin"))
    with pytest.raises(UsageError, match=r"simulator\.py of this SDK \(1\.1\.5_standin\) takes no chip"):
        named.request()


def test_an_older_chips_version_with_new_scripts_is_asked_what_it_wants(newer: Bench) -> None:
    (newer.sdk.root / "Scripts/calibrator_custom/versions.py").write_text("VERSION = 'Q_1.2.3'\n")
    bench = replace(newer, sdk=open_sdk(newer.sdk.root))
    with pytest.raises(UsageError, match="-n PRE"):
        bench.request(preprocess="")
    request = bench.request()
    assert "-t" in request.argv and "-c" not in request.argv
    assert bench.run(request).state is RunState.OK


def test_help_is_asked_once_for_a_version_of_the_scripts(newer: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []
    run = SdkAnswers.run
    monkeypatch.setattr(SdkAnswers, "run", lambda self, argv, *more: (asked.append(argv), run(self, argv, *more))[1])
    newer.request()
    newer.request("fixed")
    assert sum("--help" in argv for argv in asked) == 1
    with newer.sdk.simulator.open("a") as script:
        script.write("# changed\n")
    replace(newer, sdk=open_sdk(newer.sdk.root)).request()
    assert sum("--help" in argv for argv in asked) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("from py_wrapper import x", "the SDK is incomplete: its module py_wrapper"),
        ("import surely_missing", "finds no module surely_missing"),
    ],
)
def test_a_simulator_that_does_not_start_is_said_before_the_run(newer: Bench, text: str, said: str) -> None:
    newer.sdk.simulator.write_text(f"{text}\n")
    with pytest.raises(RunError, match=f"simulator.py does not start.*{said}"):
        replace(newer, sdk=open_sdk(newer.sdk.root)).request()

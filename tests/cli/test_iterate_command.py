"""`sgs-tui iterate` through real supervisors, against a stand-in SDK whose tools fail as the real ones do."""

import json
from pathlib import Path
from typing import Any

import pytest

from sgs_tui.engine.compare.baseline import regress
from sgs_tui.engine.configs.inputconfig import load
from sgs_tui.engine.journal import Kind, journal_of, read_journal
from sgs_tui.engine.requantize.iteration import STEPS
from sgs_tui.engine.requantize.network import load_config
from sgs_tui.engine.requantize.propose import state_before
from sgs_tui.engine.requantize.state import load_state, state_behind
from sgs_tui.engine.runs.run_folder import RunState
from sgs_tui.engine.runs.run_list import Run, list_runs, read_run
from sgs_tui.engine.runs.runs import cancel_run, wait_run
from tests.cli.conftest import Command
from tests.standin_sdk.docker_home import DockerHome
from tests.standin_sdk.iterating import Network, build_network
from tests.waiting import until


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Network:
    return build_network(tmp_path, monkeypatch)


def iterate(command: Command, network: Network, *more: str, code: int = 0) -> dict[str, Any]:
    ended = command("iterate", str(network.folder), *more, "--format", "json")
    assert ended.code == code, ended.err
    found: dict[str, Any] = json.loads(ended.out) if ended.out else {}
    return found


def newest(network: Network) -> Run:
    return list_runs(network.root)[0]


def steps(run: Run) -> list[tuple[str, RunState]]:
    found = list_runs(run.folder.path / STEPS)
    return [(each.request.stage, each.state) for each in sorted(found, key=lambda each: each.status.created)]


def test_the_loop_closes(command: Command, network: Network) -> None:
    first = iterate(command, network, code=1)
    assert (first["outcome"]["failed_after"], first["outcome"]["regression"]) == (1, None)
    assert first["outcome"]["cause_after"] == "shared_scale"
    assert steps(newest(network)) == [(stage, RunState.OK) for stage in ("convert", "calibrate", "float", "fixed")]

    second = iterate(command, network, "--advised")
    assert load(network.ini).tensor_arrays == ("cat",)
    regression = second["outcome"]["regression"]
    assert (regression["newly_fixed"], regression["newly_failing"]) == (["gate"], [])
    assert all(each["before"] and each["after"] for each in regression["layers"])
    assert second["int16"] == ["cat"]
    told = [(each["kind"], each["text"]) for each in second["journal"]]
    assert told[:2] == [("tried", "requantized (tensor_arrays: none)"), ("result", "1 of 20 layers fails")]
    assert told[2] == ("tried", "input_config.ini: INT16 for cat (tensor_arrays: cat)")
    assert told[3] == ("result", "1 layer failed before, 0 after; newly fixed: gate")

    run = newest(network)
    assert state_before(load_config(network.folder), network.root) == run.folder.path
    before = state_behind(run)
    assert before is not None
    found = regress(load_state(run.folder.path).layers, before.layers)
    assert [step.name for step in found.newly_fixed] == ["gate"]
    assert [dump.name for dump in run.dumps] == ["float.bin", "fixed.bin"]

    third = iterate(command, network, "--mark", "pool")
    added = [each["name"] for each in third["outcome"]["regression"]["layers"] if each["change"] == "cast added"]
    assert added == ["pool#/Mul0Output#51"]

    last = command("iterate", str(network.folder), "--last")
    assert (last.code, "1 cast added" in last.words) == (0, True)
    markdown = command("iterate", str(network.folder), "--last", "--format", "markdown").text
    assert "### Before and after" in markdown


def test_models_without_a_known_state_are_dumped_first(command: Command, network: Network) -> None:
    iterate(command, network, code=1)
    for run in list_runs(network.root):
        assert command("runs", "delete", run.name, "--root", str(network.root)).code == 0
    found = iterate(command, network, "--mark", "cat")
    assert found["outcome"]["regression"]["newly_fixed"] == ["gate"]
    stages = [stage for stage, _ in steps(newest(network))]
    assert stages == ["float", "fixed", "convert", "calibrate", "float", "fixed"]


def test_models_that_were_made_by_hand_since_have_no_known_state(command: Command, network: Network) -> None:
    iterate(command, network, code=1)
    config = load_config(network.folder)
    assert state_before(config, network.root) is not None
    network.fixed_model.write_bytes(network.fixed_model.read_bytes())
    assert state_before(config, network.root) is None


def test_a_failed_calibrator_leaves_the_old_model_and_that_is_a_failure(command: Command, network: Network) -> None:
    iterate(command, network, code=1)
    good, fixed = newest(network), network.fixed_model.read_bytes()
    network.behave("calibration_fails")
    ended = command("iterate", str(network.folder), "--mark", "cat")
    assert (ended.code, "calibrate failed" in ended.err) == (4, True), ended.err
    assert network.fixed_model.read_bytes() == fixed
    failed = newest(network)
    assert (failed.state, steps(failed)[-1]) == (RunState.FAILED, ("calibrate", RunState.FAILED))
    entries = read_journal(journal_of(failed.folder.path))
    assert (entries[-1].kind, "calibrate failed" in entries[-1].text) == (Kind.RESULT, True)
    assert state_before(load_config(network.folder), network.root) == good.folder.path
    assert load(network.ini).tensor_arrays == ("cat",)


@pytest.mark.real_supervisor
def test_an_assertion_of_the_calibrator_is_explained(command: Command, network: Network) -> None:
    network.behave("dark_pictures")
    ended = command("iterate", str(network.folder))
    assert ended.code == 4
    assert (
        "mean and std of input_config.ini and of the preprocess script differ, or the calibration pictures" in ended.err
    )


def test_an_old_result_after_a_command_that_reports_success_is_a_failure(command: Command, network: Network) -> None:
    iterate(command, network, code=1)
    toml = network.folder / "sgs-tui.toml"
    text = toml.read_text()
    toml.write_text(text[: text.index("calibrate = ")] + 'calibrate = "true"\n' + text[text.index("float_model") :])
    ended = command("iterate", str(network.folder))
    assert (ended.code, "nothing new was made" in ended.err) == (4, True), ended.err


def test_a_failed_converter_takes_the_float_model_along(command: Command, network: Network) -> None:
    iterate(command, network, code=1)
    network.ini.write_bytes(network.ini.read_bytes().replace(b"[OUTPUT_CONFIG]", b"[OUTPUT]"))
    ended = command("iterate", str(network.folder))
    assert ended.code == 4
    assert "bad_float.sim is gone" in ended.err
    assert "advise --check" in ended.err
    assert [stage for stage, _ in steps(newest(network))] == ["convert"]


def test_a_cancelled_iteration_ends_its_step(command: Command, network: Network) -> None:
    network.behave("hang")
    ended = command("iterate", str(network.folder), "--detach")
    assert (ended.code, "--last" in ended.err) == (0, True)
    run = newest(network)
    until(lambda: ("float", RunState.RUNNING) in steps(run))
    assert "running" in command("iterate", str(network.folder), "--last").err
    ini = network.ini.read_bytes()
    second = command("iterate", str(network.folder), "--mark", "cat")
    assert (second.code, "runs cancel" in second.err, network.ini.read_bytes()) == (4, True, ini)
    cancel_run(run.folder.path)
    assert wait_run(run.folder.path).state is RunState.CANCELLED
    assert steps(read_run(run.folder.path))[-1] == ("float", RunState.CANCELLED)


def test_a_dry_run_changes_nothing(command: Command, network: Network) -> None:
    before = network.ini.read_bytes()
    ended = command("iterate", str(network.folder), "--mark", "cat", "--dry-run")
    assert ended.code == 0
    for part in (
        "+tensor_arrays='cat';",
        "there are no models to dump it from",
        "ConvertTool.py onnx",
        "bad_fixed.sim on",
    ):
        assert part in ended.text
    assert (network.ini.read_bytes(), network.root.exists()) == (before, False)


def test_init_writes_what_the_older_generation_runs_as_it_is(
    command: Command, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    (network.folder / "sgs-tui.toml").unlink()
    (network.folder / "bad.json").rename(network.folder / "bad.onnx")
    sdk = str(network.folder.parent / "sdk")
    ended = command("iterate", str(network.folder), "--init", "--sdk", sdk)
    assert ended.code == 0, ended.err
    written = (network.folder / "sgs-tui.toml").read_text()
    assert "--input_arrays data --output_arrays prob" in written
    assert load_config(network.folder).wish.root == Path(sdk)
    ended = command("iterate", str(network.folder), "--format", "json")
    assert ended.code == 1, ended.err  # the layer `gate` fails until `cat` is raised
    assert network.float_model.is_file() and network.fixed_model.is_file()


def test_init_says_what_it_could_not_ask(command: Command, tmp_path: Path) -> None:
    ended = command("iterate", str(tmp_path), "--init")
    assert ended.code == 0 and "could not be asked what its ConvertTool wants: no SDK is named" in ended.err


def test_the_example_is_written_once(command: Command, tmp_path: Path) -> None:
    assert command("iterate", str(tmp_path), "--init").code == 0
    assert load_config(tmp_path).fixed_model == tmp_path / "net_fixed.sim"
    assert command("iterate", str(tmp_path), "--init").code == 2


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--last",), 3, "no iteration is there"),
        (("--advised",), 3, "no dumps of the state before"),
        (("--before", "nosuch"), 3, "nosuch"),
        (("--mark", "a,b"), 2, "comma"),
    ],
)
def test_what_can_not_be_is_said(
    command: Command, network: Network, arguments: tuple[str, ...], code: int, words: str
) -> None:
    ended = command("iterate", str(network.folder), *arguments)
    assert (ended.code, words in ended.err) == (code, True), ended.err
    assert not network.root.exists()


def test_without_sgs_tui_toml(command: Command, tmp_path: Path) -> None:
    ended = command("iterate", str(tmp_path))
    assert (ended.code, "--init" in ended.err) == (3, True)


def test_doctor_looks_at_a_network(command: Command, network: Network) -> None:
    assert command("iterate", str(network.folder), "--format", "json").code == 1  # its float dump has the names
    ini = network.ini.read_text()
    network.ini.write_text(ini.replace("tensor_arrays=", ";") + "[CONV_CONFIG]\ntensor_arrays='caat';\n")
    ended = command("doctor", "--project", str(network.folder))
    assert ended.code == 0, ended.err
    assert "one picture is no calibration" in ended.text
    assert "caat" in ended.text and "cat" in ended.text.partition("caat")[2], ended.text
    assert command("doctor", "--project", str(network.folder / "images")).code == 3


def test_the_loop_by_way_of_a_container(
    command: Command, network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker = DockerHome.at(tmp_path / "docker")
    docker.on_path(monkeypatch)
    docker.add_container("box")
    toml = network.folder / "sgs-tui.toml"
    sdk = tmp_path / "sdk"
    toml.write_text(toml.read_text().replace('"../sdk"', f'"{sdk}"\nsdk_via = "docker exec -i box"'))
    done = iterate(command, network, code=1)
    assert done["outcome"]["failed_after"] == 1
    made = list_runs(newest(network).folder.path / STEPS)
    assert {run.request.details["via"] for run in made} == {"docker exec -i box"} and len(made) == 4
    hidden = f'sdk_map = ["{network.folder}=/nowhere"]\nsdk_via ='
    toml.write_text(toml.read_text().replace("sdk_via =", hidden))
    changed = iterate(command, network, "--mark", "cat")  # the folder is copied there, new files come back
    assert changed["outcome"]["regression"]["newly_fixed"] == ["gate"]

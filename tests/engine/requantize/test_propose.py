"""Making models again: what is proposed, for whom, and what begins."""

import os
from pathlib import Path

import pytest

from sgs_tui.engine.backends.embedded import EmbeddedRequest
from sgs_tui.engine.backends.jobs import WORK, local_run
from sgs_tui.engine.backends.start import start_run
from sgs_tui.engine.configs.inputconfig import load
from sgs_tui.engine.demo.demo import CULPRIT, build_demo
from sgs_tui.engine.errors import InputError, RunError, UsageError
from sgs_tui.engine.journal import Kind, journal_of, read_journal
from sgs_tui.engine.requantize.network import NAME, load_config
from sgs_tui.engine.requantize.propose import (
    BusyError,
    Commands,
    DemoFolder,
    EmbeddedRun,
    Int16Edit,
    begin,
    find_recipe,
    iterations_root,
    network_folders,
    propose,
    run_roots,
)
from sgs_tui.engine.requantize.state import state_behind
from sgs_tui.engine.runs.run_folder import RunState
from sgs_tui.engine.runs.run_list import list_runs, read_run
from sgs_tui.engine.runs.runs import cancel_run, wait_run
from tests.standin_sdk.iterating import Network, build_network

PATIENCE = 60.0


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Network:
    return build_network(tmp_path, monkeypatch)


def test_the_folders_of_a_dump(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = tmp_path / "net" / "sgs_runs" / "r"
    assert network_folders(run / "fixed.bin", Path()) == (run, tmp_path / "net", Path())
    step = run / "steps" / "s" / "dump.bin"
    assert tmp_path / "net" in network_folders(step)
    assert network_folders(Path("dumps/a.bin"), tmp_path / "dumps", Path()) == (Path("dumps"), Path())
    assert network_folders(None, Path()) == (Path(),)


def test_runs_are_looked_for_where_there_are_or_will_be_some(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b" / "sgs_runs").mkdir(parents=True)
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / NAME).touch()
    folders = [tmp_path / name for name in "abc"]
    assert run_roots(folders) == (tmp_path / "b" / "sgs_runs", tmp_path / "c" / "sgs_runs")


def test_the_commands_of_the_nearest_file_count(network: Network, tmp_path: Path) -> None:
    assert find_recipe(None, [tmp_path]) is None
    recipe = find_recipe(tmp_path / "x.bin", [tmp_path, network.folder])
    assert isinstance(recipe, Commands) and recipe.config.folder == network.folder
    assert recipe.root == network.root
    (network.folder / NAME).write_text("[iterate\n")
    with pytest.raises(InputError, match="not TOML"):
        find_recipe(None, [network.folder])


def test_what_commands_would_do_is_said_before_anything_is_done(network: Network) -> None:
    before = network.ini.read_bytes()
    proposal = propose(Commands(load_config(network.folder)), Int16Edit(("cat",)))
    assert (proposal.names, proposal.changes, proposal.before) == (("cat",), True, None)
    assert (network.ini.read_bytes(), network.root.exists()) == (before, False)
    begun = begin(proposal)
    assert begun.run is not None and begun.backup is not None and begun.backup.read_bytes() == before
    assert load(network.ini).tensor_arrays == ("cat",)
    assert wait_run(begun.run, PATIENCE).state is RunState.OK
    assert state_behind(read_run(begun.run)) is None, "nothing was known of the state before"


def test_a_second_one_is_refused_while_one_is_at_work(network: Network) -> None:
    network.behave("hang")
    config = load_config(network.folder)
    proposal = propose(Commands(config), Int16Edit())
    run = begin(proposal).run
    assert run is not None
    ini = network.ini.read_bytes()
    for again in (lambda: propose(Commands(config), Int16Edit(("cat",))), lambda: begin(proposal)):
        with pytest.raises(BusyError, match=r"is making bad_fixed\.sim"):
            again()
    assert network.ini.read_bytes() == ini
    cancel_run(run)
    assert wait_run(run, PATIENCE).state is RunState.CANCELLED


def test_what_is_missing_is_found_before_the_ini_is_written(network: Network) -> None:
    (network.folder / "pre.py").unlink()
    with pytest.raises(RunError, match=r"pre\.py: there is no such file"):
        propose(Commands(load_config(network.folder)), Int16Edit(("cat",)))
    network.ini.unlink()
    with pytest.raises(InputError, match=r"input_config\.ini: no such file"):
        propose(Commands(load_config(network.folder)), Int16Edit())


def test_without_an_sdk_the_file_to_name_it_in_is_said(network: Network) -> None:
    toml = network.folder / NAME
    toml.write_text(toml.read_text().replace('sdk = "../sdk"\n', ""))
    environ = {key: value for key, value in os.environ.items() if key != "SGS_IPU_DIR"}
    with pytest.raises(UsageError) as caught:
        propose(Commands(load_config(network.folder)), Int16Edit(), environ)
    assert NAME in caught.value.hint


def test_an_ini_that_changed_meanwhile_is_not_overwritten(network: Network) -> None:
    proposal = propose(Commands(load_config(network.folder)), Int16Edit(("cat",)))
    network.ini.write_bytes(network.ini.read_bytes() + b"; mine\n")
    with pytest.raises(InputError, match="changed meanwhile"):
        begin(proposal)
    assert not list_runs(iterations_root(load_config(network.folder)))


def test_the_demo_is_known_by_its_mark(tmp_path: Path) -> None:
    files = build_demo(tmp_path / "demo")
    recipe = find_recipe(files.fixed_dump, [tmp_path])
    assert isinstance(recipe, DemoFolder)
    assert find_recipe(files.float_dump, [tmp_path]) is None, "its float dump is not what is judged"
    files.model.write_bytes(b"somebody else's")
    assert find_recipe(files.fixed_dump, [tmp_path]) is None


def test_a_run_that_was_quantized_here_becomes_another_run(tmp_path: Path) -> None:
    files = build_demo(tmp_path / "demo")
    job = EmbeddedRequest(files.model, tuple((image,) for image in files.images), WORK)
    old = wait_run(start_run(local_run(job), tmp_path / "elsewhere").path, PATIENCE)
    recipe = find_recipe(old.dumps[1], [])
    assert isinstance(recipe, EmbeddedRun)
    assert not propose(recipe, Int16Edit()).changes
    proposal = propose(recipe, Int16Edit((CULPRIT,)))
    assert proposal.changes and proposal.names == (CULPRIT,) and proposal.root == tmp_path / "elsewhere"
    run = begin(proposal).run
    assert run is not None
    made = wait_run(run, PATIENCE)
    assert made.state is RunState.OK and old.dumps[1].is_file()
    before = state_behind(made)
    assert before is not None and before.source == str(old.folder.path)
    assert sum(layer.verdict == "fail" for layer in before.layers) == 8
    assert state_behind(old) is None
    (tried,) = read_journal(journal_of(made.folder.path))
    assert (tried.kind, tried.text) == (Kind.TRIED, f"INT16 for {CULPRIT}")

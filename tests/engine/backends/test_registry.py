"""A backend is found by its name, checks its own runs and reads its own failures: run code knows none of them."""

from dataclasses import replace
from pathlib import Path

import pytest

from sgs_tui.engine.backends import start
from sgs_tui.engine.backends.registry import MODULES, backend_of
from sgs_tui.engine.backends.sdk_tools import SdkTools
from sgs_tui.engine.errors import RunError
from sgs_tui.engine.runs.run_folder import Product, ProductKind, RunRequest, RunState
from sgs_tui.engine.runs.run_list import Run
from sgs_tui.engine.runs.runs import wait_run
from tests.engine.backends import fake

pytestmark = pytest.mark.real_supervisor  # which is the backend's own program here


@pytest.fixture
def added(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fake backend, known to this process and to the supervisor."""
    monkeypatch.setitem(MODULES, fake.NAME, fake.MODULE)
    monkeypatch.setattr(start, "_SUPERVISOR", fake.MODULE)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))


def run(script: str, root: Path) -> Run:
    return wait_run(start.start_run(request(script), root).path)


def request(script: str) -> RunRequest:
    products = (Product("page.txt", ProductKind.FILE),)
    return RunRequest(("bash", "-c", script), fake.NAME, "page.doc", "original", products)


def test_every_backend_is_found_by_its_name() -> None:
    for name in MODULES:
        assert backend_of(name) is backend_of(name)
    assert type(backend_of("command")) is SdkTools
    assert type(backend_of("of a later version")) is SdkTools


def test_a_new_backend_judges_its_own_runs(added: None, tmp_path: Path) -> None:
    good = run("echo text > page.txt", tmp_path)
    assert (good.state, good.status.notes) == (RunState.OK, ("printed on both sides",))
    jammed = run("echo jam in tray2; exit 1", tmp_path)
    assert (jammed.status.failure, jammed.status.hint) == ("paper_jam", "open tray2")
    assert run("echo blank > page.txt", tmp_path).status.failure == "blank"
    assert run("echo No space left on device; exit 1", tmp_path).status.failure == "disk_full"


def test_a_new_backend_checks_its_own_requests(added: None, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="there is no paper"):
        start.start_run(replace(request("true"), details={"paper": "none"}), tmp_path)
    assert list(tmp_path.iterdir()) == []

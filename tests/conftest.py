"""Fixtures: the real dumps, and a home folder that is nobody's."""

import gc
import os
import sys
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path

import pytest
from hypothesis import settings

from sgs_tui.language import ENGLISH, speak
from tests.launching import launch, started
from tests.standin_sdk import homes, new_home

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED = REPOSITORY.parent / "shared" / "data"

settings.register_profile("any machine", deadline=None)  # a busy one fails no test by being slow
settings.load_profile("any machine")


def pytest_xdist_auto_num_workers() -> int:
    """Two workers a core: half of the tests wait for processes, terminals and a run's next poll."""
    return 2 * len(os.sched_getaffinity(0))


gc.disable()  # until all is loaded: until then there is hardly any garbage

# Where that is set, each process that a test starts would compile all of the package anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


LONG = ("test_readme", "test_iterate_command", "test_terminal")


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist looks at the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What a module makes once is made once: its users stay in one worker. They and other long ones come first."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None and _shares_with_its_module(item):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))
    items.sort(key=lambda item: item.get_closest_marker("xdist_group") is None and item.path.stem not in LONG)


def _shares_with_its_module(item: pytest.Item) -> bool:
    return isinstance(item, pytest.Function) and any(
        found and found[-1].scope == "module" for found in item._fixtureinfo.name2fixturedefs.values()
    )


def pytest_collection_finish() -> None:
    """What is loaded by now stays: looking through it for garbage again and again takes a fifth of the tests' time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


def pytest_sessionfinish() -> None:
    """At the end pytest looks for garbage five times over, which takes seconds of a heap that goes anyway."""
    gc.freeze()


def _isolate(patch: pytest.MonkeyPatch) -> None:
    """Keep the developer's own settings, colors, locale and language out, and the size of pytest's own terminal."""
    home = new_home()
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "SGS_IPU_DIR", "SSH_CONNECTION", "TMUX", "STY"):
        patch.delenv(name, raising=False)
    patch.setenv("HOME", str(home))
    for kind in ("CONFIG", "STATE", "DATA", "CACHE"):
        patch.setenv(f"XDG_{kind}_HOME", str(home / kind.lower()))
    patch.setenv("LC_ALL", "C.UTF-8")
    os.environ.pop("PYTHONWARNINGS", None)


@pytest.fixture(autouse=True, scope="session")
def isolated_session() -> Iterator[None]:
    """For what fixtures of a module start, which are made before those of a test."""
    with pytest.MonkeyPatch.context() as patch:
        _isolate(patch)
        yield


@pytest.fixture(autouse=True)
def isolated_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """For each test anew."""
    _isolate(monkeypatch)
    speak(ENGLISH)


@pytest.fixture(autouse=True, scope="session")
def quick_supervisors() -> Iterator[None]:
    """Supervisors are forked ready made."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sgs_tui.engine.backends.start._background", launch)
        yield
    homes.cleanup()


@pytest.fixture(autouse=True, scope="session")
def quick_workers() -> Iterator[None]:
    """Workers that would be spawned are forked from a process that has loaded what they use."""
    quick = get_context("forkserver")
    quick.set_forkserver_preload(["sgs_tui.engine.sweep.twin_pictures", "sgs_tui.engine.optimize.onnx", "onnxruntime"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sgs_tui.engine.pool.get_context", lambda kind: quick if kind == "spawn" else get_context(kind))
        yield


_REAL = {
    "real_supervisor": ("sgs_tui.engine.backends.start._background", started),
    "real_workers": ("sgs_tui.engine.pool.get_context", get_context),
}
"""By mark: what is quicker in other tests, and what users have."""


@pytest.fixture(autouse=True)
def real_where_a_test_is_about_it(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    for mark, (place, real) in _REAL.items():
        if request.node.get_closest_marker(mark) is not None:
            monkeypatch.setattr(place, real)


@pytest.fixture
def shared_data() -> Path:
    """The folder of real dumps; a test that needs it is skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("the real dumps of ../shared/data are not on this machine")
    return SHARED


@pytest.fixture
def sgs() -> Path:
    """Real dumps of the networks `tiny` and `bad`, damaged files, logs: part of the repository."""
    return REPOSITORY / "tests" / "data" / "sgs"


@pytest.fixture
def one_drawing_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures are drawn here: a process that draws has to load matplotlib first, which takes longer than a few."""
    monkeypatch.setattr("sgs_tui.batch.formats.pictures.sched_getaffinity", lambda _: {0})


@pytest.fixture
def faults(shared_data: Path) -> Path:
    """Real pairs with one known fault each."""
    return shared_data / "faults"

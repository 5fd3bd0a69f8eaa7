"""Steps of a long search, each a run: started once, found again, waited for, whatever happens to us in between."""

import json
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from sgs_tui.engine.errors import CancelledError, InputError
from sgs_tui.engine.events import LogLine
from sgs_tui.engine.files import write_atomically
from sgs_tui.engine.simulate.follow_run import INTERVAL
from sgs_tui.engine.simulate.runs import Run, RunRequest, RunState, cancel_run, read_run, start_run, wait_run

_STATE = "state.json"
_AFTER_GRACE = 10.0


@dataclass(frozen=True, slots=True)
class StepProgress:
    """A step is under way: its run as it stands; said once a second."""

    title: str
    run: Run


@dataclass(frozen=True, slots=True)
class StepEnded:
    """A step is over, well or not. `found`: its run was made by an earlier search."""

    title: str
    run: Run
    found: bool


StepEvent = StepProgress | StepEnded | LogLine


class Steps:
    """The runs of one search, by key, remembered in its folder (`state.json`, replaced whole)."""

    def __init__(self, folder: Path, root: Path, cancel: Event) -> None:
        self._path, self._root, self._cancel = folder / _STATE, root, cancel
        self._runs: dict[str, str] = self._load()
        self._told: set[str] = set()

    def run(self, key: str, title: str, request: Callable[[], RunRequest]) -> Generator[StepEvent, None, Run]:
        """The ended run of this step: a good or a still active one of an earlier search, else a new one.

        When told to cancel, the run is ended too, and CancelledError raised.
        """
        earlier = self._earlier(key)
        if earlier is None:
            path = start_run(request(), self._root).path
            self._runs[key] = str(path)
            write_atomically(self._path, json.dumps(self._runs, indent=1).encode("ascii"))
        else:
            path = earlier.folder.path
        yield from self._warnings(path)
        run = yield from self._wait(title, path)
        yield StepEnded(title, run, earlier is not None)
        return run

    def _warnings(self, path: Path) -> Generator[StepEvent]:
        """What was noticed before a run started, each thing once in a search."""
        new = [text for text in read_run(path).request.warnings if text not in self._told]
        self._told.update(new)
        yield from map(LogLine, new)

    def _wait(self, title: str, path: Path) -> Generator[StepEvent, None, Run]:
        run = read_run(path)
        while run.state.active:
            if self._cancel.is_set():
                cancel_run(path)
                wait_run(path, run.request.grace + _AFTER_GRACE)
                raise CancelledError("the search was stopped")
            yield StepProgress(title, run)
            run = wait_run(path, INTERVAL)
        return run

    def _earlier(self, key: str) -> Run | None:
        """The run of this step that an earlier search started, if it still is of use."""
        if key not in self._runs:
            return None
        try:
            run = read_run(Path(self._runs[key]))
        except InputError:
            return None
        made = (run.folder.path / product.path for product in run.status.products)
        good = run.state is RunState.OK and all(path.is_file() for path in made)
        return run if good or run.state.active else None

    def _load(self) -> dict[str, str]:
        try:
            found = json.loads(self._path.read_bytes())
        except (OSError, ValueError):
            return {}
        return {str(key): str(path) for key, path in found.items()} if isinstance(found, dict) else {}

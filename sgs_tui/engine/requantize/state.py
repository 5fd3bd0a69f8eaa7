"""How did the layers of a network stand before, and what is an iteration to do about them?

A state is read from a file or a run, or measured from two dumps. What is to be done travels to the iteration's worker
as plan.json in the run's working directory.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

from sgs_tui.engine.compare.baseline import Baseline, load_baseline, snapshot
from sgs_tui.engine.compare.limits import MANUAL, Profile
from sgs_tui.engine.errors import InputError
from sgs_tui.engine.events import Row
from sgs_tui.engine.requantize.network import BEFORE_FILE, ITERATE, LAYERS_FILE, IterateConfig, Place, place_of
from sgs_tui.engine.runs.records import DAMAGE, from_json, to_json
from sgs_tui.engine.runs.run_list import Run
from sgs_tui.engine.session import CompareRequest, open_comparison
from sgs_tui.language import Message


def load_state(path: Path, profile: Profile = MANUAL) -> Baseline:
    """The layers of an earlier comparison: a JSON report, an iteration, or a folder with dumps to compare now.

    Dumps are judged by `profile`. Raises InputError where there is no comparison to be had.
    """
    if not path.is_dir():
        return load_baseline(path)
    if (path / LAYERS_FILE).is_file():
        return load_baseline(path / LAYERS_FILE)
    return measure(place_of(path), profile)


def state_behind(run: Run, profile: Profile = MANUAL) -> Baseline | None:
    """The state that a run was made to be held against; None for a run that was made for itself.

    Raises InputError where that state is gone.
    """
    kept, before = run.folder.path / BEFORE_FILE, run.request.details.get("before")
    if kept.is_file():
        return replace(load_baseline(kept), source=before or "the state before")
    if not before or run.request.backend == ITERATE:
        return None
    return load_state(Path(before), profile)


def check_state(path: Path) -> None:
    """Raise InputError where `load_state` would not find a comparison; nothing is measured."""
    if not path.is_dir():
        load_baseline(path)
    elif not (path / LAYERS_FILE).is_file():
        place_of(path)


def measure(place: Place, profile: Profile, cancel: Event | None = None) -> Baseline:
    """Compare a folder's dumps. Raises SgsError, CancelledError."""
    comparison = open_comparison(CompareRequest(place.sample, place.benchmark, place.ranges, profile=profile))
    try:
        rows = [event.value for event in comparison.run(cancel) if isinstance(event, Row)]
    finally:
        comparison.close()
    return Baseline(str(place.folder), profile.name, tuple(snapshot(row) for row in rows))


PLAN_FILE = "plan.json"
_LABEL = ("plan", "sgs-tui/iteration")


@dataclass(frozen=True, slots=True)
class IterationPlan:
    """An iteration. `before`: a JSON report, a run or a folder with the state to compare with; None: dump it first,
    where there are models. `change`: what was changed, in words.
    """

    config: IterateConfig
    before: Path | None = None
    change: str = ""

    def to_json(self) -> str:
        return to_json(self, **dict([_LABEL])).decode("ascii")

    @classmethod
    def from_json(cls, text: str, where: Path) -> "IterationPlan":
        """The inverse. Raises InputError when `text` is no plan."""
        try:
            return from_json(cls, text, _LABEL)
        except DAMAGE as error:
            raise InputError(
                Message("{where}: damaged plan: {problem}", where=where, problem=error),
                Message("start the iteration again"),
            ) from error

"""Pictures run by the SDK's simulator: a float and a fixed run for each, through the supervisor, then compared.

A run that is there already, of the same command and younger than all that it needs, is taken and left alone. Of our own
runs those of the worst pictures are kept, as many as are asked for. What a picture says is in the journal, so that the
next sweep goes on without its dumps.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from math import inf, isnan
from pathlib import Path
from threading import Event

from sgs_tui import __version__
from sgs_tui.engine.backends.start import start_runs
from sgs_tui.engine.compare.limits import MANUAL, Profile
from sgs_tui.engine.errors import CancelledError, InputError, SgsError, told
from sgs_tui.engine.runs.run_folder import RunRequest, RunState
from sgs_tui.engine.runs.run_list import Run, list_runs, read_run
from sgs_tui.engine.runs.runs import cancel_run, delete_run
from sgs_tui.engine.sweep.gather import worst_of
from sgs_tui.engine.sweep.pairs import DumpPairs
from sgs_tui.engine.sweep.pictures import digest_of
from sgs_tui.engine.sweep.results import Failure, Measured, Outcome, Picture
from sgs_tui.engine.sweep.workers import How, Placed, failure_of, measure_picture
from sgs_tui.language import Message

_LOOK = 0.1


@dataclass(frozen=True, slots=True)
class SimulatedPictures:
    """How the SDK's pictures are measured; `needs`: the models, the preprocess scripts; `words`: switches and SDK.

    `runs`: a float and a fixed one of each picture, below `root`; what they give does not depend on where that is.
    """

    needs: tuple[Path, ...]
    words: tuple[str, ...]
    ranges: Path | None = None
    profile: Profile = field(default=MANUAL)
    runs: tuple[tuple[RunRequest, ...], ...] = field(default=(), repr=False)
    root: Path = Path()
    ini: Path | None = None

    def dumps(self, place: int) -> tuple[Path, Path] | None:
        """The dumps (fixed, float) of a picture by its place in the sweep, where they are kept."""
        return dumps_of(self.runs[place], self.root)

    def digest(self) -> str:
        """Of everything but the picture that the figures depend on."""
        files = (*self.needs, *(path for path in (self.ranges, self.ini) if path is not None))
        more = [] if self.ini is None else ["ini"]
        return digest_of(files, "sdk", __version__, repr(self.ranges is None), *self.words, repr(self.profile), *more)

    def open(self) -> "SimulatedPictures":
        return self

    def measure(self, picture: Picture, cancel: Event | None = None) -> Measured:
        raise NotImplementedError("the simulator runs by itself: see Simulator")

    def small_files(self) -> tuple[Path, ...]:
        return ()

    def moved(self, places: Mapping[Path, Path]) -> "SimulatedPictures":
        return self


def by_runs(
    runs: Sequence[Sequence[RunRequest]], ranges: Path | None, profile: Profile, root: Path, ini: Path | None = None
) -> SimulatedPictures:
    """How pictures are measured by these runs, a float and a fixed one for each: alike but for the picture."""
    first = runs[0]
    scripts = dict.fromkeys(Path(path) for request in first for path in request.needs if path.endswith(".py"))
    needs = (*(Path(request.model) for request in first), *scripts)
    words = tuple(repr(sorted(request.files.items())) for request in first)
    about = (*words, str(first[0].details.get("sdk", "")))
    return SimulatedPictures(needs, about, ranges, profile, tuple(map(tuple, runs)), root, ini)


def dumps_of(requests: Sequence[RunRequest], root: Path) -> tuple[Path, Path] | None:
    """The dumps (fixed, float) of a picture's runs (float, fixed) where both are there and good."""
    known = list_runs(root)
    found = [next((run.dump for run in known if _is_of(run, request)), None) for request in requests]
    return (found[1], found[0]) if found[0] is not None and found[1] is not None else None


@dataclass(frozen=True, slots=True)
class Simulator:
    """Runs pictures, `jobs` at a time; what a sweep takes as its runner. `requests`: (float, fixed) by picture's name.

    `keep`: how many of the worst pictures keep their runs; None: all. `advised`: how many keep them until `settle`.
    """

    requests: Mapping[str, tuple[RunRequest, RunRequest]]
    root: Path
    jobs: int = 1
    keep: int | None = 0
    advised: int = 0
    _kept: "list[_Kept]" = field(default_factory=list)

    def settle(self) -> None:
        """The dumps were needed for advice, and no longer are: no more runs are left than are to be kept."""
        for kept in self._kept:
            kept.trim(self.keep)

    def __call__(self, how: How, pictures: Sequence[Placed], cancel: Event) -> Iterator[tuple[int, Outcome]]:
        """Places and outcomes as they come. Raises CancelledError; then what runs is cancelled."""
        assert isinstance(how, SimulatedPictures)
        waiting, flying = deque(pictures), dict[int, _Pair]()
        kept = _Kept(self.root, None if self.keep is None else max(self.keep, self.advised))
        self._kept.append(kept)
        known = list_runs(self.root)
        try:
            while waiting or flying:
                while waiting and len(flying) < self.jobs:
                    place, picture = waiting.popleft()
                    try:
                        flying[place] = self._started(picture, known)
                    except SgsError as error:
                        yield place, Outcome("", None, told(error), failure_of(error))
                for place in [place for place, pair in flying.items() if pair.over]:
                    pair = flying.pop(place)
                    outcome = pair.outcome(how, cancel)
                    kept.add(pair, outcome)
                    yield place, outcome
                if cancel.wait(_LOOK if flying else 0):
                    raise CancelledError(Message("the sweep was stopped"))
        finally:
            for pair in flying.values():
                pair.cancel()

    def _started(self, picture: Picture, known: Sequence[Run]) -> "_Pair":
        requests = self.requests[picture.name]
        there = [next((run.folder.path for run in known if _is_of(run, request)), None) for request in requests]
        missing = [request for request, path in zip(requests, there, strict=True) if path is None]
        made = iter([folder.path for folder in start_runs(missing, self.root, self.jobs)] if missing else ())
        paths = [path or next(made) for path in there]
        ours = tuple(path for path, old in zip(paths, there, strict=True) if old is None)
        return _Pair(picture, paths[0], paths[1], ours)


def _is_of(run: Run, request: RunRequest) -> bool:
    """Whether that run, which is over and good, did the same, and nothing that it needs is younger."""
    old = run.request
    if run.state is not RunState.OK or run.dump is None or not run.dump.is_file():
        return False
    same = (old.backend, old.argv, dict(old.files)) == (request.backend, request.argv, dict(request.files))
    try:
        return same and all(Path(path).stat().st_mtime <= (run.status.started or 0.0) for path in request.needs)
    except OSError:
        return False


@dataclass(frozen=True, slots=True)
class _Pair:
    """The two runs of a picture; `ours`: those that this sweep began."""

    picture: Picture
    float_run: Path
    fixed_run: Path
    ours: tuple[Path, ...]

    @property
    def over(self) -> bool:
        return not any(read_run(path).state.active for path in (self.float_run, self.fixed_run))

    def outcome(self, how: SimulatedPictures, cancel: Event) -> Outcome:
        runs = [read_run(path) for path in (self.fixed_run, self.float_run)]
        digest = digest_of(self.picture.files)
        for run in runs:
            if run.dump is None:
                said = run.status.message or run.state.words
                if run.status.hint:
                    said = Message("{message} ({hint})", message=said, hint=run.status.hint)
                return Outcome(digest, None, Message("{run}: {what}", run=run.name, what=said), Failure.RUN)
        dumps = tuple(run.dump for run in runs if run.dump is not None)
        pairs = DumpPairs(how.ranges or runs[0].ranges or runs[1].ranges, None, how.profile)
        found = measure_picture(pairs.open(), Picture(self.picture.name, dumps), cancel)
        return Outcome(digest, found.measured, found.reason, found.failure)

    def cancel(self) -> None:
        for path in self.ours:
            with suppress(InputError):  # it is over meanwhile
                cancel_run(path)


class _Kept:
    """The worst pictures' runs; those of others are deleted once that is known."""

    def __init__(self, root: Path, most: int | None) -> None:
        self._root, self._most = root, most
        self._pairs: list[tuple[tuple[float, float], _Pair]] = []

    def add(self, pair: _Pair, outcome: Outcome) -> None:
        """A picture that failed keeps its runs: their logs say why."""
        if self._most is None or outcome.measured is None:
            return
        failing, error, _ = worst_of(outcome.measured)
        self._pairs.append(((failing, inf if isnan(error) else error), pair))
        self._pairs.sort(key=lambda each: each[0], reverse=True)
        self.trim(self._most)

    def trim(self, most: int | None) -> None:
        """Delete all but the worst so many; None: nothing."""
        for _, other in self._pairs[most:] if most is not None else ():
            for path in other.ours:
                delete_run(path, self._root)
        del self._pairs[len(self._pairs) if most is None else most :]

"""Many pictures, the same comparison, as events; what is done is in a journal, from which the next sweep goes on.

The coordinator holds pictures x layers numbers (`gather`) and a line in the journal for each picture; elements stay in
the workers.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import NamedTuple

from sgs_tui.engine.errors import CancelledError, InputError
from sgs_tui.engine.events import Finished, LogLine, Progress, Row, Started
from sgs_tui.engine.numbers import count
from sgs_tui.engine.sweep.findings import find, with_causes
from sgs_tui.engine.sweep.gather import Gather, groups_of, ranked
from sgs_tui.engine.sweep.journal import Journal, key_of, read_journal
from sgs_tui.engine.sweep.pictures import digest_of
from sgs_tui.engine.sweep.results import Column, Outcome, Picture, SweepResult
from sgs_tui.engine.sweep.workers import How, Placed, default_workers, in_processes
from sgs_tui.language import Message, plural

Runner = Callable[[How, Sequence[Placed], Event], Iterator[tuple[int, Outcome]]]
"""What measures pictures somewhere: their places and outcomes, as they come."""


class Done(NamedTuple):
    """One picture is finished: its place in the list, what became of it, whether the journal had it."""

    place: int
    outcome: Outcome
    known: bool = False


SweepEvent = Started | Progress | Row[Done] | LogLine | Finished


@dataclass(frozen=True, slots=True)
class SweepRequest:
    """Which pictures, how, and where what is finished is kept (None: nowhere)."""

    how: How
    pictures: tuple[Picture, ...]
    journal: Path | None = None


def default_journal(how: How) -> Path:
    """Where a sweep of this kind is kept unless another file is named: one for all its pictures, in this folder."""
    return Path("sgs_sweeps") / f"{how.digest()[:12]}.journal"


def processes(workers: int | None = None) -> Runner:
    """Pictures in processes of this machine, by default one a core."""

    def run(how: How, pictures: Sequence[Placed], cancel: Event) -> Iterator[tuple[int, Outcome]]:
        yield from in_processes(how, pictures, cancel, workers or default_workers())

    return run


class Sweep:
    """A sweep that runs once; `result` says what there is so far, also after a cancel."""

    def __init__(self, request: SweepRequest, runner: Runner | None = None) -> None:
        self.request = request
        self._runner = runner or processes()
        self._gather = Gather(request.pictures)

    def run(self, cancel: Event | None = None) -> Generator[SweepEvent]:
        """Started, LogLines, then Row and Progress a picture, in the order in which they are done, then Finished.

        A picture that fails is a row. Raises CancelledError soon after `cancel` is set, InputError or UsageError for
        the journal.
        """
        total = len(self.request.pictures)
        yield Started(count(total, "picture"), total)
        if self.request.journal is None:
            yield from self._measure(None, list(enumerate(self.request.pictures)), "", cancel or Event(), 0)
        else:
            with Journal(self.request.journal) as journal:
                how = self.request.how.digest()
                rest = yield from self._known(journal, how)
                yield from self._measure(journal, rest, how, cancel or Event(), total - len(rest))
        yield Finished()

    def _known(self, journal: Journal, how: str) -> Generator[SweepEvent, None, list[Placed]]:
        """Rows of what the journal has; the rest."""
        everything = list(enumerate(self.request.pictures))
        kept = {key for key, _ in journal.read()}
        if not kept:
            return everything
        wanted: dict[str, list[Placed]] = {}
        rest: list[Placed] = []
        for place, picture in everything:
            key = _key(how, picture)
            if key in kept:
                wanted.setdefault(key, []).append((place, picture))
            else:
                rest.append((place, picture))
        done = 0
        for key, outcome in journal.read():
            for place, _ in wanted.pop(key, ()):
                done += 1
                self._gather.add(place, outcome)
                yield Row(Done(place, outcome, True))
                yield Progress(done, len(everything))
        if done:
            yield LogLine(
                plural(
                    done,
                    "{number} of {pictures} is in {path} and not measured again",
                    "{number} of {pictures} are in {path} and not measured again",
                    pictures=count(len(everything), "picture"),
                    path=journal.path,
                )
            )
        return rest

    def _measure(
        self, journal: Journal | None, pictures: Sequence[Placed], how: str, cancel: Event, done: int
    ) -> Generator[SweepEvent]:
        if not pictures:
            return
        for place, outcome in self._runner(self.request.how, pictures, cancel):
            if journal is not None:
                journal.add(key_of(how, outcome.digest), self.request.pictures[place].name, outcome)
            self._gather.add(place, outcome)
            done += 1
            yield Row(Done(place, outcome))
            yield Progress(done, len(self.request.pictures))
        if cancel.is_set():
            raise CancelledError(Message("the sweep was stopped"))

    def look(self) -> SweepResult:
        """What the journal has by now, while another process may be writing it. Raises InputError."""
        if self.request.journal is not None and self.request.journal.is_file():
            how = self.request.how.digest()
            places: dict[str, list[int]] = {}
            for place, picture in enumerate(self.request.pictures):
                for key in (_key(how, picture), picture.name):
                    places.setdefault(key, []).append(place)
            for key, outcome in read_journal(self.request.journal):
                for place in places.get(key, ()):
                    self._gather.add(place, outcome)
        return self.result()

    def result(self) -> SweepResult:
        """What the pictures so far say."""
        gathered = self._gather.finish()
        rows = gathered.picture_rows()
        order = ranked(rows)
        findings = find(gathered, rows, order)
        return SweepResult(
            with_causes(rows, findings),
            order,
            gathered.layer_rows(),
            gathered.output_rows(),
            groups_of(gathered.failing, order),
            findings,
            gathered.matrices[Column.RMSE],
            gathered.verdicts,
            tuple(each for each in gathered.failures if each is not None),
        )


def _key(how: str, picture: Picture) -> str:
    """Empty, which is nobody's, where the picture can not be read: the worker says why."""
    try:
        return key_of(how, digest_of(picture.files))
    except InputError:
        return ""

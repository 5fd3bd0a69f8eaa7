"""The smallest INT16 set for a whole set of pictures: searched on the few that decide, checked on all the others.

The search (`search`) runs on the hardest picture. Its set is tried on the others, the hardest first, up to the first
one that breaks a limit; that one joins the search, which begins again and knows what it has tried. In the end every
picture was run with the set. A smaller set would have to be enough for the pictures that decide, and for those alone
every smaller one was tried that the search tries.

A picture that INT16 everywhere does not bring within the limits is left for last: only the hardest such one is searched
with the others, and where that finds nothing the set is the one for the rest. Not every such picture is worth a search
of its own: what clips clips in 16 bits too.
"""

from collections.abc import Generator, Iterable, Iterator, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from threading import Event

from sgs_tui.engine.errors import CancelledError, SgsError
from sgs_tui.engine.numbers import figure
from sgs_tui.engine.text import visible
from sgs_tui.engine.twin.picture_trials import Pictures, PictureTrials, TwinPicture
from sgs_tui.engine.twin.plan import with_int16
from sgs_tui.engine.twin.search import Goal, Search, Step, Trial, Tried, judged, key_of
from sgs_tui.language import Message

Memo = MutableMapping[str, Tried]
"""What was tried, by the pictures (`key_of` their keys) and by the set."""

_HARM = 1.1
"""Times an error from which a picture became worse: figures of two sets that are as good differ by some percent."""

_GIVEN_UP = 3
"""Pictures that are searched in vain before no other is."""


@dataclass(frozen=True, slots=True)
class PictureResult:
    """A picture without INT16 and with the set that was found."""

    name: str
    before: Trial
    after: Trial

    @property
    def worse(self) -> bool:
        """Whether the set does it harm: more layers over the limits, or an error of its worst layer or of all that is
        larger by more than roundings make it."""
        pairs = (self.before.worst_rmse, self.after.worst_rmse), (self.before.mean_rmse, self.after.mean_rmse)
        larger = any(after > _HARM * before for before, after in pairs)
        return self.after.failing > self.before.failing or larger


def told_worse(result: PictureResult) -> str:
    """A picture that became worse, and in what."""
    before, after = result.before, result.after
    figures = {"worst": figure(before.worst_rmse), "now": figure(after.worst_rmse)}
    if after.failing != before.failing:
        return Message(
            "{picture} ({before} to {after} layers over the limits, worst RMSE {worst} to {now})",
            picture=visible(result.name), before=before.failing, after=after.failing, **figures,
        )  # fmt: skip
    return Message(
        "{picture} (worst RMSE {worst} to {now}, mean {mean} to {then})",
        picture=visible(result.name), mean=figure(before.mean_rmse), then=figure(after.mean_rmse), **figures,
    )  # fmt: skip


@dataclass
class SetSearch:
    """A search over pictures. `memo` may come from one before, for the same goal and network; `budget`, `seconds` and
    `kept` as for `Search`.

    `lost`: why pictures could not be run, by their places. `search`: the one on the pictures that decide (`deciding`).
    """

    on: Pictures
    pictures: Sequence[TwinPicture]
    goal: Goal
    memo: Memo = field(default_factory=dict)
    cancel: Event | None = None
    workers: int = 2
    candidates: tuple[str, ...] = ()
    seconds: float = 60.0
    kept: tuple[str, ...] = ()
    budget: int = 20000
    lost: dict[int, SgsError] = field(default_factory=dict)
    search: Search | None = None
    deciding: tuple[str, ...] = ()
    best: Trial = field(init=False)

    def __post_init__(self) -> None:
        self.candidates = self.candidates or self.on.plan.choices()
        self._active = PictureTrials(self.on, cancel=self.cancel)
        self.best = over_pictures(())

    def run(self) -> Iterator[Step]:
        """Every trial as it ends; `best` holds the set, its figures over all pictures.

        Raises CancelledError, and SgsError where no picture can be run.
        """
        yield from self._all(Message("pictures as they are"), (), range(len(self.pictures)))
        if len(self.lost) == len(self.pictures):
            raise next(iter(self.lost.values()))
        over = [place for place in self._hardest() if not self._known(place, ()).reached]
        if over:
            yield from self._all(Message("INT16 everywhere"), self.candidates, over)
            stubborn = [place for place in over if not self._known(place, self.candidates).reached]
            yield from self._find(stubborn)
        yield from self._all(Message("checked"), self.best.names, self._hardest())
        self.best = over_pictures([self._known(place, self.best.names) for place in self._hardest()])

    def results(self) -> tuple[PictureResult, ...]:
        """Every picture that could be run, what the set leaves worst first."""
        found = [
            PictureResult(self.pictures[place].name, self._known(place, ()), self._known(place, self.best.names))
            for place in self._hardest()
        ]
        return tuple(sorted(found, key=lambda each: _badness(each.after), reverse=True))

    @property
    def everything(self) -> Trial | None:
        """INT16 everywhere, over the pictures that need any; None where none does."""
        tried = [self._memo(place).get(key_of(self.candidates)) for place in self._hardest()]
        there = [trial for trial in tried if trial is not None]
        return over_pictures(there) if there else None

    @property
    def trials(self) -> int:
        """Sets that were run, on one picture or on several."""
        return sum(len(tried) for tried in self.memo.values())

    # Which pictures decide.

    def _find(self, stubborn: Sequence[int]) -> Iterator[Step]:
        """Search, check, and search again with the picture that fails."""
        willing, last, given_up = [place for place in self._hardest() if place not in stubborn], list(stubborn[:1]), 0
        while given_up < _GIVEN_UP:
            place = yield from self._first_over(willing)
            if place is None and last:
                place = yield from self._first_over([last.pop()])
            if place is None:
                return
            search = yield from self._searched(place)
            if search.best.reached:
                willing += [place] if place not in willing else []
            else:
                given_up += 1
                willing = [each for each in willing if each != place]
            if search.best.reached or self.search is None:
                self._take(search)
            if not search.best.reached:
                self._active.drop()

    def _take(self, search: Search) -> None:
        self.search, self.best = search, search.best
        self.deciding = tuple(picture.name for picture in self._active.pictures)

    def _searched(self, place: int) -> Generator[Step, None, Search]:
        """The best set for the pictures that decide and one more."""
        self._active.add(self.pictures[place])
        tried = self.memo.setdefault(key_of(each.key for each in self._active.pictures), {})
        search = Search(
            self._active, self.goal, tried, self.candidates, self.budget, self.seconds, self.cancel, self.workers,
            self.kept,
        )  # fmt: skip
        yield from search.run()
        return search

    # Pictures one by one.

    def _hardest(self) -> list[int]:
        """Places of the pictures that can be run, the worst without INT16 first."""
        there = [place for place in range(len(self.pictures)) if place not in self.lost]
        return sorted(there, key=lambda place: _badness(self._known(place, ())), reverse=True)

    def _all(self, phase: str, names: Sequence[str], places: Iterable[int]) -> Iterator[Step]:
        yield from self._looked(phase, names, list(places), until_over=False)

    def _first_over(self, places: Sequence[int]) -> Generator[Step, None, int | None]:
        return (yield from self._looked(Message("checked"), self.best.names, places, until_over=True))

    def _looked(
        self, phase: str, names: Sequence[str], places: Sequence[int], until_over: bool
    ) -> Generator[Step, None, int | None]:
        """Trials of one set on one picture after the other, as many at once as there are workers; the first place that
        is over the limits, where it ends if asked to."""
        first: int | None = None
        worst: Trial | None = None
        with ThreadPoolExecutor(self.workers) as pool:
            for start in range(0, len(places), self.workers):
                chunk = places[start : start + self.workers]
                for done, (place, trial) in enumerate(
                    zip(chunk, pool.map(partial(self._tried, names), chunk), strict=True), start + 1
                ):
                    if trial is None:
                        continue
                    first = place if first is None and not trial.reached else first
                    worst = max(worst or trial, trial, key=_badness)
                    yield Step(phase, done, len(places), trial, worst)
                if first is not None and until_over:
                    return first
        return first

    def _tried(self, names: Sequence[str], place: int) -> Trial | None:
        """A picture's trial, found or made; None where the picture can not be run. Raises CancelledError."""
        if place in self.lost:
            return None
        memo, key = self._memo(place), key_of(names)
        if key not in memo:
            try:
                inputs = self.pictures[place].read(self.cancel)
                scores = self.on.scores(with_int16(self.on.plan, (*names, *self.kept)), inputs, self.cancel)
            except CancelledError:
                raise
            except SgsError as error:
                self.lost[place] = error
                return None
            memo[key] = judged(self.goal, self.on.layers, names, scores)
        return memo[key]

    def _known(self, place: int, names: Sequence[str]) -> Trial:
        return self._memo(place)[key_of(names)]

    def _memo(self, place: int) -> Tried:
        return self.memo.setdefault(key_of((self.pictures[place].key,)), {})


def over_pictures(trials: Sequence[Trial]) -> Trial:
    """One set's trials on pictures as one: `failing` and `excess` of the worst picture, means over the pictures."""
    if not trials:
        return Trial((), 0.0, 0, 0, 0.0, "", 0.0, 1.0, 1.0)
    worst = max(trials, key=lambda each: each.worst_rmse)
    return Trial(
        names=worst.names,
        excess=max(each.excess for each in trials),
        failing=max(each.failing for each in trials),
        layers=max(each.layers for each in trials),
        worst_rmse=worst.worst_rmse,
        worst_layer=worst.worst_layer,
        mean_rmse=sum(each.mean_rmse for each in trials) / len(trials),
        min_cos=min(each.min_cos for each in trials),
        mean_cos=sum(each.mean_cos for each in trials) / len(trials),
    )


def _badness(trial: Trial) -> tuple[int, float, float]:
    return trial.failing, trial.excess, trial.worst_rmse

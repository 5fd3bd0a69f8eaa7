"""The smallest INT16 set for all pictures: enough for each, and no smaller one is; found again; bad pictures apart."""

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from sgs_tui.engine.errors import CancelledError, InputError
from sgs_tui.engine.twin.opening import Files, Opened, open_subject
from sgs_tui.engine.twin.picture_trials import Pictures, PictureTrials, TwinPicture
from sgs_tui.engine.twin.plan import with_int16
from sgs_tui.engine.twin.predict import Inputs, dumped_inputs
from sgs_tui.engine.twin.search import Goal, Trial, judged
from sgs_tui.engine.twin.set_search import Memo, SetSearch
from sgs_tui.engine.twin.whatif import Limits

SHAPES = ((1.0, 0.0), (0.5, 0.0), (0.2, 0.0), (0.05, 0.0), (0.9, 0.3), (1.0, -0.3))
"""Gain and offset of each picture's values."""


@pytest.fixture(scope="module")
def opened() -> Opened:
    folder = Path(__file__).resolve().parents[2] / "data" / "sgs" / "bad"
    return open_subject(Files(folder / "bad_float.bin", None, folder / "tensor_min_max.txt"), 1)


@pytest.fixture(scope="module")
def pictures(opened: Opened) -> tuple[TwinPicture, ...]:
    own = dumped_inputs(opened.subject.plan.twin)

    def made(gain: float, offset: float) -> Inputs:
        return {name: values * np.float32(gain) + np.float32(offset) for name, values in own.items()}

    inputs = [made(*shape) for shape in SHAPES]
    return tuple(TwinPicture(f"key {at}", f"p{at}", lambda cancel, given=each: given) for at, each in enumerate(inputs))


def pictures_of(opened: Opened, goal: Goal) -> Pictures:
    return Pictures(opened.subject.plan, opened.pixels, goal.judged(opened.subject.plan))


def searched(
    opened: Opened, pictures: tuple[TwinPicture, ...], goal: Goal, memo: Memo | None = None
) -> tuple[SetSearch, list[Trial]]:
    search = SetSearch(pictures_of(opened, goal), pictures, goal, {} if memo is None else memo)
    return search, [step.trial for step in search.run()]


def alone(on: Pictures, goal: Goal, picture: TwinPicture, names: tuple[str, ...]) -> Trial:
    return judged(goal, on.layers, names, on.scores(with_int16(on.plan, names), picture.read(None)))


@pytest.mark.parametrize(("limit", "of"), [(0.5, 6), (0.1, 6), (0.05, 2), (0.03, 1), (9.0, 6)])
def test_no_smaller_set_is_enough_for_all(
    opened: Opened, pictures: tuple[TwinPicture, ...], limit: float, of: int
) -> None:
    goal = Goal(Limits(limit))
    on, swept = pictures_of(opened, goal), pictures[:of]
    search, _ = searched(opened, swept, goal)
    sets = [names for size in range(6) for names in combinations(search.candidates, size)]
    enough = [names for names in sets if all(alone(on, goal, each, names).reached for each in swept)]
    assert search.best.reached == bool(enough)
    if enough:
        assert search.best.names in enough and len(search.best.names) == min(map(len, enough))
    for each, picture in zip(sorted(search.results(), key=lambda each: each.name), swept, strict=True):
        assert each.before == alone(on, goal, picture, ()) and each.after == alone(on, goal, picture, search.best.names)


def test_pictures_together_are_the_worst_of_each(opened: Opened, pictures: tuple[TwinPicture, ...]) -> None:
    """Those that are kept in memory, those that are not, and one that was dropped again."""
    goal = Goal(Limits(0.1))
    on = pictures_of(opened, goal)
    for room in (0, 1 << 30, on.size):
        trials = PictureTrials(on, room)
        for each in pictures[:3]:
            trials.add(each)
            trials.of(("cat",))
        trials.drop()
        found = trials.of(("cat",))
        for name in on.layers:
            each = [on.scores(with_int16(on.plan, ("cat",)), picture.read(None))[name] for picture in pictures[:2]]
            assert found[name].rmse == max(one.rmse for one in each)
            assert found[name].cos == min(one.cos for one in each)
            assert found[name].sqnr_db == min(one.sqnr_db for one in each)


def test_what_was_tried_is_not_tried_again(
    opened: Opened, pictures: tuple[TwinPicture, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    goal, memo = Goal(Limits(0.5)), {}
    first, steps = searched(opened, pictures, goal, memo)

    def refused(*_: object) -> None:
        raise AssertionError("it was tried before")

    monkeypatch.setattr(Pictures, "scores", refused)
    again, repeated = searched(opened, pictures, goal, memo)
    assert (again.best, again.results(), repeated) == (first.best, first.results(), steps)


def test_a_stopped_search_goes_on(opened: Opened, pictures: tuple[TwinPicture, ...]) -> None:
    goal, memo, cancel = Goal(Limits(0.5)), {}, Event()
    search = SetSearch(pictures_of(opened, goal), pictures, goal, memo, cancel)

    def stopped() -> Iterator[None]:
        for number, _ in enumerate(search.run()):
            if number == 8:
                cancel.set()
            yield

    with pytest.raises(CancelledError):
        list(stopped())
    before = sum(map(len, memo.values()))
    whole, _ = searched(opened, pictures, goal)
    resumed, _ = searched(opened, pictures, goal, memo)
    assert before and resumed.best == whole.best and resumed.results() == whole.results()


def test_pictures_that_can_not_be_run_are_left_out(opened: Opened, pictures: tuple[TwinPicture, ...]) -> None:
    def broken(cancel: Event | None) -> Inputs:
        raise InputError("no such file")

    goal, bad = Goal(Limits(0.5)), TwinPicture("bad", "bad", broken)
    search, _ = searched(opened, (pictures[0], bad, *pictures[1:3]), goal)
    without, _ = searched(opened, pictures[:3], goal)
    assert [str(error) for error in search.lost.values()] == ["no such file"] and list(search.lost) == [1]
    assert search.best == without.best and search.results() == without.results()
    with pytest.raises(InputError):
        searched(opened, (bad,), goal)

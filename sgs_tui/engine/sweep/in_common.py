"""Pictures of a set in words: how many, which, and what tells them from all the others."""

from collections.abc import Callable, Iterable, Sequence
from math import comb

import numpy as np
import numpy.typing as npt

from sgs_tui.engine.numbers import count
from sgs_tui.engine.sweep.gather import Gathered
from sgs_tui.engine.sweep.results import InputFigures
from sgs_tui.engine.text import some, visible
from sgs_tui.language import Message

_SPLITS = 80
"""Ways to choose the pictures from which chance is ruled out: two traits, two directions, 1 in 20."""
_SEVERAL, _APART = 4, 0.5
_NAMED = 4

Mask = npt.NDArray[np.bool_]


def names_of(gathered: Gathered, places: Iterable[int]) -> str:
    """The first of them by name."""
    listed = [visible(gathered.pictures[place].name) for place in places]
    return some(listed, len(listed) if len(listed) <= _NAMED + 1 else _NAMED)


def and_more(number: int) -> str:
    """What stands behind the first of many."""
    return Message(" and {number} more", number=number) if number else ""


def of_all(gathered: Gathered, number: int) -> str:
    """So many pictures of those that are measured."""
    total = int(gathered.measured.sum())
    if number == total:
        if total < len(gathered.pictures):
            return Message("all pictures that are measured" if total > 1 else "the one picture that is measured")
        return Message("all pictures" if total > 1 else "the one picture")
    return Message("{number} of {pictures}", number=number, pictures=count(total, "picture"))


def with_common(text: str, common: Sequence[str]) -> str:
    """The text, and what its pictures have in common."""
    return Message("{name}: {text}", name=text, text=common[0]) if common else text


def span(values: Sequence[float], figures: int = 4) -> str:
    """The least and the greatest; one figure where they are printed alike."""
    least, most = (f"{float(each):.{figures}g}" for each in (min(values), max(values)))
    return least if least == most else Message("{least} to {most}", least=least, most=most)


Read = Callable[[InputFigures], float]
_TRAITS: tuple[tuple[str, str, str, Read], ...] = (
    ("mean", Message("bright"), Message("dark"), lambda each: each.mean),
    ("width", Message("of strong contrast"), Message("of weak contrast"), lambda each: each.greatest - each.least),
)


def in_common(gathered: Gathered, there: Mask, explained: set[int]) -> tuple[str, ...]:
    """What tells these pictures from all the others, at once and in figures; empty where nothing does. Those on another
    scale (`explained`) are neither bright nor dark."""
    have = [
        place
        for place in np.flatnonzero(gathered.measured).tolist()
        if gathered.inputs[place] and place not in explained
    ]
    inside, outside = ([place for place in have if there[place] == wanted] for wanted in (True, False))
    if not outside or 2 * len(inside) <= int(there.sum()):
        return ()
    for figure, more, less, read in _TRAITS:
        own, others = ([read(gathered.inputs[place][0]) for place in each] for each in (inside, outside))
        words = more if min(own) > max(others) else less if max(own) < min(others) else ""
        if words and _no_chance(own, others):
            whole = (
                Message("it is {trait}", trait=words)
                if len(own) == 1
                else Message("all of them are {trait}", trait=words)
                if len(inside) == int(there.sum())
                else Message("most are {trait}", trait=words)
            )
            told = Message(
                "{figure} of {name}: {there} there, {elsewhere} on the others",
                figure=figure, name=visible(gathered.inputs[inside[0]][0].name),
                there=span(own), elsewhere=span(others),
            )  # fmt: skip
            return whole, told
    return ()


def _no_chance(own: Sequence[float], others: Sequence[float]) -> bool:
    """Whether two sets that do not overlap are more than chance: so many of each that no other split is likely, or far
    apart for how much the larger one varies."""
    if comb(len(own) + len(others), len(own)) >= _SPLITS:
        return True
    larger = max((own, others), key=len)
    gap = max(min(own) - max(others), min(others) - max(own))
    return len(larger) >= _SEVERAL and gap >= _APART * (max(larger) - min(larger))

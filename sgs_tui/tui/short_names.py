"""Names cut to a column's width so that different ones stay different: what they share gives way first.

Apart because it needs no screen.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from itertools import accumulate, islice, pairwise

from rich.cells import cell_len

from sgs_tui.engine.text import cut_name, start_of, visible
from sgs_tui.tui.text import ELLIPSIS

_WORTH = 4
"""Fewer shared characters than these are not worth an ellipsis."""
_HEADS = (0.4, 0.6, 0.2, 0.8, 0.0, 1.0)
"""Parts of the room for a name's head that are tried, its tail has the rest."""

_NEAR = 64
"""Neighbors in the alphabet that a name is told from."""
_MOST = 20_000
"""Of more names than these each is cut by itself: telling them apart would take seconds."""
_MANY = 5000
"""So many names that still look alike are only numbered: nobody waits for anything better."""


class ShortNames:
    """Short forms of these names; worked out once a width, when the first one is asked for."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._names = names if isinstance(names, Collection) else tuple(names)
        self._shown: dict[int, dict[str, str]] = {}

    def __call__(self, name: str, cells: int) -> str:
        """`name` as it is shown in so many cells; a name that is none of these is cut in the middle."""
        shown = visible(name)
        if _cells(shown) <= cells:
            return shown
        if cells not in self._shown:
            few = len(self._names) <= _MOST
            self._shown[cells] = shortened({visible(each) for each in self._names}, cells) if few else {}
        return self._shown[cells].get(shown) or cut_name(shown, cells, ELLIPSIS, _cells)


def shortened(names: Collection[str], cells: int) -> dict[str, str]:
    """Each name that is wider than `cells`, in at most as many, no two alike."""
    taken = {name for name in names if _cells(name) <= cells}
    left = {name: name for name in sorted(set(names) - taken)}
    found = _settle({name: cut_name(name, cells, ELLIPSIS, _cells) for name in left}, taken)
    if len(found) < len(left):  # some look alike: all of them lose what all of them share
        taken -= set(found.values())
        cores = _cores(left)
        found = {}
        for head in _HEADS:
            found |= _settle({name: _cut(cores[name], cells, head) for name in cores if name not in found}, taken)
        alike = {name: core for name, core in cores.items() if name not in found}
        found |= _settle(_around_differences(alike, cells), taken) if len(alike) < _MANY else {}
    number = 0
    for name in left:
        while name not in found:
            number += 1
            mark = f"{ELLIPSIS}{number}"
            found |= _settle({name: start_of(name, max(0, cells - len(mark)), _cells) + mark[-cells:]}, taken)
            if number > len(names) + len(taken):  # a column too narrow for so many
                found[name] = cut_name(name, cells, ELLIPSIS, _cells)
    return found


def _cells(text: str) -> int:
    return len(text) if text.isascii() else cell_len(text)


def _settle(wanted: dict[str, str], taken: set[str]) -> dict[str, str]:
    """Those of the wanted forms that belong to one name only, and are taken from now on."""
    users = defaultdict(list)
    for name, form in wanted.items():
        users[form].append(name)
    own = {names[0]: form for form, names in users.items() if len(names) == 1 and form not in taken}
    taken.update(own.values())
    return own


def _cores(names: Collection[str]) -> dict[str, str]:
    """The names without what all of them begin and end with, up to a place where a word ends."""
    listed = list(names)
    head = _whole_words(_start_of_all(listed))
    tail = _whole_words(_start_of_all([name[len(head) :][::-1] for name in listed]))
    return {
        name: (ELLIPSIS if head else "") + name[len(head) : len(name) - len(tail)] + (ELLIPSIS if tail else "")
        for name in listed
    }


def _start_of_all(names: Collection[str]) -> str:
    """What all of them begin with: the first and the last one in the alphabet differ soonest."""
    first, last = min(names), max(names)
    return first[
        : next((n for n, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first))
    ]


def _whole_words(shared: str) -> str:
    while shared and shared[-1].isalnum():
        shared = shared[:-1]
    return shared if len(shared) >= _WORTH else ""


def _cut(core: str, cells: int, head: float) -> str:
    if _cells(core) <= cells:
        return core
    room = max(0, cells - 1)
    tail = start_of(core[::-1], round(room * (1 - head)), _cells)[::-1]
    return start_of(core, room - _cells(tail), _cells) + ELLIPSIS + tail


def _around_differences(cores: dict[str, str], cells: int) -> dict[str, str]:
    """Only the places where a name parts from others, in the order of the alphabet, with what stands before them."""
    ordered = sorted(cores.items(), key=lambda item: item[1])
    shared = [len(_start_of_all([one, other])) for (_, one), (_, other) in pairwise(ordered)]
    forms = {}
    for place, (name, core) in enumerate(ordered):
        behind, before = accumulate(shared[place:], min), accumulate(reversed(shared[:place]), min)
        forms[name] = _pieces(core, {*islice(behind, _NEAR), *islice(before, _NEAR)}, cells)
    return forms


def _pieces(core: str, places: Collection[int], cells: int) -> str:
    """What stands in `core` at these places, and as much in front of each as there is room for."""
    kept: set[int] = set()
    for place in places:
        end = place + 1
        while end < len(core) and core[place:end].isdigit() and core[end].isdigit():
            end += 1
        kept.update(range(place, min(end, len(core))))
    form = _rendered(core, kept)
    while True:
        more = kept | {place - 1 for place in kept if place}
        wider = _rendered(core, more)
        if more == kept or _cells(wider) > cells:
            return form if _cells(form) <= cells else cut_name(form, cells, ELLIPSIS, _cells)
        kept, form = more, wider


def _rendered(core: str, kept: Collection[int]) -> str:
    gapped = "".join(char if place in kept else "\0" for place, char in enumerate(core))
    return re.sub("\0+", ELLIPSIS, gapped)

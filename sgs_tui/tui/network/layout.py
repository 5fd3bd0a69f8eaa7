"""Where the tensors around one stand: a column a step away, producers to the left, consumers to the right.

A tensor stands as far out as the longest way to it is, so that edges run from left to right; where that is further
than there are columns, it stands in the outermost one, and its edge runs down beside the column.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sgs_tui.engine.diagnosis.flow import Wiring

BOX = 4
"""Lines of a tensor in a frame; where a column has too many, each takes one line."""


@dataclass(frozen=True, slots=True)
class Through:
    """The edges of a tensor that pass a column on their way to one further right."""

    source: str


Item = str | Through


@dataclass(frozen=True, slots=True)
class Columns:
    """Items by column, each from top to bottom; column 0 is that of `center`."""

    center: str
    items: Mapping[int, tuple[Item, ...]]

    def column_of(self, name: str) -> int | None:
        return next((column for column, items in self.items.items() if name in items), None)

    def names(self, column: int) -> list[str]:
        """The tensors of a column without what only passes it."""
        return [item for item in self.items.get(column, ()) if isinstance(item, str)]

    @property
    def drawn(self) -> dict[str, int]:
        """The column of every tensor."""
        return {item: column for column, items in self.items.items() for item in items if isinstance(item, str)}


def arrange(wiring: Wiring, center: str, steps: int) -> Columns:
    """The tensors at most `steps` edges away."""
    place = {name: number for number, name in enumerate(wiring.tensors)}
    left = _depths(center, wiring.sources, steps, place, -1)
    right = {
        name: depth for name, depth in _depths(center, wiring.targets, steps, place, 1).items() if name not in left
    }
    drawn = {**{name: -depth for name, depth in left.items()}, center: 0, **right}
    columns: dict[int, list[Item]] = {column: [] for column in range(-steps, steps + 1)}
    for name, column in sorted(drawn.items(), key=lambda item: place[item[0]]):
        columns[column].append(name)
    for name, first in drawn.items():
        furthest = max((drawn[each] for each in wiring.targets.get(name, ()) if each in drawn), default=first)
        for column in range(first + 1, furthest):
            columns[column].append(Through(name))
    _settle(wiring, columns, steps)
    return Columns(center, {column: tuple(items) for column, items in columns.items() if items})


def _depths(
    center: str, steps_from: Mapping[str, tuple[str, ...]], steps: int, place: Mapping[str, int], way: int
) -> dict[str, int]:
    """How far away each tensor within `steps` edges stands: the longest way to it, or `steps`."""
    near, queue = {center}, [center]
    for _ in range(steps):
        queue = [each for name in queue for each in steps_from.get(name, ()) if each not in near and each in place]
        near.update(queue)
    depth = dict.fromkeys(near, 0)
    for name in sorted(near, key=lambda each: way * place[each]):
        for each in steps_from.get(name, ()):
            if each in near:
                depth[each] = min(steps, max(depth[each], depth[name] + 1))
    return {name: depth[name] for name in near if name != center}


def _settle(wiring: Wiring, columns: dict[int, list[Item]], steps: int) -> None:
    """Order each column by where the neighbors nearer to the middle stand, so that few edges cross."""
    for column in (*range(-1, -steps - 1, -1), *range(1, steps + 1)):
        inner = columns[column + 1 if column < 0 else column - 1]
        heights = {item: number for number, item in enumerate(inner)}
        order = {item: number for number, item in enumerate(columns[column])}

        def height(item: Item, column: int = column, heights: Mapping[Item, int] = heights) -> float:
            beside = [heights[each] for each in _beside(wiring, item, column) if each in heights]
            return sum(beside) / len(beside) if beside else len(heights)

        slots = _slots(wiring, inner) if column == -1 else order
        columns[column].sort(key=lambda item: (height(item), slots.get(item, len(slots)), order[item]))


def _slots(wiring: Wiring, inner: Sequence[Item]) -> dict[Item, int]:
    """The producers of the middle by the order in which its op reads them."""
    names = next((wiring.sources.get(item, ()) for item in inner if isinstance(item, str)), ())
    return {name: slot for slot, name in enumerate(names)}


def _beside(wiring: Wiring, item: Item, column: int) -> Iterable[Item]:
    """What an item is joined with in the column nearer to the middle."""
    name = item.source if isinstance(item, Through) else item
    yield Through(name)
    if column < 0:
        yield from wiring.targets.get(name, ())
    elif isinstance(item, Through):
        yield name
    else:
        for source in wiring.sources.get(name, ()):
            yield source
            yield Through(source)


# From columns to lines of the screen.


@dataclass(frozen=True, slots=True)
class Placed:
    """An item with its first line and how many it takes."""

    item: Item
    top: int
    height: int

    @property
    def line(self) -> int:
        """Where its edges end."""
        return self.top + 1 if self.height == BOX else self.top


@dataclass(frozen=True, slots=True)
class Stack:
    """What is seen of a column; `above` and `below` are tensors beyond its ends."""

    placed: tuple[Placed, ...]
    above: tuple[str, ...] = ()
    below: tuple[str, ...] = ()


def stack(items: Sequence[Item], selected: str, height: int) -> Stack:
    """Items one below the other in `height` lines, in the middle of them, around `selected` where not all fit."""
    boxes = sum(isinstance(item, str) for item in items)
    for box in (BOX, 1):
        total = boxes * box + len(items) - boxes
        if total <= height:
            gap = 1 if total + len(items) - 1 <= height else 0
            top = (height - total - gap * (len(items) - 1)) // 2
            return Stack(tuple(_piled(items, top, box, gap)))
    return _window(items, selected, height)


def _piled(items: Iterable[Item], top: int, box: int, gap: int) -> Iterable[Placed]:
    for item in items:
        height = box if isinstance(item, str) else 1
        yield Placed(item, top, height)
        top += height + gap


def _window(items: Sequence[Item], selected: str, height: int) -> Stack:
    room = max(1, height - 2)
    at = items.index(selected) if selected in items else 0
    first = max(0, min(at - room // 2, len(items) - room))
    inside = items[first : first + room]
    above, below = items[:first], items[first + room :]
    hidden = [tuple(item for item in part if isinstance(item, str)) for part in (above, below)]
    found = Stack(tuple(_piled(inside, 1, 1, 0)), *hidden)
    return found if height > 2 else replace(found, placed=tuple(_piled(inside, 0, 1, 0)))

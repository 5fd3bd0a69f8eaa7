"""Two comparisons side by side: which layers got better or worse, what fails newly, what is mended.

Names are matched exactly first. Then without their `#NN` suffixes: every conversion numbers those anew, so one
suffix means another tensor before and after (interop int16.md). Layers that exist on one side only are listed;
casts, which conversions insert and remove where neighbours have different types, are told apart.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import inf, isfinite, isnan, nan

from sgs_tui.engine.compare.results import LayerDiff, Verdict
from sgs_tui.engine.text import encode

NOISE = 0.1
"""Relative change of the error below which a layer is the same (0.9 dB)."""

FLOOR = 1e-6
"""Relative L2 errors below it are all the same: float32 rounding."""

_NUMBER = re.compile(r"#\d+")
_CAST = re.compile(r"#/Mul0|#/Cast", re.IGNORECASE)


class Change(StrEnum):
    """What became of a layer."""

    BETTER = "better"
    WORSE = "worse"
    SAME = "same"
    ADDED = "added"
    GONE = "gone"
    CAST_ADDED = "cast added"
    CAST_GONE = "cast gone"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A layer as a comparison left it. Figures are NaN where it was not comparable."""

    name: str
    op_type: str
    verdict: Verdict
    rmse: float
    cos: float
    sqnr_db: float
    relative_l2: float


@dataclass(frozen=True, slots=True)
class Step:
    """One layer before and after; None where it is on one side only. `note` says how names were matched."""

    name: str
    change: Change
    before: Snapshot | None
    after: Snapshot | None
    note: str = ""

    @property
    def newly_failing(self) -> bool:
        """Fails now and did not before (a layer that is new and fails counts)."""
        was = self.before is not None and self.before.verdict is Verdict.FAIL
        return self.after is not None and self.after.verdict is Verdict.FAIL and not was

    @property
    def newly_fixed(self) -> bool:
        """Failed before and does no more."""
        was = self.before is not None and self.before.verdict is Verdict.FAIL
        return was and self.after is not None and self.after.verdict in (Verdict.OK, Verdict.WARN)

    @property
    def lost(self) -> bool:
        """Had figures before and has none now."""
        gone = self.after is not None and self.after.verdict is Verdict.NOT_COMPARABLE
        return gone and self.before is not None and self.before.verdict is not Verdict.NOT_COMPARABLE


@dataclass(frozen=True, slots=True)
class Regression:
    """Every layer of both comparisons, in the new network's order, those that are gone last."""

    steps: tuple[Step, ...]

    def of(self, *changes: Change) -> tuple[Step, ...]:
        """Steps of these kinds."""
        return tuple(step for step in self.steps if step.change in changes)

    @property
    def newly_failing(self) -> tuple[Step, ...]:
        """What a regression gate fails on."""
        return tuple(step for step in self.steps if step.newly_failing)

    @property
    def newly_fixed(self) -> tuple[Step, ...]:
        """What the change mended."""
        return tuple(step for step in self.steps if step.newly_fixed)

    @property
    def matched(self) -> tuple[Step, ...]:
        """Layers on both sides."""
        return tuple(step for step in self.steps if step.before is not None and step.after is not None)


def snapshot(row: LayerDiff) -> Snapshot:
    """A row of this run."""
    m = row.metrics
    figures = (nan,) * 4 if m is None else (m.rmse, m.cos, m.sqnr_db, m.relative_l2)
    return Snapshot(row.name, row.op_type, row.verdict, *figures)


def regress(after: Iterable[LayerDiff | Snapshot], before: Iterable[LayerDiff | Snapshot]) -> Regression:
    """Compare two comparisons. Each layer of either comes once."""
    new = [each if isinstance(each, Snapshot) else snapshot(each) for each in after]
    old = [each if isinstance(each, Snapshot) else snapshot(each) for each in before]
    partners = _partners(new, old)
    taken = {id(each) for each in partners.values()}
    steps = [_step(each, partners.get(place)) for place, each in enumerate(new)]
    return Regression((*steps, *(_gone(each) for each in old if id(each) not in taken)))


def _partners(new: Sequence[Snapshot], old: Sequence[Snapshot]) -> dict[int, Snapshot]:
    """Place in `new` to its layer in `old`: exact names without numbers first, then what is left by its stem."""
    by_name = {_key(each.name): each for each in old if not _numbered(each)}
    found = {place: by_name[_key(each.name)] for place, each in enumerate(new) if _key(each.name) in by_name}
    rest = [(place, each) for place, each in enumerate(new) if place not in found]
    taken = {id(each) for each in found.values()}
    return found | dict(_by_stem(rest, [each for each in old if id(each) not in taken]))


def _by_stem(new: Sequence[tuple[int, Snapshot]], old: Sequence[Snapshot]) -> Iterator[tuple[int, Snapshot]]:
    """Names equal without their numbers, in network order where several are."""
    waiting: dict[str, list[Snapshot]] = {}
    for each in old:
        waiting.setdefault(stem(each.name), []).append(each)
    counts = Counter(stem(each.name) for _, each in new)
    for place, each in new:
        same = waiting.get(stem(each.name), [])
        exact = next((other for other in same if other.name == each.name), None)
        if exact is not None and counts[stem(each.name)] == len(same) == 1:
            yield place, exact
        elif same:
            yield place, same.pop(0)


def stem(name: str) -> str:
    """A name without the numbers that every conversion gives anew."""
    return _NUMBER.sub("", _key(name))


def _key(name: str) -> str:
    """A name as reports hold it: bytes that are not UTF-8 as `\\xNN`."""
    return encode(name).decode("utf-8", "backslashreplace")


def _numbered(layer: Snapshot) -> bool:
    return stem(layer.name) != _key(layer.name)


def is_cast(name: str) -> bool:
    """Whether a tensor is what a conversion inserts between two types (`pool#/Mul0Output#51`)."""
    return bool(_CAST.search(name))


def _step(after: Snapshot, before: Snapshot | None) -> Step:
    if before is None:
        kind = Change.CAST_ADDED if is_cast(after.name) else Change.ADDED
        return Step(after.name, kind, None, after, "inserted between two types" if kind is Change.CAST_ADDED else "")
    note = "" if _key(before.name) == _key(after.name) else f"was {before.name}"
    return Step(after.name, _change(before, after), before, after, note)


def _gone(before: Snapshot) -> Step:
    kind = Change.CAST_GONE if is_cast(before.name) else Change.GONE
    return Step(before.name, kind, before, None)


def _change(before: Snapshot, after: Snapshot) -> Change:
    """By the relative L2 error (by RMSE where a baseline has none); not comparable and NaN are worse than any."""
    old, new = _error(before), _error(after)
    if old == new or max(old, new) < FLOOR or (isfinite(old + new) and abs(new - old) <= NOISE * max(old, new)):
        return Change.SAME
    return Change.WORSE if new > old else Change.BETTER


def _error(layer: Snapshot) -> float:
    value = layer.rmse if isnan(layer.relative_l2) else layer.relative_l2
    return inf if isnan(value) else value

"""What a comparison is held against: the layers of an earlier one, from a file, and what became of each.

Names are matched exactly first, then without their `#NN` suffixes: every conversion numbers those anew, so that `#50`
is another tensor before and after. Casts, which conversions insert and remove where neighbours have different types
(a MUL that writes `pool#/Mul0Output#51`, say), are told apart from layers that are new or gone.

Two schemas are read: `sgs-tui/compare/1`, which `compare --format json` writes, and `sgs-tui/layers/1`, written here:

    {"schema": "sgs-tui/layers/1", "profile": "manual", "layers": [
      {"name": "gate", "op": "MUL", "verdict": "fail", "rmse": 0.99, "cos": 0.19, "sqnr_db": 0.0, "relative_l2": 0.99}]}

`source` may say where they are from. A number that is not finite is null, and `not_finite` beside it says which it is.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import inf, isfinite, isnan, nan
from pathlib import Path
from typing import Any

from sgs_tui.engine.compare.results import LayerDiff, Verdict
from sgs_tui.engine.errors import InputError, told
from sgs_tui.engine.files import read_bytes
from sgs_tui.engine.text import encode, visible
from sgs_tui.language import Message

_NOISE = 0.1
"""Relative change of the error below which a layer is the same (0.9 dB)."""

_FLOOR = 1e-6
"""Relative L2 errors below it are all the same: float32 rounding."""

_NUMBER = re.compile(r"#\d+")
_CAST = re.compile(r"#/Mul0|#/Cast", re.IGNORECASE)


NEWLY_FAILING, NEWLY_FIXED, LOST = Message("newly failing"), Message("newly fixed"), Message("no longer comparable")


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
    def verdicts(self) -> tuple[Verdict | None, Verdict | None]:
        before, after = (None if side is None else side.verdict for side in (self.before, self.after))
        return before, after

    @property
    def newly_failing(self) -> bool:
        """Fails now and did not before (a layer that is new and fails counts)."""
        before, after = self.verdicts
        return after is Verdict.FAIL and before is not Verdict.FAIL

    @property
    def newly_fixed(self) -> bool:
        before, after = self.verdicts
        return before is Verdict.FAIL and after in (Verdict.OK, Verdict.WARN)

    @property
    def lost(self) -> bool:
        """Had figures before and has none now."""
        before, after = self.verdicts
        return after is Verdict.NOT_COMPARABLE and before not in (None, Verdict.NOT_COMPARABLE)

    @property
    def outcome(self) -> str:
        """What became of the layer in one word or two: where its verdict changed, that goes before its figures."""
        named = ((self.newly_failing, NEWLY_FAILING), (self.newly_fixed, NEWLY_FIXED), (self.lost, LOST))
        return next((words for is_so, words in named if is_so), str(self.change))


@dataclass(frozen=True, slots=True)
class Regression:
    """Every layer of both comparisons, in the new network's order, those that are gone last."""

    steps: tuple[Step, ...]

    def of(self, *changes: Change) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.change in changes)

    @property
    def newly_failing(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.newly_failing)

    @property
    def newly_fixed(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.newly_fixed)

    def counts(self) -> dict[str, int]:
        """How many layers each outcome has, the gravest outcome first; each layer is in one of them."""
        found = Counter(step.outcome for step in self.steps)
        return {outcome: found[outcome] for outcome in (NEWLY_FAILING, NEWLY_FIXED, LOST, *map(str, Change))}

    @property
    def matched(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.before is not None and step.after is not None)


def snapshot(row: LayerDiff) -> Snapshot:
    """A row of this run."""
    m = row.metrics
    figures = (nan if m is None else float(getattr(m, key)) for key in _FIGURES)
    return Snapshot(row.name, row.op_type, row.verdict, *figures)


def regress(after: Iterable[LayerDiff | Snapshot], before: Iterable[LayerDiff | Snapshot]) -> Regression:
    """Compare two comparisons. Each layer of either comes once."""
    new, old = ([each if isinstance(each, Snapshot) else snapshot(each) for each in side] for side in (after, before))
    partners = _partners(new, old)
    taken = {id(each) for each in partners.values()}
    steps = [_step(each, partners.get(place)) for place, each in enumerate(new)]
    gone = (each for each in old if id(each) not in taken)
    kinds = {True: Change.CAST_GONE, False: Change.GONE}
    return Regression((*steps, *(Step(each.name, kinds[is_cast(each.name)], each, None) for each in gone)))


def _partners(new: Sequence[Snapshot], old: Sequence[Snapshot]) -> dict[int, Snapshot]:
    """Place in `new` to its layer in `old`: exact names without numbers first, then by stem, in network order."""
    by_name = {_key(each.name): each for each in old if stem(each.name) == _key(each.name)}
    found = {place: by_name[_key(each.name)] for place, each in enumerate(new) if _key(each.name) in by_name}
    taken = {id(each) for each in found.values()}
    waiting: dict[str, list[Snapshot]] = {}
    for each in old:
        if id(each) not in taken:
            waiting.setdefault(stem(each.name), []).append(each)
    for place, each in enumerate(new):
        if place not in found and (same := waiting.get(stem(each.name))):
            found[place] = same.pop(0)
    return found


def stem(name: str) -> str:
    """A name without the numbers that every conversion gives anew."""
    return _NUMBER.sub("", _key(name))


def _key(name: str) -> str:
    """A name as reports hold it: bytes that are not UTF-8 as `\\xNN`."""
    return encode(name).decode("utf-8", "backslashreplace")


def is_cast(name: str) -> bool:
    """Whether a tensor is what a conversion inserts between two types (`pool#/Mul0Output#51`)."""
    return bool(_CAST.search(name))


def _step(after: Snapshot, before: Snapshot | None) -> Step:
    if before is None and is_cast(after.name):
        return Step(after.name, Change.CAST_ADDED, None, after, Message("inserted between two types"))
    if before is None:
        return Step(after.name, Change.ADDED, None, after)
    note = "" if _key(before.name) == _key(after.name) else Message("was {name}", name=before.name)
    return Step(after.name, _change(before, after), before, after, note)


def _change(before: Snapshot, after: Snapshot) -> Change:
    """By the relative L2 error (by RMSE where a baseline has none); not comparable and NaN are worse than any."""
    old, new = _error(before), _error(after)
    if old == new or max(old, new) < _FLOOR or (isfinite(old + new) and abs(new - old) <= _NOISE * max(old, new)):
        return Change.SAME
    return Change.WORSE if new > old else Change.BETTER


def _error(layer: Snapshot) -> float:
    value = layer.rmse if isnan(layer.relative_l2) else layer.relative_l2
    return inf if isnan(value) else value


COMPARE = "sgs-tui/compare/1"
LAYERS = "sgs-tui/layers/1"
_FIGURES = ("rmse", "cos", "sqnr_db", "relative_l2")
_HOW = Message("`sgs-tui compare ... --format json --output FILE` writes one")


@dataclass(frozen=True, slots=True)
class Baseline:
    """An earlier comparison: where it is from, the profile of its verdicts, its layers in network order."""

    source: str
    profile: str
    layers: tuple[Snapshot, ...]


def load_baseline(path: Path) -> Baseline:
    """Read a baseline. Raises InputError where the file is none, or holds only some of its layers."""
    document = _document(path)
    if document.get("schema") not in (COMPARE, LAYERS):
        raise InputError(Message("{path}: is no comparison (no schema {schema})", path=path, schema=COMPARE), _HOW)
    try:
        layers = tuple(_layer(entry) for entry in document["layers"])
        total = int(document.get("summary", {}).get("layers", len(layers)))
        profile = str(document["profile"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            Message("{path}: damaged comparison: {error}", path=path, error=visible(told(error))), _HOW
        ) from error
    if len(layers) < total:
        raise InputError(
            Message("{path}: holds {layers} of {total} layers", path=path, layers=len(layers), total=total),
            Message("write it without --filter and --top"),
        )
    return Baseline(str(document.get("source") or path), profile, layers)


def layers_json(layers: Iterable[Snapshot], profile: str, source: str = "") -> bytes:
    """A file of schema `sgs-tui/layers/1`; `source`: where the layers are from, where that is not told by the file."""
    origin = {"source": source} if source else {}
    document = {"schema": LAYERS, "profile": profile, **origin, "layers": [_entry(each) for each in layers]}
    return (json.dumps(document, indent=1, allow_nan=False) + "\n").encode("ascii")


def _document(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(read_bytes(path))
    except (ValueError, RecursionError) as error:
        raise InputError(Message("{path}: not JSON: {error}", path=path, error=visible(told(error))), _HOW) from error
    if not isinstance(found, dict):
        raise InputError(Message("{path}: is no comparison (no JSON object)", path=path), _HOW)
    return found


def _layer(entry: Mapping[str, Any]) -> Snapshot:
    lost = entry.get("not_finite", {})
    figures = [float(lost.get(key, "nan") if entry[key] is None else entry[key]) for key in _FIGURES]
    return Snapshot(str(entry["name"]), str(entry["op"]), Verdict(entry["verdict"]), *figures)


def _entry(each: Snapshot) -> dict[str, Any]:
    values = {key: float(getattr(each, key)) for key in _FIGURES}
    lost = {key: str(value) for key, value in values.items() if not isfinite(value)}  # nan, inf or -inf
    kept = {key: None if key in lost else value for key, value in values.items()}
    named = {"name": _key(each.name), "op": _key(each.op_type), "verdict": str(each.verdict)}
    return named | kept | ({"not_finite": lost} if lost else {})

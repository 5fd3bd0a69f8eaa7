"""What changed since an earlier sweep's JSON report: layers that fail on more pictures, pictures that became worse.

Layers are held against each other on the pictures that both sweeps measured, by name: what only one of them has changes
nothing. Where no picture is in both, all of each are taken, and that is said.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sgs_tui.engine.errors import InputError, told
from sgs_tui.engine.files import read_bytes
from sgs_tui.engine.sweep.results import LayerRow, PictureRow, Status
from sgs_tui.language import Message

SCHEMA = "sgs-tui/sweep/1"
_WORSE = ("ok", "warn", "fail", "error")
_LIMIT = 1 << 30


@dataclass(frozen=True, slots=True)
class Before:
    """An earlier sweep: the pictures each layer failed on, of how many, and each picture's status."""

    profile: str
    layers: Mapping[str, tuple[frozenset[str], int]]
    pictures: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LayerStep:
    """A layer whose share of failing pictures changed; `lost`: it is no longer there, or no longer comparable."""

    name: str
    before: float
    after: float
    lost: bool = False


@dataclass(frozen=True, slots=True)
class PictureStep:
    """A picture whose status changed."""

    name: str
    before: str
    after: str

    @property
    def worse(self) -> bool:
        return _WORSE.index(self.after) > _WORSE.index(self.before)


@dataclass(frozen=True, slots=True)
class SweepChange:
    """Everything that changed. `both`: how many pictures are measured in both sweeps."""

    layers: tuple[LayerStep, ...]
    pictures: tuple[PictureStep, ...]
    both: int

    @property
    def regressions(self) -> int:
        """What a gate fails on: layers that fail on more pictures or are lost, pictures that fail and did not."""
        layers = sum(step.lost or step.after > step.before for step in self.layers)
        return layers + sum(step.worse and step.after in ("fail", "error") for step in self.pictures)


def load_before(path: Path) -> Before:
    """An earlier report. Raises InputError for what is none."""
    hint = Message("make one with `sgs-tui sweep ... --format json --output OLD.json`")
    try:
        found: Any = json.loads(read_bytes(path, _LIMIT))
        if not isinstance(found, dict) or found.get("schema") != SCHEMA:
            raise InputError(
                Message("{path}: is no report of a sweep: expected schema {schema}", path=path, schema=SCHEMA), hint
            )
        compared = [each for each in found["layers"] if each["pictures"]]
        layers = {
            str(each["name"]): (frozenset(map(str, each["failing_on"])), int(each["pictures"])) for each in compared
        }
        pictures = {str(each["name"]): str(each["status"]) for each in found["pictures"]}
        if not set(pictures.values()) <= set(_WORSE):
            raise ValueError(Message("a picture's status is none"))
        return Before(str(found["profile"]), layers, pictures)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(
            Message(
                "{path}: is no report of a sweep that can be read: {error}",
                path=path,
                error=told(error) if isinstance(error, ValueError) else repr(error),
            ),
            hint,
        ) from error


def changed(before: Before, layers: Sequence[LayerRow], pictures: Sequence[PictureRow]) -> SweepChange:
    """Layers in network order (lost ones last), pictures in the list's order."""
    measured = {row.name for row in pictures if row.status != Status.ERROR}
    both = frozenset(name for name in measured if before.pictures.get(name, Status.ERROR) != Status.ERROR)

    def share(failing: Iterable[str], of: int) -> float:
        there = both.intersection(failing) if both else set(failing)
        return len(there) / (min(of, len(both)) if both else of)

    was = {name: share(*each) for name, each in before.layers.items()}
    now = {
        row.layer.name: share((pictures[place].name for place in row.failing_on), row.pictures)
        for row in layers
        if row.pictures
    }
    steps = [LayerStep(name, was.get(name, 0.0), each) for name, each in now.items() if each != was.get(name, 0.0)]
    steps += [LayerStep(name, each, 0.0, True) for name, each in was.items() if name not in now]
    told = ((row, before.pictures.get(row.name)) for row in pictures)
    moved = [PictureStep(row.name, old, str(row.status)) for row, old in told if old not in (None, str(row.status))]
    return SweepChange(tuple(steps), tuple(moved), len(both))

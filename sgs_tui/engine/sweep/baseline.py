"""What changed since an earlier sweep's JSON report: layers that fail on more pictures, pictures that became worse."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sgs_tui.engine.errors import InputError, told
from sgs_tui.engine.files import read_bytes
from sgs_tui.engine.sweep.results import LayerRow, PictureRow
from sgs_tui.language import Message

SCHEMA = "sgs-tui/sweep/1"
_WORSE = ("ok", "warn", "fail", "error")
_LIMIT = 1 << 30


@dataclass(frozen=True, slots=True)
class Before:
    """An earlier sweep: the share of pictures each layer failed on, and each picture's status."""

    profile: str
    layers: Mapping[str, float]
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
    """Everything that changed; pictures that only one of the sweeps has are no change."""

    layers: tuple[LayerStep, ...]
    pictures: tuple[PictureStep, ...]

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
        layers = {str(each["name"]): float(each["failing_share"]) for each in compared}
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


def changed(before: Before, layers: tuple[LayerRow, ...], pictures: tuple[PictureRow, ...]) -> SweepChange:
    """Layers in network order (lost ones last), pictures in the list's order."""
    now = {row.layer.name: row.failing_share for row in layers if row.pictures}
    steps = [
        LayerStep(name, before.layers.get(name, 0.0), share)
        for name, share in now.items()
        if share != before.layers.get(name, 0.0)
    ]
    steps += [LayerStep(name, share, 0.0, True) for name, share in before.layers.items() if name not in now]
    told = ((row, before.pictures.get(row.name)) for row in pictures)
    moved = [PictureStep(row.name, was, str(row.status)) for row, was in told if was not in (None, str(row.status))]
    return SweepChange(tuple(steps), tuple(moved))

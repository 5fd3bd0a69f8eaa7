"""The layers of an earlier comparison, from a file: what a new one is held against.

Two schemas are read: `sgs-tui/compare/1`, which `compare --format json` writes, and `sgs-tui/layers/1`, written here:

    {"schema": "sgs-tui/layers/1", "profile": "manual", "layers": [
      {"name": "gate", "op": "MUL", "verdict": "fail", "rmse": 0.99, "cos": 0.19, "sqnr_db": 0.0, "relative_l2": 0.99}]}

A number that is not finite is null, and `not_finite` beside it says which it is.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf, isfinite, isnan, nan
from pathlib import Path
from typing import Any

from sgs_tui.engine.compare.regression import Snapshot
from sgs_tui.engine.compare.results import Verdict
from sgs_tui.engine.configs.reading import read_bytes
from sgs_tui.engine.errors import InputError
from sgs_tui.engine.text import encode, visible

COMPARE = "sgs-tui/compare/1"
LAYERS = "sgs-tui/layers/1"
_FIGURES = ("rmse", "cos", "sqnr_db", "relative_l2")
_LOST = {"nan": nan, "inf": inf, "-inf": -inf}
_HOW = "`sgs-tui compare ... --format json --output FILE` writes one"


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
        raise InputError(f"{path}: is no comparison (no schema {COMPARE})", _HOW)
    try:
        layers = tuple(_layer(entry) for entry in document["layers"])
        total = int(document.get("summary", {}).get("layers", len(layers)))
        profile = str(document["profile"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{path}: damaged comparison: {visible(str(error))}", _HOW) from error
    if len(layers) < total:
        raise InputError(f"{path}: holds {len(layers)} of {total} layers", "write it without --filter and --top")
    return Baseline(str(path), profile, layers)


def layers_json(layers: Iterable[Snapshot], profile: str) -> bytes:
    """A file of schema `sgs-tui/layers/1`."""
    document = {"schema": LAYERS, "profile": profile, "layers": [_entry(each) for each in layers]}
    return (json.dumps(document, indent=1, allow_nan=False) + "\n").encode("ascii")


def _document(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(read_bytes(path))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not JSON: {visible(str(error))}", _HOW) from error
    if not isinstance(found, dict):
        raise InputError(f"{path}: is no comparison (no JSON object)", _HOW)
    return found


def _layer(entry: Mapping[str, Any]) -> Snapshot:
    lost = entry.get("not_finite", {})
    figures = [_number(entry[key], lost.get(key, "nan")) for key in _FIGURES]
    return Snapshot(str(entry["name"]), str(entry["op"]), Verdict(entry["verdict"]), *figures)


def _number(value: float | None, otherwise: str) -> float:
    return _LOST[otherwise] if value is None else float(value)


def _entry(each: Snapshot) -> dict[str, Any]:
    values = {key: float(getattr(each, key)) for key in _FIGURES}
    lost = {key: _name(value) for key, value in values.items() if not isfinite(value)}
    kept = {key: None if key in lost else value for key, value in values.items()}
    name, op_type = (encode(text).decode("utf-8", "backslashreplace") for text in (each.name, each.op_type))
    return {"name": name, "op": op_type, "verdict": str(each.verdict), **kept} | ({"not_finite": lost} if lost else {})


def _name(value: float) -> str:
    return "nan" if isnan(value) else ("inf" if value > 0 else "-inf")

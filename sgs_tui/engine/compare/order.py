"""Sorting rows: the worst first, whatever "worse" means for the figure.

NaN stands on top in both directions: a layer without numbers needs looking at first. Layers that lack the figure
stand at the end. Equal layers keep the network's order.
"""

import re
from collections.abc import Callable, Sequence
from math import isnan
from typing import Any

from sgs_tui.engine.compare.catalogue import FIGURES, Figure, known_figure
from sgs_tui.engine.compare.results import LayerDiff, Verdict
from sgs_tui.engine.configs.nearest import did_you_mean
from sgs_tui.engine.errors import UsageError

_Key = Callable[[LayerDiff], Any]

_SEVERITY = {Verdict.FAIL: 0, Verdict.NOT_COMPARABLE: 1, Verdict.WARN: 2, Verdict.OK: 3}

_WORDS: dict[str, _Key] = {
    "network": lambda row: row.pair.number,
    "index": lambda row: row.index,
    "name": lambda row: _natural(row.name),
    "op": lambda row: row.op_type,
    "verdict": lambda row: _SEVERITY[row.verdict],
}

SORT_KEYS: tuple[str, ...] = (*_WORDS, *(key for key in FIGURES if key not in _WORDS))
"""What rows can be sorted by; `index`, `name` and `op` ascend, `verdict` and figures start with the worst."""


def check_sort_key(key: str) -> None:
    """Raise UsageError, naming the nearest keys, where `sort_rows` would."""
    if key not in _WORDS:
        _figure(key)


def sort_rows(rows: Sequence[LayerDiff], key: str, reverse: bool = False) -> list[LayerDiff]:
    """`rows` by `key` (see SORT_KEYS, short names as in filters). Raises UsageError for an unknown key."""
    if key in _WORDS:
        return sorted(rows, key=_WORDS[key], reverse=reverse)
    return _by_figure(rows, _figure(key), best_first=reverse)


def _figure(key: str) -> Figure:
    found = known_figure(key)
    if found is None:
        raise UsageError(f"layers can not be sorted by {key!r}", did_you_mean(key, SORT_KEYS))
    return found


def _by_figure(rows: Sequence[LayerDiff], figure: Figure, best_first: bool) -> list[LayerDiff]:
    sign = 1.0 if best_first else -1.0

    def position(row: LayerDiff) -> tuple[int, float]:
        badness = figure.badness(row)
        if badness is None:
            return 2, 0.0
        return (0, 0.0) if isnan(badness) else (1, sign * badness)

    return sorted(rows, key=position)


def _natural(name: str) -> list[tuple[int, str]]:
    """`conv2` before `conv10`; numbers compare by length, then digits, so that no length is too long."""
    parts = re.split(r"0*([0-9]+)", name)
    return [(len(part), part) if number % 2 else (0, part) for number, part in enumerate(parts)]

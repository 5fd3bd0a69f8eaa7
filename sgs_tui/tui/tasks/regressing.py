"""Holding a comparison against an earlier one, as messages."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from textual.message import Message

from sgs_tui.engine.compare.baseline import Baseline
from sgs_tui.engine.compare.regression import Regression, regress, snapshot
from sgs_tui.engine.compare.results import LayerDiff
from sgs_tui.engine.iterate.state import load_state
from sgs_tui.engine.session import Comparison


@dataclass
class Regressed(Message):
    """What became better and worse since the baseline."""

    comparison: Comparison
    baseline: Baseline
    regression: Regression


def from_path(comparison: Comparison, rows: Sequence[LayerDiff], path: Path, cancel: Event) -> Iterator[Message]:
    """Read a report, or what a run dumped, and compare. Raises InputError where it is none."""
    yield from against(comparison, rows, load_state(path, comparison.request.profile), cancel)


def against(comparison: Comparison, rows: Sequence[LayerDiff], baseline: Baseline, cancel: Event) -> Iterator[Message]:
    """Compare with a baseline that is known."""
    yield Regressed(comparison, baseline, regress(rows, baseline.layers))


def kept(comparison: Comparison, rows: Sequence[LayerDiff]) -> Baseline:
    """The present comparison as the baseline of the next one."""
    request = comparison.request
    return Baseline(f"{request.sample}, kept here", request.profile.name, tuple(snapshot(row) for row in rows))

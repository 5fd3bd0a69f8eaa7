"""The one door that both front ends use: open two dumps, compare them in the background, look closer."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from sgs_tui.engine.compare.results import LayerDiff, Matching, Summary
from sgs_tui.engine.configs.profiles import MANUAL, Profile
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.events import Finished, LogLine, Progress, Row, Started

CompareEvent = Started | Progress | Row[LayerDiff] | LogLine | Finished


@dataclass(frozen=True, slots=True)
class CompareRequest:
    """What to compare and how. `ranges`: tensor_min_max file; `shapes`: tensor_statistics.txt or a dump."""

    sample: Path
    benchmark: Path
    ranges: Path | None = None
    shapes: Path | None = None
    profile: Profile = field(default=MANUAL)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two open dumps and their matched layers, ready to run (and to run again with another profile)."""

    request: CompareRequest
    sample: Dump
    benchmark: Dump
    matching: Matching
    notes: tuple[str, ...] = ()

    def run(self, cancel: Event | None = None, workers: int | None = None) -> Iterator[CompareEvent]:
        """Compare layer after layer: Started, then Row and Progress in network order, then Finished.

        Bounded memory whatever the layers' sizes. Raises CancelledError soon after `cancel` is set.
        """
        raise RuntimeError

    def close(self) -> None:
        """Release both files."""


def open_comparison(request: CompareRequest) -> Comparison:
    """Open both dumps (headers only) and match their layers. Raises SgsError."""
    raise RuntimeError


def summarise(rows: list[LayerDiff], matching: Matching) -> Summary:
    """The summary line of a finished (or cancelled) comparison."""
    raise RuntimeError

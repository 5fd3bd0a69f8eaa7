"""Opening and comparing two dumps in the background, and the messages about it that every feature follows.

Apart from the controller because other features hear these messages.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from time import monotonic

from textual.message import Message

from sgs_tui.engine.compare.limits import judged
from sgs_tui.engine.compare.results import LayerDiff, Summary
from sgs_tui.engine.events import LogLine, Progress, Row
from sgs_tui.engine.session import CompareRequest, Comparison, open_comparison, summarize
from sgs_tui.tui.jobs import Said

PERIOD = 0.25
"""Seconds between two batches of rows: four repaints a second look alive and cost a slow line little."""


@dataclass
class FilePicked(Message):
    """Take this file as `sample`, `benchmark`, `original`, `ranges` or `shapes`; None: not any more."""

    role: str
    path: Path | None


class PicksChanged(Message):
    """Other files are chosen."""


@dataclass
class ComparisonAsked(Message):
    """These dumps are about to be opened."""

    request: CompareRequest


@dataclass
class ComparisonOpened(Message):
    """Both dumps are open and matched; rows follow."""

    comparison: Comparison


@dataclass
class ComparisonRejudged(Message):
    """The same dumps under another profile; all rows follow again."""

    comparison: Comparison


@dataclass
class RowsArrived(Message):
    """Some more layers are compared; `done` of `total` bytes are read."""

    comparison: Comparison
    rows: tuple[LayerDiff, ...]
    done: int
    total: int


@dataclass
class ComparisonFinished(Message):
    """Every layer has its row."""

    comparison: Comparison
    summary: Summary


class DiagnosisChanged(Message):
    """The cause is known, or no longer."""


def compare(request: CompareRequest, cancel: Event) -> Iterator[Message]:
    """Open, match, then rows in batches."""
    comparison = open_comparison(request)
    yield ComparisonOpened(comparison)
    yield from rows(comparison, cancel)


def rows(comparison: Comparison, cancel: Event, known: Sequence[LayerDiff] = ()) -> Iterator[Message]:
    """The rows of an open comparison, batched by time; the first as soon as it is there.

    Layers whose figures are `known` are judged again and not read.
    """
    every = [judged(row, comparison.request.profile) for row in known]
    there = {row.pair.number for row in known}
    left = tuple(pair for pair in comparison.matching.pairs if pair.number not in there)
    notes = () if known else comparison.notes
    unread = replace(comparison, matching=replace(comparison.matching, pairs=left), notes=notes)
    sent, total = 0, sum(pair.size for pair in left)
    due = 0.0
    for event in unread.run(cancel) if left or not known else ():
        if isinstance(event, Row):
            every.append(event.value)
        elif isinstance(event, LogLine):
            yield Said(event.text, "warn")
        elif isinstance(event, Progress) and monotonic() >= due:
            due = monotonic() + PERIOD
            yield RowsArrived(comparison, tuple(every[sent:]), event.done, total)
            sent = len(every)
    yield RowsArrived(comparison, tuple(every[sent:]), total, total)
    every.sort(key=lambda row: row.pair.number)
    yield ComparisonFinished(comparison, summarize(every, comparison.matching))

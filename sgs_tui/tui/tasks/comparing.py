"""Opening and comparing two dumps, as messages."""

from collections.abc import Iterator
from threading import Event
from time import monotonic

from textual.message import Message

from sgs_tui.engine.compare.results import LayerDiff
from sgs_tui.engine.events import LogLine, Progress, Row
from sgs_tui.engine.session import CompareRequest, Comparison, open_comparison, summarise
from sgs_tui.tui.messages import ComparisonFinished, ComparisonOpened, RowsArrived, Said

PERIOD = 0.25
"""Seconds between two batches of rows: four repaints a second look alive and cost a slow line little."""


def compare(request: CompareRequest, cancel: Event) -> Iterator[Message]:
    """Open, match, then rows in batches."""
    comparison = open_comparison(request)
    yield ComparisonOpened(comparison)
    yield from run(comparison, cancel)


def run(comparison: Comparison, cancel: Event) -> Iterator[Message]:
    """The rows of an open comparison, batched by time; the first as soon as it is there."""
    every: list[LayerDiff] = []
    sent, done, total = 0, 0, sum(pair.size for pair in comparison.matching.pairs)
    due = 0.0
    for event in comparison.run(cancel):
        if isinstance(event, Row):
            every.append(event.value)
        elif isinstance(event, LogLine):
            yield Said(event.text, "warn")
        elif isinstance(event, Progress) and monotonic() >= due:
            done, due = event.done, monotonic() + PERIOD
            yield RowsArrived(comparison, tuple(every[sent:]), done, total)
            sent = len(every)
    yield RowsArrived(comparison, tuple(every[sent:]), total, total)
    yield ComparisonFinished(comparison, summarise(every, comparison.matching))

"""What stands above a histogram: the layer's name, what its values are, how much of them is outside the range."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from rich.cells import cell_len

from sgs_tui.batch.drawing import cut
from sgs_tui.batch.screen import Screen
from sgs_tui.engine.numbers import count, figure
from sgs_tui.engine.reports.portraits import Portrait
from sgs_tui.engine.reports.tally import Tally


class About(Enum):
    """What a line tells about, so that a picture can give it the same colour."""

    DUMP = "dump"
    AGAINST = "against"
    RANGE = "range"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of text."""

    text: str
    about: About


_PAPER = Screen()
_TITLE_ROOM, _LABEL_ROOM = 76, 40
"""Cells (a Chinese character has two) that fit."""


def title(portrait: Portrait) -> str:
    """Op index, name and op type; a long name loses its middle."""
    record = portrait.subject.record
    head, tail = f"{record.op_index}  ", f"  ({cut(record.op_type, 24, _PAPER)})"
    return head + cut(record.name, _TITLE_ROOM - cell_len(head) - cell_len(tail), _PAPER) + tail


def facts(portrait: Portrait, dump: str, against: str) -> tuple[Fact, ...]:
    """A line for each side and one for the range; `dump` and `against` name the sides."""
    lines = [Fact(_values(dump, portrait.tally), About.DUMP)]
    if portrait.other is not None:
        lines.append(Fact(_values(against, portrait.other), About.AGAINST))
    elif against:
        lines.append(Fact(f"{cut(against, _LABEL_ROOM, _PAPER)} has no such layer", About.NOTHING))
    return (*lines, _range(portrait))


def percent(share: float) -> str:
    """A share (0 to 1) for people; what is not zero is never shown as zero."""
    if 0 < share < 1e-5:
        return "<0.001 %"
    return f"{100 * share:.3g} %"


def _values(side: str, tally: Tally) -> str:
    return f"{cut(side, _LABEL_ROOM, _PAPER)}: {', '.join(_counted(tally))}"


def _counted(tally: Tally) -> Iterator[str]:
    yield count(tally.total, "value")
    if tally.finite:
        yield f"{figure(tally.minimum)} to {figure(tally.maximum)}"
        yield f"mean {figure(tally.mean)}"
        yield f"{percent(tally.zeros / tally.finite)} zeros"
    for number, what in ((tally.nan, "NaN"), (tally.inf, "Inf")):
        if number:
            yield f"{number:,} {what} (not drawn)"


def _range(portrait: Portrait) -> Fact:
    bounds = portrait.subject.bounds
    if bounds is None:
        return Fact("no calibrated range", About.NOTHING)
    low, high = bounds
    sides = [tally for tally in (portrait.tally, portrait.other) if tally is not None]
    shares = " / ".join(percent(tally.outside_share) for tally in sides)
    text = f"calibrated {figure(low)} to {figure(high)}, range {figure(high - low)}; outside of it: {shares}"
    return Fact(text, About.RANGE)

"""A sweep as rows and lines: pictures ranked, and of every layer its spread and a strip of its error over the pictures.

Apart because it needs no screen: lines are made, and tested, without one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isnan
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rich.cells import cell_len

from sgs_tui.engine.dumps.dtypes import FloatArray
from sgs_tui.engine.numbers import clock, count, ratio
from sgs_tui.engine.sweep.background import SweepJob
from sgs_tui.engine.sweep.results import LayerRow, PictureRow, SetFinding, Status, SweepResult
from sgs_tui.engine.text import some
from sgs_tui.language import Message, _
from sgs_tui.tui.layers.over_set import OverSet
from sgs_tui.tui.text import BLANK, Line, Span, Tone, cut, fit, paragraph
from sgs_tui.tui.widgets.table import Cell, Column

EDGES = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""RMSE at which the next, higher block begins."""
_BLOCKS = "▁▂▃▄▅▆█"
_NOTHING, _LOST = " ", "?"
_LEGEND = Message(
    "one block a picture in the order of the list, the worst of several where they do not fit; ? is NaN or n/c"
)
WAITING = Message("not measured")
_SIGNS = {
    Status.OK: Cell("✓", "good"),
    Status.WARN: Cell("~", "warn"),
    Status.FAIL: Cell("✗", "fail"),
    Status.ERROR: Cell("!", "fail"),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture in the table: its place in the sweep's list and its row."""

    place: int
    row: PictureRow

    @property
    def waiting(self) -> bool:
        return self.row.status is Status.ERROR and self.row.reason == WAITING


def _sign(shown: Shown) -> Cell:
    return Cell("·", "muted") if shown.waiting else _SIGNS[shown.row.status]


def _agreement(shown: Shown) -> str:
    found = shown.row.agreement
    if found is None:
        return ""
    if found.top1 is None:
        return ratio(found.rmse)
    return _("same") if found.top1 == 1 else _("other") if found.top1 == 0 else f"{found.top1:.0%}"


COLUMNS: tuple[Column[Shown], ...] = (
    Column("sign", "", 1, cell=_sign),
    Column("name", "picture", least=16, names=True, cell=lambda shown: shown.row.name),
    Column("fails", "fails", 5, right=True, cell=lambda shown: str(shown.row.failing) if shown.row.compared else ""),
    Column("worst", "worst RMSE", 10, right=True, cell=lambda shown: ratio(shown.row.worst_rmse)),
    Column("layer", "worst layer", 20, names=True, cell=lambda shown: shown.row.worst_layer),
    Column("clips", "clips", 5, right=True, cell=lambda shown: str(shown.row.clipped) if shown.row.compared else ""),
    Column("output", "output", 7, right=True, cell=_agreement),
)


def ranked(result: SweepResult) -> tuple[Shown, ...]:
    """The pictures, worst first; those that wait come last."""
    return tuple(Shown(place, result.pictures[place]) for place in result.order)


def swept(result: SweepResult) -> dict[str, OverSet]:
    """Every compared layer over the pictures, for the layer table."""
    return {
        row.layer.name: OverSet(row.spreads["rmse"].worst, row.spreads["rmse"].median, len(row.failing_on))
        for row in result.layers
        if row.spreads is not None
    }


def summary(result: SweepResult) -> Line:
    """What stands in the heading."""
    rows = result.pictures
    waiting = len(rows) - measured(result)
    failing = sum(row.status is Status.FAIL for row in rows)
    lost = sum(row.status is Status.ERROR for row in rows) - waiting
    parts = [Span(_("{done} of {pictures}", done=len(rows) - waiting, pictures=count(len(rows), "picture")))]
    parts += [Span("  " + _("{failing} failing", failing=failing), "fail")] if failing else []
    parts += [Span("  " + _("{lost} not measured", lost=lost), "fail")] if lost else []
    return tuple(parts)


def measured(result: SweepResult) -> int:
    """Pictures that have their figures, or a reason for none."""
    return sum(row.reason != WAITING for row in result.pictures)


@dataclass(frozen=True, slots=True)
class Pace:
    """A sweep at work when it was first looked at: its run, the seconds of a clock, the pictures that it had then."""

    path: Path
    start: float
    done: int


def state_of(result: SweepResult, active: bool, pace: Pace | None, now: float) -> str:
    """What a sweep does: `under way  0.7/s  0:09 left`; empty where all is done."""
    done, total = measured(result), len(result.pictures)
    if not active:
        return _("stopped, c goes on") if done < total else ""
    if done == total:
        return _("all measured; INT16 is tried on the twin")
    if pace is None or done <= pace.done or now <= pace.start:
        return _("under way")
    rate = (done - pace.done) / (now - pace.start)
    left = _("{clock} left", clock=clock((total - done) / rate))
    return f"{_('under way')}  {rate:.1f}/s  {left}"


def strip(result: SweepResult, at: int, cells: int) -> str:
    """A layer's error over the pictures, a block each; where they are more than `cells` the worst of neighbors."""
    rmse, verdicts = result.rmse[at], result.verdicts[at]
    groups = np.array_split(np.arange(len(rmse)), min(cells, len(rmse)) or 1)
    return "".join(_block(rmse[group], verdicts[group]) for group in groups)


def _block(rmse: FloatArray, verdicts: npt.NDArray[np.uint8]) -> str:
    there = verdicts != 255
    if not there.any():
        return _NOTHING
    worst = float(np.where(np.isnan(rmse[there]), np.inf, rmse[there]).max())
    return _LOST if worst == np.inf else _BLOCKS[int(np.searchsorted(EDGES, worst, side="right"))]


def picture_lines(
    job: SweepJob | None, result: SweepResult, shown: Shown | None, above: Sequence[Line], width: int
) -> list[Line]:
    """Below the table: `above`, the picture's reason, then every layer's spread and strip, the worst first."""
    lines = list(above)
    if shown is not None and shown.row.reason:
        tone: Tone = "muted" if shown.waiting else "fail" if shown.row.status in (Status.FAIL, Status.ERROR) else "warn"
        lines += [*paragraph(shown.row.reason, width, tone), BLANK]
    figures = f"{fit(_('fails'), _fails(), True)} {fit(_('worst'), 7, True)} {fit(_('median'), 7, True)}"
    head = f"{fit(_('layer'), _name(width))} {figures}  {_('error over the pictures')}"
    lines += [(Span(head, "strong"),)]
    order = sorted(range(len(result.layers)), key=lambda at: _badness(result.layers[at]))
    lines += [_layer(result, at, width) for at in order]
    return [*lines, *paragraph(_LEGEND, width, "muted")]


def _badness(row: LayerRow) -> tuple[float, float]:
    worst = row.spreads["rmse"].worst if row.spreads is not None else -1.0
    return -row.failing_share, -(np.inf if isnan(worst) else worst)


def _fails() -> int:
    """Cells of the share of pictures that a layer fails on, and of its heading."""
    return max(5, cell_len(_("fails")))


def _name(width: int) -> int:
    return max(14, min(30, width - 50))


def _layer(result: SweepResult, at: int, width: int) -> Line:
    row, cells = result.layers[at], _name(width)
    name = cut(row.layer.name, cells)
    if row.spreads is None:
        return (Span(f"{name:{cells}} "), Span(_("not comparable on any picture"), "muted"))
    fails = f"{row.failing_share:.0%}" if row.failing_on else "-"
    figures = f"{ratio(row.spreads['rmse'].worst):>7} {ratio(row.spreads['rmse'].median):>7}  "
    room = max(8, width - cells - 19 - _fails())
    return (
        Span(f"{name:{cells}} "),
        Span(f"{fails:>{_fails()}} ", "fail" if row.failing_on else "muted"),
        Span(figures),
        Span(strip(result, at, room), "key"),
    )


def finding_lines(result: SweepResult, width: int) -> list[Line]:
    """What the set shows, for a window."""
    return [line for found in result.findings for line in _finding(result, found.text, found, width)]


def _finding(result: SweepResult, text: str, found: SetFinding, width: int) -> Iterator[Line]:
    yield from paragraph(_("{name}: {text}", name=found.kind, text=text), width, "strong")
    names = [result.pictures[place].name for place in found.pictures]
    for label, listed in ((_("pictures"), names), (_("layers"), list(found.layers))):
        if listed:
            yield from paragraph(_("{name}: {text}", name=label, text=some(listed, 8)), width)
    for line in found.evidence:
        yield from paragraph(line, width, "muted")
    yield from paragraph(found.advice, width, "good")
    yield BLANK

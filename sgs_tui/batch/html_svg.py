"""A histogram as an inline SVG: no library, no script, colours from the page's light or dark style."""

from collections.abc import Iterator
from math import ceil, floor, isfinite, log10

from sgs_tui.batch.html_text import safe
from sgs_tui.engine.calibration.ranges import Bounds
from sgs_tui.engine.dumps.records import FloatArray
from sgs_tui.engine.numbers import figure
from sgs_tui.engine.reports.bars import Bars, bars_of, step_of, view_of
from sgs_tui.engine.reports.portraits import Portrait
from sgs_tui.engine.reports.tally import Counts

_WIDTH, _HEIGHT = 640, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 8, 632, 18, 196
_BARS = 128
_MARGIN = 0.03
_TICKS = 6


def histogram(portrait: Portrait) -> str:
    """The picture; the sample filled, the benchmark as a line, dashes at the calibrated min and max."""
    record = portrait.subject.record
    tallies = [tally for tally in (portrait.tally, portrait.other) if tally is not None]
    step = step_of(record, portrait.tally.minimum, portrait.tally.maximum)
    bars = bars_of(tallies, _BARS, step)
    if bars is None:
        return "<p>No finite values to draw.</p>"
    label = safe(f"Histogram of {record.name}")
    inside = "".join(_inside(bars, portrait.subject.bounds))
    return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">{inside}</svg>'


def _inside(bars: Bars, bounds: Bounds | None) -> Iterator[str]:
    low, high = view_of(float(bars.edges[0]), float(bars.edges[-1]), bounds or ())
    low, high = low - _MARGIN * (high - low), high + _MARGIN * (high - low)
    highest = max(int(side.max(initial=0)) for side in bars.sides) or 1
    places = _LEFT + (bars.edges - low) / (high - low) * (_RIGHT - _LEFT)
    for side, kind in zip(bars.sides, ("sample", "benchmark"), strict=False):
        yield f'<path class="{kind}" d="{_outline(places, side, highest)}"/>'
    yield f'<path class="axis" d="M{_LEFT} {_BOTTOM}H{_RIGHT}"/>'
    yield f'<text class="peak" x="{_LEFT}" y="12">peak {highest:,}</text>'
    for value in _ticks(low, high):
        yield _tick(value, _place(value, low, high))
    for value in bounds or ():
        if isfinite(value):
            yield f'<path class="limit" d="M{_place(value, low, high):.1f} {_TOP}V{_BOTTOM}"/>'


def _place(value: float, low: float, high: float) -> float:
    return _LEFT + (value - low) / (high - low) * (_RIGHT - _LEFT)


def _outline(places: FloatArray, counts: Counts, highest: int) -> str:
    """Stairs over the edges; a lone bar is made wide enough to be seen."""
    edges = places.tolist()
    if len(edges) == 2 and edges[1] - edges[0] < 2:
        middle = (edges[0] + edges[1]) / 2
        edges = [middle - 1, middle + 1]
    steps = [f"M{edges[0]:.1f} {_BOTTOM}"]
    for right, count in zip(edges[1:], counts.tolist(), strict=True):
        steps.append(f"V{_BOTTOM - (_BOTTOM - _TOP) * count / highest:.1f}H{right:.1f}")
    return f"{''.join(steps)}V{_BOTTOM}"


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers inside the view: multiples of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / _TICKS
    if not isfinite(rough) or rough <= 0:
        return []
    unit = 10.0 ** floor(log10(rough))
    width = next((unit * factor for factor in (1, 2, 5) if unit * factor >= rough), 10 * unit)
    return [number * width for number in range(ceil(low / width), floor(high / width) + 1)]


def _tick(value: float, place: float) -> str:
    anchor = "start" if place < 40 else "end" if place > _WIDTH - 40 else "middle"
    label = f"{value:.6g}" if value == 0 or 1e-4 <= abs(value) < 1e6 else figure(value)
    return (
        f'<path class="axis" d="M{place:.1f} {_BOTTOM}v4"/>'
        f'<text x="{place:.1f}" y="214" text-anchor="{anchor}">{label}</text>'
    )

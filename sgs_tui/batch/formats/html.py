"""`--format html`: one file that holds everything and asks nobody for anything; verdict first, readable on a phone.

report.html (beside this file) is the page's template; this file says what is on it. The page carries its style and
its script, and a content policy that lets nothing else run and nothing be fetched. Text that nobody may trust meets
two guards, whatever the template does: control characters are shown, and jinja2 makes markup harmless.
"""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from sgs_tui.batch import words
from sgs_tui.batch.console import Screen
from sgs_tui.batch.progress import Meter
from sgs_tui.batch.report import Report
from sgs_tui.batch.values import plain
from sgs_tui.engine import journal
from sgs_tui.engine.compare.channels import position_of
from sgs_tui.engine.compare.histogram import Counts, bars_of, step_of, view_of
from sgs_tui.engine.compare.limits import FAILED, mark
from sgs_tui.engine.compare.metrics import BRIEF, METRICS, Worse
from sgs_tui.engine.compare.results import LayerDiff, LayerRange, SideStats, Verdict
from sgs_tui.engine.dumps.dtypes import FloatArray
from sgs_tui.engine.numbers import count, figure, size
from sgs_tui.engine.reports.details import Details, Portrait, gather_details
from sgs_tui.engine.text import visible
from sgs_tui.language import Message, _, _n, clauses, joined, shown, spoken

_STEP_KINDS = {"newly failing": "fail", "not comparable": "nc", "newly fixed": "ok", "worse": "warn"}
_GRAVEST = {Verdict.FAIL: "fail", Verdict.NOT_COMPARABLE: "nc", Verdict.WARN: "warn", Verdict.OK: "ok"}
_VERDICT_KINDS = {verdict: (kind, rank) for rank, (verdict, kind) in enumerate(_GRAVEST.items())}
"""The class that colors a verdict, and its rank where the table is sorted by it."""


def write(report: Report, screen: Screen) -> bytes:
    """Read what the page shows beyond the figures, and write it."""
    with Meter(_("reading"), rate=True) as meter:
        return page(report, gather_details(report.request, report.rows, meter.report, report.culprits))


def page(report: Report, details: Details) -> bytes:
    """The whole page, UTF-8."""
    loader = PackageLoader("sgs_tui.batch", "formats")
    environment = Environment(loader=loader, autoescape=True, finalize=harmless, undefined=StrictUndefined)
    environment.globals |= _GLOBALS
    style, script = (loader.get_source(environment, name)[0] for name in ("report.css", "report.js"))
    title, kind = heading(report)
    shares = words.shares(report)
    text = environment.get_template("report.html").render(
        report=report,
        details=details,
        title=title,
        kind=kind,
        policy=policy(style, script),
        style=Markup(style),
        script=Markup(script),
        pictured={closeup.row.pair.number for closeup in details.closeups},
        figure_cells=lambda row: Markup("".join(_figure_cell(row, key) for key in BRIEF)),
        why=lambda row: _why(row, shares.get(row.name, "")),
    )
    return text.encode()


def harmless(value: object) -> object:
    """What every value of the template goes through on its way to autoescape: messages are shown in the reader's
    language, control characters are seen; markup is the template's own."""
    return value if isinstance(value, Markup) else visible(str(shown(value)))


def policy(style: str, script: str) -> str:
    """This very style and script, nothing from anywhere, whatever a name might smuggle in."""
    allowed = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, script))
    return "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; img-src data:".format(*allowed)


def heading(report: Report) -> tuple[str, str]:
    """What the comparison comes to: the words, and the class that colors them."""
    summary, layers = report.summary, count(report.summary.layers, "layer")
    if report.incomplete:
        return _("The input is damaged: this comparison is incomplete"), "fail"
    if report.nothing_comparable:
        return _("Nothing could be compared"), "fail"
    if summary.failed:
        return _("{failed} of {layers} failed", failed=summary.failed, layers=layers), "fail"
    if summary.warned:
        return _("No layer failed, {warned} of {layers} to look at", warned=summary.warned, layers=layers), "warn"
    return _n(summary.layers, "The one layer is within the limits", "All {number:,} layers are within the limits"), "ok"


def _why(row: LayerDiff, share: str) -> str:
    return joined((*row.reasons, *([Message("error {share}", share=share)] if share else [])), "; ")


def _figure_cell(row: LayerDiff, key: str) -> str:
    """A figure in the table of layers, with its mark, and what the script sorts by.

    Made here and not in the template: it holds nothing from outside, and there are six of them in each of many rows.
    """
    value, sign = METRICS[key].value(row), mark(row, key)
    text = escape(words.figure_text(row, key) + sign)
    empty, sorted_by = "" if text else ' class="empty"', "" if value is None else plain(value)
    marked = f'<b class="{"over" if sign == FAILED else "near"}">{text}</b>' if sign else text
    return f'\n<td{empty} data-t="{shown(METRICS[key].title)}" data-v="{sorted_by}">{marked}</td>'


def _described(row: LayerDiff, portrait: Portrait | None) -> Iterator[tuple[str, str]]:
    if row.reasons:
        values = {"verdict": Message(str(row.verdict)), "reasons": joined(row.reasons, "; ")}
        yield _("verdict"), _("{verdict}: {reasons}", **values)
    yield _("figures"), ", ".join(f"{key.upper()} {words.figure_text(row, key)}" for key in ("rmse", "cos", "mse"))
    for side, stats in ((_("sample"), row.sample), (_("benchmark"), row.benchmark)):
        if stats is not None:
            yield side, _stats(stats)
    if row.metrics is not None and row.metrics.max_abs_index >= 0:
        place = ", ".join(map(str, position_of(row.pair, row.metrics.max_abs_index)))
        error = figure(row.metrics.max_abs_error)
        yield _("largest error"), _("{error} at ({place})", error=error, place=place)
    if row.range is not None:
        yield _("range"), _range(row.range, portrait)
    if notes := (*row.pair.notes, *row.notes):
        yield _("notes"), shown(joined(notes, "; "))


def _stats(stats: SideStats) -> str:
    text = Message(
        "{values}, {low} to {high}, mean {mean}, {zeros:,} zeros",
        values=count(stats.count, "value"),
        low=figure(stats.minimum),
        high=figure(stats.maximum),
        mean=figure(stats.mean),
        zeros=stats.zeros,
    )
    odd = f"{stats.nan:,} NaN, {stats.inf:,} Inf"
    return text if stats.finite else clauses((text, odd))


def _range(taken: LayerRange, portrait: Portrait | None) -> str:
    values = {"low": figure(taken.minimum), "high": figure(taken.maximum), "source": Message(str(taken.source))}
    if portrait is None or portrait.subject.bounds is None or portrait.other is None:
        return _("{low} to {high} (from {source})", **values)
    return _(
        "{low} to {high} (from {source}); outside of it: {ours} of the sample, {theirs} of the benchmark",
        ours=words.percent(portrait.tally.outside_share),
        theirs=words.percent(portrait.other.outside_share),
        **values,
    )


# A histogram as an inline SVG, 640 by 220: no library, no script, colors from the page's light or dark style.

_WIDTH = 640
_LEFT, _RIGHT, _TOP, _BOTTOM = 8, 632, 18, 196
_BARS = 128
_MARGIN = 0.03
_TICKS = 6


@dataclass(frozen=True, slots=True)
class _Tick:
    """A number below the axis and its mark; `path` as SVG's."""

    label: str
    place: str
    anchor: str
    path: str


@dataclass(frozen=True, slots=True)
class _Picture:
    """Both sides as (class, path): the sample filled, the benchmark a line; `limits`: calibrated min and max."""

    label: str
    sides: list[tuple[str, str]]
    peak: str
    ticks: list[_Tick]
    limits: list[str]
    axis: str = f"M{_LEFT} {_BOTTOM}H{_RIGHT}"


def _picture(portrait: Portrait) -> _Picture | None:
    """None where there are no finite values to draw."""
    record, bounds = portrait.subject.record, portrait.subject.bounds or ()
    stats = portrait.tally.stats
    bars = bars_of(portrait.tallies, _BARS, step_of(record, stats.minimum, stats.maximum))
    if bars is None:
        return None
    low, high = view_of(float(bars.edges[0]), float(bars.edges[-1]), bounds)
    low, high = low - _MARGIN * (high - low), high + _MARGIN * (high - low)
    highest = max(int(side.max(initial=0)) for side in bars.sides) or 1
    edges = _LEFT + (bars.edges - low) / (high - low) * (_RIGHT - _LEFT)

    def place(value: float) -> float:
        return _LEFT + (value - low) / (high - low) * (_RIGHT - _LEFT)

    drawn = zip(("sample", "benchmark"), bars.sides, strict=False)
    return _Picture(
        label=_("Histogram of {tensor}", tensor=record.name),
        sides=[(kind, _outline(edges, side, highest)) for kind, side in drawn],
        peak=f"{highest:,}",
        ticks=[_tick(value, place(value)) for value in _round_numbers(low, high)],
        limits=[f"M{place(value):.1f} {_TOP}V{_BOTTOM}" for value in bounds if isfinite(value)],
    )


def _outline(places: FloatArray, counts: Counts, highest: int) -> str:
    """Stairs over the edges, as a path; a lone bar is made wide enough to be seen."""
    edges = places.tolist()
    if len(edges) == 2 and edges[1] - edges[0] < 2:
        middle = (edges[0] + edges[1]) / 2
        edges = [middle - 1, middle + 1]
    steps = [f"M{edges[0]:.1f} {_BOTTOM}"]
    for right, values in zip(edges[1:], counts.tolist(), strict=True):
        steps.append(f"V{_BOTTOM - (_BOTTOM - _TOP) * values / highest:.1f}H{right:.1f}")
    return f"{''.join(steps)}V{_BOTTOM}"


def _round_numbers(low: float, high: float) -> list[float]:
    """Numbers inside the view for its axis: multiples of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / _TICKS
    if not isfinite(rough) or rough <= 0:
        return []
    unit = 10.0 ** floor(log10(rough))
    width = next((unit * factor for factor in (1, 2, 5) if unit * factor >= rough), 10 * unit)
    return [number * width for number in range(ceil(low / width), floor(high / width) + 1)]


def _tick(value: float, place: float) -> _Tick:
    anchor = "start" if place < 40 else "end" if place > _WIDTH - 40 else "middle"
    label = f"{value:.6g}" if value == 0 or 1e-4 <= abs(value) < 1e6 else figure(value)
    return _Tick(label, f"{place:.1f}", anchor, f"M{place:.1f} {_BOTTOM}v4")


_GLOBALS: dict[str, Any] = {
    "_": _,
    "message": Message,
    "spoken": lambda: spoken().replace("_", "-"),
    "words": words,
    "journal": journal,
    "count": count,
    "size": size,
    "figures": [{"title": METRICS[key].title, "falls": METRICS[key].worse is not Worse.LOW} for key in BRIEF],
    "step_kind": lambda step: _STEP_KINDS.get(words.word(step), ""),
    "verdict_kinds": _VERDICT_KINDS,
    "described": _described,
    "picture_of": _picture,
}
"""What the template can say of a report."""

"""Three dumps: fixed, float, original. The first step that breaks a layer says what to blame for it.

Conversion is float against original, quantization is fixed against float, and both together is fixed against original:
that can be beyond a limit where neither step is. Dumps of an original hold outputs alone, in their own order of axes:
they are paired and put in order as for any comparison.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from threading import Event

from sgs_tui.engine.compare.compare import Sides, reread
from sgs_tui.engine.compare.limits import vanishing
from sgs_tui.engine.compare.results import LayerDiff, Verdict
from sgs_tui.engine.dumps.format import Health, Stage
from sgs_tui.engine.dumps.index import guess_stage
from sgs_tui.engine.events import Row
from sgs_tui.engine.numbers import count, figure
from sgs_tui.engine.session import Comparison, open_comparison
from sgs_tui.language import Message, plural


class Breaks(StrEnum):
    """The first step beyond a limit; UNKNOWN where the original has no such layer and fixed against float is fine."""

    CONVERSION = "conversion"
    QUANTIZATION = "quantization"
    TOGETHER = "together"
    NOTHING = "nothing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ThreeRow:
    """A layer by its name in float: each of the three comparisons, None where that has no such layer."""

    name: str
    index: int
    conversion: LayerDiff | None
    quantization: LayerDiff | None
    whole: LayerDiff | None

    @property
    def breaks(self) -> Breaks:
        """The first step that fails."""
        for step, row in (
            (Breaks.CONVERSION, self.conversion),
            (Breaks.QUANTIZATION, self.quantization),
            (Breaks.TOGETHER, self.whole),
        ):
            if row is not None and row.verdict is Verdict.FAIL:
                return step
        known = self.conversion is not None and self.conversion.metrics is not None
        return Breaks.NOTHING if known else Breaks.UNKNOWN


@dataclass(frozen=True)
class ThreeWay:
    """The layers in network order, and what the original's dump is. `unmatched`: its outputs that float has not."""

    path: Path
    stage: Stage
    health: Health
    rows: tuple[ThreeRow, ...] = field(repr=False)
    unmatched: int = 0

    @cached_property
    def by_name(self) -> dict[str, ThreeRow]:
        """The rows by the layers' names in float."""
        return {row.name: row for row in self.rows}

    @property
    def compared(self) -> int:
        """Layers of float that the original has too."""
        return sum(row.conversion is not None and row.conversion.metrics is not None for row in self.rows)

    def broken(self, step: Breaks) -> tuple[ThreeRow, ...]:
        """Layers that this step breaks first."""
        return tuple(row for row in self.rows if row.breaks is step)

    @property
    def blame(self) -> Breaks:
        """The step to look at first: what conversion breaks no quantization can heal."""
        if not self.compared:
            return Breaks.UNKNOWN
        steps = (Breaks.CONVERSION, Breaks.QUANTIZATION, Breaks.TOGETHER)
        return next((step for step in steps if self.broken(step)), Breaks.NOTHING)

    @property
    def text(self) -> str:
        """That in a sentence."""
        if self.blame is Breaks.UNKNOWN:
            return Message(
                "nothing can be said of the original: float has none of its layers (names differ; "
                "where the SDK left a net_refine.onnx, dump that one)"
            )
        share = plural(
            self.compared,
            "{number} of {layers} is in the original",
            "{number} of {layers} are in the original",
            layers=count(len(self.rows), "layer"),
        )
        if self.blame is Breaks.NOTHING:
            return Message(
                "neither conversion nor quantization breaks a layer; {share}{worst}", share=share, worst=self._worst()
            )
        first = self.broken(self.blame)[0]
        layers, where = count(len(self.broken(self.blame)), "layer"), Message("first {name}", name=first.name)
        if self.blame is Breaks.CONVERSION:
            more = len(self.broken(Breaks.QUANTIZATION))
            rest = Message("; quantization breaks {layers} more", layers=count(more, "layer")) if more else ""
            what = Message(
                "float differs from the original at {layers}, {where} (RMSE {rmse})",
                layers=layers,
                where=where,
                rmse=_rmse(first.conversion),
            )
            return Message("conversion is to blame: {what}{rest}; {share}", what=what, rest=rest, share=share)
        if self.blame is Breaks.QUANTIZATION:
            what = Message(
                "fixed differs from float at {layers}, {where} (RMSE {rmse})",
                layers=layers,
                where=where,
                rmse=_rmse(first.quantization),
            )
            return Message(
                "quantization is to blame: {what}; {share}{worst}", what=what, share=share, worst=self._worst()
            )
        what = Message(
            "fixed differs from the original at {layers}, {where} (RMSE {rmse})",
            layers=layers,
            where=where,
            rmse=_rmse(first.whole),
        )
        return Message(
            "conversion and quantization together: {what}, each alone is within the limits; {share}",
            what=what,
            share=share,
        )

    def _worst(self) -> str:
        """How closely float follows the original."""
        rows = [row.conversion for row in self.rows if row.conversion is not None]
        errors = {row.name: row.metrics.rmse for row in rows if row.metrics is not None and not vanishing(row)}
        name = max(errors, key=lambda each: errors[each], default=None)
        return (
            ""
            if name is None
            else Message(", where float is at most RMSE {rmse} off ({name})", rmse=figure(errors[name]), name=name)
        )


def _rmse(row: LayerDiff | None) -> str:
    return figure(row.metrics.rmse) if row is not None and row.metrics is not None else Message("unknown")


def compare_original(
    comparison: Comparison, rows: Sequence[LayerDiff], original: Path, cancel: Event | None = None
) -> ThreeWay:
    """Hold both dumps of a finished comparison (fixed against float) against the original too.

    Raises SgsError where its dump can not be read, CancelledError.
    """
    request = replace(comparison.request, benchmark=original, ranges=None, outputs=())
    conversion = open_comparison(replace(request, sample=comparison.request.benchmark))
    try:
        whole = open_comparison(replace(request, sample=comparison.request.sample))
        try:
            right, both = (tuple(_rows(each, cancel)) for each in (conversion, whole))
            both = tuple(_as_float(whole, both, right))
        finally:
            whole.close()
        dump = conversion.benchmark
        lonely = sum(each.side == "benchmark" for each in conversion.matching.unmatched)
        found = tuple(_joined(comparison, rows, right, both))
        return ThreeWay(original, guess_stage(dump.index), dump.health, found, lonely)
    finally:
        conversion.close()


def _rows(comparison: Comparison, cancel: Event | None) -> Iterator[LayerDiff]:
    yield from (event.value for event in comparison.run(cancel) if isinstance(event, Row))


def _as_float(whole: Comparison, both: Sequence[LayerDiff], right: Sequence[LayerDiff]) -> Iterator[LayerDiff]:
    """Fixed against original in the order of axes in which float fits the original: both come from one converter."""
    known = {row.pair.benchmark.name: row for row in right}
    sides = Sides(whole.sample, whole.benchmark)
    for row in both:
        like = known.get(row.pair.benchmark.name)
        yield row if like is None else reread(row, like, sides, whole.request.profile)


def _joined(
    comparison: Comparison, rows: Sequence[LayerDiff], right: Sequence[LayerDiff], both: Sequence[LayerDiff]
) -> Iterator[ThreeRow]:
    """One row for each layer of float that any of the three has, in the order in which float was dumped."""
    quantization = {row.pair.benchmark.name: row for row in rows}
    conversion = {row.pair.sample.name: row for row in right}
    by_fixed = {row.pair.sample.name: row for row in both}
    for record in comparison.benchmark.outputs():
        one, other = conversion.get(record.name), quantization.get(record.name)
        if one is not None or other is not None:
            fixed = other.pair.sample.name if other is not None else ""
            yield ThreeRow(record.name, record.op_index, one, other, by_fixed.get(fixed))

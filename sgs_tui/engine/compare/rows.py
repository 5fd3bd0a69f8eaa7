"""From a measured pair to the row that front ends show."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sgs_tui.engine.compare.figures import LayerFigures
from sgs_tui.engine.compare.kernel import Kernel
from sgs_tui.engine.compare.measure import Measured, Sides
from sgs_tui.engine.compare.results import LayerDiff, LayerRange, Pair, RangeSource, SideStats, Verdict
from sgs_tui.engine.compare.transpose import winner
from sgs_tui.engine.compare.verdicts import Figures, judge
from sgs_tui.engine.configs.profiles import Profile
from sgs_tui.engine.errors import FileChangedError, SgsError

if TYPE_CHECKING:
    from sgs_tui.engine.calibration.ranges import Ranges


@dataclass(slots=True)
class RowMaker:
    """What every row needs beside its figures. Use in one thread."""

    sides: Sides
    profile: Profile
    ranges: "Ranges | None"
    kernel: Kernel

    def row(self, measured: Measured) -> LayerDiff:
        """The judged row of one pair; an error becomes a `not comparable` row that says why."""
        pair = measured.pair
        if pair.excluded is not None:
            return _not_comparable(pair, SgsError(pair.excluded))
        if measured.figures is None:
            return _not_comparable(pair, measured.error)
        try:
            return self._judged(pair, measured.figures)
        except SgsError as error:
            return _not_comparable(pair, error)

    def _judged(self, pair: Pair, figures: LayerFigures) -> LayerDiff:
        notes = [*pair.notes, *self._dequantised(pair)]
        plain_cos = figures.metrics.cos
        found = winner(pair, self.sides.sample, self.sides.benchmark, self.kernel, plain_cos)
        if found:
            notes.append(f"transposed: {found[0].text} (COS as stored {plain_cos:.4f})")
            figures = found[1]
        row = LayerDiff(
            pair=pair,
            metrics=figures.metrics,
            sample=figures.sample,
            benchmark=figures.benchmark,
            range=self._range(pair, figures.benchmark),
            verdict=Verdict.OK,
            notes=tuple(notes),
            transposed=found is not None,
        )
        return judged(row, self.profile)

    def _dequantised(self, pair: Pair) -> list[str]:
        if self.sides.sample.is_float and self.sides.benchmark.is_float:
            return []
        sides = (("sample", self.sides.sample, pair.sample), ("benchmark", self.sides.benchmark, pair.benchmark))
        return [f"{name} dequantised" for name, dump, record in sides if dump.dequantises(record)]

    def _range(self, pair: Pair, benchmark: SideStats) -> LayerRange:
        known = self.ranges.find(pair.name) if self.ranges else None
        if known is not None:
            return LayerRange(known[0], known[1], RangeSource.CALIBRATION)
        return LayerRange(benchmark.minimum, benchmark.maximum, RangeSource.BENCHMARK)


def judged(row: LayerDiff, profile: Profile) -> LayerDiff:
    """The row under (another) profile; rows that are not comparable stay so."""
    if row.metrics is None or row.sample is None or row.benchmark is None or row.range is None:
        return row
    figures = Figures(row.metrics, row.sample, row.benchmark, row.range, row.pair.feeds_convolution)
    judgement = judge(figures, profile, row.name, row.op_type)
    if (row.verdict, row.reasons, row.over) == (judgement.verdict, judgement.reasons, judgement.over):
        return row
    return replace(row, verdict=judgement.verdict, reasons=judgement.reasons, over=judgement.over)


def _not_comparable(pair: Pair, error: SgsError | None) -> LayerDiff:
    reason = "file changed" if isinstance(error, FileChangedError) else (error.message if error else "not measured")
    return LayerDiff(pair, None, None, None, None, Verdict.NOT_COMPARABLE, (reason,), notes=pair.notes)

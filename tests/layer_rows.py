"""Hand-made rows for tests of everything that shows, sorts or filters them."""

from math import inf, nan

import numpy as np

from sgs_tui.engine.compare.results import (
    LayerDiff,
    LayerRange,
    Metrics,
    Pair,
    RangeSource,
    SideStats,
    Unmatched,
    Verdict,
)
from sgs_tui.engine.dumps.format import Direction, Record


def record(name: str = "conv1", op_index: int = 1, op_type: str = "CONV_2D", slot: int = 0) -> Record:
    return Record(
        number=op_index,
        direction=Direction.OUT,
        slot=slot,
        op_index=op_index,
        op_type=op_type,
        name=name,
        scale=0.0,
        zero_point=0,
        type_name="float",
        constant=False,
        shape=(1, 2, 2, 2),
        dtype=np.dtype("<f4"),
        offset=0,
        size=32,
        declared=32,
        count=8,
    )


def stats(minimum: float = -1.0, maximum: float = 1.0, nan_count: int = 0) -> SideStats:
    return SideStats(8, minimum, maximum, 0.25, nan_count, 0, 1)


def metrics(rmse: float = 0.01, cos: float = 0.9999, sqnr_db: float = 40.0, mse: float = 0.0001) -> Metrics:
    return Metrics(mse, cos, rmse, sqnr_db, 0.01, 0.125, 3, -0.001)


def layer(
    name: str = "conv1",
    number: int = 0,
    op_type: str = "CONV_2D",
    verdict: Verdict = Verdict.OK,
    figures: Metrics | None = None,
    width: float = 2.0,
    reasons: tuple[str, ...] = (),
    over: frozenset[str] = frozenset(),
    sample_name: str | None = None,
    slot: int = 0,
    index: int | None = None,
) -> LayerDiff:
    op_index = number + 1 if index is None else index
    benchmark = record(name, op_index, op_type, slot)
    sample = record(name if sample_name is None else sample_name, op_index, op_type, slot)
    return LayerDiff(
        pair=Pair(number, sample, benchmark),
        metrics=figures or metrics(),
        sample=stats(),
        benchmark=stats(-1.5, 0.5),
        range=LayerRange(-width / 2, width / 2, RangeSource.CALIBRATION),
        verdict=verdict,
        reasons=reasons,
        over=over,
        failing=over - {"range"} if verdict is Verdict.FAIL else frozenset(),
    )


def failing(name: str, number: int, rmse: float = 0.999086) -> LayerDiff:
    return layer(
        name,
        number,
        verdict=Verdict.FAIL,
        figures=metrics(rmse, 0.19401, 1.5, 0.629666),
        width=40.0,
        reasons=(f"RMSE {rmse:.6f} is over 0.5",),
        over=frozenset({"rmse", "range"}),
    )


def not_finite(name: str, number: int) -> LayerDiff:
    figures = Metrics(nan, nan, nan, nan, nan, nan, -1, nan)
    row = layer(name, number, verdict=Verdict.FAIL, figures=figures, reasons=("3 NaN in sample",))
    return LayerDiff(row.pair, figures, stats(nan, nan, 3), row.benchmark, row.range, row.verdict, row.reasons)


def perfect(name: str, number: int) -> LayerDiff:
    return layer(name, number, figures=Metrics(0.0, 1.0, 0.0, inf, 0.0, 0.0, 0, 0.0))


def not_comparable(name: str, number: int, reason: str = "size differs: 8 / 16") -> LayerDiff:
    row = layer(name, number)
    return LayerDiff(row.pair, None, None, None, None, Verdict.NOT_COMPARABLE, (reason,))


def unmatched(name: str, side: str = "benchmark", reason: str = "only in benchmark") -> Unmatched:
    assert side in ("sample", "benchmark")
    return Unmatched(name, "sample" if side == "sample" else "benchmark", reason, record(name))


HOSTILE_NAMES = (
    "a[/b]",
    "[red]x",
    "\x1b[31mred\x07",
    "tab\there",
    "line\nbreak",
    "=1+1",
    '+cmd|"/c calc"!A1',
    "@sum",
    "-x",
    "pipe|and`tick`",
    '"quoted",comma',
    "\u202egnp.exe",
    "\udcff\udcfe stray bytes",
    "卷积层/输出:0",
    "مخرج",
    "n" * 5000,
)
"""Names a dump may hold and nobody may be hurt by."""

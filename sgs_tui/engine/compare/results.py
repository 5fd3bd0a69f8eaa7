"""What a comparison yields: one `LayerDiff` a layer, and what could not be paired."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from sgs_tui.engine.dumps.format import Record
from sgs_tui.engine.network.narrow import Slices
from sgs_tui.language import Message

Side = Literal["sample", "benchmark"]


class Verdict(StrEnum):
    """Judgement of a layer under a threshold profile; why is in `LayerDiff.reasons`."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    NOT_COMPARABLE = "not comparable"


class RangeSource(StrEnum):
    """Where a layer's range was taken from."""

    CALIBRATION = "calibration"
    BENCHMARK = "benchmark"


@dataclass(frozen=True, slots=True)
class SideStats:
    """One side of a layer. `minimum` and `maximum` are over finite values (NaN where there are none).

    `mean` is NaN where the side holds NaN or Inf.
    """

    count: int
    minimum: float
    maximum: float
    mean: float
    nan: int
    inf: int
    zeros: int

    @property
    def finite(self) -> bool:
        return self.nan == 0 and self.inf == 0

    @property
    def all_zero(self) -> bool:
        return 0 < self.count == self.zeros

    @property
    def lively(self) -> bool:
        """Nothing but numbers, not all of them zero: as nearly every side is."""
        return self.nan == 0 == self.inf and self.zeros < self.count

    @property
    def width(self) -> float:
        return self.maximum - self.minimum


@dataclass(frozen=True, slots=True)
class Metrics:
    """The manual's three metrics and their relatives; their formulas are in metrics.py.

    Both sides all zero: cos 1, rmse 0, sqnr inf. One side all zero: cos 0; rmse and relative_l2 inf where it is the
    benchmark. All NaN where a side holds NaN or Inf. Of indices rmse and mse are the share that differs, cos is the
    share that is equal. `max_abs_index` is the flat position (benchmark's order) of the
    first largest |s-b|; -1 for empty tensors.
    """

    mse: float
    cos: float
    rmse: float
    sqnr_db: float
    relative_l2: float
    max_abs_error: float
    max_abs_index: int
    mean_error: float


@dataclass(frozen=True, slots=True)
class LayerRange:
    """Range of a layer's values: from calibration, or without it from the benchmark's data."""

    minimum: float
    maximum: float
    source: RangeSource

    @property
    def width(self) -> float:
        return self.maximum - self.minimum


@dataclass(frozen=True, slots=True)
class Pair:
    """A layer on both sides.

    `shape` from the headers or a shapes file, else None; `channels` is its last axis, which the convolutions'
    biases imply even without shapes. `notes` say how it was paired when not by exact name and plain order.
    `excluded` says why the data mean nothing although both sides have it; None where they do. `indices`: positions or
    labels, which are equal or not.
    """

    number: int
    sample: Record
    benchmark: Record
    shape: tuple[int, ...] | None = None
    feeds_convolution: bool | None = None
    notes: tuple[str, ...] = ()
    channels: int | None = None
    excluded: str | None = None
    indices: bool = False

    @property
    def name(self) -> str:
        return self.benchmark.name

    @property
    def op_type(self) -> str:
        return self.benchmark.op_type

    def record(self, side: Side) -> Record:
        return self.sample if side == "sample" else self.benchmark

    @property
    def size(self) -> int:
        return self.sample.size + self.benchmark.size


@dataclass(frozen=True, slots=True)
class Top1:
    """The class of highest score on both sides (the first of equal ones), by its place in the output vector."""

    sample: int
    benchmark: int

    @property
    def agrees(self) -> bool:
        return self.sample == self.benchmark

    @property
    def text(self) -> str:
        if self.agrees:
            return Message("top-1 agrees: class {benchmark}", benchmark=self.benchmark)
        return Message(
            "top-1 differs: class {sample} in the sample, {benchmark} in the benchmark",
            sample=self.sample,
            benchmark=self.benchmark,
        )


@dataclass(frozen=True, slots=True)
class LayerDiff:
    """One row: a pair, its figures and the verdict.

    `metrics` and the statistics are None only where `verdict` is NOT_COMPARABLE; `reasons` then say why.
    `over` names the metrics beyond a limit of the profile ("rmse", "cos", "range", ...), `failing` those of them that
    are beyond one that fails.
    `transposed` is set where the sample only fits after an NHWC/NCHW change. `slices` of concats and graph outputs,
    `top1` of graph outputs that score classes; None elsewhere.
    """

    pair: Pair
    metrics: Metrics | None
    sample: SideStats | None
    benchmark: SideStats | None
    range: LayerRange | None
    verdict: Verdict
    reasons: tuple[str, ...] = ()
    over: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    transposed: bool = False
    failing: frozenset[str] = frozenset()
    slices: Slices | None = None
    top1: Top1 | None = None

    @property
    def name(self) -> str:
        return self.pair.name

    @property
    def op_type(self) -> str:
        return self.pair.op_type

    @property
    def index(self) -> int:
        return self.pair.benchmark.op_index

    @property
    def feeds_convolution(self) -> bool | None:
        """Whether a convolution reads it; None where the dumps do not tell."""
        return self.pair.feeds_convolution

    @property
    def calibrated(self) -> tuple[float, float] | None:
        """Its range, where that is from calibration."""
        known = self.range is not None and self.range.source is RangeSource.CALIBRATION
        return (self.range.minimum, self.range.maximum) if self.range is not None and known else None

    @property
    def grid_width(self) -> float:
        """What the grid in the sample's header spans, else the calibrated range; 0 where neither is known."""
        from sgs_tui.engine.network.scales import grid_of  # needs numpy, which the first picture does without

        grid = grid_of(self.pair.sample)
        if grid is not None:
            return grid.high - grid.low
        return self.range.width if self.range is not None and self.calibrated else 0.0

    @property
    def has_non_finite(self) -> bool:
        return any(side is not None and not side.finite for side in (self.sample, self.benchmark))


@dataclass(frozen=True, slots=True)
class Unmatched:
    """An output (or graph input) that is not compared, and why."""

    name: str
    side: Side
    reason: str
    record: Record


@dataclass(frozen=True, slots=True)
class Matching:
    """Everything both dumps hold: pairs in the benchmark's order, and the rest with reasons."""

    pairs: tuple[Pair, ...]
    unmatched: tuple[Unmatched, ...] = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """A comparison in one line. `worst` is the row of the highest RMSE (NaN first) that means anything."""

    layers: int
    failed: int
    warned: int
    not_comparable: int
    unmatched: int
    first_failing: LayerDiff | None
    worst: LayerDiff | None

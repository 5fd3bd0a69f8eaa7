"""The metrics of a layer, one entry each: name, direction, form, limits, formula, words.

Everything that lists, limits, sorts, filters or writes metrics reads `METRICS`. A new one is a field of
`results.Metrics` and an entry in `_LAYER` here; `BRIEF` names those that reports for people show first.
Formulas give the defined answers for odd tensors (`results.Metrics` has them).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from math import inf, isnan, log10, nan, sqrt
from typing import TYPE_CHECKING, Any, Protocol

from sgs_tui.engine.compare.results import LayerRange, Metrics, SideStats
from sgs_tui.engine.network.narrow import Slices
from sgs_tui.language import Message

if TYPE_CHECKING:  # the app's first picture is painted before numpy is loaded
    from sgs_tui.engine.compare.sums import Sums, Totals


class Figures(Protocol):
    """What metrics are read from: a row of a comparison, or whatever else keeps the figures of a layer."""

    @property
    def metrics(self) -> Metrics | None: ...
    @property
    def sample(self) -> SideStats | None: ...
    @property
    def benchmark(self) -> SideStats | None: ...
    @property
    def range(self) -> LayerRange | None: ...


class Worse(Enum):
    """Which way a metric gets worse; SIZE: away from zero."""

    HIGH = "high"
    LOW = "low"
    SIZE = "size"


class Form(Enum):
    """How a metric is written; front ends say with how many digits."""

    PLAIN = "plain"
    RATIO = "ratio"
    SMALL = "small"  # its small values matter
    COSINE = "cosine"
    DECIBEL = "decibel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One number of a row.

    `key`, `also`: its names in filters, options, files and profiles; `name`: in sentences, without its `unit`; `head`
    and `short`: its column head where that is another, and that of a narrow column of `cells` cells; `words`: what
    it is.
    `limits`: where a limit of it makes sense (the outer infinity lifts one), None where it can not be limited.
    `formula`: how it comes from one pass, into a field of `Metrics`; `read`: how it is found where it is none.
    `error`: the size of the error it stands for, as a ratio; `scaled`: (value, ratio) to the value with an error
    `ratio` times as large and otherwise alike.
    """

    key: str
    name: str
    unit: str = ""
    head: str = ""
    short: str = ""
    also: tuple[str, ...] = ()
    read: Callable[[Figures], float | None] | None = None
    worse: Worse = Worse.HIGH
    words: str = ""
    form: Form = Form.PLAIN
    cells: int = 9
    limits: tuple[float, float] | None = None
    formula: "Callable[[Totals], float] | None" = None
    error: Callable[[float], float] = lambda value: value
    scaled: Callable[[float, float], float] = lambda value, ratio: value * ratio

    @property
    def title(self) -> str:
        return self.head or (Message("{name} {unit}", name=self.name, unit=self.unit) if self.unit else self.name)

    @property
    def sign(self) -> str:
        """How a value stands to a limit that it breaks."""
        return "<" if self.worse is Worse.LOW else ">"

    def value(self, row: Figures) -> float | None:
        """The number of that row; None where it has none (not comparable, extremes of empty tensors)."""
        if self.read is not None:
            return self.read(row)
        return None if row.metrics is None else float(getattr(row.metrics, self.key))

    def badness(self, row: Figures) -> float | None:
        """The number turned so that more is worse; NaN stays NaN."""
        value = self.value(row)
        if value is None or self.worse is Worse.HIGH:
            return value
        return -value if self.worse is Worse.LOW else abs(value)

    def beyond(self, value: float, limit: float | None) -> bool:
        """Whether the value breaks the limit; NaN breaks none."""
        return limit is not None and (value < limit if self.worse is Worse.LOW else value > limit)


def _of_side(side: str, end: str, name: str, short: str = "") -> Metric:
    def read(row: Figures) -> float | None:
        stats: SideStats | None = getattr(row, side)
        return float(getattr(stats, f"{end}imum")) if stats is not None and stats.count else None

    worse = Worse.LOW if end == "min" else Worse.HIGH
    return Metric(key=f"{side}_{end}", name=name, short=short, read=read, worse=worse)


def _index(row: Any) -> float:
    return float(row.index)


def _range(row: Figures) -> float | None:
    """None too for an empty tensor: it has no values, which is nothing bad, and so no range of its own."""
    if row.range is None or (isnan(row.range.width) and row.benchmark is not None and not row.benchmark.count):
        return None
    return row.range.width


def _worst_slice(row: Figures) -> float | None:
    """None too where no slice is narrow."""
    slices: Slices | None = getattr(row, "slices", None)
    return min((each.sqnr_db for each in slices.below(inf)), default=None) if slices is not None else None


def _ratio(error: float, reference: float) -> float:
    if reference == 0:
        return 0.0 if error == 0 else inf
    return error / reference


def _cosine(total: "Totals") -> float:
    if total.dd == 0:
        return 1.0
    if total.ss == 0 or total.bb == 0:
        return 0.0
    return max(-1.0, min(1.0, total.sb / (sqrt(total.ss) * sqrt(total.bb))))


def _decibel(signal: float, noise: float) -> float:
    """10 log10(signal / noise); +inf for no noise, -inf for no signal."""
    if noise == 0:
        return inf
    return 10 * log10(signal / noise) if signal and signal / noise else -inf


_UPPER = (0.0, inf)

_LAYER = (
    Metric(
        key="rmse",
        name="RMSE",
        formula=lambda total: _ratio(total.abs_d, total.abs_b),
        words=Message("Σ|s-b| / Σ|b|: the manual's RMSE, a relative L1 error, not a root"),
        form=Form.RATIO,
        cells=6,
        limits=_UPPER,
    ),
    Metric(
        key="cos",
        name="COS",
        formula=_cosine,
        words=Message("Σ(s·b) / √(Σs² Σb²): 1 is the same direction; a mere gain is not seen"),
        worse=Worse.LOW,
        form=Form.COSINE,
        cells=8,
        limits=(-inf, 1.0),
        error=lambda value: 1 - value,
        scaled=lambda value, ratio: 1 - (1 - value) * ratio**2,
    ),
    Metric(
        key="mse",
        name="MSE",
        formula=lambda total: _ratio(total.dd, total.n),
        words=Message("Σ(s-b)² / n: in squared units of the layer"),
        form=Form.SMALL,
        cells=8,
        limits=_UPPER,
        scaled=lambda value, ratio: value * ratio**2,
    ),
    Metric(
        key="sqnr_db",
        name="SQNR",
        unit="dB",
        formula=lambda total: _decibel(total.bb, total.dd),
        words=Message("10 log10(Σb² / Σ(s-b)²): 6 dB is one bit; clean 8 bit gives about 30-40"),
        worse=Worse.LOW,
        also=("sqnr",),
        form=Form.DECIBEL,
        cells=7,
        limits=(-inf, inf),
        error=lambda value: 10 ** (-value / 20),
        scaled=lambda value, ratio: value - 20 * log10(ratio) if ratio > 0 else inf,
    ),
    Metric(
        key="relative_l2",
        name=Message("relative L2"),
        head=Message("rel. L2"),
        also=("l2",),
        formula=lambda total: sqrt(_ratio(total.dd, total.bb)),
        words="√(Σ(s-b)² / Σb²)",
        form=Form.RATIO,
        limits=_UPPER,
    ),
    Metric(
        key="max_abs_error",
        name=Message("max error"),
        formula=lambda total: total.largest,
        words=Message("the largest |s-b|"),
        short=Message("max err"),
        also=("maxerr", "max_error"),
        limits=_UPPER,
    ),
    Metric(
        key="mean_error",
        name=Message("mean error"),
        formula=lambda total: _ratio(total.s - total.b, total.n),
        words=Message("mean of s-b: far from 0 means an offset"),
        worse=Worse.SIZE,
    ),
    Metric(
        key="range",
        name=Message("range"),
        read=_range,
        words=Message("max - min, from calibration where known, else of the benchmark's data"),
        cells=6,
        limits=_UPPER,
    ),
)
_SIDES = (
    _of_side("sample", "min", Message("sample min")),
    _of_side("sample", "max", Message("sample max")),
    _of_side("benchmark", "min", Message("bench. min"), Message("bench min")),
    _of_side("benchmark", "max", Message("bench. max"), Message("bench max")),
)
_PLACE = Metric(key="index", name="#", read=_index, cells=5)

_SLICE = Metric(
    key="slice_sqnr_db",
    name=Message("slice SQNR"),
    unit="dB",
    short=Message("slice dB"),
    read=_worst_slice,
    worse=Worse.LOW,
    also=("slice", "slice_sqnr"),
    words=Message("of the worst channel or concat branch under 4 steps: 10 log10(Σ(b-mean b)² / Σ(s-b)²)"),
    form=Form.DECIBEL,
    limits=(-inf, inf),
    error=lambda value: 10 ** (-value / 20),
)

METRICS: dict[str, Metric] = {metric.key: metric for metric in (_PLACE, *_LAYER, *_SIDES, _SLICE)}
"""Every metric by its key, in the order of columns."""

OF_LAYER: tuple[str, ...] = tuple(metric.key for metric in _LAYER)
"""What there is to say of a layer as a whole, apart from its place and its two sides."""

BRIEF = ("rmse", "cos", "sqnr_db", "mse", "max_abs_error", "range")
"""What reports for people show of a layer."""

BY_PRIORITY: tuple[str, ...] = tuple(dict.fromkeys((*BRIEF, *(metric.key for metric in _SIDES), *OF_LAYER)))
"""What a table shows as far as there is room."""

_FORMULAS = tuple((metric.key, metric.formula) for metric in _LAYER if metric.formula is not None)
_SHORT = {short: metric.key for metric in _LAYER for short in metric.also}


def known_metric(name: str) -> Metric | None:
    """The metric of that key or short name (`sqnr`, `maxerr`, `l2`), in any case; None where there is none."""
    key = name.lower()
    return METRICS.get(_SHORT.get(key, key))


@dataclass(frozen=True, slots=True)
class LayerFigures:
    """What one pass over a layer says: its metrics and the statistics of both sides."""

    metrics: Metrics
    sample: SideStats
    benchmark: SideStats


def figures_of(sums: "Sums") -> LayerFigures:
    """Metrics (definitions in `Metrics`) and statistics of one pass."""
    total = sums.totals()
    broken = sums.sample.non_finite or sums.benchmark.non_finite
    return LayerFigures(
        _of_non_finite(sums.max_abs_index) if broken else metrics_of(total, sums.max_abs_index),
        sums.sample.stats(sums.count, total.s),
        sums.benchmark.stats(sums.count, total.b),
    )


def metrics_of(total: "Totals", max_abs_index: int) -> Metrics:
    """Metrics of finite values from their sums."""
    return Metrics(**{key: formula(total) for key, formula in _FORMULAS}, max_abs_index=max_abs_index)


def _of_non_finite(max_abs_index: int) -> Metrics:
    return Metrics(**{key: nan for key, _ in _FORMULAS}, max_abs_index=max_abs_index)


def with_error(metrics: Metrics, ratio: float) -> Metrics:
    """The metrics of a layer whose error is `ratio` times as large and otherwise alike."""
    values = {key: METRICS[key].scaled(getattr(metrics, key), ratio) for key, _ in _FORMULAS}
    return Metrics(**values, max_abs_index=-1)

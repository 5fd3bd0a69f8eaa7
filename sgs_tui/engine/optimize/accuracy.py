"""How accurate a fixed dump is against its float one, in figures that sets of 16-bit tensors are ranked by."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from math import inf, isfinite, isnan, log10
from pathlib import Path
from threading import Event
from typing import Any

from sgs_tui.engine.compare.results import LayerDiff, LayerRange, Metrics, RangeSource, SideStats, Verdict
from sgs_tui.engine.compare.verdicts import Figures, judge
from sgs_tui.engine.configs.profiles import LOWER_BOUNDS, Limits, Profile
from sgs_tui.engine.errors import NothingComparableError
from sgs_tui.engine.events import Row
from sgs_tui.engine.session import CompareRequest, open_comparison

_MOST = 3.0
"""Decades that one figure may weigh: a layer that is lost altogether must not hide all others."""
_BROKEN = 2 * _MOST
_TINY = 1e-12


@dataclass(frozen=True, slots=True)
class MeasuredLayer:
    """A layer's figures, apart from any profile, so that they can be judged again under another one."""

    name: str
    op_type: str
    metrics: Metrics
    sample: SideStats
    benchmark: SideStats
    range: LayerRange
    feeds_convolution: bool | None

    @classmethod
    def of(cls, row: LayerDiff) -> "MeasuredLayer | None":
        """None for a layer without figures."""
        if row.metrics is None or row.sample is None or row.benchmark is None or row.range is None:
            return None
        fed = row.pair.feeds_convolution
        return cls(row.name, row.op_type, row.metrics, row.sample, row.benchmark, row.range, fed)

    def to_json(self) -> dict[str, Any]:
        """Every field; numbers that are not finite as Python's json writes them."""
        return asdict(self)

    @classmethod
    def from_json(cls, entry: dict[str, Any]) -> "MeasuredLayer":
        """The inverse. Raises KeyError, TypeError or ValueError for anything else."""
        spread = entry["range"]
        return cls(
            entry["name"],
            entry["op_type"],
            Metrics(**entry["metrics"]),
            SideStats(**entry["sample"]),
            SideStats(**entry["benchmark"]),
            LayerRange(spread["minimum"], spread["maximum"], RangeSource(spread["source"])),
            entry["feeds_convolution"],
        )


@dataclass(frozen=True, slots=True)
class Accuracy:
    """A whole network's figures under a profile.

    `failing` layers of `layers` are beyond a fail limit; `deficit` sums how far, in decades of the error (0 when
    all limits are kept). `worst_rmse` is inf where a layer holds NaN or Inf. Means are over layers with numbers.
    """

    layers: int
    failing: int
    deficit: float
    worst_rmse: float
    worst_layer: str
    mean_rmse: float
    min_cos: float
    mean_cos: float

    @property
    def meets(self) -> bool:
        """No layer is beyond a fail limit."""
        return self.failing == 0

    @property
    def rank(self) -> tuple[int, float, float]:
        """The smaller the better."""
        return self.failing, self.deficit, self.mean_rmse


LOST = Accuracy(0, 1 << 30, inf, inf, "", inf, 0.0, 0.0)
"""Of a trial that came to nothing."""


def measure(
    sample: Path, benchmark: Path, ranges: Path | None = None, cancel: Event | None = None
) -> tuple[MeasuredLayer, ...]:
    """Compare two dumps layer by layer. Raises NothingComparableError where no layer has figures, CancelledError."""
    comparison = open_comparison(CompareRequest(sample, benchmark, ranges))
    try:
        rows = [event.value for event in comparison.run(cancel, workers=1) if isinstance(event, Row)]
    finally:
        comparison.close()
    found = tuple(layer for row in rows if (layer := MeasuredLayer.of(row)) is not None)
    if not found:
        raise NothingComparableError(f"{sample} and {benchmark} share no layer with figures", "are they one network's?")
    return found


def accuracy(layers: Sequence[MeasuredLayer], profile: Profile) -> Accuracy:
    """The figures of all layers as one."""
    errors = [inf if isnan(layer.metrics.rmse) else layer.metrics.rmse for layer in layers]
    cosines = [layer.metrics.cos for layer in layers if not isnan(layer.metrics.cos)]
    worst = max(range(len(layers)), key=errors.__getitem__)
    return Accuracy(
        layers=len(layers),
        failing=sum(_verdict(layer, profile) is Verdict.FAIL for layer in layers),
        deficit=sum(_deficit(layer, profile) for layer in layers),
        worst_rmse=errors[worst],
        worst_layer=layers[worst].name,
        mean_rmse=_mean(error for error in errors if isfinite(error)),
        min_cos=min(cosines, default=0.0),
        mean_cos=_mean(cosines),
    )


def _verdict(layer: MeasuredLayer, profile: Profile) -> Verdict:
    figures = Figures(layer.metrics, layer.sample, layer.benchmark, layer.range, layer.feeds_convolution)
    return judge(figures, profile, layer.name, layer.op_type).verdict


def _deficit(layer: MeasuredLayer, profile: Profile) -> float:
    """Decades that the layer's errors are beyond its fail limits. A range is none of 16 bits' business."""
    if isnan(layer.metrics.rmse):
        return _BROKEN
    limits, _ = profile.limits_for(layer.name, layer.op_type)
    names = ("rmse", "cos", "mse", "sqnr_db", "relative_l2", "max_abs_error")
    return sum(_beyond(name, layer.metrics, limits) for name in names)


def _beyond(name: str, metrics: Metrics, limits: Limits) -> float:
    limit: float | None = getattr(limits, name)
    value: float = getattr(metrics, name)
    if limit is None or (value >= limit if name in LOWER_BOUNDS else value <= limit):
        return 0.0
    if name == "sqnr_db":
        decades = (limit - value) / 20
    elif name == "cos":
        decades = log10((1 - value) / max(1 - limit, _TINY))
    else:
        decades = log10(value / max(limit, _TINY)) if isfinite(value) else _MOST
    return min(_MOST, max(_TINY, decades))


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return sum(found) / len(found) if found else inf

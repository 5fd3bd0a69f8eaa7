"""Cause `gain_offset` of the calibration: it saw data of another scale, so that every range is too wide by one factor.

A network calibrated on pixels that nobody normalized has ranges 128 or 255 times its values in the input and in the
layers behind it. Each layer alone looks like a range too wide for 8 bits; no single tensor is to blame.
"""

from itertools import islice
from statistics import median

from sgs_tui.engine.diagnosis.case import Case, NetInput
from sgs_tui.engine.diagnosis.results import Cause, Evidence, Finding, Proof

_TIMES = 16.0
"""An input's calibrated range over its values from which no picture explains it: a dark photo is up to 10 below a
bright one; forgotten scales are 58, 128, 255."""

_BEHIND = 4.0
"""... and the median of the first layers: biases do not grow with the data."""

_LAYERS = 6


def find_other_calibration(case: Case) -> Finding | None:
    """The input whose calibrated range is many times its values, with the first layers as well."""
    for item in case.inputs:
        times = _times(case, item)
        behind = [(name, ratio) for name, ratio in islice(_ratios(case), _LAYERS) if ratio]
        if times >= _TIMES and behind and median(ratio for _, ratio in behind) >= _BEHIND:
            return _finding(item.name, times, behind)
    return None


def _times(case: Case, item: NetInput) -> float:
    """How many times an input's calibrated range is as wide as the benchmark's values (zero included)."""
    record = item.benchmark
    if record is None or not case.tensors.readable(record):
        return 0.0
    known = case.ranges.find(item.name) if case.ranges else None
    if known is None and item.sample is not None and item.sample.scale:
        scale, zero = item.sample.scale, item.sample.zero_point
        known = (-zero * scale, (255 - zero) * scale)
    values = case.tensors.spread(record, 1 << 16)
    return _ratio(known, (float(values.min()), float(values.max()))) if known and values.size else 0.0


def _ratios(case: Case) -> list[tuple[str, float]]:
    found = []
    for name, row in case.compared.items():
        grid = case.grid(name)
        if grid is not None and row.benchmark is not None:
            values = (row.benchmark.minimum, row.benchmark.maximum)
            found.append((name, _ratio((grid.low, grid.high), values)))
    return found


def _ratio(calibrated: tuple[float, float], values: tuple[float, float]) -> float:
    wide, narrow = (max(high, 0.0) - min(low, 0.0) for low, high in (calibrated, values))
    return wide / narrow if narrow > 0 else 0.0


def _finding(name: str, times: float, behind: list[tuple[str, float]]) -> Finding:
    layers = ", ".join(f"{layer} {ratio:.3g}" for layer, ratio in behind[:3])
    return Finding(
        Cause.GAIN_OFFSET,
        (name, *(layer for layer, _ in behind)),
        confidence=0.9,
        evidence=(
            Evidence(f"{name} was calibrated on data about {times:.3g} times larger than the benchmark's", times, name),
            Evidence(
                f"so were the layers behind it ({layers} times): no single tensor is too wide",
                median(ratio for _, ratio in behind),
            ),
        ),
        advice=(
            "the calibration's preprocess is another one (not normalized?): make it that of the runs, calibrate again",
        ),
        refuted_by="the calibration's preprocess, put on this picture, gives values of the benchmark's size",
        explained=1.0,
        size=2.0,
        behind=tuple(layer for layer, _ in behind[:1]),
        proof=Proof.LAYER,
    )

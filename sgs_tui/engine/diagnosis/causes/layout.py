"""Cause `layout`: one side is NCHW, the other NHWC (the vendor's simulators and dumpers write NHWC)."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from sgs_tui.engine.diagnosis.case import Case
from sgs_tui.engine.diagnosis.causes.padding_kept import CLEAR, GLIMPSE, RIGHT
from sgs_tui.engine.diagnosis.results import Cause, Evidence, Finding
from sgs_tui.engine.dumps.layouts import divisors
from sgs_tui.engine.network.tensors import WHOLE, Values, cosine
from sgs_tui.language import Message, joined, plural

Places = npt.NDArray[np.int64]
_GLANCES, _STEP = ((1 << 12, 2 * GLIMPSE), (1 << 16, GLIMPSE)), 1_000_003
"""Values looked at first and how far below COS 0.9 they may be; how far apart: a prime, so that all channels are among
them."""


@dataclass(frozen=True, slots=True)
class _Turned:
    """A layer that fits once one side is read in the other layout."""

    name: str
    before: float
    after: float
    side: str


def find_layout(case: Case) -> Finding | None:
    """Layers that only fit transposed, where they are at least half of those that could."""
    turned = [found for name in case.compared if (found := _turned(case, name))]
    bad = set(case.suspects) | {each.name for each in turned}
    if not turned or len(turned) < 0.5 * len([name for name in bad if _channels(case, name)]):
        return None
    worst = min(turned, key=lambda each: each.after)
    sides = joined((Message(side) for side in sorted({each.side for each in turned})), " and ")
    evidence = (
        Evidence(
            plural(
                len(turned),
                "{number} layer fits once the {sides} is read as NCHW",
                "{number} layers fit once the {sides} is read as NCHW",
                sides=sides,
            ),
            len(turned),
        ),
        Evidence(
            Message(
                "{name}: COS {before:.4f} as stored, {after:.4f} transposed",
                name=worst.name,
                before=worst.before,
                after=worst.after,
            ),
            worst.after,
            worst.name,
        ),
    )
    share = len(turned) / max(len(bad), 1)
    return Finding(
        Cause.LAYOUT,
        tuple(each.name for each in turned),
        confidence=min(0.99, 0.5 + 0.5 * share),
        evidence=evidence,
        advice=(Message("dump both sides in one layout (the vendor's simulators and dumpers write NHWC)"),),
        refuted_by=Message("the same layers differ between two dumps of one layout"),
        explained=share,
        size=max(1 - each.before for each in turned),
    )


def _turned(case: Case, name: str) -> _Turned | None:
    row = case.compared[name]
    if row.transposed and row.metrics is not None:
        side = next(("benchmark" for note in row.notes if "benchmark NCHW" in note), "sample")
        return _Turned(name, float("nan"), row.metrics.cos, side)
    if name not in case.suspects or not case.comparable(name) or row.pair.benchmark.count > WHOLE:
        return None
    sample, truth = case.ours.read(row.pair.sample), case.theirs.read(row.pair.benchmark)
    before = row.metrics.cos if row.metrics is not None else 0.0
    tried = sorted(_tries(sample, truth, _channels(case, name)), reverse=True)
    if not tried or tried[0][0] < RIGHT or (1 - tried[0][0]) * CLEAR > 1 - before:
        return None
    return _Turned(name, before, *tried[0])


def _tries(sample: Values, truth: Values, channels: list[int]) -> Iterator[tuple[float, str]]:
    """COS with one side turned, where a glimpse of it is promising."""
    for each in channels:
        if _promising(truth, sample, each):
            yield cosine(sample.reshape(each, -1).T.ravel(), truth), "sample"
        if _promising(sample, truth, each):
            yield cosine(sample, truth.reshape(each, -1).T.ravel()), "benchmark"


def _promising(plain: Values, turned: Values, channels: int) -> bool:
    """Whether a few of the values and then more of them are alike once one side is turned."""
    for few, slack in _GLANCES:
        ours, theirs = _spread(plain.size, channels, few)
        if cosine(plain[ours], turned[theirs]) < RIGHT - slack:
            return False
    return True


@lru_cache(maxsize=32)
def _spread(count: int, channels: int, few: int) -> tuple[Places, Places]:
    """Places all over a layer in NHWC order, and where the same values lie in NCHW order."""
    at = np.arange(min(count, few), dtype=np.int64) * _STEP % count
    return at, (at % channels) * (count // channels) + at // channels


def _channels(case: Case, name: str) -> list[int]:
    """The layer's channels, or every divisor of its size where nothing tells them."""
    pair = case.compared[name].pair
    count = pair.benchmark.count
    known = case.channels(name)
    return [each for each in ([known] if known else divisors(count)) if 1 < each < count and count % each == 0]

"""Layout detective: is a four-dimensional layer only bad because one side is NCHW and the other NHWC?"""

from dataclasses import dataclass
from math import isnan, prod

from sgs_tui.engine.compare.figures import LayerFigures, figures_of
from sgs_tui.engine.compare.kernel import BLOCK, Kernel, Sums
from sgs_tui.engine.compare.results import Pair
from sgs_tui.engine.compare.sides import PLAIN, Layout, SideReader
from sgs_tui.engine.dumps.reader import Dump

SUSPECT_COS = 0.98
"""Below it a layer is tried in the other layout, as in the vendor's compareAccuracy.c."""

_CLEAR = 5.0
"""A winner's 1 - cos is at most a fifth of every other candidate's."""

_SAME = 1e-12

_PREFIX = 32 * BLOCK
"""Elements a candidate is judged by before the whole layer is read again."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A reading of both sides: which one is taken as NCHW."""

    text: str
    sample: Layout
    benchmark: Layout


def candidates(pair: Pair) -> tuple[Candidate, ...]:
    """The readings worth trying: both sides hold equally many elements and a shape of rank four is known."""
    shape = pair.benchmark.shape or pair.sample.shape or pair.shape
    if shape is None or len(shape) != 4 or pair.sample.count != pair.benchmark.count:
        return ()
    if prod(shape) != pair.benchmark.count or _same_either_way(shape):
        return ()
    n, a, b, c = shape
    as_nhwc, as_nchw = (n, a, b, c), (n, b, c, a)
    return (
        Candidate("sample is NCHW, benchmark NHWC", Layout(nchw=as_nhwc), PLAIN),
        Candidate("sample is NHWC, benchmark NCHW", PLAIN, Layout(nchw=as_nchw)),
    )


def _same_either_way(shape: tuple[int, ...]) -> bool:
    """One channel or one pixel: both layouts hold the same sequence."""
    return sum(size > 1 for size in shape[1:]) <= 1


def winner(
    pair: Pair, sample: Dump, benchmark: Dump, kernel: Kernel, plain_cos: float
) -> tuple[Candidate, LayerFigures] | None:
    """The candidate that clearly explains the layer, with the figures of the whole layer read that way."""
    if not plain_cos < SUSPECT_COS:
        return None
    tried = [(_prefix_cos(c, pair, sample, benchmark, kernel), c) for c in candidates(pair)]
    tried.sort(key=lambda item: item[0], reverse=True)
    if not tried or tried[0][0] < SUSPECT_COS:
        return None
    best_cos, best = tried[0]
    # With one row of pixels both readings are the same permutation: a tie then is no doubt.
    others = [plain_cos] + [cos for cos, _ in tried[1:] if abs(cos - best_cos) > _SAME]
    if (1 - best_cos) * _CLEAR > min(1 - cos for cos in others):
        return None
    figures = figures_of(_sums(best, pair, sample, benchmark, kernel, pair.benchmark.count))
    return (best, figures) if figures.metrics.cos >= SUSPECT_COS else None


def _prefix_cos(candidate: Candidate, pair: Pair, sample: Dump, benchmark: Dump, kernel: Kernel) -> float:
    sums = _sums(candidate, pair, sample, benchmark, kernel, min(_PREFIX, pair.benchmark.count))
    cos = figures_of(sums).metrics.cos
    return -1.0 if isnan(cos) else cos


def _sums(candidate: Candidate, pair: Pair, sample: Dump, benchmark: Dump, kernel: Kernel, count: int) -> Sums:
    left = SideReader(sample, pair.sample, candidate.sample)
    right = SideReader(benchmark, pair.benchmark, candidate.benchmark)
    sums = Sums()
    for start in range(0, count, BLOCK):
        kernel.add(sums, left, right, start, min(BLOCK, count - start))
    return sums

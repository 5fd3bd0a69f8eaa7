"""The best gain and offset between two tensors, and how far they go."""

from dataclasses import dataclass

import numpy as np

from sgs_tui.engine.diagnosis.energy import share
from sgs_tui.engine.diagnosis.tensors import Values


@dataclass(frozen=True, slots=True)
class Fit:
    """sample = gain * truth + offset: the share of the error that explains, and the squared correlation."""

    gain: float
    offset: float
    explained: float
    correlation: float

    @property
    def good(self) -> float:
        """How well a gain and an offset describe it: unrelated tensors come closer with a gain of 0 too."""
        return min(self.explained, self.correlation)


def affine_fit(sample: Values, truth: Values, channels: int = 1) -> Fit:
    """One gain and one offset for each of `channels` (the last axis); the fit names their means. Both flat."""
    ours = sample.reshape(-1, max(channels, 1)).astype(np.float64)
    theirs = truth.reshape(-1, max(channels, 1)).astype(np.float64)
    left, right = ours - ours.mean(axis=0), theirs - theirs.mean(axis=0)
    spread = np.square(right).sum(axis=0)
    gains = np.where(spread > 0, (left * right).sum(axis=0) / np.where(spread > 0, spread, 1), 1)
    rest = (left - gains * right).astype(np.float32)
    return Fit(
        gain=float(gains.mean()),
        offset=float((ours.mean(axis=0) - gains * theirs.mean(axis=0)).mean()),
        explained=share((ours - theirs).astype(np.float32), rest),
        correlation=share(left.astype(np.float32), rest),
    )

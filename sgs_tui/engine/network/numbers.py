"""The size of an error, in float64."""

from math import isfinite

import numpy as np

from sgs_tui.engine.network.tensors import Values


def rms(values: Values) -> float:
    """Root mean square in float64; 0 for nothing. Without BLAS, whose threads wait for each other on a busy machine."""
    if not values.size:
        return 0.0
    with np.errstate(all="ignore"):
        return float(np.sqrt(np.square(values, dtype=np.float64).mean()))


def share(error: Values, rest: Values) -> float:
    """How much of an error's energy is gone when only `rest` of it is left: 1 all, 0 none or it got worse."""
    energy = rms(error) ** 2
    return max(0.0, 1 - rms(rest) ** 2 / energy) if energy > 0 and isfinite(energy) else 0.0

"""Changes of a network's input, and the step by which a gain and an offset for each channel are fitted."""

from collections.abc import Callable

import numpy as np

from sgs_tui.engine.diagnosis.tensors import Values
from sgs_tui.engine.diagnosis.trials import Change


def same(values: Values) -> Values:
    """No change at all."""
    return values


def reordered(order: tuple[int, ...]) -> Change:
    """Channels in another order: order[i] is the channel that comes i-th."""
    return lambda values: values[..., list(order)]


def affine(numbers: Values) -> Change:
    """A gain and an offset; `numbers` are the gains, then the offsets, one for each channel or one for all."""
    gains, offsets = np.split(numbers.astype(np.float32), 2)
    return lambda values: values * gains + offsets


def improved(numbers: Values, made: Callable[[Values], Values], target: Values, scale: float) -> Values:
    """One Gauss-Newton step with differences for derivatives."""
    now = made(numbers)
    columns = []
    for place in range(numbers.size):
        nudge = 0.02 if place < numbers.size // 2 else 0.02 * scale
        other = numbers.copy()
        other[place] += nudge
        columns.append((made(other) - now) / nudge)
    slopes = np.stack(columns, axis=1).astype(np.float64)
    step, *_ = np.linalg.lstsq(slopes, (target - now).astype(np.float64), rcond=None)
    result: Values = numbers + step
    return result

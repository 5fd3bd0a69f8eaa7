"""How far a twin may be off a fixed dump, and what it is then good for: the one rule for diagnosis, advice and the app.

Apart from `agreement`, which measures it, because whoever shows a diagnosis does without numpy.
"""

TRUSTED = 0.5
"""Median dB up to which its figures are promised: 0 to 0.35 where only quantization differs (26 pairs)."""

REPRODUCED = 1.0
"""Median dB up to which it gives a dump: changes may be tried on it. Another picture, channel order, gain or offset is
8 dB and more."""

ROUGHLY = 2.0
"""Factor within which it foresees the RMSE of a layer of few values, whose rounding is chance: 0.70 to 1.68 was
measured, over 48 layers of 20 pairs whose dump it gives."""


def trusted(median_db: float, counted: int) -> bool:
    """Whether figures of a twin so far off (NaN of no layers) are promised."""
    return counted > 0 and median_db <= TRUSTED


def reproduces(median_db: float, counted: int) -> bool:
    """Whether a twin so far off gives the dump, if only roughly: what it foresees is then what was measured."""
    return counted > 0 and median_db <= REPRODUCED

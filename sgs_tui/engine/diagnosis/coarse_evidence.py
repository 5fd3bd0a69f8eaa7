"""The numbers that prove a step too coarse."""

from collections.abc import Iterator, Sequence

import numpy as np

from sgs_tui.engine.diagnosis.case import Case
from sgs_tui.engine.diagnosis.coarse import Coarse, channel_tops, inside, width
from sgs_tui.engine.diagnosis.domains import Domain
from sgs_tui.engine.diagnosis.energy import rms
from sgs_tui.engine.diagnosis.grids import Grid
from sgs_tui.engine.diagnosis.phrases import percent
from sgs_tui.engine.diagnosis.results import Evidence


def cost_of(worst: Coarse) -> Evidence:
    """What a coarse tensor costs the layer that suffers most."""
    if not worst.proven and worst.tensor != worst.victim:
        text = f"{worst.victim} goes bad by {percent(worst.cost)} of its signal right behind {worst.tensor}"
        return Evidence(f"{text} (not proven: it can not be computed again)", worst.cost, worst.tensor)
    if worst.tensor == worst.victim:
        text = f"{worst.tensor}: rounding to its step is an error of {percent(worst.cost)} of its signal"
    else:
        text = (
            f"the 8 bits of {worst.tensor}, nothing else, change {worst.victim} by {percent(worst.cost)} of its signal"
        )
    return Evidence(f"{text} ({worst.explained:.0%} of the error there)", worst.cost, worst.tensor)


def shared_evidence(case: Case, domain: Domain, grid: Grid, narrow: Sequence[str], partner: str) -> Iterator[Evidence]:
    """How narrow the narrow members of a domain are, and who sets its scale."""
    for name in narrow[:4]:
        steps = width(case, name) / grid.step
        yield Evidence(
            f"{name} spans {width(case, name):.4g}, that is {steps:.1f} steps of {grid.step:.4g}", steps, name
        )
    if partner:
        span = width(case, partner)
        yield Evidence(f"{partner} spans {span:.4g} and sets the scale of all", span, partner)
    else:
        yield Evidence(f"a tensor that is not compared sets the scale: {grid.width:.4g}", grid.width)
    yield Evidence(f"{', '.join(domain.binders)} makes {len(domain.members)} tensors share one scale")


def spread(case: Case, name: str) -> Iterator[Evidence]:
    """How concentrated a tensor's values are: per channel where known, and inside a few steps."""
    grid = case.grid(name)
    if grid is None or not case.comparable(name):
        return
    crowd, signal = inside(case, name), rms(case.both(name)[1])
    yield Evidence(f"{name}: {crowd:.0%} of its non-zero values lie within 2 steps of 0", crowd, name)
    tops = channel_tops(case, name)
    if tops.size:
        widest, middle = int(np.argmax(tops)), float(np.median(tops))
        ratio = float(tops[widest] / middle) if middle else None
        text = f"{name}: channel {widest} reaches {tops[widest]:.4g}, the median channel {middle:.4g}"
        yield Evidence(text, ratio, name)
    if signal:
        predicted = 20 * np.log10(signal / (grid.step / np.sqrt(12)))
        yield Evidence(
            f"{name}: rounding alone leaves it an SQNR of {predicted:.1f} dB as a whole", float(predicted), name
        )

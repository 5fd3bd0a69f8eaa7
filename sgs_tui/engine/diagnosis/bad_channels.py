"""Cause `bad_channels`: a few channels hold nearly all of a layer's own error."""

import numpy as np

from sgs_tui.engine.diagnosis.case import Case
from sgs_tui.engine.diagnosis.results import Budget, Cause, Evidence, Finding
from sgs_tui.engine.diagnosis.tensors import Values

FITS = 0.8
"""Share of the own error that a gain and an offset, or a few channels, have to explain."""

FEW = 0.15
"""Share of the channels that still counts as few."""


def few_channels(sample: Values, made: Values, channels: int) -> tuple[list[int], float]:
    """The smallest set of channels that holds most of the error, and the share of its energy that they hold."""
    if channels < 2 or sample.size % channels:
        return [], 0.0
    energy = np.square((sample - made).astype(np.float64)).reshape(-1, channels).sum(axis=0)
    order = np.argsort(-energy, kind="stable")
    most = max(1, int(FEW * channels))
    total = float(energy.sum())
    if not 0 < total < np.inf:
        return [], 0.0
    reached = np.cumsum(energy[order])[:most] / total
    count = next((i + 1 for i, part in enumerate(reached) if part >= FITS), most)
    chosen = [int(c) for c in order[:count]]
    return chosen, float(reached[count - 1])


def bad_channels(case: Case, budget: Budget, sample: Values, made: Values) -> Finding | None:
    """The finding; None where the error is spread over more channels. `made`: the layer without its own error."""
    channels = case.shape(budget.name).channels or case.rows[budget.name].pair.channels or 0
    chosen, part = few_channels(sample, made, channels)
    if part < FITS or part < 3 * len(chosen) / channels:
        return None
    dead = [c for c in chosen if not np.ptp(sample.reshape(-1, channels)[:, c])]
    names = ", ".join(map(str, chosen[:8]))
    evidence = [
        Evidence(f"{budget.name}: channels {names} of {channels} hold {part:.0%} of its error", part, budget.name)
    ]
    if dead:
        evidence.append(Evidence(f"channels {', '.join(map(str, dead[:8]))} are constant in the sample", len(dead)))
    return Finding(
        Cause.BAD_CHANNELS,
        (budget.name,),
        confidence=min(0.95, 0.4 + 0.5 * part) if budget.proven else 0.3 + 0.4 * part,
        evidence=tuple(evidence),
        advice=(f"look at these channels' weights and bias in the converted model: {budget.name}",),
        refuted_by="the other channels are as bad once these are left out",
        explained=part,
        size=budget.own,
    )

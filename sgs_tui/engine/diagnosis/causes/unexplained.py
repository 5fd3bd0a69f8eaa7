"""Causes `unexplained` and `bad_channels`: own errors of a layer that neither rounding, limits nor the input explain.

Also `wide_range` of 8-bit weights and `gain_offset` of a layer's own output, which show in the same numbers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import isfinite, isnan

import numpy as np

from sgs_tui.engine.diagnosis.case import Case
from sgs_tui.engine.diagnosis.causes.clipping import MOSTLY
from sgs_tui.engine.diagnosis.causes.coarse_step import OWN, PART, WITHIN, is_spread
from sgs_tui.engine.diagnosis.causes.network_input import affine_fit
from sgs_tui.engine.diagnosis.error_budget import Budgets
from sgs_tui.engine.diagnosis.results import Budget, Cause, Evidence, Finding, percent
from sgs_tui.engine.diagnosis.words import int16_words, level_words, matter_of_bits_words
from sgs_tui.engine.network.tensors import Values
from sgs_tui.language import Message, plural

_FITS = 0.8  # share of the own error that a gain and an offset, or a few channels, have to explain
_ENOUGH = 32
"""Values from which a gain and an offset mean anything: two numbers always describe two values."""

_FEW = 0.15  # share of the channels that still counts as few


def _few_channels(sample: Values, made: Values, channels: int) -> tuple[list[int], float]:
    """The smallest set of channels that holds most of the error, and the share of its energy that they hold."""
    if channels < 2 or sample.size % channels:
        return [], 0.0
    energy = np.square((sample - made).astype(np.float64)).reshape(-1, channels).sum(axis=0)
    order = np.argsort(-energy, kind="stable")
    most = max(1, int(_FEW * channels))
    total = float(energy.sum())
    if not 0 < total < np.inf:
        return [], 0.0
    reached = np.cumsum(energy[order])[:most] / total
    count = next((i + 1 for i, part in enumerate(reached) if part >= _FITS), most)
    chosen = [int(c) for c in order[:count]]
    return chosen, float(reached[count - 1])


def _bad_channels(case: Case, budget: Budget, sample: Values, made: Values) -> Finding | None:
    """The finding; None where the error is spread over more channels. `made`: the layer without its own error."""
    channels = case.channels(budget.name)
    chosen, part = _few_channels(sample, made, channels)
    if part < _FITS or part < 3 * len(chosen) / channels:
        return None
    dead = [c for c in chosen if not np.ptp(sample.reshape(-1, channels)[:, c])]
    names = ", ".join(map(str, chosen[:8]))
    evidence = [
        Evidence(
            plural(
                len(chosen),
                "{name}: channel {names} of {channels} holds {part:.0%} of its error",
                "{name}: channels {names} of {channels} hold {part:.0%} of its error",
                name=budget.name,
                names=names,
                channels=channels,
                part=part,
            ),
            part,
            budget.name,
        )
    ]
    if dead:
        evidence.append(
            Evidence(
                plural(
                    len(dead),
                    "channel {channels} is constant in the sample",
                    "channels {channels} are constant in the sample",
                    channels=", ".join(map(str, dead[:8])),
                ),
                len(dead),
            )
        )
    return Finding(
        Cause.BAD_CHANNELS,
        (budget.name,),
        confidence=min(0.95, 0.4 + 0.5 * part) if budget.proven else 0.3 + 0.4 * part,
        evidence=tuple(evidence),
        advice=(Message("look at these channels' weights and bias in the converted model: {name}", name=budget.name),),
        refuted_by=Message("the other channels are as bad once these are left out"),
        explained=part,
        size=budget.own,
    )


def find_unexplained(case: Case, budgets: Budgets, found: list[Finding]) -> list[Finding]:
    """`found` and one finding more for each layer with a large own error that none of them explains."""
    result, coarse = list(found), list[Budget]()
    known = frozenset(name for finding in found for name in (*finding.layers, *finding.behind))
    for budget in budgets.all():
        steps = not budget.own_steps <= WITHIN
        told = budget.name in known or budget.clipped >= MOSTLY or case.rows[budget.name].has_non_finite
        if not steps or told or budget.own < OWN or budget.own**2 < PART * min(budget.total, 1e3) ** 2:
            continue
        if result and _only_grown(case, budget):
            continue
        cause = _same_spread(case, result, budget) if budget.weights >= _FITS else None
        if cause is not None:
            result[result.index(cause)] = _with_weights(cause, budget)
        elif budget.weights >= _FITS:
            coarse.append(budget)
        else:
            result.append(_finding(case, budgets, budget))
    return [*result, *_coarse_weights(case, coarse)]


def _coarse_weights(case: Case, coarse: Sequence[Budget]) -> list[Finding]:
    """One finding for all layers where one level mends them all, else one for each."""
    found = [find_weights(case, each) for each in sorted(coarse, key=lambda each: -each.own)]
    if len(found) < 2 or case.by_channel:
        return found
    worst = found[0]
    layers = tuple(dict.fromkeys(name for each in found for name in each.layers))
    evidence = (*worst.evidence, *(each.evidence[0] for each in found[1:]))
    return [replace(worst, layers=layers, evidence=evidence)]


def _only_grown(case: Case, budget: Budget) -> bool:
    """Whether a layer behind bad ones, which can not be computed again, may do no more than amplify their error."""
    return not budget.proven and any(source in case.suspects for source in budget.inputs)


def _same_spread(case: Case, found: list[Finding], budget: Budget) -> Finding | None:
    """The finding of a coarse input: weights that undo its spread are spread as much themselves."""
    coarse = (Cause.WIDE_RANGE, Cause.SHARED_SCALE)
    spread = {name for name in budget.inputs if is_spread(case, name)}
    inputs = set(budget.inputs)
    return next(
        (f for f in found if f.cause in coarse and set(f.layers) & (inputs if f.explained >= PART else spread)), None
    )


def _with_weights(finding: Finding, budget: Budget) -> Finding:
    part = min(1.0, (budget.own / budget.total) ** 2) if budget.total else 0.0
    text = Message(
        "the weights of {name} that undo the difference are lost in 8 bit too ({part:.0%} of its error)",
        name=budget.name,
        part=part,
    )
    return replace(
        finding,
        evidence=(*finding.evidence, Evidence(text, part, budget.name)),
        explained=min(1.0, finding.explained + part),
        size=max(finding.size, budget.own),
    )


def _finding(case: Case, budgets: Budgets, budget: Budget) -> Finding:
    if not np.isfinite(budget.total) or not case.comparable(budget.name):
        return _unexplained(case, budget)
    sample, made = budgets.made(budget.name)
    return _bad_channels(case, budget, sample, made) or _gain(budget, sample, made) or _unexplained(case, budget)


def find_weights(case: Case, budget: Budget) -> Finding:
    """Coarse weights are the layer's own fault; its input in 16 bit makes them 16 bit, a finer level gives each channel
    a scale."""
    weights = 0.0 if isnan(budget.weights) else budget.weights
    raised = tuple(name for name in budget.inputs if case.choosable(name))
    finer = () if case.by_channel else (level_words(case.by_onnxruntime),)
    wide = Message("its weights become 16 bit with its input: {how}", how=int16_words(raised, case.by_onnxruntime))
    advice = (*finer, *([wide] if raised else []))
    return Finding(
        Cause.WIDE_RANGE,
        tuple(sorted((budget.name, *budget.inputs), key=lambda name: name == budget.name or not is_spread(case, name))),
        confidence=min(0.99, 0.5 + 0.5 * weights),
        evidence=(_share_of_weights(budget), *_channels(case, budget)),
        advice=advice or (Message("scale the weights of its channels alike in the model"),),
        refuted_by=Message("with finer weights the layer is as bad as before"),
        explained=weights,
        size=budget.own,
        int16=raised if case.by_channel else (),
    )


def _share_of_weights(budget: Budget) -> Evidence:
    """What rounding a layer's weights alone explains of its own error, or that nobody looked."""
    said = {"name": budget.name, "own": percent(budget.own)}
    if isnan(budget.weights):
        text = Message(
            "the twin foresees the error of {own} that {name} brings in: quantization makes it; what its weights alone "
            "make of it was not looked at",
            **said,
        )
        return Evidence(text, layer=budget.name)
    if budget.weights < PART:
        text = Message(
            "the twin foresees the error of {own} that {name} brings in: quantization makes it, {share:.0%} of it the "
            "8 bits of its weights alone",
            share=budget.weights,
            **said,
        )
        return Evidence(text, budget.weights, budget.name)
    share = Message("{share:.0%} of its own error of {own}", share=budget.weights, own=percent(budget.own))
    text = Message(
        "rounding the weights of the layer that makes {name} to 8 bit explains {share}", name=budget.name, share=share
    )
    return Evidence(text, budget.weights, budget.name)


def _channels(case: Case, budget: Budget) -> Iterator[Evidence]:
    """How far apart the largest weights of the channels are."""
    op = case.twin.producers.get(budget.name) if case.twin is not None else None
    while op is not None and op.convolution is None and op.inputs and case.twin is not None:
        op = case.twin.producers.get(op.inputs[0])
    if op is not None and op.convolution is not None:
        peaks = np.abs(op.convolution.weights.reshape(len(op.convolution.weights), -1)).max(axis=1)
        few = int(np.count_nonzero(peaks < 8 * peaks.max() / 127))
        text = Message(
            "largest weight {top:.4g}: on one scale {few} of {channels} channels keep under 8 steps",
            top=peaks.max(),
            few=few,
            channels=len(peaks),
        )
        if few:
            yield Evidence(text, few, budget.name)


def find_level(case: Case, budgets: Sequence[Budget]) -> Finding | None:
    """Coarse weights of several layers as one finding, the worst first: one level gives all of them more scales."""
    found = sorted((b for b in budgets if b.weights >= PART and b.own >= _COARSE), key=lambda b: -b.own)
    if not found:
        return None
    worst, facts = find_weights(case, found[0]), [find_weights(case, each).evidence[0] for each in found[:3]]
    layers = dict.fromkeys((*(each.name for each in found), *worst.layers))
    return replace(worst, layers=tuple(layers), evidence=tuple(facts))


_COARSE = 0.05
"""Own error from which a layer's weights are named among those that one scale for all channels makes coarse."""


def _gain(budget: Budget, sample: Values, made: Values) -> Finding | None:
    fit = affine_fit(sample, made)
    if sample.size < _ENOUGH or fit.good < _FITS:
        return None
    explained = fit.explained
    text = Message(
        "{name} is {gain:.3f} times its true value {offset:+.4g}: {explained:.1%} of its own error",
        name=budget.name,
        gain=fit.gain,
        offset=fit.offset,
        explained=explained,
    )
    return Finding(
        Cause.GAIN_OFFSET,
        (budget.name,),
        confidence=min(0.95, 0.4 + 0.5 * explained) if budget.proven else 0.3 + 0.4 * explained,
        evidence=(Evidence(text, explained, budget.name),),
        advice=(Message("check this layer's scale and bias in the converted model"),),
        refuted_by=Message("gain and offset differ from picture to picture"),
        explained=explained,
        size=budget.own,
    )


def _unexplained(case: Case, budget: Budget) -> Finding:
    how = (
        Message("computed again from the sample's inputs")
        if budget.proven
        else Message("compared with its inputs' error: {why}", why=case.why_unproven)
    )
    text = (
        Message(
            "{name} brings in an error of {own} of its signal ({how})",
            name=budget.name,
            own=percent(budget.own),
            how=how,
        )
        if isfinite(budget.own)
        else Message("{name} brings in an error that has no finite size ({how})", name=budget.name, how=how)
    )
    return Finding(
        Cause.UNEXPLAINED,
        (budget.name,),
        confidence=0.5 if budget.proven else 0.3,
        evidence=(
            Evidence(text, budget.own, budget.name),
            *_looked_at(case, budget),
        ),
        advice=(matter_of_bits_words(case.by_onnxruntime),),
        refuted_by=Message("any of the tested causes explains it on another picture"),
        explained=0.0,
        size=budget.own,
    )


def _looked_at(case: Case, budget: Budget) -> Iterator[Evidence]:
    """What limits, weights and rounding explain of an own error, as far as each was looked at."""
    if not isfinite(budget.total):
        return
    if case.grid(budget.name) is None:
        yield Evidence(Message("the sample does not tell its step: limits and rounding were not looked at"))
        return
    said = {"clipped": budget.clipped, "output": min(1.0, (budget.floor / budget.own) ** 2)}
    if isnan(budget.weights):
        text = Message(
            "limits explain {clipped:.0%} of it, rounding its output {output:.0%}; its weights were not looked at",
            **said,
        )
    else:
        text = Message(
            "limits explain {clipped:.0%} of it, 8-bit weights {weights:.0%}, rounding its output {output:.0%}",
            weights=budget.weights,
            **said,
        )
    yield Evidence(text)

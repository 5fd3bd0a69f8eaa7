"""`diagnose`: which layer, why, and what proves it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import isfinite
from pathlib import Path
from threading import Event

from sgs_tui.engine.compare.results import LayerDiff
from sgs_tui.engine.configs.debugconfig import load
from sgs_tui.engine.diagnosis.blame import blame, trend
from sgs_tui.engine.diagnosis.case import SUSPECT, Case
from sgs_tui.engine.diagnosis.causes.clipping import MOSTLY, clipped_share, find_clipping
from sgs_tui.engine.diagnosis.causes.coarse_step import WITHIN, find_coarse, find_mild
from sgs_tui.engine.diagnosis.causes.drift import drift, healthy, is_drift
from sgs_tui.engine.diagnosis.causes.input_hypotheses import Hypotheses
from sgs_tui.engine.diagnosis.causes.input_mismatch import EXPLAINS, SEEN, find_input_cause
from sgs_tui.engine.diagnosis.causes.layout import find_layout
from sgs_tui.engine.diagnosis.causes.lost_slices import find_lost_slices
from sgs_tui.engine.diagnosis.causes.network_input import FirstLayer, Hypothesis, first_layers
from sgs_tui.engine.diagnosis.causes.non_finite import find_non_finite
from sgs_tui.engine.diagnosis.causes.not_dequantised import find_codes
from sgs_tui.engine.diagnosis.causes.padding_kept import find_padding, undone_layers
from sgs_tui.engine.diagnosis.causes.swapped import find_swapped
from sgs_tui.engine.diagnosis.causes.unexplained import find_unexplained
from sgs_tui.engine.diagnosis.error_budget import Budgets
from sgs_tui.engine.diagnosis.foresight import foresee, subject_of
from sgs_tui.engine.diagnosis.results import Budget, Cause, Diagnosis, Evidence, Finding, Recovered, Role, percent, some
from sgs_tui.engine.diagnosis.trying import Trying, tried
from sgs_tui.engine.errors import InputError
from sgs_tui.engine.session import Comparison

_CERTAIN = 0.9  # share of a first layer's error that has to be explained to report it where no layer is bad


def diagnose(
    comparison: Comparison, rows: Sequence[LayerDiff], debug_config: Path | None = None, cancel: Event | None = None
) -> Diagnosis:
    """Explain a finished comparison. `debug_config`: the DebugConfig.txt of the sample's run, as evidence.

    Bad layers are computed again by the twin; the dumps must still be open. Raises InputError where
    `debug_config` can not be read or a side holds outputs alone, FileChangedError, CancelledError.
    """
    for dump in (comparison.sample, comparison.benchmark):
        if dump.index.results:
            why = f"{dump.path} holds the network's outputs alone, which layer is at fault is not in it"
            raise InputError(why, "compare two dumps")
    switches = load(debug_config).effect().switches if debug_config else None
    case = Case(comparison.sample, comparison.benchmark, rows, comparison.ranges, cancel)
    if swapped := find_swapped(comparison):
        course = replace(trend(case, frozenset()), text="not told: every figure is relative to the wrong side")
        return Diagnosis((swapped,), (), course, case.graph.known)
    budgets = Budgets(case)
    subject = subject_of(case, cancel)
    foresight = foresee(case, subject, cancel) if subject else None
    trying = None
    findings, recovered = _findings(case, budgets, comparison, switches)
    if foresight is not None and foresight.reproduces:
        findings = _judged(case, findings, list(budgets.all()))
        if subject is not None:
            trying, profile = Trying(subject), comparison.request.profile
            findings = [tried(each, trying, case.compared, profile, cancel) for each in findings]
            findings.sort(key=lambda each: each.cause is Cause.CLIPPING and not each.explained)  # refuted
    if not any(each.cause.spoils for each in findings):
        findings = _with_slices(case, findings, find_lost_slices(case, comparison.request.profile, subject, cancel))
    listed = list(budgets.all())
    roles = blame(case, listed, frozenset(name for each in findings for name in (*each.layers, *each.behind)))
    return Diagnosis(
        findings=tuple(findings),
        blame=roles,
        trend=trend(case, frozenset(each.name for each in roles if each.role is Role.INTRODUCED)),
        graph_known=case.graph.known,
        recovered=recovered,
        notes=tuple(_notes(case, switches)),
        budgets=tuple(listed),
        foresight=foresight,
        trying=trying,
    )


def _findings(
    case: Case, budgets: Budgets, comparison: Comparison, switches: frozenset[str] | None
) -> tuple[list[Finding], tuple[Recovered, ...]]:
    """How the dumps were made comes first: it spoils every number behind it."""
    found = [each for each in (find_non_finite(case), find_codes(case)) if each]
    layers = undone_layers(case, comparison.matching.unmatched)
    switched_on = None if switches is None else "eliminateGarbage" in switches
    padding = find_padding(case, layers, switched_on, comparison.request.profile)
    layout = find_layout(case)
    if padding or layout or _codes_spoil(case, found):
        made = [*([padding[0]] if padding else []), *([layout] if layout else [])]
        return [*found, *made], padding[1] if padding else ()
    return [*found, *_inside(case, budgets)], ()


def _with_slices(case: Case, findings: list[Finding], lost: list[Finding]) -> list[Finding]:
    """What only slices show comes behind faults that whole layers show, and before what is healthy or mild.

    A concat whose fault is named already is not named again.
    """
    known = {name for each in findings if each.cause is not Cause.HEALTHY for name in (*each.layers, *each.behind)}
    fresh = [each for each in lost if each.layers[0] not in known]
    faulty = [each for each in findings if each.cause is not Cause.HEALTHY and case.suspects]
    return [*faulty, *fresh] if fresh else findings


def _notes(case: Case, switches: frozenset[str] | None) -> Iterator[str]:
    """What limits this diagnosis."""
    if not case.graph.known:
        yield "neither dump holds inputs (an ONNX, Caffe or TFLite dump?): who feeds whom is not known"
    elif not case.rebuilds:
        yield "the benchmark holds outputs only: layers can not be computed again, causes are not proven"
    yield from _about_indices(case)
    left_out = [row.name for row in case.rows.values() if case.padded(row.pair)]
    if left_out:
        yield f"not judged, their pad lanes hold leftover memory in the sample: {some(left_out)}"
    if switches is not None and "dequantFixed" not in switches and not case.sample.is_float:
        yield "the DebugConfig.txt given does not switch dequantFixed on"


def _about_indices(case: Case) -> Iterator[str]:
    """Why indices differ: the values that they were found among nearly tie, or are wrong themselves."""
    for row in case.rows.values():
        maker = case.graph.producer(row.name)
        sources = [record.name for record in maker.inputs if record.name in case.compared] if maker else []
        if row.pair.indices and sources and row.metrics is not None and row.metrics.mse > 0:
            worst = max(sources, key=case.error)
            off = f"{worst}, off by {percent(case.error(worst))} of its signal"
            why = f"near ties in {off}: no layer's fault" if case.error(worst) < SUSPECT else f"see {off}"
            differing = next(note for note in row.notes if "indices differ" in note)
            yield f"{row.name}: {differing}; {why}"


def _codes_spoil(case: Case, found: Sequence[Finding]) -> bool:
    """Rows of an integer file are computed from dequantized values; codes in a file of floats spoil the rows."""
    spoilt = not case.compared or (case.sample.is_float and bool(case.suspects))
    return spoilt and any(each.cause is Cause.NOT_DEQUANTIZED for each in found)


def _inside(case: Case, budgets: Budgets) -> list[Finding]:
    """Causes inside the network and at its input, the largest explained error first."""
    if not case.compared:
        return [_nothing_compared()]
    bad = list(_first_layers(case, budgets))
    if not case.suspects:
        proven = [first for first in bad if first.tested and first.tested[0].explained >= _CERTAIN]
        small = [finding for first in proven if (finding := find_input_cause(first))]
        listed = list(budgets.all())
        return small or find_mild(case, listed) or [healthy(case, listed)]
    found = []
    for first in bad:
        finding = find_input_cause(first)
        found += [finding] if finding else []
        best = first.tested[0] if first.tested else None
        claimed = finding is not None or clipped_share(first) >= MOSTLY
        if best and claimed and best.explained >= EXPLAINS and best.kind not in (Hypothesis.PICTURE, Hypothesis.LAYOUT):
            budgets.explain_input(first.item.name, best.change)
    listed = list(budgets.all())
    clipping = find_clipping(case, listed, bad)
    found += ([clipping] if clipping else []) + find_coarse(case, listed)
    found = find_unexplained(case, budgets, found)
    found.sort(key=_weight, reverse=True)
    if found:
        return found
    return [drift(case, listed)] if is_drift(case, listed) else [_nothing(case)]


_FADES = (Cause.WIDE_RANGE, Cause.SHARED_SCALE, Cause.UNEXPLAINED)
"""Causes that are no faults where no limit is broken and the twin gives this dump: rounding made what is left."""


def _judged(case: Case, findings: list[Finding], budgets: Sequence[Budget]) -> list[Finding]:
    """The findings; healthy where all is quantization, within the limits, and fades out before the outputs."""
    if not case.within_limits() or any(each.cause not in _FADES for each in findings):
        return findings
    quiet, first = healthy(case, budgets), findings[0]
    text = f"within the limits; most of what is left: {first.cause} at {first.layers[0]}, which fades out"
    return [replace(quiet, evidence=(Evidence(text, case.error(first.layers[0]), first.layers[0]), *quiet.evidence))]


def _weight(finding: Finding) -> float:
    """How much error a finding accounts for; what nothing explains counts half, and no more than a lost signal."""
    if finding.cause is Cause.UNEXPLAINED:
        return 0.5 * min(finding.size, 1.0)
    return min(finding.size, 2.0) * finding.explained


def _first_layers(case: Case, budgets: Budgets) -> Iterator[FirstLayer]:
    """Network inputs whose first layer is bad by itself, hypotheses tested."""
    for first in first_layers(case, budgets):
        budget = first.budget
        if budget.own >= SEEN and isfinite(budget.total) and not budget.own_steps <= WITHIN:
            tested = Hypotheses(budgets.trials, first).test() if budgets.trials and budget.proven else ()
            yield replace(first, tested=tested)


def _nothing_compared() -> Finding:
    evidence = (Evidence("no layer of the two dumps could be compared"),)
    advice = ("see why under the layers that are not matched: names, sizes, damaged files",)
    return Finding(Cause.UNEXPLAINED, (), 0.1, evidence, advice, "layers that match")


def _nothing(case: Case) -> Finding:
    worst = max(case.suspects, key=case.error)
    first = next(iter(case.suspects))
    evidence = (
        Evidence(
            f"{first} is the first bad layer ({percent(case.error(first))} of its signal)", case.error(first), first
        ),
    )
    return Finding(Cause.UNEXPLAINED, tuple(dict.fromkeys((first, worst))), 0.3, evidence, size=case.error(first))

"""`diagnose`: which layer, why, and what proves it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import isfinite
from pathlib import Path
from threading import Event
from typing import NamedTuple

from sgs_tui.engine.clock import Clock
from sgs_tui.engine.compare.results import LayerDiff
from sgs_tui.engine.configs.debugconfig import load
from sgs_tui.engine.diagnosis.ahead import costs_ahead, layers_ahead, second_thread
from sgs_tui.engine.diagnosis.blame import blame, trend
from sgs_tui.engine.diagnosis.case import LOUD, SUSPECT, Case
from sgs_tui.engine.diagnosis.causes.calibrated_otherwise import find_other_calibration
from sgs_tui.engine.diagnosis.causes.clipping import MOSTLY, clipped_share, find_clipping, hidden_clipping
from sgs_tui.engine.diagnosis.causes.coarse_step import WITHIN, find_coarse, find_faint, find_measured, find_mild
from sgs_tui.engine.diagnosis.causes.drift import drift, healthy, is_drift
from sgs_tui.engine.diagnosis.causes.input_hypotheses import Hypotheses
from sgs_tui.engine.diagnosis.causes.input_mismatch import EXPLAINS, SEEN, find_by_record, find_input_cause
from sgs_tui.engine.diagnosis.causes.layout import find_layout
from sgs_tui.engine.diagnosis.causes.lost_slices import find_lost_slices
from sgs_tui.engine.diagnosis.causes.network_input import FirstLayer, Hypothesis, Tested, first_layers
from sgs_tui.engine.diagnosis.causes.non_finite import find_non_finite
from sgs_tui.engine.diagnosis.causes.not_dequantised import find_codes
from sgs_tui.engine.diagnosis.causes.other_model import with_other_model
from sgs_tui.engine.diagnosis.causes.padding_kept import find_padding, undone_layers
from sgs_tui.engine.diagnosis.causes.swapped import find_swapped
from sgs_tui.engine.diagnosis.causes.unexplained import find_level, find_unexplained, find_weights
from sgs_tui.engine.diagnosis.error_budget import Budgets, Change
from sgs_tui.engine.diagnosis.foresight import damaged_softmax, foresee, subject_of, with_sources
from sgs_tui.engine.diagnosis.measuring import (
    QUANTIZATION,
    Candidate,
    Likeness,
    Measuring,
    by_channel,
    chained,
    undoing,
)
from sgs_tui.engine.diagnosis.results import (
    RANK,
    Budget,
    Cause,
    Diagnosis,
    Evidence,
    Finding,
    Foresight,
    Proof,
    Recovered,
    Role,
    percent,
)
from sgs_tui.engine.diagnosis.trying import REFUTED, Trying, tried_in_turn
from sgs_tui.engine.errors import InputError
from sgs_tui.engine.session import Comparison
from sgs_tui.engine.text import some
from sgs_tui.engine.twin.plan import Plan
from sgs_tui.engine.twin.trials import Scores
from sgs_tui.language import Message

_CERTAIN = 0.9  # share of a first layer's error that has to be explained to report it where no layer is bad


def diagnose(
    comparison: Comparison,
    rows: Sequence[LayerDiff],
    debug_config: Path | None = None,
    cancel: Event | None = None,
) -> Diagnosis:
    """Explain a finished comparison. `debug_config`: the DebugConfig.txt of the sample's run, as evidence.

    Bad layers are computed again by the twin; the dumps must still be open. After the request's seconds what was
    not looked at is said in the notes. Raises InputError where `debug_config` can not be read or a side holds outputs
    alone, FileChangedError, CancelledError.
    """
    clock = Clock(comparison.request.seconds)
    for dump in (comparison.sample, comparison.benchmark):
        if dump.index.results:
            why = Message(
                "{path} holds the network's outputs alone, which layer is at fault is not in it", path=dump.path
            )
            raise InputError(why, Message("compare two dumps"))
    switches = load(debug_config).effect().switches if debug_config else None
    case = Case(
        comparison.sample, comparison.benchmark, rows, comparison.ranges, cancel, comparison.request.profile, clock
    )
    if swapped := find_swapped(comparison):
        course = replace(trend(case, frozenset()), text=Message("not told: every figure is relative to the wrong side"))
        return Diagnosis((swapped,), (), course, case.graph.known)
    budgets = Budgets(case)
    with second_thread() as (thread, left):
        layers = thread.submit(layers_ahead, case, budgets, left)
        costs = thread.submit(costs_ahead, layers, left)
        made, recovered = _how_it_was_made(case, comparison, switches)
        subject = subject_of(case, cancel)
        told = subject is not None and subject.check is not None
        measuring = Measuring(case, subject, clock, cancel) if subject is not None and told else None
        foresight = foresee(case, measuring, clock) if measuring else None
        trying, explained = None, None
        if measuring is not None and foresight is not None and foresight.reproduces:
            trying = Trying(measuring.subject)
            explained = thread.submit(with_sources, case, measuring.subject, foresight, clock, cancel, left)
        costs_ahead(layers, left)
        costs.result()
        findings = [*made.findings, *([] if made.spoils else _inside(case, budgets, measuring, clock))]
        if trying is not None and not clock.skips(Message("what the advice would give")):
            found = tried_in_turn(findings, trying, case.compared, case.profile, cancel)
            pairs = zip(findings, found, strict=True)
            findings = [each if _one_of_two(each, findings) else after for each, after in pairs]
            findings.sort(key=lambda each: each.cause is Cause.CLIPPING and not each.explained)  # refuted
        foresight = explained.result() if explained is not None else foresight
    if not any(each.cause.spoils for each in findings):
        findings = _with_slices(case, findings, find_lost_slices(case, case.profile, trying, cancel))
    listed = list(budgets.all())
    findings = [_in_time(_stated(each, listed, foresight), clock) for each in findings]
    roles = blame(case, listed, frozenset(name for each in findings for name in (*each.layers, *each.behind)))
    return Diagnosis(
        findings=tuple(findings),
        blame=roles,
        trend=trend(case, frozenset(each.name for each in roles if each.role is Role.INTRODUCED)),
        graph_known=case.graph.known,
        recovered=recovered,
        notes=(
            *_notes(case, switches, clock),
            *_not_told(case, listed),
            *(damaged_softmax(case.ranges) if subject is not None else ()),
        ),
        budgets=tuple(listed),
        foresight=foresight,
        trying=trying,
    )


def _one_of_two(finding: Finding, findings: Sequence[Finding]) -> bool:
    """Whether clipping was undone in the twin beside another fault: that one is left where this alone is tried."""
    measured = [each for each in findings if each.proof is Proof.TWIN]
    return finding.cause is Cause.CLIPPING and finding in measured and len(measured) > 1


def _in_time(finding: Finding, clock: Clock) -> Finding:
    """What nothing explains in the time there was may be explained by what was not looked at."""
    if not clock.note or finding.cause is not Cause.UNEXPLAINED:
        return finding
    return replace(finding, advice=(Message("give the diagnosis more time: --diagnosis-seconds 0 sets no limit"),))


_RECORDS = (Cause.PADDING_KEPT, Cause.NOT_DEQUANTIZED, Cause.LAYOUT, Cause.NON_FINITE)
"""Causes that single records show as they are, or put right."""


def _stated(finding: Finding, budgets: Sequence[Budget], foresight: Foresight | None) -> Finding:
    """The finding with how far it was measured, and the confidence that the benchmark gave that."""
    proof = finding.proof
    if proof is Proof.FIGURES:
        named = {*finding.layers, *finding.behind}
        computed = finding.explained > 0 and any(each.proven and each.name in named for each in budgets)
        if finding.cause is Cause.HEALTHY:
            proof = Proof.TWIN if foresight is not None and foresight.reproduces else Proof.FIGURES
        elif computed or finding.cause in _RECORDS:
            proof = Proof.LAYER
    refuted = finding.confidence <= REFUTED
    return replace(finding, proof=proof, confidence=finding.confidence if refuted else RANK[proof.value])


class _Made(NamedTuple):
    """What the way the dumps were made explains; `spoils`: no number behind it means anything."""

    findings: list[Finding]
    spoils: bool


def _how_it_was_made(
    case: Case, comparison: Comparison, switches: frozenset[str] | None
) -> tuple[_Made, tuple[Recovered, ...]]:
    """How the dumps were made comes first: it spoils every number behind it."""
    found = [each for each in (find_non_finite(case), find_codes(case)) if each]
    layers = undone_layers(case, comparison.matching.unmatched)
    switched_on = None if switches is None else "eliminateGarbage" in switches
    padding = find_padding(case, layers, switched_on, comparison.request.profile)
    layout = find_layout(case)
    if padding or layout or _codes_spoil(case, found):
        made = [*([padding[0]] if padding else []), *([layout] if layout else [])]
        return _Made([*found, *made], True), padding[1] if padding else ()
    return _Made(found, False), ()


def _with_slices(case: Case, findings: list[Finding], lost: list[Finding]) -> list[Finding]:
    """What only slices show comes behind faults that whole layers show, and before what is healthy or mild.

    A concat whose fault is named already is not named again.
    """
    known = {name for each in findings if each.cause is not Cause.HEALTHY for name in (*each.layers, *each.behind)}
    fresh = [each for each in lost if each.layers[0] not in known]
    told = {name for each in fresh for name in each.layers}
    faulty = [each for each in findings if each.cause is not Cause.HEALTHY and case.suspects]
    broken = any(case.failing(name) for name in case.compared if name not in told) or case.creeps()
    faulty = [each for each in faulty if each.cause is not Cause.DRIFT or (broken and not told.issuperset(each.layers))]
    return [*faulty, *fresh] if fresh else findings


def _notes(case: Case, switches: frozenset[str] | None, clock: Clock) -> Iterator[str]:
    """What limits this diagnosis."""
    if clock.note:
        yield clock.note
    if not case.graph.known:
        yield Message("neither dump holds inputs (an ONNX, Caffe or TFLite dump?): who feeds whom is not known")
    elif not case.rebuilds:
        yield Message("the benchmark holds outputs only: layers can not be computed again, causes are not proven")
    yield from _about_indices(case)
    left_out = [row.name for row in case.rows.values() if case.padded(row.pair)]
    if left_out:
        yield Message("not judged, their pad lanes hold leftover memory in the sample: {names}", names=some(left_out))
    if switches is not None and "dequantFixed" not in switches and not case.sample.is_float:
        yield Message("the DebugConfig.txt given does not switch dequantFixed on")


def _not_told(case: Case, budgets: Sequence[Budget]) -> Iterator[str]:
    """First layers that are crushed, so that they tell nothing of the inputs they were computed from."""
    names = {item.name for item in case.inputs}
    for budget in budgets:
        if len(budget.inputs) == 1 and names.issuperset(budget.inputs) and _is_crushed(budget):
            yield Message(
                "{layer} is lost in its own step, so it does not tell whether {source} was cut, or has another mean or "
                "scale: diagnose again once it is mended",
                layer=budget.name,
                source=budget.inputs[0],
            )


def _about_indices(case: Case) -> Iterator[str]:
    """Why indices differ: the values that they were found among nearly tie, or are wrong themselves."""
    for row in case.rows.values():
        maker = case.graph.producer(row.name)
        sources = [record.name for record in maker.inputs if record.name in case.compared] if maker else []
        if row.pair.indices and sources and row.metrics is not None and row.metrics.mse > 0:
            worst = max(sources, key=case.error)
            off = Message("{worst}, off by {error} of its signal", worst=worst, error=percent(case.error(worst)))
            why = (
                Message("near ties in {off}: no layer's fault", off=off)
                if case.error(worst) < SUSPECT
                else Message("see {off}", off=off)
            )
            differing = next(note for note in row.notes if "indices differ" in note)
            yield Message("{layer}: {difference}; {why}", layer=row.name, difference=differing, why=why)


def _codes_spoil(case: Case, found: Sequence[Finding]) -> bool:
    """Rows of an integer file are computed from dequantized values; codes in a file of floats spoil the rows."""
    spoilt = not case.compared or (case.sample.is_float and bool(case.suspects))
    return spoilt and any(each.cause is Cause.NOT_DEQUANTIZED for each in found)


def _inside(case: Case, budgets: Budgets, measuring: Measuring | None, clock: Clock) -> list[Finding]:
    """Causes inside the network and at its input, in the order in which to mend them."""
    if not case.compared:
        return [_nothing_compared()]
    inputs, bad = _at_the_inputs(case, budgets, measuring)
    if any(first.other_scale for first in bad):
        return inputs  # the benchmark itself is wrong: nothing behind it can be judged
    if other := find_other_calibration(case):
        return [*inputs, other] if not case.within_limits() else [_quiet(case, list(budgets.all()), [other], None)]
    found = left = _of_layers(case, budgets, bad)
    if measuring is not None and (measuring.reproduces or any(each.proof is Proof.TWIN for each in inputs)):
        found = _measured(case, budgets, found, measuring, bool(inputs))
    found = with_other_model(case, budgets, found)
    if inputs:
        return [*inputs, *found]
    return _judged(case, list(budgets.all()), found, left, measuring)


def _judged(
    case: Case,
    budgets: Sequence[Budget],
    found: list[Finding],
    left: list[Finding],
    measuring: Measuring | None,
) -> list[Finding]:
    """Fault or no fault: a finding is one only where a limit is broken, or an output is bad."""
    creeps = not found and is_drift(case, budgets)
    tells = creeps or any(each.cause is Cause.CLIPPING for each in found)
    quiet = case.within_limits() and all(each.cause in _FADES for each in found)
    if (quiet or (creeps and case.keeps_limits())) and not (tells and case.creeps()):
        return [_quiet(case, budgets, found or left, measuring)]
    if found or not case.suspects:
        return found or [healthy(case, budgets)]
    if all(row.has_non_finite for row in case.suspects.values()):
        return []  # `find_non_finite` told all there is to tell
    quantized = measuring is not None and measuring.reproduces
    if left and not creeps and any(each.own >= SUSPECT for each in budgets):
        return left  # no drift, and none of them heals alone: what single layers show
    return [drift(case, budgets)] if quantized or creeps else [_nothing(case)]


def _at_the_inputs(case: Case, budgets: Budgets, measuring: Measuring | None) -> tuple[list[Finding], list[FirstLayer]]:
    """Findings about the network's inputs, and the first layers that are bad. Budgets behind go on from what was seen.

    With a twin an input is another one only where it gives the sample's dump and the benchmark's does not.
    """
    found, bad = [], []
    for plain in _first_layers(case, budgets, measuring):
        if _is_crushed(plain.budget):
            finding = find_by_record(plain)
            found += [finding] if finding else []
            continue
        first, likeness = (plain, None) if measuring is None else measuring.best(plain)
        first = _cut_only(first) if measuring is not None and measuring.reproduces else first
        bad.append(first)
        if _scaled_too(first, likeness):
            finding = find_input_cause(_kinds(first, Hypothesis.AFFINE))
        elif measuring is not None and measuring.reproduces and not first.other_scale:
            finding = None
        else:
            finding = find_input_cause(first)
        if finding is not None and likeness is not None and measuring is not None:
            finding = replace(finding, evidence=(*finding.evidence, measuring.proof(likeness)), proof=Proof.TWIN)
        elif finding is not None and measuring is not None and not first.other_scale and not _certain(case, first):
            finding = None
        found += [finding] if finding else []
        best = first.tested[0] if first.tested else None
        claimed = finding is not None or clipped_share(first) >= MOSTLY
        if best and claimed and best.explained >= EXPLAINS:
            budgets.explain_input(first.item.name, _seen(best))
    return sorted(found, key=_weight, reverse=True), bad


def _cut_only(first: FirstLayer) -> FirstLayer:
    """A gain and an offset that are needed besides the limits are part of clipping where the twin gives the dump from
    the benchmark's own input: a range that ends near 0 shifts what the network clips."""
    best = first.tested[0] if first.tested else None
    if best is None or best.kind is not Hypothesis.AFFINE or best.limits is None or not first.outside:
        return first
    return _kinds(first, Hypothesis.CLIPPED)


def _kinds(first: FirstLayer, kind: Hypothesis) -> FirstLayer:
    """The first layer with its best hypothesis named otherwise."""
    return replace(first, tested=(replace(first.tested[0], kind=kind), *first.tested[1:]))


_SCALED = 0.1
"""How far from 1 the gain of an input that is cut as well has to be: the offset is the cutting network's own."""


def _scaled_too(first: FirstLayer, likeness: Likeness | None) -> bool:
    """Whether an input that is cut at its limits is scaled as well: the twin gives the dump far better so."""
    best = first.tested[0] if first.tested else None
    if best is None or likeness is None or best.kind is not Hypothesis.CLIPPED or not best.gains:
        return False
    return min(abs(gain - 1) for gain in best.gains) >= _SCALED


def _certain(case: Case, first: FirstLayer) -> bool:
    """Whether a first layer alone tells its input: where a layer is bad, or nearly all of its error is explained."""
    best = first.tested[0].explained if first.tested else 0.0
    return bool(case.suspects) or best >= _CERTAIN


def _seen(tested: Tested) -> Change:
    """What happens to the benchmark's input on its way into the sample's network."""
    given = tested.given
    if given is None:
        return tested.change
    return lambda values: tested.change(given.reshape(values.shape))


def _of_layers(case: Case, budgets: Budgets, bad: Sequence[FirstLayer]) -> list[Finding]:
    """Findings about layers by single layers computed again, the largest explained error first."""
    listed = list(budgets.all())
    if not case.suspects:
        return find_mild(case, listed)
    clipping = find_clipping(case, listed, bad)
    found = ([clipping] if clipping else []) + find_coarse(case, listed)
    found = find_unexplained(case, budgets, found)
    return sorted(found, key=_weight, reverse=True)


def _measured(
    case: Case, budgets: Budgets, found: Sequence[Finding], measuring: Measuring, behind: bool
) -> list[Finding]:
    """The findings as the twin has them: what it foresees is quantization, so what explained nothing is a matter of a
    layer's weights there."""
    listed = list(budgets.all())
    level = find_level(case, listed) if measuring.by_tensor else None
    known = {budget.name: budget for budget in listed}
    silent = [each for each in found if each.layers and not measuring.tells((*each.layers, *each.behind))]
    inside = [each for each in found if each.cause not in QUANTIZATION and each not in silent]
    others = [*silent, *(each for each in inside if not measuring.explains(each.layers[0]))]
    failing = [name for name in case.compared if case.failing(name)]
    if others and failing and not any(map(measuring.foresees, failing)):
        return sorted(others, key=_weight, reverse=True)  # quantization alone would break no limit
    weights = [each.layers[0] for each in inside if each not in others and each.layers[0] in known]
    fresh = [find_weights(case, known[name]) for name in weights if level is None or name not in level.layers]
    plain = [*(each for each in found if each.cause in QUANTIZATION and each not in silent), *fresh]
    candidates = [Candidate(each, undoing(each)) for each in plain]

    def faint(plan: Plan, scores: Scores) -> list[Candidate]:
        names = {name for each in plain if each.cause is not Cause.CLIPPING for name in each.layers}
        small = find_faint(case, listed, names)
        chains = chained([*plain, *small], measuring.subject.plan)
        return [*chains, *(Candidate(each, undoing(each)) for each in small)]

    def hidden(plan: Plan, scores: Scores) -> list[Candidate]:
        shown = list(measuring.hidden(plan, scores))
        costs = [(each.tensor, each.victim, each.cost, each.share) for each in shown if not each.limits]
        cut = {each.tensor: each.cost for each in shown if each.limits}
        found = [*find_measured(case, listed, costs), *([hidden_clipping(case, cut)] if cut else [])]
        return [Candidate(each, undoing(each)) for each in found]

    first = [Candidate(level, by_channel)] if level else []
    mended = measuring.mended([*first, *candidates], behind, (faint, hidden))
    mended += [each for each in plain if each not in mended and _cut_too(each, mended, known)]
    return sorted([*mended, *others], key=_weight, reverse=True) if others else mended


def _cut_too(finding: Finding, mended: Sequence[Finding], known: Mapping[str, Budget]) -> bool:
    """Whether limits cut a layer off so much that they spoil it alone, which a finding hides whose layer is left in
    float to undo it: that has no limits either."""
    named = {name for each in mended if each.cause is not Cause.CLIPPING for name in each.layers}
    hidden = finding.cause is Cause.CLIPPING and all(each.cause is not Cause.CLIPPING for each in mended)
    return hidden and any(known[name].cut >= LOUD for name in named.intersection(finding.layers, known))


_FADES = (Cause.WIDE_RANGE, Cause.SHARED_SCALE, Cause.CLIPPING, Cause.UNEXPLAINED, Cause.GAIN_OFFSET)
"""Causes that are no faults where no limit is broken and no input differs: what they leave fades out."""


def _quiet(case: Case, budgets: Sequence[Budget], found: Sequence[Finding], measuring: Measuring | None) -> Finding:
    """`healthy`, and what is left within the limits."""
    quiet = healthy(case, budgets)
    if not found:
        return quiet
    first = found[0]
    said = measuring.within(first) if measuring is not None and measuring.reproduces else ""
    amounts = Message("; {text}", text=said) if said else ""
    name = next((each for each in first.layers if each in case.compared), first.layers[0])
    error = case.error(name)
    text = Message(
        "within the limits; most of what is left: {cause} at {layer} ({error} of it{amounts})",
        cause=first.cause,
        layer=name,
        error=percent(error),
        amounts=amounts,
    )
    return replace(quiet, evidence=(Evidence(text, error, name), *quiet.evidence))


def _weight(finding: Finding) -> float:
    """How much error a finding accounts for; what nothing explains counts half, and no more than a lost signal."""
    if finding.cause is Cause.UNEXPLAINED:
        return 0.5 * min(finding.size, 1.0)
    return min(finding.size, 2.0) * finding.explained


def _first_layers(case: Case, budgets: Budgets, measuring: Measuring | None) -> Iterator[FirstLayer]:
    """Network inputs whose first layer is bad by itself, hypotheses tested.

    Where the twin does not give the dump from the benchmark's input, a small error tells as well: a bias can hide it.
    """
    least = SEEN if measuring is None or measuring.reproduces else _HINT
    for first in first_layers(case, budgets):
        budget = first.budget
        if _is_crushed(budget) and not first.other_scale:
            yield first  # it says nothing of what it was computed from: the dumped inputs alone tell
        elif first.other_scale or (budget.own >= least and isfinite(budget.total) and not budget.own_steps <= WITHIN):
            tested = Hypotheses(budgets.trials, first).test() if budgets.trials and budget.proven else ()
            yield replace(first, tested=tested)


def _is_crushed(budget: Budget) -> bool:
    """Whether a layer's own step is as large as its signal."""
    return budget.own >= _CRUSHED and budget.own_steps <= WITHIN


_CRUSHED = 0.9
"""Own error from which a layer holds next to nothing of what it was computed from."""

_HINT = 0.005
"""Own error of a first layer from which its input is tried: an S16 layer's is 0.001."""


def _nothing_compared() -> Finding:
    evidence = (Evidence(Message("no layer of the two dumps could be compared")),)
    advice = (Message("see why under the layers that are not matched: names, sizes, damaged files"),)
    return Finding(Cause.UNEXPLAINED, (), 0.1, evidence, advice, Message("layers that match"))


def _nothing(case: Case) -> Finding:
    worst = max(case.suspects, key=case.error)
    first = next(iter(case.suspects))
    evidence = (
        Evidence(
            Message(
                "{first} is the first bad layer ({error} of its signal)", first=first, error=percent(case.error(first))
            )
            if isfinite(case.error(first))
            else Message("{first} is the first bad layer (its error has no finite size)", first=first),
            case.error(first),
            first,
        ),
    )
    return Finding(Cause.UNEXPLAINED, tuple(dict.fromkeys((first, worst))), 0.3, evidence, size=case.error(first))

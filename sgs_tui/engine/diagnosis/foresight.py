"""What the twin foresees of the sample's dump: how much of the measured errors quantization explains, and what of it.

The benchmark's input goes through the twin under the sample's own types, scales and weights. What it then does not
reproduce is no quantization: another input, other files, another SDK. Its agreement with the dump is said beside it.

Apart because it measures the whole dump, while `diagnose` weighs causes of single layers.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from threading import Event

import numpy as np

from sgs_tui.engine.calibration.ranges import Ranges
from sgs_tui.engine.clock import Clock
from sgs_tui.engine.compare.results import Metrics
from sgs_tui.engine.diagnosis.case import Case
from sgs_tui.engine.diagnosis.measuring import Measuring
from sgs_tui.engine.diagnosis.results import Foresight, Sources
from sgs_tui.engine.dumps.format import Record
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.errors import InputError, RunError, told
from sgs_tui.engine.session import Comparison
from sgs_tui.engine.twin.agreement import self_check
from sgs_tui.engine.twin.arithmetic import Pixels
from sgs_tui.engine.twin.figures import LEAST_DB, MOST_DB, Figures, Nearness, Sums, nearness
from sgs_tui.engine.twin.meaning import Floats
from sgs_tui.engine.twin.measured import FixedRecords, fixed_records, read_plan
from sgs_tui.engine.twin.network import Bounds, Twin
from sgs_tui.engine.twin.other_input import fit_of, own_pixels
from sgs_tui.engine.twin.plan import SOFTMAX, Plan, load_softmax_ranges
from sgs_tui.engine.twin.predict import Inputs, Layer, dumped_inputs
from sgs_tui.engine.twin.rebuild import rebuild
from sgs_tui.engine.twin.sources import Origins, Progress, error_sources
from sgs_tui.engine.twin.trials import Trials
from sgs_tui.engine.twin.whatif import Subject
from sgs_tui.language import Message

_SAME = 0.02
"""Residual below which the benchmark's input is the sample's pixels, normalized: mean and std follow from it."""

_WORK, _A_LAYER = 30_000_000, 25_000
"""Values that may be computed while sources are switched off, and for how many a layer counts besides: 0.1 s, in which
40 sources of a small network are done and 9 of a detector's 170. Seconds would give other shares at every run."""

_OTHERS = Message("another quantizer than the vendor's made it")

_MOST = 6
"""Layers whose sources are told: the worst, and outputs."""


def subject_of(case: Case, cancel: Event | None = None) -> Subject | None:
    """The twin under the sample's own plan; None where there is no twin, or the sample is no fixed dump of it."""
    if case.twin is None or case.clock.skips(Message("what the twin foresees")):
        return None
    try:
        return _subject(case.twin, case.sample, case.ranges, cancel, case)
    except (InputError, RunError):  # another network, a float dump: there is nothing to foresee
        return None


def open_subject(comparison: Comparison, cancel: Event | None = None) -> Subject:
    """The same of any comparison, a quiet one too; its dumps have to stay open. Raises InputError, RunError where there
    is no twin, CancelledError."""
    return _subject(rebuild(comparison.benchmark, cancel), comparison.sample, comparison.ranges, cancel)


def _subject(
    twin: Twin, sample: Dump, ranges: Ranges | None, cancel: Event | None, case: Case | None = None
) -> Subject:
    """`case`: what a comparison knows already is not read and measured again."""
    plan, records = (
        read_plan(twin, sample, ranges.by_name if ranges else None, _softmax(ranges)[0]),
        fixed_records(twin, sample),
    )
    inputs = dumped_inputs(twin)
    pixels = _pixels(plan, records, inputs)
    if case is None:
        trials = Trials.start(plan, inputs, pixels, cancel=cancel)
        return Subject(trials, records, self_check(trials, records))
    ours, near, apart = case.ours, dict[str, Nearness](), dict[str, Sums]()

    def look(name: str, values: Floats, parts: Sums) -> None:
        record, apart[name] = records.by_name.get(name), parts
        if record is not None and record.count == values.size:
            near[name] = nearness(values, ours.read(record))

    trials = Trials.start(plan, inputs, pixels, cancel=cancel, references=case.theirs, look=look)
    return Subject(trials, records, self_check(trials, records, _measured(case, records)), near, apart)


def _measured(case: Case, records: FixedRecords) -> dict[str, Figures]:
    """What the comparison found of layers without NaN and infinities, as the twin's figures are."""
    found = {}
    for name, record in records.by_name.items():
        known = _known(case, name, record)
        if known is not None:
            db = min(MOST_DB, max(LEAST_DB, known.sqnr_db))
            found[name] = Figures(db, known.rmse, known.cos, known.max_abs_error, record.count)
    return found


def _known(case: Case, name: str, record: Record) -> Metrics | None:
    """The metrics of a layer, all finite, where just these values of the two dumps were compared one by one."""
    row = case.rows.get(name)
    if row is None or row.metrics is None or row.transposed or row.pair.indices:
        return None
    pair, metrics = row.pair, row.metrics
    same = (pair.sample.name, pair.sample.count, pair.benchmark.count) == (record.name, record.count, record.count)
    finite = all(map(isfinite, (metrics.sqnr_db, metrics.cos, metrics.rmse, metrics.mse)))
    return metrics if same and finite else None


def _softmax(ranges: Ranges | None) -> tuple[Mapping[str, Bounds] | None, str]:
    """What the calibrator wrote of softmax inputs beside the ranges; damaged it is as if it were not there, and why."""
    path = ranges.path.parent / SOFTMAX if ranges is not None else None
    try:
        return (load_softmax_ranges(path) if path is not None and path.is_file() else None), ""
    except InputError as error:
        return None, told(error)


def damaged_softmax(ranges: Ranges | None) -> Iterator[str]:
    """A note where the softmax ranges beside the others can not be read."""
    if why := _softmax(ranges)[1]:
        yield Message("the softmax ranges beside the others are not used: {why}", why=why)


def _pixels(plan: Plan, records: FixedRecords, inputs: Inputs) -> Pixels:
    """Mean and std as both dumps' inputs tell them; the usual ones where they hold no common picture."""
    given = inputs[plan.twin.inputs[0]]
    own = own_pixels(plan, records, given)
    fit = fit_of(given, own) if own is not None and np.isfinite(given).all() else None
    if fit is None or fit.residual > _SAME or not all(fit.gain):
        return Pixels()
    pairs = list(zip(fit.gain, fit.offset, strict=True))
    return Pixels(tuple(-offset / gain for gain, offset in pairs), tuple(1 / gain for gain, _ in pairs))


@dataclass(frozen=True, slots=True)
class _Energies:
    """Sums of squares of a layer: of the measured and the foreseen error, of their difference, of both sides."""

    measured: float
    foreseen: float
    apart: float
    sample: float
    signal: float

    @property
    def size(self) -> float:
        """The measured error relative to the layer's signal, not more than the signal."""
        return min(1.0, self.measured / (self.signal or 1.0))

    @property
    def explained(self) -> float:
        """How much of the measured error is as quantization makes it: the energy that is foreseen over the one that was
        measured, not more than 1, times how alike the twin's values are to the sample's, 1 - |twin - sample|^2 /
        |sample|^2, not below 0.

        Energies, not error vectors: deep in a network rounding is chance, and two right computations of it make errors
        of one size that differ value by value (correlation 0.4 on a healthy network of 95 layers). The likeness counts
        where the error is as large as the signal: there everything saturates, and sizes say nothing.
        """
        if not self.measured:
            return 1.0
        unlike = self.apart / self.sample if self.sample else float(self.apart > 0)
        return min(1.0, self.foreseen / self.measured) * max(0.0, 1.0 - unlike)


def foresee(case: Case, measuring: Measuring, clock: Clock) -> Foresight | None:
    """The shares of the bad layers and outputs; None where no prediction of them counts."""
    subject = measuring.subject
    if clock.skips(Message("how much of the errors quantization explains")):
        return None
    check = subject.check
    outputs = subject.plan.twin.outputs
    counting = {each.name for each in check.layers if not each.why_not} if check is not None else set()
    roughly = {each.name for each in check.layers if each.roughly} if check is not None else set()
    asked = [name for name in case.compared if name in counting and (name in case.suspects or name in outputs)]
    errors = _errors(case, subject, frozenset(asked))
    if check is None or not errors:
        return None
    return Foresight(
        explained=_explained(errors),
        layers=tuple(errors),
        median_db=check.median_db,
        p90_db=check.p90_db,
        counted=check.counted,
        reproduces=measuring.reproduces,
        elsewhere=measuring.elsewhere,
        why=_OTHERS if subject.plan.qdq is not None else "",
        roughly=len(roughly.intersection(case.suspects)),
        silent=len(case.suspects.keys() - errors.keys() - roughly),
    )


def with_sources(
    case: Case, subject: Subject, found: Foresight, clock: Clock, cancel: Event | None, left: Event
) -> Foresight:
    """What the errors of the outputs and of the worst failing layers consist of, as far as there is time; nothing where
    no layer fails. `left` ends it. Raises CancelledError."""
    if not any(map(case.failing, found.layers)) or clock.skips(Message("which sources make the errors")):
        return found
    outputs = subject.plan.twin.outputs
    told = [name for name in found.layers if name in outputs or case.failing(name)]
    layers = sorted(told, key=lambda name: (name not in outputs, -case.error(name)))[:_MOST]
    errors = _errors(case, subject, frozenset(layers))
    sources, looked, total = _sources(subject, layers, errors, cancel, clock, left)
    return replace(found, sources=sources, looked_at=looked, all_sources=total)


def _errors(case: Case, subject: Subject, asked: frozenset[str]) -> dict[str, _Energies]:
    fixed, plan, found = subject.fixed, subject.plan, {}
    assert fixed is not None
    for name in (each for each in plan.layers() if each in asked):
        known, near, apart = _known(case, name, fixed.by_name[name]), subject.near.get(name), subject.apart.get(name)
        if known is not None and near is not None and apart is not None:
            measured = known.mse * fixed.by_name[name].count
            found[name] = _Energies(measured, apart.error, near.error, near.signal, apart.signal)
        else:
            twin = Layer(name, subject.trials.base.stored[name], plan.grids.get(name)).values()
            truth = subject.trials.references.read(plan.twin.records[name])
            found[name] = _energies(twin, case.ours.read(fixed.by_name[name]), truth)
    return found


def _energies(twin: Floats, sample: Floats, truth: Floats) -> _Energies:
    """Where both sides are finite."""
    finite = np.isfinite(truth) & np.isfinite(sample)
    if not finite.all():
        twin, sample, truth = twin[finite], sample[finite], truth[finite]
    parts = (sample - truth, twin - truth, twin - sample, sample, truth)
    return _Energies(*(float(np.square(each, dtype=np.float64).sum()) for each in parts))


def _explained(errors: Mapping[str, _Energies]) -> float:
    """Of all errors relative to their layers' signals."""
    sizes = {name: each.size for name, each in errors.items()}
    parts = sum(size * errors[name].explained for name, size in sizes.items())
    return parts / (sum(sizes.values()) or 1.0)


def _sources(
    subject: Subject,
    layers: Sequence[str],
    errors: Mapping[str, _Energies],
    cancel: Event | None,
    clock: Clock,
    left: Event,
) -> tuple[tuple[Sources, ...], int, int]:
    """What each layer's error consists of, how many sources were switched off, and of how many."""
    looked, total, origins, most = 0, 0, tuple[Origins, ...](), _affordable(subject)

    def go_on() -> bool:
        return looked < most and not left.is_set() and not clock.skips(Message("some of the sources of the errors"))

    for step in error_sources(subject.trials, layers, cancel, go_on):
        if isinstance(step, Progress):
            looked, total = step.done, step.total
        else:
            origins = step
    return tuple(_told(each, errors[each.layer]) for each in origins), looked, total


def _affordable(subject: Subject) -> int:
    """How many sources are switched off: each is a run of the network."""
    records = subject.plan.twin.records
    each = sum(records[name].count + _A_LAYER for name in subject.plan.layers())
    return max(1, _WORK // max(each, 1))


def _told(origins: Origins, errors: _Energies) -> Sources:
    parts = tuple(_parts(origins)) if origins.additive else ()
    return Sources(origins.layer, errors.explained, origins.together, parts)


def _parts(origins: Origins) -> Iterator[tuple[str, str, float]]:
    for each in origins.shares:
        if abs(each.share) >= 0.01:
            yield str(each.source.kind), each.source.name, each.share

"""Cause `not_dequantised`: the sample was dumped without dequantFixed and holds integer codes instead of values.

Such a dump says `isFloat: 0`; with the padding kept no record has a partner of its size.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sgs_tui.engine.diagnosis.case import Case
from sgs_tui.engine.diagnosis.results import Cause, Evidence, Finding
from sgs_tui.engine.dumps.format import Record
from sgs_tui.engine.network.scales import CODES
from sgs_tui.engine.network.tensors import Values, rms
from sgs_tui.language import Message, plural

_ADVICE = (Message("add the line dequantFixed to the fixed run's DebugConfig.txt and dump again"),)
_REFUTED = Message("the values are no codes: (code - z) * s of the headers does not give the benchmark's values")

_GLANCE = 1 << 11  # values looked at first
_FITS = 0.5  # dequantizing has to halve the error at least (-6 dB) to count


@dataclass(frozen=True, slots=True)
class _Tried:
    """A layer's relative error as it is and as (value - z) * s."""

    name: str
    plain: float
    dequantized: float


def find_codes(case: Case) -> Finding | None:
    """Integer file, or integer codes in a file that says it holds floats."""
    integer = [row.name for row in case.rows.values() if case.sample.dequantizes(row.pair.sample)]
    integer += [record.name for record in case.sample.outputs() if case.sample.dequantizes(record)]
    if integer:
        return _integer_file(case, list(dict.fromkeys(integer)))
    tried = list(_tried(case))
    codes = [each for each in tried if each.dequantized < _FITS * each.plain]
    if not codes or len(codes) < 0.5 * len(tried):
        return None
    worst = max(codes, key=lambda each: each.plain)
    evidence = (
        Evidence(
            plural(
                len(codes),
                "{number} of {total} layers holds whole numbers inside the codes of its type",
                "{number} of {total} layers hold whole numbers inside the codes of their type",
                total=len(tried),
            ),
            len(codes),
        ),
        Evidence(
            Message(
                "{name}: relative error {plain:.3g} as stored, {dequantized:.3g} as (value - z) * s",
                name=worst.name,
                plain=worst.plain,
                dequantized=worst.dequantized,
            ),
            worst.dequantized,
            worst.name,
        ),
    )
    confidence = min(0.99, len(codes) / len(tried))
    names = tuple(each.name for each in codes)
    explained = 1 - (worst.dequantized / worst.plain) ** 2
    return Finding(Cause.NOT_DEQUANTIZED, names, confidence, evidence, _ADVICE, _REFUTED, explained, worst.plain)


def _integer_file(case: Case, names: list[str]) -> Finding:
    evidence = [
        Evidence(
            plural(
                len(names),
                "{file}: isFloat: 0, {number} layer is integer codes",
                "{file}: isFloat: 0, {number} layers are integer codes",
                file=case.sample.path.name,
            )
        ),
        Evidence(
            Message(
                "rows are computed from (code - z) * s; "
                "s has six decimals in the file, which moves values by up to 1.6 %"
            )
        ),
    ]
    if not case.compared:
        evidence[1] = Evidence(Message("no layer has a partner of its size, so the padding was kept as well"))
    return Finding(Cause.NOT_DEQUANTIZED, tuple(names), 0.99, tuple(evidence), _ADVICE, _REFUTED, 1.0, 1.0)


def _tried(case: Case) -> Iterator[_Tried]:
    """Layers whose values could be codes of the type and scale their headers print."""
    for name, row in case.compared.items():
        record = row.pair.sample
        if record.type_name not in CODES or not record.scale > 0 or not case.comparable(name):
            continue
        truth_of = row.benchmark
        if row.has_non_finite or truth_of is None or truth_of.minimum == truth_of.maximum == 0:
            continue
        yield _as_codes(case, name, record) or _Tried(name, case.error(name), float("inf"))


def _as_codes(case: Case, name: str, record: Record) -> _Tried | None:
    """None where the values are no codes; a glance at few of them, the middle first, nearly always tells."""
    tensors, middle = case.sample_tensors, record.count // 2
    if not _could_be_codes(tensors.slice(record, middle, middle + _GLANCE), record):
        return None
    if not _could_be_codes(tensors.spread(record, _GLANCE), record):
        return None
    sample, truth = case.both(name)
    size = rms(truth)
    if not size or not _could_be_codes(sample, record):
        return None
    values = (sample - np.float32(record.zero_point)) * np.float32(record.scale)
    return _Tried(name, rms(sample - truth) / size, rms(values - truth) / size)


def _could_be_codes(values: Values, record: Record) -> bool:
    low, high = CODES[record.type_name]
    if not np.isfinite(values).all() or values.min(initial=0) < low or values.max(initial=0) > high:
        return False
    return bool(np.all(values == np.round(values)))

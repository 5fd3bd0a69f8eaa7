"""Cause `non_finite`: NaN or Inf on either side, traced to the op that makes it.

In real dumps (exp() of one black square overflows) the fixed side is finite and so may be the float output: RELU of the
float simulator turns NaN into 0.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from sgs_tui.engine.diagnosis.case import Case
from sgs_tui.engine.diagnosis.results import Cause, Evidence, Finding
from sgs_tui.engine.dumps.format import Record
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.network.graph import Graph, build_graph
from sgs_tui.language import Message

_SCANNED = 1 << 28
"""Elements of layers without a partner that are looked through (1 GB); layers with one were read for their rows."""


@dataclass(frozen=True, slots=True)
class _Found:
    """A record with NaN or Inf."""

    side: str
    record: Record
    nan: int
    inf: int

    @property
    def text(self) -> str:
        """What it holds."""
        return Message(
            "{name} ({op_type}, {side}): {nan} NaN and {inf} Inf",
            name=self.record.name,
            op_type=self.record.op_type,
            side=Message(self.side),
            nan=self.nan,
            inf=self.inf,
        )


def find_non_finite(case: Case) -> Finding | None:
    """The ops whose output is the first not to be finite, on either side."""
    found = [*_rows(case), *_without_partner(case)]
    if not found:
        return None
    origins = [each for each in found if _is_origin(case, each, found)] or found
    ordered = origins + [each for each in found if each not in origins]
    evidence = [Evidence(each.text, each.nan + each.inf, each.record.name) for each in ordered[:4]]
    if _are_the_networks_own(found):
        why = Message("as many on both sides, and no NaN: the network brings them in itself, as a mask")
        advice = Message("leave them where they are meant: what reads them is judged as ever")
        return _finding(ordered, [Evidence(why), *evidence], advice)
    op = _graph(case, origins[0]).producer(origins[0].record.name)
    sources = [r.name for r in (op.inputs if op else ()) if r.name not in {each.record.name for each in found}]
    if sources:
        evidence.append(Evidence(Message("its inputs are finite: {names}", names=", ".join(sources))))
    if any(each.side == "benchmark" for each in found):
        evidence.append(
            Evidence(Message("RELU of the float simulator turns NaN into 0, so layers behind it can look finite"))
        )
    bounds = Message(
        "keep the input of {op_type} {name} in bounds (clip it in the model)",
        op_type=origins[0].record.op_type,
        name=origins[0].record.name,
    )
    picture = Message("check the picture: does it hold values the network was never trained on?")
    return _finding(ordered, evidence, bounds, picture)


def _are_the_networks_own(found: Sequence[_Found]) -> bool:
    """Whether every layer holds as many infinities on either side, and no NaN: a constant mask does that."""
    counts = Counter((each.record.name, each.inf) for each in found)
    return all(number == 2 for number in counts.values()) and not any(each.nan for each in found)


def _finding(ordered: Sequence[_Found], evidence: Sequence[Evidence], *advice: str) -> Finding:
    return Finding(
        Cause.NON_FINITE,
        tuple(dict.fromkeys(each.record.name for each in ordered)),
        confidence=0.99,
        evidence=tuple(evidence),
        advice=advice,
        refuted_by=Message("the same layers are finite in a dump of the same picture"),
        explained=1.0,
        size=float("inf"),
    )


def _graph(case: Case, found: _Found) -> Graph:
    return build_graph(case.benchmark if found.side == "benchmark" else case.sample)


def _is_origin(case: Case, found: _Found, all_found: list[_Found]) -> bool:
    """Whether nothing upstream on its side is not finite."""
    others = {each.record.name for each in all_found if each.side == found.side}
    return not others & set(_graph(case, found).upstream(found.record.name))


def _rows(case: Case) -> Iterator[_Found]:
    for row in case.rows.values():
        for side, stats, record in (
            ("benchmark", row.benchmark, row.pair.benchmark),
            ("sample", row.sample, row.pair.sample),
        ):
            if stats is not None and not stats.finite and not case.padded(row.pair):
                yield _Found(side, record, stats.nan, stats.inf)


def _without_partner(case: Case) -> Iterator[_Found]:
    """Outputs that no row covers, such as layers fused away in the fixed model."""
    theirs = {row.pair.benchmark.number for row in case.rows.values()}
    ours = {row.pair.sample.number for row in case.rows.values()}
    budget, twin = _SCANNED, case.twin
    finite = twin.bounds.keys() - twin.nonfinite if twin is not None else frozenset[str]()
    for side, dump, covered in (("benchmark", case.benchmark, theirs), ("sample", case.sample, ours)):
        seen = finite if dump is case.benchmark else frozenset[str]()  # by the twin, which looked at every value
        for record in dump.outputs():
            if record.number in covered or record.dtype.kind != "f" or record.count > budget or record.name in seen:
                continue
            budget -= record.count
            nan, inf = _count(dump, record)
            if nan or inf:
                yield _Found(side, record, nan, inf)


def _count(dump: Dump, record: Record) -> tuple[int, int]:
    nan = inf = 0
    for chunk in dump.chunks(record):
        bad = int(np.count_nonzero(~np.isfinite(chunk)))
        if bad:
            not_numbers = int(np.count_nonzero(np.isnan(chunk)))
            nan, inf = nan + not_numbers, inf + bad - not_numbers
    return nan, inf

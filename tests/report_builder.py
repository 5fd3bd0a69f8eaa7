"""Reports made by hand, for tests of the formats."""

from collections.abc import Sequence
from math import inf
from pathlib import Path

from sgs_tui.batch.report import Report, Since, Source
from sgs_tui.engine.compare.limits import MANUAL
from sgs_tui.engine.compare.results import LayerDiff, Matching, Unmatched
from sgs_tui.engine.diagnosis.flow import in_file_order
from sgs_tui.engine.diagnosis.results import Blame, Cause, Course, Diagnosis, Evidence, Finding, Recovered, Role, Trend
from sgs_tui.engine.dumps.format import Health, HealthState, Stage
from sgs_tui.engine.session import CompareRequest, summarize


def report(
    rows: Sequence[LayerDiff],
    unmatched: Sequence[Unmatched] = (),
    shown: Sequence[LayerDiff] | None = None,
    paths: tuple[str, str] = ("fixed.bin", "float.bin"),
    notes: tuple[str, ...] = (),
    diagnosis: Diagnosis | None = None,
    since: Since | None = None,
) -> Report:
    healthy = Health(HealthState.COMPLETE)
    return Report(
        request=CompareRequest(Path(paths[0]), Path(paths[1])),
        sample=Source(paths[0], Stage.FIXED, healthy),
        benchmark=Source(paths[1], Stage.FLOAT, healthy),
        profile=MANUAL,
        rows=tuple(rows),
        shown=tuple(rows if shown is None else shown),
        unmatched=tuple(unmatched),
        summary=summarize(list(rows), Matching((), tuple(unmatched))),
        wiring=in_file_order(Matching(tuple(row.pair for row in rows), ())),
        notes=notes,
        diagnosed=diagnosis is not None,
        diagnosis=diagnosis,
        since=since,
    )


def diagnosis_of(rows: Sequence[LayerDiff], recovered: Sequence[LayerDiff] = ()) -> Diagnosis:
    """One finding that names every row, a proof with a number and one without, some blame for each."""
    names = tuple(row.name for row in rows)
    facts = tuple(Evidence(f"{name} spans 1.5 of 255 steps", 1.5, name) for name in names)
    finding = Finding(
        Cause.SHARED_SCALE,
        names,
        confidence=0.9,
        evidence=(*facts, Evidence("they share a scale"), Evidence("an error beyond all bounds", inf)),
        advice=tuple(f"raise {name}" for name in names),
        refuted_by=f"{names[0]} stays as it is",
        behind=names,
    )
    roles = (Role.INTRODUCED, Role.INHERITED, Role.RECOVERED, Role.CLEAN)
    return Diagnosis(
        findings=(finding, Finding(Cause.UNEXPLAINED, (), 0.1, ())),
        blame=tuple(
            Blame(name, roles[number % 4], inf, 0.5, 0.25, 1.5, True, jump=number % 2 == 0, culprits=(name,))
            for number, name in enumerate(names)
        ),
        trend=Trend(Course.JUMP, names[0], f"jumps at {names[0]}"),
        graph_known=True,
        recovered=tuple(Recovered(row, "padded rows", 0.5) for row in recovered),
    )

"""Reports made by hand, for tests of the formats."""

from collections.abc import Sequence

from sgs_tui.batch.report import Report, Source
from sgs_tui.engine.compare.results import LayerDiff, Matching, Unmatched
from sgs_tui.engine.configs.profiles import MANUAL
from sgs_tui.engine.dumps.records import Health, HealthState, Stage
from sgs_tui.engine.session import summarise


def report(
    rows: Sequence[LayerDiff],
    unmatched: Sequence[Unmatched] = (),
    shown: Sequence[LayerDiff] | None = None,
    paths: tuple[str, str] = ("fixed.bin", "float.bin"),
    notes: tuple[str, ...] = (),
) -> Report:
    healthy = Health(HealthState.COMPLETE)
    return Report(
        sample=Source(paths[0], Stage.FIXED, healthy),
        benchmark=Source(paths[1], Stage.FLOAT, healthy),
        profile=MANUAL,
        rows=tuple(rows),
        shown=tuple(rows if shown is None else shown),
        unmatched=tuple(unmatched),
        summary=summarise(list(rows), Matching((), tuple(unmatched))),
        notes=notes,
    )

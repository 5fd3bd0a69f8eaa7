"""Dumps that have lost records: the diagnosis says what it can and never stops on what is missing."""

from pathlib import Path

import pytest

from sgs_tui.engine.compare.results import Verdict
from sgs_tui.engine.diagnosis.results import Cause
from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.dumps.writer import draft_of, write_dump
from tests.engine.diagnosis.runs import diagnosed


def _without(source: Path, target: Path, first: int, step: int) -> Path:
    """`source` without every `step`-th record, counted from `first`."""
    with open_dump(source) as dump:
        kept = [record for place, record in enumerate(dump.records) if place % step != first]
        write_dump(target, [draft_of(dump, record) for record in kept])
    return target


@pytest.mark.parametrize("step", [2, 3, 5, 9])
@pytest.mark.parametrize("lost", ["sample", "benchmark", "both"])
def test_any_records_may_be_missing(step: int, lost: str, sgs: Path, tmp_path: Path) -> None:
    sample, benchmark = sgs / "bad" / "bad_fixed_dq.bin", sgs / "bad" / "bad_float.bin"
    for first in range(step):
        ours = _without(sample, tmp_path / "s.bin", first, step) if lost != "benchmark" else sample
        theirs = _without(benchmark, tmp_path / "b.bin", first, step) if lost != "sample" else benchmark
        with diagnosed(ours, theirs) as found:
            causes = [each.cause for each in found.diagnosis.findings]
            assert causes and (
                Cause.HEALTHY not in causes or not any(row.verdict is Verdict.FAIL for row in found.rows)
            )

"""Generated faults: each cause is recognized, its neighbours are not claimed. The benchmark runs many more."""

from collections import deque
from pathlib import Path

import pytest

from sgs_tui.engine.diagnosis.results import Cause
from tests.engine.diagnosis.cases import FAULTS
from tests.engine.diagnosis.runs import generated, right


def test_there_is_a_generator_for_every_cause() -> None:
    assert set(FAULTS) == {cause.value for cause in Cause}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("cause", FAULTS)
def test_a_generated_fault_is_recognized(cause: str, seed: int, tmp_path: Path) -> None:
    pair, diagnosis = generated(cause, seed, tmp_path)
    said = [(str(finding.cause), finding.layers[:3]) for finding in diagnosis.findings]
    assert right(pair, diagnosis), f"{pair.net}: {said}, culprits {pair.culprits}"
    assert diagnosis.first.evidence, "a cause without proof"
    assert 0 < diagnosis.first.confidence <= 1


@pytest.mark.parametrize("cause", [cause for cause in FAULTS if cause not in ("healthy", "unexplained")])
def test_every_claim_says_what_to_do_and_what_would_refute_it(cause: str, tmp_path: Path) -> None:
    first = generated(cause, 0, tmp_path)[1].first
    assert first.advice and all("\n" not in line for line in first.advice)
    assert first.refuted_by


@pytest.mark.parametrize(("cause", "seed"), [("clipping", 8), ("gain_offset", 1)])
def test_what_is_computed_ahead_changes_nothing(
    cause: str, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an input is known to have looked like only later goes into everything that was computed before."""
    pair, ahead = generated(cause, seed, tmp_path)
    monkeypatch.setattr("sgs_tui.engine.diagnosis.diagnose.layers_ahead", lambda *_: deque())
    assert right(pair, ahead)
    assert generated(cause, seed, tmp_path)[1].findings == ahead.findings

"""Cause `swapped`: told from the stages of both dumps, and nothing else is said then."""

from pathlib import Path

import pytest

from sgs_tui.engine.diagnosis.diagnose import diagnose
from sgs_tui.engine.diagnosis.results import Cause
from sgs_tui.engine.dumps.format import Stage
from sgs_tui.engine.dumps.index import look_swapped
from sgs_tui.engine.events import Row
from sgs_tui.engine.session import CompareRequest, open_comparison


@pytest.mark.parametrize("folder", ["bad", "tiny"])
def test_real_dumps_given_the_wrong_way_round(sgs: Path, folder: str) -> None:
    fixed, floating = (next((sgs / folder).glob(f"*{end}.bin")) for end in ("fixed_dq", "float"))
    for request, swapped in ((CompareRequest(floating, fixed), True), (CompareRequest(fixed, floating), False)):
        comparison = open_comparison(request)
        try:
            rows = [event.value for event in comparison.run(workers=1) if isinstance(event, Row)]
            found = diagnose(comparison, rows)
        finally:
            comparison.close()
        assert ([each.cause for each in found.findings] == [Cause.SWAPPED]) is swapped
        if swapped:
            told = " ".join((*found.first.advice, *(fact.text for fact in found.first.evidence)))
            assert "vendor" not in told and "swap them" in told and "float stage" in told


@pytest.mark.parametrize(
    ("sample", "benchmark", "swapped"),
    [
        (Stage.FLOAT, Stage.FIXED, True),
        (Stage.ORIGINAL, Stage.CMODEL_FLOAT, True),
        (Stage.CMODEL_FLOAT, Stage.FIXED, True),
        (Stage.FIXED, Stage.ORIGINAL, False),
        (Stage.ORIGINAL, Stage.FLOAT, False),  # a quantized ONNX model is dumped as an original
        (Stage.FLOAT, Stage.FLOAT, False),
        (Stage.UNKNOWN, Stage.FIXED, False),
    ],
)
def test_which_stages_look_swapped(sample: Stage, benchmark: Stage, swapped: bool) -> None:
    assert look_swapped(sample, benchmark) is swapped

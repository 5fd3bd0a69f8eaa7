"""The figures of a comparison outlive whatever happens to its diagnosis."""

import pytest

from sgs_tui.engine.diagnosis import diagnose
from tests.batch.conftest import Command


def test_a_defect_of_the_diagnosis_costs_the_diagnosis_only(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise IndexError("tuple index out of range")

    monkeypatch.setattr(diagnose, "diagnose", broken)
    ended = command("compare", "tiny/fixed_dq.bin", "tiny/float.bin", "--batch")
    assert ended.code == 0
    assert "20 layers: 0 failed" in ended.text
    note = next(line for line in ended.text.splitlines() if line.startswith("note: "))
    assert "no diagnosis: this is a defect of sgs-tui (IndexError)" in note

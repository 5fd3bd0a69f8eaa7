"""Indices and labels are equal or not: their distance says nothing."""

from pathlib import Path

import numpy as np
import pytest

from sgs_tui.engine.compare.limits import SOP
from sgs_tui.engine.compare.results import LayerDiff, Verdict
from sgs_tui.engine.diagnosis.diagnose import diagnose
from sgs_tui.engine.diagnosis.results import Cause
from sgs_tui.engine.dumps.dtypes import AnyArray
from sgs_tui.engine.dumps.format import Direction
from sgs_tui.engine.dumps.writer import Draft, write_dump
from sgs_tui.engine.events import Row
from sgs_tui.engine.session import CompareRequest, Comparison, open_comparison

SCORES = np.random.default_rng(5).standard_normal((1, 4, 5, 6)).astype(np.float32)
LABELS = SCORES.argmax(-1).astype(np.float32)


def draft(direction: Direction, index: int, kind: str, name: str, values: AnyArray, type_name: str = "float") -> Draft:
    slot = 1 if (kind, direction) == ("TOPK", Direction.OUT) else 0
    return Draft(direction, slot, index, kind, name, values, type_name=type_name, shape=values.shape)


def dump(path: Path, scores: AnyArray, labels: AnyArray, kind: str, type_name: str) -> Path:
    """A RELU, the op under test on its output, and two ops that only move what it found."""
    write_dump(
        path,
        [
            draft(Direction.IN, 0, "RELU", "x", SCORES),
            draft(Direction.OUT, 0, "RELU", "scores", scores),
            draft(Direction.IN, 1, kind, "scores", scores),
            draft(Direction.OUT, 1, kind, "label", labels, type_name),
            draft(Direction.IN, 2, "SQUEEZE", "label", labels, type_name),
            draft(Direction.OUT, 2, "SQUEEZE", "flat", labels.reshape(-1), type_name),
            draft(Direction.IN, 3, "CAST", "flat", labels.reshape(-1), type_name),
            draft(Direction.OUT, 3, "CAST", "floats", labels.reshape(-1)),
        ],
    )
    return path


def compared(tmp_path: Path, kind: str, type_name: str, labels: AnyArray) -> tuple[Comparison, dict[str, LayerDiff]]:
    sample = dump(tmp_path / "s.bin", SCORES + np.float32(0.01), labels, kind, type_name)
    benchmark = dump(tmp_path / "b.bin", SCORES, LABELS, kind, type_name)
    comparison = open_comparison(CompareRequest(sample, benchmark, profile=SOP))
    return comparison, {event.value.name: event.value for event in comparison.run() if isinstance(event, Row)}


def changed(count: int) -> AnyArray:
    """The labels with `count` of the 20 far off."""
    labels = LABELS.copy().reshape(-1)
    labels[:count] += 100
    return labels.reshape(LABELS.shape)


@pytest.mark.parametrize(
    ("kind", "type_name"), [("ARGMAX", "SGS_S64"), ("ArgMin", "float"), ("ARG_MAX", "SGS_S32"), ("TOPK", "SGS_S64")]
)
def test_the_share_that_differs_is_what_counts(tmp_path: Path, kind: str, type_name: str) -> None:
    comparison, rows = compared(tmp_path, kind, type_name, changed(3))
    for name in ("label", "flat", "floats"):
        figures = rows[name].metrics
        assert figures is not None and (figures.rmse, figures.mse) == (0.15, 0.15), name
        assert figures.cos == pytest.approx(0.85)
        assert figures.max_abs_error == 100 and rows[name].notes == ("3 of 20 indices differ",)
        assert rows[name].verdict is Verdict.FAIL
    diagnosis = diagnose(comparison, list(rows.values()))
    assert diagnosis.first.cause is Cause.HEALTHY
    (note,) = [note for note in diagnosis.notes if "indices" in note]
    assert note.startswith("label: 3 of 20 indices differ; near ties in scores, off by ")
    assert note.endswith("no layer's fault")
    comparison.close()


def test_equal_labels_are_perfect_and_label_zero_is_no_zero(tmp_path: Path) -> None:
    comparison, rows = compared(tmp_path, "ARGMAX", "SGS_S64", LABELS)
    figures = rows["label"].metrics
    assert figures is not None and (figures.rmse, figures.cos) == (0, 1) and rows["label"].verdict is Verdict.OK
    comparison.close()
    write_dump(tmp_path / "0.bin", [draft(Direction.OUT, 0, "ARGMAX", "label", np.zeros(200), "SGS_S64")])
    one = np.zeros(200)
    one[7] = 3
    write_dump(tmp_path / "1.bin", [draft(Direction.OUT, 0, "ARGMAX", "label", one, "SGS_S64")])
    zeros = open_comparison(CompareRequest(tmp_path / "1.bin", tmp_path / "0.bin", profile=SOP))
    (row,) = [event.value for event in zeros.run() if isinstance(event, Row)]
    assert row.verdict is Verdict.OK and row.metrics is not None and row.metrics.rmse == 0.005
    zeros.close()


def test_integers_that_are_magnitudes_stay_magnitudes(tmp_path: Path) -> None:
    comparison, rows = compared(tmp_path, "MATMULINTEGER", "SGS_S32", changed(3))
    figures = rows["label"].metrics
    assert figures is not None and figures.rmse == pytest.approx(300 / LABELS.sum())
    comparison.close()

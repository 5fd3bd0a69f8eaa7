"""Compare and diagnose two files, as the front ends do."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sgs_tui.engine.compare.results import LayerDiff
from sgs_tui.engine.diagnosis.diagnose import diagnose
from sgs_tui.engine.diagnosis.results import Blame, Diagnosis
from sgs_tui.engine.events import Row
from sgs_tui.engine.session import CompareRequest, Comparison, open_comparison
from tests.engine.diagnosis.cases import FAULTS
from tests.engine.diagnosis.nets import Pair


@dataclass(frozen=True)
class Diagnosed:
    """A comparison that is still open, its rows and its diagnosis."""

    comparison: Comparison
    rows: list[LayerDiff]
    diagnosis: Diagnosis

    def blame(self, name: str) -> Blame:
        return next(each for each in self.diagnosis.blame if each.name == name)


@contextmanager
def diagnosed(
    sample: Path, benchmark: Path, ranges: Path | None = None, debug_config: Path | None = None, seconds: float = 30.0
) -> Iterator[Diagnosed]:
    comparison = open_comparison(CompareRequest(sample, benchmark, ranges, seconds=seconds))
    try:
        rows = [event.value for event in comparison.run(workers=1) if isinstance(event, Row)]
        yield Diagnosed(comparison, rows, diagnose(comparison, rows, debug_config))
    finally:
        comparison.close()


def generated(cause: str, seed: int, folder: Path) -> tuple[Pair, Diagnosis]:
    """A generated case of one cause and its diagnosis; every second one is diagnosed without ranges."""
    pair = FAULTS[cause](np.random.default_rng([seed, list(FAULTS).index(cause)]), folder)
    with diagnosed(pair.sample, pair.benchmark, pair.ranges if seed % 2 else None) as found:
        return pair, found.diagnosis


def right(pair: Pair, diagnosis: Diagnosis) -> bool:
    """Whether the first cause is the true one and a culprit is among its layers."""
    named = not pair.culprits or bool(set(pair.culprits) & set(diagnosis.first.layers))
    return diagnosis.first.cause == pair.cause and named

"""Each pair of dumps is diagnosed once a process, not once a test. Apart because stage.py is about what is shown.

Every test of the app opens the same few dumps, and explaining them takes as long as all the rest of such a test. What
a diagnosis finds is proven by the engine's tests; here the app shows it.
"""

import pickle
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Lock

from sgs_tui.engine.compare.results import LayerDiff
from sgs_tui.engine.diagnosis.diagnose import diagnose
from sgs_tui.engine.diagnosis.foresight import SOFTMAX
from sgs_tui.engine.diagnosis.results import Diagnosis
from sgs_tui.engine.session import CompareRequest, Comparison, open_comparison

_known: dict[bytes, Diagnosis] = {}
_at_work = Lock()
kept = TemporaryDirectory(prefix="diagnosed-")


def diagnosed(
    comparison: Comparison, rows: Sequence[LayerDiff], debug_config: Path | None = None, cancel: Event | None = None
) -> Diagnosis:
    """What `diagnose` says of such dumps. Its twin is one of copies that stay open, whatever becomes of the test's."""
    request = comparison.request
    if comparison.sample.index.results or comparison.benchmark.index.results or request.shapes:
        return diagnose(comparison, rows, debug_config, cancel)
    read = [path and path.read_bytes() for path in (*_files(request), debug_config)]
    asked = replace(request, sample=Path(), benchmark=Path(), ranges=None)
    key = pickle.dumps((read, asked, list(rows)))
    with _at_work:
        if key not in _known:
            _known[key] = diagnose(open_comparison(_copied(request)), rows, debug_config, cancel)
        return _known[key]


def _files(request: CompareRequest) -> list[Path | None]:
    """Sample, benchmark, and what is read of a calibration."""
    softmax = request.ranges.with_name(SOFTMAX) if request.ranges else None
    return [request.sample, request.benchmark, request.ranges, softmax if softmax and softmax.exists() else None]


def _copied(request: CompareRequest) -> CompareRequest:
    folder = Path(kept.name, str(len(_known)))
    for name in ("sample", "benchmark", "calibration"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    places = ("sample", "benchmark", "calibration", "calibration")
    copies = [
        Path(shutil.copy(path, folder / place)) if path else None
        for path, place in zip(_files(request), places, strict=True)
    ]
    return replace(request, sample=copies[0] or Path(), benchmark=copies[1] or Path(), ranges=copies[2])

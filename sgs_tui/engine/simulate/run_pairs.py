"""Which two runs belong together: the newest dump to judge, and the newest one to judge it by."""

import re
from collections.abc import Sequence
from pathlib import Path

from sgs_tui.engine.dumps.records import Stage
from sgs_tui.engine.simulate.run_list import Run

_BENCHMARKS: dict[str, tuple[str, ...]] = {
    Stage.FIXED: (Stage.FLOAT, Stage.CMODEL_FLOAT, Stage.ORIGINAL),
    Stage.CMODEL_FLOAT: (Stage.FLOAT, Stage.ORIGINAL),
    Stage.FLOAT: (Stage.ORIGINAL,),
}
"""What each stage is judged by, best first: only float to fixed loses accuracy (facts 0)."""


def newest_pair(runs: Sequence[Run]) -> tuple[Run, Run] | None:
    """(sample, benchmark) of the newest good runs of one network on one image; None where there is no such pair.

    Networks are told by the model's name without its stage (`tiny_fixed.sim`, `tiny_float.sim`, `tiny.onnx`).
    """
    good = sorted((run for run in runs if run.dump), key=lambda run: run.status.created, reverse=True)
    for sample in good:
        for stage in _BENCHMARKS.get(sample.request.stage, ()):
            for benchmark in good:
                if benchmark.request.stage == stage and _belong_together(sample, benchmark):
                    return sample, benchmark
    return None


def _belong_together(sample: Run, benchmark: Run) -> bool:
    images = {run.request.details.get("image") for run in (sample, benchmark)} - {None}
    return network(sample.request.model) == network(benchmark.request.model) and len(images) <= 1


def network(model: str) -> str:
    """The model's name without what tells its stage."""
    name = re.sub(r"\.(sim|onnx|tflite|prototxt|caffemodel)$", "", Path(model).name)
    return re.sub(r"(_cmodel)?_(float|fixed|refine)$", "", name)

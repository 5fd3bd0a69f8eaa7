"""How large a dump will be: as large as the last one of the same model, else a guess from the model's size."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sgs_tui.engine.simulate.run_list import Run
from sgs_tui.engine.simulate.run_request import RunRequest
from sgs_tui.engine.simulate.status import RunState

MODEL_FACTOR = 60
"""A dump is some tens of times as large as its model: 60 is on the safe side for detectors."""

TEXT_FACTOR = 2.6
"""Characters of the string form a payload byte: 634603 / 249117 for `tiny`, 2.5 for its fixed dump."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """`size` in bytes. `known`: measured on an earlier dump of the same kind, so it may be shown as a goal."""

    size: int
    known: bool
    source: str


def estimate_dump(request: RunRequest, runs: Iterable[Run]) -> Estimate | None:
    """What is known of the dump's size; None where there is no model to go by."""
    if request.expected_size is not None:
        return Estimate(request.expected_size, True, "as told")
    for run in runs:
        if run.state is RunState.OK and run.status.products and _same_kind(run.request, request):
            return Estimate(run.status.products[0].size, True, f"the dump of {run.name}")
    try:
        model = Path(request.model).stat().st_size
    except OSError:
        return None
    factor = MODEL_FACTOR * (TEXT_FACTOR if _as_text(request) else 1)
    return Estimate(int(model * factor), False, f"the model's size x {factor:g}")


def _same_kind(earlier: RunRequest, request: RunRequest) -> bool:
    """The same file, stage, switches and form: such dumps have the same size, whatever the image."""
    return (
        _first_product(earlier) == _first_product(request)
        and earlier.backend == request.backend
        and earlier.model == request.model
        and earlier.stage == request.stage
        and earlier.debug_config == request.debug_config
    )


def _first_product(request: RunRequest) -> str | None:
    """The dump's name, which tells text from binary where no DebugConfig.txt does."""
    return request.products[0].path if request.products else None


def _as_text(request: RunRequest) -> bool:
    return any(line.startswith("dumpasstring") for line in (request.debug_config or "").splitlines())

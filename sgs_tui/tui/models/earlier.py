"""Runs whose comparison can be the baseline of the present one."""

from collections.abc import Sequence
from pathlib import Path

from sgs_tui.engine.simulate.runs import Run
from sgs_tui.tui.models.runs import dumps_with
from sgs_tui.tui.numbers import age


def earlier(runs: Sequence[Run], sample: Path | None, now: float) -> tuple[tuple[Path, str], ...]:
    """(folder, what it is) of every good run that judged another dump than `sample`, in the order given."""
    here = None if sample is None else sample.absolute()
    return tuple((run.folder.path, _words(run, now)) for run in runs if _judged(run, runs) not in (None, here))


def _judged(run: Run, runs: Sequence[Run]) -> Path | None:
    """The run's own dump that a comparison judges; None for a float run, or one without a counterpart."""
    pair = dumps_with(run, runs)
    return pair.sample if pair is not None and pair.sample in run.dumps else None


def _words(run: Run, now: float) -> str:
    image = Path(run.request.details.get("image", "")).name
    parts = (run.request.backend, Path(run.request.model).name, f"on {image}" if image else "")
    return f"{age(now - run.status.created)} ago: {' '.join(part for part in parts if part)}"

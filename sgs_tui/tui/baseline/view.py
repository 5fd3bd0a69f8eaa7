"""A comparison held against an earlier one, as rows: better, worse, same, newly failing, newly fixed."""

from collections.abc import Sequence
from pathlib import Path

from sgs_tui.engine.compare.baseline import Change, Regression, Snapshot, Step
from sgs_tui.engine.numbers import cosine, decibel
from sgs_tui.engine.runs.run_list import Run
from sgs_tui.tui.runs.view import dumps_with
from sgs_tui.tui.text import Line, Tone, age, paragraph, ratio
from sgs_tui.tui.widgets.table import Cell, Column

_TONES: dict[Change, Tone] = {
    Change.BETTER: "good",
    Change.WORSE: "warn",
    Change.SAME: "muted",
    Change.ADDED: "muted",
    Change.GONE: "muted",
    Change.CAST_ADDED: "muted",
    Change.CAST_GONE: "muted",
}
_PLACES = (Change.WORSE, Change.BETTER, Change.ADDED, Change.GONE, Change.CAST_ADDED, Change.CAST_GONE, Change.SAME)


def in_order(regression: Regression) -> tuple[Step, ...]:
    """Newly failing first, then newly fixed, then what is worse and better, the same last."""
    return tuple(sorted(regression.steps, key=_place))


def _place(step: Step) -> tuple[bool, bool, int]:
    return not (step.newly_failing or step.lost), not step.newly_fixed, _PLACES.index(step.change)


def _sign(step: Step) -> Cell:
    if step.newly_failing:
        return Cell("✗", "fail")
    return Cell("-", "fail") if step.lost else Cell("✓" if step.newly_fixed else "", "good")


def _change(step: Step) -> Cell:
    if step.newly_failing:
        return Cell("newly failing", "fail")
    if step.lost:
        return Cell("no figures now", "fail")
    return Cell("newly fixed", "good") if step.newly_fixed else Cell(str(step.change), _TONES[step.change])


def _rmse(layer: Snapshot | None) -> str:
    return "" if layer is None else ratio(layer.rmse).strip()


def _sqnr(layer: Snapshot | None) -> str:
    return "" if layer is None else decibel(layer.sqnr_db).strip()


STEP_COLUMNS: tuple[Column[Step], ...] = (
    Column("sign", "", 1, cell=_sign),
    Column("name", "name", least=20, cell=lambda step: step.name),
    Column("change", "change", 14, cell=_change),
    Column("before", "RMSE was", 9, right=True, cell=lambda step: _rmse(step.before)),
    Column("after", "is", 9, right=True, cell=lambda step: _rmse(step.after)),
    Column(
        "sqnr", "SQNR dB", 13, right=True, cell=lambda step: f"{_sqnr(step.before)} → {_sqnr(step.after)}".strip(" →")
    ),
)


def headline(regression: Regression) -> str:
    """The whole in a line."""
    counts = [
        (len(regression.newly_failing), "newly failing"),
        (len(regression.newly_fixed), "newly fixed"),
        (sum(step.lost for step in regression.steps), "no longer comparable"),
        *((len(regression.of(change)), str(change)) for change in Change),
    ]
    return ", ".join(f"{number} {words}" for number, words in counts if number) or "no layers"


def step_lines(step: Step, width: int) -> list[Line]:
    """One layer in full: verdicts, figures, how the names were matched."""
    lines = paragraph(step.name, width, "strong")
    for when, layer in (("before", step.before), ("now", step.after)):
        if layer is not None:
            figures = f"RMSE {_rmse(layer)}, COS {cosine(layer.cos).strip()}, SQNR {_sqnr(layer)} dB"
            other = f" as {layer.name}" if layer.name != step.name else ""
            lines += paragraph(f"{when}: {layer.verdict}, {figures}{other}", width)
    return lines + paragraph(step.note, width, "muted")


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

"""A comparison held against an earlier one, as rows: better, worse, same, newly failing, newly fixed."""

from collections.abc import Sequence
from pathlib import Path

from sgs_tui.engine.compare.baseline import Change, Regression, Snapshot, Step
from sgs_tui.engine.numbers import cosine, decibel
from sgs_tui.engine.runs.run_list import Run
from sgs_tui.tui.runs.view import dumps_with
from sgs_tui.tui.text import Line, Span, Tone, age, ratio, wrap
from sgs_tui.tui.widgets.table import Cell, Column

STEP_COLUMNS = (
    Column("sign", "", 1),
    Column("name", "name", least=20),
    Column("change", "change", 14),
    Column("before", "RMSE was", 9, right=True),
    Column("after", "is", 9, right=True),
    Column("sqnr", "SQNR dB", 13, right=True),
)
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


class StepRows:
    """Layers before and after as table rows."""

    def __init__(self, steps: Sequence[Step] = ()) -> None:
        self.steps = tuple(steps)

    def __len__(self) -> int:
        return len(self.steps)

    def row_tone(self, row: int) -> Tone:
        return "muted" if self.steps[row].change is Change.SAME else ""

    def cell(self, row: int, column: str) -> Cell:
        step = self.steps[row]
        match column:
            case "sign":
                return _sign(step)
            case "name":
                return Cell(step.name)
            case "change":
                return _change(step)
            case "sqnr":
                return Cell(f"{_figure(step.before, 'sqnr_db')} → {_figure(step.after, 'sqnr_db')}".strip(" →"))
        return Cell(_figure(getattr(step, column), "rmse"))


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


def _figure(layer: Snapshot | None, key: str) -> str:
    if layer is None:
        return ""
    value: float = getattr(layer, key)
    return {"rmse": ratio, "cos": cosine, "sqnr_db": decibel}[key](value).strip()


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
    lines: list[Line] = [(Span(part, "strong"),) for part in wrap(step.name, width)]
    for when, layer in (("before", step.before), ("now", step.after)):
        if layer is not None:
            figures = f"RMSE {_figure(layer, 'rmse')}, COS {_figure(layer, 'cos')}, SQNR {_figure(layer, 'sqnr_db')} dB"
            other = f" as {layer.name}" if layer.name != step.name else ""
            lines += [(Span(part),) for part in wrap(f"{when}: {layer.verdict}, {figures}{other}", width)]
    return lines + [(Span(part, "muted"),) for part in (wrap(step.note, width) if step.note else ())]


# Runs whose comparison can be the baseline of the present one.


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

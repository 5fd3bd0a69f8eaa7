"""A comparison held against an earlier one: its layers as rows and lines, and the window that shows them."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from math import isfinite
from pathlib import Path

from rich.cells import cell_len
from textual import on
from textual.widget import Widget

from sgs_tui.engine.compare.baseline import Baseline, Change, Regression, Snapshot, Step
from sgs_tui.engine.numbers import cosine, decibel, ratio
from sgs_tui.engine.runs.run_list import Run
from sgs_tui.language import _, clauses
from sgs_tui.tui.actions import bindings
from sgs_tui.tui.frame.dialogs import Dialog
from sgs_tui.tui.jobs import LayerWanted
from sgs_tui.tui.runs.view import dumps_with
from sgs_tui.tui.text import Line, Span, Tone, age, cut, paragraph, span, width
from sgs_tui.tui.widgets.bars import LineBar
from sgs_tui.tui.widgets.table import Cell, Column, ListTable, Table
from sgs_tui.tui.widgets.text_view import TextView

_TONES: dict[Change, Tone] = {Change.BETTER: "good", Change.WORSE: "warn"}
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
    if step.lost:
        return Cell(_("no figures now"), "fail")
    tone: Tone = "good" if step.newly_fixed else _TONES.get(step.change, "muted")
    return Cell(_(step.outcome), "fail" if step.newly_failing else tone)


def _rmse(layer: Snapshot | None) -> str:
    return "" if layer is None else ratio(layer.rmse).strip()


def _sqnr(layer: Snapshot | None) -> str:
    return "" if layer is None else decibel(layer.sqnr_db).strip()


STEP_COLUMNS: tuple[Column[Step], ...] = (
    Column("sign", "", 1, cell=_sign),
    Column("name", "name", least=20, names=True, cell=lambda step: step.name),
    Column("change", "change", 14, cell=_change),
    Column("before", "RMSE was", 9, right=True, cell=lambda step: _rmse(step.before)),
    Column("after", "RMSE is", 9, right=True, cell=lambda step: _rmse(step.after)),
    Column(
        "sqnr", "SQNR dB", 13, right=True, cell=lambda step: f"{_sqnr(step.before)} → {_sqnr(step.after)}".strip(" →")
    ),
)


def _columns(foreseen: Mapping[str, float]) -> tuple[Column[Step], ...]:
    """With what was foreseen in front of what is measured."""
    if not foreseen:
        return STEP_COLUMNS
    place = next(n for n, column in enumerate(STEP_COLUMNS) if column.id == "after")

    def cell(step: Step) -> str:
        known = foreseen.get(step.after.name) if step.after is not None else None
        return "" if known is None else ratio(known).strip()

    column: Column[Step] = Column("foreseen", "foreseen", 9, right=True, cell=cell)
    return (*STEP_COLUMNS[:place], column, *STEP_COLUMNS[place:])


def _met(regression: Regression, foreseen: Mapping[str, float]) -> Line:
    """How far what was foreseen is from what is measured, in the middle layer."""
    measured = {step.after.name: step.after.rmse for step in regression.steps if step.after is not None}
    pairs = [(foreseen[name], rmse) for name, rmse in measured.items() if name in foreseen and rmse]
    off = sorted(abs(known - rmse) / rmse for known, rmse in pairs if isfinite(known) and isfinite(rmse))
    return (Span("  " + _("foreseen within {off:.1%} (median)", off=off[len(off) // 2]), "muted"),) if off else ()


def headline(regression: Regression) -> str:
    """The whole in a line."""
    return _(", ").join(f"{number} {_(words)}" for words, number in regression.counts().items() if number) or _(
        "no layers"
    )


def step_lines(step: Step, cells: int) -> list[Line]:
    """One layer in full: verdicts, figures, how the names were matched."""
    lines = paragraph(step.name, cells, "strong")
    for when, layer in ((_("before"), step.before), (_("now"), step.after)):
        if layer is not None:
            figures = _(
                "RMSE {rmse}, COS {cos}, SQNR {sqnr} dB",
                rmse=_rmse(layer),
                cos=cosine(layer.cos).strip(),
                sqnr=_sqnr(layer),
            )
            other = " " + _("as {name}", name=layer.name) if layer.name != step.name else ""
            told = clauses([_(str(layer.verdict)), figures + other])
            lines += paragraph(_("{name}: {text}", name=when, text=told), cells)
    return lines + paragraph(step.note, cells, "muted")


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
    parts = (run.request.backend, Path(run.request.model).name, _("on {image}", image=image) if image else "")
    return _("{age} ago: {run}", age=age(now - run.status.created), run=" ".join(part for part in parts if part))


class BaselineDialog(Dialog[None]):
    """Every layer before and after."""

    BINDINGS = bindings("baseline")
    GROUPS = ("baseline", "dialog")

    def __init__(self, keymap: dict[str, str]) -> None:
        super().__init__(_("Against an earlier comparison"), keymap)
        self.summary = LineBar((Span(" " + _("comparing ..."), "muted"),))
        self.table = ListTable(STEP_COLUMNS, tone=lambda step: "muted" if step.change is Change.SAME else "")
        self.text = TextView(reads=False)

    def body(self) -> Iterable[Widget]:
        return (self.summary, self.table, self.text)

    def on_mount(self) -> None:
        self.text.styles.height = 4
        self.table.focus()

    def show(self, baseline: Baseline, regression: Regression, profile: str, foreseen: Mapping[str, float]) -> None:
        """What became of the layers, which `profile` judges now; RMSE that was `foreseen` of them, by name."""
        told = Span(f" {headline(regression)}", "strong")
        other = (
            ""
            if baseline.profile == profile
            else "  " + _("judged by {before} then, {now} now", before=baseline.profile, now=profile)
        )
        room = max(12, self.size.width - width((told,)) - cell_len(other) - 12)
        source = Span("  " + _("since {source}", source=cut(baseline.source, room)), "muted")
        self.summary.say((told, span(other, "warn"), *_met(regression, foreseen), source))
        self.table.columns = _columns(foreseen)
        self.table.fill(in_order(regression), 0)
        self._explain()

    @on(Table.Moved)
    def _explain(self) -> None:
        if self.table.item is not None:
            self.text.show(partial(step_lines, self.table.item))

    @on(Table.Activated)
    def action_open(self) -> None:
        step = self.table.item
        if step is not None and step.after is not None:
            self.tell(LayerWanted(step.after.name, leave=True))
            self.dismiss(None)

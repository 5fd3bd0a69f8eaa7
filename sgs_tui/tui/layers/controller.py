"""The layer table, and everything that follows its cursor: histogram, details, status line."""

from dataclasses import replace
from functools import partial

from textual.timer import Timer

from sgs_tui.engine.compare.metrics import known_metric
from sgs_tui.engine.compare.results import LayerDiff, Pair
from sgs_tui.engine.compare.select import orders_of
from sgs_tui.engine.journal import notes_by_layer
from sgs_tui.engine.numbers import count
from sgs_tui.engine.session import Comparison
from sgs_tui.language import Message, _, _n, joined
from sgs_tui.tui.comparison.controller import COMPARING, ComparisonController
from sgs_tui.tui.comparison.jobs import (
    ComparisonAsked,
    ComparisonFinished,
    ComparisonOpened,
    ComparisonRejudged,
    DiagnosisChanged,
    RowsArrived,
)
from sgs_tui.tui.comparison.view import status
from sgs_tui.tui.details.pane import DetailsPane
from sgs_tui.tui.frame.controller import Controller, Host, does, hears
from sgs_tui.tui.frame.dialogs import Choice, TableDialog
from sgs_tui.tui.histogram.controller import HistogramController
from sgs_tui.tui.histogram.jobs import CloseupDone
from sgs_tui.tui.int16.marks import Marks
from sgs_tui.tui.jobs import CopyAsked, JobFailed, LayerMoved, LayerWanted, MarksChanged
from sgs_tui.tui.journal.jobs import JournalRead
from sgs_tui.tui.journal.view import Notes
from sgs_tui.tui.layers.blame import NOTHING, parts_of
from sgs_tui.tui.layers.columns import ColumnsDialog, choices_for, title
from sgs_tui.tui.layers.pane import LayersPane
from sgs_tui.tui.layers.view import NETWORK, UNMATCHED_COLUMNS, VALUE_COLUMNS, fitting
from sgs_tui.tui.original.jobs import OriginalKnown
from sgs_tui.tui.pictures.jobs import LayersSwept
from sgs_tui.tui.settings import Start, ViewState
from sgs_tui.tui.text import Line, Span
from sgs_tui.tui.triage.verdict import cause_lines

REST = 0.12
"""Seconds that the cursor rests on a layer before histogram and details follow: a held key sends only the table."""
_NOTHING_SHARED = Message("the dumps share no layer that can be compared: u says why")


class LayersController(Controller):
    """Owns the layer table and the details."""

    def __init__(self, host: Host, comparison: ComparisonController, histogram: HistogramController) -> None:
        super().__init__(host)
        self.pane, self.details = LayersPane(), DetailsPane()
        self._comparison, self._histogram = comparison, histogram
        self._come_back_to = ""
        self._rest: Timer | None = None
        self._status_of: tuple[Pair | None, LayerDiff | None] = (None, None)

    # --- the comparison

    @hears(ComparisonAsked)
    def expect(self, event: ComparisonAsked) -> None:
        self.pane.explain(
            _(
                "opening {sample} and {benchmark} ...",
                sample=event.request.sample.name,
                benchmark=event.request.benchmark.name,
            )
        )

    @hears(JobFailed)
    def take_failure(self, event: JobFailed) -> None:
        """Rows of dumps that are closed by now would say what is no longer so."""
        if event.job == COMPARING and self._comparison.current is None:
            self._come_back_to = self._name or self._come_back_to
            self.pane.start(())
            self.pane.explain(joined(filter(None, (Message("no layers yet: {why}", why=event.text), event.hint)), "; "))

    @hears(ComparisonOpened)
    def take_opened(self, event: ComparisonOpened) -> None:
        """Every layer gets its row at once, figures follow; the cursor comes back to the layer it was on."""
        if not self._comparison.is_current(event.comparison):
            return
        self._start(event.comparison)
        self._show_notes({})
        matching = event.comparison.matching
        found = _n(
            len(matching.unmatched),
            "{layers} in both dumps, {number} output unmatched",
            "{layers} in both dumps, {number} outputs unmatched",
            layers=count(len(matching.pairs), "layer"),
        )
        self.host.note(found, "info" if matching.pairs else "fail", "" if matching.pairs else _("u says why"))
        if not matching.pairs:
            self.pane.explain(_NOTHING_SHARED)
            self.host.flash(_NOTHING_SHARED, "fail")

    @hears(ComparisonRejudged)
    def take_rejudged(self, event: ComparisonRejudged) -> None:
        if self._comparison.is_current(event.comparison):
            self._start(event.comparison)

    def _start(self, comparison: Comparison) -> None:
        self._come_back_to = self._name or self._come_back_to
        self.pane.start(comparison.matching.pairs, self._come_back_to)

    @hears(RowsArrived)
    def take_rows(self, event: RowsArrived) -> None:
        if self._comparison.is_current(event.comparison):
            progress = "" if event.done >= event.total else f"{100 * event.done // event.total:2} %"
            self.pane.add(event.rows, progress)

    @hears(ComparisonFinished)
    def tell_summary(self, event: ComparisonFinished) -> None:
        if self._comparison.is_current(event.comparison):
            self.host.note(
                _n(
                    event.summary.failed,
                    "compared: {number} of {layers} fails",
                    "compared: {number} of {layers} fail",
                    layers=count(event.summary.layers, "layer"),
                )
            )

    @property
    def summary(self) -> Line:
        return (Span(_("opening ..."), "muted"),) if self._comparison.current is None else self.pane.summary()

    @hears(DiagnosisChanged)
    def show_parts(self) -> None:
        """Each layer's part in the error; the cursor goes to the guilty one, unless the user has moved it already."""
        diagnosis = self._comparison.diagnosis
        parts = parts_of(diagnosis, {pair.name for pair in self.pane.model.pairs}) if diagnosis else NOTHING
        self.pane.show_parts(parts)
        cause = partial(cause_lines, diagnosis.first, self.host.keymap) if diagnosis and parts.guilty else None
        self.details.show_parts(parts, cause)
        if parts.guilty and not self.pane.moved and self.pane.go_to(parts.guilty, hidden=False):
            self.follow()

    @hears(MarksChanged)
    def show_marks(self, event: MarksChanged) -> None:
        self.pane.show_marks(Marks(event.marked, event.unmarked))

    @hears(LayersSwept)
    def show_swept(self, event: LayersSwept) -> None:
        self.pane.show_swept(event.swept)

    @hears(OriginalKnown)
    def show_three(self, event: OriginalKnown) -> None:
        self.pane.show_three(event.three)
        self.details.show_three(event.three)

    @hears(JournalRead)
    def take_journal(self, event: JournalRead) -> None:
        request = self._comparison.request
        if request is not None and event.place == request.sample:
            self._show_notes(notes_by_layer(event.entries))

    def _show_notes(self, notes: Notes) -> None:
        self.pane.show_notes(notes)
        self.details.show_notes(notes)

    # --- the layer under the cursor

    @property
    def _pair(self) -> Pair | None:
        return None if self.pane.number is None else self.pane.model.pairs[self.pane.number]

    @property
    def _name(self) -> str:
        return self._pair.name if self._pair else ""

    def status(self, cells: int) -> Line:
        self._status_of = (self._pair, self.pane.row)
        return status(*self._status_of, cells, self.pane.facts.short)

    @hears(LayerMoved)
    def rest_on_layer(self) -> None:
        self._comparison.layer = self._name
        if self._rest is not None:
            self._rest.stop()
        self._rest = self.host.set_timer(REST, self.follow)

    def follow(self) -> None:
        """Histogram, details and status line show the layer under the cursor."""
        pair, row = self._pair, self.pane.row
        if self._comparison.request is not None:
            self.details.show_layer(pair, row, self._comparison.request.profile)
        if pair is not None and (pair, row) != self._status_of:
            self.host.flash("")
        self._histogram.follow(pair, row)

    @hears(CloseupDone)
    def take_worst(self, event: CloseupDone) -> None:
        if self._comparison.is_current(event.comparison) and event.number == self.pane.number:
            self.details.show_worst(event.worst)

    @does("walk.next-failing")
    def next_failing(self) -> None:
        self.pane.action_next_failing()
        self.follow()

    @does("walk.previous-failing")
    def previous_failing(self) -> None:
        self.pane.action_previous_failing()
        self.follow()

    @does("histogram.next-layer")
    def next_layer(self) -> None:
        self._walk(1)

    @does("histogram.previous-layer")
    def previous_layer(self) -> None:
        self._walk(-1)

    def _walk(self, step: int) -> None:
        self.pane.walk(step)
        self.follow()

    @hears(LayerWanted)
    def go_to(self, event: LayerWanted) -> None:
        if not self.pane.go_to(event.name):
            self.host.flash(_("{name} is not among the compared layers: u in pane 1 says why", name=event.name), "warn")
            return
        self.follow()
        if event.leave:
            self.host.go(self.pane)

    # --- windows

    @does("walk.go-to")
    def ask_where(self) -> None:
        self.ask(_("Go to which layer?"), "", _("its op index (#), or a part of its name"), self._go_where)

    def _go_where(self, answer: str) -> None:
        """Straight there where one layer fits, else after a choice."""
        found = fitting(self.pane.model.pairs, answer.strip())
        if len(found) == 1:
            self.go_to(LayerWanted(found[0].name, leave=False))
        elif found:
            choices = [Choice(pair.name, pair.name, str(pair.benchmark.op_index)) for pair in found]
            self.choose(_("Go to which layer?"), choices, lambda name: self.go_to(LayerWanted(name, leave=False)))
        else:
            self.host.flash(_("no layer has that number or {answer!r} in its name", answer=answer.strip()), "warn")

    @does("layers.count")
    def count_values(self) -> None:
        column, values = self.pane.table.column_id, self.pane.model.values(self.pane.table.column_id)
        heading = _(
            "{column}: {values} in {layers}",
            column=title(column),
            values=count(len(values), "value"),
            layers=count(len(self.pane.model), "layer"),
        )
        self.host.open(TableDialog(heading, VALUE_COLUMNS, values.most_common()))

    @does("layers.copy-table")
    def copy_table(self) -> None:
        self.host.post_message(CopyAsked("\n".join("\t".join(row) for row in self.pane.listed())))

    @does("layers.columns")
    def ask_for_columns(self) -> None:
        self.host.open(ColumnsDialog(self.pane.choices, self.host.keymap, self.pane.absent), self.pane.choose_columns)

    @does("layers.unmatched")
    def show_unmatched(self) -> None:
        current = self._comparison.current
        if current is None:
            self.host.flash(_("no dumps are open"), "warn")
        elif not (unmatched := current.matching.unmatched):
            self.host.flash(_("every output of both dumps is compared"))
        else:
            title = _("Not compared: {tensors}", tensors=count(len(unmatched), "tensor"))
            self.host.open(TableDialog(title, UNMATCHED_COLUMNS, unmatched))

    # --- how the folder was left

    def recall(self, state: ViewState, start: Start, columns: tuple[str, ...]) -> None:
        """Put the table as it was, `columns` where nothing was kept, order and filter as the command line says."""
        pane, self._come_back_to = self.pane, state.layer
        if state.columns or columns:
            pane.choices = choices_for(state.columns or columns, state.extras)
        pane.wide = state.wide
        kept = ((state.sort or NETWORK, state.reverse), *state.then)
        pane.model.order_as(*(_orders(start.sort) if start.sort else kept))
        pane.model.query = pane.model.parsed(start.query) if start.query.strip() else pane.model.query
        pane.show_columns()

    def remembered(self, state: ViewState) -> ViewState:
        pane, shown = self.pane, [choice for choice in self.pane.choices if choice.shown]
        return replace(
            state,
            columns=tuple(choice.id for choice in shown),
            extras={choice.id: choice.extra for choice in shown if choice.extra},
            wide=pane.wide,
            sort="" if pane.model.sort_key == NETWORK else pane.model.sort_key,
            reverse=pane.model.reverse,
            then=pane.model.then,
            layer=self._name or self._come_back_to,
        )


def _orders(wanted: str) -> list[tuple[str, bool]]:
    """Keys and directions that `--sort` asks for, the keys as columns have them."""
    known = ((known_metric(key), key, reverse) for key, reverse in orders_of(wanted))
    return [(metric.key if metric else key, reverse) for metric, key, reverse in known]

"""Pane 1: every layer of both dumps side by side, filling while the comparison runs.

Apart because a pane knows its widgets and the user's keys, and nothing of jobs, windows or other features.
"""

from collections.abc import Callable, Iterable

from textual import on
from textual.app import ComposeResult

from sgs_tui.engine.compare.limits import FAILED, WARNED
from sgs_tui.engine.compare.results import LayerDiff, Pair, Verdict
from sgs_tui.engine.diagnosis.original import ThreeWay
from sgs_tui.engine.errors import UsageError
from sgs_tui.engine.numbers import count
from sgs_tui.language import Message, _, shown
from sgs_tui.tui.actions import bindings
from sgs_tui.tui.comparison.view import SIGNS
from sgs_tui.tui.frame.pane import Pane, PaneAsked
from sgs_tui.tui.int16.marks import Marks
from sgs_tui.tui.jobs import Flash, LayerMoved, LayersShown
from sgs_tui.tui.journal.view import MARK, Notes
from sgs_tui.tui.layers.blame import REORDERED, Parts, sign_lines
from sgs_tui.tui.layers.columns import (
    PART,
    PENDING,
    Choices,
    Facts,
    absent_columns,
    chosen_columns,
    default_choices,
    facts_of,
    title,
)
from sgs_tui.tui.layers.over_set import Swept
from sgs_tui.tui.layers.view import Layers, failing
from sgs_tui.tui.text import ELLIPSIS, Line, Span, cut, line, span
from sgs_tui.tui.widgets.prompt import Prompt
from sgs_tui.tui.widgets.table import Cell, Table

_EMPTY = Message("no layers yet: 3 opens the dump browser, s and b there pick the two dumps")
_NONE_FIT = Message("no layer fits the filter: esc shows all")


_FILTER = 24
"""Cells of a filter in the heading."""


_MEANINGS = (
    (SIGNS[Verdict.FAIL], Message("the layer fails")),
    (SIGNS[Verdict.WARN], Message("the layer is over a limit that only warns")),
    (SIGNS[Verdict.NOT_COMPARABLE], Message("it can not be compared (details say why)")),
    (PENDING, Message("it is still to come")),
    (Cell(FAILED, "fail"), Message("behind a figure: beyond a limit that fails")),
    (Cell(WARNED, "warn"), Message("behind a figure: beyond a limit that warns (a range only at a convolution)")),
    (Cell(MARK, "key"), Message("behind a name: there is a note")),
    (Cell("16", "key"), Message("marked for INT16; 8: to stay in 8 bits, whatever is advised")),
    (Cell(ELLIPSIS, "muted"), Message("in a name: something is left out, first what other names have as well")),
    (Cell("▾", "key"), Message("in the head: sorted by this column, its values fall")),
    (Cell("▴", "key"), Message("in the head: sorted by this column, its values rise")),
    (Cell("2", "key"), Message("behind that: sorted by it where the first column is equal (;), and so on")),
)
"""Every sign of the table but those of the diagnosis."""


class LayersPane(Pane):
    """The layer table with its filter."""

    NAME = "layers"
    GROUPS = ("walk", "inside", "layers", "move")
    SHARES, NEIGHBORS = "layers", ("runs",)
    BINDINGS = bindings("layers")

    def __init__(self) -> None:
        super().__init__()
        self.main = self.table = Table(frozen=3, empty=_EMPTY, identity="layer-table")
        self.prompt = Prompt(placeholder=_("words  !not  op:conv  verdict:fail  marked  rmse>0.1"), identity="filter")
        self.model = Layers()
        self.facts = Facts()
        self.choices = default_choices()
        self.wide = False
        self.progress = ""
        self.moved = False
        """The user has put the cursor somewhere since these dumps were opened."""
        self._why_empty: str = _EMPTY

    def body(self) -> ComposeResult:
        yield self.table
        yield self.prompt

    def on_mount(self) -> None:
        self.prompt.display = False
        self.watch(self.prompt, "value", self.filter_as_typed, init=False)
        self.show_columns()
        self.table.at_column("rmse")

    # --- what is shown

    def start(self, pairs: Iterable[Pair], cursor_on: str = "") -> None:
        """Show the layers of another comparison, all still to come; filter and order stay.

        The cursor goes to the layer of that name where there is one.
        """
        kept = self.model
        self.model = Layers(pairs)
        self.model.marks, self.model.swept, self.model.three = kept.marks, kept.swept, kept.three
        self.model.query = self.model.parsed(kept.query.text)
        self.model.sort_key, self.model.reverse, self.model.then = kept.sort_key, kept.reverse, kept.then
        self.model.arrange()
        self.facts = facts_of(self.model.pairs)
        number = self._numbered(cursor_on)
        self.moved = self.moved and number is not None
        self.table.restart(self.model, self.model.place_of(number or 0) or 0)
        self.show_columns()
        self._tell(LayerMoved(self.number))

    def explain(self, why: str) -> None:
        """Why there is no layer, while there is none."""
        self._why_empty = why
        self.show_columns()

    def add(self, rows: tuple[LayerDiff, ...], progress: str) -> None:
        """Take in rows; the layer under the cursor keeps its line on the screen."""
        number, self.progress = self.number, progress
        self.model.add(rows)
        if self.model.in_network_order:
            for row in rows:
                self.table.repaint_row(row.pair.number)
        else:
            self._rearranged(number)
        if number is None or any(row.pair.number == number for row in rows):
            self._tell(LayerMoved(self.number))
        self.show_heading()

    @property
    def number(self) -> int | None:
        """Pair number of the layer under the cursor."""
        return self.model.order[self.table.cursor] if self.table.cursor < len(self.model) else None

    @property
    def row(self) -> LayerDiff | None:
        """The compared layer under the cursor."""
        return None if self.number is None else self.model.rows[self.number]

    @property
    def absent(self) -> tuple[str, ...]:
        """Columns that this table has nothing for."""
        model = self.model
        return absent_columns(model.marks != Marks(), bool(model.swept), model.three is not None)

    def show_columns(self) -> None:
        """Columns as chosen; the sort mark in the head."""
        self.table.explain(_NONE_FIT if self.model.pairs else self._why_empty)
        columns = chosen_columns(self.choices, self.facts, self.wide, self.absent)
        self.table.marks = self.model.arrows
        self.table.show(self.model, columns)
        self.show_heading()

    def show_heading(self) -> None:
        """How many layers, how many fail, which filter and order."""
        self.head(*self.summary())
        self._tell(LayersShown())

    def _tell(self, message: LayerMoved | LayersShown | Flash) -> None:
        """Straight to the screen: on its way up, title and status line would be a picture late."""
        self.screen.post_message(message)

    def summary(self) -> Line:
        """The heading's words; in tabs the screen shows them in the title."""
        layers = self.model
        total, there = len(layers.pairs), len(layers)
        failed, warned = layers.count(Verdict.FAIL), layers.count(Verdict.WARN)
        parts = (
            [span(count(total, "layer"))]
            if there == total
            else [Span(_("{shown} of {total}", shown=there, total=count(total, "layer")))]
        )
        parts += [Span("  " + _("{failed} fail", failed=failed), "fail")] if failed else []
        parts += [Span("  " + _("{warned} warn", warned=warned), "warn")] if warned else []
        if won := len(layers.parts.recovered):
            told = _("{won} recovered", won=won) if layers.undone else _("{won} out of order: r", won=won)
            parts.append(Span(f"  {REORDERED.text} {told}", REORDERED.tone))
        parts += [span(f"  {shown(self.progress)}", "muted")] if self.progress else []
        parts += [span(f"  /{cut(layers.query.text, _FILTER)}", "key")] if layers.query.tests else []
        return tuple(parts)

    def _rearranged(self, number: int | None) -> None:
        place = None if number is None else self.model.place_of(number)
        self.table.show(self.model, cursor=place)
        self.show_columns()
        if self.number != number:
            self._tell(LayerMoved(self.number))

    def show_parts(self, parts: Parts) -> None:
        """Each layer's part in the error, as the diagnosis found it."""
        number = self.number
        self.model.parts = parts
        if self.model.sort_key == PART:
            self.model.arrange()
            self._rearranged(number)
        else:
            self.table.refresh()
        self.show_heading()

    def show_marks(self, marks: Marks) -> None:
        """What is wanted in INT16."""
        number, self.model.marks = self.number, marks
        self.model.arrange()
        self._rearranged(number)

    def show_swept(self, swept: Swept) -> None:
        """What a sweep says of the layers; nothing where there is none of this network."""
        if swept != self.model.swept:
            number, self.model.swept = self.number, swept
            self.model.arrange()
            self._rearranged(number)

    def show_three(self, three: ThreeWay | None) -> None:
        """What the original says of the layers; None where there is none."""
        if three is not self.model.three:
            number, self.model.three = self.number, three
            self.model.arrange()
            self._rearranged(number)
            self.show_columns()

    def show_notes(self, notes: Notes) -> None:
        """A mark behind the name of every layer that has a note."""
        if notes != self.model.noted:
            self.model.noted = notes
            self.table.refresh()

    def go_to(self, name: str, hidden: bool = True) -> bool:
        """The cursor on the layer of that name, unless there is none; where the filter hides it, the filter goes off.

        Not `hidden`: only where the filter lets it be seen. Whether the cursor is there.
        """
        number = self._numbered(name)
        if number is None or (self.model.place_of(number) is None and not hidden):
            return False
        if self.model.place_of(number) is None:
            self.action_clear_filter()
        self.table.go(self.model.place_of(number) or 0)
        return True

    def _numbered(self, name: str) -> int | None:
        return next((number for number, pair in enumerate(self.model.pairs) if pair.name == name), None)

    # --- moving

    @on(Table.Moved)
    def tell_layer(self) -> None:
        """Histogram and details follow the cursor."""
        self.moved = True
        self._tell(LayerMoved(self.number))

    def walk(self, step: int) -> None:
        """To the next or previous row (from other panes)."""
        self.table.go(self.table.cursor + step)

    def action_next_failing(self) -> None:
        self._to_failing(1)

    def action_previous_failing(self) -> None:
        self._to_failing(-1)

    def _to_failing(self, step: int) -> None:
        """To a failing layer, or to the one that the first finding names, whether it fails or not."""
        here, guilty = self.table.cursor, self.model.parts.guilty
        place = self.model.next_place(here, step, lambda row: failing(row) or row.name == guilty)
        if place is None:
            self._tell(Flash(_("no layer fails so far") if self.progress else _("no layer fails")))
        elif place == here:
            fails = self.row is not None and failing(self.row)
            self._tell(
                Flash(_("this is the only failing layer") if fails else _("no layer fails; the cause sits here"))
            )
        else:
            self.table.go(place)

    # --- filter and order

    def action_filter(self) -> None:
        self.prompt.display = True
        self.prompt.prefill(self.model.query.text)
        self.screen.set_focus(self.prompt)

    def action_clear_filter(self) -> None:
        self.prompt.value = ""
        self._filter("")

    def filter_as_typed(self, text: str) -> None:
        """Every key narrows the table at once, in the same picture."""
        if self.prompt.has_focus:
            self._filter(text)

    @on(Prompt.Submitted)
    def keep_filter(self) -> None:
        """Back to the table with the filter on."""
        self.prompt.display = False
        self.table.focus()

    @on(Prompt.Cancelled)
    def drop_filter(self) -> None:
        """Back to the table without a filter."""
        self.prompt.display = False
        self.screen.set_focus(self.table)
        self.action_clear_filter()

    def _filter(self, text: str) -> None:
        try:
            query = self.model.parsed(text)
        except UsageError as error:
            self._tell(Flash(error.text, "warn"))
            return
        number = self.number
        self.model.filter(query)
        self._rearranged(number)
        self._tell(Flash(""))

    def action_sort(self) -> None:
        self._order(lambda: self.model.sort(self.table.column_id))

    def action_also_sort(self) -> None:
        self._order(lambda: self.model.also_sort(self.table.column_id))

    @on(Table.HeadClicked)
    def sort_as_clicked(self) -> None:
        self.action_sort()

    def action_reverse(self) -> None:
        self._order(self.model.turn_round)

    def action_network_order(self) -> None:
        self._order(self.model.network_order)

    def _order(self, change: Callable[[], None]) -> None:
        number = self.number
        change()
        self._rearranged(number)

    def action_wide(self) -> None:
        self.wide = not self.wide
        self.show_columns()

    def action_recovered(self) -> None:
        if not self.model.parts.recovered:
            self._tell(Flash(_("nothing was recovered: no dump here keeps its padding"), "warn"))
            return
        self.model.undone = not self.model.undone
        self.table.refresh()
        self.show_heading()

    @on(Table.Activated)
    def action_open(self) -> None:
        self.post_message(PaneAsked("details"))

    def choose_columns(self, choices: Choices | None) -> None:
        """Show these columns; None: as before."""
        if choices is not None:
            self.choices = choices
            self.show_columns()

    def copied(self, whole: bool) -> str:
        """The cell under the cursor as it is shown, or the row with tabs between."""
        if self.number is None:
            return ""
        columns = [column.id for column in self.table.columns] if whole else [self.table.column_id]
        if not whole and columns == ["name"]:
            return self.model.pairs[self.number].name
        return "\t".join(self.model.row_texts(self.table.cursor, columns))

    def listed(self) -> list[list[str]]:
        """Headings, then every row on show, as it is filtered and sorted; names in full, figures without signs."""
        columns = [column.id for column in self.table.columns]
        return [
            [title(key) for key in columns],
            *(self.model.row_texts(row, columns) for row in range(len(self.model))),
        ]

    def help(self) -> Iterable[Line]:
        for sign, meaning in _MEANINGS:
            yield line("  ", Span(sign.text, sign.tone), f" {shown(meaning)}")
        yield line("  " + _("f/orig, x/orig: RMSE of float, of fixed against the original; breaks: what fails first"))
        yield from sign_lines()

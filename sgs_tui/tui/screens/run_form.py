"""The form of pane 7: which models, which image, which preprocess."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from textual import on
from textual.widget import Widget

from sgs_tui.tui.actions import bindings
from sgs_tui.tui.lines import BLANK, Line, Span, wrap
from sgs_tui.tui.models.run_form import FORM_COLUMNS, Field, FormRows, RunForm
from sgs_tui.tui.screens.dialog import Dialog
from sgs_tui.tui.widgets.path_prompt import PathPrompt
from sgs_tui.tui.widgets.prompt import Prompt
from sgs_tui.tui.widgets.table import Table
from sgs_tui.tui.widgets.text_view import TextView


@dataclass(frozen=True, slots=True)
class Filled:
    """The form as it was left, and whether to start it."""

    form: RunForm
    start: bool


class RunFormDialog(Dialog[Filled]):
    """Closing keeps what was typed."""

    BINDINGS = bindings("runform")
    GROUPS = ("runform", "dialog")

    def __init__(self, form: RunForm, switches: str, keymap: dict[str, str] | None = None) -> None:
        super().__init__("What to run", keymap)
        self.form, self._switches = form, switches
        self.table = Table(FORM_COLUMNS, frozen=1)
        self.entry = PathPrompt()
        self.info = TextView()
        self.info.can_focus = False

    def body(self) -> Iterable[Widget]:
        """Fields, the line that is typed, what the field means."""
        return (self.table, self.entry, self.info)

    def on_mount(self) -> None:
        """The first field that wants something."""
        self.entry.display = False
        fields = self.form.fields
        self._show(next((n for n, each in enumerate(fields) if self.form.problem(each.key)), 0))
        self.table.focus()

    @property
    def prompt(self) -> PathPrompt | None:
        """The line while it is open: keys typed ahead are for it."""
        return self.entry if self.entry.display else None

    @property
    def field(self) -> Field:
        """The field under the cursor."""
        return self.form.fields[self.table.cursor]

    def _show(self, place: int) -> None:
        rows = FormRows(self.form)
        self.table.styles.height = len(rows) + 1
        self.table.show(rows, cursor=place)
        self._explain()

    @on(Table.Moved)
    def _explain(self) -> None:
        self.info.show(partial(self._info, ()))

    def _info(self, names: tuple[str, ...], width: int) -> list[Line]:
        lines: list[Line] = [(Span(part, "muted"),) for part in wrap(f"{self.field.label}: {self.field.note}", width)]
        if names:
            return [*lines, *((Span(part, "key"),) for part in wrap("  ".join(names), width))]
        lines += [BLANK, *((Span(part, "muted"),) for part in wrap(f"switches (pane 4): {self._switches}", width))]
        problems = self.form.problems
        said = f"before it can start: {'; '.join(problems)}" if problems else "r starts it in the background"
        return [*lines, *((Span(part, "warn" if problems else "good"),) for part in wrap(said, width))]

    # --- keys

    def action_change(self) -> None:
        """The next choice, or a line to type."""
        if self.field.choices:
            self.form = self.form.turned(self.field.key)
            self._show(self.table.cursor)
            return
        self.entry.value = self.form.value(self.field.key)
        self.entry.cursor_position = len(self.entry.value)
        self.entry.display = True
        self.set_focus(self.entry)

    @on(Table.Activated)
    def change_clicked(self) -> None:
        """A second click changes too."""
        self.action_change()

    def action_clear(self) -> None:
        """Empty."""
        self.form = self.form.with_value(self.field.key, "")
        self._show(self.table.cursor)

    @on(PathPrompt.Several)
    def show_names(self, event: PathPrompt.Several) -> None:
        """How the path can go on."""
        self.info.show(partial(self._info, event.names))

    @on(Prompt.Submitted)
    def keep(self, event: Prompt.Submitted) -> None:
        """That is the value; on to the next field."""
        self.form = self.form.with_value(self.field.key, event.value)
        self._end_edit(1)

    @on(Prompt.Cancelled)
    def drop(self) -> None:
        """As before."""
        self._end_edit(0)

    def _end_edit(self, step: int) -> None:
        self.entry.display = False
        self.table.focus()
        self._show(self.table.cursor + step)

    def action_run(self) -> None:
        """Start it, if everything is there."""
        if not self.form.problems:
            self.dismiss(Filled(self.form, start=True))

    def action_close(self) -> None:
        """Keep what was typed."""
        self.dismiss(Filled(self.form, start=False))

"""The screen's half that writes down: notes on layers, and the journal of what was tried."""

from functools import partial
from pathlib import Path

from textual import on

from sgs_tui.engine.journal import notes_by_layer
from sgs_tui.engine.numbers import count
from sgs_tui.tui.frame.dialogs import Ask, TextDialog
from sgs_tui.tui.jobs import ComparisonOpened, Flash, JobFailed
from sgs_tui.tui.journal.pane import JournalDialog, NoteAsked
from sgs_tui.tui.journal.view import JournalRead, note, read
from sgs_tui.tui.runs.controller import RunsScreen
from sgs_tui.tui.text import BLANK, Line, Span, wrap

MAKING = "make"
"""The job that makes models again."""
_NOTE = "kept beside the dump and in every report; H shows all of them"


class JournalScreen(RunsScreen):
    """Shows the journal that lies beside the sample, or in the run under the cursor."""

    @property
    def journal_place(self) -> Path | None:
        """The run under the cursor in pane 7, elsewhere the sample."""
        if self.current is self.runs_pane and self.runs_pane.row is not None:
            return self.runs_pane.row.path
        return self.bench.request.sample if self.bench.request else None

    @on(JobFailed)
    def tell_over_window(self, event: JobFailed) -> None:
        """A window hides the line that failures are told in; and that line is short for one that was waited for."""
        if self.app.screen is not self or event.job == MAKING:
            self.app.push_screen(TextDialog("That did not work", partial(_failure, event), self.keymap))

    # --- reading

    @on(ComparisonOpened)
    def read_notes(self, event: ComparisonOpened) -> None:
        """The notes on these layers."""
        if self.bench.is_wanted(event.comparison):
            self._show_notes(JournalRead(event.comparison.sample.path, ()))
            self.desk.start("notes", partial(read, event.comparison.sample.path))

    def action_journal(self) -> None:
        """All of it."""
        place = self.journal_place
        if place is None:
            self.flash(Flash("a journal belongs to a dump or a run: there is none here", "warn"))
            return
        self.app.push_screen(JournalDialog(place, self.keymap))
        self.desk.start("journal", partial(read, place))

    @on(JournalRead)
    def take_journal(self, event: JournalRead) -> None:
        """Notes into table and details, everything into the window."""
        if self.bench.request is not None and event.place == self.bench.request.sample:
            self._show_notes(event)
            if event.problem:
                self.log_pane.add(f"no journal: {event.problem}", "warn")
        for screen in self.app.screen_stack:
            if isinstance(screen, JournalDialog) and screen.place == event.place:
                screen.call_after_refresh(screen.show, event)

    def _show_notes(self, event: JournalRead) -> None:
        notes = notes_by_layer(event.entries)
        self.layers_pane.show_notes(notes)
        self.details_pane.show_notes(notes)

    # --- writing

    def action_note(self) -> None:
        """On the layer under the cursor."""
        if self.bench.request is None or not self.layer_name:
            self.flash(Flash("no layer here to note something about", "warn"))
            return
        self._ask(self.bench.request.sample, self.layer_name)

    @on(NoteAsked)
    def ask_from_window(self, event: NoteAsked) -> None:
        """On the dump or run as a whole."""
        self._ask(event.place, None)

    def _ask(self, place: Path, layer: str | None) -> None:
        question = f"Note on {layer or place.name}"
        self.app.push_screen(Ask(question, "", _NOTE, self.keymap), partial(self._write, place, layer))

    def _write(self, place: Path, layer: str | None, answer: str | None) -> None:
        if answer is not None and answer.strip():
            self.desk.start("note", partial(note, place, answer.strip(), layer))
            self.flash(Flash(f"noted on {layer or place.name}: {count(len(answer.split()), 'word')}; H shows all"))


def _failure(event: JobFailed, width: int) -> list[Line]:
    said = [(Span(part, "fail"),) for part in wrap(event.text, width)]
    return [*said, BLANK, *((Span(part),) for part in (wrap(event.hint, width) if event.hint else ()))]

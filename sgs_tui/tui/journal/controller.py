"""The journal: notes on layers, and what was tried, beside the sample or in the run under the cursor."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from sgs_tui.engine.numbers import count
from sgs_tui.language import Message, _
from sgs_tui.tui.comparison.controller import ComparisonController
from sgs_tui.tui.comparison.jobs import ComparisonOpened
from sgs_tui.tui.frame.controller import Controller, Host, does, hears
from sgs_tui.tui.journal.jobs import JournalRead, note, read
from sgs_tui.tui.journal.view import JournalDialog, NoteAsked

_NOTE = Message("kept beside the dump and in every report; H shows all of them")


class JournalController(Controller):
    """Shows the journal and continues it. `run`: the run under the cursor, where the user looks at runs."""

    def __init__(self, host: Host, comparison: ComparisonController, run: Callable[[], Path | None]) -> None:
        super().__init__(host)
        self._comparison, self._run = comparison, run

    @property
    def _sample(self) -> Path | None:
        return self._comparison.request.sample if self._comparison.request else None

    # --- reading

    @hears(ComparisonOpened)
    def read_notes(self, event: ComparisonOpened) -> None:
        if self._comparison.is_current(event.comparison):
            self.host.jobs.start("notes", partial(read, event.comparison.sample.path))

    @does("walk.journal")
    def open(self) -> None:
        place = self._run() or self._sample
        if place is None:
            self.host.flash(_("a journal belongs to a dump or a run: there is none here"), "warn")
            return
        self.host.open(JournalDialog(place, self.host.keymap))
        self.host.jobs.start("journal", partial(read, place))

    @hears(JournalRead)
    def take(self, event: JournalRead) -> None:
        if event.problem and event.place == self._sample:
            self.host.note(_("no journal: {problem}", problem=event.problem), "warn")
        window = self.host.opened(JournalDialog)
        if window is not None and window.place == event.place:
            window.call_after_refresh(window.show, event)

    # --- writing

    @does("walk.note")
    def note_layer(self) -> None:
        if self._sample is None or not self._comparison.layer:
            self.host.flash(_("no layer here to note something about"), "warn")
            return
        self._ask(self._sample, self._comparison.layer)

    @hears(NoteAsked)
    def note_place(self, event: NoteAsked) -> None:
        self._ask(event.place, None)

    def _ask(self, place: Path, layer: str | None) -> None:
        self.ask(_("Note on {place}", place=layer or place.name), "", _NOTE, partial(self._write, place, layer))

    def _write(self, place: Path, layer: str | None, answer: str) -> None:
        if answer.strip():
            self.host.jobs.start("note", partial(note, place, answer.strip(), layer))
            self.host.flash(
                _(
                    "noted on {place}: {words}; H shows all",
                    place=layer or place.name,
                    words=count(len(answer.split()), "word"),
                )
            )

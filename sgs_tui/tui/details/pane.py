"""The details of the layer under the cursor: every figure, both sides, worst elements."""

from collections.abc import Iterable

from sgs_tui.engine.compare.channels import Element
from sgs_tui.engine.compare.limits import MANUAL, Profile
from sgs_tui.engine.compare.results import LayerDiff, Pair
from sgs_tui.tui.actions import bindings
from sgs_tui.tui.details.view import Closeup, details, formulas, waiting
from sgs_tui.tui.frame.pane import Pane
from sgs_tui.tui.journal.view import Notes, note_lines
from sgs_tui.tui.layers.blame import NOTHING, Parts
from sgs_tui.tui.text import Line, Span, plain
from sgs_tui.tui.widgets.text_view import TextView


class DetailsPane(Pane):
    """One layer in words and figures."""

    NAME = "details"
    GROUPS = ("walk", "details", "move")
    SHARES, NEIGHBOR = "details", "6 Triage"
    BINDINGS = bindings("details")

    def __init__(self) -> None:
        super().__init__()
        self.main = self.view = TextView(identity="details-text")
        self.pair: Pair | None = None
        self.row: LayerDiff | None = None
        self.profile: Profile = MANUAL
        self.closeup = Closeup()
        self.parts = NOTHING
        self.notes: Notes = {}

    def show_layer(self, pair: Pair | None, row: LayerDiff | None, profile: Profile) -> None:
        same = (pair, row, profile) == (self.pair, self.row, self.profile)
        self.pair, self.row, self.profile = pair, row, profile
        if not same:
            self.closeup = Closeup()
            self._fill(keep=False)

    def show_worst(self, worst: tuple[Element, ...]) -> None:
        """The worst elements of the layer on show."""
        self.closeup = Closeup(worst, counting=False)
        self._fill(keep=True)

    def show_parts(self, parts: Parts) -> None:
        """What the diagnosis says of the layers."""
        self.parts = parts
        self._fill(keep=True)

    def show_notes(self, notes: Notes) -> None:
        if notes != self.notes:
            self.notes = notes
            self._fill(keep=True)

    def _fill(self, keep: bool) -> None:
        self.view.show(self._lines, keep)

    def _lines(self, width: int) -> list[Line]:
        if self.pair is None:
            return [(Span("no layer chosen", "muted"),)]
        if self.row is None:
            return waiting(self.pair, width)
        noted = note_lines(self.notes.get(self.pair.name, ()), width)
        part = self.parts.lines(self.pair.name, width)
        return details(self.row, self.profile, self.closeup, width, [*noted, *part])

    def help(self) -> Iterable[Line]:
        return formulas(self.profile)

    def copied(self, whole: bool) -> str:
        if whole:
            return plain(self.view.lines)
        return "" if self.pair is None else self.pair.name

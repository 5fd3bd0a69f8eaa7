"""Holds both dumps against the original's, in the background, once they are compared with each other."""

from functools import partial
from threading import Event

from sgs_tui.engine.compare.results import LayerDiff
from sgs_tui.engine.diagnosis.original import Breaks, ThreeWay, compare_original
from sgs_tui.engine.session import Comparison
from sgs_tui.language import _
from sgs_tui.tui.comparison.controller import ComparisonController
from sgs_tui.tui.comparison.jobs import ComparisonAsked, ComparisonFinished
from sgs_tui.tui.frame.controller import Controller, Host, hears
from sgs_tui.tui.jobs import Said
from sgs_tui.tui.original.jobs import OriginalKnown

ORIGINAL = "original"


class OriginalController(Controller):
    """Has no pane: columns of the layer table, a line of the details, a third side of the histogram show it."""

    def __init__(self, host: Host, comparison: ComparisonController) -> None:
        super().__init__(host)
        self._comparison = comparison

    @hears(ComparisonAsked)
    def forget(self) -> None:
        self.host.post_message(OriginalKnown(None))

    @hears(ComparisonFinished)
    def begin(self, event: ComparisonFinished) -> None:
        if self._comparison.is_current(event.comparison) and event.comparison.request.original is not None:
            work = partial(_compare, event.comparison, tuple(self._comparison.rows))
            self._comparison.find(ORIGINAL, work, self._take)

    def _take(self, three: ThreeWay) -> None:
        self.host.post_message(OriginalKnown(three))
        level = "info" if three.blame is Breaks.NOTHING else "warn"
        self.host.post_message(
            Said(_("original: {finding}", finding=three.text), level, _("columns f/orig, x/orig and breaks of pane 1"))
        )
        if not three.health.ok:
            self.host.note(_("original {path}: {health}", path=three.path, health=three.health), "warn")


def _compare(comparison: Comparison, rows: tuple[LayerDiff, ...], cancel: Event) -> ThreeWay:
    assert comparison.request.original is not None
    return compare_original(comparison, rows, comparison.request.original, cancel)

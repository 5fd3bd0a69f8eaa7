"""The baseline: an earlier comparison that the present one, and every later one, is held against."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event
from time import time

from textual.message import Message

from sgs_tui.engine.compare.baseline import Baseline, Regression, regress, snapshot
from sgs_tui.engine.compare.results import LayerDiff
from sgs_tui.engine.errors import SgsError, told
from sgs_tui.engine.files import at_home
from sgs_tui.engine.requantize.state import load_state
from sgs_tui.engine.runs.run_list import Run
from sgs_tui.engine.session import Comparison
from sgs_tui.language import Message as Words
from sgs_tui.language import _
from sgs_tui.tui.baseline.kept import keep, kept_of
from sgs_tui.tui.baseline.view import BaselineDialog, earlier, headline
from sgs_tui.tui.comparison.controller import ComparisonController
from sgs_tui.tui.comparison.jobs import ComparisonFinished
from sgs_tui.tui.frame.controller import Controller, Host, does, hears
from sgs_tui.tui.frame.dialogs import Choice
from sgs_tui.tui.jobs import Said
from sgs_tui.tui.runs.jobs import RunsSeen

_FILE = "file"
"""The choice that is no run."""
_TOO_EARLY = Words("a finished comparison is needed first")


@dataclass
class Regressed(Message):
    """What became better and worse since the baseline."""

    comparison: Comparison
    baseline: Baseline
    regression: Regression


def from_path(comparison: Comparison, rows: Sequence[LayerDiff], path: Path, cancel: Event) -> Iterator[Message]:
    """Read a report, or what a run dumped, and compare. Raises InputError where it is none."""
    yield from against(comparison, rows, load_state(path, comparison.request.profile), cancel)


def against(comparison: Comparison, rows: Sequence[LayerDiff], baseline: Baseline, cancel: Event) -> Iterator[Message]:
    """Compare with a baseline that is known."""
    yield Regressed(comparison, baseline, regress(rows, baseline.layers))


class BaselineController(Controller):
    """Owns the baseline; it outlives the comparison, so that the next one is held against it too."""

    def __init__(self, host: Host, comparison: ComparisonController) -> None:
        super().__init__(host)
        self._comparison = comparison
        self.baseline: Baseline | None = None
        self._runs: tuple[Run, ...] = ()
        self._foreseen: tuple[Comparison | None, Mapping[str, float]] = (None, {})

    @does("walk.baseline")
    def open(self) -> None:
        """Show the difference; ask for the earlier comparison where none is known."""
        if self._comparison.summary is None:
            self.host.flash(_TOO_EARLY, "warn")
        elif self.baseline is None:
            self.choose_run()
        else:
            self._window()
            self.hold()

    @does("walk.keep-baseline")
    def keep(self) -> None:
        """The present comparison is the baseline of the next one."""
        current = self._comparison.current
        if (
            current is None
            or not self.take_present(_("{sample}, kept here", sample=current.request.sample))
            or self.baseline is None
        ):
            self.host.flash(_TOO_EARLY, "warn")
            return
        self.host.flash(_("kept: B shows what the next comparison changes, after a new start as well"))
        try:
            keep(self.baseline, current.request.sample)
        except (OSError, SgsError) as error:
            self.host.post_message(
                Said(_("kept until the app ends, not for later: {error}", error=told(error)), "warn")
            )

    def take_present(self, source: str) -> bool:
        """The present comparison becomes the baseline, if it is finished; whether it is."""
        current = self._comparison.current
        if current is None or self._comparison.summary is None:
            return False
        layers = tuple(snapshot(row) for row in self._comparison.rows)
        self.baseline = Baseline(source, current.request.profile.name, layers)
        return True

    @does("baseline.keep")
    def keep_from_window(self) -> None:
        self.keep()
        self.hold()

    # --- choosing one

    @hears(RunsSeen)
    def take_runs(self, event: RunsSeen) -> None:
        self._runs = tuple(row.run for row in event.rows)

    @does("baseline.run")
    def choose_run(self) -> None:
        """What was kept, an earlier run, newest first, or a file; where there is neither only that is asked for."""
        choices = [kept.choice(time()) for kept in kept_of(row.name for row in self._comparison.rows)]
        runs = earlier(self._runs, self._comparison.picks.sample, time())
        choices += [Choice(str(path), path.name, words) for path, words in runs]
        if not choices:
            self.ask_for_file()
            return
        file = Choice(
            _FILE, Words("another file or folder ..."), Words("a report of compare --format json, a run's folder")
        )
        self.choose(_("Against which earlier run or comparison?"), (*choices, file), self._take_choice)

    def _take_choice(self, key: str) -> None:
        if key == _FILE:
            self.ask_for_file()
        else:
            self._load(key)

    @does("baseline.file")
    def ask_for_file(self) -> None:
        note = _("a report of `compare --format json`, or a run's folder; M keeps the one on the screen")
        self.ask_path(_("Against which earlier comparison?"), "", note, self._load)

    def _load(self, answer: str) -> None:
        current = self._comparison.current
        if current is not None:
            path = at_home(answer)
            self._comparison.begin("baseline", partial(from_path, current, self._comparison.rows, path))
            self.host.flash(_("reading {name} ...", name=path.name), "doing")

    # --- holding against it

    @hears(ComparisonFinished)
    def hold_new(self, event: ComparisonFinished) -> None:
        """A new comparison is held against the baseline at once."""
        if self._comparison.is_current(event.comparison):
            self.hold()

    def hold(self) -> None:
        current = self._comparison.current
        if current is not None and self.baseline is not None:
            self._comparison.begin("baseline", partial(against, current, self._comparison.rows, self.baseline))

    @hears(Regressed)
    def take(self, event: Regressed) -> None:
        """Into the window, which opens for a baseline that was just read; a line in the log."""
        if not self._comparison.is_current(event.comparison):
            return
        if event.baseline is not self.baseline or self.host.opened(BaselineDialog):
            self.baseline = event.baseline
            self.show(event)
        level = "fail" if event.regression.newly_failing else "info"
        self.host.note(
            _("since {source}: {regression}", source=event.baseline.source, regression=headline(event.regression)),
            level,
            _("B shows the layers"),
        )

    def show(self, event: Regressed, foreseen: Mapping[str, float] | None = None) -> None:
        """The layers before and after, in the window; beside them what was `foreseen`, until other dumps come."""
        self._foreseen = (event.comparison, foreseen) if foreseen else self._foreseen
        known = self._foreseen[1] if self._foreseen[0] is event.comparison else {}
        window, profile = self._window(), event.comparison.request.profile.name
        window.call_after_refresh(window.show, event.baseline, event.regression, profile, known)

    def _window(self) -> BaselineDialog:
        """The window that is open, or a new one."""
        window = self.host.opened(BaselineDialog)
        if window is None:
            window = BaselineDialog(self.host.keymap)
            self.host.open(window)
        return window

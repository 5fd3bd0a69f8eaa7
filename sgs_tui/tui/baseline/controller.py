"""The screen's half that holds a comparison against an earlier one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event

from textual import on
from textual.message import Message

from sgs_tui.engine.compare.baseline import Baseline, Regression, regress, snapshot
from sgs_tui.engine.compare.results import LayerDiff
from sgs_tui.engine.requantize.state import load_state
from sgs_tui.engine.session import Comparison
from sgs_tui.tui.baseline.pane import BaselineDialog, FileAsked, KeepAsked, LayerChosen, RunAsked
from sgs_tui.tui.baseline.view import headline
from sgs_tui.tui.frame.dialogs import Ask, Choice, Chooser
from sgs_tui.tui.int16.controller import AdviceScreen
from sgs_tui.tui.jobs import ComparisonFinished, Flash
from sgs_tui.tui.settings import Start

# Holding a comparison against an earlier one, as messages.


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


def kept(comparison: Comparison, rows: Sequence[LayerDiff]) -> Baseline:
    """The present comparison as the baseline of the next one."""
    request = comparison.request
    return Baseline(f"{request.sample}, kept here", request.profile.name, tuple(snapshot(row) for row in rows))


_FILE = "file"
"""The choice that is no run."""


class BaselineScreen(AdviceScreen):
    """Owns the baseline; it outlives the comparison, so that the next one is held against it too."""

    def __init__(self, start: Start) -> None:
        super().__init__(start)
        self.baseline: Baseline | None = None

    def action_baseline(self) -> None:
        """Show the difference; ask for the earlier comparison where none is known."""
        if self.bench.summary is None:
            self.flash(Flash("a finished comparison is needed first", "warn"))
        elif self.baseline is None:
            self.choose_baseline()
        else:
            self.open_window()
            self.hold(self.baseline)

    def action_keep_baseline(self) -> None:
        """The present comparison is the baseline of the next one."""
        if self.bench.comparison is None or self.bench.summary is None:
            self.flash(Flash("a finished comparison is needed first", "warn"))
            return
        self.baseline = kept(self.bench.comparison, self.rows())
        self.flash(Flash("kept: B shows what the next comparison makes better and worse"))

    @property
    def earlier_runs(self) -> Sequence[Choice]:
        """Runs that the present comparison can be held against, newest first, by their folders."""
        return ()

    @on(RunAsked)
    def choose_baseline(self) -> None:
        """An earlier run, or a file; where there are no runs only that is asked for."""
        runs = self.earlier_runs
        if not runs:
            self.ask_for_baseline()
            return
        file = Choice(_FILE, "another file or folder ...", "a report of compare --format json, a run's folder")
        self.app.push_screen(Chooser("Against which earlier run?", (*runs, file), self.keymap), self._take_choice)

    def _take_choice(self, key: str | None) -> None:
        if key == _FILE:
            self.ask_for_baseline()
        else:
            self._load_baseline(key)

    @on(FileAsked)
    def ask_for_baseline(self) -> None:
        """The file of the earlier comparison."""
        note = "a report of `compare --format json`, or a run's folder; M keeps the one on the screen"
        self.app.push_screen(Ask("Against which earlier comparison?", "", note, self.keymap), self._load_baseline)

    def _load_baseline(self, answer: str | None) -> None:
        comparison = self.bench.comparison
        if answer and comparison is not None:
            path = Path(answer).expanduser()
            self.bench.start("baseline", partial(from_path, comparison, self.rows(), path))
            self.flash(Flash(f"reading {path.name} ..."))

    @on(KeepAsked)
    def keep_from_window(self) -> None:
        """From the window: everything is the same then."""
        self.action_keep_baseline()
        if self.baseline is not None:
            self.hold(self.baseline)

    @on(ComparisonFinished)
    def hold_against(self, event: ComparisonFinished) -> None:
        """A new comparison is held against the baseline at once."""
        if self.baseline is not None and self.bench.is_current(event.comparison):
            self.hold(self.baseline)

    def hold(self, baseline: Baseline) -> None:
        """Work out what became better and worse."""
        if self.bench.comparison is not None:
            self.bench.start("baseline", partial(against, self.bench.comparison, self.rows(), baseline))

    @on(Regressed)
    def take_regression(self, event: Regressed) -> None:
        """Into the window, which opens for a baseline that was just read; a line in the log."""
        if not self.bench.is_current(event.comparison):
            return
        new = event.baseline is not self.baseline
        self.baseline = event.baseline
        if new:
            self.open_window()
        window = self._window()
        if window is not None:
            profile = event.comparison.request.profile.name
            window.call_after_refresh(window.show, event.baseline, event.regression, profile)
        level = "fail" if event.regression.newly_failing else "info"
        self.log_pane.add(f"since {event.baseline.source}: {headline(event.regression)}", level, "B shows the layers")

    @on(LayerChosen)
    def go_to_chosen(self, event: LayerChosen) -> None:
        """The layer in the table."""
        self.layers_pane.go_to(event.name)
        self.go(self.layers_pane)

    def open_window(self) -> None:
        """The layers before and after."""
        if self._window() is None:
            self.app.push_screen(BaselineDialog(self.keymap))

    def _window(self) -> BaselineDialog | None:
        return next((screen for screen in self.app.screen_stack if isinstance(screen, BaselineDialog)), None)

    def rows(self) -> list[LayerDiff]:
        """The layers that are compared by now."""
        return [row for row in self.layers_pane.model.rows if row is not None]

"""The main screen: every pane in its place, and the actions that work everywhere."""

import os
from dataclasses import replace
from functools import partial
from time import monotonic
from typing import Protocol

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from sgs_tui.engine.compare.limits import BUILT_IN
from sgs_tui.engine.compare.metrics import known_metric
from sgs_tui.engine.compare.select import parse_query
from sgs_tui.engine.errors import SgsError
from sgs_tui.engine.numbers import count
from sgs_tui.tui import outside
from sgs_tui.tui.actions import BY_ID, bindings, group, help_lines, shown_keys
from sgs_tui.tui.frame.dialogs import Choice, Chooser, TableDialog, TextDialog
from sgs_tui.tui.frame.pane import Pane, PaneAsked
from sgs_tui.tui.histogram.pane import HistogramPane
from sgs_tui.tui.jobs import Flash
from sgs_tui.tui.layers.pane import ColumnsAsked, ColumnsDialog, LayersPane, UnmatchedAsked
from sgs_tui.tui.layers.view import NETWORK, UNMATCHED_COLUMNS, ColumnChoice, UnmatchedRows, choices_for
from sgs_tui.tui.log.pane import LogPane
from sgs_tui.tui.requantize.controller import NetworkScreen
from sgs_tui.tui.runs.view import RunForm, form_of
from sgs_tui.tui.settings import Settings, Start, ViewState, load_state, save_state

# Between a screen and the state file of its folder.


class Remembered(Protocol):
    """What of a screen is kept."""

    start: Start
    settings: Settings
    layers_pane: LayersPane
    histogram_pane: HistogramPane
    log_pane: LogPane
    come_back_to: str
    run_form: RunForm

    @property
    def layer_name(self) -> str:
        """The layer under the cursor."""
        ...


def recall(screen: Remembered) -> None:
    """Put the screen as its folder was left, columns as the settings say where nothing was kept."""
    state = load_state(screen.start.folder)
    pane = screen.layers_pane
    if state.columns or screen.settings.columns:
        pane.choices = choices_for(state.columns or screen.settings.columns, state.extras)
    pane.wide = state.wide
    pane.model.sort_key, pane.model.reverse = _order(screen.start.sort) or (state.sort or NETWORK, state.reverse)
    pane.model.query = parse_query(screen.start.query) if screen.start.query.strip() else pane.model.query
    screen.histogram_pane.log_counts = state.log_counts
    screen.come_back_to = state.layer
    screen.run_form = form_of(state.run)
    pane.show_columns()


def _order(wanted: str) -> tuple[str, bool] | None:
    """Key and direction that `--sort` asks for, if it was given."""
    key = wanted.removeprefix("-")
    metric = known_metric(key)
    return (metric.key if metric else key, wanted.startswith("-")) if wanted else None


def remember(screen: Remembered) -> None:
    """Keep the view; where that fails the log says so, and nothing else happens."""
    try:
        save_state(screen.start.folder, _state(screen))
    except (OSError, SgsError) as error:
        screen.log_pane.add(f"the view is not kept: {error}", "warn")


def _state(screen: Remembered) -> ViewState:
    pane = screen.layers_pane
    shown: list[ColumnChoice] = [choice for choice in pane.choices if choice.shown]
    return ViewState(
        columns=tuple(choice.id for choice in shown),
        extras={choice.id: choice.extra for choice in shown if choice.extra},
        wide=pane.wide,
        sort="" if pane.model.sort_key == NETWORK else pane.model.sort_key,
        reverse=pane.model.reverse,
        log_counts=screen.histogram_pane.log_counts,
        layer=screen.layer_name or screen.come_back_to,
        run=dict(screen.run_form.values),
    )


TWICE = 2.0
"""Seconds within which a second ctrl+c quits."""


class MainScreen(NetworkScreen):
    """All panes of the app."""

    BINDINGS = bindings("app", "walk")

    def __init__(self, start: Start, settings: Settings) -> None:
        super().__init__(start)
        self.settings = settings
        self._interrupted = -TWICE

    @property
    def panes(self) -> tuple[Pane, ...]:
        """Every pane, in the order of tabs."""
        named = (self.layers_pane, self.histogram_pane, self.dumps_pane, self.debugconfig_pane, self.log_pane)
        return (*named, self.triage_pane, self.runs_pane, self.details_pane)

    @property
    def keymap(self) -> dict[str, str]:
        """The user's own keys."""
        return dict(self.settings.keys)

    def body(self) -> ComposeResult:
        """The panes in their containers."""
        with Horizontal(id="body"):
            with Vertical(id="side", classes="holder"):
                yield self.dumps_pane
                yield self.debugconfig_pane
                yield self.log_pane
            with Vertical(id="center", classes="holder"):
                yield self.layers_pane
                yield self.runs_pane
                with Horizontal(id="lower", classes="holder"):
                    yield self.histogram_pane
                    yield self.details_pane
                    yield self.triage_pane

    def on_mount(self) -> None:
        """As this folder was left, then work once the first picture is out."""
        recall(self)
        self.show_title()
        for problem in self.settings.problems:
            self.log_pane.add(problem, "warn")
        self.call_after_refresh(self.open_start)

    def on_unmount(self) -> None:
        """Keep the view."""
        remember(self)
        self.bench.close()
        self.desk.close()

    # --- panes and windows

    def action_pane(self, name: str) -> None:
        """Go to that pane."""
        self.go(next(pane for pane in self.panes if name == pane.NAME))

    def action_help(self) -> None:
        """Keys and meanings."""
        pane = self.current
        lines = partial(help_lines, pane.TITLE, tuple(pane.help()), pane.GROUPS, self.keymap)
        self.app.push_screen(TextDialog("Help", lines, self.keymap))

    def action_palette(self) -> None:
        """Every action that works here, by name."""
        actions = [a for a in (*self.current.actions(), *group("app")) if a.id != "app.palette"]
        choices = [Choice(a.id, a.description, " ".join(shown_keys(a, self.keymap)[:2])) for a in actions]
        self.app.push_screen(Chooser("Do what?", choices, self.keymap), self._run)

    def _run(self, action_id: str | None) -> None:
        if action_id is None:
            return
        call = BY_ID[action_id].method
        name = "action_" + call.partition("(")[0].rpartition(".")[2]
        owner = next((node for node in self.current.main.ancestors_with_self if hasattr(node, name)), self)
        self.call_after_refresh(self.app.run_action, call, owner)

    @on(ColumnsAsked)
    def ask_for_columns(self) -> None:
        """Choose columns."""
        self.app.push_screen(ColumnsDialog(self.layers_pane.choices, self.keymap), self.layers_pane.choose_columns)

    @on(UnmatchedAsked)
    def show_unmatched(self) -> None:
        """What was not compared, and why."""
        unmatched = self.bench.comparison.matching.unmatched if self.bench.comparison else ()
        title = f"Not compared: {count(len(unmatched), 'tensor')}"
        self.app.push_screen(TableDialog(title, UNMATCHED_COLUMNS, UnmatchedRows(unmatched)))

    @on(PaneAsked)
    def go_to_pane(self, event: PaneAsked) -> None:
        """A pane sends the user on."""
        self.action_pane(event.name)

    # --- the comparison

    def action_profile(self) -> None:
        """Judge by the next profile."""
        own = self.start.profile
        profiles = {**BUILT_IN, own.name: own}
        names = list(profiles)
        following = profiles[names[(names.index(self.picks.profile.name) + 1) % len(names)]]
        self.picks = replace(self.picks, profile=following)
        self.judge_by(following)
        self.flash(Flash(f"judged by profile {following.name}"))

    def action_reload(self) -> None:
        """Read both dumps again."""
        if self.picks.request is not None:
            self.compare(self.picks.request)
        self.dumps_pane.action_rescan()

    def action_interrupt(self) -> None:
        """As in a shell, but not at once: stop what runs, then ask for a second one."""
        if self.stop_work():
            self.flash(Flash("stopped; ctrl+c again quits", "warn"))
        elif monotonic() - self._interrupted < TWICE:
            self.action_quit()
        else:
            self.flash(Flash("ctrl+c again quits", "warn"))
        self._interrupted = monotonic()

    def action_quit(self) -> None:
        """Leave at once: background work is told to stop and not waited for."""
        self.app.exit(0, message=self.farewell() or None)

    def action_copy(self) -> None:
        """The value under the cursor."""
        self._copy(whole=False)

    def action_copy_row(self) -> None:
        """The whole row."""
        self._copy(whole=True)

    def _copy(self, whole: bool) -> None:
        text = self.current.copied(whole)
        if not text:
            self.flash(Flash("nothing to copy here", "warn"))
            return
        self.post_message(outside.Copied(text))

    @on(outside.Copied)
    def store_copy(self, event: outside.Copied) -> None:
        """To the terminal now, to tmux and a file in the background."""
        if len(event.text) <= outside.LONGEST:
            outside.send(self.app, event.text)
        self.bench.start("copy", partial(outside.store, event.text, os.environ))

    # --- walking from histogram and details

    def action_next_failing(self) -> None:
        """Next failing layer."""
        self.layers_pane.action_next_failing()
        self.follow_layer()

    def action_previous_failing(self) -> None:
        """Previous failing layer."""
        self.layers_pane.action_previous_failing()
        self.follow_layer()

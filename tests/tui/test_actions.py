"""The one table of actions: every rule that keys have to keep."""

import re

import pytest

from sgs_tui.tui.actions import (
    ACTIONS,
    BY_ID,
    DO,
    GROUP_TITLES,
    PANES,
    bindings,
    group,
    help_lines,
    key_label,
    shown_keys,
)
from sgs_tui.tui.app import SgsApp
from sgs_tui.tui.baseline.view import BaselineDialog
from sgs_tui.tui.debugconfig.pane import DebugConfigPane, LeaveDialog
from sgs_tui.tui.details.pane import DetailsPane
from sgs_tui.tui.dumps.pane import DumpsPane
from sgs_tui.tui.frame.controller import Controller
from sgs_tui.tui.frame.dialogs import Chooser, ConfirmDialog, Dialog
from sgs_tui.tui.frame.help import HelpDialog
from sgs_tui.tui.histogram.pane import HistogramPane
from sgs_tui.tui.int16.pane import Int16Dialog
from sgs_tui.tui.journal.view import JournalDialog
from sgs_tui.tui.layers.columns import ColumnsDialog
from sgs_tui.tui.layers.pane import LayersPane
from sgs_tui.tui.log.pane import LogPane
from sgs_tui.tui.network.pane import NetworkPane
from sgs_tui.tui.runs.form import RunFormDialog
from sgs_tui.tui.runs.pane import RunsPane
from sgs_tui.tui.screen import MainScreen
from sgs_tui.tui.settings import Settings, Start
from sgs_tui.tui.tensor.windows import HeatWindow, MapWindow
from sgs_tui.tui.triage.pane import TriagePane
from sgs_tui.tui.widgets.prompt import PathPrompt, Prompt
from sgs_tui.tui.widgets.table import Table
from sgs_tui.tui.widgets.text_view import TextView

OWNERS: dict[str, tuple[type, ...]] = {
    "app": (MainScreen, SgsApp),
    "walk": (MainScreen,),
    "inside": (MainScreen,),
    "map": (MapWindow,),
    "heat": (HeatWindow,),
    "move": (Table, TextView),
    "layers": (LayersPane,),
    "histogram": (HistogramPane,),
    "dumps": (DumpsPane,),
    "debugconfig": (DebugConfigPane,),
    "triage": (TriagePane,),
    "runs": (RunsPane,),
    "network": (NetworkPane,),
    "runform": (RunFormDialog,),
    "int16": (Int16Dialog,),
    "baseline": (BaselineDialog,),
    "journal": (JournalDialog,),
    "dialog": (Dialog,),
    "help": (HelpDialog,),
    "chooser": (Chooser,),
    "typing": (Prompt,),
    "path": (PathPrompt,),
    "confirm": (ConfirmDialog,),
    "columns": (ColumnsDialog,),
    "leave": (LeaveDialog,),
}
DONE = [
    done
    for controller in Controller.__subclasses__()
    for method in vars(controller).values()
    for done in getattr(method, "does", ())
]
"""What controllers do, by the action's id."""
FORBIDDEN = {f"ctrl+{letter}" for letter in "absjmih"}


def _keys(action_id: str) -> list[str]:
    return BY_ID[action_id].keys.split(",")


def test_ids_are_unique() -> None:
    assert len(BY_ID) == len(ACTIONS)


@pytest.mark.parametrize("action_id", BY_ID)
def test_has_a_plain_key(action_id: str) -> None:
    typed_instead = {"app.interrupt", "chooser.choose", "typing.keep", "typing.drop", "path.complete"}
    assert any(len(key) == 1 for key in _keys(action_id)) or action_id in typed_instead


@pytest.mark.parametrize("action_id", BY_ID)
def test_avoids_keys_that_terminals_take(action_id: str) -> None:
    keys = set(_keys(action_id))
    assert not keys & FORBIDDEN
    assert not any(key.startswith(("alt+", "ctrl+shift")) or key in {"shift+enter", "ctrl+enter"} for key in keys)


@pytest.mark.parametrize("action_id", BY_ID)
def test_somebody_does_it(action_id: str) -> None:
    action = BY_ID[action_id]
    if action.call == DO:
        assert action_id in DONE and hasattr(MainScreen, "action_do")
        return
    name = "action_" + re.sub(r"\(.*", "", action.method).rpartition(".")[2]
    owners = (SgsApp,) if action.method.startswith("app.") else OWNERS[action.group]
    assert any(hasattr(owner, name) for owner in owners)


def test_controllers_do_nothing_twice_and_nothing_that_no_key_asks_for() -> None:
    assert len(DONE) == len(set(DONE)) and set(DONE) <= set(BY_ID)


@pytest.mark.parametrize(
    "pane", [LayersPane, HistogramPane, DumpsPane, DebugConfigPane, LogPane, DetailsPane, TriagePane, RunsPane]
)
def test_no_key_means_two_things_in_a_pane(pane: type[LayersPane]) -> None:
    taken: dict[str, str] = {}
    for name in pane.GROUPS:
        for action in group(name):
            for key in action.keys.split(","):
                assert taken.setdefault(key, action.id) == action.id or name == "move"


def test_own_keys_of_panes_do_not_hide_those_that_work_everywhere() -> None:
    everywhere = {key for action in group("app") for key in action.keys.split(",")}
    for name in ("layers", "histogram", "dumps", "debugconfig", "triage", "runs", "walk", "move"):
        assert not everywhere & {key for action in group(name) for key in action.keys.split(",")}


def test_help_lists_every_action_once() -> None:
    lines = help_lines("Layers", (), LayersPane.GROUPS, {}, 200)
    text = "\n".join("".join(part.text for part in line) for line in lines)
    for action in ACTIONS:
        if action.group in {*GROUP_TITLES, *LayersPane.GROUPS}:
            assert text.count(action.description) == 1, action.id


def test_help_shows_the_users_own_keys() -> None:
    lines = help_lines("Layers", (), LayersPane.GROUPS, {"layers.filter": "f3"}, 80)
    assert any("f3" in line[0].text for line in lines if line)
    assert shown_keys(BY_ID["layers.filter"], {"layers.filter": "ctrl+o,f3"}) == ("^o", "f3")


def test_bindings_carry_the_ids_that_users_rebind() -> None:
    assert {binding.id for binding in bindings("layers")} == {action.id for action in group("layers")}


def test_keys_are_shown_as_people_write_them() -> None:
    assert [key_label(key) for key in ("?", "pagedown", "ctrl+d", "g")] == ["?", "pgdn", "^d", "g"]


def test_panes_stand_in_the_order_of_the_one_list() -> None:
    assert [pane.NAME for pane in MainScreen(Start(), Settings()).panes] == [entry.name for entry in PANES]

"""settings.toml, and the view that is kept per folder: nothing in them may keep the app from starting."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as how
from hypothesis import strategies as st

from sgs_tui.engine.files import settings_path
from sgs_tui.tui.actions import BY_ID
from sgs_tui.tui.comparison.view import Picks
from sgs_tui.tui.settings import Names, Settings, Start, ViewState, load_settings, load_state, save_state, state_path

NAMES = Names(actions=tuple(BY_ID))


def _load(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "settings.toml"
    path.write_text(text, "utf-8")
    return load_settings(path, NAMES)


def test_everything_can_be_set(tmp_path: Path) -> None:
    found = _load(
        tmp_path,
        'theme = "sgs-light"\nprofile = "sop"\ncolumns = ["cos", "rmse"]\nmouse = false\n'
        'diagnosis_seconds = 120\n[keys]\n"layers.filter" = "f3,ctrl+o"\n',
    )
    assert found == Settings(
        "sgs-light", "sop", ("cos", "rmse"), False, {"layers.filter": "f3,ctrl+o"}, diagnosis_seconds=120
    )
    request = Picks.of(Start(sample=tmp_path, benchmark=tmp_path, seconds=found.diagnosis_seconds)).request
    assert request is not None and request.seconds == 120


def test_no_file_is_no_problem(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "absent.toml", NAMES) == Settings()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "theme = ",
            "settings.toml: expected TOML, lines of KEY = VALUE with text in quotes: Invalid value (at end",
        ),
        ("mouse = true\ncolour = 1", "settings.toml, line 2: unknown key 'colour': did you mean columns?"),
        ("mouse = true\n[kyes]\na = 1", "settings.toml, line 2: unknown key 'kyes': did you mean keys?"),
        ("# mine\n theme=3", "settings.toml, line 2: theme: expected text in quotes, found 3"),
        ("mouse = 1", "mouse: expected true or false, found 1"),
        ("columns = ['rmse', 1]", "columns: expected a list of texts in quotes, found ['rmse', 1]"),
        ("sdk_map = 'x'", "sdk_map: expected a list of texts in quotes, found 'x'"),
        ("language = 'de'", "language: expected en or zh_CN, found 'de'"),
        ("keys = 1", "settings.toml, line 1: keys: expected a table, found 1"),
        ("[keys]\n'layers.filtr' = 'x'", "did you mean layers.filter?"),
        ("[keys]\n'layers.filter' = 'ctrl+j'", "can not be on 'ctrl+j'"),
        (
            "[keys]\n'layers.filter' = 3",
            "settings.toml, line 2: keys: layers.filter: expected a key in quotes, found 3",
        ),
        ("keys = {'layers.filter' = 3}", "settings.toml, line 1: keys: layers.filter: expected"),
        ("diagnosis_seconds = -1", "expected seconds from 0 on, found -1"),
        (f"diagnosis_seconds = 1{'0' * 400}", "expected seconds from 0 on, found 1000"),
        ('diagnosis_seconds = "long"', "expected seconds from 0 on, found 'long'"),
    ],
)
def test_what_can_not_be_used_is_said_and_passed_over(tmp_path: Path, text: str, said: str) -> None:
    found = _load(tmp_path, text)
    assert said in found.problems[0]
    assert found.theme == "" and not found.keys


def test_files_are_in_the_users_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert settings_path() == tmp_path / "sgs-tui" / "settings.toml"


def test_state_comes_back(tmp_path: Path) -> None:
    state = ViewState(
        ("cos", "rmse"), {"cos": 2}, True, "rmse", True, (("op", False),), True, 44, 12, "gate", {"image": "a.png"}
    )
    save_state(tmp_path, state)
    assert load_state(tmp_path) == state
    assert load_state(tmp_path / "other") == ViewState()


@given(st.binary(max_size=200))
@how(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
def test_a_damaged_state_is_as_good_as_none(tmp_path: Path, data: bytes) -> None:
    path = state_path(tmp_path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    assert load_state(tmp_path) == ViewState()


def test_state_of_other_types_or_another_version_is_passed_over(tmp_path: Path) -> None:
    path = state_path(tmp_path)
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"version": 1, "sort": 3, "wide": "yes", "columns": [1], "extras": {"cos": "x"}}))
    assert load_state(tmp_path) == ViewState(columns=("1",))
    path.write_text(json.dumps({"version": 99, "wide": True}))
    assert load_state(tmp_path) == ViewState()

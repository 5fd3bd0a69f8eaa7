"""Baselines: files that hold the layers of an earlier comparison, and folders that do."""

import json
from math import inf, isnan, nan
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sgs_tui.engine.compare.baseline import Baseline, Change, Snapshot, layers_json, load_baseline, regress
from sgs_tui.engine.compare.results import Verdict
from sgs_tui.engine.errors import InputError

figures = st.floats()
names = st.text(st.characters(exclude_categories=["Cs"]))
snapshots = st.builds(Snapshot, names, names, st.sampled_from(Verdict), figures, figures, figures, figures)


def same(one: Snapshot, other: Snapshot) -> bool:
    pairs = zip(
        (one.rmse, one.cos, one.sqnr_db, one.relative_l2),
        (other.rmse, other.cos, other.sqnr_db, other.relative_l2),
        strict=True,
    )
    alike = all(a == b or (isnan(a) and isnan(b)) for a, b in pairs)
    return alike and (one.name, one.op_type, one.verdict) == (other.name, other.op_type, other.verdict)


@given(st.lists(snapshots))
def test_layers_survive_the_round_trip(tmp_path_factory: pytest.TempPathFactory, layers: list[Snapshot]) -> None:
    path = tmp_path_factory.mktemp("baseline") / "old.json"
    path.write_bytes(layers_json(layers, "sop"))
    found = load_baseline(path)
    assert (found.profile, found.source) == ("sop", str(path))
    assert all(same(*pair) for pair in zip(found.layers, layers, strict=True))


def test_names_with_stray_bytes_are_the_same_layer_afterwards(tmp_path: Path) -> None:
    layer = Snapshot("a\udcff/b", "CONV_2D", Verdict.OK, 0.1, 0.99, 20.0, 0.1)
    path = tmp_path / "old.json"
    path.write_bytes(layers_json([layer], "manual"))
    (step,) = regress([layer], load_baseline(path).layers).steps
    assert step.change is Change.SAME


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON"),
        ("[1]", "no JSON object"),
        ("{}", "is no comparison"),
        ('{"schema": "sgs-tui/run/1"}', "is no comparison"),
        ('{"schema": "sgs-tui/compare/1", "profile": "manual", "layers": [{"name": "a"}]}', "damaged comparison"),
        ('{"schema": "sgs-tui/compare/1", "profile": "manual", "layers": 3}', "damaged comparison"),
        (
            '{"schema": "sgs-tui/layers/1", "profile": "manual", "layers": [], "summary": {"layers": 3}}',
            "0 of 3 layers",
        ),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_what_is_no_baseline_is_said(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "old.json"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        load_baseline(path)


def test_numbers_that_are_none_come_back(tmp_path: Path) -> None:
    layer = Snapshot("a", "RELU", Verdict.FAIL, inf, nan, -inf, nan)
    path = tmp_path / "old.json"
    path.write_bytes(layers_json([layer], "manual"))
    assert json.loads(path.read_bytes())["layers"][0]["not_finite"]["rmse"] == "inf"
    assert same(load_baseline(path).layers[0], layer)
    assert load_baseline(path) != Baseline("", "", ())

"""Rows that arrive while the table is sorted, filtered or neither."""

from math import nan

from sgs_tui.engine.compare.results import LayerDiff, Verdict
from sgs_tui.engine.compare.select import parse_query
from sgs_tui.tui.layers.columns import (
    AVAILABLE,
    DEFAULT,
    Facts,
    cell,
    choices_for,
    chosen_columns,
    column,
    default_choices,
    facts_of,
    moved,
    title,
    toggled,
    widened,
)
from sgs_tui.tui.layers.view import Layers, failing
from tests.layer_rows import layer, metrics


def _rows(*rmse: float) -> list[LayerDiff]:
    return [
        layer(f"l{n}", n, figures=metrics(rmse=value), verdict=Verdict.FAIL if value > 0.5 else Verdict.OK)
        for n, value in enumerate(rmse)
    ]


def _layers(rows: list[LayerDiff]) -> Layers:
    return Layers(row.pair for row in rows)


def test_layers_stand_there_before_they_are_compared() -> None:
    layers = _layers(_rows(0.1, 0.2))
    assert len(layers) == 2 and layers.row_at(0) is None
    assert layers.cell(1, "name").text == "l1" and layers.cell(1, "rmse").text == "" and layers.row_tone(1) == "muted"


def test_rows_that_arrive_keep_every_place_in_network_order() -> None:
    rows = _rows(0.3, 0.1, 0.2)
    layers = _layers(rows)
    layers.add(rows[2:])
    assert layers.order == [0, 1, 2] and layers.row_at(2) is rows[2]


def test_sorted_rows_come_first_and_the_waiting_ones_stay_behind() -> None:
    rows = _rows(0.1, 0.9, 0.4)
    layers = _layers(rows)
    layers.sort("rmse")
    layers.add(rows[1:])
    assert layers.order == [1, 2, 0]
    layers.add(rows[:1])
    assert layers.order == [1, 2, 0] and layers.place_of(0) == 2
    layers.sort("rmse")
    assert layers.reverse and layers.order == [0, 2, 1]
    layers.network_order()
    assert layers.order == [0, 1, 2]


def test_nan_sorts_first() -> None:
    rows = _rows(0.1, nan, 0.9)
    layers = _layers(rows)
    layers.add(rows)
    layers.sort("rmse")
    assert layers.order[0] == 1


def test_a_filter_hides_what_does_not_fit_and_what_is_still_to_come() -> None:
    rows = _rows(0.1, 0.9, 0.4)
    layers = _layers(rows)
    layers.filter(parse_query("rmse>0.3"))
    layers.add(rows[:2])
    assert layers.order == [1]
    layers.filter(parse_query(""))
    assert layers.order == [0, 1, 2]


def test_next_failing_goes_round_and_finds_itself_when_alone() -> None:
    rows = _rows(0.1, 0.9, 0.4)
    layers = _layers(rows)
    layers.add(rows)
    assert layers.next_place(2, 1, failing) == 1
    assert layers.next_place(1, 1, failing) == 1
    assert layers.next_place(1, -1, failing) == 1
    assert layers.next_place(0, 1, lambda row: row.verdict is Verdict.WARN) is None


def test_every_column_shows_something_of_a_row() -> None:
    row = layer(over=frozenset({"rmse"}), verdict=Verdict.FAIL)
    layers = _layers([row])
    waiting = {key: layers.cell(0, key).text for key in AVAILABLE}
    layers.add([row])
    for key in AVAILABLE:
        assert title(key)
        assert column(key, Facts()).id == key
        assert layers.cell(0, key).text or key == "part"
        assert waiting[key] or key not in {"sign", "index", "name", "op"}


def test_figures_over_a_limit_carry_a_sign() -> None:
    row = layer(over=frozenset({"rmse", "range"}), verdict=Verdict.FAIL)
    assert cell(row, "rmse").text.endswith("!") and cell(row, "rmse").tone == "fail"
    assert not cell(row, "cos").text.endswith("!") and cell(row, "cos").tone == ""


def test_columns_are_as_wide_as_the_texts_they_hold() -> None:
    facts = facts_of([layer("n" * 5000, op_type="DEPTHWISE_CONV_2D", index=12345).pair])
    assert facts == Facts(names=200, ops=17, indices=5)
    assert column("name", facts, wide=True).width == 200 and column("op", facts).width == 13


def test_choosing_columns() -> None:
    choices = default_choices()
    assert [choice.id for choice in choices if choice.shown] == list(DEFAULT)
    place = [choice.id for choice in choices].index("cos")
    assert not toggled(choices, place)[place].shown
    assert toggled(choices, 0) == choices
    assert widened(choices, place, 2)[place].extra == 2 and widened(choices, place, -2)[place].extra == 0
    shifted, new = moved(choices, place, -1)
    assert new == place - 1 and shifted[new].id == "cos"
    assert moved(choices, 3, -1) == (choices, 3)


def test_choices_survive_unknown_names() -> None:
    columns = chosen_columns(choices_for(["cos", "nonsense", "cos", "sign"], {"cos": 400}), Facts(), wide=False)
    assert [one.id for one in columns] == ["sign", "index", "name", "cos"]

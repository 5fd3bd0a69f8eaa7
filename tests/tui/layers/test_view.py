"""Rows that arrive while the table is sorted, filtered or neither."""

from collections import Counter
from math import nan
from pathlib import Path

import pytest

from sgs_tui.engine.compare.limits import BUILT_IN, FAILED, WARNED, mark
from sgs_tui.engine.compare.metrics import METRICS, Worse
from sgs_tui.engine.compare.results import LayerDiff, Verdict
from sgs_tui.engine.compare.select import parse_query
from sgs_tui.engine.events import Row
from sgs_tui.engine.session import CompareRequest, open_comparison
from sgs_tui.tui.comparison.view import SIGNS, status
from sgs_tui.tui.journal.view import MARK
from sgs_tui.tui.layers import over_set, three_way
from sgs_tui.tui.layers.blame import BLAME_SIGNS, JUMP, REORDERED
from sgs_tui.tui.layers.columns import (
    AVAILABLE,
    DEFAULT,
    PENDING,
    Choices,
    Facts,
    absent_columns,
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
from sgs_tui.tui.layers.over_set import OverSet
from sgs_tui.tui.layers.pane import LayersPane
from sgs_tui.tui.layers.view import Layers, failing
from sgs_tui.tui.text import ELLIPSIS, plain
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
        assert layers.cell(0, key).text or key in ("part", "int16", *over_set.COLUMNS, *three_way.COLUMNS)
        assert waiting[key] or key not in {"sign", "index", "name", "op"}


def test_columns_over_the_pictures_of_a_sweep() -> None:
    """Shown, sorted worst first with NaN on top, and found by the filter; a layer that the sweep lacks stands last."""
    rows = [layer(name, number) for number, name in enumerate("abcd")]
    layers = _layers(rows)
    layers.add(rows)
    layers.swept = {"a": OverSet(0.2, 0.1, 0), "b": OverSet(0.9, 0.3, 14), "c": OverSet(nan, 0.2, 1)}
    assert [layers.cell(row, over_set.FAILS).text.strip() for row in range(4)] == ["-", "14", "1", ""]
    assert layers.cell(1, over_set.WORST).text.startswith("0.9") and layers.cell(3, over_set.WORST).text == ""

    def shown() -> str:
        return "".join(layers.row_at(place).name for place in range(len(layers)))  # type: ignore[union-attr]

    layers.sort(over_set.WORST)
    assert shown() == "cbad" and layers.arrows == {over_set.WORST: "▾"}
    layers.sort(over_set.WORST)
    assert shown() == "cabd" and layers.arrows == {over_set.WORST: "▴"}
    layers.sort(over_set.FAILS)
    assert shown() == "bcad"
    for text, found in (("worst>0.5", "bc"), ("fails>0", "bc"), ("median<=0.1", "a"), ("!fails>0", "ad")):
        layers.filter(layers.parsed(text))
        assert set(shown()) == set(found), text
    every, none = (
        {each.id for each in chosen_columns(default_choices(), Facts(), False, absent_columns(True, swept, True))}
        for swept in (True, False)
    )
    assert every - none == set(over_set.COLUMNS)


def test_figures_over_a_limit_carry_a_sign() -> None:
    row = layer(over=frozenset({"rmse", "range"}), verdict=Verdict.FAIL)
    assert cell(row, "rmse").text.endswith("!") and cell(row, "rmse").tone == "fail"
    assert not cell(row, "cos").text.endswith("!") and cell(row, "cos").tone == ""
    assert cell(row, "range").text.endswith("~") and cell(row, "range").tone == "warn"


@pytest.mark.parametrize("profile", BUILT_IN)
def test_a_figure_has_the_same_sign_in_the_app_and_in_print(profile: str, sgs: Path) -> None:
    request = CompareRequest(sgs / "bad/bad_fixed_dq.bin", sgs / "bad/bad_float.bin", profile=BUILT_IN[profile])
    comparison = open_comparison(request)
    rows = [event.value for event in comparison.run(workers=1) if isinstance(event, Row)]
    comparison.close()
    signs = Counter()
    for row in rows:
        fail, warn = BUILT_IN[profile].limits_for(row.name, row.op_type)
        for key in ("rmse", "cos", "range", "sqnr_db"):
            value = METRICS[key].value(row)
            beyond = [METRICS[key].beyond(value, limits.get(key)) for limits in (fail, warn)]
            sign = "!" if beyond[0] else "~" if beyond[1] else ""
            assert mark(row, key) == sign and cell(row, key).text.strip().lstrip("<>-.e0123456789+inf") == sign
            signs[sign] += 1
    assert signs["!"] and (signs["~"] or profile == "strict")


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("key", [key for key in AVAILABLE if key in METRICS and key != "index"])
def test_the_arrow_agrees_with_the_numbers(key: str, reverse: bool, sgs: Path) -> None:
    comparison = open_comparison(CompareRequest(sgs / "bad/bad_fixed_dq.bin", sgs / "bad/bad_float.bin"))
    rows = [event.value for event in comparison.run(workers=1) if isinstance(event, Row)]
    layers = Layers(comparison.matching.pairs)
    comparison.close()
    layers.add(rows)
    layers.sort(key)
    if reverse:
        layers.turn_round()
    found = [METRICS[key].value(row) for row in map(layers.row_at, range(len(layers))) if row is not None]
    values = [abs(value) if METRICS[key].worse is Worse.SIZE else value for value in found if value is not None]
    assert found[len(values) :] == [None] * (len(found) - len(values))  # layers without a figure stand last
    if not values:
        return
    assert layers.arrows == {key: "▾" if values[0] > values[-1] else "▴"}
    assert values == sorted(values, reverse=layers.arrows[key] == "▾")


def test_arrows_of_words_and_of_the_network() -> None:
    layers = _layers([layer("a", 0), layer("b", 1)])
    assert layers.arrows == {}
    layers.turn_round()
    assert layers.arrows == {"index": "▾"}
    layers.network_order()
    for key, arrow in (("name", "▴"), ("op", "▴"), ("index", "▴"), ("sign", "▾"), ("part", "▾")):
        layers.sort(key)
        assert layers.arrows == {key: arrow}


def test_every_sign_of_the_table_is_in_its_help() -> None:
    told = plain(LayersPane().help())
    signs = [cell.text for cell in (*SIGNS.values(), *BLAME_SIGNS.values(), PENDING, REORDERED)]
    assert "~ the layer" in told and "~ behind a figure" in told
    for sign in (*signs, JUMP, MARK, FAILED, WARNED, ELLIPSIS, "▾", "▴"):
        assert not sign.strip() or f" {sign} " in told, sign


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


def test_a_column_moves_past_the_hidden_and_the_absent_ones() -> None:
    """Each key changes the table, or nothing at all."""
    choices = default_choices()
    ids = [choice.id for choice in choices]
    choices = toggled(choices, ids.index("cos"))
    absent = absent_columns(marked=False, swept=False, original=False)

    def table(chosen: Choices) -> list[str]:
        return [one.id for one in chosen_columns(chosen, Facts(), False, absent)]

    shown = table(choices)
    assert shown[4:8] == ["op", "rmse", "range", "mse"]
    later, place = moved(choices, ids.index("rmse"), 1, absent)
    assert table(later)[4:8] == ["op", "range", "rmse", "mse"] and later[place].id == "rmse"
    assert moved(later, place, -1, absent)[0] != later and table(moved(later, place, -1, absent)[0]) == shown
    last = next(n for n, choice in enumerate(choices) if choice.id == "verdict")
    assert moved(choices, last, 1, absent) == (choices, last)  # only hidden ones are behind it
    hidden, new = moved(choices, ids.index("cos"), -1, absent)  # a hidden one takes every place
    assert new == ids.index("cos") - 1 and table(hidden) == shown


def test_an_order_by_several_columns_is_kept_and_numbered() -> None:
    layers = _layers([layer("a", 0), layer("b", 1)])
    layers.sort("op")
    layers.also_sort("rmse")
    layers.also_sort("name")
    layers.also_sort("name")
    assert layers.arrows == {"op": "▴1", "rmse": "▾2", "name": "▾3"}
    again = _layers([layer("a", 0)])
    again.order_as((layers.sort_key, layers.reverse), *layers.then)
    assert (again.sort_key, again.reverse, again.then) == (layers.sort_key, layers.reverse, layers.then)
    again.order_as(("no such figure", False), ("rmse", True), ("neither", False))
    assert (again.sort_key, again.reverse, again.then) == ("rmse", True, ())
    again.order_as(("nonsense", True))
    assert again.arrows == {}


def test_choices_survive_unknown_names() -> None:
    columns = chosen_columns(choices_for(["cos", "nonsense", "cos", "sign"], {"cos": 400}), Facts(), wide=False)
    assert [one.id for one in columns] == ["sign", "index", "name", "cos"]


def test_the_status_line_tells_long_names_apart() -> None:
    names = [f"{'backbone/stage/' * 6}block{number}/{'attention/out/' * 6}add" for number in range(12)]
    rows = [layer(name, index=number) for number, name in enumerate(names)]
    facts = facts_of([row.pair for row in rows])

    def told(row: LayerDiff, read: bool = True) -> str:
        return plain([status(row.pair, row if read else None, 80, facts.short)])

    lines = {told(row) for row in rows}
    assert len(lines) == len(names)
    assert max(map(len, lines)) <= 80
    assert len({told(row, read=False) for row in rows}) == len(names)
    assert "conv1" in told(layer("conv1")), "a name that fits is whole"

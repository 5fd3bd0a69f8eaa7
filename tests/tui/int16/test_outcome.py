"""What a set would give, as lines: costs, the layers that matter, and the error down the network."""

from dataclasses import replace

import pytest

from sgs_tui.engine.twin.figures import Figures
from sgs_tui.engine.twin.whatif import Cost, WhatIf, WhatIfLayer
from sgs_tui.tui.int16.foresee import Foreseen, Rough, Then
from sgs_tui.tui.int16.outcome import answer_lines
from sgs_tui.tui.text import width


def layer(name: str, now: float, then: float, why_not: str = "") -> WhatIfLayer:
    before, after = (Figures(20.0, rmse, 0.99, 1.0, 100) for rmse in (now, then))
    return WhatIfLayer(name, "CONV_2D", None, before, after, why_not, None)


def answer(*layers: WhatIfLayer) -> WhatIf:
    failed, fail = ({each.name for each in layers if rmse(each) > 0.5} for rmse in (now, then))
    return WhatIf(
        layers,
        ("x",),
        tuple(failed - fail),
        tuple(fail - failed),
        tuple(fail),
        Cost(1, 0.0, 1000),
        Cost(4, 0.25, 3000),
        None,
    )


def now(each: WhatIfLayer) -> float:
    return each.before.rmse


def then(each: WhatIfLayer) -> float:
    return each.after.rmse


def text_of(found: WhatIf, cells: int = 80, plain: bool = False, outputs: tuple[str, ...] = ("out",)) -> list[str]:
    lines = answer_lines(found, Foreseen(found, outputs=outputs), plain, cells)
    assert all(width(one) <= cells for one in lines)
    return ["".join(part.text for part in one) for one in lines]


CHAIN = (layer("a", 0.001, 0.001), layer("b", 0.9, 0.02), layer("c", 0.3, 0.7), layer("out", 0.1, 0.05))


def test_cost_and_layers() -> None:
    text = "\n".join(text_of(answer(*CHAIN), 120))
    assert "cost: 4 tensors in INT16 (+3), 25.0% of multiply-accumulates (was 0.0%), weights 3.0 KB (+2.0 KB)" in text
    rows = {one.split()[0]: one for one in text.splitlines() if "RMSE " in one and "->" in one}
    assert rows["b"].endswith("0.9000 ->   0.0200  fixed") and rows["c"].endswith("0.7000  newly fails")
    assert rows["out"].endswith("0.0500  output") and "a" not in rows


@pytest.mark.parametrize("plain", [False, True])
def test_the_strip_is_the_network_from_left_to_right(plain: bool) -> None:
    lines = text_of(answer(*CHAIN), plain=plain)
    before, after = (next(one for one in lines if one.startswith(word)) for word in ("now ", "then "))
    ramp = " .:-=+*#@" if plain else " ▁▂▃▄▅▆▇█"
    assert before[6] == after[6] == ramp[1] and before[7] == ramp[8]
    assert ramp.index(after[7]) < ramp.index(before[7]) and ramp.index(after[8]) > ramp.index(before[8])
    assert len(before) == len(after) == 10 and (not plain or before.isascii())


def test_a_long_network_is_drawn_by_its_worst_layers() -> None:
    layers = [layer(f"l{n}", 0.001, 0.001) for n in range(500)]
    layers[250] = replace(layers[250], before=replace(layers[250].before, rmse=float("nan")))
    lines = text_of(answer(*layers), 80)
    before = next(one for one in lines if one.startswith("now "))
    assert len(before) == 80 and before.count("!") == 1
    assert "the worst of 7 layers" in "\n".join(lines)


def test_layers_of_few_values_are_foreseen_to_a_factor() -> None:
    few = "10 values: their rounding is chance"
    gap, prob, near, far = (
        layer("gap", 0.9, 0.01, few),
        layer("prob", 1.2, 0.02, few),
        layer("near", 0.8, 0.4, few),
        layer("far", 0.3, 1.2, few),
    )
    found = answer(*CHAIN, gap, prob, near, far)
    rough = (
        Rough(gap, True, Then.FINE),
        Rough(prob, True, Then.FINE),
        Rough(near, True, Then.OPEN),
        Rough(far, False, Then.FAILS),
    )
    foreseen = Foreseen(found, outputs=("prob",), rough=rough, unseen=(("lost", "NaN"),), chosen=("x",))
    lines = ["".join(part.text for part in one) for one in answer_lines(found, foreseen, False, 160)]
    text = "\n".join(lines)
    assert "~ foreseen to a factor of 2, as they have few values: 3 fail -> 1 to 2 (gap, prob, near, far)" in text
    assert "too close to the limit to say: near" in text and "can not be foreseen: lost (NaN)" in text
    rows = {one.split()[0]: one for one in lines if "RMSE " in one and "->" in one}
    assert rows["gap"].endswith("0.9000 ->~  0.0100  fixed") and rows["prob"].endswith("fixed, output")
    assert rows["near"].endswith("near the limit") and rows["far"].endswith("newly fails")
    assert "output not foreseen" not in text and foreseen.rmse(("x",))["gap"] == 0.01


def test_many_layers_are_counted_and_an_output_without_figures_is_named() -> None:
    layers = [layer(f"l{n}", 0.9, 0.8) for n in range(20)]
    lines = text_of(answer(*layers, layer("out", 1.0, 1.0, "10 values")))
    assert "  and 12 layers more, 12 fail" in lines and "output not foreseen: out (10 values)" in lines


def test_figures_count_for_the_set_that_was_asked_about() -> None:
    found = Foreseen(answer(*CHAIN), chosen=("x", "y"))
    assert found.rmse(("y", "x"))["b"] == 0.02 and found.rmse(("x",)) == {} and Foreseen(None).rmse(()) == {}


def test_what_was_measured_is_told_where_the_twin_says_another_figure() -> None:
    one = replace(layer("out", 0.04, 0.03), measured=Figures(20.0, 0.025, 0.99, 1.0, 100))
    assert any(text.endswith("output, measured 0.0250") for text in text_of(answer(one)))

"""The filter language: what fits, what does not, and what is refused in words."""

from dataclasses import replace

import pytest

from sgs_tui.engine.compare.select import parse_query
from sgs_tui.engine.errors import UsageError
from sgs_tui.language import CHINESE, Message, shown, speak
from tests.layer_rows import failing, layer, not_comparable, not_finite, perfect

ROWS = [
    layer("/Backbone/conv1", 0),
    layer("pool2", 1, op_type="MAX_POOL_2D"),
    failing("gate", 2),
    not_finite("exp", 3),
    perfect("res hape", 4),
    not_comparable("align", 5),
]


def names(text: str) -> list[str]:
    return [row.name for row in parse_query(text).select(ROWS)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("conv", ["/Backbone/conv1"]),
        ("backbone CONV1", []),
        ("BackBone", []),
        ("Backbone", ["/Backbone/conv1"]),
        ("back 1", ["/Backbone/conv1"]),
        ("!e", ["pool2", "align"]),
        ("!op:conv", ["pool2"]),
        ("op:POOL", ["pool2"]),
        ("op:Pool", []),
        ("verdict:fail", ["gate", "exp"]),
        ("verdict:not", ["align"]),
        ("verdict:FAIL !exp", ["gate"]),
        ("rmse>0.5", ["gate", "exp"]),
        ("RMSE>=0.999086", ["gate", "exp"]),
        ("cos<0.99", ["gate", "exp"]),
        ("cos>0.99", ["/Backbone/conv1", "pool2", "res hape"]),
        ("rmse<0.5", ["/Backbone/conv1", "pool2", "res hape"]),
        ("sqnr<20", ["gate", "exp"]),
        ("sqnr=inf", ["res hape"]),
        ("range>=30", ["gate"]),
        ("!range>=30", ["/Backbone/conv1", "pool2", "exp", "res hape", "align"]),
        ("mse>0.1 maxerr<1", ["gate"]),
        ("index<=1", ["/Backbone/conv1"]),
        ('"res h"', ["res hape"]),
        ('"res h', ["res hape"]),
        ("res hape", ["res hape"]),
        ("name:gate", ["gate"]),
    ],
)
def test_terms(text: str, expected: list[str]) -> None:
    assert names(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("verdict:不合格", ["gate", "exp"]),
        ("结论：不合格 ！exp", ["gate"]),
        ("结论:不可", ["align"]),
        ("结论：合格 name:pool", ["pool2"]),
        ("verdict:fail", ["gate", "exp"]),
        ("rmse＞0.5 名称:gate", ["gate"]),
    ],
)
def test_words_of_both_languages_are_known(text: str, expected: list[str]) -> None:
    speak(CHINESE)
    assert [row.name for row in parse_query(text, said=shown).select(ROWS)] == expected


def test_reasons_are_found_in_both_languages() -> None:
    row = replace(layer("cat", 0), notes=(Message("padded rows"),))
    speak(CHINESE)
    found = [parse_query(f"reason:{word}", said=shown).matches(row) for word in ("padded", shown(row.notes[0]), "else")]
    assert found == [True, True, False] and shown(row.notes[0]) != "padded rows"


@pytest.mark.parametrize("text", ["", "   ", '""'])
def test_an_empty_filter_fits_every_layer(text: str) -> None:
    assert len(names(text)) == len(ROWS)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("!", "nothing stands behind !"),
        ("verdict:bad", "known are: ok, warn, fail"),
        ("rsme>0.1", "did you mean rmse"),
        ("rmse>", "needs a number"),
        ("rmse>abc", "needs a number"),
        ("a=b", "write name:..."),
    ],
)
def test_a_bad_filter_says_what_is_wrong(text: str, words: str) -> None:
    with pytest.raises(UsageError, match="filter") as caught:
        parse_query(text)
    assert words in str(caught.value)


def test_a_name_that_looks_like_a_term_is_reached_with_name() -> None:
    row = layer("a>b:0", 0)
    assert parse_query("name:a>b").matches(row)
    assert parse_query("b:0").matches(row)


def test_the_name_of_either_side_fits() -> None:
    row = layer("/conv/out", 0, sample_name="_conv_out")
    assert parse_query("_conv_").matches(row)
    assert parse_query("/conv/").matches(row)


def test_control_characters_are_found_as_they_are_shown() -> None:
    assert parse_query(r"\x1b[31m").matches(layer("\x1b[31mred", 0))

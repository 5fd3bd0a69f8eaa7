"""The filter language: what fits, what does not, and what is refused in words."""

import pytest

from sgs_tui.engine.compare.select import parse_query
from sgs_tui.engine.errors import UsageError
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

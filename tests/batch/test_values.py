"""JSON is written by frames that are filled in: the bytes are those of the standard library."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sgs_tui.batch.values import dump_json

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
)


@given(st.dictionaries(st.text(), VALUES, max_size=4))
def test_json_is_as_the_standard_library_writes_it(value: dict[str, Any]) -> None:
    assert dump_json(value).decode("ascii") == json.dumps(value, indent=2) + "\n"


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_that_json_does_not_know_are_refused(number: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        dump_json({"layers": [{"rmse": number}]})

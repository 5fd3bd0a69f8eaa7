"""The list of causes: whatever it names has a file, words and a place in the schema of reports."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

import sgs_tui.engine.diagnosis.causes as package
from sgs_tui.engine.diagnosis.results import Cause

SCHEMA = Path(__file__).parents[3] / "cfg" / "schemas" / "compare-1.json"


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_has_words_and_a_file_that_says_so(cause: Cause) -> None:
    assert cause.words and not cause.words.endswith(".")
    found = find_spec(f"{package.__name__}.{cause.file}")
    assert found is not None and found.origin is not None
    text = Path(found.origin).read_text(encoding="utf-8")
    assert f"`{cause}`" in text.split('"""')[1] and f"Cause.{cause.name}" in text


def test_the_schema_lists_the_same_causes() -> None:
    def enums(node: object) -> list[list[str]]:
        if isinstance(node, dict):
            own = [node["enum"]] if isinstance(node.get("enum"), list) else []
            return own + [found for value in node.values() for found in enums(value)]
        return [found for each in node for found in enums(each)] if isinstance(node, list) else []

    listed = [values for values in enums(json.loads(SCHEMA.read_text(encoding="utf-8"))) if "unexplained" in values]
    assert [set(values) for values in listed] == [set(Cause)]

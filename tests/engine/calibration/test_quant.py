import json
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sgs_tui.engine.calibration.quant import QuantEntry, load_quant_info
from sgs_tui.engine.errors import InputError

GOOD = {"name": "cat", "min": [-1.0], "max": [2.5], "bit": 16}


def saved(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content))
    return path


def test_what_the_optimizer_left(sgs: Path) -> None:
    raised = {}
    for file in sorted((sgs / "optimizer").glob("*.pkl")):
        entries = load_quant_info(file)
        assert len(entries) == 10
        raised[file.stem.rsplit("_", 1)[1]] = {entry.name for entry in entries if entry.bit == 16}
    assert [rate for rate, names in raised.items() if "cat" in names] == ["0.7", "0.95"]
    weights = load_quant_info(sgs / "optimizer" / "optimized_quant_info_0_0.65.pkl")[1]
    assert (weights.name, len(weights.minimum), len(weights.maximum)) == ("dw.weight", 16, 16)


def test_the_same_from_json_and_pickle(tmp_path: Path) -> None:
    expected = (QuantEntry("cat", (-1.0,), (2.5,), 16),)
    assert load_quant_info(saved(tmp_path / "model.sim.json", [GOOD])) == expected
    (tmp_path / "q").write_bytes(pickle.dumps([OrderedDict(GOOD)]))
    assert load_quant_info(tmp_path / "q") == expected


def test_numpy_numbers_and_new_weights(tmp_path: Path) -> None:
    entry = GOOD | {"min": [np.float32(-0.5)], "bit": 8, "data": np.ones((2, 3), np.float32)}
    (tmp_path / "q.pkl").write_bytes(pickle.dumps([entry]))
    assert load_quant_info(tmp_path / "q.pkl") == (QuantEntry("cat", (-0.5,), (2.5,), 8, has_data=True),)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"cat": GOOD}, "holds a dict, not a list"),
        ([GOOD, "cat"], "entry 2: a str, not an object"),
        ([{**GOOD, "name": 3}], "entry 1: `name` is missing or no text"),
        ([{**GOOD, "name": "\ud800"}], "entry 1: `name` is missing or no text"),
        ([{**GOOD, "min": -1.0}], "entry 1 (cat): `min` is a float, not a list"),
        ([{"name": "cat", "min": [0], "bit": 8}], "entry 1 (cat): `max` is missing"),
        ([{**GOOD, "max": ["2"]}], "entry 1 (cat): `max` holds no numbers"),
        ([{**GOOD, "max": [True]}], "entry 1 (cat): `max` holds no numbers"),
        ([{"name": "cat", "min": [0], "max": [1]}], "entry 1 (cat): `bit` is missing"),
        ([{**GOOD, "bit": "16"}], "entry 1 (cat): `bit` is none of 4, 8, 16"),
        ([{**GOOD, "bit": 12}], "entry 1 (cat): `bit` is none of 4, 8, 16"),
        ([{**GOOD, "bit": True}], "entry 1 (cat): `bit` is none of 4, 8, 16"),
    ],
)
def test_the_vendors_schema(tmp_path: Path, content: object, said: str) -> None:
    path = saved(tmp_path / "q.json", content)
    with pytest.raises(InputError) as caught:
        load_quant_info(path)
    assert caught.value.message.startswith(str(path))
    assert said in caught.value.message
    assert "expected a list of {name" in caught.value.hint


@pytest.mark.parametrize("text", ["[{]", "[" * 100_000, "[" + "9" * 5000 + "]", "not json"])
def test_broken_json(tmp_path: Path, text: str) -> None:
    (tmp_path / "q.json").write_text(text)
    with pytest.raises(InputError, match=r"q\.json"):
        load_quant_info(tmp_path / "q.json")


def test_an_integer_beyond_the_floats_is_infinite(tmp_path: Path) -> None:
    entry = load_quant_info(saved(tmp_path / "q", [{**GOOD, "min": [-(10**400)], "max": [10**400]}]))[0]
    assert (entry.minimum, entry.maximum) == ((float("-inf"),), (float("inf"),))

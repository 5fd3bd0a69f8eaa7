"""The JSON report against the schema file that is shipped."""

import json
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest

from sgs_tui.batch.console import Screen
from sgs_tui.batch.formats import Format
from sgs_tui.batch.formats.json import SCHEMA
from sgs_tui.engine.compare.results import Metrics
from tests.batch.conftest import Command
from tests.layer_rows import HOSTILE_NAMES, failing, layer, not_comparable, not_finite, perfect, unmatched
from tests.report_builder import diagnosis_of, report

SCHEMA_FILE = Path(__file__).parents[2] / "cfg" / "schemas" / "compare-1.json"
TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
    "integer": int,
    "number": (int, float),
}


def violations(value: Any, schema: dict[str, Any], root: dict[str, Any], where: str = "$") -> list[str]:
    """The part of JSON Schema that our file uses; an unknown keyword fails the test that calls this."""
    known = {"$ref", "type", "const", "enum", "required", "properties", "items", "additionalProperties", "minimum"}
    assert set(schema) <= known | {"$schema", "$id", "$defs", "title", "description"}
    found = []
    if "$ref" in schema:
        found += violations(value, root["$defs"][schema["$ref"].rsplit("/", 1)[1]], root, where)
    if "const" in schema and value != schema["const"]:
        found.append(f"{where}: {value!r} is not {schema['const']!r}")
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{where}: {value!r} is not in {schema['enum']}")
    if "type" in schema:
        names = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
        fits = any(isinstance(value, TYPES[name]) and (name == "boolean") == isinstance(value, bool) for name in names)
        found += [] if fits else [f"{where}: {value!r} is no {names}"]
    if "minimum" in schema and isinstance(value, int) and value < schema["minimum"]:
        found.append(f"{where}: {value} is under {schema['minimum']}")
    if isinstance(value, dict):
        found += [f"{where}: {key} is missing" for key in schema.get("required", []) if key not in value]
        for key, item in value.items():
            inner = schema.get("properties", {}).get(key, schema.get("additionalProperties", {}))
            found += violations(item, inner, root, f"{where}.{key}")
    if isinstance(value, list):
        for number, item in enumerate(value):
            found += violations(item, schema.get("items", {}), root, f"{where}[{number}]")
    return found


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(SCHEMA_FILE.read_text("utf-8"))
    return loaded


def all_layer_keys(schema: dict[str, Any]) -> set[str]:
    return set(schema["$defs"]["layer"]["properties"])


ROWS = [
    *(layer(name, number) for number, name in enumerate(HOSTILE_NAMES)),
    failing("gate", 20),
    not_finite("exp", 21),
    perfect("same", 22),
    not_comparable("align", 23),
]


def test_odd_rows_follow_the_schema(schema: dict[str, Any]) -> None:
    found = diagnosis_of(ROWS, recovered=ROWS[:2])
    written = json.loads(
        Format.JSON.write(report(ROWS, [unmatched(name) for name in HOSTILE_NAMES], diagnosis=found), Screen())
    )
    assert violations(written, schema, schema) == []
    assert {key for row in written["layers"] for key in row} == all_layer_keys(schema)


def test_the_validator_sees_what_is_wrong(schema: dict[str, Any]) -> None:
    broken = json.loads(Format.JSON.write(report(ROWS), Screen()))
    broken["layers"][0]["verdict"] = "fine"
    del broken["layers"][1]["rmse"]
    broken["sample"]["stage"] = 3
    broken["summary"]["failed"] = "1"
    broken["diagnosis"] = [{"cause": "fate"}]
    missing = ["layers", "confidence", "evidence", "advice", "refuted_by", "explained", "size", "behind"]
    assert len(violations(broken, schema, schema)) == 5 + len(missing)


@pytest.mark.parametrize(
    "pair",
    [
        ("bad/bad_fixed_dq.bin", "bad/bad_float.bin"),
        ("tiny/fixed_raw.bin", "tiny/float.bin"),
        ("tiny/fixed_dq_keepgarbage.bin", "tiny/float.bin"),
        ("tiny/float.bin", "onnx/onnx_NHWC_outtensor_dump.bin"),
        ("damaged/ends_in_header.bin", "tiny/float.bin"),
        ("damaged/empty.bin", "tiny/float.bin"),
    ],
)
def test_real_dumps_follow_the_schema(command: Command, schema: dict[str, Any], pair: tuple[str, str]) -> None:
    written = json.loads(command("compare", *pair, "--format", "json").out)
    assert violations(written, schema, schema) == []
    assert written["schema"] == SCHEMA == schema["$id"]
    assert written["sample"]["path"] == pair[0]


def test_numbers_that_are_none_are_null_with_the_reason() -> None:
    figures = Metrics(0.5, 0.0, inf, -inf, inf, nan, -1, 0.5)
    row = json.loads(Format.JSON.write(report([layer("zero", 0, figures=figures)]), Screen()))["layers"][0]
    assert row["rmse"] is None
    assert row["not_finite"] == {"rmse": "inf", "sqnr_db": "-inf", "relative_l2": "inf", "max_abs_error": "nan"}
    assert "not_finite" not in json.loads(Format.JSON.write(report([layer("fine", 0)]), Screen()))["layers"][0]


def test_statistics_without_a_finite_value_say_so() -> None:
    row = json.loads(Format.JSON.write(report([not_finite("exp", 0)]), Screen()))["layers"][0]
    assert row["sample"]["min"] is None
    assert row["sample"]["not_finite"] == {"min": "nan", "max": "nan"}


def test_a_layer_without_figures_has_null_and_a_reason() -> None:
    row = json.loads(Format.JSON.write(report([not_comparable("align", 0, "size differs: 8 / 16")]), Screen()))[
        "layers"
    ][0]
    assert row["rmse"] is None
    assert row["sample"] is None
    assert row["reason"] == "size differs: 8 / 16"
    assert "not_finite" not in row

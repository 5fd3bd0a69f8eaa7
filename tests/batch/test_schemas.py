"""The smaller JSON documents against the schema files that are shipped."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from sgs_tui.batch.console import Screen
from sgs_tui.batch.output import AdviceFormat
from sgs_tui.batch.printed.iteration import BeforeAfter, write_iteration
from sgs_tui.engine.runs.run_list import Run
from tests.batch.conftest import Command
from tests.batch.test_json_schema import violations
from tests.layer_rows import failing, layer
from tests.report_builder import diagnosis_of, report

SCHEMAS = Path(__file__).parents[2] / "cfg" / "schemas"
DUMPS = (
    *("tiny/fixed_raw.bin", "tiny/fixed_raw_str.bin", "onnx/onnx_NHWC_outtensor_dump.bin"),
    *("damaged/empty.bin", "damaged/ends_in_header.bin", "damaged/stops_early.bin"),
)


def check(data: bytes, name: str) -> dict[str, Any]:
    """The document, which follows the schema and holds nothing that the schema does not tell of."""
    schema = json.loads((SCHEMAS / f"{name}-1.json").read_text("utf-8"))
    document: dict[str, Any] = json.loads(data, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert violations(document, schema, schema) == []
    assert document["schema"] == schema["$id"]
    assert set(document) <= set(schema["properties"])
    return document


@pytest.mark.parametrize("name", DUMPS)
def test_records_of_real_dumps(command: Command, name: str) -> None:
    document = check(command("inspect", name, "--format", "json").out, "inspect")
    assert len(document["records"]) == document["totals"]["records"]


def test_a_scale_that_is_no_number(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "inf.bin"
    head = b"isFloat: 0\n//out 0 s: 1e999 z: 0 type: SGS_U8 name: a bConstant:0\nop_out[0] RELU = {\n"
    path.write_bytes(head + b"//buffer data size: 4\n1234\n};\n")
    record = check(command("inspect", str(path), "--format", "json").out, "inspect")["records"][0]
    assert record["scale"] is None and record["not_finite"] == {"scale": "inf"}
    document = check(command("inspect", str(path), "--layer", "a", "--format", "json").out, "tensor")
    assert document["values"] == ["inf"] * 4


def test_one_tensor(command: Command) -> None:
    ended = command("inspect", "tiny/fixed_raw.bin", "--layer", "gate", "--format", "json", "--values", "5")
    document = check(ended.out, "tensor")
    assert document["dequantised"] and len(document["values"]) == 5


def test_a_journal(command: Command, tmp_path: Path) -> None:
    dump = tmp_path / "fixed.bin"
    dump.write_bytes(b"isFloat: 1\n")
    assert command("journal", str(dump), "--add", "=only at night", "--layer", "gate").code == 0
    document = check(command("journal", str(dump), "--format", "json").out, "journal")
    assert [each["text"] for each in document["journal"]] == ["=only at night"]


def test_an_iteration() -> None:
    rows = [layer("a", 0), failing("gate", 1)]
    folder = SimpleNamespace(path=Path("runs/one"))
    run = cast(Run, SimpleNamespace(folder=folder, request=SimpleNamespace(details={"int16": "cat,pool"})))
    for found in (report(rows), report(rows, diagnosis=diagnosis_of(rows))):
        done = BeforeAfter(Path("runs/one"), "2 layers: 2 failed", found)
        document = check(write_iteration(done, run, AdviceFormat.JSON, Screen()), "iterate")
        assert document["int16"] == ["cat", "pool"] and document["outcome"]["failed_after"] == 1

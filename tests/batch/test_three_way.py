"""A third dump: the section of the table, of Markdown, and the object of the JSON schema."""

import json

import pytest

from tests.batch.conftest import Command
from tests.batch.test_golden import check_roughly

ONNX = "onnx/onnx_NHWC_outtensor_dump.bin"
TINY = ("tiny/fixed_dq.bin", "tiny/float.bin", ONNX)
BAD = ("bad/bad_fixed_dq.bin", "bad/bad_float.bin", ONNX)


def test_table(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    ended = command("--batch", *TINY, "--no-diagnosis")
    assert ended.code == 0 and max(map(len, ended.text.splitlines())) <= 80
    check_roughly("tiny.three.table80", ended.out)


def test_json_tells_who_is_to_blame(command: Command) -> None:
    ended = command("compare", *BAD, "--no-diagnosis", "--format", "json")
    found = json.loads(ended.out)["original"]
    assert ended.code == 1 and found["blame"] == "conversion" and found["compared"] == 19
    layers = {each["name"]: each for each in found["layers"]}
    assert layers["gate"]["breaks"] == "quantization" and layers["sq888"]["breaks"] == "conversion"
    assert layers["flat#46"]["float_original"] is None and layers["c3"]["fixed_float"] is None


def test_markdown_and_filter(command: Command) -> None:
    ended = command("compare", *BAD, "--no-diagnosis", "--format", "markdown", "--filter", "sq888")
    assert "### Against the original" in ended.text and "`conversion is to blame" in ended.text
    section = ended.text.split("### Against the original")[1]
    assert "| `sq888` |" in section and "| `gate` |" not in section


def test_conversion_alone_fails_the_command(command: Command) -> None:
    ended = command("compare", "bad/bad_float.bin", "bad/bad_float.bin", ONNX, "--no-diagnosis", "--format", "json")
    assert json.loads(ended.out)["summary"]["failed"] == 0 and ended.code == 1


def test_formats_without_a_place_for_it_say_so_on_stderr(command: Command) -> None:
    ended = command("compare", *BAD, "--no-diagnosis", "--format", "csv")
    assert "csv has no place for the original: conversion is to blame" in ended.err and ended.code == 1


def test_what_can_not_be_asked(command: Command) -> None:
    assert command("compare", *TINY, "--exact").code == 2
    ended = command("compare", *TINY[:2], "absent.bin", "--batch")
    assert ended.code == 3 and "absent.bin" in ended.err and ended.out == b""
    damaged = command("compare", *TINY[:2], "damaged/ends_in_header.bin", "--batch", "--no-diagnosis")
    assert damaged.code == 3 and "ends_in_header.bin" in damaged.err

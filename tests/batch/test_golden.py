"""The bytes of every format on real dumps. `UPDATE_GOLDEN=1 pytest tests/batch/test_golden.py` writes them anew.

What a diagnosis computes goes through float32 matrix products, whose last digits depend on the machine: there
numbers may differ a little, and nothing else.
"""

import os
import re
from pathlib import Path

import pytest

from tests.batch.conftest import Command

GOLDEN = Path(__file__).parent / "golden"
PAIRS = {
    "tiny": ("tiny/fixed_dq.bin", "tiny/float.bin", "--ranges", "tiny/tensor_min_max.txt"),
    "bad": ("bad/bad_fixed_dq.bin", "bad/bad_float.bin", "--ranges", "bad/tensor_min_max.txt"),
}


def check(name: str, found: bytes) -> None:
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_bytes(found)
    assert path.read_bytes() == found


NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")


def check_roughly(name: str, found: bytes) -> None:
    """The same text; numbers equal to three digits."""
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_bytes(found)
    expected = path.read_bytes()
    assert NUMBER.sub(b"0", found) == NUMBER.sub(b"0", expected)
    numbers = [[float(text) for text in NUMBER.findall(each)] for each in (found, expected)]
    assert numbers[0] == pytest.approx(numbers[1], rel=1e-3, abs=1e-6)


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("form", ["csv", "json", "markdown", "vendor", "table"])
def test_formats(command: Command, pair: str, form: str) -> None:
    ended = command("compare", *PAIRS[pair], "--no-diagnosis", "--format", form)
    assert ended.code == (1 if pair == "bad" else 0), ended.err
    check(f"{pair}.{form}", ended.out)


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("form", ["csv", "json", "markdown", "table"])
def test_formats_with_the_diagnosis(command: Command, pair: str, form: str) -> None:
    ended = command("compare", *PAIRS[pair], "--batch", "--format", form)
    assert ended.code == (1 if pair == "bad" else 0), ended.err
    check_roughly(f"{pair}.diagnosis.{form}", ended.out)


def test_recovered_layers(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    ended = command("--batch", "tiny/fixed_dq_keepgarbage.bin", "tiny/float.bin")
    assert max(map(len, ended.text.splitlines())) <= 80
    check_roughly("keepgarbage.table80", ended.out)


@pytest.mark.parametrize("columns", [80, 120, 160])
def test_table_widths(command: Command, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    ended = command("--batch", *PAIRS["bad"])
    assert max(map(len, ended.text.splitlines())) <= columns
    check_roughly(f"bad.table{columns}", ended.out)


def test_ascii_table(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LC_ALL", "C")
    ended = command("--batch", *PAIRS["bad"])
    assert ended.out.isascii()
    check_roughly("bad.table80-ascii", ended.out)

"""The change to a user's input_config.ini: what is there stays, what is wanted is read by the vendor's tools."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sgs_tui.engine.configs.inputconfig import parse
from sgs_tui.engine.errors import InputError, UsageError
from sgs_tui.engine.requantize.ini_change import ini_change, write_change

INI = b"""; mine\r
[INPUT_CONFIG]\r
inputs='data';\r
\r
[OUTPUT_CONFIG]\r
outputs='prob';\r
[CONV_CONFIG]\r
tensor_arrays='pool, cat';  # since March\r
"""
PLAIN = b"[INPUT_CONFIG]\ninputs='data';\n[OUTPUT_CONFIG]\noutputs='prob';\n"
names = st.text(st.sampled_from("abc/:#."), min_size=1, max_size=8)


def test_a_name_with_a_blank_raises_nothing_and_is_mended() -> None:
    change = ini_change(INI, ["cat"])
    assert change.names == ("pool", "cat")
    assert change.added == ("cat",)
    assert parse(change.new).tensor_arrays == ("pool", "cat")
    assert change.new == INI.replace(b"'pool, cat'", b"'pool,cat'")


def test_what_is_there_already_leaves_the_file_alone() -> None:
    change = ini_change(INI, ["pool"])
    assert (change.new, change.changes, change.diff("x")) == (INI, False, ())


def test_a_name_is_taken_out() -> None:
    change = ini_change(INI, ["deep"], ["pool", "unknown"])
    assert (change.names, change.added, change.removed) == (("cat", "deep"), ("deep",), ("pool",))
    assert ini_change(INI, [], ["pool", "cat"]).names == ()
    assert b"tensor_arrays" not in ini_change(INI, [], ["pool", "cat"]).new


def test_unmarking_wins_over_the_advice() -> None:
    change = ini_change(PLAIN, ["cat", "pool"], ["pool"])
    assert change.names == ("cat",)


@given(st.lists(names, max_size=4), st.lists(names, max_size=4), st.lists(names, max_size=4))
def test_the_vendors_tools_read_what_was_meant(there: list[str], add: list[str], remove: list[str]) -> None:
    old = ini_change(PLAIN, there).new
    change = ini_change(old, add, remove)
    expected = [name for name in dict.fromkeys([*there, *add]) if name not in remove]
    assert list(parse(change.new).tensor_arrays) == expected == list(change.names)
    assert ini_change(change.new, [], change.names).names == ()


def test_findings_judge_the_file_as_it_will_be() -> None:
    change = ini_change(PLAIN, ["cat"], conv_inputs=["data", "cat", "cat_1"])
    assert any("cat_1" in finding.message for finding in change.findings)


def test_a_name_that_can_not_be_written_is_refused() -> None:
    with pytest.raises(UsageError):
        ini_change(PLAIN, ["a,b"])


def test_a_file_that_changed_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "input_config.ini"
    path.write_bytes(PLAIN)
    change = ini_change(PLAIN, ["cat"])
    path.write_bytes(PLAIN + b"\n; edited\n")
    with pytest.raises(InputError, match="changed meanwhile"):
        write_change(path, change)
    path.write_bytes(PLAIN)
    backup = write_change(path, change)
    assert backup is not None
    assert (backup.read_bytes(), path.read_bytes()) == (PLAIN, change.new)
    assert write_change(path, ini_change(change.new, ["cat"])) is None

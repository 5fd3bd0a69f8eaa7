"""The expected values were printed by iniparser 4.1 itself for these very lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sgs_tui.engine.configs.inputconfig import Kind, entries
from sgs_tui.engine.configs.textlines import split_lines
from sgs_tui.engine.text import encode

VALUES = [
    (b"a=b", b"b"),
    (b"a = b ; c", b"b"),
    (b" A\t=\tb # c", b"b"),
    (b"a='b;c#d'; e", b"b;c#d"),
    (b'a="b\'c";', b"b'c"),
    (b"a='b','c';", b"b"),
    (b"a='b;", b"b;"),
    (b"a=b#c,d;", b"b"),
    (b"a=;", b""),
    (b"a=", b""),
    (b"a=''", b""),
    (b'a="";', b""),
    (b"a=' b';", b" b"),
    (b"a= ;b", b""),
    (b"a=b=c;", b"b=c"),
    (b"a=b\\\n c;", b"b c"),
    (b"a='b,\\\n c';", b"b, c"),
    (b"a=\xff\xc3\x9c;", b"\xff\xc3\x9c"),
    (b"a=b\r", b"b"),
]


@pytest.mark.parametrize(("line", "value"), VALUES)
def test_values(line: bytes, value: bytes) -> None:
    section, entry = entries(split_lines(b"[S]\n" + line + b"\n"))
    assert (section.kind, section.section, section.name) == (Kind.SECTION, "s", "S")
    assert (entry.kind, entry.section, entry.key) == (Kind.VALUE, "s", "a")
    assert encode(entry.value) == value


@pytest.mark.parametrize(
    ("line", "kind", "section"),
    [
        (b"; a=b", Kind.COMMENT, "s"),
        (b"  #a=b", Kind.COMMENT, "s"),
        (b" \t", Kind.EMPTY, "s"),
        (b"[CONV_CONFIG]", Kind.SECTION, "conv_config"),
        (b" [ Conv ] ", Kind.SECTION, "conv"),
        (b"[a]b]", Kind.SECTION, "a"),
        (b"[]", Kind.SECTION, "s"),
        (b"[a] ; c", Kind.ERROR, "s"),
        (b"a:b", Kind.ERROR, "s"),
        (b"a", Kind.ERROR, "s"),
        (b"=b", Kind.ERROR, "s"),
    ],
)
def test_other_lines(line: bytes, kind: Kind, section: str) -> None:
    entry = list(entries(split_lines(b"[s]\n" + line + b"\n")))[1]
    assert (entry.kind, entry.section) == (kind, section)


@pytest.mark.parametrize(
    ("line", "too_long"),
    [(b"x" * 1022, False), (b"x" * 1023, True), (b"x" * 1021 + b"\r", False), (b"x" * 1022 + b"\r", True)],
)
def test_the_longest_line(line: bytes, too_long: bool) -> None:
    assert [entry.too_long for entry in entries(split_lines(b";\n" + line + b"\n;\n"))] == [False, too_long, False]


def test_joined_lines_count_together() -> None:
    (entry,) = entries(split_lines(b"a=" + b"x" * 700 + b"\\\n" + b"y" * 700 + b"\n"))
    assert (entry.first, entry.last, entry.too_long) == (1, 2, True)


def test_what_the_end_of_a_file_hides() -> None:
    assert [entry.kind for entry in entries(split_lines(b"a=b\nx"))] == [Kind.VALUE, Kind.EMPTY]
    assert [entry.value for entry in entries(split_lines(b"a=b\\"))] == ["b"]


@given(st.binary())
def test_every_line_is_in_one_entry(data: bytes) -> None:
    lines = split_lines(data)
    found = list(entries(lines))
    numbers = [number for entry in found for number in range(entry.first, entry.last + 1)]
    assert numbers == list(range(1, len(lines) + 1))

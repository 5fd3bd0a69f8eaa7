"""input_config.ini as both of its readers see it: the C library iniparser and Python's configparser.

The converter and the calibrator link iniparser; what it does follows from its `sscanf` patterns and was tried: a line
is at most 1022 bytes before its `\\n`; blanks at both ends do not count; a line that ends in `\\` goes on in the next;
`#` and `;` start a comment line; `[..]` alone in a line is a section; a value in quotes ends at the next quote of that
kind (or at the end), one without quotes at the first `;` or `#`; sections and keys are lower-cased; a later key
replaces an earlier one; a line without `=` makes the whole file unreadable. This reader goes on after errors and says
what it met.

[CONV_CONFIG] chooses INT16: `tensor_arrays='a,b';` names convolution inputs, each as a prefix (`'c'` takes every one
that begins with c), 258 names of 258 bytes at most; `input_format` chooses for all, and both add up. The file given to
the calibrator decides, but casts are inserted by the converter: to see them in the float dump, convert again.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from configparser import Error, RawConfigParser
from dataclasses import dataclass
from enum import StrEnum
from io import StringIO
from pathlib import Path

from sgs_tui.engine.configs.textlines import Line, join_lines, split_lines, with_final_newline
from sgs_tui.engine.dumps.mistaken import refuse_as
from sgs_tui.engine.errors import UsageError
from sgs_tui.engine.files import read_bytes
from sgs_tui.engine.text import decode, encode, visible
from sgs_tui.language import Message

LONGEST_LINE = 1022
SPACES = " \t\n\v\f\r"
_QUOTED = (re.compile(rf'([^=]+)=[{SPACES}]*(")([^"]+)'), re.compile(rf"([^=]+)=[{SPACES}]*(')([^']+)"))
_PLAIN = re.compile(rf"([^=]+)=[{SPACES}]*([^;#]+)")
_EMPTY = re.compile(r"([^=]+)=")
_SECTION = re.compile(r"\[([^\]]+)")


class Kind(StrEnum):
    """What iniparser takes a line for."""

    EMPTY = "empty"
    COMMENT = "comment"
    SECTION = "section"
    VALUE = "value"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Entry:
    """One logical line: physical lines `first` to `last` (from 1), joined and stripped in `text`.

    `section` and `key` are lower-cased; for a section line `name` keeps its spelling. `quote` is the quote round
    the value or empty, `rest` what stands behind the value (and its closing quote).
    """

    first: int
    last: int
    kind: Kind
    text: str
    section: str
    name: str = ""
    key: str = ""
    value: str = ""
    quote: str = ""
    rest: str = ""
    too_long: bool = False


def entries(lines: Sequence[Line]) -> Iterator[Entry]:
    """All logical lines in the file's order."""
    section = ""
    for first, last, text, length in _logical(lines):
        entry = _entry(first, last, text, section, length > LONGEST_LINE)
        section = entry.section
        yield entry


def _logical(lines: Sequence[Line]) -> Iterator[tuple[int, int, str, int]]:
    """(first, last, stripped text, greatest length in bytes) of the lines joined at `\\`.

    iniparser passes over a last line without newline that is one character long, and over one that ends in
    `\\`; here the latter is read without it, so that an edit finds it.
    """
    joined, first, longest = "", 1, 0
    for number, line in enumerate(lines, 1):
        joined += line.text + decode(line.ending.removesuffix(b"\n"))
        longest = max(longest, len(encode(joined)))
        stripped = joined.rstrip(SPACES)
        joined = stripped.removesuffix("\\")
        if joined == stripped or number == len(lines):
            passed_over = longest == 1 and not line.ending
            yield first, number, "" if passed_over else joined.strip(SPACES), longest
            joined, first, longest = "", number + 1, 0


def _entry(first: int, last: int, text: str, section: str, too_long: bool) -> Entry:
    if not text or text[0] in "#;":
        kind = Kind.COMMENT if text else Kind.EMPTY
        return Entry(first, last, kind, text, section, too_long=too_long)
    if text[0] == "[" and text[-1] == "]":
        found = _SECTION.match(text)
        name = found[1].strip(SPACES) if found else ""
        return Entry(first, last, Kind.SECTION, text, lower(name) if found else section, name, too_long=too_long)
    key, value, quote, rest = _assignment(text)
    kind = Kind.VALUE if key is not None else Kind.ERROR
    return Entry(first, last, kind, text, section, "", key or "", value, quote, rest, too_long)


def _assignment(text: str) -> tuple[str | None, str, str, str]:
    """(key, value, quote, rest) of a line; key None when it is no assignment."""
    for pattern in _QUOTED:
        quoted = pattern.match(text)
        if quoted:
            closing = 1 if quoted.end() < len(text) else 0
            return _key(quoted[1]), quoted[3], quoted[2], text[quoted.end() + closing :]
    plain = _PLAIN.match(text)
    if plain:
        value = plain[2].strip(SPACES)
        return _key(plain[1]), "" if value in ("''", '""') else value, "", text[plain.end() :]
    empty = _EMPTY.match(text)
    return (_key(empty[1]), "", "", text[empty.end() :]) if empty else (None, "", "", "")


def _key(text: str) -> str:
    return lower(text.strip(SPACES))


def lower(text: str) -> str:
    """ASCII letters lower-cased, as C does in its default locale."""
    return decode(encode(text).lower())


INPUT_SECTION = "input_config"
OUTPUT_SECTION = "output_config"
CONV_SECTION = "conv_config"
TENSOR_ARRAYS = "tensor_arrays"
INPUT_FORMAT = "input_format"


@dataclass(frozen=True, slots=True)
class PythonView:
    """What configparser makes of the file: raw values by (section, key) in lower case, or why it stops."""

    values: Mapping[tuple[str, str], str]
    error: str = ""

    def get(self, section: str, key: str) -> str | None:
        """A value as Python has it: with quotes, `;` and comments."""
        return self.values.get((lower(section), lower(key)))


@dataclass(frozen=True, slots=True)
class InputConfig:
    """The lines of an input_config.ini. The properties are what the vendor's C tools read."""

    lines: tuple[Line, ...] = ()

    def render(self) -> bytes:
        return join_lines(self.lines)

    def entries(self) -> tuple[Entry, ...]:
        return tuple(entries(self.lines))

    def setting(self, section: str, key: str) -> Entry | None:
        """The line that sets a key: the last one. Upper and lower case are the same."""
        found = [e for e in self.entries() if (e.kind, e.section, e.key) == (Kind.VALUE, lower(section), lower(key))]
        return found[-1] if found else None

    def value(self, section: str, key: str) -> str | None:
        entry = self.setting(section, key)
        return entry.value if entry else None

    @property
    def inputs(self) -> tuple[str, ...]:
        return split_names(self.value(INPUT_SECTION, "inputs"))

    @property
    def tensor_arrays(self) -> tuple[str, ...]:
        """The convolution inputs chosen for INT16, each as a prefix; a blank is part of its name."""
        return split_names(self.value(CONV_SECTION, TENSOR_ARRAYS))

    def python_view(self) -> PythonView:
        parser = RawConfigParser()
        try:
            parser.read_file(StringIO(decode(self.render()), newline=None), "input_config.ini")
        except Error as error:
            return PythonView({}, str(error).splitlines()[0])
        return PythonView(
            {(lower(section), key): value for section in parser.sections() for key, value in parser.items(section)}
        )


def split_names(value: str | None) -> tuple[str, ...]:
    """A list at its commas, nothing stripped: the vendor's tools strip nothing either."""
    return tuple(value.split(",")) if value else ()


def parse(data: bytes) -> InputConfig:
    """The document of a file's bytes; `parse(data).render() == data` for any bytes."""
    return InputConfig(split_lines(data))


def load(path: Path) -> InputConfig:
    """Read an input_config.ini. Raises InputError when it can not be read, or is a dump, a model, a picture."""
    data = read_bytes(path)
    refuse_as(Message("an input_config.ini"), path, data[:128])
    return parse(data)


# Choosing INT16 tensors in an input_config.ini, every other byte left alone.

LONGEST_NAME = 258
"""Bytes. From 262 on the vendor's tool loses the names behind it, from 600 on it crashes."""
MOST_NAMES = 258
"""258 names were tried and work, 301 crash the tool."""
_INSTEAD = Message("choose fewer tensors, or set input_format=ALL_INT16;")


def set_tensor_arrays(document: InputConfig, names: Sequence[str]) -> bytes:
    """The file with exactly these convolution inputs chosen; no names remove the setting.

    Written as `tensor_arrays='a,b';`, a comment behind it kept, the section added when it is absent. A file
    that chooses them already comes back unchanged. Raises UsageError for names that can not be written or read.
    """
    wanted = tuple(dict.fromkeys(names))
    content = _setting(wanted)
    setting = document.setting(CONV_SECTION, TENSOR_ARRAYS)
    if setting and wanted and split_names(setting.value) == wanted:
        return document.render()
    if setting:
        return _replaced(document, setting, content + encode(_comment(setting)) if wanted else None)
    return _added(document, content) if wanted else document.render()


def _setting(names: Sequence[str]) -> bytes:
    for name in names:
        _check(name)
    if len(names) > MOST_NAMES:
        raise UsageError(
            Message("{number} tensors for INT16, the vendor's tools take {most}", number=len(names), most=MOST_NAMES),
            _INSTEAD,
        )
    joined = ",".join(names)
    quote = '"' if "'" in joined else "'"
    if quote in joined:
        raise UsageError(
            Message("tensor names with both kinds of quotes can not stand in one list"), Message("rename one tensor")
        )
    return encode(f"{TENSOR_ARRAYS}={quote}{joined}{quote};")


def _check(name: str) -> None:
    """Refuse a name that the vendor's tools would read as another, or not at all."""
    shown, length = visible(name[:60]), len(encode(name))
    wrong = None
    if not name or name != name.strip(SPACES):
        wrong = Message("tensor {name!r} is empty or has blanks at its ends", name=shown)
    elif "," in name or any(char < " " for char in name):
        wrong = Message("tensor {name!r} has a comma or a control character", name=shown)
    elif length > LONGEST_NAME:
        wrong = Message(
            "tensor {name!r} has {length} bytes, {most} are read", name=shown, length=length, most=LONGEST_NAME
        )
    if wrong:
        raise UsageError(wrong, Message("rename the tensor in the original model"))


def _comment(setting: Entry) -> str:
    """What follows the value's `;`, or a comment that starts with a blank and `#`."""
    rest = setting.rest
    before, semicolon, after = rest.partition(";")
    if semicolon and (not setting.quote or not before.strip(SPACES)):
        return after
    apart = setting.quote or setting.text.endswith((f" {rest}", f"\t{rest}"))
    return f" {rest.strip(SPACES)}" if apart and rest.strip(SPACES).startswith("#") else ""


def _replaced(document: InputConfig, setting: Entry, content: bytes | None) -> bytes:
    lines = document.lines
    new = () if content is None else (_fitting(content, lines[setting.last - 1].ending),)
    return join_lines((*lines[: setting.first - 1], *new, *lines[setting.last :]))


def _added(document: InputConfig, content: bytes) -> bytes:
    """Below the section's last key; else in a section of its own at the end."""
    ending = document.lines[0].ending or b"\n" if document.lines else b"\n"
    setting = _fitting(content, ending)
    lines, place = document.lines, _place(document)
    if place:
        return _inserted(lines, place, (setting,), ending)
    blank = (Line(b"", ending),) if lines and lines[-1].content.strip() else ()
    return _inserted(lines, len(lines), (*blank, Line(b"[CONV_CONFIG]", ending), setting), ending)


def _place(document: InputConfig) -> int:
    """How many lines end with the section's last key (or its head) and the comments right below; 0 without one."""
    place = 0
    for entry in document.entries():
        ours = entry.section == CONV_SECTION
        follows = entry.kind is Kind.COMMENT and entry.first == place + 1 and place
        if ours and (entry.kind in (Kind.SECTION, Kind.VALUE) or follows):
            place = entry.last
    return place


def _inserted(lines: tuple[Line, ...], place: int, new: tuple[Line, ...], ending: bytes) -> bytes:
    """Lines put behind the first `place` ones, away from a `\\` that would join them."""
    joins = place and lines[place - 1].content.rstrip().endswith(b"\\")
    gap = (Line(b"", ending),) if joins and new[0].content else ()
    return join_lines((*with_final_newline(lines[:place], ending), *gap, *new, *lines[place:]))


def _fitting(content: bytes, ending: bytes) -> Line:
    """The line, if iniparser can read one of its length. Raises UsageError."""
    length = len(content) + len(ending.removesuffix(b"\n"))
    if length > LONGEST_LINE:
        message = Message(
            "the list of INT16 tensors makes a line of {length} bytes, iniparser reads {most}",
            length=length,
            most=LONGEST_LINE,
        )
        raise UsageError(message, _INSTEAD)
    return Line(content, ending)

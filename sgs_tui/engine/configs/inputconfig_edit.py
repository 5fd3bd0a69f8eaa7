"""Choosing INT16 tensors in an input_config.ini, every other byte left alone."""

from collections.abc import Sequence

from sgs_tui.engine.configs.iniparser import LONGEST_LINE, SPACES, Entry, Kind
from sgs_tui.engine.configs.inputconfig import CONV_SECTION, TENSOR_ARRAYS, InputConfig, split_names
from sgs_tui.engine.configs.textlines import Line, join_lines, with_final_newline
from sgs_tui.engine.errors import UsageError
from sgs_tui.engine.text import encode, visible

LONGEST_NAME = 258
"""Bytes. From 262 on the vendor's tool loses the names behind it, from 600 on it crashes."""
MOST_NAMES = 258
"""258 names were tried and work, 301 crash the tool."""
_INSTEAD = "choose fewer tensors, or set input_format=ALL_INT16;"


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
        raise UsageError(f"{len(names)} tensors for INT16, the vendor's tools take {MOST_NAMES}", _INSTEAD)
    joined = ",".join(names)
    quote = '"' if "'" in joined else "'"
    if quote in joined:
        raise UsageError("tensor names with both kinds of quotes can not stand in one list", "rename one tensor")
    return encode(f"{TENSOR_ARRAYS}={quote}{joined}{quote};")


def _check(name: str) -> None:
    """Refuse a name that the vendor's tools would read as another, or not at all."""
    wrong = ""
    if not name or name != name.strip(SPACES):
        wrong = "is empty or has blanks at its ends"
    elif "," in name or any(char < " " for char in name):
        wrong = "has a comma or a control character"
    elif len(encode(name)) > LONGEST_NAME:
        wrong = f"has {len(encode(name))} bytes, {LONGEST_NAME} are read"
    if wrong:
        raise UsageError(f"tensor {visible(name[:60])!r} {wrong}", "rename the tensor in the original model")


def _comment(setting: Entry) -> str:
    """What follows the value's `;`, or a comment that starts with a blank and `#`."""
    rest = setting.rest
    before, semicolon, after = rest.partition(";")
    if semicolon and (not setting.quote or not before.strip(SPACES)):
        return after
    apart = setting.quote or setting.text.endswith((f" {rest}", f"\t{rest}"))
    return f" {rest.strip(SPACES)}" if apart and rest.strip(SPACES).startswith("#") else ""


def _replaced(document: InputConfig, setting: Entry, content: bytes | None) -> bytes:
    """The setting's physical lines replaced by one, or removed."""
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
        message = f"the list of INT16 tensors makes a line of {length} bytes, iniparser reads {LONGEST_LINE}"
        raise UsageError(message, _INSTEAD)
    return Line(content, ending)

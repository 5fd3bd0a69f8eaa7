"""Lines of a DebugConfig.txt that the simulator reads otherwise than they look."""

import re
from collections.abc import Iterator

from sgs_tui.engine.configs.debugconfig import DebugConfig
from sgs_tui.engine.configs.findings import Finding, Severity
from sgs_tui.engine.configs.nearest import nearest
from sgs_tui.engine.configs.switches import PATH, SWITCH_NAMES
from sgs_tui.engine.configs.textlines import BOM, Line
from sgs_tui.engine.text import visible

_KEYS = (*SWITCH_NAMES, PATH)
_BLANK = " \t\v\f"
_NEWER = ("passexport", "processexport", "processoverlap", "dumpTileBasedGolden", "splitTensorByTile", "bypassMMU")
"""Undocumented keys of other SDK generations: kept, not judged."""


def line_findings(document: DebugConfig) -> Iterator[Finding]:
    """Findings about single lines, then about how the file is written."""
    for number, line in enumerate(document.lines, 1):
        yield from _about_key(number, line.text)
    yield from _switched_off(document)
    yield from _about_bytes(document)
    yield from _about_the_end(document)


def _about_key(number: int, text: str) -> Iterator[Finding]:
    """A key that is ignored for its spelling, or read in spite of it."""
    key = re.split(r"[=\s]", text.strip(_BLANK), maxsplit=1)[0]
    proper = {known.lower(): known for known in _KEYS}.get(key.lower())
    read_as = next((name for name in SWITCH_NAMES if text.startswith(name)), None)
    if read_as and text.rstrip(_BLANK) != read_as:
        message = f"{visible(text[:60])} is read as {read_as}: only the beginning of a line counts"
        yield Finding(Severity.WARNING, number, message, f"write {read_as}, or # in front to switch it off")
    elif not read_as and not text.startswith(("#", "path=", "\ufeff")):
        yield from _about_ignored(number, text, key, proper)


def _about_ignored(number: int, text: str, key: str, proper: str | None) -> Iterator[Finding]:
    if proper is None:
        yield from _about_unknown(number, key)
    elif text[0] in _BLANK:
        yield _ignored(number, f"{proper} with a blank before it", f"start the line with {proper}")
    elif key != proper:
        yield _ignored(number, f"{visible(key[:60])} in the wrong case", f"write {proper}")
    else:
        yield _ignored(number, f"{proper} without = right behind it", "write path= and the folder, without blanks")


def _ignored(number: int, what: str, remedy: str) -> Finding:
    return Finding(Severity.WARNING, number, f"{what}: the simulator ignores this line in silence", remedy)


def _about_unknown(number: int, key: str) -> Iterator[Finding]:
    meant = None if key in _NEWER else nearest(key, _KEYS, 0.75)
    if meant:
        yield _ignored(number, f"{visible(key[:60])} is no known key", f"write {meant} if that is meant")


def _switched_off(document: DebugConfig) -> Iterator[Finding]:
    """One note for all keys that stand behind a `#`: normal in the vendor's template."""
    off = [line.text.strip("# \t") for line in document.lines if line.content.startswith(b"#")]
    names = [name for name in SWITCH_NAMES if name in off and not document.is_on(name)]
    if names:
        message = f"ignored because of the # in front: {', '.join(names)}"
        yield Finding(Severity.NOTE, None, message, "take the # away to switch one on")


def _about_bytes(document: DebugConfig) -> Iterator[Finding]:
    data = document.render()
    if data.startswith(BOM):
        message = "a byte order mark hides the key of the first line"
        yield Finding(Severity.WARNING, 1, message, "save the file as UTF-8 without BOM")
    if b"\0" in data:
        yield Finding(Severity.ERROR, None, "zero bytes: this is no plain text file", "save it as UTF-8 text")
    windows = [(i, line) for i, line in enumerate(document.lines, 1) if b"\r" in line.content + line.ending]
    said_of_path = any(line.content.startswith(b"path=") and line.ending == b"\r\n" for _, line in windows)
    if windows and not said_of_path:
        yield _windows(*windows[0])


def _windows(number: int, line: Line) -> Finding:
    message = "Windows line ends (CRLF): in the path's line they become part of the folder's name"
    if b"\r" in line.content:
        message = "a carriage return inside a line does not end it for the simulator"
    return Finding(Severity.WARNING, number, message, "save with LF line ends (mend does it)")


def _about_the_end(document: DebugConfig) -> Iterator[Finding]:
    """A switch in an unended last line; the path has its own finding."""
    last = document.lines[-1] if document.lines else Line(b"")
    key = next((name for name in SWITCH_NAMES if last.text == name), None)
    if key and not last.ending:
        message = f"no newline after the last line: its last character is cut off, {key} is not read"
        yield Finding(Severity.WARNING, len(document.lines), message, "end the file with a newline")

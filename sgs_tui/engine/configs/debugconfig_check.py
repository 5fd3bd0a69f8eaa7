"""Everything that makes a DebugConfig.txt do other than it seems to, in words (interop notes, observed)."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from sgs_tui.engine.configs.debugconfig import (
    DEQUANT_FIXED,
    DISABLE_FUSION,
    DUMP_AS_STRING,
    DUMP_NAME,
    DUMP_TENSOR,
    ELIMINATE_GARBAGE,
    KEEP_OLD_DUMP,
    LONGEST_PATH,
    PATH,
    SWITCH_NAMES,
    DebugConfig,
)
from sgs_tui.engine.configs.textlines import BOM, Finding, Line, Severity
from sgs_tui.engine.text import encode, nearest, visible

# Lines of a DebugConfig.txt that the simulator reads otherwise than they look.

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


# What can be said about a folder before a simulator writes into it.


@dataclass(frozen=True, slots=True)
class FolderState:
    """`free` is in bytes; `has_dump`: a dump is there already."""

    exists: bool
    is_folder: bool
    writable: bool
    free: int
    has_dump: bool


def look(path: Path) -> FolderState:
    """The state of `path` now. What can not be found out counts as not there, not writable, no space."""
    is_folder = os.path.isdir(path)
    writable = is_folder and os.access(path, os.W_OK | os.X_OK)
    return FolderState(os.path.exists(path), is_folder, writable, _free(path), os.path.exists(path / DUMP_NAME))


def _free(path: Path) -> int:
    try:
        return shutil.disk_usage(path).free
    except (OSError, ValueError):
        return 0


# Where the dump of a DebugConfig.txt will go, and whether it can be written there.

_NO_DUMP = "the simulator says `Run evaluation OK.`, exits 0 and writes no dump"
Look = Callable[[Path], FolderState]


def path_findings(
    document: DebugConfig, folder: Path, home: Path | None, needed: int, look_at: Look
) -> Iterator[Finding]:
    """Findings about the `path=` lines and the folder they name."""
    places = [number for number, line in enumerate(document.lines, 1) if line.content.startswith(b"path=")]
    if len(places) > 1:
        message = "path= stands there more than once; which one the simulator takes is not known"
        yield Finding(Severity.WARNING, places[-1], message, "keep one of them")
    line = places[-1] if places else None
    yield from _about_ending(document, line)
    value = document.path or ""
    yield from _about_value(value, line)
    yield from _about_target(document, value, line, folder, home, needed, look_at)


def _about_ending(document: DebugConfig, line: int | None) -> Iterator[Finding]:
    """What follows the path in its line."""
    ending = document.lines[line - 1].ending if line else b"\n"
    if ending == b"\r\n":
        message = f"a Windows line end (CRLF) becomes part of the path: {_NO_DUMP}"
        yield Finding(Severity.ERROR, line, message, "save with LF line ends (mend does it)")
    if not ending:
        read = visible(document.effect().path or "")
        message = f"no newline after the last line: the last character of the path is cut off, it reads {read!r}"
        yield Finding(Severity.ERROR, line, message, "end the file with a newline (mend does it)")


def _about_value(value: str, line: int | None) -> Iterator[Finding]:
    """What the path itself says."""
    if value != value.strip(" \t"):
        where = "before" if value != value.lstrip(" \t") else "after"
        message = f"a blank {where} the path belongs to the folder's name: {_NO_DUMP}"
        yield Finding(Severity.ERROR, line, message, "take the blanks away (mend does it)")
    if value.strip().startswith("~"):
        message = f"~ is not expanded: {_NO_DUMP}"
        yield Finding(Severity.ERROR, line, message, "write the folder's absolute path")
    length = len(encode(value))
    if length > LONGEST_PATH:
        message = f"the path has {length} bytes, the simulator takes {LONGEST_PATH}"
        yield Finding(Severity.ERROR, line, message, "use a shorter folder, or path=. and run there")


def _about_target(
    document: DebugConfig, value: str, line: int | None, folder: Path, home: Path | None, needed: int, look_at: Look
) -> Iterator[Finding]:
    """The folder that the path means, home if it is empty."""
    meant = value.strip(" \t")
    if not meant:
        yield from _about_home(line, home)
    target = folder / meant if meant else home
    if target is not None and not meant.startswith("~"):
        yield from _about_folder(document, target, line, needed, look_at(target))


def _about_home(line: int | None, home: Path | None) -> Iterator[Finding]:
    what = "path= is empty" if line else "no path= that the simulator reads"
    if home is None:
        message = f"{what}, and $HOME is not set: nobody knows where the dump goes"
        yield Finding(Severity.ERROR, line, message, "write path=. or an absolute path")
        return
    message = f"{what}: the dump goes to the home folder, {visible(str(home))}"
    yield Finding(Severity.WARNING, line, message, "write path=. or an absolute path")
    length = len(encode(str(home)))
    if length > LONGEST_PATH:
        message = f"the home folder's path has {length} bytes, the simulator takes {LONGEST_PATH}"
        yield Finding(Severity.ERROR, line, message, "write path=. or a shorter path")


def _about_folder(
    document: DebugConfig, target: Path, line: int | None, needed: int, state: FolderState
) -> Iterator[Finding]:
    shown = visible(str(target))
    if not state.is_folder:
        yield _not_there(target, line, state)
        return
    if not state.writable:
        yield Finding(Severity.ERROR, line, f"{shown} can not be written to: {_NO_DUMP}", "choose another folder")
    if state.free < needed:
        message = f"{shown} has {_size(state.free)} free, the dump may need {_size(needed)}"
        yield Finding(Severity.WARNING, line, message, "make room, or choose another folder")
    if state.has_dump and KEEP_OLD_DUMP not in document.effect().switches:
        message = f"{shown} holds a {DUMP_NAME}: the next run overwrites it"
        yield Finding(Severity.NOTE, line, message, "rename it first, or use a folder of its own for every run")


def _not_there(target: Path, line: int | None, state: FolderState) -> Finding:
    what = "is no folder" if state.exists else "does not exist"
    extra = "; quotes and $NAME are taken literally" if set("\"'$") & set(str(target)) else ""
    remedy = f"create it: mkdir -p {visible(quote(str(target)))}"
    return Finding(Severity.ERROR, line, f"{visible(str(target))} {what}{extra}: {_NO_DUMP}", remedy)


def _size(count: int) -> str:
    """Bytes in the largest unit that leaves a whole number before the point."""
    size, unit = float(count), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{size:.0f} {unit}" if unit == "B" or size >= 10 else f"{size:.1f} {unit}"


ENOUGH_SPACE = 1 << 30
"""Bytes that a dump is assumed to need when nothing better is known."""
_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}


def check(
    document: DebugConfig,
    folder: Path,
    home: Path | None,
    needed: int = ENOUGH_SPACE,
    look_at: Callable[[Path], FolderState] = look,
) -> list[Finding]:
    """Findings, the gravest first, then in the order of the file.

    `folder` is where the simulator will run, `home` what $HOME says there, `needed` the bytes of the dump.
    """
    found = [*line_findings(document), *path_findings(document, folder, home, needed, look_at), *_traps(document)]
    return sorted(found, key=lambda finding: (_ORDER[finding.severity], finding.line or 0))


def _traps(document: DebugConfig) -> Iterator[Finding]:
    """Switches that are read, but do not do what one expects of them together."""
    on = document.effect().switches
    if DUMP_TENSOR not in on:
        message = "dumpTensor is not on: the simulator writes no dump"
        yield Finding(Severity.WARNING, None, message, "switch dumpTensor on")
    if DEQUANT_FIXED in on and ELIMINATE_GARBAGE not in on:
        message = (
            "dequantFixed without eliminateGarbage: a fixed dump looks complete, but holds the padded layout "
            "cut to length; a healthy model then compares as broken (COS down to 0.01)"
        )
        yield Finding(Severity.ERROR, _line_of(document, DEQUANT_FIXED), message, "switch eliminateGarbage on")
    if DUMP_AS_STRING in on:
        message = "dumpasstring: the dump is text with six decimals, which the vendor's comparer can not read"
        remedy = "switch it off, except for the vendor's histogram.py"
        yield Finding(Severity.WARNING, _line_of(document, DUMP_AS_STRING), message, remedy)
    yield from _notes(document, on)


def _notes(document: DebugConfig, on: frozenset[str]) -> Iterator[Finding]:
    if DISABLE_FUSION in on:
        message = "disableDomainFuseOps acts when the fixed model is made; the simulator ignores it"
        remedy = "calibrate again in a folder with this file, then dump"
        yield Finding(Severity.NOTE, _line_of(document, DISABLE_FUSION), message, remedy)
    if KEEP_OLD_DUMP in on:
        message = "dumpdonotrecovery: with a dump there already, the new one gets a number in its name"
        remedy = "compare the newest file, or switch it off"
        yield Finding(Severity.NOTE, _line_of(document, KEEP_OLD_DUMP), message, remedy)


def _line_of(document: DebugConfig, switch: str) -> int | None:
    """The number of the first line that switches it on."""
    at = (number for number, line in enumerate(document.lines, 1) if line.content.startswith(switch.encode()))
    return next(at, None)

"""What makes a DebugConfig.txt do other than it seems to, in words; `debugconfig` says how the simulator reads it."""

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
from sgs_tui.engine.configs.textlines import BOM, Finding, Line, Severity, error, note, warning
from sgs_tui.engine.text import encode, nearest, visible


@dataclass(frozen=True, slots=True)
class FolderState:
    """What can be said of a folder before a simulator writes into it; `free` is in bytes."""

    exists: bool
    is_folder: bool
    writable: bool
    free: int
    has_dump: bool


def look(path: Path) -> FolderState:
    """The state of `path` now. What can not be found out counts as not there, not writable, no space."""
    is_folder = os.path.isdir(path)
    writable = is_folder and os.access(path, os.W_OK | os.X_OK)
    try:
        free = shutil.disk_usage(path).free
    except (OSError, ValueError):
        free = 0
    return FolderState(os.path.exists(path), is_folder, writable, free, os.path.exists(path / DUMP_NAME))


Look = Callable[[Path], FolderState]
_ENOUGH_SPACE = 1 << 30
"""Bytes that a dump is assumed to need when nothing better is known."""
_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}


def check(
    document: DebugConfig, folder: Path, home: Path | None, needed: int = _ENOUGH_SPACE, look_at: Look = look
) -> list[Finding]:
    """Findings, the gravest first, then in the order of the file.

    `folder` is where the simulator will run, `home` what $HOME says there, `needed` the bytes of the dump.
    """
    found = [*_about_lines(document), *_about_path(document, folder, home, needed, look_at), *_traps(document)]
    return sorted(found, key=lambda finding: (_ORDER[finding.severity], finding.line or 0))


# Lines that the simulator reads otherwise than they look.

_KEYS = (*SWITCH_NAMES, PATH)
_BLANK = " \t\v\f"
_NEWER = ("passexport", "processexport", "processoverlap", "dumpTileBasedGolden", "splitTensorByTile", "bypassMMU")
"""Undocumented keys of other SDK generations: kept, not judged."""


def _about_lines(document: DebugConfig) -> Iterator[Finding]:
    for number, line in enumerate(document.lines, 1):
        yield from _about_key(number, line.text)
    off = [line.text.strip("# \t") for line in document.lines if line.content.startswith(b"#")]
    if names := [name for name in SWITCH_NAMES if name in off and not document.is_on(name)]:
        message = f"ignored because of the # in front: {', '.join(names)}"
        yield note(None, message, "take the # away to switch one on")
    yield from _about_bytes(document)
    last = document.lines[-1] if document.lines else Line(b"")
    key = next((name for name in SWITCH_NAMES if last.text == name), None)
    if key and not last.ending:  # that of a path has its own finding
        message = f"no newline after the last line: its last character is cut off, {key} is not read"
        yield warning(len(document.lines), message, "end the file with a newline")


def _about_key(number: int, text: str) -> Iterator[Finding]:
    key = re.split(r"[=\s]", text.strip(_BLANK), maxsplit=1)[0]
    proper = {known.lower(): known for known in _KEYS}.get(key.lower())
    read_as = next((name for name in SWITCH_NAMES if text.startswith(name)), None)
    if read_as and text.rstrip(_BLANK) != read_as:
        message = f"{visible(text[:60])} is read as {read_as}: only the beginning of a line counts"
        yield warning(number, message, f"write {read_as}, or # in front to switch it off")
    elif not read_as and not text.startswith(("#", "path=", "\ufeff")):
        what, remedy = _why_ignored(text, key, proper)
        if what:
            yield warning(number, f"{what}: the simulator ignores this line in silence", remedy)


def _why_ignored(text: str, key: str, proper: str | None) -> tuple[str, str]:
    """(why, remedy) of a line that looks like a key of ours; empty where it does not."""
    if proper is None:
        meant = None if key in _NEWER else nearest(key, _KEYS, 0.75)
        return (f"{visible(key[:60])} is no known key", f"write {meant} if that is meant") if meant else ("", "")
    if text[0] in _BLANK:
        return f"{proper} with a blank before it", f"start the line with {proper}"
    if key != proper:
        return f"{visible(key[:60])} in the wrong case", f"write {proper}"
    return f"{proper} without = right behind it", "write path= and the folder, without blanks"


def _about_bytes(document: DebugConfig) -> Iterator[Finding]:
    data = document.render()
    if data.startswith(BOM):
        yield warning(1, "a byte order mark hides the key of the first line", "save the file as UTF-8 without BOM")
    if b"\0" in data:
        yield error(None, "zero bytes: this is no plain text file", "save it as UTF-8 text")
    windows = [(i, line) for i, line in enumerate(document.lines, 1) if b"\r" in line.content + line.ending]
    said_of_path = any(line.content.startswith(b"path=") and line.ending == b"\r\n" for _, line in windows)
    if windows and not said_of_path:
        message = "Windows line ends (CRLF): in the path's line they become part of the folder's name"
        if b"\r" in windows[0][1].content:
            message = "a carriage return inside a line does not end it for the simulator"
        yield warning(windows[0][0], message, f"save with LF line ends {_FIX}")


# Where the dump will go, and whether it can be written there.

_FIX = "(m or --mend does it)"
_NO_DUMP = "the simulator says `Run evaluation OK.`, exits 0 and writes no dump"


def _about_path(
    document: DebugConfig, folder: Path, home: Path | None, needed: int, look_at: Look
) -> Iterator[Finding]:
    places = [number for number, line in enumerate(document.lines, 1) if line.content.startswith(b"path=")]
    line = places[-1] if places else None
    if len(places) > 1:
        yield warning(
            line, "path= stands there more than once; which one the simulator takes is not known", "keep one of them"
        )
    yield from _about_ending(document, line)
    value = document.path or ""
    yield from _about_value(value, line)
    meant = value.strip(" \t")
    if not meant:
        yield from _about_home(line, home)
    target = folder / meant if meant else home
    if target is not None and not meant.startswith("~"):
        yield from _about_folder(document, target, line, needed, look_at(target))


def _about_ending(document: DebugConfig, line: int | None) -> Iterator[Finding]:
    ending = document.lines[line - 1].ending if line else b"\n"
    if ending == b"\r\n":
        message = f"a Windows line end (CRLF) becomes part of the path: {_NO_DUMP}"
        yield error(line, message, f"save with LF line ends {_FIX}")
    if not ending:
        read = visible(document.effect().path or "")
        message = f"no newline after the last line: the last character of the path is cut off, it reads {read!r}"
        yield error(line, message, f"end the file with a newline {_FIX}")


def _about_value(value: str, line: int | None) -> Iterator[Finding]:
    if value != value.strip(" \t"):
        where = "before" if value != value.lstrip(" \t") else "after"
        message = f"a blank {where} the path belongs to the folder's name: {_NO_DUMP}"
        yield error(line, message, f"take the blanks away {_FIX}")
    if value.strip().startswith("~"):
        yield error(line, f"~ is not expanded: {_NO_DUMP}", "write the folder's absolute path")
    if (length := len(encode(value))) > LONGEST_PATH:
        message = f"the path has {length} bytes, the simulator takes {LONGEST_PATH}"
        yield error(line, message, "use a shorter folder, or path=. and run there")


def _about_home(line: int | None, home: Path | None) -> Iterator[Finding]:
    what = "path= is empty" if line else "no path= that the simulator reads"
    if home is None:
        message = f"{what}, and $HOME is not set: nobody knows where the dump goes"
        yield error(line, message, "write path=. or an absolute path")
        return
    message = f"{what}: the dump goes to the home folder, {visible(str(home))}"
    yield warning(line, message, "write path=. or an absolute path")
    if (length := len(encode(str(home)))) > LONGEST_PATH:
        message = f"the home folder's path has {length} bytes, the simulator takes {LONGEST_PATH}"
        yield error(line, message, "write path=. or a shorter path")


def _about_folder(
    document: DebugConfig, target: Path, line: int | None, needed: int, state: FolderState
) -> Iterator[Finding]:
    shown = visible(str(target))
    if not state.is_folder:
        what = "is no folder" if state.exists else "does not exist"
        extra = "; quotes and $NAME are taken literally" if set("\"'$") & set(str(target)) else ""
        remedy = f"create it: mkdir -p {visible(quote(str(target)))}"
        yield error(line, f"{shown} {what}{extra}: {_NO_DUMP}", remedy)
        return
    if not state.writable:
        yield error(line, f"{shown} can not be written to: {_NO_DUMP}", "choose another folder")
    if state.free < needed:
        message = f"{shown} has {_size(state.free)} free, the dump may need {_size(needed)}"
        yield warning(line, message, "make room, or choose another folder")
    if state.has_dump and KEEP_OLD_DUMP not in document.effect().switches:
        message = f"{shown} holds a {DUMP_NAME}: the next run overwrites it"
        yield note(line, message, "rename it first, or use a folder of its own for every run")


def _size(count: int) -> str:
    size, unit = float(count), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{size:.0f} {unit}" if unit == "B" or size >= 10 else f"{size:.1f} {unit}"


# Switches that are read, but do not do what one expects of them.

_TRAPS: tuple[tuple[str, Callable[[int | None, str, str], Finding], str, str], ...] = (
    (
        DUMP_AS_STRING,
        warning,
        "dumpasstring: the dump is text with six decimals, which the vendor's comparer can not read",
        "switch it off, except for the vendor's histogram.py",
    ),
    (
        DISABLE_FUSION,
        note,
        "disableDomainFuseOps acts when the fixed model is made; the simulator ignores it",
        "calibrate again in a folder with this file, then dump",
    ),
    (
        KEEP_OLD_DUMP,
        note,
        "dumpdonotrecovery: with a dump there already, the new one gets a number in its name",
        "compare the newest file, or switch it off",
    ),
)


def _traps(document: DebugConfig) -> Iterator[Finding]:
    on = document.effect().switches
    if DUMP_TENSOR not in on:
        yield warning(None, "dumpTensor is not on: the simulator writes no dump", "switch dumpTensor on")
    if DEQUANT_FIXED in on and ELIMINATE_GARBAGE not in on:
        message = (
            "dequantFixed without eliminateGarbage: a fixed dump looks complete, but holds the padded layout "
            "cut to length; a healthy model then compares as broken (COS down to 0.01)"
        )
        yield error(_line_of(document, DEQUANT_FIXED), message, "switch eliminateGarbage on")
    for switch, kind, message, remedy in _TRAPS:
        if switch in on:
            yield kind(_line_of(document, switch), message, remedy)


def _line_of(document: DebugConfig, switch: str) -> int | None:
    at = (number for number, line in enumerate(document.lines, 1) if line.content.startswith(switch.encode()))
    return next(at, None)

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
from sgs_tui.language import Message


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
    if no_text := list(_about_zeros(document)):
        return no_text
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
        message = Message("ignored because of the # in front: {names}", names=", ".join(names))
        yield note(None, message, Message("take the # away to switch one on"))
    yield from _about_bytes(document)
    last = document.lines[-1] if document.lines else Line(b"")
    key = next((name for name in SWITCH_NAMES if last.text == name), None)
    if key and not last.ending:  # that of a path has its own finding
        message = Message("no newline after the last line: its last character is cut off, {key} is not read", key=key)
        yield warning(len(document.lines), message, Message("end the file with a newline"))


def _about_key(number: int, text: str) -> Iterator[Finding]:
    key = re.split(r"[=\s]", text.strip(_BLANK), maxsplit=1)[0]
    proper = {known.lower(): known for known in _KEYS}.get(key.lower())
    read_as = next((name for name in SWITCH_NAMES if text.startswith(name)), None)
    if read_as and text.rstrip(_BLANK) != read_as:
        message = Message(
            "{text} is read as {read_as}: only the beginning of a line counts", text=visible(text[:60]), read_as=read_as
        )
        yield warning(number, message, Message("write {read_as}, or # in front to switch it off", read_as=read_as))
    elif not read_as and not text.startswith(("#", "path=", "\ufeff")):
        what, remedy = _why_ignored(text, key, proper)
        if what:
            yield warning(number, Message("{what}: the simulator ignores this line in silence", what=what), remedy)


def _why_ignored(text: str, key: str, proper: str | None) -> tuple[str, str]:
    """(why, remedy) of a line that looks like a key of ours; empty where it does not."""
    if proper is None:
        meant = None if key in _NEWER else nearest(key, _KEYS, 0.75)
        if meant is None:
            return "", ""
        return Message("{key} is no known key", key=visible(key[:60])), Message(
            "write {key} if that is meant", key=meant
        )
    if text[0] in _BLANK:
        return Message("{key} with a blank before it", key=proper), Message("start the line with {key}", key=proper)
    if key != proper:
        return Message("{key} in the wrong case", key=visible(key[:60])), Message("write {name}", name=proper)
    return Message("{key} without = right behind it", key=proper), Message("write path= and the folder, without blanks")


def _about_zeros(document: DebugConfig) -> Iterator[Finding]:
    """What is said of a file that is no text, alone: what its lines lack is no news."""
    if b"\0" in document.render():
        yield error(None, Message("zero bytes: this is no plain text file"), Message("save it as UTF-8 text"))


def _about_bytes(document: DebugConfig) -> Iterator[Finding]:
    data = document.render()
    if data.startswith(BOM):
        yield warning(
            1,
            Message("a byte order mark hides the key of the first line"),
            Message("save the file as UTF-8 without BOM"),
        )
    windows = [(i, line) for i, line in enumerate(document.lines, 1) if b"\r" in line.content + line.ending]
    said_of_path = any(line.content.startswith(b"path=") and line.ending == b"\r\n" for _, line in windows)
    if windows and not said_of_path:
        message = Message("Windows line ends (CRLF): in the path's line they become part of the folder's name")
        if b"\r" in windows[0][1].content:
            message = Message("a carriage return inside a line does not end it for the simulator")
        yield warning(windows[0][0], message, Message("save with LF line ends {fix}", fix=_FIX))


# Where the dump will go, and whether it can be written there.

_FIX = Message("(m or --mend does it)")
_NO_DUMP = Message("the simulator says `Run evaluation OK.`, exits 0 and writes no dump")


def _about_path(
    document: DebugConfig, folder: Path, home: Path | None, needed: int, look_at: Look
) -> Iterator[Finding]:
    places = [number for number, line in enumerate(document.lines, 1) if line.content.startswith(b"path=")]
    line = places[-1] if places else None
    if len(places) > 1:
        yield warning(
            line,
            Message("path= stands there more than once; which one the simulator takes is not known"),
            Message("keep one of them"),
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
        message = Message("a Windows line end (CRLF) becomes part of the path: {no_dump}", no_dump=_NO_DUMP)
        yield error(line, message, Message("save with LF line ends {fix}", fix=_FIX))
    if not ending:
        read = visible(document.effect().path or "")
        message = Message(
            "no newline after the last line: the last character of the path is cut off, it reads {read!r}", read=read
        )
        yield error(line, message, Message("end the file with a newline {fix}", fix=_FIX))


def _about_value(value: str, line: int | None) -> Iterator[Finding]:
    if value != value.strip(" \t"):
        message = Message("a blank after the path belongs to the folder's name: {no_dump}", no_dump=_NO_DUMP)
        if value != value.lstrip(" \t"):
            message = Message("a blank before the path belongs to the folder's name: {no_dump}", no_dump=_NO_DUMP)
        yield error(line, message, Message("take the blanks away {fix}", fix=_FIX))
    if value.strip().startswith("~"):
        yield error(
            line, Message("~ is not expanded: {no_dump}", no_dump=_NO_DUMP), Message("write the folder's absolute path")
        )
    if (length := len(encode(value))) > LONGEST_PATH:
        message = Message("the path has {length} bytes, the simulator takes {most}", length=length, most=LONGEST_PATH)
        yield error(line, message, Message("use a shorter folder, or path=. and run there"))


def _about_home(line: int | None, home: Path | None) -> Iterator[Finding]:
    what = Message("path= is empty") if line else Message("no path= that the simulator reads")
    if home is None:
        message = Message("{what}, and $HOME is not set: nobody knows where the dump goes", what=what)
        yield error(line, message, Message("write path=. or an absolute path"))
        return
    message = Message("{what}: the dump goes to the home folder, {home}", what=what, home=visible(str(home)))
    yield warning(line, message, Message("write path=. or an absolute path"))
    if (length := len(encode(str(home)))) > LONGEST_PATH:
        message = Message(
            "the home folder's path has {length} bytes, the simulator takes {most}", length=length, most=LONGEST_PATH
        )
        yield error(line, message, Message("write path=. or a shorter path"))


def _about_folder(
    document: DebugConfig, target: Path, line: int | None, needed: int, state: FolderState
) -> Iterator[Finding]:
    shown = visible(str(target))
    if not state.is_folder:
        what = Message("{folder} does not exist", folder=shown)
        if state.exists:
            what = Message("{folder} is no folder", folder=shown)
        if set("\"'$") & set(str(target)):
            what = Message("{what}; quotes and $NAME are taken literally", what=what)
        remedy = Message("create it: mkdir -p {target}", target=visible(quote(str(target))))
        yield error(line, Message("{what}: {no_dump}", what=what, no_dump=_NO_DUMP), remedy)
        return
    if not state.writable:
        yield error(
            line,
            Message("{folder} can not be written to: {no_dump}", folder=shown, no_dump=_NO_DUMP),
            Message("choose another folder"),
        )
    if state.free < needed:
        message = Message(
            "{folder} has {free} free, the dump may need {needed}",
            folder=shown,
            free=_size(state.free),
            needed=_size(needed),
        )
        yield warning(line, message, Message("make room, or choose another folder"))
    if state.has_dump and KEEP_OLD_DUMP not in document.effect().switches:
        message = Message("{folder} holds a {name}: the next run overwrites it", folder=shown, name=DUMP_NAME)
        yield note(line, message, Message("rename it first, or use a folder of its own for every run"))


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
        Message("dumpasstring: the dump is text with six decimals, which the vendor's comparer can not read"),
        Message("switch it off, except for the vendor's histogram.py"),
    ),
    (
        DISABLE_FUSION,
        note,
        Message("disableDomainFuseOps acts when the fixed model is made; the simulator ignores it"),
        Message("calibrate again in a folder with this file, then dump"),
    ),
    (
        KEEP_OLD_DUMP,
        note,
        Message("dumpdonotrecovery: with a dump there already, the new one gets a number in its name"),
        Message("compare the newest file, or switch it off"),
    ),
)


def _traps(document: DebugConfig) -> Iterator[Finding]:
    on = document.effect().switches
    if DUMP_TENSOR not in on:
        yield warning(
            None, Message("dumpTensor is not on: the simulator writes no dump"), Message("switch dumpTensor on")
        )
    if DEQUANT_FIXED in on and ELIMINATE_GARBAGE not in on:
        broken = Message(
            "dequantFixed without eliminateGarbage: a fixed dump looks complete, but holds the padded layout cut to "
            "length; a healthy model then compares as broken (COS down to 0.01)"
        )
        yield error(_line_of(document, DEQUANT_FIXED), broken, Message("switch eliminateGarbage on"))
    for switch, kind, message, remedy in _TRAPS:
        if switch in on:
            yield kind(_line_of(document, switch), message, remedy)


def _line_of(document: DebugConfig, switch: str) -> int | None:
    at = (number for number, line in enumerate(document.lines, 1) if line.content.startswith(switch.encode()))
    return next(at, None)

"""Where the dump of a DebugConfig.txt will go, and whether it can be written there."""

from collections.abc import Callable, Iterator
from pathlib import Path
from shlex import quote

from sgs_tui.engine.configs.debugconfig import DebugConfig
from sgs_tui.engine.configs.findings import Finding, Severity
from sgs_tui.engine.configs.folder import FolderState
from sgs_tui.engine.configs.switches import DUMP_NAME, KEEP_OLD_DUMP, LONGEST_PATH
from sgs_tui.engine.text import encode, visible

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

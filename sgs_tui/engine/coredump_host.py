"""How to get a core file on this host: where the kernel puts it, whether it may be written, what stands in the way.

Source: core(5). The limit is that of the shell which starts the simulator; here it is read from our own process, which
that shell started as well.
"""

import resource
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path, PurePosixPath

from sgs_tui.engine.text import visible

_CONTAINERS = (".dockerenv", "run/.containerenv", "run/systemd/container")
_SPECIFIERS = {
    "%p": "process id",
    "%P": "process id outside of the container",
    "%e": "program",
    "%E": "path of the program",
    "%t": "time",
    "%s": "signal",
    "%u": "user id",
    "%g": "group id",
    "%h": "host name",
    "%i": "thread id",
}


class Taker(Enum):
    """Who takes a core."""

    FILE = "file"
    SYSTEMD = "systemd-coredump"
    APPORT = "apport"
    ABRT = "abrt"
    PROGRAM = "program"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class CoreHost:
    """`pattern`: core_pattern, `with_pid`: core_uses_pid; `soft` and `hard`: the limits in bytes, -1 for none."""

    pattern: str
    with_pid: bool
    soft: int
    hard: int
    container: bool

    @property
    def taker(self) -> Taker:
        """Who takes the core."""
        if not self.pattern:
            return Taker.NOBODY
        if not self.pattern.startswith("|"):
            return Taker.FILE
        known = {"systemd-coredump": Taker.SYSTEMD, "apport": Taker.APPORT, "abrt": Taker.ABRT}
        program = PurePosixPath(self.pattern[1:].split(" ")[0]).name
        return next((taker for word, taker in known.items() if word in program), Taker.PROGRAM)


def core_host(root: Path = Path("/")) -> CoreHost:
    """Look at the host below `root`."""
    kernel = root / "proc" / "sys" / "kernel"
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    container = any((root / name).exists() for name in _CONTAINERS)
    with_pid = _line(kernel / "core_uses_pid") == "1"
    return CoreHost(_line(kernel / "core_pattern"), with_pid, soft, hard, container)


def _line(path: Path) -> str:
    try:
        return path.read_text("utf-8", "surrogateescape").strip("\n")
    except OSError:
        return ""


def how_to_get_a_core(host: CoreHost) -> tuple[str, ...]:
    """What to do, one step a line, in order."""
    return (*_limit(host), *_place(host), "run the simulator again from that same shell; it has to end by a signal")


def _limit(host: CoreHost) -> Iterator[str]:
    if host.soft == 0 or 0 < host.soft < 1 << 30:
        now = "0, so no core is written" if host.soft == 0 else f"{host.soft} bytes, so a core may be cut"
        yield f"in the shell that starts the simulator: ulimit -c unlimited (it is {now})"
    if host.hard == 0 and host.container:
        yield "the hard limit is 0 as well: start the container with --ulimit core=-1"
    elif host.hard == 0:
        yield "the hard limit is 0 as well: root has to raise it (a line `* hard core unlimited` in limits.conf)"


def _place(host: CoreHost) -> Iterator[str]:
    pattern = visible(host.pattern)
    as_root = "echo core > /proc/sys/kernel/core_pattern"
    elsewhere = ", on the host and not in this container" if host.container else ""
    match host.taker:
        case Taker.FILE:
            yield f"the core then lies {_where(host)}"
        case Taker.SYSTEMD:
            yield f"systemd takes it{elsewhere}: coredumpctl list, then coredumpctl -o core dump PID"
        case Taker.APPORT:
            yield f"apport takes it{elsewhere}: look into /var/crash, then apport-unpack FILE.crash DIR (DIR/CoreDump)"
        case Taker.ABRT:
            yield f"abrt takes it{elsewhere}: abrt-cli list, the core is the file coredump in the folder it names"
        case Taker.PROGRAM:
            yield f"a program takes it{elsewhere}: core_pattern is {pattern}"
        case Taker.NOBODY:
            yield "core_pattern is empty or can not be read: the kernel writes no core"
    if host.taker is not Taker.FILE:
        where = "on the host of this container, as root" if host.container else "as root"
        yield f"to have it as a plain file instead, {where}: {as_root}"


def _where(host: CoreHost) -> str:
    pattern = visible(host.pattern)
    name = f"{pattern}.PID" if host.with_pid and "%p" not in host.pattern else pattern
    used = [f"{mark} {meaning}" for mark, meaning in _SPECIFIERS.items() if mark in host.pattern]
    meant = f" ({', '.join(used)})" if used else ""
    place = f"at {name}" if host.pattern.startswith("/") else f"in the directory the simulator ran in, as {name}"
    return f"{place}{meant}"


def cores_near(host: CoreHost, folder: Path) -> tuple[Path, ...]:
    """Files that look like cores where they are usually left, the newest first."""
    start = PurePosixPath(host.pattern.split("%")[0]) if host.taker is Taker.FILE else PurePosixPath("core")
    places = {folder, folder / start.parent}
    found = {path for place in places for path in _starting_with(place, start.name or "core")}
    return tuple(sorted(found, key=lambda path: path.stat().st_mtime, reverse=True))


def _starting_with(place: Path, prefix: str) -> Iterator[Path]:
    try:
        for path in place.iterdir():
            if path.name.startswith(prefix) and path.is_file():
                with path.open("rb") as file:
                    head = file.read(18)
                if head[:4] == b"\x7fELF" and 4 in head[16:18]:
                    yield path
    except OSError:
        return

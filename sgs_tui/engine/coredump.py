"""What a crashed program leaves: its memory map and back trace out of a core file, by gdb, in one text to send.

The vendor's show_address.sh runs gdb twice, for `info proc mappings` and for `bt`; both come first here, in gdb's own
words, then what support asks for next. gdb reads no init file and loads no script that lies around: a core file and
its program may come from strangers.
"""

import os
import platform
import re
import resource
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sgs_tui import __version__
from sgs_tui.engine.errors import InputError, RunError, reason
from sgs_tui.engine.files import reading
from sgs_tui.engine.numbers import size
from sgs_tui.engine.reports.details import file_facts, utc
from sgs_tui.engine.text import decode, visible
from sgs_tui.language import Message, joined

_MINUTES = 10
"""How long gdb may take; the symbols of large programs are slow to read, but not that slow."""
_QUESTIONS = (
    *("info proc mappings", "bt 500", "bt -50", "thread apply all bt 100", "p $_siginfo"),
    *("info registers", "x/8i $pc", "info sharedlibrary"),
)
"""A stack that ran over has a hundred thousand frames: its innermost and outermost ends tell enough."""
_OPTIONS = ("-nx", "-batch", "-iex", "set auto-load off", "-iex", "set debuginfod enabled off", "-ex", "set width 0")
_ELF, _CORE = b"\x7fELF", 4
_FRAME = re.compile(r"^#0 ", re.MULTILINE)
_SIGNAL = re.compile(r"^Program terminated with signal (.+?)\.?$", re.MULTILINE)
_WARNING = re.compile(r"^warning: (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class CoreReport:
    """The text to send; `signal` as gdb names it, empty where it does not; `warnings`: why it may be worth little."""

    text: str
    signal: str
    warnings: tuple[str, ...]


def read_core(executable: Path, core: Path, gdb: str = "gdb") -> CoreReport:
    """Ask gdb about `core`, left by `executable`.

    Raises InputError (one of the two is missing or not what it should be), RunError (no gdb, or it failed).
    """
    _check_executable(executable)
    _check_core(core)
    found = shutil.which(gdb)
    if found is None:
        raise RunError(
            Message("gdb is not installed"), Message("install it (apt-get install gdb, yum install gdb) and try again")
        )
    said = _ask(found, executable, core)
    signal = _SIGNAL.search(said)
    lines = (*_head(executable, core), "", *(visible(line.expandtabs()) for line in said.splitlines()))
    return CoreReport("".join(f"{line}\n" for line in lines), signal[1] if signal else "", tuple(_warnings(said)))


def _check_executable(path: Path) -> None:
    head = _first_bytes(path)
    if head.startswith(b"#!"):
        interpreter = visible(decode(head[2:].split(b"\n")[0]).strip())
        raise InputError(
            Message("{path}: is a script, which can not crash", path=path),
            Message("give its interpreter: {interpreter}", interpreter=interpreter),
        )
    if not head.startswith(_ELF):
        raise InputError(
            Message("{path}: is no program (ELF)", path=path),
            Message("give the program that crashed; for Python code that is python3"),
        )
    if _elf_type(head) == _CORE:
        raise InputError(
            Message("{path}: is a core file, expected the program", path=path),
            Message("first the program, then the core"),
        )


def _check_core(path: Path) -> None:
    head = _first_bytes(path)
    if head.startswith(_ELF) and _elf_type(head) == _CORE:
        return
    empty = Message("it is empty: the disk was full, or ulimit -c too small")
    raise InputError(
        Message("{path}: is no core file", path=path), Message("give the file that the crash left") if head else empty
    )


def _first_bytes(path: Path) -> bytes:
    with reading(path) as file:
        return file.read(256)


def _elf_type(head: bytes) -> int:
    return int.from_bytes(head[16:18], "big" if head[5:6] == b"\x02" else "little")


def _ask(gdb: str, executable: Path, core: Path) -> str:
    command = [gdb, *_OPTIONS]
    for question in _QUESTIONS:
        command += ["-ex", f"echo \\n(gdb) {question}\\n", "-ex", question]
    command += [str(executable.absolute()), str(core.absolute())]
    try:
        ended = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "LC_ALL": "C"},
            timeout=60 * _MINUTES,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise RunError(
            Message("gdb did not end within {minutes} minutes", minutes=_MINUTES),
            Message("by hand: gdb {executable} {core}", executable=executable, core=core),
        ) from error
    except OSError as error:
        raise RunError(
            Message("{gdb}: can not be started: {why}", gdb=gdb, why=reason(error)), Message("install gdb anew")
        ) from error
    said = decode(ended.stdout)
    if f"(gdb) {_QUESTIONS[0]}" not in said:
        last = visible(" ".join(said.split())[-200:])
        raise RunError(
            Message("gdb failed with exit code {returncode}: {last}", returncode=ended.returncode, last=last),
            Message("is it a gdb for this machine?"),
        )
    return said


def _head(executable: Path, core: Path) -> Iterator[str]:
    yield f"core report by sgs-tui {__version__}, {utc(time.time())}"
    yield f"system      {platform.platform()}"
    for what, path in (("program", executable), ("core", core)):
        facts = file_facts(what, path)
        yield f"{what:12}{visible(facts.path)}  {size(facts.size)}, {facts.modified}, sha256 {facts.sha256}"


def _warnings(said: str) -> Iterator[str]:
    yield from dict.fromkeys(visible(line) for line in _WARNING.findall(said))
    if not _FRAME.search(said):
        yield Message("gdb found no back trace: is this the program that left the core, and the very same build?")


# How to get a core file on this host: where the kernel puts it, whether it may be written, what stands in the way.
#
# Source: core(5).
# The limit is that of the shell which starts the simulator; here it is read from our own process, which
# that shell started as well.

_CONTAINERS = (".dockerenv", "run/.containerenv", "run/systemd/container")
_SPECIFIERS = {
    "%p": Message("process id"),
    "%P": Message("process id outside of the container"),
    "%e": Message("program"),
    "%E": Message("path of the program"),
    "%t": Message("time"),
    "%s": Message("signal"),
    "%u": Message("user id"),
    "%g": Message("group id"),
    "%h": Message("host name"),
    "%i": Message("thread id"),
}


_TAKERS = {
    "systemd-coredump": Message("systemd takes it{elsewhere}: coredumpctl list, then coredumpctl -o core dump PID"),
    "apport": Message(
        "apport takes it{elsewhere}: look into /var/crash, then apport-unpack FILE.crash DIR (DIR/CoreDump)"
    ),
    "abrt": Message("abrt takes it{elsewhere}: abrt-cli list, the core is the file coredump in the folder it names"),
}
"""Programs that take a core, by a word in their names."""


@dataclass(frozen=True, slots=True)
class CoreHost:
    """`pattern`: core_pattern, `with_pid`: core_uses_pid; `soft` and `hard`: the limits in bytes, -1 for none."""

    pattern: str
    with_pid: bool
    soft: int
    hard: int
    container: bool

    @property
    def to_file(self) -> bool:
        return bool(self.pattern) and not self.pattern.startswith("|")


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
    return (
        *_limit(host),
        *_place(host),
        Message("run the simulator again from that same shell; it has to end by a signal"),
    )


def _limit(host: CoreHost) -> Iterator[str]:
    if host.soft == 0 or 0 < host.soft < 1 << 30:
        now = (
            Message("0, so no core is written")
            if host.soft == 0
            else Message("{soft} bytes, so a core may be cut", soft=host.soft)
        )
        yield Message("in the shell that starts the simulator: ulimit -c unlimited (it is {now})", now=now)
    if host.hard == 0 and host.container:
        yield Message("the hard limit is 0 as well: start the container with --ulimit core=-1")
    elif host.hard == 0:
        yield Message(
            "the hard limit is 0 as well: root has to raise it (a line `* hard core unlimited` in limits.conf)"
        )


def _place(host: CoreHost) -> Iterator[str]:
    if host.to_file:
        yield Message("the core then lies {place}", place=_where(host))
        return
    elsewhere, where = "", Message("as root")
    if host.container:
        elsewhere, where = (
            Message(", on the host and not in this container"),
            Message("on the host of this container, as root"),
        )
    program = PurePosixPath(host.pattern[1:].split(" ")[0]).name
    known = next((text for word, text in _TAKERS.items() if word in program), None)
    if not host.pattern:
        yield Message("core_pattern is empty or can not be read: the kernel writes no core")
    elif known is not None:
        yield Message(known, elsewhere=elsewhere)
    else:
        yield Message(
            "a program takes it{elsewhere}: core_pattern is {pattern}",
            elsewhere=elsewhere,
            pattern=visible(host.pattern),
        )
    yield Message("to have it as a plain file instead, {where}: echo core > /proc/sys/kernel/core_pattern", where=where)


def _where(host: CoreHost) -> str:
    pattern = visible(host.pattern)
    name = f"{pattern}.PID" if host.with_pid and "%p" not in host.pattern else pattern
    used = [
        Message("{mark} {meaning}", mark=mark, meaning=meaning)
        for mark, meaning in _SPECIFIERS.items()
        if mark in host.pattern
    ]
    place = (
        Message("at {name}", name=name)
        if host.pattern.startswith("/")
        else Message("in the directory the simulator ran in, as {name}", name=name)
    )
    return Message("{place} ({meant})", place=place, meant=joined(used)) if used else place


def cores_near(host: CoreHost, folder: Path) -> tuple[Path, ...]:
    """Files that look like cores where they are usually left, the newest first."""
    start = PurePosixPath(host.pattern.split("%")[0]) if host.to_file else PurePosixPath("core")
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

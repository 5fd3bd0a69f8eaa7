"""A real core of a small C program, read by gdb; and hosts that keep cores in their own ways."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from sgs_tui.engine.coredump import CoreHost, core_host, cores_near, how_to_get_a_core, read_core
from sgs_tui.engine.errors import InputError, RunError

SOURCE = """
__attribute__((noinline)) void innermost(volatile int *p) { *p = 42; }
__attribute__((noinline)) void caller(volatile int *p) { innermost(p); }
int main(int count, char **words) { caller((int *)(long)(count == 77)); return 0; }
"""


@dataclass(frozen=True)
class Crash:
    program: Path
    core: Path


@pytest.fixture(scope="module")
def crash(tmp_path_factory: pytest.TempPathFactory) -> Crash:
    for tool in ("gcc", "gdb"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not here")
    folder = tmp_path_factory.mktemp("crash")
    (folder / "crash.c").write_text(SOURCE)
    subprocess.run(["gcc", "-g", "-O0", "-o", "crash", "crash.c"], cwd=folder, check=True, capture_output=True)
    command = ["gdb", "-nx", "-batch", "-ex", "run", "-ex", "generate-core-file core", "./crash"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=60)
    if not (folder / "core").is_file():
        pytest.skip("gdb may not trace a process here")
    return Crash(folder / "crash", folder / "core")


def test_a_real_core(crash: Crash) -> None:
    report = read_core(crash.program, crash.core)
    assert report.signal == "SIGSEGV, Segmentation fault"
    assert report.warnings == ()
    mappings, trace = report.text.index("(gdb) info proc mappings"), report.text.index("(gdb) bt 500")
    assert mappings < trace
    assert str(crash.program) in report.text[mappings:trace]
    frames = [line for line in report.text[trace:].splitlines() if line.startswith("#")][:3]
    assert [function in frame for function, frame in zip(("innermost", "caller", "main"), frames, strict=True)] == [
        True
    ] * 3
    assert "sha256" in report.text.splitlines()[2]


def test_the_wrong_program_is_noticed(crash: Crash, tmp_path: Path) -> None:
    other = shutil.which("true")
    assert other is not None
    report = read_core(Path(other), crash.core)
    assert report.warnings


def test_what_is_no_program_and_what_no_core(crash: Crash, tmp_path: Path) -> None:
    script, text, empty = tmp_path / "s.py", tmp_path / "t.txt", tmp_path / "empty"
    script.write_text("#!/usr/bin/env python3\n")
    text.write_text("hello")
    empty.touch()
    for program, core, words in (
        (script, crash.core, "is a script.*env python3"),
        (text, crash.core, "is no program"),
        (crash.core, crash.core, "is a core file, expected the program"),
        (crash.program, crash.program, "is no core file"),
        (crash.program, empty, "disk was full"),
        (crash.program, tmp_path / "nowhere", "cannot read"),
        (crash.program, tmp_path, "cannot read"),
    ):
        with pytest.raises(InputError, match=words):
            read_core(program, core)


def test_without_gdb_or_with_a_broken_one(crash: Crash, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="gdb is not installed"):
        read_core(crash.program, crash.core, gdb="no-such-gdb")
    broken = tmp_path / "gdb"
    broken.write_text("#!/bin/sh\necho wrong libraries >&2\nexit 3\n")
    broken.chmod(0o755)
    with pytest.raises(RunError, match="exit code 3: wrong libraries"):
        read_core(crash.program, crash.core, gdb=str(broken))


def test_gdb_reads_nothing_that_lies_around(crash: Crash, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    marker = tmp_path / "ran"
    for folder in (Path(os.environ["HOME"]), tmp_path, crash.program.parent):
        (folder / ".gdbinit").write_text(f"shell touch {marker}\n")
    (crash.program.parent / "crash-gdb.gdb").write_text(f"shell touch {marker}\n")
    monkeypatch.chdir(tmp_path)
    read_core(crash.program, crash.core)
    assert not marker.exists()


def host(pattern: str, soft: int = -1, hard: int = -1, container: bool = False, with_pid: bool = False) -> CoreHost:
    return CoreHost(pattern, with_pid, soft, hard, container)


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("core", "in the directory the simulator ran in, as core"),
        ("/var/cores/%e.%p", "at /var/cores/%e.%p (%p process id, %e program)"),
        ("|/lib/systemd/systemd-coredump %P %u %g", "coredumpctl -o core dump PID"),
        ("|/usr/share/apport/apport -p%p -s%s", "apport-unpack"),
        ("|/usr/libexec/abrt-hook-ccpp %s", "abrt-cli list"),
        ("|/opt/our own/\x1btaker", "core_pattern is |/opt/our own/\\x1btaker"),
        ("", "writes no core"),
    ],
)
def test_where_the_core_goes(pattern: str, words: str) -> None:
    found = host(pattern)
    assert found.to_file is (pattern[:1] not in ("", "|"))
    steps = "\n".join(how_to_get_a_core(found))
    assert words in steps
    assert ("core_pattern" in steps.replace(words, "")) == (not found.to_file)
    assert "ulimit" not in steps


def test_limits_are_named_where_they_are_in_the_way() -> None:
    assert "ulimit -c unlimited (it is 0" in how_to_get_a_core(host("core", soft=0))[0]
    assert "may be cut" in how_to_get_a_core(host("core", soft=512000))[0]
    assert "limits.conf" in how_to_get_a_core(host("core", soft=0, hard=0))[1]
    assert "--ulimit core=-1" in how_to_get_a_core(host("core", soft=0, hard=0, container=True))[1]


def test_a_container_leaves_cores_on_its_host() -> None:
    steps = "\n".join(how_to_get_a_core(host("|/lib/systemd/systemd-coredump", container=True)))
    assert "on the host and not in this container" in steps
    assert "on the host of this container, as root" in steps


def test_the_process_id_may_be_appended() -> None:
    assert "as core.PID" in "\n".join(how_to_get_a_core(host("core", with_pid=True)))


def test_looking_at_a_host(tmp_path: Path) -> None:
    kernel = tmp_path / "proc" / "sys" / "kernel"
    kernel.mkdir(parents=True)
    (kernel / "core_pattern").write_text("|/usr/share/apport/apport %p\n")
    (kernel / "core_uses_pid").write_text("1\n")
    found = core_host(tmp_path)
    assert (found.pattern, found.with_pid, found.container) == ("|/usr/share/apport/apport %p", True, False)
    (tmp_path / ".dockerenv").touch()
    assert core_host(tmp_path).container
    assert core_host(tmp_path / "nothing").pattern == ""


def test_cores_are_found_where_they_are_left(crash: Crash, tmp_path: Path) -> None:
    (tmp_path / "core.py").write_text("no core")
    (tmp_path / "core.12").write_bytes(crash.core.read_bytes())
    assert cores_near(host("core"), tmp_path) == (tmp_path / "core.12",)
    assert cores_near(host(f"{tmp_path}/core.%p"), tmp_path / "elsewhere") == (tmp_path / "core.12",)
    assert cores_near(host("|/bin/taker"), crash.core.parent) == (crash.core,)

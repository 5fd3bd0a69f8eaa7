"""`sgs-tui core`."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sgs_tui.cli import stderr
from sgs_tui.cli.exits import ExitCode
from sgs_tui.cli.options import argument, option
from sgs_tui.engine.errors import InputError, UsageError
from sgs_tui.language import Message, shown

if TYPE_CHECKING:
    pass


def core(
    executable: Annotated[Path | None, argument("[EXEC]", "The program that crashed, the very same build.")] = None,
    dump: Annotated[Path | None, argument("[CORE]", "The core file that it left.")] = None,
    output: Annotated[
        Path | None, option("--output -o FILE", "The file to send (default core_report-EXEC-TIME.txt here).")
    ] = None,
) -> int:
    """Turn a core file into one text to send to support.

    Memory map, back trace and registers, as the manual's show_address.sh has them.

    Prints the text and writes it to a file, never over another one. Needs gdb. Where the simulator runs inside
    Python, EXEC is that python3. Without EXEC and CORE: says how to get a core file on this very host.

    \b
    Examples:
      sgs-tui core
      sgs-tui core $SGS_IPU_DIR/bin/sgs_simulator_fixed core.1234
      sgs-tui core /usr/bin/python3 core --output for_support.txt
    """
    from sgs_tui.engine.coredump import core_host, cores_near, how_to_get_a_core

    host = core_host()
    if dump is None and output is not None:
        raise UsageError(Message("--output: a report of which crash?"), Message("name EXEC and CORE in front"))
    if executable is None:
        typer.echo("\n".join(map(shown, how_to_get_a_core(host))))
        return ExitCode.OK
    if dump is not None and dump.exists():
        return _report(executable, dump, output)
    near = [str(path) for path in cores_near(host, Path())]
    if dump is None:
        raise UsageError(
            Message("a core file is missing"),
            Message("here are {near}", near=", ".join(near)) if near else Message("without EXEC: how to get one"),
        )
    stderr.note(*(Message("here is one: {path}", path=path) for path in near), *how_to_get_a_core(host))
    raise InputError(Message("{dump}: no such core file", dump=dump), Message("see the steps above"))


def _report(executable: Path, dump: Path, output: Path | None) -> ExitCode:
    from sgs_tui.batch.output import emit
    from sgs_tui.engine.coredump import read_core
    from sgs_tui.engine.files import free_name, write_atomically

    report = read_core(executable, dump)
    default = Path(f"core_report-{executable.name}-{time.strftime('%Y%m%d-%H%M%S')}.txt")
    target = free_name(output or default, keep_suffix=True)
    data = report.text.encode()
    write_atomically(target, data)
    for warning in report.warnings:
        stderr.warning(warning)
    stderr.note(
        Message(
            "{target}: written, {signal}; it names paths of this machine",
            target=target,
            signal=report.signal or Message("no signal named"),
        )
    )
    emit(data, None)
    return ExitCode.OK

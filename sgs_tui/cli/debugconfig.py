"""`sgs-tui debugconfig show|check|set`."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sgs_tui.cli import complaints
from sgs_tui.cli.exits import ExitCode
from sgs_tui.engine.errors import UsageError

if TYPE_CHECKING:
    from sgs_tui.engine.configs.debugconfig import DebugConfig

DEFAULT = Path("DebugConfig.txt")
_ON_OFF = {"on": True, "off": False}
_File = Annotated[Path, typer.Argument(metavar="[FILE]", help="The file (default ./DebugConfig.txt).")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(rich_markup_mode=None, help="Read, check and change DebugConfig.txt.")
    group.command("show")(show)
    group.command("check")(check)
    group.command("set")(set_)
    app.add_typer(group, name="debugconfig")


def show(file: _File = DEFAULT) -> int:
    """Show every switch as the simulator reads it, with its meaning.

    \b
    Example:
      sgs-tui debugconfig show run/DebugConfig.txt
    """
    from sgs_tui.batch.debugconfig import describe
    from sgs_tui.batch.output import emit
    from sgs_tui.engine.configs.debugconfig import load

    emit(describe(load(file), str(file)), None)
    return ExitCode.OK


def check(
    file: _File = DEFAULT,
    run_in: Annotated[
        Path | None,
        typer.Option("--run-in", metavar="DIR", help="Where the simulator runs (default the file's folder)."),
    ] = None,
) -> int:
    """Say what the simulator will not do as it seems: one line a finding, exit code 3 where one is an error.

    \b
    Example:
      sgs-tui debugconfig check run/DebugConfig.txt
    """
    from sgs_tui.batch.debugconfig import list_findings
    from sgs_tui.batch.output import emit
    from sgs_tui.engine.configs.debugconfig import load
    from sgs_tui.engine.configs.debugconfig_check import check as find
    from sgs_tui.engine.configs.findings import Severity

    home = os.environ.get("HOME")
    findings = find(load(file), run_in or file.parent, Path(home) if home else None)
    emit(list_findings(findings, str(file)), None)
    return ExitCode.INPUT if any(found.severity is Severity.ERROR for found in findings) else ExitCode.OK


def set_(
    settings: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="SWITCH=on, SWITCH=off, or path=DIR.")
    ] = None,
    file: Annotated[Path, typer.Option("--file", "-f", metavar="FILE", help="The file to change.")] = DEFAULT,
    preset: Annotated[
        str | None,
        typer.Option("--preset", metavar="NAME", help="First: float, fixed, histogram or fixed-without-fusion."),
    ] = None,
    mend: Annotated[bool, typer.Option("--mend", help="Also mend line ends, blanks and the case of keys.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
) -> int:
    """Change switches and the path; every other byte stays. Prints the difference, keeps a backup.

    \b
    Examples:
      sgs-tui debugconfig set --preset fixed path=/data/dumps
      sgs-tui debugconfig set dumpTensor=on dumpasstring=off --file run/DebugConfig.txt
      sgs-tui debugconfig set --mend --dry-run
    """
    from sgs_tui.batch.debugconfig import show_difference
    from sgs_tui.batch.output import emit
    from sgs_tui.engine.configs.debugconfig import parse
    from sgs_tui.engine.configs.reading import read_bytes

    old = read_bytes(file) if file.exists() else b""
    document = _with_preset(parse(old), preset)
    for setting in settings or ():
        document = _with_setting(document, setting)
    new = (document.mend() if mend else document).render()
    emit(show_difference(old, new, str(file)), None)
    if new != old and not dry_run:
        _write(file, new)
    return ExitCode.OK


def _with_preset(document: "DebugConfig", name: str | None) -> "DebugConfig":
    """A file that does not exist yet starts with the preset's commented template."""
    from sgs_tui.engine.configs.debugconfig import parse
    from sgs_tui.engine.configs.nearest import did_you_mean
    from sgs_tui.engine.configs.presets import PRESETS, apply, template

    if name is None:
        return document
    chosen = next((preset for preset in PRESETS if preset.key == name), None)
    if chosen is None:
        raise UsageError(f"no preset is called {name}", did_you_mean(name, [preset.key for preset in PRESETS]))
    return apply(chosen, document) if document.lines else parse(template(chosen))


def _with_setting(document: "DebugConfig", setting: str) -> "DebugConfig":
    key, equals, value = setting.partition("=")
    if key == "path" and equals:
        return document.with_path(value)
    if value not in _ON_OFF:
        raise UsageError(f"{setting}: expected SWITCH=on, SWITCH=off or path=DIR", "as in dumpTensor=on")
    return document.with_switch(key, _ON_OFF[value])


def _write(file: Path, data: bytes) -> None:
    from sgs_tui.engine.files import write_with_backup

    backup = write_with_backup(file, data)
    complaints.note(f"{file} is written" + (f"; what was there is in {backup}" if backup else ""))

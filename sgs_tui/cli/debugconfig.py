"""`sgs-tui debugconfig show|check|set`."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sgs_tui.batch.output import emit
from sgs_tui.cli import stderr
from sgs_tui.cli.exits import ExitCode
from sgs_tui.cli.options import add_group, argument, option
from sgs_tui.engine.errors import InputError, UsageError
from sgs_tui.engine.files import read_bytes, write_with_backup
from sgs_tui.engine.text import did_you_mean
from sgs_tui.language import Message

if TYPE_CHECKING:
    from sgs_tui.engine.configs.debugconfig import DebugConfig


_DEFAULT = Path("DebugConfig.txt")
_FileArgument = Annotated[Path | None, argument("[FILE]", "The file (default ./DebugConfig.txt).")]
_FileOption = Annotated[Path | None, option("--file -f FILE", "The same, as an option.")]
_ON_OFF = {"on": True, "off": False}
_GROUP = Message("""Read, check and change DebugConfig.txt.

\b
Examples:
  sgs-tui debugconfig check run/DebugConfig.txt
  sgs-tui debugconfig set --preset fixed path=.
""")


def register(app: typer.Typer) -> None:
    """Add the group."""
    add_group(app, "debugconfig", _GROUP, show, check, set_)


def one_of(file: Path | None, option: Path | None) -> Path:
    """The file, named in either way. Raises UsageError where both name one."""
    if file is not None and option is not None:
        raise UsageError(
            Message("{file} and --file {option}: one file at a time", file=file, option=option), Message("name it once")
        )
    return file or option or _DEFAULT


def show(file: _FileArgument = None, option: _FileOption = None) -> int:
    """Show every switch as the simulator reads it, with its meaning.

    \b
    Example:
      sgs-tui debugconfig show run/DebugConfig.txt
    """
    from sgs_tui.batch.printed.debugconfig import describe
    from sgs_tui.engine.configs.debugconfig import load

    chosen = one_of(file, option)
    emit(describe(load(chosen), str(chosen)), None)
    return ExitCode.OK


def check(
    file: _FileArgument = None,
    option: _FileOption = None,
    run_in: Annotated[
        Path | None, option("--run-in DIR", "Where the simulator runs (default the file's folder).")
    ] = None,
) -> int:
    """Say what the simulator will not do as it seems.

    One line a finding, exit code 3 where one is an error.

    \b
    Example:
      sgs-tui debugconfig check run/DebugConfig.txt
    """
    from sgs_tui.batch.printed.debugconfig import list_findings
    from sgs_tui.engine.configs.debugconfig import load
    from sgs_tui.engine.configs.debugconfig_check import check as find
    from sgs_tui.engine.configs.textlines import Severity

    home = os.environ.get("HOME")
    chosen = one_of(file, option)
    findings = find(load(chosen), run_in or chosen.parent, Path(home) if home else None)
    emit(list_findings(findings, str(chosen)), None)
    return ExitCode.INPUT if any(found.severity is Severity.ERROR for found in findings) else ExitCode.OK


def set_(
    settings: Annotated[
        list[str] | None,
        argument(
            "[FILE] [KEY=VALUE]...", "The file (default ./DebugConfig.txt), then SWITCH=on, SWITCH=off, or path=DIR."
        ),
    ] = None,
    option: _FileOption = None,
    preset: Annotated[
        str | None, option("--preset NAME", "First: float, fixed, histogram or fixed-without-fusion.")
    ] = None,
    mend: Annotated[bool, option("--mend", "Also fix line ends, blanks and the case of keys.")] = False,
    dry_run: Annotated[bool, option("--dry-run", "Only show what would change.")] = False,
) -> int:
    """Change switches and the path; every other byte stays. Prints the difference, keeps a backup.

    \b
    Examples:
      sgs-tui debugconfig set --preset fixed path=/data/dumps
      sgs-tui debugconfig set run/DebugConfig.txt dumpTensor=on dumpasstring=off
      sgs-tui debugconfig set --mend --dry-run
    """
    from sgs_tui.batch.printed.debugconfig import show_difference
    from sgs_tui.engine.configs.debugconfig import parse

    named, changes = _split(settings or [])
    file = one_of(named, option)
    if not (changes or preset or mend):
        raise UsageError(
            Message("{file}: nothing to change", file=file),
            Message("say SWITCH=on, SWITCH=off, path=DIR, --preset or --mend"),
        )
    old = read_bytes(file) if file.exists() else b""
    if b"\0" in old:
        raise InputError(
            Message("{file}: byte {index} is NUL, expected text; nothing is changed", file=file, index=old.index(0)),
            Message("is it the right file?"),
        )
    document = _with_preset(parse(old), preset)
    for setting in changes:
        document = _with_setting(document, setting)
    new = (document.fix() if mend else document).render()
    emit(show_difference(old, new, str(file)), None)
    if new != old and not dry_run:
        _write(file, new)
    return ExitCode.OK


def _split(words: list[str]) -> tuple[Path | None, list[str]]:
    """A first word that is a file's name, and the settings. A misspelt setting must not become a new file."""
    first = Path(words[0]) if words and "=" not in words[0] else None
    if first is not None and (first.suffix == ".txt" or first.is_file()):
        return first, words[1:]
    return None, words


def _with_preset(document: "DebugConfig", name: str | None) -> "DebugConfig":
    """A file that does not exist yet starts with the preset's commented template."""
    from sgs_tui.engine.configs.debugconfig import PRESETS, apply, parse, template

    if name is None:
        return document
    chosen = next((preset for preset in PRESETS if preset.key == name), None)
    if chosen is None:
        raise UsageError(
            Message("no preset is called {name}", name=name), did_you_mean(name, [preset.key for preset in PRESETS])
        )
    return apply(chosen, document) if document.lines else parse(template(chosen))


def _with_setting(document: "DebugConfig", setting: str) -> "DebugConfig":
    key, equals, value = setting.partition("=")
    if key == "path" and equals:
        return document.with_path(value)
    if value not in _ON_OFF:
        raise UsageError(
            Message("{setting}: expected SWITCH=on, SWITCH=off or path=DIR", setting=setting),
            Message("as in dumpTensor=on"),
        )
    return document.with_switch(key, _ON_OFF[value])


def _write(file: Path, data: bytes) -> None:

    backup = write_with_backup(file, data)
    stderr.written(file, backup)

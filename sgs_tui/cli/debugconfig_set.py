"""`sgs-tui debugconfig set`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sgs_tui.cli import complaints
from sgs_tui.cli.debugconfig_file import FileOption, one_of
from sgs_tui.cli.exits import ExitCode
from sgs_tui.engine.errors import UsageError

if TYPE_CHECKING:
    from sgs_tui.engine.configs.debugconfig import DebugConfig

_ON_OFF = {"on": True, "off": False}


def set_(
    settings: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE] [KEY=VALUE]...",
            help="The file (default ./DebugConfig.txt), then SWITCH=on, SWITCH=off, or path=DIR.",
        ),
    ] = None,
    option: FileOption = None,
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
      sgs-tui debugconfig set run/DebugConfig.txt dumpTensor=on dumpasstring=off
      sgs-tui debugconfig set --mend --dry-run
    """
    from sgs_tui.batch.debugconfig import show_difference
    from sgs_tui.batch.output import emit
    from sgs_tui.engine.configs.debugconfig import parse
    from sgs_tui.engine.configs.reading import read_bytes

    named, changes = _split(settings or [])
    file = one_of(named, option)
    old = read_bytes(file) if file.exists() else b""
    document = _with_preset(parse(old), preset)
    for setting in changes:
        document = _with_setting(document, setting)
    new = (document.mend() if mend else document).render()
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

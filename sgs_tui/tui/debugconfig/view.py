"""The DebugConfig editor's texts: switches as rows, findings, the exact file, and the file as it is edited."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from difflib import unified_diff
from pathlib import Path

from rich.cells import cell_len

from sgs_tui.engine.configs.debugconfig import PATH_KEY, PRESETS, SWITCHES, DebugConfig, Switch, parse, template
from sgs_tui.engine.configs.debugconfig_check import check
from sgs_tui.engine.configs.textlines import Finding, Severity
from sgs_tui.engine.files import read_bytes, write_with_backup
from sgs_tui.engine.text import decode
from sgs_tui.language import _, shown
from sgs_tui.tui.text import BLANK, Line, Span, Tone, clip, hanging, paragraph, span, wrap
from sgs_tui.tui.widgets.table import Cell, Column

SWITCHES_AND_PATH: tuple[Switch, ...] = (*SWITCHES, PATH_KEY)
_SIGNS: dict[Severity, tuple[str, Tone]] = {
    Severity.ERROR: ("✗", "fail"),
    Severity.WARNING: ("~", "warn"),
    Severity.NOTE: ("·", "muted"),
}


def key_columns(document: Callable[[], DebugConfig]) -> tuple[Column[Switch], ...]:
    """Of keys: whether each is on in `document`, what is recommended; the path with its value."""

    def state(switch: Switch) -> Cell:
        if switch is PATH_KEY:
            return Cell("=")
        return Cell("[x]", "key") if document().is_on(switch.name) else Cell("[ ]", "muted")

    def name(switch: Switch) -> Cell:
        if switch is PATH_KEY:
            return Cell("path", "strong")
        return Cell(switch.name, "strong" if document().is_on(switch.name) else "")

    def value(switch: Switch) -> Cell:
        if switch is not PATH_KEY:
            return Cell(_(switch.recommended), "muted")
        path = document().path
        if path is None:
            return Cell(_("(not in the file: home folder)"), "warn")
        return Cell(path) if path else Cell(_("(empty: home folder)"), "warn")

    return (
        Column("state", "", 3, cell=state),
        Column("name", "key", 20, cell=name),
        Column("value", "recommended", least=10, prose=True, cell=value),
    )


def info_lines(findings: Sequence[Finding], switch: Switch, width: int) -> list[Line]:
    """What is wrong, what the key under the cursor means, and then what is only worth knowing."""
    grave = [finding for finding in findings if finding.severity is not Severity.NOTE]
    notes = [finding for finding in findings if finding.severity is Severity.NOTE]
    meaning = _("{name}: {text}", name=switch.name, text=_(switch.meaning))
    lines = [*_finding_lines(grave, width), BLANK, *paragraph(meaning, width)]
    lines += paragraph(_("Read by: {read_by}.", read_by=_(switch.read_by)), width, "muted")
    lines += paragraph(_("Recommended: {what}.", what=_(switch.recommended)), width, "muted")
    return [*lines, BLANK, *_finding_lines(notes, width)] if notes else lines


def _finding_lines(findings: Sequence[Finding], width: int) -> list[Line]:
    if not findings:
        return [(Span(_("✓ no problems"), "good"),)]
    return [row for finding in findings for row in _finding(finding, width)]


def _finding(finding: Finding, width: int) -> list[Line]:
    sign, tone = _SIGNS[finding.severity]
    said = finding.message
    if finding.line:
        said = _("line {line}: {message}", line=finding.line, message=said)
    lines = hanging((Span(f"{sign} ", tone),), shown(said), width)
    return lines + [(Span("  " + part, "muted"),) for part in wrap("-> " + shown(finding.remedy), width - 2)]


def file_lines(document: DebugConfig, width: int) -> list[Line]:
    """The file as it will be written, with what a screen usually hides."""
    lines: list[Line] = [(Span(_("the file, byte for byte"), "muted"),)]
    for number, row in enumerate(document.lines, 1):
        ending = row.ending.removesuffix(b"\n")
        text = clip(decode(row.content + ending), max(4, width - 4))
        spans = [Span(f"{number:>2} ", "muted"), span(text)]
        if not row.ending:
            spans.append(Span(" " + _("(no newline)"), "fail"))
        lines.append(tuple(spans))
    return lines if document.lines else [*lines, (Span(_("(empty)"), "muted"),)]


def difference(old: bytes | None, new: bytes, findings: Sequence[Finding], width: int) -> list[Line]:
    """What saving changes, and what is still wrong with it."""
    before = decode(old or b"").splitlines(keepends=True)
    rows = list(unified_diff(before, decode(new).splitlines(keepends=True), n=2))[2:]
    lines = [_changed(row, width) for row in rows] or [(Span(_("nothing changes"), "muted"),)]
    grave = [finding for finding in findings if finding.severity is not Severity.NOTE]
    if grave:
        lines += [BLANK, (Span(_("still to mind"), "strong"),), *_finding_lines(grave, width)]
    return lines


def _changed(row: str, width: int) -> Line:
    tones: dict[str, Tone] = {"+": "good", "-": "fail", "@": "muted"}
    text = row.removesuffix("\n")
    missing = "" if row.endswith("\n") or row.startswith("@") else " " + _("(no newline)")
    return (span(clip(text, width - cell_len(missing)), tones.get(row[:1], "")), Span(missing, "fail"))


FILE_NAME = "DebugConfig.txt"


def _new_document() -> DebugConfig:
    """For a file that is not there yet: dump for comparison."""
    return parse(template(PRESETS[1]))


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A DebugConfig.txt that is being edited; `on_disk` is None for a file that does not exist yet."""

    path: Path = field(default_factory=lambda: Path(FILE_NAME))
    on_disk: bytes | None = None
    document: DebugConfig = field(default_factory=_new_document)

    @property
    def changed(self) -> bool:
        """The document is not what is on disk."""
        return self.document.render() != self.on_disk

    @property
    def edited(self) -> bool:
        """The user changed something that is in no file; a new file that nobody touched is no loss."""
        return self.document.render() != (_new_document().render() if self.on_disk is None else self.on_disk)

    @property
    def state(self) -> str:
        """How document and disk stand to each other, in words."""
        if self.on_disk is None:
            return _("new, not saved")
        return _("changed, not saved") if self.changed else _("as on disk")

    def reread(self) -> "ConfigFile":
        """The same document beside what is on disk now. Raises InputError."""
        return replace(self, on_disk=_bytes(self.path))

    def findings(self) -> list[Finding]:
        """What the engine has to say about the document, run in the file's folder."""
        home = os.environ.get("HOME")
        return check(self.document, self.path.absolute().parent, Path(home) if home else None)

    def save(self) -> tuple["ConfigFile", Path | None]:
        """Write it; also the backup of what was there. Raises InputError or OSError."""
        data = self.document.render()
        backup = write_with_backup(self.path, data)
        return replace(self, on_disk=data), backup


def open_config(path: Path) -> ConfigFile:
    """The file to edit; a new one where there is none. Raises InputError when it can not be read."""
    data = _bytes(path)
    return ConfigFile(path, data, _new_document() if data is None else parse(data))


def _bytes(path: Path) -> bytes | None:
    return read_bytes(path) if path.exists() else None

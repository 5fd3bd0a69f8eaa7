"""Pane 4: DebugConfig.txt, what each key means, whether it will work, and exactly what will be written."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widget import Widget

from sgs_tui.engine.configs.debugconfig import DebugConfig, parse
from sgs_tui.engine.configs.debugconfig_check import check
from sgs_tui.engine.configs.findings import Finding
from sgs_tui.engine.configs.presets import PRESETS, Preset, apply, template
from sgs_tui.engine.configs.reading import read_bytes
from sgs_tui.engine.configs.switches import PATH_KEY
from sgs_tui.engine.errors import SgsError
from sgs_tui.engine.files import write_with_backup
from sgs_tui.tui.actions import bindings
from sgs_tui.tui.lines import BLANK, Line, Span, Tone, cut, span
from sgs_tui.tui.messages import Flash, Said
from sgs_tui.tui.models.debugconfig import COLUMNS, ROWS, Rows, difference, file_lines, info_lines
from sgs_tui.tui.panes.pane import Pane
from sgs_tui.tui.widgets.bars import LineBar
from sgs_tui.tui.widgets.prompt import Prompt
from sgs_tui.tui.widgets.table import Table
from sgs_tui.tui.widgets.text_view import Text, TextView

FILE_NAME = "DebugConfig.txt"
BESIDE = 70
"""From this width on the file's text stands beside the keys."""


@dataclass
class SaveAsked(Message):
    """Show what saving changes and ask."""

    question: str
    evidence: Text


class PresetAsked(Message):
    """Let the user choose a preset."""


@dataclass
class OpenAsked(Message):
    """Ask for the path of another file."""

    path: Path


@dataclass
class EditorAsked(Message):
    """Open the file in the user's editor."""

    path: Path


class DebugConfigPane(Pane):
    """An editor that writes nothing until `w`."""

    NAME, KEY, TITLE = "debugconfig", "4", "DebugConfig"
    TAB = "Config"
    GROUPS = ("debugconfig", "move")
    BINDINGS = bindings("debugconfig")

    def __init__(self) -> None:
        super().__init__()
        self.crumb = LineBar()
        self.keys = Table(COLUMNS, frozen=2)
        self.info, self.text = TextView(), TextView()
        self.info.can_focus = self.text.can_focus = False
        self.prompt = Prompt(placeholder="folder for the dump, . for the folder of the run")
        self.path = Path(FILE_NAME)
        self.on_disk: bytes | None = None
        self.document = parse(template(PRESETS[1]))
        self._before_edit = self.document

    @property
    def main(self) -> Widget:
        """The keys."""
        return self.keys

    def compose(self) -> ComposeResult:
        """Keys and their meaning on the left, the file on the right."""
        yield self.heading
        yield self.crumb
        with Horizontal(id="debugconfig-body"):
            with Vertical(id="debugconfig-keys"):
                yield self.keys
                yield self.prompt
                yield self.info
            yield self.text

    def on_mount(self) -> None:
        """No prompt yet."""
        self.prompt.display = False
        self.head()
        self._fill()

    # --- the document

    def load(self, path: Path) -> None:
        """Edit this file; where there is none, a new one that dumps for comparison."""
        self.path = path
        try:
            self.on_disk = read_bytes(path) if path.exists() else None
        except SgsError as error:
            self.post_message(Said(error.message, "fail", error.hint))
            self.on_disk = None
        self.document = parse(template(PRESETS[1]) if self.on_disk is None else self.on_disk)
        self._fill()

    @property
    def changed(self) -> bool:
        """The document is not what is on disk."""
        return self.document.render() != self.on_disk

    def findings(self) -> list[Finding]:
        """What the engine has to say about the document, run in the file's folder."""
        home = os.environ.get("HOME")
        return check(self.document, self.path.absolute().parent, Path(home) if home else None)

    def _change(self, document: DebugConfig) -> None:
        self.document = document
        self._fill()

    def _fill(self) -> None:
        width = self.size.width or BESIDE
        beside = width >= BESIDE
        self.text.display = beside
        self.keys.show(Rows(self.document), cursor=self.keys.cursor)
        self.info.show(partial(self._info, self.findings(), not beside), keep=True)
        self.text.show(partial(file_lines, self.document), keep=True)
        self._show_crumb(width)

    def _info(self, findings: list[Finding], with_file: bool, width: int) -> list[Line]:
        lines = info_lines(findings, self.keys.cursor, width)
        return [*lines, BLANK, *file_lines(self.document, width)] if with_file else lines

    def _show_crumb(self, width: int) -> None:
        state = "new, not saved" if self.on_disk is None else "changed, not saved" if self.changed else "as on disk"
        tone: Tone = "warn" if self.changed else "muted"
        name = cut(str(self.path), max(16, width - len(state) - 4))
        self.crumb.say((Span(" "), Span(name, "strong"), Span(f"  {state}", tone)))

    def on_resize(self) -> None:
        """Texts are broken for the width."""
        self.call_after_refresh(self._fill)

    @on(Table.Moved)
    def explain(self) -> None:
        """The meaning of the key under the cursor."""
        self._fill()

    # --- keys

    def action_change(self) -> None:
        """On, off, or edit the path."""
        switch = ROWS[self.keys.cursor]
        if switch is PATH_KEY:
            self._edit_path()
        else:
            self._change(self.document.with_switch(switch.name, not self.document.is_on(switch.name)))

    def _edit_path(self) -> None:
        self._before_edit = self.document
        self.prompt.value = self.document.path or ""
        self.prompt.display = True
        self.screen.set_focus(self.prompt)

    @on(Prompt.Changed)
    def try_path(self, event: Prompt.Changed) -> None:
        """Every key is checked at once."""
        if self.prompt.has_focus and event.value != (self.document.path or ""):
            self._apply(lambda: self._before_edit.with_path(event.value))

    @on(Prompt.Submitted)
    def keep_path(self, event: Prompt.Submitted) -> None:
        """That is the path."""
        self._apply(lambda: self._before_edit.with_path(event.value))
        self._end_edit()

    @on(Prompt.Cancelled)
    def drop_path(self) -> None:
        """As before."""
        self._change(self._before_edit)
        self._end_edit()

    def _end_edit(self) -> None:
        self.prompt.display = False
        self.keys.focus()

    def _apply(self, change: Callable[[], DebugConfig]) -> None:
        try:
            self._change(change())
        except SgsError as error:
            self.post_message(Flash(str(error), "warn"))

    def action_preset(self) -> None:
        """Choose one."""
        self.post_message(PresetAsked())

    def apply_preset(self, preset: Preset) -> None:
        """Its switches; path and other lines stay."""
        self._change(apply(preset, self.document))
        self.post_message(Flash(preset.note))

    def action_mend(self) -> None:
        """As every simulator reads it."""
        mended = self.document.mend()
        self.post_message(Flash("nothing to mend" if mended == self.document else "mended; w saves"))
        self._change(mended)

    def action_undo(self) -> None:
        """As on disk."""
        self.load(self.path)

    def action_open(self) -> None:
        """Another file."""
        self.post_message(OpenAsked(self.path))

    def action_editor(self) -> None:
        """In $EDITOR."""
        if self.changed:
            self.post_message(Flash("save (w) or undo (u) first: the editor works on the file on disk", "warn"))
        else:
            self.post_message(EditorAsked(self.path))

    def action_save(self) -> None:
        """Show what changes and ask."""
        if not self.changed:
            self.post_message(Flash(f"{self.path} is as on disk: nothing to save"))
            return
        evidence = partial(difference, self.on_disk, self.document.render(), self.findings())
        kept = "" if self.on_disk is None else "; the old file is kept as .bak"
        self.post_message(SaveAsked(f"Write {self.path}{kept}?", evidence))

    def save(self) -> None:
        """Write the file."""
        try:
            backup = write_with_backup(self.path, self.document.render())
        except (OSError, SgsError) as error:
            self.post_message(Said(str(error), "fail"))
            return
        self.on_disk = self.document.render()
        self._fill()
        self.post_message(Said(f"saved {self.path}" + (f", before that kept as {backup}" if backup else "")))

    def copied(self, whole: bool) -> str:
        """The path, or the whole file."""
        return self.document.render().decode("utf-8", "replace") if whole else self.document.path or ""

    def help(self) -> list[Line]:
        """Nothing is written in passing."""
        return [(span("Nothing is written until w, and then only after a look at the difference."),)]

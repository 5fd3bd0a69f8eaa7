"""Pane 4: DebugConfig.txt, what each key means, whether it will work, and exactly what will be written.

Apart because a pane knows its widgets and the user's keys, and nothing of jobs, windows or other features.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widget import Widget

from sgs_tui.engine.configs.debugconfig import PATH_KEY, DebugConfig, Preset, apply
from sgs_tui.engine.configs.textlines import Finding
from sgs_tui.engine.errors import SgsError, told
from sgs_tui.language import _
from sgs_tui.tui.actions import bindings
from sgs_tui.tui.debugconfig.view import (
    SWITCHES_AND_PATH,
    ConfigFile,
    difference,
    file_lines,
    info_lines,
    key_columns,
    open_config,
)
from sgs_tui.tui.frame.dialogs import Dialog
from sgs_tui.tui.frame.pane import Pane
from sgs_tui.tui.jobs import Flash, Said
from sgs_tui.tui.text import BLANK, Line, span
from sgs_tui.tui.widgets.bars import Crumb
from sgs_tui.tui.widgets.prompt import PathPrompt, Prompt
from sgs_tui.tui.widgets.table import ListTable, Table
from sgs_tui.tui.widgets.text_view import Text, TextView

_BESIDE = 70
"""From this width on the file's text stands beside the keys."""


@dataclass
class SaveAsked(Message):
    """Show what saving changes and ask."""

    question: str
    evidence: Text


class LeaveDialog(Dialog[str]):
    """What would be lost: `save` or `lose`, None to stay."""

    BINDINGS = bindings("leave")
    GROUPS = ("leave", "dialog")

    def __init__(self, path: Path, evidence: Text, keymap: dict[str, str]) -> None:
        super().__init__(_("Not saved: {path}", path=path), keymap)
        self.view = TextView(evidence)

    def body(self) -> Iterable[Widget]:
        return (self.view,)

    def action_save(self) -> None:
        self.dismiss("save")

    def action_lose(self) -> None:
        self.dismiss("lose")


class DebugConfigPane(Pane):
    """An editor that writes nothing until `w`."""

    NAME = "debugconfig"
    GROUPS = ("debugconfig", "move")
    SHARES, NEIGHBORS = "files", ("dumps",)
    BINDINGS = bindings("debugconfig")

    def __init__(self) -> None:
        super().__init__()
        self.crumb = Crumb()
        self.main = self.keys = ListTable(key_columns(lambda: self.document))
        self.info, self.text = TextView(reads=False), TextView(reads=False)
        self.prompt = PathPrompt(placeholder=_("folder for the dump, . for the folder of the run"))
        self.file = ConfigFile()
        self._before_edit = self.document

    def body(self) -> ComposeResult:
        yield self.crumb
        with Horizontal(id="debugconfig-body"):
            with Vertical(id="debugconfig-keys"):
                yield self.keys
                yield self.prompt
                yield self.info
            yield self.text

    def on_mount(self) -> None:
        self.prompt.display = False
        self._fill()

    # --- the document

    @property
    def is_there(self) -> bool:
        """There is a file, or one in the making."""
        return self.file.on_disk is not None or self.file.edited

    @property
    def document(self) -> DebugConfig:
        """What would be written."""
        return self.file.document

    def load(self, path: Path) -> None:
        """Edit this file; where there is none, a new one that dumps for comparison."""
        try:
            self.file = open_config(path)
        except SgsError as error:
            self.post_message(Said(error.message, "fail", error.hint))
        self._fill()

    def _change(self, document: DebugConfig) -> None:
        self.file = replace(self.file, document=document)
        self._fill()

    @on(Table.Moved)
    def _fill(self) -> None:
        beside = (self.size.width or _BESIDE) >= _BESIDE
        self.text.display = beside
        self.keys.fill(SWITCHES_AND_PATH)
        self.info.show(partial(self._info, self.file.findings(), not beside), keep=True)
        self.text.show(partial(file_lines, self.document), keep=True)
        self.crumb.say(str(self.file.path), self.file.state, "warn" if self.file.changed else "muted")

    def _info(self, findings: list[Finding], with_file: bool, width: int) -> list[Line]:
        lines = info_lines(findings, SWITCHES_AND_PATH[self.keys.cursor], width)
        return [*lines, BLANK, *file_lines(self.document, width)] if with_file else lines

    def on_resize(self) -> None:
        self.call_after_refresh(self._fill)

    # --- keys

    def action_change(self) -> None:
        switch = SWITCHES_AND_PATH[self.keys.cursor]
        if switch is PATH_KEY:
            self._edit_path()
        else:
            self._change(self.document.with_switch(switch.name, not self.document.is_on(switch.name)))

    def _edit_path(self) -> None:
        self._before_edit = self.document
        self.prompt.prefill(self.document.path or "")
        self.prompt.display = True
        self.screen.set_focus(self.prompt)

    @on(Prompt.Changed)
    def try_path(self, event: Prompt.Changed) -> None:
        if self.prompt.has_focus and event.value != (self.document.path or ""):
            self._apply(lambda: self._before_edit.with_path(event.value))

    @on(Prompt.Submitted)
    def keep_path(self, event: Prompt.Submitted) -> None:
        self._apply(lambda: self._before_edit.with_path(event.value))
        self._end_edit()

    @on(PathPrompt.Several)
    def show_names(self, event: PathPrompt.Several) -> None:
        if len(event.names) != 1:
            self.post_message(Flash("  ".join(event.names) or _("no file's name begins so")))

    @on(Prompt.Cancelled)
    def drop_path(self) -> None:
        self._change(self._before_edit)
        self._end_edit()

    def _end_edit(self) -> None:
        self.prompt.display = False
        self.keys.focus()

    def _apply(self, change: Callable[[], DebugConfig]) -> None:
        try:
            self._change(change())
        except SgsError as error:
            self.post_message(Flash(error.text, "warn"))

    def apply_preset(self, preset: Preset) -> None:
        """Its switches; path and other lines stay."""
        self._change(apply(preset, self.document))
        self.post_message(Flash(preset.note))

    def action_fix(self) -> None:
        fixed = self.document.fix()
        self.post_message(Flash(_("nothing to fix") if fixed == self.document else _("fixed; w saves")))
        self._change(fixed)

    def action_undo(self) -> None:
        self.load(self.file.path)

    def action_save(self) -> None:
        """Show what changes, against what is on disk by now, and ask."""
        try:
            self.file = self.file.reread()
        except SgsError as error:
            self.post_message(Said(error.message, "fail", error.hint))
            return
        if not self.file.changed:
            self.post_message(Flash(_("{path} is as on disk: nothing to save", path=self.file.path)))
            return
        question = (
            _("Write {path}?", path=self.file.path)
            if self.file.on_disk is None
            else _("Write {path}; the old file is kept as .bak?", path=self.file.path)
        )
        self.post_message(SaveAsked(question, self.evidence()))

    def evidence(self) -> Text:
        """What saving changes."""
        return partial(difference, self.file.on_disk, self.document.render(), self.file.findings())

    def save(self) -> None:
        try:
            self.file, backup = self.file.save()
        except (OSError, SgsError) as error:
            self.post_message(Said(told(error), "fail"))
            return
        self._fill()
        self.post_message(
            Said(
                _("saved {path}, before that kept as {backup}", path=self.file.path, backup=backup)
                if backup
                else _("saved {path}", path=self.file.path)
            )
        )

    def copied(self, whole: bool) -> str:
        return self.document.render().decode("utf-8", "replace") if whole else self.document.path or ""

    def help(self) -> list[Line]:
        return [(span(_("Nothing is written until w, and then only after a look at the difference.")),)]

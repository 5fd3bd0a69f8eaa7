"""What the DebugConfig editor asks before it does it: saving, presets, other files, the user's own editor."""

from collections.abc import Callable
from functools import partial

from sgs_tui.engine.configs.debugconfig import PRESETS
from sgs_tui.engine.files import at_home
from sgs_tui.language import _
from sgs_tui.tui.debugconfig.pane import DebugConfigPane, LeaveDialog, SaveAsked
from sgs_tui.tui.debugconfig.view import FILE_NAME
from sgs_tui.tui.frame.controller import Controller, Host, does, hears
from sgs_tui.tui.frame.dialogs import Choice
from sgs_tui.tui.jobs import Said


class DebugConfigController(Controller):
    """Owns the editor."""

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self.pane = DebugConfigPane()

    @hears(SaveAsked)
    def ask_to_save(self, event: SaveAsked) -> None:
        self.confirm(event.question, event.evidence, self.pane.save)

    def leave(self, then: Callable[[], object]) -> None:
        """Do what would lose unsaved changes, after a question where there are any."""
        if not self.pane.file.edited:
            then()
        elif self.host.opened(LeaveDialog) is None:
            dialog = LeaveDialog(self.pane.file.path, self.pane.evidence(), self.host.keymap)
            self.host.open(dialog, partial(self._take_leave, then))

    def _take_leave(self, then: Callable[[], object], answer: str | None) -> None:
        if answer == "save":
            self.pane.save()
        if answer == "lose" or (answer == "save" and not self.pane.file.edited):
            then()

    @does("debugconfig.preset")
    def ask_for_preset(self) -> None:
        choices = [Choice(preset.key, preset.title, preset.note) for preset in PRESETS]
        self.choose(_("Preset for DebugConfig.txt"), choices, self._apply)

    def _apply(self, key: str) -> None:
        self.pane.apply_preset(next(preset for preset in PRESETS if preset.key == key))

    @does("debugconfig.open")
    def ask_for_file(self) -> None:
        note = _("a folder means the DebugConfig.txt in it; a new file is made when it is saved")
        current = str(self.pane.file.path)
        self.leave(partial(self.ask, _("Edit which DebugConfig.txt?"), current, note, self._load))

    def _load(self, answer: str) -> None:
        path = at_home(answer)
        self.pane.load(path / FILE_NAME if path.is_dir() else path)

    @does("debugconfig.editor")
    def edit(self) -> None:
        """Hand the terminal to the user's editor and read the file again afterwards."""
        path = self.pane.file.path
        if self.pane.file.changed:
            self.host.flash(_("save (w) or undo (u) first: the editor works on the file on disk"), "warn")
            return
        problem = self.host.edit(path)
        self.pane.load(path)
        if problem:
            self.host.post_message(Said(problem, "warn"))

"""The screen's half that knows where a network's sgs-tui.toml is: find it, write an example, have it mended."""

from functools import partial
from pathlib import Path

from textual import on

from sgs_tui.engine.iterate.config import NAME
from sgs_tui.engine.iterate.places import INI
from sgs_tui.engine.iterate.template import TEMPLATE
from sgs_tui.tui.editor import edit_file, editor_name
from sgs_tui.tui.messages import Flash, Said
from sgs_tui.tui.models.iterating import example_lines, refusal_lines
from sgs_tui.tui.screens.ask import Ask
from sgs_tui.tui.screens.confirm import ConfirmDialog
from sgs_tui.tui.screens.iterate import IterateScreen
from sgs_tui.tui.tasks.iterating import HomeUnknown, Refused, TemplateWritten, write_template

_NOTE = "it keeps your convert and calibrate commands; enter shows an example"


class NetworkScreen(IterateScreen):
    """Asks for what making models again needs to know."""

    @on(HomeUnknown)
    def ask_for_home(self) -> None:
        """Which folder is the network's."""
        self.flash(Flash(""))
        places = [folder for folder in self.network_folders if (folder / INI).is_file()]
        guess = (places or [self.start.folder])[0]
        shown = str(guess if guess.name else guess.absolute())  # a mere dot would say nothing
        self.app.push_screen(
            Ask(f"No {NAME} here: which folder is the network's?", shown, _NOTE, self.keymap), self._take_home
        )

    def _take_home(self, answer: str | None) -> None:
        if not answer:
            return
        folder = Path(answer).expanduser()
        if not folder.is_dir():
            self.explain("That is no folder", f"{folder}: no such folder", "A asks again")
        elif (folder / NAME).is_file():
            self.network = folder
            self.action_iterate()
        else:
            self._offer_example(folder / NAME)

    def _offer_example(self, path: Path) -> None:
        self.app.push_screen(
            ConfirmDialog(
                f"Write this example of {NAME}, to fill in?", partial(example_lines, path, TEMPLATE), self.keymap
            ),
            lambda yes: self.desk.start("example", partial(write_template, path)) if yes else None,
        )

    @on(TemplateWritten)
    def ask_to_fill_in(self, event: TemplateWritten) -> None:
        """It is of no use before the user's own commands are in it."""
        self.network = event.path.parent
        self.post_message(Said(f"{event.path} is written: fill in your commands, then A"))
        self._ask_to_edit(event.path, f"Fill in your commands now, in {editor_name()}?", "", "", TEMPLATE)

    @on(Refused)
    def tell_refusal(self, event: Refused) -> None:
        """Why it can not be done; the file that can be mended is offered for that."""
        self.log_pane.add(event.message, "fail", event.hint)
        if event.file is None:
            self.explain("The models can not be made again now", event.message, event.hint)
            return
        self.flash(Flash(event.message, "fail"))
        question = f"This does not work yet. Edit {NAME} in {editor_name()}?"
        self._ask_to_edit(event.file, question, event.message, event.hint, event.text)

    def _ask_to_edit(self, path: Path, question: str, message: str, hint: str, text: str) -> None:
        lines = partial(refusal_lines, message, hint, path, text)
        self.app.push_screen(ConfirmDialog(question, lines, self.keymap), lambda yes: self._edit(path) if yes else None)

    def _edit(self, path: Path) -> None:
        """In the user's editor; then it is tried again."""
        if problem := edit_file(self.app, path):
            self.explain("The editor did not end well", problem, f"edit {path} by hand, then A")
        else:
            self.action_iterate()

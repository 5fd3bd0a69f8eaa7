"""What leaves the app: copies over SSH (OSC 52, tmux's own buffer, a file), and files for the user's own editor.

No terminal answers OSC 52, so nobody knows whether it arrived; the file always has it.
"""

import base64
import os
import shlex
import subprocess
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from threading import Event

from textual.app import App

from sgs_tui.engine.errors import SgsError, told
from sgs_tui.engine.files import write_atomically
from sgs_tui.engine.text import encode
from sgs_tui.language import _, _n
from sgs_tui.tui.frame.controller import Controller, does, hears
from sgs_tui.tui.jobs import CopyAsked
from sgs_tui.tui.settings import state_folder

LONGEST = 74_000
"""Bytes of text: more than 100,000 bytes of base64 are dropped by xterm and tmux."""


class CopyController(Controller):
    """Copies what the current pane has under its cursor."""

    @does("app.copy")
    def copy(self) -> None:
        self._copy(self.host.current.copied(whole=False))

    @does("app.copy-row")
    def copy_row(self) -> None:
        self._copy(self.host.current.copied(whole=True))

    @hears(CopyAsked)
    def copy_text(self, event: CopyAsked) -> None:
        self._copy(event.text)

    def _copy(self, text: str) -> None:
        """To the terminal now, to tmux and a file in the background."""
        if not text:
            self.host.flash(_("nothing to copy here"), "warn")
            return
        if len(text) <= LONGEST:
            send(self.host.current.app, text)
        self.host.jobs.run("copy", partial(store, text, os.environ), self.host.flash)


def send(app: App[object], text: str) -> None:
    """Write the sequence to the terminal, if there is one."""
    if app._driver is not None:
        app._driver.write(osc52(text, os.environ))


def osc52(text: str, environment: Mapping[str, str]) -> str:
    """The sequence that sets the terminal's clipboard; GNU screen hands it on only when it is wrapped."""
    payload = base64.b64encode(encode(text)).decode()
    sequence = f"\x1b]52;c;{payload}\a"
    if "STY" not in environment:
        return sequence
    pieces = [sequence[start : start + 500] for start in range(0, len(sequence), 500)]
    return "".join(f"\x1bP{piece}\x1b\\" for piece in pieces)


def store(text: str, environment: Mapping[str, str], cancel: Event) -> str:
    """Put the text into tmux's buffer (which hands it to the terminal) and into a file; tell how much it was."""
    if environment.get("TMUX"):
        _to_tmux(text)
    try:
        file = _to_file(text)
    except (OSError, SgsError) as error:
        return _n(
            len(text),
            "copied {number:,} character to the clipboard (not into a file: {error})",
            "copied {number:,} characters to the clipboard (not into a file: {error})",
            error=told(error),
        )
    return _n(
        len(text),
        "copied {number:,} character to the clipboard and {file}",
        "copied {number:,} characters to the clipboard and {file}",
        file=file,
    )


def _to_tmux(text: str) -> None:
    """tmux only passes OSC 52 on when it is told to; its own command always works."""
    command = ["tmux", "load-buffer", "-w", "-"]
    try:
        subprocess.run(command, input=encode(text), timeout=2, check=False, capture_output=True)
    except (OSError, subprocess.TimeoutExpired):
        return


def _to_file(text: str) -> Path:
    path = state_folder() / "clipboard.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, encode(text))
    return path


def editor_command() -> list[str]:
    """$VISUAL, $EDITOR, else vi; with its arguments."""
    return shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")


def editor_name() -> str:
    """What the user knows it by."""
    return Path(editor_command()[0]).name


def edit_file(app: App[int], path: Path) -> str:
    """Hand over the terminal until the editor ends; what went wrong with it, or nothing."""
    command = editor_command()
    try:
        with app.suspend():
            done = subprocess.run([*command, str(path)], check=False)
    except OSError as error:
        return _("{editor}: {why}: set EDITOR to another editor", editor=command[0], why=_(error.strerror or ""))
    if done.returncode:
        return _("{editor} ended with exit code {code}", editor=command[0], code=done.returncode)
    return ""

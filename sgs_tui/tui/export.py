"""Writing down what is seen: the layer table as it is filtered and sorted, a whole report, a picture of the screen.

Apart because it is the one feature that makes files for others; it never writes over one.
"""

import csv
import io
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from html import escape, unescape
from itertools import groupby, takewhile
from pathlib import Path
from threading import Event
from typing import Any

from rich.cells import cell_len
from textual.app import App

from sgs_tui.engine.compare.limits import BUILT_IN
from sgs_tui.engine.compare.select import SORT_KEYS
from sgs_tui.engine.errors import CancelledError, InputError, RunError, UsageError
from sgs_tui.engine.files import at_home, free_name, write_atomically
from sgs_tui.engine.session import CompareRequest
from sgs_tui.engine.text import encode
from sgs_tui.language import Message, _
from sgs_tui.tui.comparison.controller import ComparisonController
from sgs_tui.tui.frame.controller import Controller, Host, does
from sgs_tui.tui.frame.dialogs import Choice
from sgs_tui.tui.jobs import Said
from sgs_tui.tui.layers.pane import LayersPane
from sgs_tui.tui.layers.view import NETWORK, Layers

Table = Sequence[Sequence[str]]
"""Headings, then rows."""
_KINDS = {
    "csv": Message("the layer table as it is filtered and sorted"),
    "md": Message("the layer table as it is filtered and sorted, in Markdown"),
    "html": Message("the whole report with histograms, one file for a browser"),
    "svg": Message("a picture of the screen"),
    "png": Message("a picture of the screen"),
}
_OF_LAYERS = ("csv", "md", "html")
_TEXT = re.compile(
    r'<text(?P<before>[^>]*)x="(?P<x>[\d.]+)"(?P<y>[^>]*)textLength="(?P<length>[\d.]+)"(?P<after>[^>]*)>(?P<text>[^<]*)</text>'
)
_BESIDE = 2 - 1 / 0.61
"""Cells that a wide character of the library's font size leaves of its two: a cell is 0.61 of that size."""
_PAINTER = "rsvg-convert"
"""Makes a PNG of an SVG; of those that do it the one that is most often there."""


class ExportController(Controller):
    """Asks for kind and place, writes in the background."""

    def __init__(self, host: Host, comparison: ComparisonController, layers: LayersPane) -> None:
        super().__init__(host)
        self._comparison, self._layers = comparison, layers

    @does("app.export")
    def ask_for_kind(self) -> None:
        """The picture is that of the screen as it is now, without the question."""
        picture = picture_of(self.host.current.app)
        choices = [Choice(kind, what, kind.upper()) for kind, what in _KINDS.items()]
        self.choose(_("Write what?"), choices, partial(self._ask_for_place, picture))

    def _ask_for_place(self, picture: str, kind: str) -> None:
        if self._has_nothing_for(kind):
            return
        sample = self._comparison.picks.sample
        name = Path(f"{'screen' if sample is None else sample.stem}.{kind}")
        self.ask_path(
            _("Into which file?"),
            str(free_name(name, keep_suffix=True)),
            _("a new file; none is written over"),
            partial(self._write, picture),
        )

    def _write(self, picture: str, answer: str) -> None:
        """Which kind it becomes, its name says."""
        path = at_home(answer)
        kind = path.suffix.lower().removeprefix(".")
        if self._has_nothing_for(kind):
            return
        make = self._makers(picture).get(kind)
        if make is None:
            self.host.flash(
                _("{name}: its name has to end in .{kinds}", name=path.name, kinds=", .".join(_KINDS)), "warn"
            )
            return
        self.host.flash(_("writing {path} ...", path=path), "doing")
        self.host.jobs.run("export", partial(write, path, make), self._tell)

    def _has_nothing_for(self, kind: str) -> bool:
        """Whether there are no layers yet for a table or a report, which is said."""
        lacks = kind in _OF_LAYERS and self._comparison.current is None
        if lacks:
            self.host.flash(_("nothing is compared yet: only the screen can be written, as SVG or PNG"), "warn")
        return lacks

    def _makers(self, picture: str) -> dict[str, Callable[[Event], bytes]]:
        request = self._comparison.request
        table = self._layers.listed()
        return {
            "csv": lambda _: as_csv(table),
            "md": lambda _: as_markdown(table),
            "html": partial(report, request, shown_as(self._layers.model)),
            "svg": lambda _: picture.encode(),
            "png": lambda _: as_png(picture),
        }

    def _tell(self, path: Path) -> None:
        self.host.post_message(Said(_("written: {path}", path=path)))


def write(path: Path, make: Callable[[Event], bytes], cancel: Event) -> Path:
    """Make the bytes and write a new file of them. Raises InputError where there is one, RunError, UsageError."""
    if path.exists():
        raise InputError(Message("{path} is there already", path=path), Message("name another file"))
    write_atomically(path, make(cancel))
    return path


def picture_of(app: App[Any]) -> str:
    """The screen as an SVG whose columns stand below each other in every viewer: some drop blanks where not told."""
    picture = _TEXT.sub(_in_cells, app.export_screenshot(title="sgs-tui"))
    return picture.replace("<text class", '<text xml:space="preserve" class')


def _in_cells(found: re.Match[str]) -> str:
    """A text whose wide characters take two cells each: the library lays it out as if each took one."""
    text = unescape(found["text"])
    if cell_len(text) <= len(text):
        return found[0]
    cell, place, parts = float(found["length"]) / len(text), float(found["x"]), []
    for wide, chars in groupby(text, lambda char: cell_len(char) == 2):
        part = "".join(chars)
        length, said = cell * cell_len(part), escape(part).replace("\xa0", "&#160;")
        at = f'x="{place:g}"{found["y"]}textLength="{length:g}"'
        at += f' letter-spacing="{cell * _BESIDE:.3g}"' if wide else ""  # for viewers that know no textLength
        parts.append(f"<text{found['before']}{at}{found['after']}>{said}</text>")
        place += length
    return "".join(parts)


def as_csv(table: Table) -> bytes:
    """RFC 4180; names as they are in the dumps."""
    text = io.StringIO()
    csv.writer(text).writerows(table)
    return encode(text.getvalue())


def as_markdown(table: Table) -> bytes:
    """A table of GitHub's Markdown; what is markup there stays text."""
    rows = [[cell.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ") for cell in row] for row in table]
    head, *body = ["| " + " | ".join(row) + " |" for row in rows]
    return encode("\n".join([head, "|" + " --- |" * len(table[0]), *body]) + "\n")


def as_png(picture: str) -> bytes:
    """The SVG as a PNG. Raises RunError where nothing here can make one."""
    if shutil.which(_PAINTER) is None:
        raise RunError(
            Message("a PNG needs {painter}, which is not here", painter=_PAINTER),
            Message("write an SVG: browsers show it, too"),
        )
    spaced = picture.replace("<svg ", '<svg xml:space="preserve" ', 1)  # else it leaves out a text's leading spaces
    done = subprocess.run([_PAINTER, "--zoom", "1.5"], input=spaced.encode(), capture_output=True, check=False)
    if done.returncode:
        raise RunError(f"{_PAINTER}: {done.stderr.decode(errors='replace').strip()}", Message("write an SVG"))
    return done.stdout


def shown_as(layers: Layers) -> list[str]:
    """Filter and order of the table as options of the command; what only the app knows (marks) is left out."""
    options = []
    if layers.query.tests and "marked" not in layers.query.text:
        options.append(f"--filter={layers.query.text}")
    orders = ((layers.sort_key, layers.reverse), *layers.then)
    if keys := [f"{'-' * reverse}{key}" for key, reverse in takewhile(lambda each: each[0] in SORT_KEYS, orders)]:
        options += [] if keys == [NETWORK] else [f"--sort={','.join(keys)}"]
    return options


def report(request: CompareRequest | None, shown: Sequence[str], cancel: Event) -> bytes:
    """The report that `compare --format html` prints of these dumps. Raises UsageError, RunError, CancelledError."""
    if request is None:
        raise UsageError(Message("no dumps are compared"), Message("s and b in pane 3 pick them"))
    if BUILT_IN.get(request.profile.name) != request.profile:
        raise UsageError(
            Message("the limits {name} are those of a file", name=request.profile.name),
            Message(
                "compare --format html --profile FILE makes it; {names} can be used here", names=", ".join(BUILT_IN)
            ),
        )
    command = [sys.executable, "-P", "-m", "sgs_tui", "compare", str(request.sample), str(request.benchmark)]
    command += ["--format", "html", "--profile", request.profile.name, "--fail-on", "never", *shown]
    for option, path in (("--ranges", request.ranges), ("--shapes", request.shapes)):
        command += [] if path is None else [option, str(path)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    while True:
        try:
            out, said = child.communicate(timeout=0.2)
            break
        except subprocess.TimeoutExpired:
            if cancel.is_set():
                child.kill()
                child.communicate()
                raise CancelledError(Message("stopped")) from None
    if child.returncode:
        raise RunError(
            said.decode(errors="replace").strip().splitlines()[-1],
            Message("run it in a shell: compare --format html"),
        )
    return out

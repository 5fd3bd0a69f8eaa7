"""The screen's half that handles files: browsing, picking dumps, DebugConfig.txt."""

from functools import partial
from pathlib import Path

from textual import on

from sgs_tui.engine.configs.debugconfig import PRESETS
from sgs_tui.tui.comparison.controller import BenchScreen
from sgs_tui.tui.debugconfig.pane import DebugConfigPane, EditorAsked, OpenAsked, PresetAsked, SaveAsked
from sgs_tui.tui.debugconfig.view import FILE_NAME
from sgs_tui.tui.dumps.jobs import (
    DumpExamined,
    DumpsChanged,
    FolderListed,
    RecordsRead,
    ValuesRead,
    list_folder,
    read_records,
    read_values,
    watch,
)
from sgs_tui.tui.dumps.pane import (
    DumpsPane,
    FilePicked,
    FolderWanted,
    RecordDialog,
    RecordsWanted,
    SwapWanted,
    ValuesWanted,
)
from sgs_tui.tui.dumps.view import Picks
from sgs_tui.tui.frame.dialogs import Ask, Choice, Chooser, ConfirmDialog
from sgs_tui.tui.jobs import ComparisonOpened, Flash, Said
from sgs_tui.tui.outside import edit_file
from sgs_tui.tui.settings import Start
from sgs_tui.tui.widgets.key_queue import turnstile


class FilesScreen(BenchScreen):
    """Owns the dump browser and the DebugConfig editor, and knows what is picked."""

    def __init__(self, start: Start) -> None:
        super().__init__()
        self.start = start
        self.picks = Picks.of(start)
        self.dumps_pane = DumpsPane()
        self.debugconfig_pane = DebugConfigPane()

    def open_start(self) -> None:
        """Compare what the command line names, and list its folder."""
        self.debugconfig_pane.load(self.start.folder / FILE_NAME)
        self.dumps_pane.browse(self.start.folder)
        self.dumps_pane.show_roles(self.picks.roles())
        if self.picks.request is not None:
            self.compare(self.picks.request)
        else:
            self.go(self.dumps_pane)
        turnstile(self.app).open()

    # --- the browser

    @on(FolderWanted)
    def list_wanted(self, event: FolderWanted) -> None:
        """Look through a folder in the background."""
        self.bench.start("folder", partial(list_folder, event.folder))

    @on(FolderListed)
    def take_folder(self, event: FolderListed) -> None:
        """Its files are known."""
        self.dumps_pane.show_folder(event)

    @on(DumpExamined)
    def take_examined(self, event: DumpExamined) -> None:
        """One of its dumps is known."""
        self.dumps_pane.show_examined(event)

    @on(RecordsWanted)
    def read_wanted_records(self, event: RecordsWanted) -> None:
        """Read a dump's headers in the background."""
        self.bench.start("records", partial(read_records, event.path))

    @on(RecordsRead)
    def take_records(self, event: RecordsRead) -> None:
        """They are there."""
        self.dumps_pane.show_records(event)

    @on(ValuesWanted)
    def open_record(self, event: ValuesWanted) -> None:
        """Show a record and read its values in the background."""
        self.app.push_screen(RecordDialog(event.record, self.keymap))
        self.bench.start("values", partial(read_values, event.path, event.record))

    @on(ValuesRead)
    def take_values(self, event: ValuesRead) -> None:
        """They go to the window that waits for them."""
        if isinstance(self.app.screen, RecordDialog):
            self.app.screen.show_facts(event.record, event.facts)

    # --- picking

    @on(FilePicked)
    def pick(self, event: FilePicked) -> None:
        """One of the files to compare changed; with both dumps there the comparison begins."""
        self._pick(self.picks.with_file(event.role, event.path))
        if self.picks.request is None and event.role in {"sample", "benchmark"}:
            other = "b on another dump takes the benchmark" if event.role == "sample" else "s takes the sample"
            self.flash(Flash(f"{event.role}: {event.path and event.path.name}; {other}"))

    @on(SwapWanted)
    def swap(self) -> None:
        """Sample and benchmark exchanged."""
        self._pick(self.picks.swapped())

    def _pick(self, picks: Picks) -> None:
        self.picks = picks
        self.dumps_pane.show_roles(picks.roles())
        if picks.request is not None:
            self.compare(picks.request)

    @on(ComparisonOpened)
    def watch_files(self, event: ComparisonOpened) -> None:
        """Tell when one of the two is overwritten by the next run."""
        if self.bench.is_wanted(event.comparison):
            self.bench.start("watch", partial(watch, event.comparison))

    @on(DumpsChanged)
    def offer_reload(self, event: DumpsChanged) -> None:
        """What is on the screen is no longer what is on disk."""
        self.post_message(Said(f"{event.path.name} changed on disk: R reads it again", "warn", event.detail))

    # --- DebugConfig.txt

    @on(SaveAsked)
    def ask_to_save(self, event: SaveAsked) -> None:
        """Show the difference first."""
        self.app.push_screen(
            ConfirmDialog(event.question, event.evidence, self.keymap),
            lambda yes: self.debugconfig_pane.save() if yes else None,
        )

    @on(PresetAsked)
    def ask_for_preset(self) -> None:
        """Four of them."""
        choices = [Choice(preset.key, preset.title, preset.note) for preset in PRESETS]
        self.app.push_screen(Chooser("Preset for DebugConfig.txt", choices, self.keymap), self._apply_preset)

    def _apply_preset(self, key: str | None) -> None:
        for preset in PRESETS:
            if preset.key == key:
                self.debugconfig_pane.apply_preset(preset)

    @on(OpenAsked)
    def ask_for_file(self, event: OpenAsked) -> None:
        """The path of another DebugConfig.txt."""
        note = "a folder means the DebugConfig.txt in it; a new file is made when it is saved"
        self.app.push_screen(Ask("Edit which DebugConfig.txt?", str(event.path), note, self.keymap), self._load)

    def _load(self, answer: str | None) -> None:
        if answer:
            path = Path(answer).expanduser()
            self.debugconfig_pane.load(path / FILE_NAME if path.is_dir() else path)

    @on(EditorAsked)
    def edit(self, event: EditorAsked) -> None:
        """Hand the terminal to the user's editor and read the file again afterwards."""
        problem = edit_file(self.app, event.path)
        self.debugconfig_pane.load(event.path)
        if problem:
            self.post_message(Said(problem, "warn"))

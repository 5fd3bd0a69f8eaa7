"""The dump browser: looking through folders, and picking what is compared."""

from functools import partial
from pathlib import Path

from sgs_tui.engine.dumps.format import Record
from sgs_tui.language import _
from sgs_tui.tui.actions import BY_ID, shown_keys
from sgs_tui.tui.comparison.controller import ComparisonController
from sgs_tui.tui.comparison.jobs import ComparisonOpened, ComparisonRejudged, FilePicked, PicksChanged
from sgs_tui.tui.dumps.jobs import (
    DumpExamined,
    FolderListed,
    list_folder,
    read_records,
    read_values,
    watch,
)
from sgs_tui.tui.dumps.pane import (
    DumpsPane,
    FolderWanted,
    RecordDialog,
    RecordsWanted,
    ValuesWanted,
)
from sgs_tui.tui.dumps.view import RecordFacts
from sgs_tui.tui.frame.controller import Controller, Host, does, hears
from sgs_tui.tui.jobs import JobFailed


class DumpsController(Controller):
    """Owns the dump browser."""

    def __init__(self, host: Host, comparison: ComparisonController) -> None:
        super().__init__(host)
        self.pane = DumpsPane()
        self._comparison = comparison

    def browse(self, folder: Path) -> None:
        self.pane.browse(folder)
        self.show_roles()

    @does("app.reload")
    def reload(self) -> None:
        """Read both dumps again, and the folder."""
        if self._comparison.picks.request is not None:
            self._comparison.compare(self._comparison.picks.request)
        self.pane.action_rescan()

    # --- the browser

    @hears(FolderWanted)
    def list_wanted(self, event: FolderWanted) -> None:
        self.host.jobs.start("folder", partial(list_folder, event.folder))

    @hears(FolderListed)
    def take_folder(self, event: FolderListed) -> None:
        self.pane.show_folder(event)

    @hears(DumpExamined)
    def take_examined(self, event: DumpExamined) -> None:
        self.pane.show_examined(event)

    @hears(RecordsWanted)
    def read_wanted(self, event: RecordsWanted) -> None:
        self.host.jobs.run("records", partial(read_records, event.path), self.pane.show_records)

    @hears(ValuesWanted)
    def open_record(self, event: ValuesWanted) -> None:
        self.host.open(RecordDialog(event.record, self.host.keymap))
        work = partial(read_values, event.path, event.record)
        self.host.jobs.run("values", work, partial(self._show_values, event.record))

    def _show_values(self, record: Record, facts: RecordFacts) -> None:
        if window := self.host.opened(RecordDialog):
            window.show_facts(record, facts)

    @hears(JobFailed)
    def take_failure(self, event: JobFailed) -> None:
        """Nothing claims any longer to be read."""
        window = self.host.opened(RecordDialog)
        if event.job in ("folder", "records"):
            self.pane.explain(event.job, event.text)
        elif event.job == "values" and window is not None:
            window.show_failure(event.text)

    # --- picking

    @hears(FilePicked)
    def pick(self, event: FilePicked) -> None:
        before = self._comparison.before
        self._comparison.pick(self._comparison.picks.with_file(event.role, event.path))
        if self._comparison.before not in ("", before):
            key = shown_keys(BY_ID["dumps.undo"], self.host.keymap)[0]
            self.host.note(
                _("compared before: {before}", before=self._comparison.before),
                hint=_("{key} in the dumps goes back to them", key=key),
            )
            self.host.flash(
                _(
                    "{role}: {name}; {key} goes back to the dumps before",
                    role=event.role,
                    name=event.path and event.path.name,
                    key=key,
                )
            )
        if self._comparison.picks.request is None and event.role in {"sample", "benchmark"}:
            name = event.path and event.path.name
            self.host.flash(
                _("sample: {name}; b on another dump takes the benchmark", name=name)
                if event.role == "sample"
                else _("benchmark: {name}; s takes the sample", name=name)
            )

    @does("pair.swap")
    def swap(self) -> None:
        """Or say what is missing for it."""
        picks = self._comparison.picks
        if picks.sample is None and picks.benchmark is None:
            self.host.flash(_("no dumps are chosen: s and b in pane 3 pick them"), "warn")
        else:
            self._comparison.pick(picks.swapped())
            self.host.flash(
                _("swapped; {key} swaps them back", key=shown_keys(BY_ID["pair.swap"], self.host.keymap)[0])
            )

    @hears(PicksChanged)
    def show_roles(self) -> None:
        self.pane.show_roles(self._comparison.picks.roles())

    # --- the dumps that are compared

    @hears(ComparisonOpened, ComparisonRejudged)
    def watch_files(self, event: ComparisonOpened | ComparisonRejudged) -> None:
        """Tell when one of the two is overwritten by the next run."""
        if self._comparison.is_current(event.comparison):
            self._comparison.begin("watch", partial(watch, event.comparison))

"""Sweeps in the app: started in the background, watched by their journal, cancelled, resumed; one picture compared."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Event
from time import monotonic

from sgs_tui.engine.backends.jobs import local_run
from sgs_tui.engine.backends.start import start_run
from sgs_tui.engine.files import make_folder
from sgs_tui.engine.numbers import count
from sgs_tui.engine.runs.run_folder import default_root
from sgs_tui.engine.runs.run_list import Run, read_run
from sgs_tui.engine.runs.runs import cancel_run
from sgs_tui.engine.sweep.background import BACKEND_NAME, SweepJob, job_of, look, picture_dumps
from sgs_tui.engine.sweep.results import SweepResult
from sgs_tui.engine.sweep.sweep import default_journal
from sgs_tui.language import Message, _
from sgs_tui.tui.comparison.controller import ComparisonController
from sgs_tui.tui.comparison.jobs import ComparisonOpened
from sgs_tui.tui.frame.controller import Controller, Host, does, hears
from sgs_tui.tui.frame.dialogs import Choice, TextDialog
from sgs_tui.tui.frame.pane import PaneAsked
from sgs_tui.tui.jobs import Said
from sgs_tui.tui.pictures.jobs import LayersSwept
from sgs_tui.tui.pictures.pane import PicturesPane
from sgs_tui.tui.pictures.starting import Asked, job_for
from sgs_tui.tui.pictures.view import Pace, finding_lines, measured, state_of, swept
from sgs_tui.tui.runs.controller import RunsController
from sgs_tui.tui.runs.jobs import RunsSeen

LOOKING, STARTING, DUMPING = "sweep look", "sweep start", "sweep dumps"


class PicturesController(Controller):
    """Owns the pane of pictures; the newest sweep of the runs that are listed is on it."""

    def __init__(self, host: Host, comparison: ComparisonController, runs: RunsController) -> None:
        super().__init__(host)
        self.pane = PicturesPane()
        self._comparison, self._runs = comparison, runs
        self._run: Run | None = None
        self._seen: object = None
        self._pace: Pace | None = None
        self._typed: dict[str, str] = {}

    # --- watching

    @hears(RunsSeen)
    def take_runs(self, event: RunsSeen) -> None:
        """Read the newest sweep's journal where it has grown."""
        sweeps = [row.run for row in event.rows if row.run.request.backend == BACKEND_NAME]
        if not sweeps:
            return
        self._see(sweeps[0])

    def _see(self, run: Run) -> None:
        """While a sweep is at work its journal grows without any news of the run."""
        self._run = run
        seen = (run.folder.path, run.state, _size(job_of(run).journal))
        if seen != self._seen:
            self._seen = seen
            self.host.jobs.run(LOOKING, partial(_look, run), self._take)
        if run.state.active:
            self.host.set_timer(1.0, partial(self._look_again, run.folder.path))

    def _look_again(self, path: Path) -> None:
        if self._run is not None and self._run.folder.path == path and path.is_dir():
            self._see(read_run(path))

    def _take(self, found: tuple[SweepJob, SweepResult]) -> None:
        assert self._run is not None
        job, result = found
        if not self._run.state.active:
            self._pace = None
        elif self._pace is None or self._pace.path != self._run.folder.path:
            self._pace = Pace(self._run.folder.path, monotonic(), measured(result))
        self.pane.show_sweep(job, result, state_of(result, self._run.state.active, self._pace, monotonic()))
        self.tell_layers()

    @hears(ComparisonOpened)
    def tell_layers(self) -> None:
        """The layer table's columns over the pictures, where the sweep is of the network that is compared."""
        picks, job, run = self._comparison.picks, self.pane.job, self._run
        if job is None or run is None or self.pane.result is None or picks.benchmark is None:
            return
        shown = [path.resolve() for path in (picks.sample, picks.benchmark) if path is not None]
        own = {path.resolve() for path in job.dumps()}
        ours = any(path in own or run.folder.path.resolve() in path.parents for path in shown)
        self.host.post_message(LayersSwept(swept(self.pane.result) if ours else {}))

    # --- starting and ending

    @does("pictures.sweep")
    def ask_how(self) -> None:
        """What makes the two sides of each picture."""
        float_dump, form = self._comparison.picks.benchmark, self._runs.form
        twin = (
            _("no SDK needed; {name}", name=float_dump.name)
            if float_dump
            else _("take a float dump as the benchmark first")
        )
        named = form.value("model")
        model = (
            _("quantized here; {name}", name=named)
            if named
            else _("quantized here; name it and calibration pictures in pane 7: 7, e")
        )
        sdk = _(
            "two runs a picture; {float} and {fixed} of pane 7",
            float=form.value("float") or "?",
            fixed=form.value("fixed") or "?",
        )
        choices = (
            Choice("twin", Message("the benchmark's twin"), twin),
            Choice(
                "pairs",
                Message("dumps that are there"),
                Message("two folders, fixed and float, paired by name; or a list"),
            ),
            Choice("onnx", Message("an ONNX model"), model),
            Choice("sdk", Message("the SDK's simulator"), sdk),
        )
        self.choose(_("A sweep: what makes the two sides of each picture?"), choices, self._ask_pictures)

    def _ask_pictures(self, kind: str) -> None:
        picks, typed = self._comparison.picks, self._typed.get(kind, "")
        if kind == "twin" and picks.benchmark is None:
            self.host.flash(_("take a float dump as the benchmark first (3, b): its twin runs the pictures"), "warn")
        elif kind == "pairs":
            note = _("the folder of the fixed dumps, a comma, the folder of the float dumps; or a list, a pair a line")
            self.ask_path(_("Sweep over which dumps?"), typed, note, partial(self._begin, kind))
        else:
            note = _("a folder, a list, an image or .npy; images go through the preprocess script of pane 7's form")
            self.ask_path(_("Sweep over which pictures?"), typed, note, partial(self._begin, kind))

    def _begin(self, kind: str, text: str) -> None:
        picks, self._typed[kind] = self._comparison.picks, text
        benchmark, sample, ranges = (
            None if path is None else path.absolute() for path in (picks.benchmark, picks.sample, picks.ranges)
        )
        asked = Asked(
            text, benchmark, sample, ranges, picks.profile.name, self._runs.form, self._runs.switches
        )  # fmt: skip
        self.host.jobs.run(STARTING, partial(_start, kind, asked), self._started)
        self.host.flash(_("starting ..."), "doing")

    def _started(self, pictures: int) -> None:
        said = _("a sweep over {pictures} goes on when the app or the line ends", pictures=count(pictures, "picture"))
        self.host.post_message(Said(said))
        self._runs.watch()

    @does("pictures.resume")
    def resume(self) -> None:
        if self.pane.job is None or self._run is None:
            self.host.flash(_("there is no sweep to go on with"), "warn")
        elif self._run.state.active:
            self.host.flash(_("the sweep is under way"), "warn")
        else:
            self.host.jobs.run(STARTING, partial(_again, self.pane.job), self._started)

    @does("pictures.cancel")
    def ask_to_cancel(self) -> None:
        if self._run is None or not self._run.state.active:
            self.host.flash(_("no sweep is under way"), "warn")
            return
        path = self._run.folder.path
        work = partial(self.host.jobs.run, "end", lambda _: cancel_run(path), None)
        self.confirm(_("Cancel {name}? What is finished is kept.", name=path.name), lambda width: [], work)

    @does("pictures.findings")
    def show_findings(self) -> None:
        if self.pane.result is None:
            self.host.flash(_("there is no sweep yet"), "warn")
            return
        self.host.open(TextDialog(_("What the set shows"), partial(finding_lines, self.pane.result), self.host.keymap))

    # --- one picture

    @does("pictures.open")
    def open_picture(self) -> None:
        """The ordinary comparison of that picture; the twin makes its dumps where they are not there."""
        shown, job, run = self.pane.shown_picture, self.pane.job, self._run
        if shown is None or job is None or run is None:
            self.host.flash(_("no picture here"), "warn")
            return
        self.host.flash(_("the dumps of {name} ...", name=shown.row.name), "doing")
        work = partial(_dumps, job, shown.place, run.folder.path / "pictures")
        self.host.jobs.run(DUMPING, work, partial(self._compare, job))

    def _compare(self, job: SweepJob, dumps: tuple[Path, Path]) -> None:
        fixed_dump, float_dump = dumps
        picks = replace(self._comparison.picks, sample=fixed_dump, benchmark=float_dump, shapes=None)
        self._comparison.pick(replace(picks, ranges=job.request_ranges() or picks.ranges))
        self.host.post_message(PaneAsked("layers"))


# In the background.


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _look(run: Run, cancel: Event) -> tuple[SweepJob, SweepResult]:
    return look(job_of(run))


def _start(kind: str, asked: Asked, cancel: Event) -> int:
    """Begin the run: how many pictures. Raises SgsError for what can not be swept, before anything is made."""
    job = job_for(kind, asked)
    job.check()
    return _again(replace(job, journal=default_journal(job.how()).absolute()), cancel)


def _again(job: SweepJob, cancel: Event) -> int:
    make_folder(job.journal.parent)
    start_run(local_run(job), default_root())
    return len(job.pictures)


def _dumps(job: SweepJob, place: int, folder: Path, cancel: Event) -> tuple[Path, Path]:
    return picture_dumps(job, place, folder)

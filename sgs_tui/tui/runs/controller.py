"""The screen's half that runs simulators: starting, watching, comparing what they dumped."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from threading import Event
from time import time

from textual import on
from textual.message import Message

from sgs_tui.engine.backends.sdk import SdkRequest, refuse_offline, sdk_runs
from sgs_tui.engine.backends.sdk_install import find_sdk
from sgs_tui.engine.backends.start import start_runs
from sgs_tui.engine.dumps.format import Stage
from sgs_tui.engine.errors import InputError, UsageError
from sgs_tui.engine.events import LogLine
from sgs_tui.engine.numbers import count
from sgs_tui.engine.requantize.propose import run_roots
from sgs_tui.engine.runs.run_folder import RunRequest, RunState, default_root
from sgs_tui.engine.runs.run_list import Run, list_runs, read_run
from sgs_tui.engine.runs.runs import RunEnded, cancel_run, delete_run, follow, snapshot
from sgs_tui.tui.baseline.controller import BaselineScreen
from sgs_tui.tui.baseline.view import earlier
from sgs_tui.tui.frame.dialogs import Choice, ConfirmDialog
from sgs_tui.tui.jobs import ComparisonOpened, Desk, Flash, Said
from sgs_tui.tui.runs.pane import (
    EndAsked,
    Filled,
    FormWanted,
    LogWanted,
    PairWanted,
    RunFormDialog,
    RunsPane,
    RunWanted,
    evidence,
)
from sgs_tui.tui.runs.view import BOTH, EMBEDDED, FIXED, FLOAT, RunForm, RunRow
from sgs_tui.tui.settings import Start

# From the form to runs of the SDK's simulator, or of the embedded one.

PATIENCE = 120.0
"""Seconds for a preprocess script of the embedded simulator."""


def requests_of(form: RunForm, debug_config: bytes) -> tuple[RunRequest, ...]:
    """One run for each stage and image. Raises SgsError for what is missing or can not be dumped.

    `debug_config`: the DebugConfig.txt of pane 4, whose switches count (its path is the run's own).
    """
    if form.problems:
        raise UsageError(f"not everything is there: {'; '.join(form.problems)}", "e edits what is to be run")
    return (_embedded(form),) if form.value("simulator") == EMBEDDED else _simulated(form, debug_config)


def _simulated(form: RunForm, debug_config: bytes) -> tuple[RunRequest, ...]:
    """Both stages of an image follow one another."""
    sdk = find_sdk(_path(form.value("sdk")) if form.value("sdk") else None)
    stages = {BOTH: (FLOAT, FIXED)}.get(form.value("stage"), (form.value("stage"),))
    found = []
    for stage in stages:
        model = _path(form.value(stage))
        wanted = _stage(stage, model)
        refuse_offline(model, wanted or Stage.CMODEL_FLOAT)
        request = SdkRequest(
            model=model,
            image=form.value("image"),
            preprocess=form.value("preprocess"),
            stage=wanted,
            debug_config=debug_config,
            python=form.value("python"),
        )
        found.append(sdk_runs(request, sdk))
    return tuple(chain.from_iterable(zip(*found, strict=True)))


def _stage(stage: str, model: Path) -> Stage | None:
    """None for a cmodel_float model: its name tells the stage."""
    if stage == FIXED:
        return Stage.FIXED
    return None if model.name.endswith("_cmodel_float.sim") else Stage.FLOAT


def _embedded(form: RunForm) -> RunRequest:
    """The one run that quantizes and dumps both stages."""
    from sgs_tui.engine.backends.embedded import EmbeddedRequest
    from sgs_tui.engine.backends.jobs import WORK, local_run
    from sgs_tui.engine.backends.onnx import load_model
    from sgs_tui.engine.backends.preprocess import Preprocess
    from sgs_tui.engine.backends.quantize import Quantization, check_names
    from sgs_tui.engine.backends.samples import image_samples

    model, int16 = _path(form.value("model")), _parts(form.value("int16"))
    check_names(load_model(model), int16)
    image = form.value("image")
    samples = image_samples(image) if image else ()
    if len(samples) > 1:
        raise UsageError(f"{image}: {len(samples)} images, both stages run on one", "name one image")
    modules = tuple(_path(part) for part in _parts(form.value("preprocess")))
    return local_run(
        EmbeddedRequest(
            model=model,
            images=image_samples(form.value("calibrate")),
            folder=WORK,
            preprocess=Preprocess(modules, timeout=PATIENCE),
            quantization=Quantization(int16=int16),
            sample=samples[0] if samples else (),
        )
    )


def _path(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


# Starting, watching and following runs, as messages.

BUSY, IDLE = 1.0, 2.0
"""Seconds between two looks at the runs, while one is under way and otherwise."""

Seen = dict[Path, RunRow]


@dataclass
class RunsSeen(Message):
    """All runs, newest first; `problem` says why they can not be listed."""

    rows: tuple[RunRow, ...]
    problem: str = ""


@dataclass
class RunsStarted(Message):
    """Runs are queued or at work."""

    paths: tuple[Path, ...]


@dataclass
class RunLogged(Message):
    """More of a run's log."""

    path: Path
    lines: tuple[str, ...]


def start(form: RunForm, debug_config: bytes, root: Path, cancel: Event) -> Iterator[Message]:
    """Start what the form says. Raises SgsError where something is missing, before anything is made."""
    requests = requests_of(form, debug_config)
    for warning in dict.fromkeys(warning for request in requests for warning in request.warnings):
        yield Said(warning, "warn")
    folders = start_runs(requests, root)
    yield RunsStarted(tuple(folder.path for folder in folders))
    yield Said(f"started {count(len(folders), 'run')}: they go on when the app or the line ends")


def end(path: Path, cancel: Event) -> Iterator[Message]:
    """Cancel a run. Raises SgsError where it is over."""
    cancel_run(path)
    yield Said(f"{path.name}: being cancelled")


def delete(path: Path, cancel: Event) -> Iterator[Message]:
    """Delete a run with its dump. Raises SgsError while it is at work."""
    delete_run(path, path.parent)
    yield Said(f"{path.name}: deleted")


def watch(roots: Sequence[Path], cancel: Event) -> Iterator[Message]:
    """Tell of all runs of these roots at first, and again whenever something about one of them changes."""
    told: object = None
    seen: Seen = {}
    stamp: tuple[int, ...] = ()
    while True:
        now, problem = tuple(map(_stamp, roots)), ""
        try:
            seen = _again(seen) if now == stamp else {run.folder.path: _row(run) for run in _listed(roots)}
            stamp = now
        except (OSError, InputError) as error:  # a run that is being deleted, a folder without rights
            problem, stamp = str(error) if isinstance(error, OSError) else "", ()
        signature = (tuple(row.signature for row in seen.values()), problem)
        if signature != told:
            told = signature
            yield RunsSeen(tuple(seen.values()), problem)
        if cancel.wait(BUSY if any(row.run.state.active for row in seen.values()) else IDLE):
            return


def _listed(roots: Sequence[Path]) -> list[Run]:
    """All of them, newest first."""
    found = [run for root in roots for run in list_runs(root)]
    return sorted(found, key=lambda run: (run.status.created, run.name), reverse=True)


def _stamp(root: Path) -> int:
    """Changes when a run is added or deleted."""
    try:
        return root.stat().st_mtime_ns
    except OSError:
        return 0


def _again(seen: Mapping[Path, RunRow]) -> Seen:
    """Only what can still change is read again. A lost run may turn up: another host's clock differs."""
    return {path: _row(read_run(path)) if _can_change(row) else row for path, row in seen.items()}


def _can_change(row: RunRow) -> bool:
    return row.run.state.active or row.run.state is RunState.LOST


def _row(run: Run) -> RunRow:
    failed = run.state not in (RunState.OK, RunState.QUEUED, RunState.RUNNING)
    message, hint = (run.status.message, run.status.hint) if failed else ("", "")
    return RunRow(run, snapshot(run), message, hint)


def follow_log(path: Path, cancel: Event) -> Iterator[Message]:
    """A run's log from its start to the run's end, a message a look."""
    lines: list[str] = []
    try:
        for event in follow(path, cancel):
            if isinstance(event, LogLine):
                lines.append(event.text)
            elif lines or isinstance(event, RunEnded):
                yield RunLogged(path, tuple(lines))
                lines = []
    except InputError:
        return  # deleted while it was on show; the list says so


class RunsScreen(BaselineScreen):
    """Owns the run pane; runs outlive it."""

    def __init__(self, start: Start) -> None:
        super().__init__(start)
        self.runs_pane = RunsPane()
        self.run_form = RunForm()
        self.runs_root = default_root()
        self.watched: tuple[Path, ...] = ()
        self.desk = Desk(self.post_message)

    def open_start(self) -> None:
        """As before, and list the runs that are here already."""
        super().open_start()
        self.watch_runs()

    @property
    def roots(self) -> tuple[Path, ...]:
        """Where runs are looked for: the folder of the start, and what is worked on."""
        return tuple(dict.fromkeys((self.runs_root, *run_roots(self.network_folders))))

    def watch_runs(self) -> None:
        """Look at all runs at once, and from now on."""
        self.watched = self.roots
        self.desk.start("runs", partial(watch, self.watched))

    @on(ComparisonOpened)
    def watch_other_roots(self) -> None:
        """Runs beside the dumps that are compared now are listed too."""
        if self.roots != self.watched:
            self.watch_runs()

    def farewell(self) -> str:
        """What goes on when the app ends; nothing where nothing does."""
        active = self.runs_pane.active
        if not active:
            return ""
        going = f"{count(active, 'run')} {'goes' if active == 1 else 'go'} on"
        return f"{going}: `sgs-tui runs` lists them, the next start of the app here shows them"

    @property
    def earlier_runs(self) -> Sequence[Choice]:
        """Good runs other than the one that is on the screen."""
        found = earlier([row.run for row in self.runs_pane.rows], self.picks.sample, time())
        return [Choice(str(path), path.name, words) for path, words in found]

    # --- what is seen

    @on(RunsSeen)
    def take_runs(self, event: RunsSeen) -> None:
        """How all runs stand; what ended since the last look is told."""
        before = {row.path: row for row in self.runs_pane.rows}
        first = not self.runs_pane.listed
        self.runs_pane.show_rows(event.rows)
        if event.problem:
            self.log_pane.add(f"runs can not be listed: {event.problem}", "warn")
        if first and self.runs_pane.active:
            self.post_message(Said(f"{count(self.runs_pane.active, 'run')} under way here: 7 shows", "info"))
        for row in event.rows:
            if row.path in before and before[row.path].run.state.active and not row.run.state.active:
                self.tell_end(row)

    def tell_end(self, row: RunRow) -> None:
        """Say that a run is over, and how."""
        if row.run.state is RunState.OK:
            self.post_message(Said(f"{row.run.name}: ok; 7 and c compares the newest pair"))
        else:
            level = "warn" if row.run.state is RunState.CANCELLED else "fail"
            self.post_message(Said(f"{row.run.name}: {row.message or row.run.state}", level, row.hint))

    @on(LogWanted)
    def follow_run(self, event: LogWanted) -> None:
        """The log of the run under the cursor."""
        if event.path is None:
            self.desk.cancel("run log")
        else:
            self.desk.start("run log", partial(follow_log, event.path))

    @on(RunLogged)
    def take_log(self, event: RunLogged) -> None:
        """More of it."""
        self.runs_pane.show_log(event.path, event.lines)

    # --- starting

    @on(FormWanted)
    def edit_form(self) -> None:
        """Which models, which image."""
        switches = ", ".join(sorted(self.debugconfig_pane.document.effect().switches)) or "none"
        self.app.push_screen(RunFormDialog(self.run_form, switches, self.keymap), self._take_form)

    def _take_form(self, filled: Filled | None) -> None:
        if filled is not None:
            self.run_form = filled.form
            if filled.start:
                self.start_runs()

    @on(RunWanted)
    def start_runs(self) -> None:
        """Start what the form says; ask where something is missing."""
        if self.run_form.problems:
            self.edit_form()
            return
        config = self.debugconfig_pane.document.render()
        self.desk.start("start", partial(start, self.run_form, config, self.runs_root))
        self.flash(Flash("starting ..."))

    @on(RunsStarted)
    def show_started(self) -> None:
        """They are in the list at once."""
        self.watch_runs()

    # --- ending

    @on(EndAsked)
    def ask_to_end(self, event: EndAsked) -> None:
        """Cancelling and deleting can not be taken back."""
        word = "Delete" if event.delete else "Cancel"
        what = " with its dump and log" if event.delete else ""
        question = f"{word} {event.row.run.name}{what}?"
        work = partial(delete if event.delete else end, event.row.path)
        self.app.push_screen(
            ConfirmDialog(question, evidence(event.row), self.keymap),
            lambda yes: self.desk.start("end", work) if yes else None,
        )

    # --- comparing

    @on(PairWanted)
    def compare_pair(self, event: PairWanted) -> None:
        """The dumps of runs, with the ranges that were kept beside them."""
        pair = event.pair
        self._pick(replace(self.picks, sample=pair.sample, benchmark=pair.benchmark, ranges=pair.ranges, shapes=None))
        self.go(self.layers_pane)

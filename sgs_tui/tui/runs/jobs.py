"""Starting, watching and following runs in the background: of the SDK's simulator, or of the embedded one.

Apart from the controller because other features hear of the runs too.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from threading import Event

from textual.message import Message

from sgs_tui.engine.backends.sdk import SdkRequest, refuse_offline, sdk_runs
from sgs_tui.engine.backends.sdk_install import SdkWish, configured, find_sdk
from sgs_tui.engine.backends.start import start_runs, told_time
from sgs_tui.engine.dumps.format import Stage
from sgs_tui.engine.errors import InputError, SgsError, UsageError
from sgs_tui.engine.events import LogLine
from sgs_tui.engine.files import at_home
from sgs_tui.engine.numbers import clock, count
from sgs_tui.engine.runs.preflight import estimate_time
from sgs_tui.engine.runs.run_folder import RunRequest, RunState
from sgs_tui.engine.runs.run_list import Run, list_runs, read_run
from sgs_tui.engine.runs.runs import RunEnded, follow, snapshot
from sgs_tui.language import _, joined, shown
from sgs_tui.tui.jobs import Said
from sgs_tui.tui.runs.form import BOTH, EMBEDDED, FIXED, FLOAT, Refusal, RunForm
from sgs_tui.tui.runs.view import RunRow

PATIENCE = 120.0
"""Seconds for a preprocess script of the embedded simulator."""


def requests_of(form: RunForm, debug_config: bytes) -> tuple[RunRequest, ...]:
    """One run for each stage and image. Raises SgsError for what is missing or can not be dumped.

    `debug_config`: the DebugConfig.txt of pane 4, whose switches count (its path is the run's own).
    """
    if form.problems:
        raise UsageError(
            _("not everything is there: {problems}", problems=joined(form.problems, "; ")),
            _("e edits what is to be run"),
        )
    return (_embedded(form),) if form.value("simulator") == EMBEDDED else _simulated(form, debug_config)


def _simulated(form: RunForm, debug_config: bytes) -> tuple[RunRequest, ...]:
    """Both stages of an image follow one another."""
    via, typed = form.value("via") or None, form.value("sdk")
    wish = SdkWish(None, via, python=form.values.get("python"), soc_version=form.value("chip") or None)
    there = wish.over(configured()).via
    sdk = find_sdk((Path(typed) if there else _path(typed)) if typed else None, wish)
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
    from sgs_tui.engine.backends.preprocess import Preprocess
    from sgs_tui.engine.backends.quantizable import load_quantizable
    from sgs_tui.engine.backends.quantize import Quantization, check_names
    from sgs_tui.engine.backends.samples import image_samples, open_shapes

    model, int16 = _path(form.value("model")), _parts(form.value("int16"))
    check_names(load_quantizable(model).model, int16)
    image = form.value("image")
    samples = image_samples(image) if image else ()
    if len(samples) > 1:
        raise UsageError(
            _("{image}: {samples} images, both stages run on one", image=image, samples=len(samples)),
            _("name one image"),
        )
    modules = tuple(_path(part) for part in _parts(form.value("preprocess")))
    return local_run(
        EmbeddedRequest(
            model=model,
            images=image_samples(form.value("calibrate")),
            folder=WORK,
            preprocess=Preprocess(modules, timeout=PATIENCE),
            quantization=Quantization(int16=int16),
            sample=samples[0] if samples else (),
            shapes=open_shapes(form.value("shape").split()),
        )
    )


def _path(text: str) -> Path:
    return at_home(text).absolute()


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


BUSY, IDLE = 1.0, 2.0
"""Seconds between two looks at the runs, while one is under way and otherwise."""

Seen = dict[Path, RunRow]


@dataclass
class RunsSeen(Message):
    """All runs, newest first; `problem` says why they can not be listed."""

    rows: tuple[RunRow, ...]
    problem: str = ""


@dataclass
class RunLogged(Message):
    """More of a run's log."""

    path: Path
    lines: tuple[str, ...]


def start(form: RunForm, debug_config: bytes, root: Path, cancel: Event) -> list[Said] | Refusal:
    """Start what the form says, or tell why that can not be; then nothing is made."""
    try:
        requests = requests_of(form, debug_config)
        warnings = dict.fromkeys(warning for request in requests for warning in request.warnings)
        folders = start_runs(requests, root)
    except SgsError as error:
        return Refusal(form, error.message, error.hint)
    estimate = told_time(folders)
    said = _("started {runs}: they go on when the app or the line ends", runs=count(len(folders), "run"))
    said = str(shown(joined([said, estimate], "; "))) if estimate else said
    return [*(Said(warning, "warn") for warning in warnings), Said(said)]


def examine(form: RunForm, debug_config: bytes, root: Path, cancel: Event) -> tuple[str, ...]:
    """What to know before a start: why it can not be, or what the checks find, and how long it took before."""
    try:
        requests = requests_of(form, debug_config)
        known = list_runs(root)
    except SgsError as error:
        return (error.text,)
    warnings = dict.fromkeys(warning for request in requests for warning in request.warnings)
    times = [seconds for request in requests if (seconds := estimate_time(request, known)) is not None]
    took = _("takes about {time}, as the last runs of these models did", time=clock(sum(times)))
    return (*warnings, *([took] if times and len(times) == len(requests) else []))


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
    return row.run.state.active or row.run.state in (RunState.LOST, RunState.DAMAGED)


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

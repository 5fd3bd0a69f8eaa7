"""Watch runs and searches to their end: how they stand in words, on one line of stderr; how they failed."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from sgs_tui.batch.console import Screen
from sgs_tui.batch.output import emit
from sgs_tui.batch.progress import StatusLine
from sgs_tui.engine.errors import InputError, RunError
from sgs_tui.engine.events import LogLine
from sgs_tui.engine.numbers import clock, figure, size
from sgs_tui.engine.runs.run_folder import RunState
from sgs_tui.engine.runs.run_list import Run, read_run
from sgs_tui.engine.runs.runs import INTERVAL, RunEnded, RunProgress, Snapshot, cancel_run, follow, snapshot, wait_run
from sgs_tui.engine.text import encode
from sgs_tui.language import Message

if TYPE_CHECKING:
    from sgs_tui.engine.optimize.onnx import OnnxResult, SearchEvent, TrialDone
    from sgs_tui.engine.optimize.sdk import SdkEvent, SdkResult
    from sgs_tui.engine.optimize.twin import TwinEvent, TwinResult


def standing(now: Snapshot) -> str:
    """`running 0:12 of about 0:40, dump 12.3 MB of 171.6 MB`: only what is known, nothing made up."""
    state, taken = now.state.words, clock(now.elapsed)
    words = Message("{state} {taken}", state=state, taken=taken) if taken else state
    if now.expected_time is not None and now.elapsed is not None:
        words = Message("{words} of about {clock}", words=words, clock=clock(now.expected_time))
    if now.dump_size is None:
        return words
    goal = Message(" of {size}", size=size(now.expected_size)) if now.expected_size else ""
    return Message("{words}, dump {size}{goal}", words=words, size=size(now.dump_size), goal=goal)


def failure(run: Run) -> tuple[str, str]:
    """`what_failed` with the run's name in front."""
    message, hint = what_failed(run)
    return Message("{name}: {message}", name=run.name, message=message), hint


def what_failed(run: Run) -> tuple[str, str]:
    """(what went wrong, what to do) of a run that is over and not ok; the log is named where it has more to say."""
    message, hint = run.status.message or run.state.words, run.status.hint
    if run.state is RunState.FAILED and run.folder.log_path.is_file():
        log = run.folder.log_path
        hint = Message("{hint} (log: {log})", hint=hint, log=log) if hint else Message("log: {log}", log=log)
    return message, hint


Note = Callable[[str], None]
_NO_RESULT = RunError(
    Message("the search ended without a result"), Message("start it again: it goes on where it stopped")
)


def watch_onnx(events: "Iterable[SearchEvent]", screen: Screen, note: Note) -> "OnnxResult":
    """The result of the search; `note` takes what is worth knowing, one line each."""
    from sgs_tui.engine.optimize.onnx import OnnxResult, TrialDone

    start = monotonic()
    best: TrialDone | None = None
    with StatusLine(screen) as line:
        for event in events:
            if isinstance(event, OnnxResult):
                return event
            if isinstance(event, LogLine):
                line.clear()
                note(event.text)
            elif isinstance(event, TrialDone):
                best = event if best is None or event.accuracy.rank < best.accuracy.rank else best
                line.show(
                    Message(
                        "trial {number} {clock}, {ahead} to come",
                        number=event.number,
                        clock=clock(monotonic() - start),
                        ahead=event.ahead,
                    ),
                    _best(best),
                )
    raise _NO_RESULT


def watch_sdk(events: "Iterable[SdkEvent]", screen: Screen, note: Note) -> "SdkResult":
    """The same for a search by the SDK's optimizer."""
    from sgs_tui.engine.optimize.sdk import SdkResult, StepEnded, StepProgress

    with StatusLine(screen) as line:
        for event in events:
            match event:
                case SdkResult():
                    return event
                case LogLine(text):
                    line.clear()
                    note(text)
                case StepProgress(title, run):
                    _show(title, run, line)
                case StepEnded(title, run, found):
                    line.clear()
                    told = {"title": title, "state": run.state.words, "name": run.name}
                    note(
                        Message("{title}: {state}, found, {name}", **told)
                        if found
                        else Message("{title}: {state}, {name}", **told)
                    )
    raise _NO_RESULT


def watch_twin(events: "Iterable[TwinEvent]", screen: Screen, note: Note) -> "TwinResult":
    """The same for a search on the twin."""
    from sgs_tui.engine.optimize.twin import TwinResult
    from sgs_tui.engine.twin.search import Step

    start = monotonic()
    with StatusLine(screen) as line:
        for event in events:
            if isinstance(event, TwinResult):
                return event
            if isinstance(event, LogLine):
                line.clear()
                note(event.text)
            elif isinstance(event, Step):
                best = Message(
                    "best with {names} in INT16: {failing} of {layers} over",
                    names=len(event.best.names),
                    failing=event.best.failing,
                    layers=event.best.layers,
                )
                line.show(
                    Message(
                        "{phase} {done} of {expected} {clock}",
                        phase=event.phase,
                        done=event.done,
                        expected=event.expected,
                        clock=clock(monotonic() - start),
                    ),
                    best,
                )
    raise _NO_RESULT


def _best(best: "TrialDone") -> str:
    one = best.accuracy
    worst = Message(
        "{failing} of {layers} layers over, worst RMSE {figure}",
        failing=one.failing,
        layers=one.layers,
        figure=figure(one.worst_rmse),
    )
    return Message("best with {names} in INT16: {worst}", names=len(best.names), worst=worst)


def print_events(path: Path, log: bool, screen: Screen) -> Run:
    """Print what happens until the run ends; the run as it then stands."""
    title = read_run(path).request.title
    with StatusLine(screen) as line:
        for event in follow(path, log=log):
            match event:
                case LogLine(text):
                    line.clear()
                    emit(encode(screen.text(text) + "\n"), None)
                case RunProgress(now):
                    line.show(
                        Message("{title}: {standing}", title=title, standing=standing(now)),
                        now.progress or ("" if log else now.last_line),
                    )
                case RunEnded(run):
                    return run
    return read_run(path)


_AFTER_GRACE = 10.0
"""Seconds beyond a run's grace time that its supervisor gets to write the last status."""


def wait_for(paths: Sequence[Path], screen: Screen) -> tuple[Run, ...]:
    """Wait until every run has ended; the runs as they then stand. Raises InputError when a folder goes away."""
    ended = []
    with StatusLine(screen) as line:
        for number, path in enumerate(paths, 1):
            run = read_run(path)
            while run.state.active:
                title, of = run.request.title, len(paths)
                if of > 1:
                    title = Message("[{number}/{of}] {title}", number=number, of=of, title=title)
                _show(title, run, line)
                run = wait_run(path, INTERVAL)
            ended.append(run)
    return tuple(ended)


def _show(title: str, run: Run, line: StatusLine) -> None:
    now = snapshot(run)
    line.show(Message("{title}: {standing}", title=title, standing=standing(now)), now.progress or now.last_line)


def end_runs(paths: Sequence[Path]) -> tuple[Run, ...]:
    """Cancel those that are not over, the waiting ones first, and wait for their end; the runs that were ended."""
    active = [path for path in reversed(paths) if read_run(path).state.active]
    for path in active:
        with suppress(InputError):  # it came to its end by itself in between
            cancel_run(path)
    return tuple(wait_run(path, read_run(path).request.grace + _AFTER_GRACE) for path in active)

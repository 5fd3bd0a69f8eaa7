"""`runs`: a list of runs, one run in full; for people, or JSON.

JSON `sgs-tui/runs/1`; keys may be added within version 1, never renamed, moved or taken away:
  schema, root (the folder of the runs, null where runs of several places are told of)
  runs[]  name, folder, state (queued, running, ok, failed, cancelled, timed out, lost, damaged), backend, model, stage,
          image, created, started, ended (seconds since 1970), elapsed (seconds), exit_code, signal, failure (name of a
          known one), message, hint, notes[], dumps[], ranges, dump_size, expected_size (bytes), expected_time
          (seconds), progress, command[]
What is not known is null or empty. Paths are absolute; bytes that are not UTF-8 are shown as \\xNN.
"""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.cells import cell_len
from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from sgs_tui.batch.console import NARROWEST, WHOLE, Cell, Column, Screen, cut, name_column, render, table_of, whole_line
from sgs_tui.batch.output import RunsFormat
from sgs_tui.batch.values import Json, dump_json, exact, exact_all, exact_or_null
from sgs_tui.batch.watch import failure, what_failed
from sgs_tui.engine.numbers import clock, count, size
from sgs_tui.engine.runs.log import read_ends, shown
from sgs_tui.engine.runs.run_folder import RunState
from sgs_tui.engine.runs.run_list import Run
from sgs_tui.engine.runs.runs import snapshot
from sgs_tui.language import Message
from sgs_tui.language import shown as told

SCHEMA = "sgs-tui/runs/1"
_BAD = (RunState.FAILED, RunState.TIMED_OUT, RunState.LOST, RunState.DAMAGED)
_GOOD = {RunState.OK: "green", RunState.RUNNING: "bold"}
_STYLES = dict.fromkeys(_BAD, "red") | _GOOD | {RunState.FAILED: "bold red"}
_LOG_LINES = 15
_PROSE = frozenset({"message", "do", "note", "progress"})
"""What is sentences; all else in the list of facts is paths and words to copy."""


def write_runs(runs: Sequence[Run], root: Path, wanted: RunsFormat, screen: Screen) -> bytes:
    """The runs of a folder, newest first; what went wrong stands below the table, with what to do."""
    if wanted is RunsFormat.JSON:
        return runs_json(runs, root)
    return render(_list_parts(runs, root, screen), screen, max(NARROWEST, screen.columns or WHOLE))


def write_run(run: Run, wanted: RunsFormat, screen: Screen) -> bytes:
    """Everything about one run: what was asked, how it stands, what it left, the end of its log."""
    if wanted is RunsFormat.JSON:
        return runs_json([run])
    return render(_run_parts(run, screen), screen, max(NARROWEST, screen.columns or WHOLE))


def runs_json(runs: Sequence[Run], root: Path | None = None) -> bytes:
    """The runs in this order, as one JSON object."""
    return dump_json({"schema": SCHEMA, "root": exact_or_null(root), "runs": [_run_json(run) for run in runs]})


def _list_parts(runs: Sequence[Run], root: Path, screen: Screen) -> Iterator[RenderableType]:
    if not runs:
        yield Text(screen.text(Message("no runs in {root}", root=root)))
        return
    others = [
        Column(Message("state"), [Cell(run.state.words, _STYLES.get(run.state, "")) for run in runs]),
        Column(Message("time"), [Cell(clock(run.elapsed)) for run in runs], right=True),
        Column(Message("dump"), [Cell(_dump_size(run)) for run in runs], right=True),
        Column(Message("backend"), [Cell(screen.text(run.request.backend)) for run in runs]),
        Column(Message("stage"), [Cell(screen.text(Message(run.request.stage))) for run in runs]),
    ]
    yield table_of([name_column(Message("run"), [run.name for run in runs], others, screen, 18, WHOLE), *others])
    yield Text()
    yield whole_line(Message("{runs} in {root}", runs=count(len(runs), "run"), root=root), screen)
    for run in runs:
        if run.state in _BAD:
            for indent, line in zip((0, 2), filter(None, failure(run)), strict=False):
                yield Padding(Text(screen.text(line), overflow="fold"), (0, 0, 0, indent))


def _dump_size(run: Run) -> str:
    """Empty where what is left of a dump is not to be trusted."""
    found = None if run.state in _BAD else snapshot(run).dump_size
    return "" if found is None else size(found)


def _run_parts(run: Run, screen: Screen) -> Iterator[RenderableType]:
    for label, value in _facts(run):
        if value and label in _PROSE:
            yield Text(f"{_label(label)}{screen.text(value)}", overflow="fold")
        elif value:
            yield whole_line(f"{_label(label)}{told(value)}", screen)
    if config := run.request.debug_config:
        yield Text("\nDebugConfig.txt")
        yield from (Text(f"  {screen.text(line)}", overflow="fold") for line in config.splitlines())
    lines = read_ends(run.folder.log_path).rstrip(b"\n").split(b"\n")
    if lines == [b""]:
        return
    yield Text()
    yield whole_line(
        Message(
            "log, last {lines} of {path}",
            lines=count(min(_LOG_LINES, len(lines)), "line"),
            path=run.folder.log_path,
        ),
        screen,
    )
    for line in lines[-_LOG_LINES:]:
        yield Text(f"  {cut(shown(line), 200, screen)}", overflow="fold")


def _label(label: str) -> str:
    said: str = told(label)
    return said + " " * (13 - cell_len(said))


def _facts(run: Run) -> Iterator[tuple[str, str]]:
    now, request, status = snapshot(run), run.request, run.status
    yield Message("run"), run.name
    state, taken = run.state.words, clock(run.elapsed)
    yield Message("state"), Message("{state} {taken}", state=state, taken=taken) if taken else state
    message, hint = _words(run)
    yield (Message("progress"), now.progress or now.last_line) if run.state.active else (Message("message"), message)
    if run.state in _BAD:
        yield Message("do"), hint
    yield Message("exit"), status.signal or ("" if status.exit_code is None else str(status.exit_code))
    yield Message("started"), _moment(status.started)
    yield Message("ended"), _moment(status.ended)
    yield from ((Message("backend"), request.backend), (Message("model"), request.model))
    yield Message("stage"), Message(request.stage)
    yield from ((Message(label), value) for label, value in request.details.items())
    yield Message("command"), " ".join(request.argv)
    yield Message("folder"), str(run.folder.path)
    for path in run.dumps:
        there = size(path.stat().st_size) if path.is_file() else Message("it is gone: moved or deleted")
        yield Message("dump"), Message("{path} ({size})", path=path, size=there)
    yield Message("ranges"), str(run.ranges or "")
    for note in status.notes:
        yield Message("note"), note


def _moment(seconds: float | None) -> str:
    return "" if seconds is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def _run_json(run: Run) -> Json:
    now, status = snapshot(run), run.status
    message, hint = _words(run)
    return {
        "name": exact(run.name),
        "folder": exact(run.folder.path),
        "state": str(run.state),
        "backend": exact(run.request.backend),
        "model": exact(run.request.model),
        "stage": exact(run.request.stage),
        "image": exact(run.request.details.get("image", "")),
        "created": status.created,
        "started": status.started,
        "ended": status.ended,
        "elapsed": run.elapsed,
        "exit_code": status.exit_code,
        "signal": status.signal,
        "failure": status.failure,
        "message": exact(message),
        "hint": exact(hint),
        "notes": exact_all(status.notes),
        "dumps": exact_all(map(str, run.dumps)),
        "ranges": exact_or_null(run.ranges),
        "dump_size": now.dump_size,
        "expected_size": now.expected_size,
        "expected_time": now.expected_time,
        "progress": exact(now.progress),
        "command": exact_all(run.request.argv),
    }


def _words(run: Run) -> tuple[str, str]:
    return what_failed(run) if run.state in _BAD else (run.status.message, run.status.hint)

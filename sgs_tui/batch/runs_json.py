"""Runs as JSON, schema `sgs-tui/runs/1`.

    schema      "sgs-tui/runs/1"; keys may be added within version 1, never renamed, moved or taken away
    root        the folder of the runs, null where runs of several places are told of
    runs[]      name, folder, state (queued, running, ok, failed, cancelled, timed out, lost), backend, model, stage,
                image, created, started, ended (seconds since 1970), elapsed (seconds), exit_code, signal,
                failure (name of a known one), message, hint, notes[], dumps[], ranges, dump_size,
                expected_size (bytes), progress, command[]

What is not known is null or empty. Paths are absolute; bytes that are not UTF-8 are shown as \\xNN.
"""

from collections.abc import Sequence
from pathlib import Path

from sgs_tui.batch.json_values import Json, dump_json, exact
from sgs_tui.batch.runs_words import failure
from sgs_tui.engine.simulate.runs import Run, RunState, snapshot

SCHEMA = "sgs-tui/runs/1"


def write_runs(runs: Sequence[Run], root: Path | None = None) -> bytes:
    """The runs in this order, as one JSON object."""
    return dump_json({"schema": SCHEMA, "root": _path(root), "runs": [run_object(run) for run in runs]})


def run_object(run: Run) -> Json:
    """One run."""
    now, status = snapshot(run), run.status
    message, hint = _words(run)
    return {
        "name": exact(run.name),
        "folder": _path(run.folder.path),
        "state": str(run.state),
        "backend": run.request.backend,
        "model": exact(run.request.model),
        "stage": run.request.stage,
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
        "notes": [exact(note) for note in status.notes],
        "dumps": [_path(path) for path in run.dumps],
        "ranges": _path(run.ranges),
        "dump_size": now.dump_size,
        "expected_size": now.expected_size,
        "progress": exact(now.progress),
        "command": [exact(word) for word in run.request.argv],
    }


def _words(run: Run) -> tuple[str, str]:
    if run.state in (RunState.FAILED, RunState.TIMED_OUT, RunState.LOST):
        message, hint = failure(run)
        return message.removeprefix(f"{run.name}: "), hint
    return run.status.message, run.status.hint


def _path(path: Path | None) -> str | None:
    return None if path is None else exact(str(path))

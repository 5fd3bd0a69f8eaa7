"""The worker: `python -m sgs_tui.engine.simulate.local_worker job.json`, started by a run's supervisor.

Does one job (local_jobs.py) in its working directory, which is fresh and its own. What is worth knowing goes to
result.json beside the dump, an error to failure.json; both are told on the output too, which is the run's log.
TERM, with which a run is cancelled, ends the job cleanly: preprocess children and temporary folders go with it.
"""

import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from sgs_tui.engine.dumps.original import OriginalDump
from sgs_tui.engine.errors import CancelledError, SgsError
from sgs_tui.engine.simulate.caffe_dump import CaffeDumpRequest, dump_caffe
from sgs_tui.engine.simulate.embedded import EmbeddedFiles, EmbeddedRequest, embedded_run
from sgs_tui.engine.simulate.local_jobs import RESULT_FILE, Job, job_from_json
from sgs_tui.engine.simulate.onnx_dump import OnnxDumpRequest, dump_onnx
from sgs_tui.engine.simulate.tflite_dump import TfliteDumpRequest, dump_tflite
from sgs_tui.engine.simulate.worker_failure import write_failure
from sgs_tui.engine.text import visible

FAILED = 1
_PER_TENSOR = ("NHWC", "NCHW")


def main(arguments: Sequence[str]) -> int:
    """Do the job of the file named; the exit code is 0 or `FAILED`."""
    signal.signal(signal.SIGTERM, _cancel)
    path = Path(arguments[0])
    try:
        _finish(_do(job_from_json(path.read_text("ascii"), path)))
    except SgsError as error:
        write_failure(error)
        _say(f"{type(error).__name__}: {error}")
        return FAILED
    return 0


def _cancel(number: int, frame: FrameType | None) -> None:
    """An exception unwinds everything: children are ended, unfinished files go."""
    raise CancelledError("the run was stopped")


def _do(job: Job) -> OriginalDump | EmbeddedFiles:
    match job:
        case OnnxDumpRequest():
            return dump_onnx(job)
        case CaffeDumpRequest():
            return dump_caffe(job)
        case TfliteDumpRequest():
            return dump_tflite(job)
        case EmbeddedRequest():
            return embedded_run(job)


def _finish(made: OriginalDump | EmbeddedFiles) -> None:
    """Leave notes and the folders of per-tensor files in the run folder, where the supervisor moves the dump."""
    skipped = made.skipped if isinstance(made, OriginalDump) else ()
    document = {"notes": list(made.notes), "skipped": [list(entry) for entry in skipped]}
    _write(os.path.join(os.pardir, RESULT_FILE), document)
    for note in made.notes:
        _say(note)
    for name, reason in skipped:
        _say(f"left out: {name}: {reason}")
    for name in _PER_TENSOR:
        if os.path.isdir(name):
            os.rename(name, os.path.join(os.pardir, name))


def _write(name: str, document: dict[str, object]) -> None:
    Path(name).write_text(json.dumps(document, ensure_ascii=True) + "\n", "ascii")


def _say(line: str) -> None:
    sys.stdout.write(visible(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

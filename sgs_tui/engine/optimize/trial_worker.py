"""A process that makes trials: lines of JSON in, lines of JSON out; started by crew.py.

The first line is the question as a job (simulate/local_jobs.py), whose folder is the search's; each further one a
list of names. An answer is `{}` for a trial that is in the store now, or `{kind, message, hint}` of an error. The
end of the input ends the process, so none outlives the search, however that ends. TERM ends a trial in the middle
and takes its files away.
"""

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import IO

from sgs_tui.engine.errors import CancelledError, SgsError
from sgs_tui.engine.optimize.onnx_question import PreparedQuestion
from sgs_tui.engine.optimize.onnx_trial import run_trial
from sgs_tui.engine.simulate.embedded import EmbeddedRequest
from sgs_tui.engine.simulate.local_jobs import job_from_json


def main() -> int:
    """Serve until the input ends; 0 unless broken off."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _cancel)
    with _answers() as answers:
        try:
            for answer in _serve(iter(sys.stdin.readline, "")):
                answers.write(json.dumps(answer, ensure_ascii=True) + "\n")
                answers.flush()
        except (CancelledError, BrokenPipeError):  # told to end, or nobody listens any more
            return 1
    return 0


def _answers() -> IO[str]:
    """Our own way out: whatever libraries print to stdout must not end up between the answers."""
    ours = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(ours, "w", encoding="ascii")


def _cancel(number: int, frame: FrameType | None) -> None:
    raise CancelledError("the search was stopped")


def _serve(lines: Iterator[str]) -> Iterator[dict[str, str]]:
    job = job_from_json(json.loads(next(lines)), Path("question"))
    assert isinstance(job, EmbeddedRequest)
    question = PreparedQuestion(job.model, job.images, job.sample, job.shapes, job.quantisation.per_channel)
    for line in lines:
        try:
            run_trial(question, json.loads(line), job.folder)
            yield {}
        except CancelledError:
            raise
        except SgsError as error:
            yield {"kind": type(error).__name__, "message": error.message, "hint": error.hint}


if __name__ == "__main__":
    sys.exit(main())

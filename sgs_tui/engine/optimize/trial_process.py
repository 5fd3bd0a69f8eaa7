"""The near end of a trial worker (trial_worker.py): a process with one question, asked one trial at a time.

Plain pipes instead of multiprocessing, which would run the caller's main program again in each process, and whose
workers wait for ever when their parent is killed.
"""

import json
import select
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import sgs_tui
from sgs_tui.engine import errors
from sgs_tui.engine.errors import RunError, SgsError
from sgs_tui.engine.optimize.onnx_question import PreparedQuestion
from sgs_tui.engine.simulate.local_jobs import job_to_json
from sgs_tui.engine.simulate.preprocess import Preprocess

_CODE = (
    "import sys; sys.path.insert(0, sys.argv[1]); from sgs_tui.engine.optimize.trial_worker import main; "
    "sys.exit(main())"
)
"""Finds this very package, installed or not."""

LOG = "worker.log"
_LOOK = 0.2
_GRACE = 10.0


class TrialProcess:
    """One worker; `names` are what it is trying, None while it waits for work."""

    def __init__(self, question: PreparedQuestion, folder: Path) -> None:
        self.names: frozenset[str] | None = None
        self._log = folder / LOG
        home = str(Path(sgs_tui.__file__).resolve().parent.parent)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _CODE, home],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                process_group=0,
            )
        job = question.request((), folder.absolute(), Preprocess())
        self._send(job_to_json(job))

    def fileno(self) -> int:
        """The descriptor that becomes readable with an answer, or with the worker's end."""
        assert self._process.stdout is not None
        return self._process.stdout.fileno()

    def ask(self, names: frozenset[str]) -> None:
        """Have one trial made."""
        self.names = names
        self._send(sorted(names))

    def answer(self) -> tuple[frozenset[str], RunError | None]:
        """What was asked, and why it can not be made. Raises the worker's other errors, RunError when it died."""
        assert self._process.stdout is not None and self.names is not None
        line = self._process.stdout.readline()
        if not line:
            raise self._died()
        names, self.names = self.names, None
        told = json.loads(line)
        if not told:
            return names, None
        kind: type[SgsError] = getattr(errors, told["kind"])
        error = kind(told["message"], told["hint"])
        if isinstance(error, RunError):
            return names, error
        raise error

    def end(self) -> None:
        """End it, a trial in the middle too; wait until it is gone."""
        process = self._process
        process.terminate()
        try:
            process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()

    def _send(self, message: object) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(message, ensure_ascii=True).encode("ascii") + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise self._died() from error

    def _died(self) -> RunError:
        code = self._process.wait()
        how = f"signal {-code}, out of memory?" if code < 0 else f"exit code {code}, see {self._log}"
        return RunError(f"a process of the search died ({how})", "run it again: it goes on where it stopped")


def wait_for_answers(processes: Sequence[TrialProcess]) -> Iterator[tuple[frozenset[str], RunError | None]]:
    """Answers that have come, after a fifth of a second at the latest even where there are none."""
    busy = [process for process in processes if process.names is not None]
    for process in select.select(busy, (), (), _LOOK)[0]:
        yield process.answer()

"""Supervisors forked from a process that has loaded them already; `python -m tests.launching` is that process.

Half of what a supervised run of a test takes is Python that starts and numpy that loads, hundreds of times over. Here
one process a test session does both once. It forks for each launch, and from there on everything is the supervisor's
own: its session, its background, its files. An iteration, which starts a supervisor for each of its steps, forks them
from itself. Tests marked `real_supervisor` start all of them as users do, and so does every run that is started by
another process than these.
"""

import gc
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from sgs_tui.engine.backends import start
from sgs_tui.engine.runs import child
from sgs_tui.engine.runs.run_folder import RunRequest

started = start._background
"""As users start it."""
REPOSITORY = Path(__file__).resolve().parent.parent


def launch(arguments: Sequence[str], log: Path) -> int:
    """In place of `start._background`: the exit code of the supervisor's launching half."""
    server = _server()
    assert server.stdin is not None and server.stdout is not None
    asked = {"arguments": list(arguments), "log": str(log), "environment": start._environment()}
    server.stdin.write(json.dumps(asked).encode() + b"\n")
    server.stdin.flush()
    return int(server.stdout.readline())


@cache
def _server() -> subprocess.Popen[bytes]:
    """No child of ours, since tests count those; it ends with us, whose end of its standard input closes then."""
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.launching"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=REPOSITORY,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},  # what forks has one thread
    )
    server.wait()
    return server


def _serve() -> None:
    from sgs_tui.engine.backends import sdk, sdk_tools  # noqa: F401
    from sgs_tui.engine.dumps import reader  # noqa: F401
    from sgs_tui.engine.runs import outcome  # noqa: F401

    gc.freeze()
    if os.fork():
        os._exit(0)
    for line in sys.stdin.buffer:
        forked = os.fork()
        if forked == 0:
            _become(**json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(forked, 0)[1]), flush=True)


def _become(arguments: list[str], log: str, environment: dict[str, str]) -> None:
    """What `start._background` makes of a new process."""
    from sgs_tui.engine.backends.registry import backend_of
    from sgs_tui.engine.runs.supervisor import main

    child._start = _start  # type: ignore[assignment]
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.setsid()
    os.chdir("/")
    os.environ.clear()
    os.environ.update(environment)
    nowhere = os.open(os.devnull, os.O_RDWR)
    errors = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    for descriptor, target in ((nowhere, 0), (nowhere, 1), (errors, 2)):
        os.dup2(descriptor, target)
    os.close(nowhere)
    os.close(errors)
    os._exit(main(arguments, backend_of))


_start_as_it_is: Any = child._start


def _start(request: RunRequest, directory: Path) -> Any:
    """An iteration is this program, which does what the other does."""
    if request.argv[1:4] == ("-P", "-m", _ITERATION):
        request = replace(request, argv=(*request.argv[:3], "tests.launching", *request.argv[4:]))
    return _start_as_it_is(request, directory)


_ITERATION = "sgs_tui.engine.requantize.iteration"


def _iterate(arguments: list[str]) -> int:
    from sgs_tui.engine.requantize.iteration import main

    start._background = _forked
    return main(arguments)


def _forked(arguments: Sequence[str], log: Path) -> int:
    forked = os.fork()
    if forked == 0:
        _become(list(arguments), str(log), start._environment())
    return os.waitstatus_to_exitcode(os.waitpid(forked, 0)[1])


if __name__ == "__main__":
    sys.exit(_iterate(sys.argv[1:]) if sys.argv[1:] else _serve())

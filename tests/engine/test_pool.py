"""Worker processes: they end with their block, and with their parent."""

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import psutil
import pytest

from sgs_tui.engine import pool
from sgs_tui.engine.pool import process_pool
from sgs_tui.engine.runs.processes import ProcessIdentity, is_alive, wait_for_exit

_SCRIPT = """
import os, sys, time
from functools import partial
from sgs_tui.engine.pool import process_pool
from tests.engine.test_pool import pid
{more}
if __name__ == "__main__":
    with process_pool(2, partial(print, end="")) as workers:
        print(*[workers.submit(pid, 0.2).result() for _ in range(2)], flush=True)
        time.sleep(600)
"""


def pid(seconds: float) -> int:
    """Of the worker that is asked, after it was busy for a while."""
    pool.stopping.wait(seconds)
    return os.getpid()


def wait_until_stopped(seconds: float) -> bool:
    return pool.stopping.wait(seconds)


def test_a_task_at_work_is_told_that_the_block_has_ended() -> None:
    with process_pool(1, partial(int)) as workers:
        told = workers.submit(wait_until_stopped, 60)
        worker = workers.submit(pid, 0)
        while not told.running():
            pass
    assert told.result() is True
    assert worker.cancelled() or not psutil.pid_exists(worker.result())


@pytest.mark.parametrize("more", ["", "import onnxruntime"], ids=["fork", "spawn"])
def test_workers_end_with_a_parent_that_was_killed(more: str, tmp_path: Path) -> None:
    script = tmp_path / "main.py"
    script.write_text(_SCRIPT.format(more=more))
    root = str(Path(__file__).parents[2])
    parent = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": root}
    )
    assert parent.stdout is not None
    workers = [ProcessIdentity.of(int(each)) for each in set(parent.stdout.readline().split())]
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    for worker in workers:
        wait_for_exit(worker, 60)
    parent.stdout.close()
    assert workers and not any(map(is_alive, workers))

"""How tests wait for other processes, and how they press Ctrl-C in them.

They wait for events and not for seconds: what never comes is ended by pytest's own time limit, which says where.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import psutil


def until(condition: Callable[[], object]) -> None:
    """Return once `condition` holds."""
    while not condition():
        time.sleep(0.02)


def until_gone(pid: int) -> None:
    """Return once there is no such process, or only what its parent has not asked about yet."""

    def gone() -> bool:
        try:
            return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    until(gone)


def press_ctrl_c(
    arguments: Sequence[str], when: Callable[[], object], environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run the command line as a process of its own and press Ctrl-C once `when` holds."""
    with interruptible([sys.executable, "-m", "sgs_tui", *arguments], env=environment, text=True) as process:
        until(lambda: when() or process.poll() is not None)
        assert process.poll() is None, process.communicate()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


def interruptible(argv: Sequence[str], **how: Any) -> subprocess.Popen[Any]:
    """A process that Ctrl-C ends, also where ours was started with SIGINT ignored (nohup, a shell's background job)."""
    return subprocess.Popen(
        argv,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        **how,
    )

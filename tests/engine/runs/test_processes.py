"""Which process is which: a number that was given out again is a stranger's, and strangers are left alone."""

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Thread
from unittest.mock import Mock

import pytest

from sgs_tui.engine.errors import InputError
from sgs_tui.engine.runs.processes import (
    ProcessIdentity,
    end_group,
    group_is_alive,
    is_alive,
    send_to_group,
    wait_for_exit,
)
from sgs_tui.engine.runs.run_folder import Product, ProductKind, RunRequest, RunState, create_run_folder
from sgs_tui.engine.runs.run_list import read_run
from sgs_tui.engine.runs.runs import cancel_run, delete_run


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """A process that leads a group and a session of its own and has nothing to do with any run."""
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as process:
        yield process
        process.kill()


def test_a_process_is_known_until_it_ends_even_before_it_is_collected() -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, process_group=0) as process:
        identity = ProcessIdentity.of(process.pid)
        assert is_alive(identity) and group_is_alive(identity) and identity == ProcessIdentity.of(process.pid)
        assert process.stdin is not None
        process.stdin.close()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not is_alive(identity) and not group_is_alive(identity)
        wait_for_exit(identity, 600)


@pytest.mark.parametrize("kernel_tells", [True, False])
def test_an_end_is_noticed_though_nobody_collects_the_process(
    kernel_tells: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not kernel_tells:
        monkeypatch.setattr(os, "pidfd_open", Mock(side_effect=OSError(errno.ENOSYS, "an old kernel")))
    leaves_it = ["sh", "-c", "exec 3<&0; cat <&3 & echo $!; exec sleep 600"]
    with subprocess.Popen(leaves_it, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdin is not None and parent.stdout is not None
        identity = ProcessIdentity.of(int(parent.stdout.readline()))
        waiting = Thread(target=wait_for_exit, args=(identity, 600), daemon=True)
        waiting.start()
        parent.stdin.close()
        waiting.join()
        collected = not Path(f"/proc/{identity.pid}").exists()
        parent.kill()
    assert not collected


def test_the_start_is_what_the_kernel_counts() -> None:
    """Files of earlier versions have field 22 of /proc/PID/stat."""
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    assert ProcessIdentity.of(os.getpid()).started_ticks == int(fields[19])


def test_a_number_given_out_again_is_not_ours(stranger: subprocess.Popen[bytes]) -> None:
    real = ProcessIdentity.of(stranger.pid)
    earlier = replace(real, started_ticks=real.started_ticks - 1)
    assert is_alive(real) and not is_alive(earlier)
    assert not group_is_alive(earlier)
    end_group(earlier, 0.1)
    assert stranger.poll() is None


def test_a_group_whose_leader_is_gone_is_ours_only_in_its_session() -> None:
    """The first command of a shell's pipeline ends, and its group lives on."""
    script = "import os, sys\nif os.fork(): os._exit(0)\nprint('up', flush=True)\nsys.stdin.read()"
    argv = [sys.executable, "-c", script]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0) as leader:
        identity = ProcessIdentity.of(leader.pid)
        assert leader.stdin is not None and leader.stdout is not None
        assert leader.stdout.readline() == b"up\n"
        leader.wait()
        assert not is_alive(identity) and group_is_alive(identity)
        assert not group_is_alive(replace(identity, session=identity.session + 1))
        assert not group_is_alive(replace(identity, boot="an earlier boot"))
        leader.stdin.close()
    while group_is_alive(identity):
        time.sleep(0.01)
    assert not send_to_group(identity, signal.SIGTERM)


def test_cancelling_a_lost_run_leaves_a_stranger_with_its_childs_number_alone(
    tmp_path: Path, stranger: subprocess.Popen[bytes]
) -> None:
    products = (Product("made.txt", ProductKind.FILE),)
    request = RunRequest(("bash",), "command", "m_float.sim", "float", products, grace=0.1)
    folder = create_run_folder(request, tmp_path / "runs")
    now = ProcessIdentity.of(stranger.pid)
    child = replace(now, started_ticks=now.started_ticks - 100, session=0)
    gone = replace(now, started_ticks=now.started_ticks - 200)
    folder.write_status(
        replace(folder.read_status(), state=RunState.RUNNING, started=1.0, supervisor=gone, child=child)
    )
    run = read_run(folder.path)
    assert run.state is RunState.LOST and "start it again" in run.status.hint
    with pytest.raises(InputError, match="not running"):
        cancel_run(folder.path)
    delete_run(folder.path, tmp_path / "runs")
    assert stranger.poll() is None

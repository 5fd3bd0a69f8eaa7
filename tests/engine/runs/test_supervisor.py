"""The supervisor: it outlives its starter, ends whole groups, queues, and tells the truth about what is lost."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sgs_tui.engine.backends.registry import backend_of
from sgs_tui.engine.backends.start import start_run, start_runs
from sgs_tui.engine.errors import InputError, RunError
from sgs_tui.engine.events import LogLine
from sgs_tui.engine.runs.processes import ProcessIdentity, group_is_alive, is_alive
from sgs_tui.engine.runs.run_folder import (
    Product,
    ProductKind,
    RunFolder,
    RunRequest,
    RunState,
    create_run_folder,
    status_to_json,
)
from sgs_tui.engine.runs.run_list import Run, list_runs, read_run
from sgs_tui.engine.runs.runs import RunEnded, RunProgress, cancel_run, follow, wait_run
from tests.standin_sdk import write_model
from tests.standin_sdk.bench import Bench
from tests.waiting import until

pytestmark = pytest.mark.real_supervisor


def shell(script: str, product: str = "made.txt", **changes: object) -> RunRequest:
    """A run of a few lines of bash that leaves `made.txt` in its working directory."""
    products = (Product(product, ProductKind.FILE),)
    request = RunRequest(("bash", "-c", script), "command", "/models/some_float.sim", "float", products, grace=0.3)
    return replace(request, **changes)  # type: ignore[arg-type]


def printed(folder: RunFolder, text: str) -> Callable[[], bool]:
    return lambda: folder.log_path.exists() and text in folder.log_path.read_text()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "sgs_runs"


def test_both_outputs_in_order_and_nothing_to_read_from(root: Path) -> None:
    script = "echo one; echo two >&2; echo three; cat; tty; echo end > made.txt"
    run = wait_run(start_run(shell(script), root).path)
    assert run.state is RunState.OK, run.status
    assert run.folder.log_path.read_text().split("\n")[:4] == ["one", "two", "three", "not a tty"]
    assert (run.folder.path / "made.txt").read_text() == "end\n"


def test_the_child_has_a_group_in_a_session_of_its_own(root: Path) -> None:
    run = wait_run(start_run(shell("ps -o pid=,pgid=,sid= -p $$ > made.txt"), root).path)
    pid, group, session = map(int, (run.folder.path / "made.txt").read_text().split())
    assert run.status.child is not None and run.status.supervisor is not None
    assert pid == group == run.status.child.pid
    assert session not in (os.getsid(0), pid)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGKILL])
def test_a_run_survives_the_end_of_whoever_started_it(tmp_path: Path, number: signal.Signals) -> None:
    """Must hold: kill -HUP (or -9) of the app and its whole group in mid-run; the run ends well and is found."""
    bench = Bench.at(tmp_path, "newer")
    request = bench.request("float", "slow")
    script = (
        "import sys, time, signal\nfrom pathlib import Path\n"
        "from sgs_tui.engine.backends.start import start_run\n"
        "from sgs_tui.engine.runs.run_folder import request_from_json\n"
        "signal.signal(signal.SIGHUP, signal.SIG_DFL)\n"
        "root, stored = map(Path, sys.argv[1:])\n"
        "print(start_run(request_from_json(stored.read_bytes(), stored), root).path, flush=True)\n"
        "time.sleep(600)\n"
    )
    stored = create_run_folder(request, tmp_path / "elsewhere").request_path
    argv = [sys.executable, "-c", script, str(bench.root), str(stored)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, start_new_session=True) as app:
        assert app.stdout is not None
        path = Path(app.stdout.readline().strip())
        until(lambda: read_run(path).state is RunState.RUNNING)
        os.killpg(app.pid, number)
        assert app.wait() == -number
    run = wait_run(path)
    assert run.state is RunState.OK, run.status
    [found] = list_runs(bench.root)
    assert found.dump is not None and found.dump.stat().st_size == 249117


def test_following_tells_log_progress_and_the_end(tmp_path: Path) -> None:
    bench = Bench.at(tmp_path, "newer")
    folder = start_run(bench.request("float", "slow"), bench.root)
    events = list(follow(folder.path))
    lines = [event.text for event in events if isinstance(event, LogLine)]
    sizes = [event.snapshot.dump_size for event in events if isinstance(event, RunProgress)]
    assert lines[0] == "Net:"
    assert any(size is not None and 0 < size < 249117 for size in sizes)
    assert sizes[-1] == 249117
    assert isinstance(events[-1], RunEnded) and events[-1].run.state is RunState.OK


def test_progress_bars_reach_the_status(tmp_path: Path) -> None:
    bench = Bench.at(tmp_path)
    model = write_model(bench.home / "bars_float.sim", "float", "slow")
    target = bench.home / "out_fixed.sim"
    calibrator = str(bench.sdk.scripts / "calibrator.py")
    ini = bench.home / "input_config.ini"
    ini.write_text("[INPUT_CONFIG]\n")
    argv = (sys.executable, calibrator, "-i", str(bench.home / "test.jpg"), "-m", str(model))
    argv += ("--input_config", str(ini), "-o", str(target))
    asked = bench.request()
    product = Product(str(target), ProductKind.FILE)
    request = replace(asked, argv=argv, products=(product,), backend="command", model=str(model))
    folder = start_run(request, bench.root)
    texts = {event.snapshot.progress for event in follow(folder.path) if isinstance(event, RunProgress)}
    run = read_run(folder.path)
    assert run.state is RunState.OK, run.status
    assert any("%" in text and "ETA" in text for text in texts)
    assert json.loads(target.read_text())["kind"] == "fixed"
    assert run.status.progress == ""


def test_a_failed_calibration_does_not_pass_an_old_model_off_as_new(tmp_path: Path) -> None:
    old = tmp_path / "old_fixed.sim"
    old.write_text("from yesterday")
    failing = wait_run(start_run(shell("exit 0", str(old)), tmp_path / "runs").path)
    assert failing.state is RunState.FAILED and failing.status.failure == "stale_product"
    assert old.read_text() == "from yesterday"
    renewed = wait_run(start_run(shell(f"echo new > {old}", str(old)), tmp_path / "runs").path)
    assert renewed.state is RunState.OK
    assert renewed.status.products[0].path == str(old)


def test_several_products_by_pattern(root: Path) -> None:
    products = (Product("info_*.pkl", ProductKind.PATTERN),)
    run = wait_run(start_run(shell("touch info_0.pkl info_1.pkl", products=products), root).path)
    assert [made.path for made in run.status.products] == ["info_0.pkl", "info_1.pkl"]
    none = wait_run(start_run(shell("true", products=products), root).path)
    assert none.status.failure == "no_product"


def test_cancelling_ends_the_whole_group_even_when_it_ignores_term(root: Path) -> None:
    script = "trap '' TERM; (trap '' TERM; echo deaf; sleep 600) & echo $! > pid; wait; sleep 600"
    folder = start_run(shell(script), root)
    until(printed(folder, "deaf"))
    grandchild = ProcessIdentity.of(int((folder.work_path / "pid").read_text()))
    assert is_alive(grandchild)
    cancel_run(folder.path)
    run = wait_run(folder.path)
    assert run.state is RunState.CANCELLED
    until(lambda: not is_alive(grandchild))
    with pytest.raises(InputError, match="not running"):
        cancel_run(folder.path)


def test_a_run_started_where_signals_are_ignored_is_cancelled_all_the_same(root: Path) -> None:
    """By nohup, or in a shell's background: what is started inherits that Ctrl-C, and maybe TERM, is ignored."""
    before = {
        number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM)
    }
    try:
        folder = start_run(shell("echo up; sleep 600"), root)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    until(printed(folder, "up"))
    cancel_run(folder.path)
    run = wait_run(folder.path)
    assert run.state is RunState.CANCELLED
    assert run.status.child is not None and not group_is_alive(run.status.child)


def test_nothing_is_left_of_a_run_that_ended(root: Path) -> None:
    folder = start_run(shell("sleep 600 & echo $! > made.txt; exit 0"), root)
    run = wait_run(folder.path)
    assert run.state is RunState.OK
    left = ProcessIdentity.of(int((run.folder.path / "made.txt").read_text()))
    until(lambda: not is_alive(left))


def test_a_killed_supervisor_leaves_a_lost_run_that_can_be_cleared_up(root: Path) -> None:
    folder = start_run(shell("echo up; sleep 600"), root)
    until(printed(folder, "up"))
    status = read_run(folder.path).status
    assert status.supervisor is not None and status.child is not None
    os.kill(status.supervisor.pid, signal.SIGKILL)
    until(lambda: read_run(folder.path).state is RunState.LOST)
    run = read_run(folder.path)
    assert "gone" in run.status.message and "cancel" in run.status.hint
    assert wait_run(folder.path).state is RunState.LOST
    cancel_run(folder.path)
    until(lambda: not group_is_alive(status.child))
    assert "start it again" in read_run(folder.path).status.hint


def test_a_reboot_makes_a_run_lost(root: Path) -> None:
    folder = start_run(shell("sleep 600"), root)
    until(lambda: read_run(folder.path).state is RunState.RUNNING)
    real = folder.read_status()
    assert real.supervisor is not None
    try:
        folder.write_status(replace(real, supervisor=replace(real.supervisor, boot="an earlier boot")))
        assert read_run(folder.path).state is RunState.LOST
        folder.write_status(replace(real, supervisor=replace(real.supervisor, started_ticks=1)))
        assert read_run(folder.path).state is RunState.LOST
        folder.write_status(replace(real, supervisor=replace(real.supervisor, place="another host")))
        assert read_run(folder.path).state is RunState.RUNNING  # its supervisor was heard of a moment ago
        os.utime(folder.status_path, (1, 1))
        assert read_run(folder.path).state is RunState.LOST
    finally:
        folder.write_status(real)
        cancel_run(folder.path)
        wait_run(folder.path)


def test_runs_wait_for_a_slot_in_order_and_can_be_cancelled_there(root: Path) -> None:
    first = start_run(shell("echo up; sleep 600"), root)
    until(printed(first, "up"))
    second = start_run(shell("touch made.txt"), root)
    third, fourth = start_runs([shell("touch made.txt"), shell("touch made.txt")], root)
    assert [read_run(folder.path).state for folder in (second, third, fourth)] == [RunState.QUEUED] * 3
    beside = start_run(shell("touch made.txt"), root, parallel=2)  # may take the second slot, but not overtake
    cancel_run(third.path)
    assert read_run(third.path).state is RunState.CANCELLED
    cancel_run(first.path)
    runs = [wait_run(folder.path) for folder in (second, third, fourth, beside)]
    assert [run.state for run in runs] == [RunState.OK, RunState.CANCELLED, RunState.OK, RunState.OK]
    assert (runs[0].status.started or 0) <= (runs[2].status.started or 0)
    assert not list((root / ".slots").glob("ticket-*"))


def test_a_run_whose_folder_is_deleted_ends_and_the_next_one_goes_on(root: Path) -> None:
    first, second = start_runs(
        [shell("(sleep 600) & echo $! > pid; echo up; sleep 600"), shell("touch made.txt")], root
    )
    until(printed(first, "up"))
    run = read_run(first.path)
    grandchild = ProcessIdentity.of(int((first.work_path / "pid").read_text()))
    assert run.status.supervisor is not None and run.status.child is not None
    shutil.rmtree(first.path)
    os.kill(run.status.supervisor.pid, signal.SIGUSR1)  # look now, not with the next heartbeat
    until(lambda: not is_alive(grandchild) and not group_is_alive(run.status.child))
    assert wait_run(second.path).state is RunState.OK
    assert not first.path.exists()


def test_term_to_the_supervisor_ends_its_runs_as_cancelled(root: Path) -> None:
    first, second = start_runs([shell("echo up; sleep 600"), shell("touch made.txt")], root)
    until(printed(first, "up"))
    supervisor = read_run(first.path).status.supervisor
    assert supervisor is not None
    os.kill(supervisor.pid, signal.SIGTERM)
    runs = [wait_run(folder.path) for folder in (first, second)]
    assert [run.state for run in runs] == [RunState.CANCELLED, RunState.CANCELLED]


def test_a_quiet_child_costs_nothing(root: Path) -> None:
    """No polling: neither time on the processor nor wake-ups while the child is silent."""
    folder = start_run(shell("echo up; sleep 600"), root)
    until(printed(folder, "up"))
    supervisor = read_run(folder.path).status.supervisor
    assert supervisor is not None

    def cost() -> tuple[str, str]:
        status = Path(f"/proc/{supervisor.pid}/status").read_text()
        times = Path(f"/proc/{supervisor.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        switches = next(line for line in status.splitlines() if line.startswith("voluntary_ctxt_switches"))
        return " ".join(times), switches

    def is_quiet() -> bool:
        before = cost()
        time.sleep(2.0)
        return cost() == before

    # One quiet window of two seconds is proof enough: the start may take long, and heartbeats come every 20 seconds.
    assert any(is_quiet() for _ in range(6))
    cancel_run(folder.path)
    wait_run(folder.path)


def test_waiting_supervisors_load_nothing_heavy() -> None:
    script = "import sys, sgs_tui.engine.backends.supervise; print([m for m in sys.modules if m in {'numpy', 'onnx'}])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_command_that_can_not_be_started(root: Path) -> None:
    request = shell("true", environment={"PATH": "/usr/bin:/bin"})
    with pytest.raises(RunError, match="no such program"):
        start_run(replace(request, argv=("no-such-program",)), root)
    script = root.parent / "script.py"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    run = wait_run(start_run(replace(request, argv=(str(script),)), root).path)
    assert run.state is RunState.FAILED and "cannot start" in run.status.message


def test_a_folder_deleted_in_mid_run_harms_nobody(root: Path) -> None:
    delete = "folder=$(dirname $PWD); cd /; until rm -rf $folder; do :; done"  # the supervisor writes meanwhile
    first, second = start_runs([shell(f"echo up; {delete}"), shell("touch made.txt")], root)
    assert wait_run(second.path).state is RunState.OK
    assert first.path not in [run.folder.path for run in list_runs(root)]


def test_a_folder_is_supervised_only_once(root: Path) -> None:
    folder = start_run(shell("touch made.txt"), root)
    wait_run(folder.path)
    before = folder.status_path.read_bytes()
    argv = [sys.executable, "-m", "sgs_tui.engine.backends.supervise", str(folder.path)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "started before" in done.stderr
    assert folder.status_path.read_bytes() == before


def test_a_full_disk_on_the_way_does_not_end_the_run(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reserve is given up, the run goes on, and its last status is written."""
    from sgs_tui.engine.runs import supervisor

    request = shell("true")
    folder = create_run_folder(request, root)
    surroundings = supervisor.Surroundings(
        ProcessIdentity.of(os.getpid()), backend_of, 0, lambda: "", lambda s: None, 1
    )
    run = supervisor.SupervisedRun(folder, surroundings)

    def full(self: RunFolder, status: object) -> None:
        raise InputError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "write_status", full)
        run.fail("first", "lost to the full disk")
    assert not folder.reserve_path.exists()
    run.crash("Traceback\nValueError: a defect of ours")
    assert "a defect of ours" in folder.read_status().message
    assert "Traceback" in folder.supervisor_log_path.read_text()


def test_status_survives_a_later_version(root: Path) -> None:
    folder = create_run_folder(shell("true"), root)
    document = json.loads(status_to_json(folder.read_status())) | {"something": "new"}
    folder.status_path.write_text(json.dumps(document))
    run: Run = read_run(folder.path)
    assert run.state is RunState.QUEUED

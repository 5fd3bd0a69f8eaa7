"""Runs whose SDK lives elsewhere, through the real supervisor: a stand-in docker, and a real sshd on the loopback."""

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from sgs_tui.engine.backends.sdk import SdkRequest, sdk_runs
from sgs_tui.engine.backends.sdk_ask import SdkAnswers
from sgs_tui.engine.backends.sdk_install import Generation, Sdk, SdkWish, find_sdk
from sgs_tui.engine.backends.start import start_run
from sgs_tui.engine.errors import RunError, SgsError
from sgs_tui.engine.runs.run_folder import RunRequest, RunState
from sgs_tui.engine.runs.run_list import Run, read_run
from sgs_tui.engine.runs.runs import cancel_run, wait_run
from tests.standin_sdk import TINY, write_model, write_preprocess
from tests.standin_sdk.bench import TIME_LIMIT, Bench
from tests.standin_sdk.docker_home import DockerHome
from tests.standin_sdk.sshd import Sshd, loopback_sshd
from tests.waiting import until

EXEC, RUN, SSH = "docker exec -i box", "docker run --rm sgs", "ssh"
WAYS = (EXEC, RUN, SSH)


class Elsewhere:
    """A bench whose SDK is reached by docker or ssh."""

    def __init__(self, folder: Path, docker: DockerHome) -> None:
        self.folder, self.docker = folder, docker
        self.bench = Bench.at(folder, "newer")
        self.sshd: Sshd | None = None
        self.known: dict[tuple[str, ...], Sdk] = {}

    def via(self, way: str) -> str:
        return way if way != SSH else self._server.via()

    @property
    def _server(self) -> Sshd:
        assert self.sshd is not None
        return self.sshd

    def sdk(self, way: str, *maps: str, **more: Any) -> Sdk:
        wish = SdkWish(via=self.via(way), maps=maps, **{"python": sys.executable, **more})
        key = (str(wish), way)
        if key not in self.known:
            self.known[key] = find_sdk(self.bench.sdk.root, wish, self.bench.environ)
        return self.known[key]

    def request(self, way: str, behave: str = "", *maps: str, **changes: Any) -> RunRequest:
        model = write_model(self.bench.home / f"net_{behave}_float.sim", "float", behave)
        pictures, script = self.bench.home / "test.jpg", self.bench.home / "pre.py"
        asked = SdkRequest(
            **{"model": model, "image": str(pictures), "preprocess": str(script), "timeout": TIME_LIMIT, **changes}
        )
        [request] = sdk_runs(asked, self.sdk(way, *maps))
        return request

    def start(self, way: str, behave: str, *maps: str, **changes: Any) -> Run:
        """A run that has come so far that the simulator is at work there."""
        run = read_run(start_run(self.request(way, behave, *maps, **changes), self.bench.root).path)
        told = {"hang": "now it hangs", "hang_ignoring_term": "now it hangs", "slow": "Net:"}[behave]
        until(lambda: told in self.log(run))
        return run

    def log(self, run: Run) -> str:
        return run.folder.log_path.read_text() if run.folder.log_path.exists() else ""

    def left(self) -> list[str]:
        """Processes that have to do with this bench: command lines."""
        lines = (process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"]))
        return [
            " ".join(line) for line in lines if any(str(self.folder) in word for word in line if "sshd" not in line[0])
        ]

    def nothing_is_left(self, run: Run) -> None:
        until(lambda: not [line for line in self.left() if "supervise" not in line])
        assert not self.docker.containers() - {"box"}
        assert not list(run.folder.work_path.glob(".elsewhere*")) and not list(run.folder.work_path.glob("*.state"))
        assert not [path for path in Path("/tmp").glob("sgs-tui-*/log") if str(self.folder) in path.read_text()]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    folder = tmp_path_factory.mktemp("elsewhere")
    place = Elsewhere(folder, DockerHome.at(folder / "docker"))
    place.docker.add_image("sgs")
    place.docker.add_container("box")
    yield place
    assert not place.left()


@pytest.fixture(scope="module")
def server(place: Elsewhere) -> Iterator[Sshd]:
    with loopback_sshd(place.folder / "ssh") as server:
        place.sshd = server
        yield server


@pytest.fixture(autouse=True)
def way(request: pytest.FixtureRequest, place: Elsewhere, monkeypatch: pytest.MonkeyPatch) -> str:
    """The way of a parametrized test, once it can be gone; the stand-in docker is found first."""
    place.docker.on_path(monkeypatch)
    monkeypatch.setenv("XDG_CACHE_HOME", str(place.folder / "cache"))  # each way is asked once
    wanted = str(getattr(request, "param", EXEC))
    if wanted == SSH:
        request.getfixturevalue("server")
    return wanted


every_way = pytest.mark.parametrize("way", WAYS, indirect=True)


@every_way
def test_a_dump_is_what_the_simulator_wrote_there(place: Elsewhere, way: str) -> None:
    run = place.bench.run(place.request(way))
    assert run.state is RunState.OK, (run.status, place.log(run))
    assert run.dump is not None and run.dump.read_bytes() == (TINY / "float.bin").read_bytes()
    assert run.request.details["via"] == place.via(way)
    place.nothing_is_left(run)


@every_way
def test_a_cancelled_run_ends_there(place: Elsewhere, way: str) -> None:
    run = place.start(way, "hang")
    cancel_run(run.folder.path)
    run = wait_run(run.folder.path, TIME_LIMIT)
    assert (run.state, run.status.message) == (RunState.CANCELLED, "cancelled"), run.status
    place.nothing_is_left(run)


def test_what_ignores_term_is_killed_there(place: Elsewhere, way: str) -> None:
    run = place.start(way, "hang_ignoring_term")
    cancel_run(run.folder.path)
    run = wait_run(run.folder.path, TIME_LIMIT)
    assert run.state is RunState.CANCELLED, run.status
    place.nothing_is_left(run)


def test_a_time_limit_ends_it_there(place: Elsewhere, way: str) -> None:
    run = place.bench.run(place.request(way, "hang", timeout=4))
    assert run.state is RunState.TIMED_OUT, run.status
    place.nothing_is_left(run)


def cut(place: Elsewhere, way: str) -> None:
    """End the client that the worker waits for, as a broken line does; what runs there is not touched."""
    if way == SSH:
        assert place.sshd is not None and place.sshd.cut()
        return
    workers = [
        p for p in psutil.process_iter(["cmdline"]) if "sgs_tui.engine.backends.elsewhere" in (p.info["cmdline"] or [])
    ]
    own = [child for worker in workers if worker.cwd().startswith(str(place.folder)) for child in worker.children()]
    assert own
    for client in own:
        client.send_signal(signal.SIGKILL)


@every_way
def test_a_broken_line_does_not_end_the_run_and_it_is_found_again(place: Elsewhere, way: str) -> None:
    run = place.start(way, "slow")
    cut(place, way)
    run = wait_run(run.folder.path, TIME_LIMIT)
    assert run.state is RunState.OK, (run.status, place.log(run))
    assert run.dump is not None and run.dump.read_bytes() == (TINY / "float.bin").read_bytes()
    assert "the line broke" in place.log(run) and place.log(run).count("Net:") == 1
    place.nothing_is_left(run)


def test_what_a_killed_supervisor_left_there_is_ended_by_cancelling_the_lost_run(place: Elsewhere, way: str) -> None:
    run = place.start(way, "hang")
    run = read_run(run.folder.path)
    assert run.status.supervisor is not None and run.status.child is not None
    os.kill(run.status.supervisor.pid, signal.SIGKILL)
    os.killpg(run.status.child.pid, signal.SIGKILL)
    until(lambda: "elsewhere may still run" in read_run(run.folder.path).status.hint)  # once its child is gone, too
    assert read_run(run.folder.path).state is RunState.LOST
    cancel_run(run.folder.path)
    place.nothing_is_left(run)


def test_signals_there_are_signals_here(place: Elsewhere, way: str) -> None:
    run = place.bench.run(place.request(way, "crash"))
    assert (run.state, run.status.signal) == (RunState.FAILED, "SIGSEGV"), run.status


def test_a_container_that_stops_in_the_middle(place: Elsewhere) -> None:
    place.docker.add_container("other")
    run = place.start("docker exec -i other", "hang")
    place.docker.kill("other")
    run = wait_run(run.folder.path, TIME_LIMIT)
    assert run.state is RunState.FAILED and "there is no container other" in run.status.message, run.status


@pytest.mark.parametrize("way", [SSH], indirect=True)
def test_files_that_are_not_seen_there_are_copied_and_results_come_back(place: Elsewhere, way: str) -> None:
    home = place.bench.home
    (home / "with_helper.py").write_text("from helper import image_preprocess  # noqa: F401\n")
    write_preprocess(home / "helper.py")
    (home / "o'brien & $(touch x).jpg").write_bytes(b"\xff\xd8 picture")
    hidden = (f"{home}=/nowhere", f"{place.bench.root}=/nowhere")
    changes = {"image": str(home / "o'brien & $(touch x).jpg"), "preprocess": str(home / "with_helper.py")}
    run = place.bench.run(place.request(way, "", *hidden, **changes))
    assert run.state is RunState.OK, (run.status, place.log(run))
    assert run.dump is not None and run.dump.read_bytes() == (TINY / "float.bin").read_bytes()
    place.nothing_is_left(run)
    assert not list(place.folder.rglob("x"))


def test_a_folder_at_another_path_there(place: Elsewhere, way: str) -> None:
    inside = place.folder / "inside"
    inside.symlink_to(place.folder)
    run = place.start(way, "hang", f"{place.folder}={inside}")
    assert any(f"-m {inside}/project/net_hang_float.sim" in line for line in place.left())
    cancel_run(run.folder.path)
    assert wait_run(run.folder.path, TIME_LIMIT).state is RunState.CANCELLED
    inside.unlink()


def test_docker_run_mounts_what_a_run_needs(place: Elsewhere) -> None:
    run = place.bench.run(place.request(RUN))
    assert run.state is RunState.OK
    seen = {mount.partition(":")[0] for mounts in place.docker.mounts() for mount in mounts}
    assert {str(place.bench.home), str(run.folder.work_path)} <= seen


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("docker exec -i nobody", r"there is no container nobody \(`docker ps -a`"),
        ("docker exec -i asleep", r"the container asleep is not running \(`docker start asleep`"),
        ("docker run --rm nothing", "there is no image nothing"),
        ("no-such-program exec x", "no-such-program: there is no such program"),
        ("false", "does not get there: exit code 1, not a word"),
        ("ssh -F /dev/null host.invalid", "there is no host host.invalid|can not be reached"),
        ("ssh -F /dev/null -p 1 127.0.0.1", "the host 127.0.0.1 can not be reached: Connection refused"),
    ],
)
def test_ways_that_lead_nowhere(place: Elsewhere, wrong: str, said: str) -> None:
    place.docker.add_container("asleep", "exited")
    if wrong.startswith("ssh") and shutil.which("ssh") is None:
        pytest.skip("there is no ssh on this machine")
    with pytest.raises(SgsError, match=said) as error:
        find_sdk(place.bench.sdk.root, SdkWish(via=wrong))
    assert "\n" not in str(error.value)


def test_a_host_that_lets_nobody_in(place: Elsewhere, server: Sshd) -> None:
    with pytest.raises(
        RunError, match=r"the host locked lets nobody in without a password: Permission denied.*ssh-copy-id"
    ):
        find_sdk(place.bench.sdk.root, SdkWish(via=server.via("locked")))


def test_an_image_whose_python_lacks_a_library(place: Elsewhere) -> None:
    place.docker.add_image("bare", {"STANDIN_CV2": "1", "PYTHONPATH": str(place.docker.without_cv2())})
    with pytest.raises(RunError, match=r"simulator\.py does not start .*docker run --rm bare.*finds no module cv2"):
        place.request("docker run --rm bare")


def test_what_is_wrong_there_is_said_before_the_run(place: Elsewhere) -> None:
    with pytest.raises(SgsError, match="there is no such folder there"):
        find_sdk(Path("/no/such/sdk"), SdkWish(via=EXEC))
    with pytest.raises(SgsError, match=r"is no SDK: Scripts/calibrator/simulator\.py is missing"):
        find_sdk(place.folder, SdkWish(via=EXEC))
    with pytest.raises(SgsError, match="no SDK is named, and SGS_IPU_DIR is not set there"):
        find_sdk(None, SdkWish(via=EXEC))
    with pytest.raises(SgsError, match="python9: there is no such interpreter there"):
        SdkAnswers(place.sdk(EXEC, python="python9")).interpreter()


def test_the_sdk_there_is_asked(place: Elsewhere, way: str) -> None:
    sdk = place.sdk(way)
    assert (sdk.version, sdk.generation) == ("S1.0.9_standin", Generation.NEWER)
    found = SdkAnswers(sdk).interpreter()
    assert found.version == f"{sys.version_info[0]}.{sys.version_info[1]}" and found.bits == 64
    assert SdkAnswers(sdk).options().requires("-n")


def test_an_unseen_product_is_refused_before_anything_runs(place: Elsewhere, way: str) -> None:
    request = place.request(way, "", f"{place.bench.home}=/nowhere")
    run = place.bench.run(request)
    assert run.state is RunState.FAILED
    assert "is not seen there, or is another file" in run.status.message and "--sdk-map" in run.status.hint

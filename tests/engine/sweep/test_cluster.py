"""Sweeps on Dask: the same figures on this machine, on processes with TLS, over SSH, and with a worker gone."""

import getpass
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.errors import CancelledError, InputError, RunError, UsageError
from sgs_tui.engine.sweep.cluster import Cluster, OnCluster, run_task
from sgs_tui.engine.sweep.pairs import DumpPairs
from sgs_tui.engine.sweep.pictures import sample_pictures
from sgs_tui.engine.sweep.results import Picture, Status, SweepResult
from sgs_tui.engine.sweep.sweep import Sweep, SweepRequest, processes
from sgs_tui.engine.sweep.twin_pictures import TwinPictures
from sgs_tui.engine.sweep.workers import DIED, How
from sgs_tui.engine.twin.opening import Files
from tests.engine.sweep.test_sweep import Killing, check_equal, pairs_of

pytestmark = pytest.mark.skipif(find_spec("distributed") is None, reason="needs the extra cluster")
REPOSITORY = Path(__file__).resolve().parents[3]


def swept(cluster: Cluster, how: How, pictures: tuple[Picture, ...]) -> SweepResult:
    sweep = Sweep(SweepRequest(how, pictures), OnCluster(cluster))
    list(sweep.run())
    return sweep.result()


@pytest.mark.timeout(110)
def test_a_cluster_on_this_machine_whose_workers_die(dumps: Path, tmp_path: Path) -> None:
    pictures = pairs_of(dumps)
    check_equal(swept(Cluster(workers=2), Killing("p4", tmp_path / "killed"), pictures), pictures)
    assert (tmp_path / "killed").exists()


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with cert.pem, its own authority, and key.pem."""
    if not shutil.which("openssl"):
        pytest.skip("openssl, which makes certificates, is not on this machine")
    folder = tmp_path_factory.mktemp("tls")
    names = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
    made = ("-keyout", "key.pem", "-out", "cert.pem", "-days", "2", "-nodes")
    openssl(folder, "req", "-x509", "-newkey", "rsa:2048", *made, *names)
    return folder


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(REPOSITORY)}


@contextmanager
def started(*arguments: str, folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """A Dask command in a process of its own, ended with the block."""
    command = [sys.executable, "-m", *arguments]
    with subprocess.Popen(command, cwd=folder, env=environment(), stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()


@pytest.fixture(scope="module")
def tls(certificate: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A scheduler and two workers with TLS, each a process with a folder of its own."""
    files = {"ca": "cert.pem", "cert": "cert.pem", "key": "key.pem"}
    paths = [
        word
        for key, name in files.items()
        for word in (f"--tls-{key}{'-file' if key == 'ca' else ''}", str(certificate / name))
    ]
    home = tmp_path_factory.mktemp("cluster")
    with started(
        "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--protocol", "tls", "--no-dashboard",
        *paths, folder=home,
    ) as scheduler:  # fmt: skip
        assert scheduler.stderr is not None
        address = next(line.split("at:")[1].strip() for line in scheduler.stderr if "Scheduler at:" in line)
        once = ("--nthreads", "2", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1")
        workers = [
            started("distributed.cli.dask_worker", address, *once, *paths, folder=tmp_path_factory.mktemp("worker"))
            for _ in range(2)
        ]
        with workers[0], workers[1]:
            yield Cluster(address, (), None, *(certificate / name for name in files.values()))


@pytest.mark.timeout(110)
def test_separate_processes_with_tls(tls: Cluster, dumps: Path) -> None:
    pictures = pairs_of(dumps)
    check_equal(swept(tls, DumpPairs(), pictures), pictures)


@pytest.mark.timeout(110)
def test_pictures_and_scripts_travel(tls: Cluster, tmp_path: Path, sgs: Path) -> None:
    with open_dump(sgs / "tiny" / "float.bin") as dump:
        own = dump.read(dump.find("data")[0]).reshape(1, 32, 32, 3)
    paths = [tmp_path / f"{number}.npy" for number in range(4)]
    for number, path in enumerate(paths):
        np.save(path, own * np.float32(1 - number / 10))
    pictures, how = sample_pictures([(path,) for path in paths]), TwinPictures(Files(sgs / "tiny" / "float.bin"), 2)
    here = Sweep(SweepRequest(how, pictures), processes(2))
    list(here.run())
    there = swept(tls, how, pictures)
    assert there.layers == here.result().layers and there.pictures == here.result().pictures


def test_a_worker_without_the_files_uses_those_that_came_along(tmp_path: Path, sgs: Path) -> None:
    """What a worker of another machine does: paths that are not there, contents that came with the task."""
    (tmp_path / "pre.py").write_text(
        "import numpy as np\ndef image_preprocess(path, norm=True):\n    return np.load(path)\n"
    )
    np.save(tmp_path / "a.npy", np.full((1, 32, 32, 3), 0.5, np.float32))
    tiny = sgs / "tiny"
    how = TwinPictures(Files(tiny / "float.bin", None, tiny / "tensor_min_max.txt"), 2)
    how = replace(how, preprocess=replace(how.preprocess, modules=(tmp_path / "pre.py",)))
    expected, sent = how.digest(), {path: path.read_bytes() for path in (*how.small_files(), tmp_path / "a.npy")}
    gone = tmp_path / "gone"
    elsewhere = {path: gone / path.name for path in sent}
    contents = {elsewhere[path]: data for path, data in sent.items()}
    far = how.moved(elsewhere)
    found = run_task(far, expected, Picture("a", (gone / "a.npy",)), contents)
    assert found.measured is not None, found.reason
    assert run_task(how, expected, Picture("a", (tmp_path / "a.npy",)), {}).digest == found.digest
    other = run_task(how, "another digest", Picture("a", (tmp_path / "a.npy",)), {})
    assert "not those of the sweep" in other.reason


@contextmanager
def ssh_server(folder: Path) -> Iterator[int]:
    """An sshd on loopback that lets us in by a key of its own; skips where there is none that runs."""
    binary = shutil.which("sshd") or next((p for p in ("/usr/sbin/sshd",) if Path(p).exists()), None)
    if binary is None or not shutil.which("ssh-keygen"):
        pytest.skip("no sshd on this machine")
    for name in ("host", "own"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    shutil.copy(folder / "own.pub", folder / "authorized")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    lines = (
        f"Port {port}", "ListenAddress 127.0.0.1", f"HostKey {folder / 'host'}", "PidFile none", "UsePAM no",
        f"AuthorizedKeysFile {folder / 'authorized'}", "StrictModes no", "PasswordAuthentication no",
        f"SetEnv PYTHONPATH={REPOSITORY}", "PermitRootLogin prohibit-password",
    )  # fmt: skip
    (folder / "config").write_text("\n".join(lines) + "\n")
    log = ["-D", "-e", "-f", str(folder / "config")]
    with subprocess.Popen([binary, *log], stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        told = next((line for line in server.stderr if "listening" in line.lower()), "")
        if not told:
            pytest.skip("sshd does not run here")
        try:
            yield port
        finally:
            server.terminate()


@pytest.mark.timeout(110)
def test_over_ssh_on_loopback(dumps: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("asyncssh")
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    with ssh_server(home) as port:
        known = home / "known_hosts"
        known.write_text(f"[127.0.0.1]:{port} {(home / 'host.pub').read_text()}")
        (home / ".ssh" / "config").write_text(
            f"Host 127.0.0.1\n  Port {port}\n  User {getpass.getuser()}\n  IdentityFile {home / 'own'}\n"
            f"  UserKnownHostsFile {known}\n"
        )
        pictures = pairs_of(dumps)
        result = swept(Cluster(hosts=("127.0.0.1",), workers=2), DumpPairs(), pictures)
    check_equal(result, pictures)


@pytest.mark.parametrize(
    ("cluster", "words"),
    [
        (Cluster("tcp://10.0.0.5:8786"), "not encrypted"),
        (Cluster("tls://10.0.0.5:8786"), "needs certificates"),
        (Cluster("10.0.0.5"), "expected tls://HOST:PORT"),
        (Cluster("tls://host"), "expected tls://HOST:PORT"),
        (Cluster(hosts=("127.0.0.1", "board7")), "without TLS"),
        (Cluster("tls://a:1", hosts=("b",)), "a cluster that is there, or one to start"),
        (Cluster("tls://a:1", tls_ca=Path(__file__)), "three files"),
    ],
)
def test_what_would_be_open_to_anybody_is_refused(cluster: Cluster, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        cluster.check()


def test_what_is_accepted(tmp_path: Path) -> None:
    for cluster in (
        Cluster("tcp://127.0.0.1:8786"), Cluster("tcp://[::1]:8786"), Cluster("tcp://far:8786", insecure=True),
        Cluster(hosts=("me@localhost", "127.0.0.1")), Cluster(hosts=("board7",), insecure=True),
    ):  # fmt: skip
        cluster.check()
    missing = Cluster("tls://a:1", (), None, tmp_path / "ca", tmp_path / "cert", tmp_path / "key")
    with pytest.raises(InputError, match="no such file"):
        missing.check()


@pytest.mark.timeout(110)
def test_no_scheduler(dumps: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is waited for is said before it is; TLS is spoken of where there is some."""
    monkeypatch.setattr("sgs_tui.engine.sweep.cluster._CONNECT", 1)
    monkeypatch.setattr("sgs_tui.engine.sweep.cluster._STEP", 1)
    said: list[str] = []
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        runner = OnCluster(Cluster(address), said.append)
        with pytest.raises(RunError, match=f"no cluster: {address} did not answer in 1 s") as found:
            list(runner(DumpPairs(), list(enumerate(pairs_of(dumps))), Event()))
        assert said == [f"waiting up to 1 s for a worker at {address}"]
        assert found.value.hint == f"is a scheduler at {address}, without TLS?"
        stop = Event()
        stop.set()
        with pytest.raises(CancelledError):
            list(runner(DumpPairs(), list(enumerate(pairs_of(dumps))), stop))


@pytest.mark.timeout(110)
def test_a_scheduler_without_workers(dumps: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr("sgs_tui.engine.sweep.cluster._CONNECT", 1)
    with distributed.LocalCluster(
        n_workers=0, processes=False, protocol="tcp", host="127.0.0.1", dashboard_address=None
    ) as idle:
        address = idle.scheduler_address
        with pytest.raises(RunError, match=f"no worker came to {address} in 1 s") as found:
            swept(Cluster(address), DumpPairs(), pairs_of(dumps))
    assert found.value.hint == f"start one there: `dask worker {address}`"


def test_rows_of_pictures_that_kill(dumps: Path) -> None:
    result = swept(Cluster(workers=1), Killing("p4", None), pairs_of(dumps)[3:6])
    assert [row.status is Status.ERROR for row in result.pictures] == [False, True, False]
    assert result.pictures[1].reason == DIED

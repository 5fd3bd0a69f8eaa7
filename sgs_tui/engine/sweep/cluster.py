"""The same tasks on a Dask cluster: one on this machine, one that is there, or one started over SSH.

A worker needs this package and, on its own disk under the same path, what is large: the float dump, the model, dumps to
be compared. What is small travels with the task where the worker does not have it: the picture itself, the preprocess
script, ranges and settings. A worker refuses a network whose content is not the coordinator's.

A Dask scheduler runs whatever it is sent. So the cluster on this machine listens on loopback alone, encrypted with
certificates that live as long as it does; any other needs TLS, unless that is waived (`insecure`).
"""

import ipaddress
import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from queue import Empty, SimpleQueue
from tempfile import TemporaryDirectory
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sgs_tui.engine.errors import CancelledError, InputError, RunError, SgsError, UsageError, told
from sgs_tui.engine.files import read_bytes
from sgs_tui.engine.sweep.results import Failure, Outcome, Picture
from sgs_tui.engine.sweep.workers import DIED, How, Measurer, Placed, default_workers, failure_of, measure_picture
from sgs_tui.language import Message

if TYPE_CHECKING:
    from distributed import Client
    from distributed.security import Security

_LOOK = 0.1
_CONNECT = 30
"""Seconds to find a scheduler and for its first worker to come."""
_STEP = 5
"""Seconds of one try to reach it."""
_SENT = 64 << 20
"""Bytes of a picture that are sent to a worker at most."""
_EXTRA = Message("install the extra: pip install 'sgs-tui[cluster]'")


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where: a `scheduler` (tls://host:port), `hosts` to start one on over SSH, or neither: this machine.

    `workers`: on this machine, or on each host; by default one a core here, one on each host. `tls`: files of the
    authority, the certificate and its key, on every host under the same path.
    """

    scheduler: str = ""
    hosts: tuple[str, ...] = ()
    workers: int | None = None
    tls_ca: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    insecure: bool = False
    remote_python: str = ""

    @property
    def tls(self) -> bool:
        return self.tls_ca is not None

    @property
    def here(self) -> bool:
        """Whether its workers see this machine's disk."""
        return not (self.scheduler or self.hosts)

    def check(self) -> None:
        """Raise UsageError for what is no cluster, or would be open to anybody; InputError for missing files."""
        if not available():
            raise UsageError(Message("this needs Dask, which is not installed"), _EXTRA)
        files = (self.tls_ca, self.tls_cert, self.tls_key)
        if self.tls and None in files:
            raise UsageError(Message("TLS needs three files"), Message("give --tls-ca, --tls-cert and --tls-key"))
        for path in files:
            if path is not None and not path.is_file():
                raise InputError(
                    Message("{path}: no such file", path=path),
                    Message("TLS files are made once for all hosts of a cluster"),
                )
        if self.scheduler and self.hosts:
            raise UsageError(
                Message("--scheduler and --hosts: a cluster that is there, or one to start?"),
                Message("give one of them"),
            )
        if self.scheduler:
            self._check_scheduler()
        elif self.hosts and not (self.tls or self.insecure or all(map(_is_loopback, map(_host_of, self.hosts)))):
            raise UsageError(
                Message("--hosts without TLS: whoever reaches a scheduler can run anything on its workers"),
                Message("give --tls-ca, --tls-cert and --tls-key, or --insecure on a network that you trust"),
            )

    def _check_scheduler(self) -> None:
        address = urlsplit(self.scheduler)
        try:
            port = address.port
        except ValueError:
            port = None
        if address.scheme not in ("tls", "tcp") or not address.hostname or not port:
            raise UsageError(
                Message("--scheduler {scheduler}: expected tls://HOST:PORT", scheduler=self.scheduler),
                Message("or tcp:// on this machine"),
            )
        if address.scheme == "tls" and not self.tls and not _configured():
            raise UsageError(
                Message("--scheduler {scheduler}: TLS needs certificates", scheduler=self.scheduler),
                Message("give --tls-ca, --tls-cert and --tls-key"),
            )
        if address.scheme == "tcp" and not self.insecure and not _is_loopback(address.hostname):
            raise UsageError(
                Message("--scheduler {scheduler}: not encrypted, and not on this machine", scheduler=self.scheduler),
                Message("use tls://, or --insecure on a network that you trust"),
            )


def available() -> bool:
    """Whether the extra `cluster` is installed."""
    return find_spec("distributed") is not None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host_of(host: str) -> str:
    return host.rpartition("@")[2]


def _configured() -> bool:
    """Whether Dask's own configuration names certificates."""
    import dask
    import distributed  # noqa: F401 - loads its defaults

    return bool(dask.config.get("distributed.comm.tls.ca-file", None))


@dataclass(frozen=True, slots=True)
class OnCluster:
    """Runs pictures on a cluster; what a sweep takes as its runner. `say` is told what is waited for."""

    cluster: Cluster
    say: Callable[[str], None] = lambda text: None

    def __call__(self, how: How, pictures: Sequence[Placed], cancel: Event) -> Iterator[tuple[int, Outcome]]:
        """Places and outcomes as they come. Raises UsageError, RunError (no cluster), CancelledError."""
        self.cluster.check()
        settled = how.moved({})  # what lies beside the files is found here, once for all workers
        with _connected(self.cluster, cancel, self.say) as client:
            yield from _outcomes(client, settled, pictures, cancel, self.cluster.here)


def _outcomes(
    client: "Client", how: How, pictures: Sequence[Placed], cancel: Event, here: bool
) -> Iterator[tuple[int, Outcome]]:
    """A few pictures for each worker under way. When a worker dies Dask blames all that it had; those are measured
    again one at a time, and the one that kills its worker once more, alone, is the one."""
    expected = how.digest()
    parts = {} if here else _contents(how.small_files())

    def submit(picture: Picture) -> Any:
        sent = parts if here else {**parts, **_contents(picture.files)}
        return client.submit(run_task, how, expected, picture, sent, pure=False)

    suspects: list[Placed] = []
    for placed, future in _flying(client, deque(pictures), submit, cancel):
        if (outcome := _outcome(future)) is not None:
            yield placed[0], outcome
        else:
            suspects.append(placed)
    for suspect in suspects:
        for placed, future in _flying(client, deque([suspect]), submit, cancel):
            yield placed[0], _outcome(future) or Outcome("", None, DIED, Failure.RUN)


def _flying(
    client: "Client", waiting: deque[Placed], submit: Callable[[Picture], Any], cancel: Event
) -> Iterator[tuple[Placed, Any]]:
    """Finished futures as they come. Raises CancelledError."""
    flying, done = dict[Any, Placed](), SimpleQueue[Any]()
    while waiting or flying:
        while waiting and len(flying) < 2 * max(1, sum(client.nthreads().values())):
            placed = waiting.popleft()
            future = submit(placed[1])
            flying[future] = placed
            future.add_done_callback(done.put)
        with suppress(Empty):
            future = done.get(timeout=_LOOK)
            yield flying.pop(future), future
        if cancel.is_set():
            client.cancel(list(flying), force=True)
            raise CancelledError(Message("the sweep was stopped"))


def _outcome(future: Any) -> Outcome | None:
    """None where Dask has given the picture up because workers died under it."""
    from distributed import KilledWorker

    try:
        found = future.result()
    except KilledWorker:
        return None
    except Exception as error:  # whatever a cluster can lose on its way: the row says what
        return Outcome(
            "",
            None,
            Message("lost on the cluster: {kind}: {error}", kind=type(error).__name__, error=str(error)),
            Failure.RUN,
        )
    assert isinstance(found, Outcome)
    return found


def _contents(paths: Sequence[Path]) -> dict[Path, bytes]:
    """Files to send along; what is too large, or can not be read, is the worker's to find."""
    found = {}
    for path in paths:
        try:
            found[path] = read_bytes(path, _SENT)
        except InputError:
            continue
    return found


# Clusters: made, found, started; and gone at the end if they are ours.


@contextmanager
def _connected(cluster: Cluster, cancel: Event, say: Callable[[str], None]) -> "Iterator[Client]":
    for name in ("distributed", "asyncssh", "bokeh"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with ExitStack() as stack:
        try:
            if cluster.scheduler:
                say(Message("waiting up to {seconds} s for a worker at {scheduler}", seconds=_CONNECT,
                            scheduler=cluster.scheduler))  # fmt: skip
                found: Any = cluster.scheduler
            else:
                if cluster.hosts:
                    say(Message("starting Dask over SSH on {hosts}", hosts=", ".join(cluster.hosts)))
                found = stack.enter_context(_over_ssh(cluster, stack) if cluster.hosts else _local(cluster))
            client = _reached(cluster, found, stack, cancel)
        except SgsError:
            raise
        except Exception as error:  # Dask, tornado, ssl, asyncssh and the system each have errors of their own
            raise RunError(
                Message("no cluster: {kind}: {error}", kind=type(error).__name__, error=_first_line(error)),
                _hint(cluster),
            ) from error
        yield client


def _reached(cluster: Cluster, found: Any, stack: ExitStack, cancel: Event) -> "Client":
    """A client of the scheduler, which has a worker; waits in steps, for a cancel to be heard. Raises RunError where no
    worker comes, CancelledError, and what Dask raises where there is no scheduler."""
    from distributed import Client

    end, client = monotonic() + _CONNECT, None
    while True:
        try:
            if client is None:
                made = Client(found, security=_security(cluster, found), timeout=_STEP, set_as_default=False)
                client = stack.enter_context(made)
            client.wait_for_workers(1, timeout=_LOOK)
            return client
        except OSError as error:  # TimeoutError is one: nobody there, or no worker, yet
            if cancel.is_set():
                raise CancelledError(Message("the sweep was stopped")) from None
            if monotonic() < end:
                continue
            if client is None and not cluster.scheduler:
                raise
            if client is None:
                raise RunError(
                    Message("no cluster: {scheduler} did not answer in {seconds} s: {why}",
                            scheduler=cluster.scheduler, seconds=_CONNECT, why=_first_line(error.__cause__ or error)),
                    _hint(cluster),
                ) from error  # fmt: skip
            raise RunError(
                Message("no cluster: no worker came to {scheduler} in {seconds} s",
                        scheduler=client.scheduler.address, seconds=_CONNECT),
                Message("start one there: `dask worker {scheduler}`", scheduler=client.scheduler.address),
            ) from None  # fmt: skip


def _first_line(error: BaseException) -> str:
    lines = (told(error) if isinstance(error, Exception) else str(error)).strip().splitlines()
    return lines[0][:300] if lines else Message("no reason given")


def _hint(cluster: Cluster) -> str:
    if cluster.scheduler:
        if cluster.scheduler.startswith("tcp:"):
            return Message("is a scheduler at {scheduler}, without TLS?", scheduler=cluster.scheduler)
        return Message("is a scheduler at {scheduler}, with these certificates?", scheduler=cluster.scheduler)
    if cluster.hosts:
        return Message(
            "`ssh HOST PYTHON -c 'import sgs_tui, distributed'` has to work on each; --remote-python names PYTHON"
        )
    return Message("--local measures in plain processes, without Dask")


def _security(cluster: Cluster, found: Any) -> "Security | None":
    from distributed.security import Security

    if cluster.here:
        security: Security | None = found.security
        return security
    if not cluster.tls:
        return None
    return Security(
        tls_ca_file=str(cluster.tls_ca), require_encryption=True,
        tls_client_cert=str(cluster.tls_cert), tls_client_key=str(cluster.tls_key),
    )  # fmt: skip


@contextmanager
def _local(cluster: Cluster) -> Iterator[Any]:
    import dask
    from distributed import LocalCluster

    with dask.config.set({"distributed.scheduler.allowed-failures": 0}), LocalCluster(
        n_workers=cluster.workers or default_workers(), threads_per_worker=1, processes=True, host="127.0.0.1",
        dashboard_address="127.0.0.1:0", security=True, memory_limit=0, silence_logs=logging.CRITICAL,
    ) as found:  # fmt: skip
        yield found


def _over_ssh(cluster: Cluster, stack: ExitStack) -> Any:
    """The scheduler runs on the first host, workers on all. What Dask is configured to here it is there."""
    import dask
    from distributed import SSHCluster

    scheduler: dict[str, Any] = {"port": 0, "dashboard": False}
    if all(_is_loopback(_host_of(host)) for host in cluster.hosts):
        scheduler["host"] = "127.0.0.1"
    if cluster.tls:
        ends = {"cert": str(cluster.tls_cert), "key": str(cluster.tls_key)}
        tls = {"ca-file": str(cluster.tls_ca), "scheduler": ends, "worker": ends, "client": ends}
        stack.enter_context(dask.config.set({"distributed.comm.tls": tls, "distributed.comm.require-encryption": True}))
        scheduler["protocol"] = "tls://"
    workers = {"nthreads": 1, "n_workers": cluster.workers or 1, "memory_limit": 0}
    return SSHCluster(
        [cluster.hosts[0], *cluster.hosts],
        scheduler_options=scheduler, worker_options=workers, remote_python=cluster.remote_python or None,
        security=_security(cluster, None),
    )  # fmt: skip


# What runs in a worker, which may have several threads.


_mine = threading.local()


def run_task(how: How, expected: str, picture: Picture, contents: Mapping[Path, bytes]) -> Outcome:
    """A picture's outcome. `expected`: the digest that `how` has where the sweep was started; `contents`: small files,
    for a worker that does not have them."""
    try:
        measurer = _measurer(how, expected, contents)
    except SgsError as error:
        return Outcome("", None, told(error), failure_of(error))
    with TemporaryDirectory(prefix="sgs-tui-") as folder:
        moved = _moved(picture.files, contents, Path(folder))
        return measure_picture(measurer, Picture(picture.name, tuple(moved.get(path, path) for path in picture.files)))


def _measurer(how: How, expected: str, contents: Mapping[Path, bytes]) -> Measurer:
    """This thread's, opened once. Raises SgsError."""
    kept: dict[str, Measurer] = _mine.__dict__.setdefault("kept", {})
    if expected not in kept:
        kept.clear()
        _mine.folder = TemporaryDirectory(prefix="sgs-tui-worker-")
        local = how.moved(_moved(tuple(contents), contents, Path(_mine.folder.name)))
        if local.digest() != expected:
            raise InputError(
                Message("worker {host}: its files are not those of the sweep", host=os.uname().nodename),
                Message("copy the network there again"),
            )
        kept[expected] = local.open()
    return kept[expected]


def _moved(paths: Sequence[Path], contents: Mapping[Path, bytes], folder: Path) -> dict[Path, Path]:
    """Where files are that were sent along, by their old paths; neighbors stay neighbors."""
    found = {}
    for path in paths:
        if path in contents:
            place = folder / blake2b(str(path.parent).encode(), digest_size=6).hexdigest()
            place.mkdir(exist_ok=True)
            found[path] = place / path.name
            found[path].write_bytes(contents[path])
    return found

"""The run folder `sgs_runs/<time>-<model>-<stage>/` and everything that is kept in it.

    request.json      what was asked: one command, its environment, its working directory, its expected products
    DebugConfig.txt   exactly what the simulator read
    status.json       how it stands and who is looking after it, replaced whole
    simulator.log     everything the child printed
    supervisor.log    what the supervisor itself had to say, normally absent
    cancel            present once somebody asked to end the run
    work/             the child's working directory, fresh, never shared
    <dump>            moved here out of work/ once it is found good

The child gets a directory of its own below the run folder because the SDK's scripts tidy up in theirs when
they end: `log/` is emptied, `output/` and tmp_image/ go into it, and so does every tensor_min_max.txt and
every file called simulator.log.
"""

import json
import os
import re
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from sgs_tui.engine.errors import InputError, RunError, reason, told
from sgs_tui.engine.files import read_bytes, real, write_atomically
from sgs_tui.engine.runs.processes import ProcessIdentity
from sgs_tui.engine.runs.records import DAMAGE, from_document, from_json, to_json
from sgs_tui.engine.text import encode
from sgs_tui.language import Message, sense

SCHEMA = "sgs-tui/run/1"
DEBUG_CONFIG = "DebugConfig.txt"


class ProductKind(StrEnum):
    """How a product is judged: `DUMP` by the dump reader, `FILE` by being there, `PATTERN` by one match."""

    DUMP = "dump"
    FILE = "file"
    PATTERN = "pattern"


class Elements(StrEnum):
    """What the headers' `type:` fields of a dump must be: a float model's say float, a fixed one's SGS_*."""

    ANY = "any"
    FLOAT = "float"
    INTEGER = "integer"


@dataclass(frozen=True, slots=True)
class Product:
    """A file that the run must leave, new.

    `path` is relative to the run's working directory, and the file is then moved into the run folder once
    it is found good; or absolute (a user's own calibrate command), and it stays there. For `PATTERN` the
    last part of `path` is a glob. `is_float`: the dump's first line must say so; None = either.
    """

    path: str
    kind: ProductKind = ProductKind.DUMP
    is_float: bool | None = None
    elements: Elements = Elements.ANY


@dataclass(frozen=True, slots=True)
class RunRequest:
    """One execution.

    `environment` is the child's exact environment; None: the starter's own, for programs of ours (a user's own
    command gets sdk_install.clean_environment or what an SDK makes of it). `cwd` None means a fresh
    working directory inside the run folder, which is what a simulator needs. `files` (name to text) and
    `links` (name to target) are made in that directory; `copies` are kept in the run folder before the
    command starts. `needs` must exist beforehand. `timeout` and `grace` (between TERM and KILL) in seconds.
    `ending` is a command for the run's directory that ends what a child that was killed left running elsewhere.
    `expected_size` in bytes, `expected_time` in seconds, None where nothing is known. `details` are for people and
    front ends (image, preprocess, SDK).
    """

    argv: tuple[str, ...]
    backend: str
    model: str
    stage: str
    products: tuple[Product, ...]
    environment: Mapping[str, str] | None = None
    cwd: str | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    copies: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    ending: tuple[str, ...] = ()
    timeout: float | None = None
    grace: float = 5.0
    expected_size: int | None = None
    expected_time: float | None = None
    details: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """`tiny_float.sim, float`: what a list of runs shows."""
        model = Path(self.model).name
        return Message("{model}, {stage}", model=model, stage=Message(self.stage)) if self.stage else model

    @property
    def debug_config(self) -> str | None:
        """The exact DebugConfig.txt of the run, where it has one."""
        return self.files.get(DEBUG_CONFIG)


def request_to_json(request: RunRequest) -> bytes:
    """The bytes of request.json."""
    return to_json(request, schema=SCHEMA)


def request_from_json(data: bytes, where: Path) -> RunRequest:
    """The inverse. Raises InputError when `data` is not ours."""
    try:
        return from_json(RunRequest, data, ("schema", SCHEMA))
    except DAMAGE as error:
        raise InputError(
            Message("{where}: damaged run request: {error}", where=where, error=told(error)),
            Message("the run can only be deleted"),
        ) from error


HEARTBEAT = 20.0
"""Seconds between two touches of status.json by a living supervisor."""

SILENCE = 15 * HEARTBEAT
"""A run on another host that was silent for so long is lost. Generous: clocks of two hosts differ."""


class RunState(StrEnum):
    """The life of a run. Only `OK` promises a dump that can be trusted; of a `DAMAGED` one not even its files tell."""

    QUEUED = "queued"
    RUNNING = "running"
    OK = "ok"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed out"
    LOST = "lost"
    DAMAGED = "damaged"

    @property
    def active(self) -> bool:
        """The run has not come to its end."""
        return self in (RunState.QUEUED, RunState.RUNNING)

    @property
    def words(self) -> Message:
        """As people read it."""
        return sense("run", "ok") if self is RunState.OK else Message(str(self))


@dataclass(frozen=True, slots=True)
class Made:
    """A product as it was found good: `path` relative to the run folder or absolute, `size` in bytes."""

    path: str
    size: int
    kind: str


@dataclass(frozen=True, slots=True)
class RunStatus:
    """status.json. Times are seconds since the epoch; `signal` is a name such as SIGSEGV.

        `message` is one sentence about the end, `hint` what to do; `failure` names the known failure it was
    , empty for none. `notes` are worth knowing on a good run too. `progress` is the last
        text of a progress bar.
    """

    state: RunState
    created: float
    started: float | None = None
    ended: float | None = None
    supervisor: ProcessIdentity | None = None
    child: ProcessIdentity | None = None
    exit_code: int | None = None
    signal: str | None = None
    progress: str = ""
    message: str = ""
    hint: str = ""
    failure: str = ""
    notes: tuple[str, ...] = ()
    products: tuple[Made, ...] = ()


def status_to_json(status: RunStatus) -> bytes:
    """The bytes of status.json."""
    return to_json(status)


def status_from_json(data: bytes, where: Path) -> RunStatus:
    """The inverse. Raises InputError when `data` is damaged."""
    try:
        return from_document(RunStatus, json.loads(data))
    except DAMAGE as error:
        raise InputError(
            Message("{where}: damaged status: {error}", where=where, error=told(error)),
            Message("the run can only be deleted"),
        ) from error


ROOT_NAME = "sgs_runs"
_RESERVE = 64 << 10


class _Entry:
    """A file or folder of fixed name in every run folder."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, folder: "RunFolder", owner: type["RunFolder"]) -> Path:
        return folder.path / self._name


@dataclass(frozen=True, slots=True)
class RunFolder:
    """One run on disk. Paths are absolute.

    `reserve_path`: a few blocks held back, so that a full disk still leaves room for the last status.
    """

    path: Path

    request_path = _Entry("request.json")
    status_path = _Entry("status.json")
    log_path = _Entry("simulator.log")
    supervisor_log_path = _Entry("supervisor.log")
    cancel_path = _Entry("cancel")
    work_path = _Entry("work")
    reserve_path = _Entry(".reserve")

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def root(self) -> Path:
        return self.path.parent

    def read_request(self) -> RunRequest:
        """The request. Raises InputError when it is missing, damaged or not ours."""
        return request_from_json(_read(self.request_path), self.request_path)

    def read_status(self) -> RunStatus:
        """The status as it was last written. Raises InputError when it is missing or damaged."""
        return status_from_json(_read(self.status_path), self.status_path)

    def write_status(self, status: RunStatus) -> None:
        """Replace status.json whole. Raises InputError when the disk is full."""
        write_atomically(self.status_path, status_to_json(status))


def default_root() -> Path:
    """`sgs_runs` in the current folder."""
    return Path.cwd() / ROOT_NAME


def create_run_folder(request: RunRequest, root: Path) -> RunFolder:
    """Make a new folder for `request`, queued, with everything the child will find in its directory.

    Raises RunError when the folder can not be made, and then leaves nothing behind.
    """
    folder = RunFolder(_new_directory(request, root))
    try:
        _fill(folder, request)
    except OSError as error:
        shutil.rmtree(folder.path, ignore_errors=True)
        raise RunError(
            Message("{path}: cannot prepare the run: {error}", path=folder.path, error=told(error)),
            Message("check free space and rights"),
        ) from error
    except InputError:
        shutil.rmtree(folder.path, ignore_errors=True)
        raise
    return folder


def _fill(folder: RunFolder, request: RunRequest) -> None:
    folder.work_path.mkdir()
    directory = working_directory(folder, request)
    for name, text in request.files.items():
        (folder.work_path / name).write_bytes(encode(text))
    for name, target in request.links.items():
        (folder.work_path / name).symlink_to(target)
    if request.debug_config is not None and directory == folder.work_path:
        (folder.path / DEBUG_CONFIG).write_bytes(encode(request.debug_config))
    for source in request.copies:
        shutil.copyfile(source, folder.path / Path(source).name)
    folder.reserve_path.write_bytes(b"\0" * _RESERVE)
    write_atomically(folder.request_path, request_to_json(request))
    folder.write_status(RunStatus(RunState.QUEUED, created=time.time(), notes=request.warnings))


def working_directory(folder: RunFolder, request: RunRequest) -> Path:
    """Where the child runs."""
    return Path(request.cwd) if request.cwd else folder.work_path


def safe_name(text: str) -> str:
    """`text` as a part of a folder name: letters, digits, `. _ -` only, at most 60 characters."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", text).strip("._-")[:60] or "model"


def _new_directory(request: RunRequest, root: Path) -> Path:
    stem = re.sub(r"\.(sim|onnx|tflite|prototxt|caffemodel|img)$", "", Path(request.model).name)
    parts = [time.strftime("%Y%m%d-%H%M%S"), safe_name(stem), safe_name(request.stage)]
    base = "-".join(part for part in parts if part)
    try:
        root.mkdir(parents=True, exist_ok=True)
        for number in range(1, 10_000):
            path = real(root) / (base if number == 1 else f"{base}-{number}")
            if _made(path):
                return path
    except OSError as error:
        raise RunError(
            Message("{root}: cannot make a run folder: {reason}", root=root, reason=reason(error)),
            Message("name another --runs folder"),
        ) from error
    raise RunError(
        Message("{root}: ten thousand runs called {base}", root=root, base=base), Message("delete some of them")
    )


def _made(path: Path) -> bool:
    try:
        path.mkdir()
    except FileExistsError:
        return False
    return True


def _read(path: Path) -> bytes:
    if not os.path.lexists(path):
        raise InputError(
            Message("{folder}: not a run folder: {name} is missing", folder=path.parent, name=path.name),
            Message("`sgs-tui runs` lists runs"),
        )
    return read_bytes(path)

"""The run folder `sgs_runs/<time>-<model>-<stage>/` and everything that is kept in it.

    request.json      what was asked (run_request.py)
    DebugConfig.txt   exactly what the simulator read
    status.json       how it stands (status.py), replaced whole
    simulator.log     everything the child printed
    supervisor.log    what the supervisor itself had to say, normally absent
    cancel            present once somebody asked to end the run
    work/             the child's working directory, fresh, never shared
    <dump>            moved here out of work/ once it is found good

The child gets a directory of its own below the run folder because the SDK's scripts tidy up in theirs when
they end: `log/` is emptied, `output/` and tmp_image/ go into it, and so does every tensor_min_max.txt and
every file called simulator.log.
"""

import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from sgs_tui.engine.errors import InputError, RunError
from sgs_tui.engine.files import write_atomically
from sgs_tui.engine.simulate.run_request import DEBUG_CONFIG, RunRequest, request_from_json, request_to_json
from sgs_tui.engine.simulate.status import RunState, RunStatus, status_from_json, status_to_json
from sgs_tui.engine.text import encode

ROOT_NAME = "sgs_runs"
_RESERVE = 64 << 10


@dataclass(frozen=True, slots=True)
class RunFolder:
    """One run on disk. Paths are absolute."""

    path: Path

    @property
    def name(self) -> str:
        """The folder's name, which is how people refer to a run."""
        return self.path.name

    @property
    def root(self) -> Path:
        """The runs root that holds this run."""
        return self.path.parent

    @property
    def request_path(self) -> Path:
        """request.json."""
        return self.path / "request.json"

    @property
    def status_path(self) -> Path:
        """status.json."""
        return self.path / "status.json"

    @property
    def log_path(self) -> Path:
        """simulator.log."""
        return self.path / "simulator.log"

    @property
    def supervisor_log_path(self) -> Path:
        """supervisor.log."""
        return self.path / "supervisor.log"

    @property
    def cancel_path(self) -> Path:
        """The mark of somebody's wish to end the run."""
        return self.path / "cancel"

    @property
    def work_path(self) -> Path:
        """The child's working directory where the request names no other."""
        return self.path / "work"

    @property
    def reserve_path(self) -> Path:
        """A few blocks held back, so that a full disk still leaves room for the last status."""
        return self.path / ".reserve"

    def read_request(self) -> RunRequest:
        """The request. Raises InputError when it is missing, damaged or not ours."""
        return request_from_json(_read(self.request_path, "not a run folder"), self.request_path)

    def read_status(self) -> RunStatus:
        """The status as it was last written. Raises InputError when it is missing or damaged."""
        return status_from_json(_read(self.status_path, "not a run folder"), self.status_path)

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
        raise RunError(f"{folder.path}: cannot prepare the run: {error}", "check free space and rights") from error
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
            path = root.resolve() / (base if number == 1 else f"{base}-{number}")
            if _made(path):
                return path
    except OSError as error:
        raise RunError(f"{root}: cannot make a run folder: {error.strerror}", "name another --runs folder") from error
    raise RunError(f"{root}: ten thousand runs called {base}", "delete some of them")


def _made(path: Path) -> bool:
    try:
        path.mkdir()
    except FileExistsError:
        return False
    return True


def _read(path: Path, otherwise: str) -> bytes:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(f"{path.parent}: {otherwise}: {path.name} is missing", "`sgs-tui runs` lists runs") from error
    except OSError as error:
        raise InputError(f"{path}: cannot read: {error.strerror}", "check its rights") from error

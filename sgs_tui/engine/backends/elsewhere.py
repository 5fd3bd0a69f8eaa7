"""A run whose command is done elsewhere: in a container, on another host.

`elsewhere(request, ...)` makes it of a run's request. Its supervisor starts `python -m
sgs_tui.engine.backends.elsewhere elsewhere.json` here: that goes through the launcher, starts the command there in a
session of its own, brings its output over, and goes back to it when the line breaks. TERM, with which a run is
cancelled or timed out, ends the command there. Where the run's folder is not the same one there (ssh), files are copied
there and results back.

Apart because it is a program of its own. `--end` instead of a job ends what a worker that was killed left running.
"""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType

from sgs_tui.engine.backends import inside
from sgs_tui.engine.backends.inside import Call, LostError, call, state_here
from sgs_tui.engine.backends.launcher import Kind, Launcher, NotThereError, Surroundings
from sgs_tui.engine.errors import CancelledError, RunError, SgsError
from sgs_tui.engine.runs.known_failures import write_failure
from sgs_tui.engine.runs.records import from_json, to_json
from sgs_tui.engine.runs.run_folder import ROOT_NAME, RunRequest
from sgs_tui.engine.text import visible
from sgs_tui.language import Message

JOB_FILE = "elsewhere.json"
_STATE_FILE = "elsewhere.state"
"""Where the command is, there; present in the run's directory as long as something of it may be left."""
_LABEL = ("job", "sgs-tui/elsewhere")
_GRACE = 5
"""Seconds between TERM and KILL there."""
_OUR_GRACE = 60.0
"""Seconds that this worker may take to end what it started."""
_WAITS = (1.0, 2.0, 5.0, 10.0, 30.0)
_LONGEST = 1800.0
"""Seconds without a line after which a run is given up."""


@dataclass(frozen=True, slots=True)
class Job:
    """A command for elsewhere. Paths are those of here.

    `cwd` empty: the run's own directory. `paths`: files that the command reads, and that `argv`, links in the run's
    directory or the files called `lists` there name; `outputs`: what it makes outside the run's directory.
    """

    way: Launcher
    root: str
    argv: tuple[str, ...]
    cwd: str = ""
    paths: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    name: str = field(default_factory=lambda: f"sgs-tui-{secrets.token_hex(6)}")


def elsewhere(request: RunRequest, way: Launcher | None, root: Path) -> RunRequest:
    """The same run where the SDK lives, whose folder `root` is there; unchanged without a `way`."""
    if way is None:
        return request
    outside = tuple(product.path for product in request.products if os.path.isabs(product.path))
    lists = tuple(name for name in request.files if name.endswith(".txt") and name != "DebugConfig.txt")
    job = Job(way, str(root), request.argv, request.cwd or "", request.needs, outside, lists)
    program = (sys.executable, "-P", "-m", "sgs_tui.engine.backends.elsewhere")
    return replace(
        request,
        argv=(*program, JOB_FILE),
        ending=(*program, "--end", JOB_FILE),
        environment=None,
        cwd=None,
        files={**request.files, JOB_FILE: to_json(job, **dict([_LABEL])).decode("ascii")},
        grace=_OUR_GRACE,
        details={**request.details, "via": str(way)},
    )


class _Worker:
    """One job, in the run's directory, which is the current one."""

    def __init__(self, job: Job) -> None:
        self._job, self._way = job, job.way
        self._work = Path.cwd()
        self._folder = Path(job.cwd) if job.cwd else self._work
        self._outside = tuple(path for path in job.paths if not _is_in(path, self._folder))
        parents = (str(Path(path).parent) for path in (*self._outside, *job.outputs))
        folders = (str(self._work), str(self._folder), *(one for one in parents if one != "/"))
        self._around = Surroundings(str(self._folder), folders, job.name)
        self._state, self._shared, self._taken = "", False, 0

    def run(self) -> int:
        """The exit code of the command. Raises SgsError for everything between."""
        table = self._prepare()
        (self._work / _STATE_FILE).write_text(self._state)
        try:
            code = self._follow(self._translated(table))
            if not self._shared:
                self._bring_back()
        finally:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            self.end()
        return code

    def _prepare(self) -> Mapping[str, str]:
        """Find out what can be seen there, copy what can not. Paths there by those of here, where they differ."""
        token, mark = secrets.token_hex(8), state_here(self._work)
        mark.mkdir(exist_ok=True)
        (mark / "token").write_text(token)
        there = [self._way.inside(path) for path in self._job.paths]
        work = self._way.inside(str(self._work))
        around = replace(self._around, name="")
        answer = call(self._way, "prepare", self._job.name, work, token, *there, around=around)
        self._shared = bool(answer.lines("shared"))
        (self._state,) = answer.lines("shared") or answer.lines("apart")
        seen = [_state_of(here) == told for here, told in zip(self._job.paths, answer.lines("file"), strict=True)]
        inputs = [here for here, same in zip(self._job.paths, seen, strict=True) if not same and os.path.exists(here)]
        hint = Message("mount its folder there under the same path, or tell the other one with --sdk-map /HERE=/INSIDE")
        unseen = inputs if self._shared else [path for path in self._job.outputs if not _is_in(path, self._folder)]
        if self._way.kind is Kind.IMAGE and not self._shared:
            unseen = [str(self._work)]
        if unseen:
            what = Message(
                "{way}: {path} is not seen there, or is another file", way=str(self._way), path=visible(unseen[0])
            )
            raise RunError(what, hint)
        return {} if self._shared else self._copy(inputs)

    def _copy(self, inputs: Sequence[str]) -> dict[str, str]:
        """The run's folder and the other files into folders of their own there."""
        names = {path: f"{self._state}/in{number}/{Path(path).name}" for number, path in enumerate(inputs)}
        outside = {path: name for path, name in names.items() if path in self._outside}
        self._send(f"{self._state}/work", self._folder, _of_run)
        for path, name in outside.items():
            siblings = sorted(Path(path).parent.glob("*.py")) if path.endswith(".py") else []
            self._send(os.path.dirname(name), Path(path).parent, None, {Path(path), *siblings})
        outside[str(self._folder)] = f"{self._state}/work"
        return outside

    def _send(
        self,
        target: str,
        folder: Path,
        wanted: Callable[[tarfile.TarInfo], tarfile.TarInfo | None] | None,
        only: set[Path] | None = None,
    ) -> None:
        made = Call(self._way, "put", (target,), self._around)
        process = made.start(subprocess.PIPE)
        assert process.stdin is not None
        with (
            suppress(BrokenPipeError),
            process.stdin,
            tarfile.open(mode="w|", fileobj=process.stdin, dereference=True) as sent,
        ):
            for path in sorted(only if only is not None else folder.iterdir()):
                sent.add(path, path.name, filter=wanted)
        self._take(made, process, lambda data: None)

    def _take(self, made: Call, process: "subprocess.Popen[bytes]", take: Callable[[bytes], None]) -> inside.Answer:
        answer = inside.stream(made, process, take)
        inside.check(made, answer, process.returncode)
        return answer

    def _translated(self, table: Mapping[str, str]) -> tuple[str, ...]:
        """The command as it is there; links and lists of the run's directory are changed too."""

        def there(text: str) -> str:
            return ",".join(_there(part, table, self._way) for part in text.split(","))

        if not table:  # in a copy links are files
            for link in (path for path in self._work.iterdir() if path.is_symlink()):
                target = there(os.readlink(link))
                link.unlink()
                link.symlink_to(target)
        for name in self._job.lists:
            lines = (self._work / name).read_text("utf-8", "surrogateescape").splitlines()
            changed = "".join(f"{there(line)}\n" for line in lines)
            (self._work / name).write_text(changed, "utf-8", "surrogateescape")
        if table and self._job.lists:
            self._send(f"{self._state}/work", self._folder, None, {self._work / name for name in self._job.lists})
        return tuple(there(word) for word in self._job.argv)

    def _follow(self, argv: Sequence[str]) -> int:
        """Start the command and stay with it. The output goes to ours as it comes."""
        cwd = self._way.inside(str(self._folder)) if self._shared else f"{self._state}/work"
        made = Call(self._way, "start", (self._state, self._job.root, cwd, *argv), self._around)
        waits, lost_at = iter(_WAITS), 0.0
        while True:
            try:
                return self._watched(made)
            except RunError as error:
                if self._ended_here() is not None:  # the container of a run goes when its command ends
                    return self._rest_of_log()
                now, taken = time.monotonic(), self._taken
                lost_at = lost_at or now
                if not isinstance(error, LostError) or now - lost_at > _LONGEST:
                    raise
                pause = next(waits, _WAITS[-1])
                _say(f"sgs-tui: {error.message}; the run goes on there, looking again in {pause:g} s")
                time.sleep(pause)
                again = self._way.kind is Kind.IMAGE
                made = Call(self._way, "follow", (self._state, str(taken)), self._around, again)

    def _watched(self, made: Call) -> int:
        """Raises LostError where the line broke before the command ended."""
        answer = self._take(made, made.start(), self._pass_on)
        ended = next((text.removeprefix("ended ") for text in answer.said if text.startswith("ended ")), None)
        if ended is None:
            raise LostError(Message("{way}: the line broke", way=str(self._way)))
        return int(ended)

    def _pass_on(self, data: bytes) -> None:
        self._taken += len(data)
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()

    def _ended_here(self) -> int | None:
        """The exit code, where it can be read here."""
        path = state_here(self._work) / "ended"
        return int(path.read_text()) if self._shared and path.exists() else None

    def _rest_of_log(self) -> int:
        failed = state_here(self._work) / "failed"
        if failed.exists():
            raise inside.explained(self._way, failed.read_text().strip())
        with (state_here(self._work) / "log").open("rb") as log:
            log.seek(self._taken)
            shutil.copyfileobj(log, sys.stdout.buffer)
        sys.stdout.buffer.flush()
        code = self._ended_here()
        assert code is not None
        return code

    def _bring_back(self) -> None:
        """What is new in the copy of the run's folder, over what is here."""
        made = Call(self._way, "get", (f"{self._state}/work", f"{self._state}/stamp"), self._around)
        process = made.start()
        assert process.stdout is not None and process.stderr is not None
        with tarfile.open(mode="r|", fileobj=process.stdout) as found:
            found.extractall(self._folder, filter="data")
        self._take(made, process, lambda data: None)

    def end(self) -> None:
        """End what is left of the command there, and take away what was copied. Raises RunError where it can not."""
        try:
            if self._way.kind is Kind.IMAGE:
                subprocess.run(
                    self._way.kill(self._job.name), capture_output=True, check=False, timeout=inside.PATIENCE
                )
            else:
                call(self._way, "end", self._state, str(_GRACE), around=self._around)
        except NotThereError:
            pass  # a container that does not run any more took everything along
        except SgsError as error:
            what = Message("what runs there could not be ended: {why}", why=error.message)
            raise RunError(what, error.hint) from error
        shutil.rmtree(state_here(self._work), ignore_errors=True)
        (self._work / _STATE_FILE).unlink(missing_ok=True)

    def end_left(self) -> None:
        """The same for a worker that is gone."""
        path = self._work / _STATE_FILE
        if path.exists():
            self._state = path.read_text()
            self.end()


def _is_in(path: str, folder: Path) -> bool:
    return Path(path).is_relative_to(folder)


def _state_of(path: str) -> str:
    try:
        status = os.stat(path)
    except OSError:
        return ""
    return f"{status.st_size} {int(status.st_mtime)}"


def _there(path: str, table: Mapping[str, str], way: Launcher) -> str:
    if path in table:
        return table[path]
    folder = next((here for here in table if path.startswith(f"{here}/")), None)
    return way.inside(path) if folder is None else table[folder] + path[len(folder) :]


def _of_run(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Other runs and hidden files (.git, .venv) of a network's folder stay here."""
    first = entry.name.partition("/")[0]
    return None if first == ROOT_NAME or first.startswith(".") else entry


def _say(line: str) -> None:
    sys.stdout.write(visible(line) + "\n")
    sys.stdout.flush()


def _cancel(number: int, frame: FrameType | None) -> None:
    raise CancelledError(Message("the run was stopped"))


def main(arguments: Sequence[str]) -> int:
    """Do the job of the file named: the exit code is that of its command, or 1 for a failure that was told."""
    path = Path(arguments[-1])
    job = from_json(Job, path.read_text("ascii"), _LABEL)
    try:
        if arguments[0] == "--end":
            _Worker(job).end_left()
            return 0
        signal.signal(signal.SIGTERM, _cancel)
        return _Worker(job).run()
    except CancelledError:
        return 1
    except (SgsError, tarfile.TarError, subprocess.TimeoutExpired, OSError) as error:
        if not isinstance(error, SgsError):
            what = Message("{way}: {why}", way=str(job.way), why=str(error))
            error = RunError(what, Message("the log may say more"))
        write_failure(error)
        _say(f"{type(error).__name__}: {error}")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Calls to where the SDK lives: inside.sh is given to the launcher, and what it answers is read.

Its own words on stderr are known by a random word in front; where it says nothing at all, the launcher failed.
"""

import os
import secrets
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from threading import Thread
from typing import IO

from sgs_tui.engine.backends.launcher import Launcher, Surroundings, check_program, failure_of, is_lost
from sgs_tui.engine.errors import InputError, RunError, SgsError, reason
from sgs_tui.engine.text import visible
from sgs_tui.language import Message

PATIENCE = 60.0
"""Seconds for a call that only asks."""
_CHUNK = 64 << 10


@dataclass(frozen=True, slots=True)
class Call:
    """A task of inside.sh on its way: `again` goes into the container that an earlier call made."""

    way: Launcher
    task: str
    arguments: tuple[str, ...]
    around: Surroundings = field(default_factory=Surroundings)
    again: bool = False
    word: str = field(default_factory=lambda: secrets.token_hex(8))

    def argv(self) -> list[str]:
        words = ("bash", "--noprofile", "--norc", "-c", _script(), "sgs-tui", self.word, self.task, *self.arguments)
        return self.way.again(self.around.name, words) if self.again else self.way.argv(words, self.around)

    def start(self, stdin: int | IO[bytes] = subprocess.DEVNULL) -> "subprocess.Popen[bytes]":
        """Raises RunError where the launcher can not be started."""
        check_program(self.way)
        try:
            return subprocess.Popen(self.argv(), stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        except OSError as error:
            raise RunError(
                Message("{way}: cannot be started: {reason}", way=visible(str(self.way)), reason=reason(error)),
                Message("check --sdk-via"),
            ) from error


class LostError(RunError):
    """The line to where the SDK lives broke: what was started there goes on."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`output`: stdout; `said`: inside.sh's own words; `stderr`: everybody else's."""

    output: bytes
    said: tuple[str, ...]
    stderr: str

    def lines(self, key: str) -> list[str]:
        """What stands behind `key` in the lines of the output."""
        found = (line.partition(b" ") for line in self.output.splitlines())
        return [os.fsdecode(rest) for word, _, rest in found if word == os.fsencode(key)]


@cache
def _script() -> str:
    return files("sgs_tui.engine.backends").joinpath("inside.sh").read_text("utf-8")


def call(
    way: Launcher, task: str, *arguments: str, around: Surroundings | None = None, timeout: float | None = PATIENCE
) -> Answer:
    """Do `task` there. Raises RunError or InputError for what it or the launcher fails at."""
    made = Call(way, task, arguments, around or Surroundings())
    process = made.start()
    try:
        output, errors = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired as error:
        process.kill()
        process.communicate()
        raise LostError(
            Message("{way}: no answer within {timeout:g} s", way=str(way), timeout=timeout),
            Message("is the host or the container overloaded?"),
        ) from error
    answer = answer_of(made, output, errors)
    check(made, answer, process.returncode)
    return answer


def answer_of(made: Call, output: bytes, errors: bytes) -> Answer:
    """Take inside.sh's own words out of stderr."""
    mark = made.word + " "
    lines = errors.decode("utf-8", "surrogateescape").splitlines()
    said = tuple(line.removeprefix(mark) for line in lines if line.startswith(mark))
    return Answer(output, said, "\n".join(line for line in lines if not line.startswith(mark)))


def check(made: Call, answer: Answer, code: int) -> None:
    """Raise for a call that did not end well: LostError where the line broke in the middle."""
    failed = next((text.removeprefix("fail ") for text in answer.said if text.startswith("fail ")), None)
    if failed is not None:
        raise explained(made.way, failed)
    if "here" not in answer.said:
        error = failure_of(made.way, code, answer.stderr)
        raise LostError(error.message, error.hint) if is_lost(made.way, code, answer.stderr) else error
    if made.task != "ask" and code != 0:
        said = visible(answer.stderr.strip().rpartition("\n")[2]) or Message("exit code {code}", code=code)
        raise LostError(
            Message("{way}: the line broke: {said}", way=str(made.way), said=said),
            Message("what was started there goes on"),
        )


def explained(way: Launcher, failed: str) -> SgsError:
    """The error behind a word of inside.sh."""
    name, _, what = failed.partition(" ")
    error, message, hint = _FAILURES[name]
    message = Message(message, what=visible(what))
    return error(Message("{message} (by way of {way})", message=message, way=visible(str(way))), hint)


_FAILURES: dict[str, tuple[type[SgsError], str, str]] = {
    "no-root": (
        InputError,
        Message("no SDK is named, and SGS_IPU_DIR is not set there"),
        Message("give --sdk FOLDER: its path there, not here"),
    ),
    "no-folder": (
        InputError,
        Message("{what}: there is no such folder there"),
        Message("--sdk is a path there; --sdk-map tells of others"),
    ),
    "no-simulator": (
        InputError,
        Message("{what}: is no SDK: Scripts/calibrator/simulator.py is missing"),
        Message("name its root folder"),
    ),
    "no-script": (
        InputError,
        Message("{what}: has no cfg_env.sh and no envsetup.sh"),
        Message("unpack the SDK again, or name its root"),
    ),
    "no-environment": (
        RunError,
        Message("{what}: does not set SGS_IPU_DIR"),
        Message("source it there by hand to see why"),
    ),
    "no-program": (
        RunError,
        Message("{what}: there is no such interpreter there"),
        Message("name one with --sdk-python"),
    ),
    "no-room": (RunError, Message("{what}: cannot be written to there"), Message("check free space and rights there")),
    "gone": (
        RunError,
        Message("the run's files are gone there"),
        Message("was its host restarted? start the run again"),
    ),
    "killed": (
        RunError,
        Message("the command was killed there, all of it"),
        Message("was the container stopped, or its memory full? start the run again"),
    ),
    "left": (RunError, Message("{what}: processes that could not be ended there"), Message("end them by hand")),
}


def stream(made: Call, process: "subprocess.Popen[bytes]", take: Callable[[bytes], None]) -> Answer:
    """Hand the output over as it comes, until the call ends."""
    assert process.stdout is not None and process.stderr is not None
    errors: list[bytes] = []
    reader = Thread(target=lambda pipe: errors.append(pipe.read()), args=(process.stderr,), daemon=True)
    reader.start()
    while data := os.read(process.stdout.fileno(), _CHUNK):
        take(data)
    process.wait()
    reader.join()
    return answer_of(made, b"", b"".join(errors))


def ask(
    way: Launcher, root: str, argv: Sequence[str], folders: tuple[str, ...] = (), timeout: float = PATIENCE
) -> "subprocess.CompletedProcess[bytes]":
    """The output of a command there, in the SDK's environment; `folders` of here must be seen there.

    Raises SgsError where it can not be started, TimeoutExpired.
    """
    made = Call(way, "ask", (root, *argv), Surroundings(folders=folders))
    process = made.start()
    try:
        output, errors = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    answer = answer_of(made, output, errors)
    check(made, answer, process.returncode)
    return subprocess.CompletedProcess(argv, process.returncode, output, os.fsencode(answer.stderr))


def state_here(work: Path) -> Path:
    """Where a run leaves what inside.sh knows of it, when the run's folder is the same one there."""
    return work / ".elsewhere"

"""The way to an SDK that lives elsewhere: a command that is put in front of every command for it.

    docker exec -i CONTAINER                         a container that runs
    docker run --rm -v {root}:{root} IMAGE           a container for each run
    ssh HOST                                         another host
    any other                                        that passes on words, output, exit code and stdin

`{root}` is the one folder that holds all a run needs, `{cwd}` the run's own, `{uid}` and `{gid}` the user's. What
stands at another path there is told by maps (`/host=/inside`), or by the `-v` of docker run; a folder that docker run
is not told to mount is mounted under its own path. Words for ssh are quoted once, since its host's shell reads them.
"""

import os
import re
import shlex
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePath

from sgs_tui.engine.errors import RunError, UsageError, told
from sgs_tui.engine.text import visible
from sgs_tui.language import Message

_ENGINES = ("docker", "podman", "nerdctl")
_SSH_WITH_VALUE = "BbcDEeFIiJLlmOopQRSWw"
_SSH_HABITS = {"BatchMode": "yes", "ConnectTimeout": "15", "ServerAliveInterval": "15", "ServerAliveCountMax": "4"}
"""Nobody is there to type a password, and a dead line must be noticed."""
_TERMINAL = re.compile(r"-[a-z]*[td][a-z]*|--tty(=true)?|--detach(=true)?")
_HOW = Message('for example --sdk-via "docker exec -i CONTAINER", "docker run --rm IMAGE" or "ssh HOST"')


class Kind(StrEnum):
    """`CONTAINER`: one that runs; `IMAGE`: a container is made for each run; `HOST`: by ssh."""

    CONTAINER = "container"
    IMAGE = "image"
    HOST = "host"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What one call needs there: `cwd` the run's folder, `folders` what must be seen, `name` for a new container."""

    cwd: str = ""
    folders: tuple[str, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class Launcher:
    """`command` as it was given; `maps`: paths here to paths there."""

    command: tuple[str, ...]
    maps: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return shlex.join(self.command)

    @property
    def kind(self) -> Kind:
        return _parts(self.command)[0]

    @property
    def target(self) -> str:
        """What messages call it: the container, the image, the host."""
        kind, at = _parts(self.command)
        if kind is Kind.HOST:
            return next(iter(_operands(self.command[at + 1 :], _SSH_WITH_VALUE)), "")
        return self.command[-1]

    def inside(self, path: str) -> str:
        """A path of here as it is there: by the longest map that it lies under."""
        fitting = [here for here in self._all_maps if path == here or path.startswith(here.rstrip("/") + "/")]
        here = max(fitting, key=len, default=None)
        return path if here is None else self._all_maps[here].rstrip("/") + path[len(here.rstrip("/")) :]

    @property
    def _all_maps(self) -> dict[str, str]:
        return {**_mounted(self.command), **self.maps}

    def argv(self, words: Sequence[str], around: Surroundings) -> list[str]:
        """The command here that does `words` there. Raises UsageError where nothing can stand for {root}."""
        kind, at = _parts(self.command)
        filled = [self._filled(word, around) for word in self.command]
        if kind is Kind.HOST:
            habits = [f"-o{key}={value}" for key, value in _SSH_HABITS.items() if key not in str(self)]
            return [*filled[: at + 1], *habits, *filled[at + 1 :], shlex.join(words)]
        if kind is Kind.IMAGE:
            return [*filled[: at + 1], *self._run_options(filled, around), *filled[at + 1 :], *words]
        if kind is Kind.CONTAINER and "-i" not in self.command:
            filled.insert(at + 1, "-i")
        return [*filled, *words]

    def again(self, name: str, words: Sequence[str]) -> list[str]:
        """The command that does `words` in the container called `name`, which an earlier call made."""
        at = _parts(self.command)[1]
        return [*self.command[:at], "exec", "-i", name, *words]

    def kill(self, name: str) -> list[str]:
        """The command that ends the container called `name`."""
        return [*self.command[: _parts(self.command)[1]], "kill", name]

    def _run_options(self, filled: Sequence[str], around: Surroundings) -> list[str]:
        seen = [here for here in _mounted(filled) if here]
        missing = [folder for folder in _topmost(around.folders) if not any(_is_below(folder, one) for one in seen)]
        mounts = [word for folder in missing for word in ("-v", f"{folder}:{self.inside(folder)}")]
        named = ["--name", around.name] if around.name and "--name" not in filled else []
        return [*([] if "--rm" in filled else ["--rm"]), *([] if "-i" in filled else ["-i"]), *named, *mounts]

    def _filled(self, word: str, around: Surroundings) -> str:
        if "{root}" in word:
            word = word.replace("{root}", _common(around.folders or (os.getcwd(),), str(self)))
        cwd = self.inside(around.cwd or os.getcwd())
        return word.replace("{cwd}", cwd).replace("{uid}", str(os.getuid())).replace("{gid}", str(os.getgid()))


def launcher(text: str, maps: Iterable[str] = ()) -> Launcher | None:
    """What --sdk-via and --sdk-map say; None for nothing: the SDK is here. Raises UsageError."""
    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        raise UsageError(Message("--sdk-via {text}: {error}", text=visible(text), error=told(error)), _HOW) from error
    pairs = dict(_pair(one) for one in maps)
    if not words:
        if pairs:
            raise UsageError(
                Message("--sdk-map is for an SDK that lives elsewhere"), Message("name the way to it with --sdk-via")
            )
        return None
    found = Launcher(words, pairs)
    if found.kind is Kind.HOST and not found.target:
        raise UsageError(Message("--sdk-via {text}: names no host", text=visible(text)), _HOW)
    if found.kind in (Kind.CONTAINER, Kind.IMAGE):
        _check_container(found, text)
    return found


def _check_container(found: Launcher, text: str) -> None:
    at = _parts(found.command)[1]
    if len(found.command) == at + 1:
        raise UsageError(
            Message("--sdk-via {text}: names no {kind}", text=visible(text), kind=Message(str(found.kind))), _HOW
        )
    wrong = next((word for word in found.command[at + 1 : -1] if _TERMINAL.fullmatch(word)), None)
    if wrong is not None:
        hint = Message("there is no terminal, and output and exit code are needed")
        raise UsageError(
            Message("--sdk-via {text}: leave {wrong} out (at most -i)", text=visible(text), wrong=wrong), hint
        )


def _pair(text: str) -> tuple[str, str]:
    here, equals, there = text.partition("=")
    if not equals or not here.startswith(("/", "~")) or not there.startswith("/"):
        raise UsageError(
            Message("--sdk-map {text}: expected /HERE=/INSIDE", text=visible(text)),
            Message("both are absolute paths of folders"),
        )
    return os.path.normpath(os.path.expanduser(here)), os.path.normpath(there)


def _parts(command: Sequence[str]) -> tuple[Kind, int]:
    """What a command is, and the place of the word that says so (ssh, exec, run)."""
    for place, word in enumerate(command):
        name = PurePath(word).name
        if name == "ssh":
            return Kind.HOST, place
        if name in _ENGINES:
            for later in range(place + 1, len(command)):
                if command[later] in ("exec", "run"):
                    return (Kind.CONTAINER if command[later] == "exec" else Kind.IMAGE), later
            raise UsageError(
                Message("{command}: {name} needs `exec` or `run`", command=shlex.join(command), name=name), _HOW
            )
    return Kind.OTHER, 0


def _operands(words: Sequence[str], with_value: str) -> list[str]:
    """What is neither an option nor an option's value; `with_value`: letters of the options that have one."""
    found, skip = [], False
    for word in words:
        if skip:
            skip = False
        elif word.startswith("-"):
            skip = len(word) == 2 and word[1] in with_value
        else:
            found.append(word)
    return found


def _mounted(command: Sequence[str]) -> dict[str, str]:
    """What `-v HERE:THERE` and `--volume=HERE:THERE` of docker run say."""
    kind, at = _parts(command)
    if kind is not Kind.IMAGE:
        return {}
    after = [*command[at + 1 :], ""]
    given = [after[place + 1] for place, word in enumerate(after[:-1]) if word in ("-v", "--volume")]
    given += [word.partition("=")[2] for word in after if word.startswith("--volume=")]
    pairs = [text.split(":") for text in given]
    return {os.path.normpath(pair[0]): os.path.normpath(pair[1]) for pair in pairs if len(pair) > 1 and pair[0]}


def _is_below(path: str, folder: str) -> bool:
    return PurePath(path).is_relative_to(folder)


def _topmost(folders: Sequence[str]) -> list[str]:
    """Without those that lie below others."""
    distinct = sorted(set(folders))
    return [one for one in distinct if not any(one != other and _is_below(one, other) for other in distinct)]


def _common(folders: Sequence[str], command: str) -> str:
    found = os.path.commonpath(folders)
    if found == "/":
        hint = Message("leave -v {root}:{root} out: the folders that a run needs are then mounted one by one")
        raise UsageError(
            Message(
                "{command}: no folder but / holds all of {folders}",
                command=command,
                folders=", ".join(_topmost(folders)),
            ),
            hint,
        )
    return found


# How launchers fail.


class NotThereError(RunError):
    """The container does not run: nothing can be left in it."""


_FAILURES: tuple[tuple[str, str, str], ...] = (
    (r"No such container: (\S+)", Message("there is no container {found}"), Message("`docker ps -a` lists containers")),
    (
        r"container (\S+) is not running|is not running: (\S+)|can only create exec sessions on running containers",
        Message("the container {target} is not running"),
        Message("`docker start {target}`"),
    ),
    (r"Container (\S+) is paused", Message("the container {found} is paused"), Message("`docker unpause {found}`")),
    (
        r"Unable to find image '([^']+)'|No such image: (\S+)|pull access denied for (\S+?),"
        r"|manifest for (\S+) not found",
        Message("there is no image {found}"),
        Message("`docker images` lists those that are here; load the vendor's with `docker load -i FILE`"),
    ),
    (
        r"(Cannot connect to the Docker daemon|permission denied while trying to connect to the [Dd]ocker)",
        Message("the container engine does not answer: {found}"),
        Message("is it running, and may you use it? (`docker ps`)"),
    ),
    (
        r"(?:Conflict\. )?The container name \"/?([^\" ]+)\" is already in use",
        Message("the container name {found} is taken"),
        Message("leave --name out"),
    ),
    (
        r"input device is not a TTY|cannot attach stdin to a TTY",
        Message("it asks for a terminal, and there is none"),
        Message("leave -t out of --sdk-via"),
    ),
    (
        r"(?:exec: \"?bash\"?|bash): (?:executable file not found|(?:command )?not found|No such file)",
        Message("there is no bash in {target}"),
        Message("the SDK's environment script needs one: install it there"),
    ),
    (
        r"Could not resolve hostname (\S+?):|Name or service not known",
        Message("there is no host {found}"),
        Message("check its name (`ssh {target} true`)"),
    ),
    (
        r"(Connection refused|Connection timed out|No route to host|Network is unreachable|Operation timed out"
        r"|Connection (?:reset|closed) by)",
        Message("the host {target} can not be reached: {found}"),
        Message("`ssh {target} true` must work without a question"),
    ),
    (
        r"(Permission denied \([^)]*\)|Too many authentication failures)",
        Message("the host {target} lets nobody in without a password: {found}"),
        Message("set up a key: ssh-copy-id {target}; `ssh -o BatchMode=yes {target} true` must work"),
    ),
    (
        r"(Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED)",
        Message("the host {target} is not known: {found}"),
        Message("connect once by hand: ssh {target}"),
    ),
)
"""Pattern, message, hint; `found`: what the pattern found, `target`: the container, image or host."""
_NOT_THERE = re.compile(r"No such container|is not running|can only create exec sessions on running")
_LOST = re.compile(
    r"Connection (?:reset|closed|timed out|refused)|Broken pipe|Timeout, server|not responding|No route to host"
    r"|Network is unreachable|Operation timed out|Could not resolve|client_loop|closed by remote host"
)


def failure_of(way: Launcher, code: int, stderr: str) -> RunError:
    """Why the launcher did not get there, in one line."""
    for pattern, message, hint in _FAILURES:
        if match := re.search(pattern, stderr):
            found = visible(next((text for text in match.groups() if text), way.target))
            kind = NotThereError if _NOT_THERE.search(stderr) else RunError
            words = {"found": found, "target": visible(way.target)}
            what = Message("{name}: {message}", name=str(way), message=Message(message, **words))
            return kind(what, Message(hint, **words))
    lines = [line for line in stderr.splitlines() if line.strip()]
    said = visible(lines[-1].strip())[:200] if lines else Message("exit code {code}, not a word", code=code)
    return RunError(
        Message("{way}: does not get there: {said}", way=visible(str(way)), said=said),
        Message("the same command with `true` behind it must work"),
    )


def is_lost(way: Launcher, code: int, stderr: str) -> bool:
    """Whether a call ended because the line broke, so that it may work again."""
    return code < 0 or (way.kind is Kind.HOST and code == 255) or bool(_LOST.search(stderr))


def check_program(way: Launcher) -> None:
    """Raise RunError where the launcher's own program is not here."""
    if shutil.which(way.command[0]) is None:
        raise RunError(
            Message("{program}: there is no such program", program=visible(way.command[0])),
            Message("install it, or change --sdk-via"),
        )

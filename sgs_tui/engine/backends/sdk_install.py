"""An SDK on disk: where it is, which generation, what its simulator's command line understands."""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from pathlib import Path, PurePath

from sgs_tui.engine.backends.inside import call
from sgs_tui.engine.backends.launcher import Launcher, launcher
from sgs_tui.engine.errors import InputError, RunError, UsageError, told
from sgs_tui.engine.files import at_home, read_bytes, settings_path
from sgs_tui.engine.runs.log import shown
from sgs_tui.engine.text import decode, visible
from sgs_tui.language import Message


@dataclass(frozen=True, slots=True)
class SdkWish:
    """Which SDK is meant, how it is reached and run; None and nothing where nobody says.

    `via` and `maps` as launcher.py reads them, `soc_version` a chip as the SDK's scripts name it.
    """

    root: Path | None = None
    via: str | None = None
    maps: tuple[str, ...] = ()
    python: str | None = None
    soc_version: str | None = None

    def over(self, other: "SdkWish") -> "SdkWish":
        """This one, and what the other says where this one says nothing. Maps belong to their `via`."""
        return SdkWish(
            self.root or other.root,
            other.via if self.via is None else self.via,
            self.maps or (other.maps if self.via is None else ()),
            self.python or other.python,
            self.soc_version or other.soc_version,
        )


_SETTINGS = {
    "sdk": Message("a folder"),
    "sdk_via": Message("a command"),
    "sdk_python": Message("an interpreter"),
    "soc_version": Message("a chip"),
}


def configured() -> SdkWish:
    """What settings.toml says of the SDK: `sdk`, `sdk_via`, `sdk_map` (a list), `sdk_python`, `soc_version`.

    Raises InputError where the file can not be read: to run with another SDK than the one asked for is worse.
    """
    path = settings_path()
    if not os.path.lexists(path):  # False as well where HOME can not be looked into
        return SdkWish()
    try:
        table = tomllib.loads(read_bytes(path).decode())
    except (ValueError, RecursionError) as error:
        raise InputError(
            Message("{path}: cannot read: {error}", path=path, error=visible(told(error))),
            Message("fix it, or give --sdk"),
        ) from error
    for key, what in _SETTINGS.items():
        if not isinstance(table.get(key, ""), str):
            found = visible(repr(table[key]))
            raise InputError(
                Message(
                    "{path}: {key}: expected {what} in quotes, found {found}",
                    path=path,
                    key=key,
                    what=what,
                    found=found,
                ),
                Message("fix it"),
            )
    root, via, python, chip = (table.get(key) or None for key in _SETTINGS)
    return SdkWish(Path(root) if root else None, via, maps_of(table.get("sdk_map", []), path), python, chip)


def maps_of(value: object, path: Path) -> tuple[str, ...]:
    """The value of a key `sdk_map`. Raises InputError for what is no list of texts."""
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        message = Message("{path}: sdk_map: expected a list, found {found}", path=path, found=visible(repr(value)))
        raise InputError(message, Message('write sdk_map = ["/here=/inside"]'))
    return tuple(value)


_ENVIRONMENT_SCRIPTS = ("cfg_env.sh", "envsetup.sh")
"""The vendor's script, and the one that repackaged SDKs have instead."""


class Generation(StrEnum):
    """`OLDER`: versions 1.* and Q_*, native simulators started by scripts. `NEWER`: S*, everything in Python."""

    OLDER = "older"
    NEWER = "newer"


@dataclass(frozen=True, slots=True)
class Sdk:
    """One SDK. `way`: how it is reached; None: it is here. Paths are those of where it is.

    `tools`: its scripts below `root`; `modules`: its own preprocess scripts, by name; `built`: the Python versions
    (`3.7`) that its modules are built for; `stamp` tells this version of its scripts from any other; `system`: what
    runs there, where that is not here.
    """

    root: Path
    version: str
    generation: Generation
    environment_script: Path
    tools: tuple[str, ...] = ()
    modules: frozenset[str] = frozenset()
    built: frozenset[str] = frozenset()
    stamp: str = ""
    way: Launcher | None = None
    system: str = ""
    python: str = "python3"
    soc_version: str = ""

    @property
    def scripts(self) -> Path:
        return self.root / "Scripts" / "calibrator"

    @property
    def simulator(self) -> Path:
        return self.scripts / "simulator.py"

    @property
    def preprocess_folder(self) -> Path:
        """The preprocess modules that -n names without a path."""
        return self.scripts / "preprocess_method"

    def tool(self, name: str) -> Path | None:
        """Where the script called so is, wherever below Scripts this SDK keeps it; None where it has none."""
        return next((self.root / path for path in self.tools if PurePath(path).name == name), None)

    @property
    def place(self) -> str:
        """What messages say behind its name: nothing for one that is here."""
        return Message(" (by way of {way})", way=visible(str(self.way))) if self.way else ""


def find_sdk(argument: Path | None, wish: SdkWish | None = None, environ: Mapping[str, str] = os.environ) -> Sdk:
    """The SDK that was asked for (--sdk), else the one of the settings, else that of SGS_IPU_DIR.

    `wish` is what else was asked for; settings.toml says the rest. Raises UsageError when none is named, and InputError
    when the folder is no SDK or the settings can not be read; RunError where the way to it leads nowhere.
    """
    wanted = replace(wish or SdkWish(), root=argument or (wish.root if wish else None)).over(configured())
    way = launcher(wanted.via or "", wanted.maps)
    if way is not None:
        found = open_elsewhere(str(wanted.root or ""), way)
    else:
        variable = environ.get("SGS_IPU_DIR")
        root = wanted.root or (Path(variable) if variable else None)
        if root is None:
            raise UsageError(
                Message("no SDK is named"),
                Message(
                    "give --sdk FOLDER (it holds cfg_env.sh), set SGS_IPU_DIR, "
                    'or put `sdk = "FOLDER"` into settings.toml'
                ),
            )
        found = open_sdk(at_home(root).absolute())
    return replace(found, python=wanted.python or "python3", soc_version=wanted.soc_version or "")


def open_sdk(root: Path) -> Sdk:
    """The SDK in `root`, on this machine. Raises InputError when something of it is missing."""
    simulator = root / "Scripts" / "calibrator" / "simulator.py"
    if not simulator.is_file():
        raise InputError(
            Message("{root}: is no SDK: Scripts/calibrator/simulator.py is missing", root=root),
            Message("name its root folder"),
        )
    script = next((root / name for name in _ENVIRONMENT_SCRIPTS if (root / name).is_file()), None)
    if script is None:
        raise InputError(
            Message("{root}: has no cfg_env.sh and no envsetup.sh", root=root),
            Message("unpack the SDK again, or name its root"),
        )
    states = [(path, path.stat()) for path in sorted((root / "Scripts").rglob("*.py"))]
    return _sdk(
        root,
        script.name,
        _versions(root),
        "--input_config" in decode(read_bytes(simulator)),
        [path.name for path in (*(simulator.parent / "preprocess_method").glob("*.py"), *_compiled(root))],
        [f"{path.relative_to(root)} {state.st_size} {state.st_mtime_ns}" for path, state in states],
    )


def open_elsewhere(root: str, way: Launcher) -> Sdk:
    """The SDK in a folder of where `way` leads; empty: its own SGS_IPU_DIR. Raises InputError, RunError."""
    answer = call(way, "look", root)
    (place,), (script,), system = answer.lines("root"), answer.lines("script"), answer.lines("system")
    versions = decode(answer.output.partition(b"\nversions\n")[2])
    newer = bool(answer.lines("newer"))
    found = _sdk(Path(place), script, versions, newer, answer.lines("file"), answer.lines("stamp"))
    return replace(found, way=way, system=visible(" ".join(system)))


def _sdk(root: Path, script: str, versions: str, knows_ini: bool, files: Sequence[str], stamp: Sequence[str]) -> Sdk:
    """`versions`: the text of versions.py, which is read and not run. `knows_ini`: its simulator has an option that
    only newer ones know; it decides where there is no version. `files`: names of preprocess modules and of compiled
    ones; `stamp`: path, size and time of each script."""
    found = re.search(r"^\w*VERSION\w*\s*=\s*['\"]([^'\"]+)['\"]", versions, re.MULTILINE | re.IGNORECASE)
    version = visible(found[1]) if found else ""
    older = version.startswith(("1.", "Q_")) if version else not knows_ini
    return Sdk(
        root,
        version,
        Generation.OLDER if older else Generation.NEWER,
        root / script,
        tuple(line.rsplit(" ", 2)[0] for line in stamp),
        frozenset(name.removesuffix(".py") for name in files if name.endswith(".py")),
        frozenset(f"{tag[1]}.{tag[2]}" for name in files if (tag := re.search(r"\.cpython-(\d)(\d+)", name))),
        sha256("\n".join(stamp).encode("utf-8", "surrogateescape")).hexdigest()[:16],
    )


def _compiled(root: Path) -> Iterator[Path]:
    return (root / "Scripts" / "calibrator_custom").glob("*.so")


def _versions(root: Path) -> str:
    try:
        return decode(read_bytes(root / "Scripts" / "calibrator_custom" / "versions.py"))
    except InputError:
        return ""


_KEPT = frozenset(
    {"HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TERM"}
    | {"OMP_NUM_THREADS", "PYENV_ROOT", "PYENV_VERSION"}
)
_NOT_TAKEN = frozenset({"_", "SHLVL", "PWD", "OLDPWD"})
_SEARCH_PATHS = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH")
_TIMEOUT = 60.0
_SOURCE = 'cd -- "$1" || exit 90; set --; . "./$0" >&2 </dev/null; env -0'
"""Sourced in the SDK's root, since envsetup.sh takes the current folder for it. $0 is the script's name."""

_cache: dict[tuple[object, ...], dict[str, str]] = {}


def clean_environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The parent's environment without anything that belongs to our own Python: an SDK's modules crash when they meet
    another Python's (VIRTUAL_ENV, PYTHONHOME, PYTHONPATH, LD_LIBRARY_PATH, our programs in PATH)."""
    kept = {name: value for name, value in environ.items() if name in _KEPT or name.startswith("LC_")}
    roots = (environ.get("VIRTUAL_ENV", ""), sys.prefix if sys.prefix != sys.base_prefix else "")
    ours = {os.path.join(os.path.normpath(root), "bin") for root in roots if root}
    entries = environ.get("PATH", os.defpath).split(os.pathsep)
    kept["PATH"] = os.pathsep.join(entry for entry in entries if entry and os.path.normpath(entry) not in ours)
    return kept


def sdk_environment(sdk: Sdk, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What the SDK's script makes of a clean environment. Sourced once, and again when the script changes.

    Raises RunError when the script fails or sets no SGS_IPU_DIR.
    """
    parent = clean_environment(environ)
    state = sdk.environment_script.stat()
    key = (sdk.environment_script, state.st_mtime_ns, state.st_size, tuple(sorted(parent.items())))
    if key not in _cache:
        _cache[key] = _prepared(_source(sdk.environment_script, parent))
    return dict(_cache[key])


def run_in(argv: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[bytes]:
    """A command's output; it may take a minute. Raises OSError, TimeoutExpired."""
    no_input, limit = subprocess.DEVNULL, _TIMEOUT
    return subprocess.run(argv, env=environment, stdin=no_input, capture_output=True, timeout=limit, check=False)


def _source(script: Path, parent: Mapping[str, str]) -> dict[str, str]:
    argv = ["bash", "--noprofile", "--norc", "-c", _SOURCE, script.name, str(script.parent)]
    try:
        done = run_in(argv, parent)
    except FileNotFoundError as error:
        raise RunError(
            Message("bash is missing, and the SDK's environment needs it"), Message("install bash")
        ) from error
    except subprocess.TimeoutExpired as error:
        raise RunError(
            Message("{script}: did not end within {limit:g} s", script=script, limit=_TIMEOUT),
            Message("does it ask a question?"),
        ) from error
    said = [text for line in done.stderr.splitlines() if (text := shown(line))]
    entries = [entry.partition("=") for entry in os.fsdecode(done.stdout).split("\0") if "=" in entry]
    variables = {name: value for name, _, value in entries if name not in _NOT_TAKEN}
    if not variables.get("SGS_IPU_DIR"):
        last = Message("; it says: {said}", said=said[-1]) if said else ""
        raise RunError(
            Message("{script}: does not set SGS_IPU_DIR{last}", script=script, last=last),
            Message("source it by hand in the SDK's root to see why"),
        )
    return variables


def _prepared(variables: dict[str, str]) -> dict[str, str]:
    """Empty entries of search paths mean the current folder and are dropped; output comes at once; and no
    bytecode is left beside the user's preprocess script."""
    for name in _SEARCH_PATHS:
        if name in variables:
            variables[name] = os.pathsep.join(part for part in variables[name].split(os.pathsep) if part)
    return variables | {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}

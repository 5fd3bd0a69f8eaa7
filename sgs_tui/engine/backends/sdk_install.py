"""An SDK on disk: where it is, which generation, what its simulator's command line understands."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from platformdirs import user_config_path

from sgs_tui.engine.errors import InputError, RunError, UsageError
from sgs_tui.engine.files import read_bytes
from sgs_tui.engine.runs.log import shown
from sgs_tui.engine.text import decode, visible


def settings_path() -> Path:
    """Where the user's settings are, whether the file exists or not."""
    return user_config_path("sgs-tui") / "settings.toml"


def configured_sdk() -> Path | None:
    """The folder under `sdk` of settings.toml; None where nothing is set.

    Raises InputError where the file can not be read: to run with another SDK than the one asked for is worse.
    """
    path = settings_path()
    if not os.path.lexists(path):  # False as well where HOME can not be looked into
        return None
    try:
        table = tomllib.loads(read_bytes(path).decode())
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: cannot read: {visible(str(error))}", "fix it, or give --sdk") from error
    root = table.get("sdk")
    if root is not None and not isinstance(root, str):
        raise InputError(f"{path}: sdk: expected a folder in quotes, found {visible(repr(root))}", "fix it")
    return Path(root) if root else None


_ENVIRONMENT_SCRIPTS = ("cfg_env.sh", "envsetup.sh")
"""The vendor's script, and the one that repackaged SDKs have instead."""


class Generation(StrEnum):
    """`OLDER`: versions 1.* and Q_*, native simulators started by scripts. `NEWER`: S*, everything in Python."""

    OLDER = "older"
    NEWER = "newer"


@dataclass(frozen=True, slots=True)
class Sdk:
    """One SDK. `keeps_inputs`: its simulator can be told to keep the preprocessed input (--save_input)."""

    root: Path
    version: str
    generation: Generation
    environment_script: Path
    keeps_inputs: bool

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


def find_sdk(argument: Path | None, setting: Path | None = None, environ: Mapping[str, str] = os.environ) -> Sdk:
    """The SDK that was asked for (--sdk), else the one of the settings, else that of SGS_IPU_DIR.

    `setting` stands in for what settings.toml says. Raises UsageError when none is named, and InputError when the
    folder is no SDK or the settings can not be read.
    """
    variable = environ.get("SGS_IPU_DIR")
    root = argument or setting or configured_sdk() or (Path(variable) if variable else None)
    if root is None:
        raise UsageError(
            "no SDK is named",
            'give --sdk FOLDER (it holds cfg_env.sh), set SGS_IPU_DIR, or put `sdk = "FOLDER"` into settings.toml',
        )
    return open_sdk(root.expanduser().absolute())


def open_sdk(root: Path) -> Sdk:
    """The SDK in `root`. Raises InputError when something of it is missing."""
    simulator = root / "Scripts" / "calibrator" / "simulator.py"
    if not simulator.is_file():
        raise InputError(f"{root}: is no SDK: Scripts/calibrator/simulator.py is missing", "name its root folder")
    script = next((root / name for name in _ENVIRONMENT_SCRIPTS if (root / name).is_file()), None)
    if script is None:
        raise InputError(f"{root}: has no cfg_env.sh and no envsetup.sh", "unpack the SDK again, or name its root")
    text = decode(read_bytes(simulator))
    version = _version(root)
    # Where there is no version: an option that only newer simulators know.
    older = version.startswith(("1.", "Q_")) if version else "--input_config" not in text
    return Sdk(root, version, Generation.OLDER if older else Generation.NEWER, script, "--save_input" in text)


def _version(root: Path) -> str:
    """From versions.py, which is read and not run; empty where there is none to read."""
    path = root / "Scripts" / "calibrator_custom" / "versions.py"
    try:
        text = decode(read_bytes(path))
    except InputError:
        return ""
    found = re.search(r"^\w*VERSION\w*\s*=\s*['\"]([^'\"]+)['\"]", text, re.MULTILINE | re.IGNORECASE)
    return visible(found[1]) if found else ""


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


def _run(argv: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[bytes]:
    no_input, limit = subprocess.DEVNULL, _TIMEOUT
    return subprocess.run(argv, env=environment, stdin=no_input, capture_output=True, timeout=limit, check=False)


def _source(script: Path, parent: Mapping[str, str]) -> dict[str, str]:
    argv = ["bash", "--noprofile", "--norc", "-c", _SOURCE, script.name, str(script.parent)]
    try:
        done = _run(argv, parent)
    except FileNotFoundError as error:
        raise RunError("bash is missing, and the SDK's environment needs it", "install bash") from error
    except subprocess.TimeoutExpired as error:
        raise RunError(f"{script}: did not end within {_TIMEOUT:g} s", "does it ask a question?") from error
    said = [text for line in done.stderr.splitlines() if (text := shown(line))]
    entries = [entry.partition("=") for entry in os.fsdecode(done.stdout).split("\0") if "=" in entry]
    variables = {name: value for name, _, value in entries if name not in _NOT_TAKEN}
    if not variables.get("SGS_IPU_DIR"):
        last = f"; it says: {said[-1]}" if said else ""
        raise RunError(f"{script}: does not set SGS_IPU_DIR{last}", "source it by hand in the SDK's root to see why")
    return variables


def _prepared(variables: dict[str, str]) -> dict[str, str]:
    """Empty entries of search paths mean the current folder and are dropped; output comes at once; and no
    bytecode is left beside the user's preprocess script."""
    for name in _SEARCH_PATHS:
        if name in variables:
            variables[name] = os.pathsep.join(part for part in variables[name].split(os.pathsep) if part)
    return variables | {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}


_QUESTION = "import sys,struct;print('%d%d %d'%(sys.version_info[0],sys.version_info[1],8*struct.calcsize('P')))"


def interpreter_notes(sdk: Sdk, python: str, environment: Mapping[str, str]) -> tuple[str, ...]:
    """What to know about running the SDK's scripts with `python`: does it fit the prebuilt modules? Asked once.

    Raises RunError when there is no such interpreter or it does not start in the SDK's environment.
    """
    path = shutil.which(python, path=environment.get("PATH"))
    if path is None:
        raise RunError(f"{python}: there is no such interpreter", "name one with --sdk-python")
    version, bits = _ask(path, tuple(sorted(environment.items())))
    compiled = (sdk.root / "Scripts" / "calibrator_custom").glob("*.cpython-*.so")
    built = {re.sub(r"\D", "", path.name.split(".cpython-")[1].partition("-")[0]) for path in compiled}
    if built and version not in built:
        wanted = ", ".join(f"{tag[0]}.{tag[1:]}" for tag in sorted(built))
        have = f"{version[0]}.{version[1:]}"
        return (f"the SDK's modules are built for Python {wanted}, {python} is {have}: name one with --sdk-python",)
    if sdk.generation is Generation.NEWER and bits == "32":
        return (f"{python} is a 32-bit Python, which this SDK does not know",)
    return ()


@cache
def _ask(python: str, environment: tuple[tuple[str, str], ...]) -> tuple[str, str]:
    """(`311`, `64`)."""
    try:
        done = _run([python, "-c", _QUESTION], dict(environment))
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RunError(f"{python}: does not start: {error}", "name another one with --sdk-python") from error
    answer = done.stdout.split()
    if done.returncode != 0 or len(answer) != 2:
        said = shown(done.stderr.strip().rpartition(b"\n")[2]) or f"exit code {done.returncode}, not a word"
        raise RunError(f"{python}: does not start in the SDK's environment: {said}", "name another with --sdk-python")
    return answer[0].decode("ascii"), answer[1].decode("ascii")

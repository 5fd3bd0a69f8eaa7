"""The environment of an SDK, as its own script makes it from a clean one.

Nothing of ours goes in: no VIRTUAL_ENV, PYTHONHOME, PYTHONPATH or LD_LIBRARY_PATH, and our virtual
environment's programs are taken out of PATH. An SDK's Python modules crash when they meet another Python's.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from sgs_tui.engine.errors import RunError
from sgs_tui.engine.simulate.log_stream import shown
from sgs_tui.engine.simulate.sdk_root import Sdk

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
    """The parent's environment without anything that belongs to our own Python."""
    kept = {name: value for name, value in environ.items() if name in _KEPT or name.startswith("LC_")}
    ours = {os.path.join(root, "bin") for root in _our_roots(environ)}
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


def _our_roots(environ: Mapping[str, str]) -> set[str]:
    roots = {environ.get("VIRTUAL_ENV", ""), sys.prefix if sys.prefix != sys.base_prefix else ""}
    return {os.path.normpath(root) for root in roots if root}


def _source(script: Path, parent: Mapping[str, str]) -> dict[str, str]:
    argv = ["bash", "--noprofile", "--norc", "-c", _SOURCE, script.name, str(script.parent)]
    try:
        done = subprocess.run(
            argv, env=parent, stdin=subprocess.DEVNULL, capture_output=True, timeout=_TIMEOUT, check=False
        )
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

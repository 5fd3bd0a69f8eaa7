"""Does the interpreter fit the SDK's prebuilt modules? Asked once, before the first run."""

import shutil
import subprocess
from collections.abc import Mapping
from functools import cache

from sgs_tui.engine.errors import RunError
from sgs_tui.engine.simulate.log_stream import shown
from sgs_tui.engine.simulate.sdk_root import Generation, Sdk

_QUESTION = "import sys,struct;print('%d%d %d'%(sys.version_info[0],sys.version_info[1],8*struct.calcsize('P')))"
_TIMEOUT = 60.0


def interpreter_notes(sdk: Sdk, python: str, environment: Mapping[str, str]) -> tuple[str, ...]:
    """What to know about running the SDK's scripts with `python`.

    Raises RunError when there is no such interpreter or it does not start in the SDK's environment.
    """
    path = shutil.which(python, path=environment.get("PATH"))
    if path is None:
        raise RunError(f"{python}: there is no such interpreter", "name one with --sdk-python")
    version, bits = _ask(path, tuple(sorted(environment.items())))
    built = _built_for(sdk)
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
        done = subprocess.run(
            [python, "-c", _QUESTION],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RunError(f"{python}: does not start: {error}", "name another one with --sdk-python") from error
    answer = done.stdout.split()
    if done.returncode != 0 or len(answer) != 2:
        said = shown(done.stderr.strip().rpartition(b"\n")[2]) or f"exit code {done.returncode}, not a word"
        raise RunError(f"{python}: does not start in the SDK's environment: {said}", "name another with --sdk-python")
    return answer[0].decode("ascii"), answer[1].decode("ascii")


def _built_for(sdk: Sdk) -> frozenset[str]:
    """Python versions (`37`) in the names of the SDK's compiled modules; empty where they tell none."""
    folder = sdk.root / "Scripts" / "calibrator_custom"
    tags = (path.name.split(".cpython-")[1] for path in folder.glob("*.cpython-*.so"))
    return frozenset("".join(char for char in tag.split("-")[0] if char.isdigit()) for tag in tags)

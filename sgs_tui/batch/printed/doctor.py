"""`doctor`: what works on this machine and what does not, with what to do about it."""

import logging
import os
import platform
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import import_module, metadata
from pathlib import Path

from platformdirs import user_state_path

from sgs_tui import __version__
from sgs_tui.batch.values import text_of
from sgs_tui.engine.backends.sdk_ask import SdkAnswers, check_chip, interpreter_notes
from sgs_tui.engine.backends.sdk_install import Sdk, SdkWish, find_sdk
from sgs_tui.engine.errors import SgsError
from sgs_tui.engine.numbers import size
from sgs_tui.engine.text import visible

_OLDEST = (3, 11)
_ENOUGH = 2_000_000_000
_NEEDED = ("textual", "rich", "numpy", "plotext", "onnxruntime", "onnx", "typer", "platformdirs")
_EXTRAS = {
    "png": ("matplotlib", "histograms as pictures"),
    "caffe": ("cv2", "dumps of Caffe models"),
    "tflite": ("ai_edge_litert", "dumps of TFLite models"),
    "cluster": ("distributed", "sweeps on several hosts"),
}


class State(StrEnum):
    """`no`: something is missing that only some work needs; `FAIL`: nothing works before that is fixed."""

    OK = "ok"
    NO = "no"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: its state, what was found, and what to do where it is not ok."""

    name: str
    state: State
    found: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What only the command line knows: where settings are, whether the terminal can show the app, characters, which
    SDK is meant, and the network's folder to look at (None: no network)."""

    settings: Path
    terminal: bool
    utf8: bool
    environment: Mapping[str, str]
    wish: SdkWish = field(default_factory=SdkWish)
    project: Path | None = None


def examine(around: Surroundings) -> list[Check]:
    """Every check, in the order to read them."""
    checks = [_python(), *map(_package, _NEEDED), *(_extra(*item) for item in _EXTRAS.items())]
    checks += [*_terminal_checks(around), *_sdk(around), _gdb(), *_disk(), _settings(around.settings)]
    return checks if around.project is None else [*checks, *_project(around.project, around.environment)]


def list_checks(checks: list[Check]) -> bytes:
    """One line a check; what to do on a line of its own below it."""
    width = max(len(check.name) for check in checks)
    return text_of(visible(line) for check in checks for line in _lines(check, width))


def _lines(check: Check, width: int) -> Iterator[str]:
    yield f"{check.state:<4}  {check.name:<{width}}  {check.found}"
    if check.remedy and check.state is not State.OK:
        yield f"{'':4}  {'':{width}}  -> {check.remedy}"


def _python() -> Check:
    fine = sys.version_info[:2] >= _OLDEST
    found = f"{platform.python_version()} ({sys.executable}), sgs-tui {__version__}"
    return Check("python", State.OK if fine else State.FAIL, found, "install Python 3.11 or newer")


def _package(name: str) -> Check:
    if problem := _import_problem(name):
        return Check(name, State.FAIL, problem, f"pip install --force-reinstall {name}")
    return Check(name, State.OK, metadata.version(name))


def _extra(name: str, what: tuple[str, str]) -> Check:
    module, purpose = what
    if problem := _import_problem(module):
        return Check(name, State.NO, f"no {purpose}: {problem}", f"pip install 'sgs-tui[{name}]'")
    return Check(name, State.OK, f"{module} is there: {purpose}")


def _import_problem(module: str) -> str:
    """Why it can not be imported, really tried: native parts may not fit this machine. Empty where it can."""
    logging.disable()  # some write about caches where HOME can not be written to
    try:
        import_module(module)
    except (ImportError, OSError) as error:
        return str(error)
    finally:
        logging.disable(logging.NOTSET)
    return ""


def _terminal_checks(around: Surroundings) -> Iterator[Check]:
    env = around.environment
    width, height = shutil.get_terminal_size()
    found = f"TERM={env.get('TERM', '')} {width}x{height}" if around.terminal else "stdin or stderr is none"
    usable = around.terminal and env.get("TERM", "") not in ("", "dumb")
    yield Check("terminal", State.OK if usable else State.NO, found, "the app needs one; --batch does not")
    yield Check("colors", State.OK, _colors(env))
    yield Check(
        "locale",
        State.OK if around.utf8 else State.NO,
        " ".join(f"{name}={env[name]}" for name in ("LC_ALL", "LC_CTYPE", "LANG") if env.get(name)) or "not set",
        "not UTF-8, so only ASCII is shown; export LC_ALL=C.UTF-8",
    )
    far = [name for name in ("SSH_CONNECTION", "TMUX", "STY") if env.get(name)]
    yield Check("remote", State.OK, ", ".join(far) if far else "neither SSH nor tmux nor screen")


def _colors(environment: Mapping[str, str]) -> str:
    if environment.get("NO_COLOR"):
        return "none: NO_COLOR is set"
    if environment.get("COLORTERM") in ("truecolor", "24bit"):
        return "16 million"
    return "256" if "256" in environment.get("TERM", "") else "16"


def _sdk(around: Surroundings) -> Iterator[Check]:
    try:
        sdk = find_sdk(around.wish.root, around.wish, around.environment)
    except SgsError as error:
        yield Check("sdk", State.NO, f"{error.message}: no simulator runs", error.hint)
    except OSError as error:
        yield Check("sdk", State.NO, f"{error.filename}: {error.strerror}: no simulator runs", "check its rights")
    else:
        there = f", by way of {sdk.way}: {sdk.system}" if sdk.way else ""
        found = f"{sdk.root}, version {sdk.version or 'unknown'}, {sdk.generation} generation{there}"
        yield Check("sdk", State.OK, found)
        yield from _sdk_answers(sdk, SdkAnswers(sdk, environ=around.environment))


def _sdk_answers(sdk: Sdk, answers: SdkAnswers) -> Iterator[Check]:
    """Its Python, that Python's libraries, and whether its scripts start at all, where they would run."""
    try:
        python = answers.interpreter()
        libraries = answers.libraries()
        notes = (*interpreter_notes(sdk, answers, sdk.python), *(one for one in libraries if one.startswith("no ")))
        found = f"{sdk.python} is {python.version}, {python.bits} bits; {', '.join(libraries)}"
        yield Check("sdk python", State.NO if notes else State.OK, found, "; ".join(notes))
        options = answers.options()
        takes = [name for name in ("-t", "-n", "-c") if options.requires(name)]
        chip = check_chip(sdk, answers, options, "simulator.py")
        known = f"; chips {', '.join(answers.chips())}" if answers.chips() else ""
        named = f"; {' '.join(chip)}" if chip else ""
        yield Check("sdk scripts", State.OK, f"simulator.py starts, and requires -i -m {' '.join(takes)}{named}{known}")
    except SgsError as error:
        yield Check("sdk scripts", State.NO, f"{error.message}: no simulator runs", error.hint)


def _gdb() -> Check:
    if found := shutil.which("gdb"):
        return Check("gdb", State.OK, f"{found}: core files of a crashed simulator can be read")
    return Check("gdb", State.NO, "not installed: `sgs-tui core` reads no core file", "apt-get install gdb")


def _disk() -> Iterator[Check]:
    for name, folder in (("disk here", Path.cwd()), ("disk state", user_state_path("sgs-tui"))):
        existing = next(place for place in (folder, *folder.parents) if os.path.exists(place))
        free = shutil.disk_usage(existing).free
        writable = os.access(existing, os.W_OK)
        found = f"{size(free)} free in {folder}" + ("" if writable else ", not writable")
        fine = writable and free > _ENOUGH
        yield Check(name, State.OK if fine else State.NO, found, "dumps are large: make room, or work elsewhere")


def _settings(path: Path) -> Check:
    if os.access(path, os.R_OK):
        return Check("settings", State.OK, str(path))
    try:
        path.stat()
    except FileNotFoundError:
        return Check("settings", State.OK, f"{path} (not there: defaults)")
    except OSError as error:
        return Check("settings", State.NO, f"{path}: {error.strerror}: defaults", "check the rights of HOME")
    return Check("settings", State.NO, f"{path}: can not be read: defaults", "check its rights")


def _project(folder: Path, environment: Mapping[str, str]) -> Iterator[Check]:
    """The network of a folder, by its sgs-tui.toml: what is wrong before anything is run."""
    from sgs_tui.engine.requantize.propose import check_project

    try:
        concerns = check_project(folder, environment)
    except SgsError as error:
        yield Check("project", State.FAIL, error.message, error.hint)
        return
    if not concerns:
        yield Check("project", State.OK, f"{folder}: nothing stands out")
    for concern in concerns:
        yield Check("project", State.NO, concern.message, concern.hint)

"""`doctor`: what works on this machine and what does not, with what to do about it."""

import logging
import os
import platform
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import import_module, metadata
from pathlib import Path

from platformdirs import user_state_path
from rich.cells import cell_len, set_cell_size

from sgs_tui import __version__
from sgs_tui.batch.values import text_of
from sgs_tui.engine.backends.sdk_ask import SdkAnswers, check_chip, interpreter_notes
from sgs_tui.engine.backends.sdk_install import Sdk, SdkWish, find_sdk
from sgs_tui.engine.errors import SgsError, reason
from sgs_tui.engine.numbers import size
from sgs_tui.engine.text import visible
from sgs_tui.language import Message, _, joined, shown

_OLDEST = (3, 11)
_ENOUGH = 2_000_000_000
_NEEDED = ("textual", "rich", "numpy", "plotext", "onnxruntime", "onnx", "typer", "platformdirs")
_EXTRAS = {
    "png": ("matplotlib", Message("histograms as pictures")),
    "caffe": ("cv2", Message("dumps of Caffe models")),
    "tflite": ("ai_edge_litert", Message("dumps of TFLite models")),
    "cluster": ("distributed", Message("sweeps on several hosts")),
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
    """What only the command line knows: where settings are, whether the terminal can show the app, characters, the
    language with what decided it and why another one is refused, which SDK is meant, the network's folder to look at
    (None: no network), and what is wrong with the settings, a line each."""

    settings: Path
    terminal: bool
    utf8: bool
    environment: Mapping[str, str]
    wish: SdkWish = field(default_factory=SdkWish)
    project: Path | None = None
    language: tuple[str, str, str] = ("en", "", "")
    problems: tuple[str, ...] = ()


def examine(around: Surroundings) -> list[Check]:
    """Every check, in the order to read them."""
    checks = [_python(), *map(_package, _NEEDED), *(_extra(*item) for item in _EXTRAS.items())]
    checks += [*_terminal_checks(around), *_sdk(around), _gdb(), *_disk(), *_settings(around.settings, around.problems)]
    return checks if around.project is None else [*checks, *_project(around.project, around.environment)]


def list_checks(checks: list[Check]) -> bytes:
    """One line a check; what to do on a line of its own below it."""
    width = max(cell_len(check.name) for check in checks)
    return text_of(visible(line) for check in checks for line in _lines(check, width))


def _lines(check: Check, width: int) -> Iterator[str]:
    yield f"{check.state:<4}  {set_cell_size(check.name, width)}  {check.found}"
    if check.remedy and check.state is not State.OK:
        yield f"{'':4}  {'':{width}}  -> {check.remedy}"


def _python() -> Check:
    fine = sys.version_info[:2] >= _OLDEST
    found = f"{platform.python_version()} ({sys.executable}), sgs-tui {__version__}"
    return Check("python", State.OK if fine else State.FAIL, found, _("install Python 3.11 or newer"))


def _package(name: str) -> Check:
    if problem := _import_problem(name):
        return Check(name, State.FAIL, problem, f"pip install --force-reinstall {name}")
    return Check(name, State.OK, metadata.version(name))


def _extra(name: str, what: tuple[str, str]) -> Check:
    module, purpose = what
    if problem := _import_problem(module):
        found = _("no {purpose}: {problem}", purpose=purpose, problem=problem)
        return Check(name, State.NO, found, f"pip install 'sgs-tui[{name}]'")
    return Check(name, State.OK, _("{module} is there: {purpose}", module=module, purpose=purpose))


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
    found = f"TERM={env.get('TERM', '')} {width}x{height}" if around.terminal else _("stdin or stderr is none")
    usable = around.terminal and env.get("TERM", "") not in ("", "dumb")
    yield Check(_("terminal"), State.OK if usable else State.NO, found, _("the app needs one; --batch does not"))
    yield Check(_("colors"), State.OK, _colors(env))
    yield Check(
        _("locale"),
        State.OK if around.utf8 else State.NO,
        " ".join(f"{name}={env[name]}" for name in ("LC_ALL", "LC_CTYPE", "LANG") if env.get(name)) or _("not set"),
        _("not UTF-8, so only ASCII is shown; export LC_ALL=C.UTF-8"),
    )
    yield _language(*around.language)
    far = [name for name in ("SSH_CONNECTION", "TMUX", "STY") if env.get(name)]
    yield Check(_("remote"), State.OK, ", ".join(far) if far else _("neither SSH nor tmux nor screen"))


def _language(language: str, why: str, refused: str) -> Check:
    found = _("{language}: {why}", language=language, why=why)
    remedy = _("export LC_ALL=C.UTF-8, leave out --ascii")
    return Check(_("language"), State.NO if refused else State.OK, found, remedy)


def _colors(environment: Mapping[str, str]) -> str:
    if environment.get("NO_COLOR"):
        return _("none: NO_COLOR is set")
    if environment.get("COLORTERM") in ("truecolor", "24bit"):
        return _("16 million")
    return "256" if "256" in environment.get("TERM", "") else "16"


def _sdk(around: Surroundings) -> Iterator[Check]:
    try:
        sdk = find_sdk(around.wish.root, around.wish, around.environment)
    except SgsError as error:
        yield Check("sdk", State.NO, _("{problem}: no simulator runs", problem=error.message), shown(error.hint))
    except OSError as error:
        problem = Message("{path}: {why}", path=error.filename, why=reason(error))
        yield Check("sdk", State.NO, _("{problem}: no simulator runs", problem=problem), _("check its rights"))
    else:
        yield Check("sdk", State.OK, _sdk_words(sdk))
        yield from _sdk_answers(sdk, SdkAnswers(sdk, environ=around.environment))


def _sdk_words(sdk: Sdk) -> str:
    values = {
        "root": sdk.root,
        "version": sdk.version or Message("unknown"),
        "generation": sdk.generation,
        "way": sdk.way,
        "system": sdk.system,
    }
    if sdk.way:
        return _("{root}, version {version}, {generation} generation, by way of {way}: {system}", **values)
    return _("{root}, version {version}, {generation} generation", **values)


def _sdk_answers(sdk: Sdk, answers: SdkAnswers) -> Iterator[Check]:
    """Its Python, that Python's libraries, and whether its scripts start at all, where they would run."""
    try:
        python = answers.interpreter()
        libraries = answers.libraries()
        notes = (*interpreter_notes(sdk, answers, sdk.python), *(one for one in libraries if one.startswith("no ")))
        found = _(
            "{python} is {version}, {bits} bits; {libraries}",
            python=sdk.python,
            version=python.version,
            bits=python.bits,
            libraries=joined(libraries),
        )
        yield Check(_("sdk python"), State.NO if notes else State.OK, found, shown(joined(notes, "; ")))
        options = answers.options()
        takes = [name for name in ("-t", "-n", "-c") if options.requires(name)]
        chip = check_chip(sdk, answers, options, "simulator.py")
        parts = [
            Message("simulator.py starts, and requires {options}", options=" ".join(["-i -m", *takes])),
            *filter(None, [" ".join(chip)]),
            *([Message("chips {chips}", chips=", ".join(answers.chips()))] if answers.chips() else []),
        ]
        yield Check(_("sdk scripts"), State.OK, shown(joined(parts, "; ")))
    except SgsError as error:
        problem = _("{problem}: no simulator runs", problem=error.message)
        yield Check(_("sdk scripts"), State.NO, problem, shown(error.hint))


def _gdb() -> Check:
    if found := shutil.which("gdb"):
        return Check("gdb", State.OK, _("{path}: core files of a crashed simulator can be read", path=found))
    return Check("gdb", State.NO, _("not installed: `sgs-tui core` reads no core file"), "apt-get install gdb")


def _disk() -> Iterator[Check]:
    for name, folder in ((_("disk here"), Path.cwd()), (_("disk state"), user_state_path("sgs-tui"))):
        existing = next(place for place in (folder, *folder.parents) if os.path.exists(place))
        free = shutil.disk_usage(existing).free
        writable = os.access(existing, os.W_OK)
        values = {"size": size(free), "folder": folder}
        found = (
            _("{size} free in {folder}", **values) if writable else _("{size} free in {folder}, not writable", **values)
        )
        fine = writable and free > _ENOUGH
        yield Check(name, State.OK if fine else State.NO, found, _("dumps are large: make room, or work elsewhere"))


def _settings(path: Path, problems: Sequence[str]) -> Iterator[Check]:
    if not os.access(path, os.R_OK):
        yield _no_settings(path)
        return
    if not problems:
        yield Check(_("settings"), State.OK, str(path))
    for problem in problems:
        yield Check(_("settings"), State.NO, problem, _("correct that, or take the line out"))


def _no_settings(path: Path) -> Check:
    try:
        path.stat()
    except FileNotFoundError:
        return Check(_("settings"), State.OK, _("{path} (not there: defaults)", path=path))
    except OSError as error:
        found = _("{path}: {why}: defaults", path=path, why=reason(error))
        return Check(_("settings"), State.NO, found, _("check the rights of HOME"))
    return Check(_("settings"), State.NO, _("{path}: can not be read: defaults", path=path), _("check its rights"))


def _project(folder: Path, environment: Mapping[str, str]) -> Iterator[Check]:
    """The network of a folder, by its sgs-tui.toml: what is wrong before anything is run."""
    from sgs_tui.engine.requantize.propose import check_project

    try:
        concerns = check_project(folder, environment)
    except SgsError as error:
        yield Check(_("project"), State.FAIL, shown(error.message), shown(error.hint))
        return
    if not concerns:
        yield Check(_("project"), State.OK, _("{folder}: nothing stands out", folder=folder))
    for concern in concerns:
        yield Check(_("project"), State.NO, shown(concern.message), shown(concern.hint))

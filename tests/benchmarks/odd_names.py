"""Odd names of files and folders for every argument and option of every command, as the command line itself lists them.

    python -m tests.benchmarks.odd_names [PART PARTS]

A new command or option is among the cases by itself; one that is required needs a good value in GOOD. Each case is run
by a child of this process, so that nothing is loaded twice. bench_attacks runs all of it; what it prints is JSON: how
many cases there were, and what was wrong with which.
"""

import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.main import get_command

import sgs_tui.batch.compare
import sgs_tui.engine.runs.runs
import sgs_tui.engine.twin.opening  # noqa: F401 (loaded once, for all children)
from sgs_tui.cli import COMMANDS
from sgs_tui.cli.main import build, guarded
from tests.benchmarks.bench_attacks import GOOD_FIXED, GOOD_FLOAT, REPOSITORY, attack_lines, prepare, prints

SECONDS = 30
EMPTY = ("", "   ", "a\0b")
ON_A_FILE = (f"{GOOD_FIXED}/",)
ODD = (".", "..", "/", "folder/", "new\nline", "no/such/", "x" * 300, "loop")
"""A link `loop` leads to itself. Some of these are right for some options."""
TARGETS = ("--output", "--bundle", "--png", "--journal", "--folder", "--root", "--dumps", "--quant-file")
MAKES_FOLDERS = frozenset(ODD[:6])
"""Where a folder may be made, these are good names: nothing to try, and not in /."""
GOOD = {
    "sample": GOOD_FIXED,
    "benchmark": GOOD_FLOAT,
    "dump": GOOD_FLOAT,
    "fixed": GOOD_FIXED,
    "float_": GOOD_FLOAT,
    "paths": GOOD_FLOAT,
    "place": GOOD_FIXED,
    "folder": "out",
    "executable": "ranges.txt",
    "file": "ranges.txt",
    "first": "ranges.txt",
    "second": "ranges.txt",
    "ranges": "ranges.txt",
    "model": "net.onnx",
    "weights": "x.npy",
    "image": "x.npy",
    "calibrate": "x.npy",
    "ini": "input_config.ini",
    "names": "last",
    "sdk": ".",
}
"""A value for each parameter that a command can not do without, by its name."""


@dataclass(frozen=True, slots=True)
class Case:
    """A command line; `strict` where its odd name can be right for nothing."""

    command: tuple[str, ...]
    strict: bool


def commands(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command with its words."""
    if not hasattr(command, "commands"):
        yield words, command
    for name, each in getattr(command, "commands", {}).items():
        yield from commands(each, (*words, name))


def cases() -> Iterator[Case]:
    for words, command in commands(get_command(build(COMMANDS))):
        for parameter in command.params:
            for name in odd_names(parameter):
                strict = name in EMPTY or (name in ON_A_FILE and parameter.type.name == "path")
                yield Case((*words, *line(command, parameter, name)), strict)


def odd_names(parameter: Any) -> tuple[str, ...]:
    if parameter.type.name not in ("path", "str") or parameter.metavar in ("TEXT", "NAME,..."):
        return ()
    if parameter.type.name == "str":
        return EMPTY
    made = "DIR" in parameter.metavar and (parameter.opts[0] in TARGETS or parameter.param_type_name == "argument")
    return (*EMPTY, *ON_A_FILE, *(name for name in ODD if not (made and name in MAKES_FOLDERS)))


def line(command: Any, odd: Any, name: str) -> Iterator[str]:
    """The arguments of a command in which one is odd and all that is needed besides is good."""
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    before_odd = arguments[: arguments.index(odd)] if odd in arguments else ()
    for each in command.params:
        shown = [each.opts[0]] if each.param_type_name == "option" else []
        if each is odd:
            yield from (*shown, name)
        elif each.required or each in before_odd:
            yield from (*shown, GOOD[each.name])
        elif {"--batch", "--yes", "--dry-run"} & set(each.opts):
            yield each.opts[0]


def run(case: Case, folder: Path) -> list[str]:
    """What is wrong with how a case ended."""
    prepare(folder)
    (folder / "folder").mkdir()
    (folder / "loop").symlink_to("loop")
    shutil.copy(REPOSITORY / "tests/data/sgs/onnx/tiny.onnx", folder / "net.onnx")
    before, stderr = prints(folder), folder.parent / f"{folder.name}.stderr"
    child = os.fork()
    if child == 0:
        be_the_command(case, folder, stderr)
    _, status = os.waitpid(child, 0)
    code, said = os.waitstatus_to_exitcode(status), stderr.read_bytes()
    wrong = [] if code in ((2, 3) if case.strict else range(6)) else [f"exit code {code}"]
    if case.strict and len(attack_lines(said)) != 1:
        wrong.append(f"{len(attack_lines(said))} error lines")
    after = prints(folder)
    return wrong + [f"changed: {name}" for name, digest in before.items() if after.get(name) != digest]


def be_the_command(case: Case, folder: Path, stderr: Path) -> None:
    """In the child: never returns."""
    code = 99
    try:
        signal.alarm(SECONDS)
        os.setsid()
        os.chdir(folder)
        os.environ |= {"HOME": str(folder), "LC_ALL": "C.UTF-8"}
        nothing = os.open(os.devnull, os.O_RDWR)
        for number, target in enumerate((nothing, nothing, os.open(stderr, os.O_WRONLY | os.O_CREAT))):
            os.dup2(target, number)
        code = guarded(list(case.command))
    finally:
        os._exit(code)


def main(part: int = 0, parts: int = 1) -> None:
    """Run every `parts`th case and print what was wrong."""
    os.environ.pop("SGS_IPU_DIR", None)
    mine, wrong = list(cases())[part::parts], {}
    with tempfile.TemporaryDirectory() as scratch:
        for number, case in enumerate(mine):
            folder = Path(scratch) / str(number)
            folder.mkdir()
            if found := run(case, folder):
                wrong[ascii(" ".join(case.command))[:200]] = found
    print(json.dumps({"cases": len(mine), "wrong": wrong}))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

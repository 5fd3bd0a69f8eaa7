"""Why a run failed: its worker, its log, its ending and its products, put into one sentence and a remedy."""

import os
import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from sgs_tui.engine.dumps.records import Stage
from sgs_tui.engine.simulate.child_process import Ending
from sgs_tui.engine.simulate.failure_table import (
    CORE_HINT,
    DISK_FULL,
    OUT_OF_MEMORY,
    SWAPPED_FIXED,
    SWAPPED_FLOAT,
    Explanation,
)
from sgs_tui.engine.simulate.failures import generic_failure, specific_failure
from sgs_tui.engine.simulate.product_health import product_problems
from sgs_tui.engine.simulate.products import Found
from sgs_tui.engine.simulate.run_folder import RunFolder
from sgs_tui.engine.simulate.run_request import RunRequest
from sgs_tui.engine.simulate.sdk_result import preprocess_modules, wrong_input_size
from sgs_tui.engine.simulate.sdk_stage import other_kind
from sgs_tui.engine.simulate.worker_failure import read_failure
from sgs_tui.engine.text import visible

_NO_SPACE = 1 << 20
"""Free bytes below which a damaged dump is blamed on the disk."""

_DISK_SYMPTOMS = frozenset({"damaged_dump", "no_dump", "no_layers", "write_file_fail", "native_failed", "crashed"})


@dataclass(frozen=True, slots=True)
class Remains:
    """What is there to judge by once the child is gone. `log`: its ends, without colours; `disk_full`: while it ran."""

    folder: RunFolder
    ending: Ending
    log: str
    found: tuple[Found, ...]
    disk_full: bool


def run_failure(request: RunRequest, left: Remains) -> Explanation | None:
    """Why the run failed; None for a good one. The most telling explanation wins."""
    problem = _failure(request, left)
    return None if problem is None else _refined(problem, request, left)


def _failure(request: RunRequest, left: Remains) -> Explanation | None:
    said = specific_failure(left.log, preprocess_modules(request))
    problems = [problem for each in left.found for problem in product_problems(each)]
    if left.ending.signal is not None or left.ending.exit_code != 0:
        return _by_worker(left, said) or said or _by_ending(request, left, problems)
    if problems:
        return said or _with_log(problems[0], generic_failure(left.log))
    if said and said.fatal:
        return said
    return wrong_input_size(request, left.folder, left.found) if request.stage != Stage.FIXED else None


def _by_worker(left: Remains, said: Explanation | None) -> Explanation | None:
    """A worker of ours knows best why it ended, unless the disk was full."""
    return None if said is not None and said.name == DISK_FULL.name else read_failure(left.folder.work_path)


def _by_ending(request: RunRequest, left: Remains, problems: list[Explanation]) -> Explanation:
    swapped = next((problem for problem in problems if problem in (SWAPPED_FIXED, SWAPPED_FLOAT)), None)
    unknown = generic_failure(left.log) or _from_code(left.ending)
    return swapped or _from_signal(left.ending) or _with_name(unknown, request)


def _with_name(problem: Explanation, request: RunRequest) -> Explanation:
    """An end that says little, of a model whose name says another kind: that is the first thing to try."""
    kind = other_kind(Path(request.model), Stage(request.stage)) if request.backend == "sdk" else None
    if kind is None:
        return problem
    return replace(problem, hint=f"the model's name says {kind}, so try that --type first; {problem.hint}")


def _with_log(problem: Explanation, general: Explanation | None) -> Explanation:
    """A problem with a product, and what the log says in general about it."""
    if general is None or problem in (SWAPPED_FIXED, SWAPPED_FLOAT):
        return problem
    return Explanation(problem.name, f"{problem.message}; {general.message}", f"{general.hint}; {problem.hint}")


def _from_signal(ending: Ending) -> Explanation | None:
    if ending.signal is None:
        return None
    if ending.signal == "SIGKILL":
        return OUT_OF_MEMORY
    code = f"exit code {ending.exit_code}, " if ending.exit_code is not None else ""
    return Explanation("crashed", f"the simulator crashed ({code}{ending.signal})", CORE_HINT)


def _from_code(ending: Ending) -> Explanation:
    message = f"the command ended with exit code {ending.exit_code} and said nothing that is known"
    return Explanation("exit_code", message, "read the log of the run")


def _refined(problem: Explanation, request: RunRequest, left: Remains) -> Explanation:
    """The same failure with what this host adds: a full disk behind it, the core file it left."""
    folder = left.folder
    if problem.name in _DISK_SYMPTOMS and (left.disk_full or shutil.disk_usage(folder.path).free < _NO_SPACE):
        return DISK_FULL
    if problem.name == "crashed":
        program = _program(request, left.log)
        core = next((str(path) for path in sorted(folder.work_path.glob("core*"))), "CORE")
        return replace(problem, hint=CORE_HINT.replace("EXEC", program).replace("CORE", core))
    return problem


def _program(request: RunRequest, log: str) -> str:
    """Whose core it is: the native simulator's, else that of the interpreter that runs all of it; EXEC if unknown."""
    native = re.search(r"^Use command to debug: (/\S+)", log, re.MULTILINE)
    if native:
        return visible(native[1])
    found = shutil.which(request.argv[0], path=(request.environment or {}).get("PATH"))
    return visible(os.path.realpath(found)) if found is not None and _is_binary(found) else "EXEC"


def _is_binary(path: str) -> bool:
    """A wrapper script is not what crashed."""
    try:
        with open(path, "rb") as file:
            return file.read(4) == b"\x7fELF"
    except OSError:
        return False

"""Judge a run that ended: only a new, complete dump of the expected kind makes it `ok`.

An exit code of 0 proves nothing: simulators report success without having written a dump. An exit code
other than 0 always means failure, even where the dump looks whole: a dump has no end mark.
"""

import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from sgs_tui.engine.dumps.records import Stage
from sgs_tui.engine.numbers import size
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
from sgs_tui.engine.simulate.log_reader import last_line, read_ends
from sgs_tui.engine.simulate.log_stream import plain_text
from sgs_tui.engine.simulate.product_health import product_problems
from sgs_tui.engine.simulate.products import FileStates, Found, find_products, publish
from sgs_tui.engine.simulate.run_folder import RunFolder
from sgs_tui.engine.simulate.run_request import Product, RunRequest
from sgs_tui.engine.simulate.sdk_result import preprocess_modules, unrelated_ranges, wrong_input_size
from sgs_tui.engine.simulate.status import Made, RunState
from sgs_tui.engine.simulate.worker_failure import read_failure
from sgs_tui.engine.text import visible

_NO_SPACE = 1 << 20
"""Free bytes below which a damaged dump is blamed on the disk."""

_DISK_SYMPTOMS = frozenset({"damaged_dump", "no_dump", "no_layers", "write_file_fail", "native_failed", "crashed"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What goes into the last status of a run."""

    state: RunState
    message: str
    hint: str = ""
    failure: str = ""
    notes: tuple[str, ...] = ()
    products: tuple[Made, ...] = ()


def judge(request: RunRequest, folder: RunFolder, ending: Ending, before: FileStates, disk_full: bool) -> Verdict:
    """The verdict on a run whose child is gone. Good products are moved out of the working directory."""
    if ending.stopped:
        return _stopped(request, folder, ending)
    log = plain_text(read_ends(folder.log_path))
    found = find_products(request, folder, before)
    problem = _failure(request, folder, ending, log, found)
    if problem is None:
        return _good(request, folder, found, log)
    problem = _refined(problem, log, folder, disk_full)
    return Verdict(RunState.FAILED, problem.message, problem.hint, problem.name, _leftovers(found))


def _stopped(request: RunRequest, folder: RunFolder, ending: Ending) -> Verdict:
    last = last_line(folder.log_path)
    said = f"; the last line of its output: {last}" if last else "; it had printed nothing"
    if ending.stopped == "timed out":
        message = f"ended after its time limit of {request.timeout:g} s{said}"
        return Verdict(RunState.TIMED_OUT, message, "give it more with --timeout SECONDS, or look why it hangs")
    if ending.stopped == "cancelled":
        return Verdict(RunState.CANCELLED, "cancelled")
    return Verdict(RunState.CANCELLED, f"cancelled: {ending.stopped}", "start it again")


def _failure(
    request: RunRequest, folder: RunFolder, ending: Ending, log: str, found: tuple[Found, ...]
) -> Explanation | None:
    """Why the run failed; None for a good one. The most telling explanation wins, first of all a worker's own."""
    if ending.exit_code != 0 and (told := read_failure(folder.work_path)) is not None:
        return told
    said = specific_failure(log, preprocess_modules(request))
    problems = [problem for each in found for problem in product_problems(each)]
    if ending.signal is not None or ending.exit_code != 0:
        swapped = next((problem for problem in problems if problem in (SWAPPED_FIXED, SWAPPED_FLOAT)), None)
        return said or swapped or _from_signal(ending) or generic_failure(log) or _from_code(ending)
    if problems:
        return said or _with_log(problems[0], generic_failure(log))
    if said and said.fatal:
        return said
    return wrong_input_size(request, folder, found) if request.stage != Stage.FIXED else None


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


def _refined(problem: Explanation, log: str, folder: RunFolder, disk_full: bool) -> Explanation:
    """The same failure with what this host adds: a full disk behind it, the core file it left."""
    if problem.name in _DISK_SYMPTOMS and (disk_full or shutil.disk_usage(folder.path).free < _NO_SPACE):
        return DISK_FULL
    if problem.name == "crashed":
        native = re.search(r"^Use command to debug: (/\S+)", log, re.MULTILINE)
        program = visible(native[1]) if native else "EXEC"
        core = next((str(path) for path in sorted(folder.work_path.glob("core*"))), "CORE")
        return replace(problem, hint=CORE_HINT.replace("EXEC", program).replace("CORE", core))
    return problem


def _good(request: RunRequest, folder: RunFolder, found: tuple[Found, ...], log: str) -> Verdict:
    suspected = wrong_input_size(request, folder, found)
    made = tuple(_made(path, each.product, folder) for each in found for path in each.new)
    said = ", ".join(f"{Path(product.path).name} ({size(product.size)})" for product in made)
    general = generic_failure(log)
    notes = [f"the log has something to say all the same: {general.message}"] if general else []
    notes += [f"suspicious: {suspected.message}"] if suspected else []
    notes += unrelated_ranges(request, folder, made)
    return Verdict(RunState.OK, said or "ended well", notes=tuple(notes), products=made)


def _made(path: Path, product: Product, folder: RunFolder) -> Made:
    final = publish(path, folder)
    shown = str(final.relative_to(folder.path)) if final.is_relative_to(folder.path) else str(final)
    return Made(shown, final.stat().st_size, str(product.kind))


def _leftovers(found: tuple[Found, ...]) -> tuple[str, ...]:
    """What a failed run left, for who wants to look at it; it stays in the working directory."""
    return tuple(f"left behind, not to be trusted: {path}" for each in found for path in each.new)

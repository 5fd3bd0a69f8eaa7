"""Judge a run that ended: only a new, complete dump of the expected kind makes it `ok`.

An exit code of 0 proves nothing: simulators report success without having written a dump. An exit code
other than 0 always means failure, even where the dump looks whole: a dump has no end mark.
"""

import json
import os
import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from sgs_tui.engine.backends.sdk import other_kind, preprocess_modules, unrelated_ranges, wrong_input_size
from sgs_tui.engine.dumps.format import Stage
from sgs_tui.engine.errors import SgsError
from sgs_tui.engine.numbers import size
from sgs_tui.engine.runs.child import Ending
from sgs_tui.engine.runs.known_failures import (
    CORE_HINT,
    DISK_FULL,
    GENERIC,
    OUT_OF_MEMORY,
    SPECIFIC,
    SWAPPED_FIXED,
    SWAPPED_FLOAT,
    Explanation,
    KnownFailure,
)
from sgs_tui.engine.runs.log import last_line, plain_text, read_ends
from sgs_tui.engine.runs.products import FileStates, Found, find_products, product_problems, publish
from sgs_tui.engine.runs.run_folder import Made, Product, RunFolder, RunRequest, RunState
from sgs_tui.engine.text import visible

# Find the known failure (failure_table.py) that a log tells of, and put it into words.

_LAST = 1 << 16
"""Characters at the end of a log in which the script's own last word is looked for."""


def specific_failure(log: str, preprocess: frozenset[str] = frozenset()) -> Explanation | None:
    """The first failure that the log names by itself. `preprocess`: module names of the -n scripts."""
    for known in SPECIFIC:
        if match := known.pattern.search(log):
            return _explain(known, match)
    missing = re.search(r"No module named '([^']+)'", log)
    if missing and missing[1] in preprocess:
        message = f"the preprocess script {visible(missing[1])} cannot be imported: there is none"
        hint = "-n takes a path that ends in .py, or a name from the SDK's Scripts/calibrator/preprocess_method"
        return Explanation("bad_preprocess", message, hint)
    return None


def generic_failure(log: str) -> Explanation | None:
    """What the log says in general: an assertion, an exception, an [Error] line."""
    stripped = log.rstrip()
    for known in GENERIC:
        if match := known.pattern.search(stripped):
            return _explain(known, match)
    return _last_exception(stripped)


def _last_exception(log: str) -> Explanation | None:
    """A Python script's last word; searched from the end, where it stands."""
    for line in reversed(log[-_LAST:].splitlines()):
        if re.match(r"(?:\w+\.)*\w*(?:Error|Exception)(?::|$)", line):
            message = f"the script failed: {visible(line.strip())[:200]}"
            return Explanation("exception", message, "the log has the whole story")
    return None


def _explain(known: KnownFailure, match: re.Match[str]) -> Explanation:
    group = next((text for text in match.groups() if text), "")
    shown = visible(group.strip())[:200]
    return Explanation(
        known.name, known.sentence.replace("{0}", shown), known.remedy.replace("{0}", shown), known.fatal
    )


# failure.json: the error that ended a worker of ours, in its own words; read when its run is judged.

FAILURE_FILE = "failure.json"


def write_failure(error: SgsError, folder: Path = Path()) -> None:
    """Leave `error` in the worker's directory. Raises OSError where nothing can be written."""
    document = {"kind": type(error).__name__, "message": error.message, "hint": error.hint}
    (folder / FAILURE_FILE).write_text(json.dumps(document, ensure_ascii=True) + "\n", "ascii")


def read_failure(folder: Path) -> Explanation | None:
    """What a worker left in `folder`; None where there is nothing, or a file cut short as after a kill."""
    try:
        document = json.loads((folder / FAILURE_FILE).read_bytes())
        kind, message, hint = (str(document[key]) for key in ("kind", "message", "hint"))
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return Explanation(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind).lower(), message, hint)


# Why a run failed: its worker, its log, its ending and its products, put into one sentence and a remedy.

_NO_SPACE = 1 << 20
"""Free bytes below which a damaged dump is blamed on the disk."""

_DISK_SYMPTOMS = frozenset({"damaged_dump", "no_dump", "no_layers", "write_file_fail", "native_failed", "crashed"})


@dataclass(frozen=True, slots=True)
class Remains:
    """What is there to judge by once the child is gone. `log`: its ends, without colors; `disk_full`: while it ran."""

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
    problem = run_failure(request, Remains(folder, ending, log, found, disk_full))
    if problem is None:
        return _good(request, folder, found, log)
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

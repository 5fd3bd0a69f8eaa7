"""Judge a run that ended: only a new, complete dump of the expected kind makes it `ok`.

An exit code of 0 proves nothing: simulators report success without having written a dump. An exit code
other than 0 always means failure, even where the dump looks whole: a dump has no end mark.

Apart because it reads dumps: a supervisor loads it when its child has ended.
"""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sgs_tui.engine.errors import DumpError
from sgs_tui.engine.numbers import size
from sgs_tui.engine.runs.backend import Backend
from sgs_tui.engine.runs.child import CANCELLED, TIMED_OUT, Ending
from sgs_tui.engine.runs.known_failures import (
    DISK_FULL,
    OUT_OF_MEMORY,
    Explanation,
    first_of,
    last_exception,
    read_failure,
)
from sgs_tui.engine.runs.log import last_line, plain_text, read_ends
from sgs_tui.engine.runs.products import FileStates, Found, find_products, publish
from sgs_tui.engine.runs.run_folder import Made, Product, ProductKind, RunFolder, RunRequest, RunState, RunStatus
from sgs_tui.engine.text import visible
from sgs_tui.language import Message, joined

if TYPE_CHECKING:
    from sgs_tui.engine.dumps.reader import Dump

_NO_SPACE = 1 << 20
"""Free bytes below which a damaged dump is blamed on the disk."""

_DISK_SYMPTOMS = frozenset({"damaged_dump", "no_dump", "no_layers", "write_file_fail", "native_failed", "crashed"})


@dataclass(frozen=True, slots=True)
class _Remains:
    """What is there to judge by once the child is gone.

    `status`: with how it ended; `log`: its ends, without colors; `disk_full`: while it ran.
    """

    status: RunStatus
    request: RunRequest
    backend: Backend
    folder: RunFolder
    log: str
    found: tuple[Found, ...]
    disk_full: bool

    def vague(self) -> Explanation | None:
        """What the log says in general: an assertion, an exception, an [Error] line."""
        log = self.log.rstrip()
        return first_of(self.backend.vague_failures, log) or last_exception(log)


def judge(
    status: RunStatus,
    request: RunRequest,
    backend: Backend,
    folder: RunFolder,
    ending: Ending,
    before: FileStates,
    disk_full: bool,
) -> RunStatus:
    """The last status of a run whose child is gone. Good products are moved out of the working directory."""
    status = replace(status, exit_code=ending.exit_code, signal=ending.signal)
    if ending.stopped:
        return _stopped(status, request, folder, ending)
    log = plain_text(read_ends(folder.log_path))
    left = _Remains(status, request, backend, folder, log, find_products(request, folder, before), disk_full)
    problem = _failure(left)
    if problem is None:
        return _good(left)
    problem = _with_host(problem, left)
    # For who wants to look at it; it stays in the working directory.
    remains = tuple(
        Message("left behind, not to be trusted: {path}", path=path) for each in left.found for path in each.new
    )
    failed = replace(status, state=RunState.FAILED, failure=problem.name, notes=status.notes + remains)
    return replace(failed, message=problem.message, hint=problem.hint)


def _stopped(status: RunStatus, request: RunRequest, folder: RunFolder, ending: Ending) -> RunStatus:
    left = read_failure(folder.work_path) if request.ending else None
    if left is not None:  # what was started elsewhere could not be ended
        note = Message("{message} ({hint})", message=left.message, hint=left.hint)
        status = replace(status, notes=(*status.notes, note))
    if ending.stopped == CANCELLED:
        return replace(status, state=RunState.CANCELLED, message=CANCELLED, hint="")
    if ending.stopped != TIMED_OUT:
        message, hint = Message("cancelled: {why}", why=ending.stopped), Message("start it again")
        return replace(status, state=RunState.CANCELLED, message=message, hint=hint)
    last = last_line(folder.log_path)
    hint = Message("give it more with --timeout SECONDS, or look why it hangs")
    ended = Message("ended after its time limit of {timeout:g} s", timeout=request.timeout)
    said = Message("the last line of its output: {line}", line=last) if last else Message("it had printed nothing")
    return replace(status, state=RunState.TIMED_OUT, message=joined((ended, said), "; "), hint=hint)


def _good(left: _Remains) -> RunStatus:
    made = tuple(_made(path, each.product, left.folder) for each in left.found for path in each.new)
    said = joined(Message("{path} ({size})", path=Path(product.path).name, size=size(product.size)) for product in made)
    vague = left.vague()
    dumps = [left.folder.path / product.path for product in made if product.kind == ProductKind.DUMP]
    noted = [Message("the log has something to say all the same: {what}", what=vague.message)] if vague else []
    notes = (*left.status.notes, *noted, *left.backend.notes(left.request, left.folder, dumps))
    return replace(left.status, state=RunState.OK, message=said or Message("ended well"), notes=notes, products=made)


def _made(path: Path, product: Product, folder: RunFolder) -> Made:
    final = publish(path, folder)
    shown = str(final.relative_to(folder.path)) if final.is_relative_to(folder.path) else str(final)
    return Made(shown, final.stat().st_size, str(product.kind))


def _failure(left: _Remains) -> Explanation | None:
    """Why the run failed; None for a good one. The most telling explanation wins."""
    said = left.backend.known_failure(left.request, left.log)
    problems = [problem for each in left.found for problem in _product_problems(each, left.backend)]
    if left.status.signal is not None or left.status.exit_code != 0:
        # A worker of ours knows best why it ended, unless the disk was full.
        own = None if said is not None and said.name == DISK_FULL.name else read_failure(left.folder.work_path)
        return own or said or _by_ending(left, problems)
    if problems:
        problem, vague = problems[0], left.vague()
        if vague is not None and not problem.telling:  # what the log says in general about it
            message = joined((problem.message, vague.message), "; ")
            hint = joined((vague.hint, problem.hint), "; ")
            problem = Explanation(problem.name, message, hint)
        return said or problem
    if said and said.fatal:
        return said
    dumps = [path for each in left.found if each.product.kind is ProductKind.DUMP for path in each.new]
    return left.backend.spoiled(left.request, left.folder, dumps)


def _product_problems(found: Found, backend: Backend) -> list[Explanation]:
    """What is wrong with the files of one product after a command that reports success: each has to be there, new,
    complete and of the kind asked for."""
    if found.new:
        return [problem for path in found.new if (problem := _dump_problem(path, found.product, backend))]
    name = Path(found.product.path).name
    if found.stale:
        message = Message("{name} was left as it was before the run: nothing new was made", name=name)
        return [Explanation("stale_product", message, Message("do not use it; the log may say what failed"))]
    if found.product.kind is not ProductKind.DUMP:
        message = Message("the command left no {name}", name=name)
        return [Explanation("no_product", message, Message("read the log of the run"))]
    message = Message("the command reports success but left no dump ({name})", name=name)
    return [Explanation("no_dump", message, backend.no_dump_hint)]


def _dump_problem(path: Path, product: Product, backend: Backend) -> Explanation | None:
    if product.kind is not ProductKind.DUMP:
        return None
    from sgs_tui.engine.dumps.reader import open_dump  # numpy, which a run that leaves no dump can do without

    try:
        with open_dump(path) as dump:
            return backend.dump_problem(dump, product) or _unexpected(dump, product)
    except DumpError as error:
        return Explanation("no_dump", error.message, Message("the file that the simulator left is of no use"))


def _unexpected(dump: "Dump", product: Product) -> Explanation | None:
    if not dump.health.ok:
        message = Message("the dump is damaged ({how})", how=dump.health.text)
        hint = Message("the records before that can be read: sgs-tui inspect {path}", path=dump.path)
        return Explanation("damaged_dump", message, hint)
    if not dump.outputs():
        message = Message("the dump holds no layer (no output that is not constant)")
        return Explanation("no_layers", message, Message("is it the right model?"))
    if product.is_float is not None and product.is_float != dump.is_float:
        if product.is_float:
            message = Message("the dump holds integers (isFloat: 0) where floats were asked for")
        else:
            message = Message("the dump holds floats (isFloat: 1) where integers were asked for")
        hint = Message("compare dequantFixed in DebugConfig.txt with what was asked")
        return Explanation("wrong_kind", message, hint)
    return None


def _by_ending(left: _Remains, problems: Sequence[Explanation]) -> Explanation:
    certain = next((problem for problem in problems if problem.telling), None)
    if certain is not None:
        return certain
    code, signal = left.status.exit_code, left.status.signal
    if signal == "SIGKILL":
        return OUT_OF_MEMORY
    if signal is not None:
        said = signal if code is None else Message("exit code {code}, {signal}", code=code, signal=signal)
        message = Message("the simulator crashed ({how})", how=said)
        return Explanation("crashed", message, left.backend.crash_hint())
    message = Message("the command ended with exit code {code} and said nothing that is known", code=code)
    unknown = Explanation("exit_code", message, Message("read the log of the run"))
    return left.backend.with_hint(left.vague() or unknown, left.request)


def _with_host(problem: Explanation, left: _Remains) -> Explanation:
    """The same failure with what this host adds: a full disk behind it, the core file it left."""
    folder = left.folder
    if problem.name in _DISK_SYMPTOMS and (left.disk_full or shutil.disk_usage(folder.path).free < _NO_SPACE):
        return DISK_FULL
    if problem.name == "crashed":
        core = next((str(path) for path in sorted(folder.work_path.glob("core*"))), "CORE")
        return replace(problem, hint=left.backend.crash_hint(_program(left), core))
    return problem


def _program(left: _Remains) -> str:
    """Whose core it is: the native program's, else that of the interpreter that runs all of it; EXEC if unknown."""
    native = left.backend.crashed_program(left.log)
    if native is not None:
        return visible(native)
    found = shutil.which(left.request.argv[0], path=(left.request.environment or {}).get("PATH"))
    return visible(os.path.realpath(found)) if found is not None and _is_binary(found) else "EXEC"


def _is_binary(path: str) -> bool:
    """A wrapper script is not what crashed."""
    try:
        with open(path, "rb") as file:
            return file.read(4) == b"\x7fELF"
    except OSError:
        return False

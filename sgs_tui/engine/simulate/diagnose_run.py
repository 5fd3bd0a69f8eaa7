"""Judge a run that ended: only a new, complete dump of the expected kind makes it `ok`.

An exit code of 0 proves nothing: simulators report success without having written a dump. An exit code
other than 0 always means failure, even where the dump looks whole: a dump has no end mark.
"""

from dataclasses import dataclass
from pathlib import Path

from sgs_tui.engine.numbers import size
from sgs_tui.engine.simulate.child_process import Ending
from sgs_tui.engine.simulate.failures import generic_failure
from sgs_tui.engine.simulate.log_reader import last_line, read_ends
from sgs_tui.engine.simulate.log_stream import plain_text
from sgs_tui.engine.simulate.products import FileStates, Found, find_products, publish
from sgs_tui.engine.simulate.run_failure import Remains, run_failure
from sgs_tui.engine.simulate.run_folder import RunFolder
from sgs_tui.engine.simulate.run_request import Product, RunRequest
from sgs_tui.engine.simulate.sdk_result import unrelated_ranges, wrong_input_size
from sgs_tui.engine.simulate.status import Made, RunState


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

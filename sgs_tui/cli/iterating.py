"""What `sgs-tui iterate` does: change the ini, start the iteration, wait, show what came of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sgs_tui.cli import complaints
from sgs_tui.cli.advise_print import Printing
from sgs_tui.cli.exits import ExitCode
from sgs_tui.cli.launching import Launch, launch
from sgs_tui.engine.errors import InputError

if TYPE_CHECKING:
    from sgs_tui.engine.iterate.config import IterateConfig
    from sgs_tui.engine.iterate.ini_change import IniChange
    from sgs_tui.engine.simulate.runs import Run


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user asked for."""

    marked: tuple[str, ...] = ()
    unmarked: tuple[str, ...] = ()
    advised: bool = False
    before: Path | None = None
    dry_run: bool = False
    detach: bool = False


def run_iteration(config: "IterateConfig", root: Path, wishes: Wishes, printing: Printing) -> ExitCode:
    """One iteration from the ini to the result."""
    from sgs_tui.engine.iterate.start import check_idle, iteration_request, state_before
    from sgs_tui.engine.simulate.runs import RunState

    check_idle(config, root)
    before = wishes.before or state_before(config, root)
    change = _change(config, before, wishes)
    request = iteration_request(config, change, before)
    if wishes.dry_run:
        return _show_plan(config, before, change, printing)
    _write(config, change)
    (run,) = launch([request], Launch(root, detach=wishes.detach, ascii_only=printing.ascii_only))
    if wishes.detach:
        complaints.note(f"{run.name} in {root}; `sgs-tui iterate --last` shows the result")
        return ExitCode.OK
    if run.state is not RunState.OK:
        return ExitCode.RUN_FAILED
    return _show(run, config, printing)


def show_last(config: "IterateConfig", root: Path, printing: Printing) -> ExitCode:
    """The newest iteration: its result, or how it stands."""
    from sgs_tui.cli.launching import tell
    from sgs_tui.engine.iterate.start import BACKEND
    from sgs_tui.engine.simulate.runs import RunState, list_runs

    run = next((run for run in list_runs(root) if run.request.backend == BACKEND), None)
    if run is None:
        raise InputError(f"{root}: no iteration is there", "`sgs-tui iterate` makes one")
    if run.state.active:
        complaints.note(f"{run.name}: {run.state}; `sgs-tui runs follow {run.name} --root {root}` shows it")
        return ExitCode.OK
    if run.state is not RunState.OK:
        tell(run)
        return ExitCode.RUN_FAILED
    return _show(run, config, printing)


def _change(config: "IterateConfig", before: Path | None, wishes: Wishes) -> "IniChange":
    """What becomes of the ini; nothing where nothing is to be marked."""
    from sgs_tui.engine.configs.reading import read_bytes
    from sgs_tui.engine.dumps.reader import open_dump
    from sgs_tui.engine.iterate.ini_change import ini_change
    from sgs_tui.engine.iterate.places import place_of

    names, inputs = list(wishes.marked), None
    place = place_of(before) if before is not None and before.is_dir() else None
    if wishes.advised:
        if place is None:
            raise InputError("--advised: there are no dumps of the state before", "name tensors with --mark")
        names += _advised(config, place.sample, place.benchmark, place.ranges)
    if place is not None:
        from sgs_tui.engine.advice.conv_inputs import conv_inputs

        with open_dump(place.benchmark) as dump:
            inputs = conv_inputs(dump)
    return ini_change(read_bytes(config.ini), names, wishes.unmarked, inputs)


def _advised(config: "IterateConfig", sample: Path, benchmark: Path, ranges: Path | None) -> tuple[str, ...]:
    from sgs_tui.batch.advice import advised
    from sgs_tui.engine.configs.profile_files import load_profile
    from sgs_tui.engine.session import CompareRequest

    found = advised(CompareRequest(sample, benchmark, ranges, profile=load_profile(config.profile)))
    if not found.advice.chosen:
        complaints.note("nothing is advised: no layer fails, or 16 bits would not help")
    return found.advice.chosen


def _write(config: "IterateConfig", change: "IniChange") -> None:
    from sgs_tui.engine.iterate.ini_change import write_change

    for finding in change.findings:
        complaints.warning(f"{config.ini}:{finding.line or 1}: {finding.message}; {finding.remedy}")
    if change.changes:
        backup = write_change(config.ini, change)
        complaints.note(f"{config.ini} is written" + (f"; what was there is in {backup}" if backup else ""))


def _show_plan(config: "IterateConfig", before: Path | None, change: "IniChange", printing: Printing) -> ExitCode:
    from sgs_tui.batch.iteration import plan_text
    from sgs_tui.batch.output import emit

    emit(plan_text(config, before, change), printing.output)
    return ExitCode.OK


def _show(run: "Run", config: "IterateConfig", printing: Printing) -> ExitCode:
    from sgs_tui.batch.iteration import iterated, write_iteration
    from sgs_tui.batch.output import emit
    from sgs_tui.cli.terminal import screen

    found = iterated(run, config)
    emit(
        write_iteration(found, run, printing.wanted, screen(printing.ascii_only, printing.output is not None)),
        printing.output,
    )
    return ExitCode.OVER_LIMITS if found.after.summary.failed else ExitCode.OK

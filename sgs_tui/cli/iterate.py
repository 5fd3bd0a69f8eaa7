"""`sgs-tui iterate`."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from sgs_tui.batch.output import check_target, emit
from sgs_tui.cli import stderr
from sgs_tui.cli.exits import ExitCode
from sgs_tui.cli.launch import launch, tell
from sgs_tui.cli.options import AdvicePrinting, Detach, LaunchOptions, Root, SdkOptions, argument, option, whole
from sgs_tui.engine.errors import InputError, UsageError
from sgs_tui.engine.files import read_bytes, write_atomically
from sgs_tui.language import Message

if TYPE_CHECKING:
    from sgs_tui.engine.backends.sdk_install import SdkWish
    from sgs_tui.engine.requantize.ini_change import IniChange
    from sgs_tui.engine.requantize.network import IterateConfig
    from sgs_tui.engine.runs.run_list import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wishes:
    """What the user asked for."""

    mark: Annotated[list[str] | None, option("--mark NAME", "First: this tensor gets INT16 in the ini.")] = None
    unmark: Annotated[list[str] | None, option("--unmark NAME", "First: take this tensor out of the ini.")] = None
    advised: Annotated[bool, option("--advised", "First: what `sgs-tui advise` chooses in the state before.")] = False
    before: Annotated[
        Path | None, option("--before OLD", "Compare with this run or JSON report (default the newest state).")
    ] = None
    init: Annotated[bool, option("--init", "Only write an sgs-tui.toml from what is in the folder and SDK.")] = False
    dry_run: Annotated[bool, option("--dry-run", "Only show what would be changed and run.")] = False
    last: Annotated[bool, option("--last", "Only show what the newest iteration did.")] = False
    detach: Detach = False
    root: Root = None


def iterate(
    folder: Annotated[Path, argument("[FOLDER]", "Where sgs-tui.toml is (default this one).")] = Path(),
    *,
    wishes: _Wishes,
    installed: SdkOptions,
    printing: AdvicePrinting,
) -> int:
    """Requantize after an INT16 change. Dumps both stages, shows what the change did.

    The convert and calibrate commands are your own, kept once in sgs-tui.toml of the network's folder (--init writes
    one from the files there and the options that the SDK's tools want). They run in the background: Ctrl-C ends them, a
    lost connection does not, and --last shows the result later. A model that is not new afterwards is a failure. The
    state before is the newest iteration or pair of runs of the network; without one both models are dumped first. Exit
    code 1 where layers fail afterwards, 4 where a step failed. What was tried and what it did is written into the run
    folder's journal.

    \b
    Examples:
      sgs-tui iterate --init
      sgs-tui iterate --mark cat --mark conv7_in
      sgs-tui iterate ~/nets/detector --advised --dry-run
      sgs-tui iterate --detach
      sgs-tui iterate --last --format json
    """
    from sgs_tui.engine.requantize.network import load_config
    from sgs_tui.engine.requantize.propose import iterations_root

    if wishes.init:
        return _init(folder, installed.wish)
    check_target(printing.output)
    config = load_config(folder)
    config = replace(config, wish=installed.wish.over(config.wish))
    place = (wishes.root or iterations_root(config)).absolute()
    if wishes.last:
        return _show_last(config, place, printing)
    return _iterate(config, place, wishes, printing)


def _init(folder: Path, wish: "SdkWish") -> ExitCode:
    """Write the first file, as far as the folder and the SDK tell; never over one that is there."""
    from sgs_tui.engine.requantize.first_file import first_file
    from sgs_tui.engine.requantize.network import NAME

    target = folder / NAME
    if target.exists():
        raise UsageError(
            Message("{target}: is there already", target=target), Message("change it, or move it away first")
        )
    text, notes = first_file(whole(folder), wish)
    write_atomically(target, text.encode("utf-8", "surrogateescape"))
    stderr.note(
        *notes, Message("{target} is written; look at its commands, then `sgs-tui iterate --dry-run`", target=target)
    )
    return ExitCode.OK


def _iterate(config: "IterateConfig", root: Path, wishes: _Wishes, printing: AdvicePrinting) -> ExitCode:
    from sgs_tui.engine.requantize.propose import check_idle, iteration_request, state_before
    from sgs_tui.engine.runs.run_folder import RunState

    check_idle(config, root)
    before = wishes.before or state_before(config, root)
    change = _change(config, before, wishes)
    request = iteration_request(config, change, before)
    if wishes.dry_run:
        return _show_plan(config, before, change, printing)
    _write(config, change)
    (run,) = launch([request], LaunchOptions(root=root, detach=wishes.detach), printing.ascii_only)
    if wishes.detach:
        stderr.note(Message("{name} in {root}; `sgs-tui iterate --last` shows the result", name=run.name, root=root))
        return ExitCode.OK
    if run.state is not RunState.OK:
        return ExitCode.RUN_FAILED
    return _show(run, config, printing)


def _show_last(config: "IterateConfig", root: Path, printing: AdvicePrinting) -> ExitCode:
    from sgs_tui.engine.requantize.network import ITERATE
    from sgs_tui.engine.runs.run_folder import RunState
    from sgs_tui.engine.runs.run_list import list_runs

    run = next((run for run in list_runs(root) if run.request.backend == ITERATE), None)
    if run is None:
        raise InputError(Message("{root}: no iteration is there", root=root), Message("`sgs-tui iterate` makes one"))
    if run.state.active:
        stderr.note(
            Message(
                "{name}: {state}; `sgs-tui runs follow {name} --root {root}` shows it",
                name=run.name,
                state=run.state.words,
                root=root,
            )
        )
        return ExitCode.OK
    if run.state is not RunState.OK:
        tell(run)
        return ExitCode.RUN_FAILED
    return _show(run, config, printing)


def _change(config: "IterateConfig", before: Path | None, wishes: _Wishes) -> "IniChange":
    """What becomes of the ini; nothing where nothing is to be marked."""
    from sgs_tui.engine.dumps.reader import open_dump
    from sgs_tui.engine.requantize.ini_change import ini_change
    from sgs_tui.engine.requantize.network import place_of

    names, inputs = list(wishes.mark or ()), None
    place = place_of(before) if before is not None and before.is_dir() else None
    if wishes.advised:
        if place is None:
            raise InputError(
                Message("--advised: there are no dumps of the state before"), Message("name tensors with --mark")
            )
        names += _advised(config, place.sample, place.benchmark, place.ranges)
    if place is not None:
        from sgs_tui.engine.network.graph import conv_inputs

        with open_dump(place.benchmark) as dump:
            inputs = conv_inputs(dump)
    return ini_change(read_bytes(config.ini), names, wishes.unmark or (), inputs)


def _advised(config: "IterateConfig", sample: Path, benchmark: Path, ranges: Path | None) -> tuple[str, ...]:
    from sgs_tui.batch.printed.advice import advised
    from sgs_tui.engine.compare.limits import load_profile
    from sgs_tui.engine.session import CompareRequest

    found = advised(CompareRequest(sample, benchmark, ranges, profile=load_profile(config.profile)))
    if not found.advice.chosen:
        stderr.note(Message("nothing is advised: no layer fails, or INT16 would not help"))
    return found.advice.chosen


def _write(config: "IterateConfig", change: "IniChange") -> None:
    from sgs_tui.engine.requantize.ini_change import write_change

    for finding in change.findings:
        stderr.warning(
            Message(
                "{ini}:{line}: {message}; {remedy}",
                ini=config.ini,
                line=finding.line or 1,
                message=finding.message,
                remedy=finding.remedy,
            )
        )
    if change.changes:
        backup = write_change(config.ini, change)
        stderr.written(config.ini, backup)


def _show_plan(config: "IterateConfig", before: Path | None, change: "IniChange", printing: AdvicePrinting) -> ExitCode:
    from sgs_tui.batch.printed.iteration import plan_text

    emit(plan_text(config, before, change), printing.output)
    return ExitCode.OK


def _show(run: "Run", config: "IterateConfig", printing: AdvicePrinting) -> ExitCode:
    from sgs_tui.batch.printed.iteration import iterated, write_iteration

    found = iterated(run, config)
    page = stderr.screen(printing.ascii_only, printing.output is not None)
    emit(write_iteration(found, run, printing.wanted, page), printing.output)
    return ExitCode.OVER_LIMITS if found.after.summary.failed else ExitCode.OK

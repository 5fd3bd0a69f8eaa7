"""`sgs-tui advise`."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from sgs_tui.batch.output import emit
from sgs_tui.cli import options, stderr
from sgs_tui.cli.exits import ExitCode
from sgs_tui.engine.errors import InputError, RunError, UsageError
from sgs_tui.language import Message, plural

if TYPE_CHECKING:
    from sgs_tui.batch.printed.advice import Advised
    from sgs_tui.batch.printed.iteration import BeforeAfter
    from sgs_tui.engine.requantize.network import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wishes:
    """What the user wants of the advice."""

    ini: Annotated[Path | None, options.option("--ini FILE", "input_config.ini: show what changes in it.")] = None
    ranges: options.Ranges = None
    shapes: options.Shapes = None
    profile: options.ProfileName = None
    mark: Annotated[
        list[str] | None, options.option("--mark NAME", "INT16 for this tensor too, or for what this layer needs.")
    ] = None
    unmark: Annotated[
        list[str] | None, options.option("--unmark NAME", "No INT16 for this one; take it out of the file.")
    ] = None
    apply: Annotated[
        bool, options.option("--apply --write", "Write the file, keeping a backup. FOLDER: requantize, compare.")
    ] = False
    check: Annotated[
        Path | None, options.option("--check INI", "Only say which lines of this file do not do what they say.")
    ] = None
    dump: Annotated[
        Path | None, options.option("--dump FLOAT.bin", "With --check: the float dump, to judge names by.")
    ] = None


def advise(
    paths: Annotated[
        list[Path] | None,
        options.argument("[SAMPLE BENCHMARK | FOLDER]", "Two dumps; or a run's folder, or the demo's."),
    ] = None,
    *,
    wishes: _Wishes,
    printing: options.AdvicePrinting,
) -> int:
    """Say which tensors need INT16, and why.

    By which rule, what it should bring, and what to write into the ini.

    Names are convolution inputs, the only ones that [CONV_CONFIG] can give INT16; any tensor where onnxruntime
    quantized it here. The smallest set that brings every layer and its slices under the profile's limits is chosen;
    tensors that help only together, as a convolution, its activation and a pool of 8 bits each, are tried as one.
    Nothing is written without --apply. In a FOLDER that was quantized here (the demo, `sgs-tui run --onnx`) --apply
    closes the loop: requantize, dump, compare, show before and after; exit code 1 where layers still fail. --check ends
    with 3 where the converter would stop.

    \b
    Examples:
      sgs-tui advise fixed.bin float.bin --ini input_config.ini
      sgs-tui advise fixed.bin float.bin --ini input_config.ini --mark cat --write
      sgs-tui advise --check input_config.ini --dump float.bin
      sgs-tui advise --apply sgs-tui-demo
    """
    if wishes.check is not None:
        return _check(wishes.check, wishes.dump, paths, printing.output)
    if wishes.dump is not None:
        raise UsageError(Message("--dump is for --check"), Message("give sample and benchmark as they are"))
    if paths and len(paths) == 1 and paths[0].is_dir():
        return _advise_folder(paths[0], wishes, printing)
    return _advise_dumps(paths or [], wishes, printing)


def _advise_dumps(paths: list[Path], wishes: _Wishes, printing: options.AdvicePrinting) -> ExitCode:
    if len(paths) != 2:
        raise UsageError(
            plural(
                len(paths),
                "{number} path given, expected sample and benchmark",
                "{number} paths given, expected sample and benchmark",
            ),
            Message("or one folder: a run's or the demo's"),
        )
    if wishes.apply and wishes.ini is None:
        raise UsageError(Message("--apply: which file?"), Message("name it with --ini input_config.ini"))
    found = _advised(paths[0], paths[1], wishes)
    _show(found, printing, wishes.apply, _write_ini(found) if wishes.apply else None)
    return ExitCode.OK


def _advised(sample: Path, benchmark: Path, wishes: _Wishes) -> "Advised":
    from sgs_tui.batch.printed.advice import advised, with_ini
    from sgs_tui.engine.compare.limits import load_profile
    from sgs_tui.engine.session import CompareRequest

    limits, unmarked = load_profile(wishes.profile or options.DEFAULT_PROFILE), wishes.unmark or ()
    request = CompareRequest(sample, benchmark, wishes.ranges, wishes.shapes, limits)
    found = advised(request, wishes.mark or (), unmarked)
    return found if wishes.ini is None else with_ini(found, wishes.ini, unmarked)


def _check(ini: Path, dump: Path | None, paths: list[Path] | None, output: Path | None) -> ExitCode:
    from sgs_tui.batch.printed.debugconfig import list_findings
    from sgs_tui.engine.configs.inputconfig import load
    from sgs_tui.engine.configs.inputconfig_check import lint
    from sgs_tui.engine.configs.textlines import Severity
    from sgs_tui.engine.dumps.reader import open_dump
    from sgs_tui.engine.network.graph import conv_inputs

    if paths:
        raise UsageError(
            Message("--check takes no other path than --dump, got {path}", path=paths[0]), Message("leave it out")
        )
    document = load(ini)
    known = None
    if dump is not None:
        with open_dump(dump) as opened:
            known = conv_inputs(opened)
        if known is None:
            raise InputError(
                Message("{dump}: holds no inputs, so convolution inputs are not known", dump=dump),
                Message("give the SDK's float dump"),
            )
    findings = lint(document, known)
    emit(list_findings(findings, str(ini)), output)
    if not findings:
        fine = Message("{ini}: no problems", ini=ini)
        unjudged = Message("{ini}: no problems; names were not judged: give --dump", ini=ini)
        stderr.note(fine if known else unjudged)
    return ExitCode.INPUT if any(found.severity is Severity.ERROR for found in findings) else ExitCode.OK


# `sgs-tui advise FOLDER`: the demo, or a run that was quantized here; --apply closes the loop.


def _advise_folder(folder: Path, wishes: _Wishes, printing: options.AdvicePrinting) -> ExitCode:
    """Advise on the comparison that a folder holds; with `apply` make the next one and compare."""
    from sgs_tui.engine.requantize.network import place_of
    from sgs_tui.engine.requantize.propose import is_demo

    place = place_of(folder)
    with_place = replace(wishes, ini=wishes.ini or place.ini, ranges=place.ranges, shapes=None)
    found = _advised(place.sample, place.benchmark, with_place)
    if not wishes.apply:
        _show(found, printing)
        return ExitCode.OK
    if is_demo(place) and wishes.ini is None:
        return _apply_to_demo(place, found, printing)
    if (folder / "request.json").is_file():
        return _apply_to_run(folder, found, wishes, printing)
    raise InputError(
        Message("{folder}: was not quantized here, so it can not be requantized", folder=folder),
        Message("name the dumps and --ini"),
    )


def _apply_to_demo(place: "Place", found: "Advised", printing: options.AdvicePrinting) -> ExitCode:
    from sgs_tui.engine.requantize.ini_change import journal_change
    from sgs_tui.engine.requantize.propose import requantize_demo

    assert found.change is not None and found.ini is not None
    if not found.change.changes:
        return _nothing_to_apply(found, printing)
    stderr.note(
        Message(
            "requantizing {folder} with {names} in INT16",
            folder=place.folder,
            names=", ".join(found.change.names) or Message("nothing"),
        )
    )
    requantize_demo(place, found.change)
    journal_change(place.sample, found.ini, found.change)
    return _finish(place, place.sample, found, printing)


def _apply_to_run(folder: Path, found: "Advised", wishes: _Wishes, printing: options.AdvicePrinting) -> ExitCode:
    """A run that was quantized here is run again; of any other run only the file can be written."""
    from sgs_tui.cli.launch import launch
    from sgs_tui.engine.requantize.ini_change import journal_request
    from sgs_tui.engine.requantize.network import place_of
    from sgs_tui.engine.requantize.propose import int16_of, requantized
    from sgs_tui.engine.runs.run_folder import RunState
    from sgs_tui.engine.runs.run_list import read_run

    if wishes.ini is not None:
        _show(found, printing, True, _write_ini(found))
        return ExitCode.OK
    run = read_run(folder)
    request = requantized(run, found.advice.chosen, wishes.unmark or ())
    names = request.details["int16"]
    if names == ",".join(int16_of(run)):
        return _nothing_to_apply(found, printing)
    (made,) = launch([request], options.LaunchOptions(root=run.folder.root), printing.ascii_only)
    if made.state is not RunState.OK:
        raise RunError(
            Message("{name}: {state}", name=made.name, state=made.state.words),
            Message("the state before is untouched"),
        )
    after = place_of(made.folder.path)
    journal_request(after.folder, folder, names)
    return _finish(after, after.sample, found, printing)


def _nothing_to_apply(found: "Advised", printing: options.AdvicePrinting) -> ExitCode:
    _show(found, printing)
    stderr.note(Message("nothing to apply: the INT16 tensors stay as they are"))
    return ExitCode.OVER_LIMITS if found.report.summary.failed else ExitCode.OK


def _finish(after: "Place", sample: Path, found: "Advised", printing: options.AdvicePrinting) -> ExitCode:
    """Compare the new dumps, write down and show what came of it."""
    from sgs_tui.engine.requantize.ini_change import journal_result

    done = _outcome(after, found)
    failed = done.after.summary.failed
    assert done.after.since is not None
    journal_result(sample, done.after.since.regression, found.report.summary.failed, failed)
    _show(found, printing, True, None, done)
    return ExitCode.OVER_LIMITS if failed else ExitCode.OK


def _outcome(after: "Place", found: "Advised") -> "BeforeAfter":
    from sgs_tui.batch.compare import compare
    from sgs_tui.batch.printed.iteration import BeforeAfter
    from sgs_tui.batch.words import headline
    from sgs_tui.engine.compare.baseline import Baseline, snapshot
    from sgs_tui.engine.session import CompareRequest

    before = found.report
    baseline = Baseline(Message("the state before"), before.profile.name, tuple(snapshot(row) for row in before.rows))
    request = CompareRequest(after.sample, after.benchmark, after.ranges, profile=before.profile)
    return BeforeAfter(after.folder, headline(before.summary), compare(request, baseline=baseline))


# What is printed and written.


def _show(
    found: "Advised",
    how: options.AdvicePrinting,
    written: bool = False,
    backup: Path | None = None,
    done: "BeforeAfter | None" = None,
) -> None:
    from sgs_tui.batch.printed.advice import write_advice

    screen = stderr.screen(how.ascii_only, to_file=how.output is not None)
    told = write_advice(found, how.wanted, screen, written, backup, done)
    inputs = [found.ini, Path(found.report.sample.path), Path(found.report.benchmark.path)]
    emit(told, how.output, tuple(path for path in inputs if path is not None))


def _write_ini(found: "Advised") -> Path | None:
    """Write the changed file, say so, note it in the journal of the sample; what was there, if anything."""
    from sgs_tui.engine.requantize.ini_change import journal_change, write_change

    assert found.change is not None and found.ini is not None
    if not found.change.changes:
        stderr.note(Message("{ini} stays as it is", ini=found.ini))
        return None
    backup = write_change(found.ini, found.change)
    stderr.written(found.ini, backup)
    try:
        journal_change(Path(found.report.sample.path), found.ini, found.change)
    except InputError as error:
        stderr.warning(Message("not in the journal: {message}", message=error.message))
    return backup

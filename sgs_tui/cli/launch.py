"""From options to runs: what is to be run, the start, the wait, what is told of it. For every command with runs."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sgs_tui.cli import options, stderr
from sgs_tui.cli.options import (
    InputOptions,
    LaunchOptions,
    ModelType,
    SimulatorOptions,
    place_of,
    whole,
)
from sgs_tui.cli.stderr import held_interrupts
from sgs_tui.language import Message

if TYPE_CHECKING:
    from sgs_tui.engine.backends.preprocess import Preprocess
    from sgs_tui.engine.runs.run_folder import RunFolder, RunRequest
    from sgs_tui.engine.runs.run_list import Run

_PATIENCE = 120.0
"""Seconds for a preprocess script where no --timeout says otherwise."""


def launch(requests: "Sequence[RunRequest]", how: LaunchOptions, ascii_only: bool = False) -> "tuple[Run, ...]":
    """Start the runs and, unless detached, wait for them; Ctrl-C then cancels what is not over.

    Failures are told on stderr. Raises RunError where nothing could be started.
    """
    from sgs_tui.engine.backends.start import told_time
    from sgs_tui.engine.runs.run_list import read_run

    root = place_of(how.root)
    _warn(requests, root)
    with held_interrupts() as held:
        folders = _start(requests, root, how.jobs)
        paths = [folder.path for folder in folders]
        stderr.note(*filter(None, [told_time(folders, how.jobs)]))
    if how.detach:
        stderr.note(Message("started; `sgs-tui runs follow NAME` shows one, `sgs-tui runs cancel NAME` ends it"))
        return tuple(read_run(path) for path in paths)
    try:
        if held.is_set():
            raise KeyboardInterrupt
        return _wait(paths, how.keep, ascii_only)
    except KeyboardInterrupt:
        _cancel(paths)
        raise


def _wait(paths: Sequence[Path], keep: bool, ascii_only: bool) -> "tuple[Run, ...]":
    """Wait for runs that were started, tell what became of them, tidy up behind the good ones."""
    from sgs_tui.batch.watch import wait_for

    ended = wait_for(paths, stderr.screen(ascii_only, to_file=False))
    for run in ended:
        tell(run)
        if run.dump is not None and not keep:
            shutil.rmtree(run.folder.work_path, ignore_errors=True)
    return ended


def tell(run: "Run") -> None:
    """What a run that is over has to say: its failure, or what is worth knowing of a good one."""
    from sgs_tui.batch.watch import failure
    from sgs_tui.engine.backends.jobs import local_result
    from sgs_tui.engine.runs.run_folder import RunState

    if run.state is not RunState.OK:
        stderr.error(*failure(run))
        return
    result = local_result(run)
    stderr.note(*(note for note in run.status.notes if note not in run.request.warnings))  # told before the start
    stderr.note(
        *result.notes,
        *(Message("left out: {name}: {reason}", name=name, reason=reason) for name, reason in result.skipped),
    )


def _start(requests: "Sequence[RunRequest]", root: Path, jobs: int) -> "list[RunFolder]":
    """The run folders in the order of the requests. Runs of one supervisor follow one another: one for each job."""
    from sgs_tui.engine.backends.start import start_runs

    found: dict[int, RunFolder] = {}
    try:
        for job in range(min(jobs, len(requests))):
            places = range(job, len(requests), jobs)
            folders = start_runs([requests[place] for place in places], root, jobs)
            found |= dict(zip(places, folders, strict=True))
    except Exception:
        _cancel([folder.path for folder in found.values()])
        raise
    return [found[place] for place in range(len(requests))]


def _warn(requests: "Sequence[RunRequest]", root: Path) -> None:
    """What the checks before a start say, each thing once; errors are raised by the start itself."""
    from sgs_tui.engine.backends.start import check_run
    from sgs_tui.engine.runs.backend import Level
    from sgs_tui.engine.runs.run_list import list_runs

    known = list_runs(root)
    told = {warning: None for request in requests for warning in request.warnings}
    for request in requests:
        found = (finding for finding in check_run(request, root, known) if finding.level is Level.WARNING)
        told |= {Message("{message} ({hint})", message=each.message, hint=each.hint): None for each in found}
    for text in told:
        stderr.warning(text)


def _cancel(paths: Sequence[Path]) -> None:
    from sgs_tui.batch.watch import end_runs

    stderr.note(*(Message("{name}: {state}", name=run.name, state=run.state.words) for run in end_runs(paths)))


# Runs of our own dumpers.


def preprocess_of(given: InputOptions) -> "Preprocess":
    """The preprocess of every input."""
    from sgs_tui.engine.backends.preprocess import Preprocess

    modules = tuple(whole(Path(name)) for name in options.names(given.preprocess or ()))
    return Preprocess(modules, timeout=max(_PATIENCE, given.timeout or 0.0))


def picture_preprocess(given: InputOptions) -> "Preprocess":
    """The same for many pictures, --timeout as it was given: one that hangs must not hold the others for longer."""
    how = preprocess_of(given)
    return how if given.timeout is None else replace(how, timeout=given.timeout)


def samples_of(image: str | None, missing: bool = False) -> tuple[tuple[Path, ...], ...]:
    """The files of each sample; none without an image argument. `missing`: those too that are not there, where others
    are. Raises InputError, UsageError."""
    from sgs_tui.engine.backends.samples import image_samples

    return image_samples(image, missing) if image is not None else ()


# Runs of the SDK's simulator.


def sdk_requests(
    models: "Sequence[tuple[Path, ModelType | None]]", image: str, given: InputOptions, simulator: SimulatorOptions
) -> "tuple[tuple[RunRequest, ...], ...]":
    """For each model one run an image. Raises SgsError for what can not be dumped, before an SDK is looked for."""
    from sgs_tui.engine.backends.sdk import DumpSwitches, SdkRequest, refuse_offline, sdk_runs, stage_of
    from sgs_tui.engine.backends.sdk_install import find_sdk
    from sgs_tui.engine.dumps.format import Stage
    from sgs_tui.engine.files import read_bytes

    stages = {None: None, ModelType.FLOAT: Stage.FLOAT, ModelType.FIXED: Stage.FIXED}
    known = [(whole(model), stages[kind]) for model, kind in models]
    for path, stage in known:
        refuse_offline(path, stage or stage_of(path))
    asked = SdkRequest(
        model=known[0][0],
        image=image,
        preprocess=",".join(options.names(given.preprocess or ())),
        switches=DumpSwitches(as_string=simulator.string),
        debug_config=read_bytes(simulator.debug_config) if simulator.debug_config else None,
        timeout=given.timeout,
    )
    sdk = find_sdk(simulator.sdk, simulator.wish)
    return tuple(sdk_runs(replace(asked, model=path, stage=stage), sdk) for path, stage in known)


def both_runs(
    float_model: Path, fixed_model: Path, image: str, given: InputOptions, simulator: SimulatorOptions
) -> "list[RunRequest]":
    """A float and a fixed run for each image, in turns."""
    kind = None if float_model.name.endswith("_cmodel_float.sim") else ModelType.FLOAT
    models = ((float_model, kind), (fixed_model, ModelType.FIXED))
    floats, fixeds = sdk_requests(models, image, given, simulator)
    return [request for pair in zip(floats, fixeds, strict=True) for request in pair]

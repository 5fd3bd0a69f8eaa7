"""How are the models behind a dump requantized with other INT16 tensors?

`find_recipe` says by what: the user's commands (sgs-tui.toml), or onnxruntime for what was quantized here (a run, the
demo). `propose` says exactly what would be done; nothing is written or started by it, and everything that can be known
to fail fails there. `begin` does it.

The commands run as an iteration, a run in the background. `check_idle` says whether one is at work, `state_before` what
to compare with, `ini_change` what becomes of the file, and `iteration_request` is the run to start, with what to know
beforehand in its warnings; only then `write_change` writes the file. The run is followed and cancelled as any run, and
leaves what `state.state_behind` and `load_state` read.
"""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sgs_tui.engine.backends.embedded import EmbeddedRequest
from sgs_tui.engine.backends.jobs import JOB_FILE, job_from_json, local_run
from sgs_tui.engine.backends.quantize import Quantization
from sgs_tui.engine.backends.sdk_install import Sdk
from sgs_tui.engine.backends.start import check_run, start_run
from sgs_tui.engine.configs.debugconfig import DUMP_TENSOR
from sgs_tui.engine.configs.debugconfig import load as load_debug_config
from sgs_tui.engine.configs.inputconfig import load as load_ini
from sgs_tui.engine.demo.demo import DemoFiles, build_demo, is_demo_model
from sgs_tui.engine.errors import InputError, RunError, SgsError, UsageError, told
from sgs_tui.engine.files import read_bytes, write_atomically
from sgs_tui.engine.requantize.checks import check_ini, check_network
from sgs_tui.engine.requantize.ini_change import (
    IniChange,
    change_text,
    ini_change,
    journal_change,
    journal_request,
    write_change,
)
from sgs_tui.engine.requantize.iteration import GRACE, sdk_of
from sgs_tui.engine.requantize.network import (
    FIXED_DUMP,
    FLOAT_DUMP,
    INI,
    ITERATE,
    LAYERS_FILE,
    NAME,
    IterateConfig,
    Place,
    load_config,
    place_of,
)
from sgs_tui.engine.requantize.state import PLAN_FILE, IterationPlan, check_state
from sgs_tui.engine.runs.backend import Concern, Level
from sgs_tui.engine.runs.run_folder import DEBUG_CONFIG, ROOT_NAME, Elements, Product, ProductKind, RunRequest
from sgs_tui.engine.runs.run_list import Run, list_runs, network, newest_pair, read_run
from sgs_tui.language import Message


def is_demo(place: Place) -> bool:
    """Whether a folder is a demo's, by the mark in its model."""
    files = DemoFiles.below(place.folder)
    return place.ini is not None and files.fixed_model.is_file() and is_demo_model(files.model)


def requantize_demo(place: Place, change: IniChange) -> None:
    """Build the demo again with the INT16 tensors that its changed ini names; the old ini is kept beside it.

    Raises InputError where the folder is no demo's, UsageError for a name that no tensor has.
    """
    if place.ini is None:
        raise InputError(
            Message("{folder}: has no input_config.ini", folder=place.folder), Message("`sgs-tui demo` makes a new one")
        )
    build_demo(place.folder, int16=change.names)
    write_atomically(place.ini, change.old)  # the demo starts anew with its template
    write_change(place.ini, change)


def _is_embedded(run: Run) -> bool:
    """Whether `requantized` can make a run again with other tensors."""
    return run.request.backend == "onnxruntime" and JOB_FILE in run.request.files


def int16_of(run: Run) -> tuple[str, ...]:
    """The INT16 tensors of an embedded run."""
    return _job(run).quantization.int16


def requantized(run: Run, add: Sequence[str], remove: Sequence[str] = ()) -> RunRequest:
    """The same embedded run with more or fewer INT16 tensors, to be compared with that run (`before`).

    Raises UsageError where it is of another kind.
    """
    job = _job(run)
    names = tuple(name for name in dict.fromkeys((*job.quantization.int16, *add)) if name not in remove)
    how = Quantization(job.quantization.per_channel, names)
    request = local_run(replace(job, quantization=how), run.request.timeout)
    return replace(request, details={**request.details, "before": str(run.folder.path)})


def _job(run: Run) -> EmbeddedRequest:
    text = run.request.files.get(JOB_FILE)
    if text is None or not _is_embedded(run):
        hint = Message("`sgs-tui iterate` runs the SDK's tools; `sgs-tui run --onnx` makes runs of that kind")
        raise UsageError(Message("{name}: was not quantized here, so it can not be requantized", name=run.name), hint)
    return job_from_json(text, run.folder.request_path, EmbeddedRequest)


_COMPARABLE = (ITERATE, "sdk")
"""Backends whose dumps say something about the SDK's models."""


class BusyError(RunError):
    """An iteration of the same network is at work."""


def iterations_root(config: IterateConfig) -> Path:
    """Where a network's iterations are kept: `sgs_runs` in its folder."""
    return config.folder / ROOT_NAME


def iteration_request(
    config: IterateConfig,
    change: IniChange | None = None,
    before: Path | None = None,
    environ: Mapping[str, str] = os.environ,
) -> RunRequest:
    """The iteration as one run in the background; its steps are runs of their own below its folder.

    `change`: what becomes of the ini before it starts, which is the caller's to write. `before`: the state to compare
    with (a JSON report, a run, an iteration); None: both models are dumped first, where they are there. Raises
    SgsError for what is missing.
    """
    sdk = sdk_of(config, environ)
    if not config.ini.is_file():
        raise InputError(
            Message("{path}: no such file", path=config.ini), Message("name it with `ini` in sgs-tui.toml")
        )
    if before is not None:
        check_state(before)
    changed = change is not None and change.changes
    int16 = ",".join(load_ini(config.ini).tensor_arrays if change is None else change.names)
    told = (
        change_text(config.ini, change)
        if change and changed
        else Message("requantized (tensor_arrays: {names})", names=int16 or Message("none"))
    )
    images, scripts = config.image.split(":")[-1], [s for s in config.preprocess.split(",") if s.endswith(".py")]
    return RunRequest(
        argv=(sys.executable, "-P", "-m", "sgs_tui.engine.requantize.iteration", PLAN_FILE),
        backend=ITERATE,
        model=str(config.fixed_model),
        stage="iteration",
        products=(
            Product(FLOAT_DUMP, elements=Elements.FLOAT),
            Product(FIXED_DUMP, elements=Elements.INTEGER),
            Product(LAYERS_FILE, ProductKind.FILE),
        ),
        files={PLAN_FILE: IterationPlan(config, before.absolute() if before else None, told).to_json()},
        needs=(str(config.ini), images, *scripts),
        grace=GRACE + 10,
        details={
            "image": config.image,
            "preprocess": config.preprocess,
            "sdk": str(sdk.root),
            "int16": int16,
            "before": str(before or ""),
        },
        warnings=(*_warnings(config, changed), *_concerns(config, sdk, environ, before)),
    )


def _concerns(config: IterateConfig, sdk: Sdk, environ: Mapping[str, str], before: Path | None) -> Iterator[str]:
    """In words; what is missing ends the run itself, and says so there."""
    try:
        for concern in check_network(config, sdk, environ, _benchmark(before)):
            yield Message("{problem} ({hint})", problem=concern.message, hint=concern.hint)
    except InputError as error:
        yield told(error)


def check_project(folder: Path, environ: Mapping[str, str] = os.environ) -> tuple[Concern, ...]:
    """What is wrong with a network before anything is run, for a folder with sgs-tui.toml.

    Raises SgsError where that, or the SDK, can not be read.
    """
    config = load_config(folder)
    benchmark = _benchmark(state_before(config, iterations_root(config)))
    concerns = check_network(config, sdk_of(config, environ), environ, benchmark)
    return (*concerns, *check_ini(config, benchmark))


def _benchmark(before: Path | None) -> Path | None:
    """The float dump of a state; None where it has none (any more)."""
    try:
        return place_of(before).benchmark if before is not None else None
    except InputError:
        return None


def state_before(config: IterateConfig, root: Path) -> Path | None:
    """The newest good state of this network in a runs root: an iteration, or a run that has its partner there.

    None where there is none, and where the models were made by hand since: it is not theirs then.
    """
    own = network(config.fixed_model.name)
    runs = [run for run in list_runs(root) if run.request.backend in _COMPARABLE and network(run.request.model) == own]
    pair = newest_pair([run for run in runs if len(run.dumps) == 1])
    found = [run for run in runs if len(run.dumps) > 1] + ([pair[0]] if pair else [])
    newest = max(found, key=lambda run: run.status.ended or 0.0, default=None)
    if newest is None:
        return None
    ended, model = newest.status.ended or 0.0, config.fixed_model
    return None if model.is_file() and model.stat().st_mtime > ended else newest.folder.path


def check_idle(config: IterateConfig, root: Path) -> None:
    """Raise BusyError while an iteration of the same network is at work: it reads the ini that is about to change."""
    for run in list_runs(root):
        if run.state.active and run.request.backend == ITERATE and run.request.model == str(config.fixed_model):
            hint = Message("wait for it, or `sgs-tui runs cancel {name} --root {root}`", name=run.name, root=root)
            raise BusyError(
                Message(
                    "{name} is making {model} ({state})", name=run.name, model=config.fixed_model.name, state=run.state
                ),
                hint,
            )


def _warnings(config: IterateConfig, changed: bool) -> Iterator[str]:
    debug = config.folder / DEBUG_CONFIG
    if debug.is_file() and DUMP_TENSOR in load_debug_config(debug).effect().switches:
        yield Message(
            "{path} has dumpTensor: the calibrator runs in that folder and obeys it (switch it off there)", path=debug
        )
    if not config.convert:
        yield Message(
            "without `convert` a cast that an INT16 tensor needs is missing in the float dump (reconvert for it)"
        )
    models = [path for path in (config.float_model, config.fixed_model) if path.is_file()]
    if len(models) == 2 and not changed and all(path.stat().st_mtime > config.ini.stat().st_mtime for path in models):
        yield Message("{name} is older than the models: nothing was changed since they were made", name=config.ini.name)


@dataclass(frozen=True, slots=True)
class Commands:
    """A network whose folder says in sgs-tui.toml how its models are made."""

    config: IterateConfig

    @property
    def root(self) -> Path:
        return iterations_root(self.config)


@dataclass(frozen=True, slots=True)
class EmbeddedRun:
    """A run that was quantized here, and can be again as another run."""

    run: Run


@dataclass(frozen=True, slots=True)
class DemoFolder:
    """The demo's folder, whose files are replaced."""

    place: Place


Recipe = Commands | EmbeddedRun | DemoFolder


def find_recipe(sample: Path | None, folders: Sequence[Path]) -> Recipe | None:
    """By what the models behind a sample are requantized; None where nothing says so.

    What was quantized here is known by its run or its mark; else the first of `folders` with an sgs-tui.toml says it.
    Raises InputError where that file, or the run's request, is damaged.
    """
    if sample is not None:
        if (sample.parent / "request.json").is_file() and _is_embedded(run := read_run(sample.parent)):
            return EmbeddedRun(run)
        if (place := _demo(sample)) is not None:
            return DemoFolder(place)
    home = next((folder for folder in folders if (folder / NAME).is_file()), None)
    return None if home is None else Commands(load_config(home))


def network_folders(sample: Path | None, *others: Path) -> tuple[Path, ...]:
    """Where a dump's sgs-tui.toml may be: beside it, or for a run's dump beside the runs, then in the others."""
    found = [*(_homes(sample) if sample is not None else ()), *others]
    return tuple({folder.absolute(): folder for folder in reversed(found)}.values())[::-1]


def run_roots(folders: Sequence[Path]) -> tuple[Path, ...]:
    """The runs roots of those folders that have, or will have, runs of their own."""
    homes = [folder for folder in folders if (folder / NAME).is_file() or (folder / ROOT_NAME).is_dir()]
    return tuple(folder.absolute() / ROOT_NAME for folder in homes)


def _homes(sample: Path) -> Iterator[Path]:
    yield sample.parent
    yield from (root.parent for root in sample.absolute().parents if root.name == ROOT_NAME)


def _demo(sample: Path) -> Place | None:
    """The place of a demo's fixed dump; None for every other dump."""
    try:
        place = place_of(sample.parent)
    except InputError:
        return None  # a folder without both dumps is no demo
    return place if place.sample == sample and is_demo(place) else None


@dataclass(frozen=True, slots=True)
class Int16Edit:
    """Tensors to make INT16, tensors to take back, and the first inputs of all convolutions (None: not known)."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    conv_inputs: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """What would be done. `names`: what is INT16 then; `ini`: the file that `change` is about, if any.

    `request`: the run to start in `root`; None where the work is done at once. `before`: the state that the new one
    is to be held against (None: none is known, or it is the caller's). `warnings`: what to know beforehand.
    """

    recipe: Recipe
    names: tuple[str, ...]
    ini: Path | None = None
    change: IniChange | None = None
    request: RunRequest | None = None
    root: Path | None = None
    before: Path | None = None
    warnings: tuple[str, ...] = ()

    @property
    def changes(self) -> bool:
        if isinstance(self.recipe, EmbeddedRun):
            return self.names != int16_of(self.recipe.run)
        return self.change is not None and self.change.changes


@dataclass(frozen=True, slots=True)
class Begun:
    """What was begun: a run in the background, or (None) the demo, which is requantized already.

    `backup`: what was in the ini before, where there was something.
    """

    run: Path | None
    backup: Path | None = None


def propose(recipe: Recipe, wanted: Int16Edit, environ: Mapping[str, str] = os.environ) -> Proposal:
    """What requantizing with other INT16 tensors comes to. Raises SgsError where it can not be done."""
    match recipe:
        case Commands(config):
            return _by_commands(recipe, config, wanted, environ)
        case EmbeddedRun(run):
            request, root = requantized(run, wanted.add, wanted.remove), run.folder.root
            names = tuple(name for name in request.details["int16"].split(",") if name)
            return Proposal(
                recipe, names, request=request, root=root, before=run.folder.path, warnings=_checked(request, root)
            )
        case DemoFolder(place):
            ini = place.ini or place.folder / INI
            change = ini_change(read_bytes(ini), wanted.add, wanted.remove, wanted.conv_inputs)
            return Proposal(recipe, change.names, ini, change)


def begin(proposal: Proposal) -> Begun:
    """Write what changes and start. Raises SgsError; where the ini is written already it says so."""
    match proposal.recipe:
        case Commands(config):
            check_idle(config, iterations_root(config))
            return _start_iteration(proposal)
        case EmbeddedRun(run):
            path = _start(proposal)
            journal_request(path, run.folder.path, ",".join(proposal.names))
            return Begun(path)
        case DemoFolder(place):
            assert proposal.ini is not None and proposal.change is not None
            requantize_demo(place, proposal.change)
            journal_change(place.sample, proposal.ini, proposal.change)
            return Begun(None)


def _by_commands(recipe: Recipe, config: IterateConfig, wanted: Int16Edit, environ: Mapping[str, str]) -> Proposal:
    root = iterations_root(config)
    check_idle(config, root)
    before = state_before(config, root)
    if not config.ini.is_file():
        raise InputError(
            Message("{path}: no such file", path=config.ini), Message("name it with `ini` in sgs-tui.toml")
        )
    change = ini_change(read_bytes(config.ini), wanted.add, wanted.remove, wanted.conv_inputs)
    request = iteration_request(config, change, before, environ)
    warnings = (*request.warnings, *_checked(request, root))
    return Proposal(recipe, change.names, config.ini, change, request, root, before, warnings)


def _checked(request: RunRequest, root: Path) -> tuple[str, ...]:
    """What the checks before a start warn of. Raises RunError for what would keep the run from starting."""
    findings = check_run(request, root, list_runs(root))
    for finding in findings:
        if finding.level is Level.ERROR:
            raise RunError(finding.message, finding.hint)
    return tuple(Message("{problem} ({hint})", problem=finding.message, hint=finding.hint) for finding in findings)


def _start_iteration(proposal: Proposal) -> Begun:
    """The worker reads the ini, so it is written first."""
    assert proposal.ini is not None and proposal.change is not None
    backup = write_change(proposal.ini, proposal.change)
    try:
        return Begun(_start(proposal), backup)
    except SgsError as error:
        said = error.message
        if proposal.changes:
            said = Message("{problem}; {name} is written already", problem=said, name=proposal.ini.name)
        raise RunError(said, error.hint) from error


def _start(proposal: Proposal) -> Path:
    assert proposal.request is not None
    return start_run(proposal.request, proposal.root).path


def compared_with(before: Path | None, config: IterateConfig) -> str:
    """The state that the new one is held against."""
    if before is not None:
        return str(before)
    if config.float_model.is_file() and config.fixed_model.is_file():
        return Message("what both models dump before the change")
    return Message("nothing: no state before is known, and there are no models to dump it from")


def command_lines(config: IterateConfig) -> Iterator[str]:
    """The user's own commands, in their order, line by line."""
    for command in filter(None, (config.convert, config.calibrate)):
        yield from command.strip().splitlines()


def dump_lines(config: IterateConfig) -> Iterator[str]:
    """What is dumped afterwards."""
    for model in (config.float_model, config.fixed_model):
        yield Message("dump {model} on {image}", model=model, image=config.image)

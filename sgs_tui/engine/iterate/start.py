"""Start iterations, find the state before, read what came of them: for front ends.

First `load_config(folder)` reads sgs-tui.toml and `check_idle` says whether one is at work. Then `state_before` finds
what to compare with, `ini_change` (ini_change.py) what becomes of the file, and `iteration_request` is the run to
start, with what to know beforehand in its warnings; only then `write_change` writes the file. The run
(`start_run(request, iterations_root(config))`) works by itself, is followed and cancelled as any run, and leaves what
`read_outcome` reads.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sgs_tui.engine.compare.baseline import Baseline, load_baseline
from sgs_tui.engine.compare.regression import Regression, regress
from sgs_tui.engine.configs.debugconfig import load as load_debug_config
from sgs_tui.engine.configs.inputconfig import load as load_ini
from sgs_tui.engine.configs.switches import DUMP_TENSOR
from sgs_tui.engine.errors import InputError, RunError
from sgs_tui.engine.iterate.config import IterateConfig
from sgs_tui.engine.iterate.files import BEFORE_FILE, FIXED_DUMP, FLOAT_DUMP, ITERATE, LAYERS_FILE
from sgs_tui.engine.iterate.ini_change import IniChange
from sgs_tui.engine.iterate.journalling import change_text
from sgs_tui.engine.iterate.plan import PLAN_FILE, Plan, plan_to_json
from sgs_tui.engine.iterate.requests import sdk_of
from sgs_tui.engine.iterate.state import check_state
from sgs_tui.engine.iterate.steps import GRACE
from sgs_tui.engine.simulate.run_folder import ROOT_NAME
from sgs_tui.engine.simulate.run_list import Run, list_runs
from sgs_tui.engine.simulate.run_pairs import network, newest_pair
from sgs_tui.engine.simulate.run_request import DEBUG_CONFIG, Elements, Product, ProductKind, RunRequest

_WORKER = "sgs_tui.engine.iterate.worker"
BACKEND = ITERATE
_STAGE = "iteration"
_COMPARABLE = (BACKEND, "sdk")
"""Backends whose dumps say something about the SDK's models."""


class BusyError(RunError):
    """An iteration of the same network is at work."""


@dataclass(frozen=True, slots=True)
class IterationOutcome:
    """What came of an iteration. `before` and `regression` are None where nothing was known of the state before."""

    folder: Path
    after: Baseline
    before: Baseline | None = None
    regression: Regression | None = None


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
        raise InputError(f"{config.ini}: no such file", "name it with `ini` in sgs-tui.toml")
    if before is not None:
        check_state(before)
    changed = change is not None and change.changes
    int16 = ",".join(load_ini(config.ini).tensor_arrays if change is None else change.names)
    told = change_text(config.ini, change) if change and changed else f"made again (tensor_arrays: {int16 or 'none'})"
    images, scripts = config.image.split(":")[-1], [s for s in config.preprocess.split(",") if s.endswith(".py")]
    return RunRequest(
        argv=(sys.executable, "-P", "-m", _WORKER, PLAN_FILE),
        backend=BACKEND,
        model=str(config.fixed_model),
        stage=_STAGE,
        products=(
            Product(FLOAT_DUMP, elements=Elements.FLOAT),
            Product(FIXED_DUMP, elements=Elements.INTEGER),
            Product(LAYERS_FILE, ProductKind.FILE),
        ),
        files={PLAN_FILE: plan_to_json(Plan(config, before.absolute() if before else None, told))},
        needs=(str(config.ini), images, *scripts),
        grace=GRACE + 10,
        details={
            "image": config.image,
            "preprocess": config.preprocess,
            "sdk": str(sdk.root),
            "int16": int16,
            "before": str(before or ""),
        },
        warnings=tuple(_warnings(config, changed)),
    )


def state_before(config: IterateConfig, root: Path) -> Path | None:
    """The newest good state of this network in a runs root: an iteration, or a run that has its partner there.

    None where there is none, and where the models were made anew since: it is not theirs then.
    """
    runs = [run for run in list_runs(root) if _of(run, config) and run.request.backend in _COMPARABLE]
    pair = newest_pair([run for run in runs if len(run.dumps) == 1])
    found = [run for run in runs if len(run.dumps) > 1] + ([pair[0]] if pair else [])
    newest = max(found, key=lambda run: run.status.ended or 0.0, default=None)
    if newest is None or _remade(config, newest.status.ended or 0.0):
        return None
    return newest.folder.path


def check_idle(config: IterateConfig, root: Path) -> None:
    """Raise BusyError while an iteration of the same network is at work: it reads the ini that is about to change."""
    for run in list_runs(root):
        if run.state.active and run.request.backend == BACKEND and run.request.model == str(config.fixed_model):
            hint = f"wait for it, or `sgs-tui runs cancel {run.name} --root {root}`"
            raise BusyError(f"{run.name} is making {config.fixed_model.name} ({run.state})", hint)


def read_outcome(folder: Path) -> IterationOutcome:
    """What an iteration left. Raises InputError where it is none, or did not come to its end."""
    after = load_baseline(folder / LAYERS_FILE)
    if not (folder / BEFORE_FILE).is_file():
        return IterationOutcome(folder, after)
    before = load_baseline(folder / BEFORE_FILE)
    return IterationOutcome(folder, after, before, regress(after.layers, before.layers))


def _of(run: Run, config: IterateConfig) -> bool:
    return network(run.request.model) == network(config.fixed_model.name)


def _remade(config: IterateConfig, since: float) -> bool:
    return config.fixed_model.is_file() and config.fixed_model.stat().st_mtime > since


def _warnings(config: IterateConfig, changed: bool) -> Iterator[str]:
    """What makes an iteration end otherwise than meant."""
    debug = config.folder / DEBUG_CONFIG
    if debug.is_file() and DUMP_TENSOR in load_debug_config(debug).effect().switches:
        yield f"{debug} has dumpTensor: the calibrator runs in that folder and obeys it (switch it off there)"
    if not config.convert:
        yield "without `convert` a cast that an INT16 tensor needs is missing in the float dump (reconvert for it)"
    models = [path for path in (config.float_model, config.fixed_model) if path.is_file()]
    if models and not changed and all(path.stat().st_mtime > config.ini.stat().st_mtime for path in models):
        yield f"{config.ini.name} is older than the models: nothing was changed since they were made"

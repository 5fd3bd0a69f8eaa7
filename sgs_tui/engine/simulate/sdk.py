"""Backend `sdk`: dumps of SigmaStar models by the vendor's own simulator, one run an image."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sgs_tui.engine.configs.switches import DUMP_NAME
from sgs_tui.engine.dumps.records import Stage
from sgs_tui.engine.errors import UsageError
from sgs_tui.engine.simulate.run_request import DEBUG_CONFIG, Elements, Product, RunRequest
from sgs_tui.engine.simulate.sdk_calibration import calibration_files
from sgs_tui.engine.simulate.sdk_command import simulator_command
from sgs_tui.engine.simulate.sdk_debugconfig import DumpSwitches, dumps_floats, run_debug_config
from sgs_tui.engine.simulate.sdk_environment import sdk_environment
from sgs_tui.engine.simulate.sdk_images import Sample, samples
from sgs_tui.engine.simulate.sdk_interpreter import interpreter_notes
from sgs_tui.engine.simulate.sdk_preprocess import preprocess_items
from sgs_tui.engine.simulate.sdk_root import Generation, Sdk
from sgs_tui.engine.simulate.sdk_stage import other_kind, refuse_offline, stage_of

__all__ = ["BACKEND", "SdkRequest", "refuse_offline", "sdk_runs", "stage_of"]

BACKEND = "sdk"


@dataclass(frozen=True, slots=True)
class SdkRequest:
    """What to dump. `stage` None: by the model's name. `image` and `preprocess` as the SDK's tools take them.

    `debug_config`: the user's own DebugConfig.txt, whose switches then count instead of `switches`.
    `python`: interpreter for the SDK's scripts. `timeout` in seconds for each run.
    """

    model: Path
    image: str
    preprocess: str = ""
    stage: Stage | None = None
    switches: DumpSwitches = field(default=DumpSwitches())
    debug_config: bytes | None = None
    python: str = "python3"
    timeout: float | None = None


def sdk_runs(request: SdkRequest, sdk: Sdk, environ: Mapping[str, str] = os.environ) -> tuple[RunRequest, ...]:
    """One run for each sample of the image argument, ready for `runs.start_runs`.

    Raises UsageError or InputError for what can not be dumped or is missing, RunError when the SDK's
    environment can not be had.
    """
    model = request.model.expanduser().absolute()
    stage = request.stage or stage_of(model)
    refuse_offline(model, stage)
    preprocess = preprocess_items(request.preprocess, sdk)
    if sdk.generation is Generation.NEWER and not preprocess:
        raise UsageError("this SDK's simulator takes no image without a preprocess script", "give -n PRE.py")
    environment = sdk_environment(sdk, environ)
    notes = (*_stage_notes(model, stage), *interpreter_notes(sdk, request.python, environment))
    plan = _Plan(request, sdk, model, stage, preprocess, environment, notes)
    return tuple(plan.run(sample) for sample in samples(request.image, max(1, len(preprocess))))


@dataclass(frozen=True, slots=True)
class _Plan:
    """What all runs of one request share."""

    request: SdkRequest
    sdk: Sdk
    model: Path
    stage: Stage
    preprocess: tuple[str, ...]
    environment: Mapping[str, str]
    notes: tuple[str, ...]

    def run(self, sample: Sample) -> RunRequest:
        python = self.request.python
        command = simulator_command(self.sdk, python, self.model, self.stage, sample, self.preprocess)
        config = run_debug_config(self.stage, self.request.switches, self.request.debug_config)
        elements = Elements.INTEGER if self.stage is Stage.FIXED else Elements.FLOAT
        scripts = [item for item in self.preprocess if item.endswith(".py")]
        kept = calibration_files(self.model, self.sdk.root)
        return RunRequest(
            argv=command.argv,
            backend=BACKEND,
            model=str(self.model),
            stage=str(self.stage),
            products=(Product(DUMP_NAME, is_float=dumps_floats(self.stage, config), elements=elements),),
            environment=self.environment,
            files={DEBUG_CONFIG: config, **command.files},
            links=command.links,
            copies=tuple(str(path) for path in kept),
            needs=(str(self.model), *(str(file) for file in sample.files), *scripts),
            timeout=self.request.timeout,
            details=self._details(sample, kept),
            warnings=self.notes,
        )

    def _details(self, sample: Sample, kept: tuple[Path, ...]) -> dict[str, str]:
        return {
            "image": ",".join(str(file) for file in sample.files),
            "preprocess": ",".join(self.preprocess),
            "sdk": str(self.sdk.root),
            "sdk_version": self.sdk.version,
            "generation": str(self.sdk.generation),
            "ranges": str(kept[0]) if kept else "",
        }


def _stage_notes(model: Path, stage: Stage) -> tuple[str, ...]:
    """A model's name that contradicts what was asked for."""
    named = other_kind(model, stage)
    if named is None:
        return ()
    return (f"{model.name} is run as {stage}, but its name says {named}: a swapped model ends in a useless dump",)

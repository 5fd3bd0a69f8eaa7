"""From options to runs of the SDK's simulator."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sgs_tui.cli.run_options import ModelType

if TYPE_CHECKING:
    from sgs_tui.engine.simulate.runs import RunRequest


@dataclass(frozen=True, slots=True)
class SdkOptions:
    """What the commands say about the SDK and the input; `preprocess` as given, lists and repetitions."""

    image: str
    preprocess: tuple[str, ...] = ()
    sdk: Path | None = None
    python: str = "python3"
    debug_config: Path | None = None
    string: bool = False
    timeout: float | None = None


def sdk_requests(model: Path, kind: ModelType | None, options: SdkOptions) -> "tuple[RunRequest, ...]":
    """One run for each image. Raises SgsError for what can not be dumped, before an SDK is looked for."""
    from sgs_tui.engine.configs.reading import read_bytes
    from sgs_tui.engine.dumps.records import Stage
    from sgs_tui.engine.simulate.sdk import SdkRequest, refuse_offline, sdk_runs, stage_of
    from sgs_tui.engine.simulate.sdk_debugconfig import DumpSwitches
    from sgs_tui.engine.simulate.sdk_root import find_sdk

    stage = {None: None, ModelType.FLOAT: Stage.FLOAT, ModelType.FIXED: Stage.FIXED}[kind]
    path = model.expanduser().absolute()
    refuse_offline(path, stage or stage_of(path))
    request = SdkRequest(
        model=path,
        image=options.image,
        preprocess=",".join(options.preprocess),
        stage=stage,
        switches=DumpSwitches(as_string=options.string),
        debug_config=read_bytes(options.debug_config) if options.debug_config else None,
        python=options.python,
        timeout=options.timeout,
    )
    return sdk_runs(request, find_sdk(options.sdk))

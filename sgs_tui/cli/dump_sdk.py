"""`sgs-tui dump sdk`."""

from typing import Annotated

import typer

from sgs_tui.cli import assignments, complaints
from sgs_tui.cli.dumping import dump
from sgs_tui.cli.exits import ExitCode
from sgs_tui.cli.launching import Launch
from sgs_tui.cli.run_options import (
    DebugConfig,
    Detach,
    DumpOutput,
    HowToPrint,
    Image,
    Jobs,
    Keep,
    Model,
    ModelType,
    NoFuseHint,
    Preprocess,
    Root,
    RunFormat,
    Sdk,
    SdkPython,
    String,
    Timeout,
)

_FUSED = (
    "layers that were fused when this fixed model was made are not in its dump; calibrate with disableDomainFuseOps "
    "to keep them (`sgs-tui debugconfig set --preset fixed-without-fusion`); --no-fuse-hint silences this"
)


def sdk(
    model: Model,
    image: Image,
    preprocess: Preprocess = None,
    kind: Annotated[
        ModelType | None,
        typer.Option("--type", "-t", case_sensitive=False, help="Kind of the model (default by its name)."),
    ] = None,
    sdk: Sdk = None,
    sdk_python: SdkPython = "python3",
    debug_config: DebugConfig = None,
    string: String = False,
    timeout: Timeout = None,
    output: DumpOutput = None,
    root: Root = None,
    jobs: Jobs = 1,
    keep: Keep = False,
    detach: Detach = False,
    no_fuse_hint: NoFuseHint = False,
    wanted: HowToPrint = RunFormat.TEXT,
) -> int:
    """Dump a float or fixed model with the SDK's simulator.

    One run an image. A run counts only when its dump is there, new, complete and of the right kind; otherwise exit
    code 4 and one line that says why and what to do. Ctrl-C cancels; --detach leaves the runs alone.

    \b
    Examples:
      sgs-tui dump sdk --model net_float.sim --image cat.jpg -n pre.py
      sgs-tui dump sdk -m net.sim -t Fixed -i cat.jpg -n p.py --sdk ~/SDK --detach
      sgs-tui dump sdk -m net_fixed.sim -i list.txt -n pre_a.py,pre_b.py -o dumps
    """
    from sgs_tui.cli.sdk_requests import SdkOptions, sdk_requests

    scripts = assignments.names(preprocess or ())
    options = SdkOptions(image, scripts, sdk, sdk_python, debug_config, string, timeout)
    requests = sdk_requests(model, kind, options)
    code = dump(requests, Launch(root, jobs, detach, keep), output, wanted)
    if requests[0].stage == "fixed" and not no_fuse_hint and not detach and code == ExitCode.OK:
        complaints.note(_FUSED)
    return code

"""`sgs-tui run`: dump both stages, then compare them."""

from pathlib import Path
from typing import Annotated

import typer

from sgs_tui.cli import assignments
from sgs_tui.cli.launching import Launch
from sgs_tui.cli.report_options import ReportOptions, with_report_options
from sgs_tui.cli.run_options import (
    DebugConfig,
    Detach,
    Jobs,
    Keep,
    NoFuseHint,
    Preprocess,
    Root,
    Sdk,
    SdkPython,
    Shapes,
    String,
    Timeout,
)
from sgs_tui.cli.running import embedded, simulated
from sgs_tui.engine.errors import UsageError


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("run")(with_report_options(run))


def run(
    float_model: Annotated[Path | None, typer.Option("--float", metavar="F.sim", help="The float model.")] = None,
    fixed_model: Annotated[Path | None, typer.Option("--fixed", metavar="X.sim", help="The fixed model.")] = None,
    onnx: Annotated[
        Path | None, typer.Option("--onnx", metavar="FILE", help="No SDK: quantise this model here by onnxruntime.")
    ] = None,
    calibrate: Annotated[
        str | None, typer.Option("--calibrate", metavar="PATH", help="With --onnx: calibration images, about 30.")
    ] = None,
    image: Annotated[
        str | None, typer.Option("--image", "-i", metavar="PATH", help="An image, a list file, or a folder.")
    ] = None,
    preprocess: Preprocess = None,
    int16: Annotated[
        list[str] | None, typer.Option("--int16", metavar="NAME,...", help="With --onnx: tensors that get 16 bits.")
    ] = None,
    per_tensor: Annotated[
        bool, typer.Option("--per-tensor", help="With --onnx: one scale for all channels of a weight.")
    ] = False,
    shape: Shapes = None,
    sdk: Sdk = None,
    sdk_python: SdkPython = "python3",
    debug_config: DebugConfig = None,
    string: String = False,
    timeout: Timeout = None,
    root: Root = None,
    jobs: Jobs = 1,
    keep: Keep = False,
    detach: Detach = False,
    no_fuse_hint: NoFuseHint = False,
    *,
    report: ReportOptions,
) -> int:
    """Dump both stages of a network and compare fixed with float.

    By the SDK's simulator with --float and --fixed, one pair of runs an image; or without any SDK with --onnx: the
    model is quantised here, and both stages are dumped. Then as `sgs-tui compare`: the app, or printed with --batch
    and its relatives. Ranges are taken from tensor_min_max beside the model unless --ranges names others. Exit code 4
    where a run failed; what can be compared is compared all the same.

    \b
    Examples:
      sgs-tui run --float net_float.sim --fixed net_fixed.sim -i cat.jpg -n pre.py
      sgs-tui run --float f.sim --fixed x.sim -i images -n pre.py --batch -o out
      sgs-tui run --onnx net.onnx --calibrate images -n pre.py --int16 conv5
    """
    how = Launch(root, jobs, detach, keep, report.ascii_only)
    names = assignments.names(preprocess or ())
    if onnx is not None:
        _refuse("this is for the SDK's models, not for --onnx", float=float_model, fixed=fixed_model)
        _refuse("this is for the SDK's models, not for --onnx", sdk=sdk, debugconfig=debug_config, string=string)
        from sgs_tui.cli.local_requests import LocalOptions

        local = LocalOptions(image, names, assignments.shapes(shape or ()), False, timeout)
        return embedded(onnx, calibrate, local, assignments.names(int16 or ()), per_tensor, how, report)
    _refuse("this is for --onnx", calibrate=calibrate, int16=int16, shape=shape, per_tensor=per_tensor)
    if float_model is None or fixed_model is None or image is None:
        raise UsageError(
            "run needs --float, --fixed and --image, or --onnx and --calibrate", "`sgs-tui run --help` has examples"
        )
    from sgs_tui.cli.sdk_requests import SdkOptions

    options = SdkOptions(image, names, sdk, sdk_python, debug_config, string, timeout)
    return simulated(float_model, fixed_model, options, how, report, not no_fuse_hint)


def _refuse(why: str, **options: object) -> None:
    """Raise UsageError for the first option that was given although it has no meaning here."""
    for name, value in options.items():
        if value:
            raise UsageError(f"--{name.replace('_', '-')}: {why}", "leave it out")

"""`sgs-tui run`: dump both stages, then compare them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sgs_tui.cli import assignments, complaints
from sgs_tui.cli.comparing import Pairing, check_report, compare_all, first_of, pairing
from sgs_tui.cli.exits import ExitCode
from sgs_tui.cli.launching import Launch, launch
from sgs_tui.cli.report_options import ReportOptions, with_report_options
from sgs_tui.cli.run_options import (
    DebugConfig,
    Detach,
    Jobs,
    Keep,
    ModelType,
    NoFuseHint,
    Preprocess,
    Root,
    Sdk,
    SdkPython,
    Shapes,
    String,
    Timeout,
)
from sgs_tui.engine.errors import UsageError

if TYPE_CHECKING:
    from sgs_tui.cli.local_requests import LocalOptions
    from sgs_tui.cli.sdk_requests import SdkOptions
    from sgs_tui.engine.simulate.runs import Run, RunRequest

Pairs = list[tuple["Run", "Run"]]


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
        return _embedded(onnx, calibrate, local, assignments.names(int16 or ()), per_tensor, how, report)
    _refuse("this is for --onnx", calibrate=calibrate, int16=int16, shape=shape, per_tensor=per_tensor)
    if float_model is None or fixed_model is None or image is None:
        raise UsageError("run needs --float, --fixed and --image, or --onnx and --calibrate", "see the examples")
    from sgs_tui.cli.sdk_requests import SdkOptions

    options = SdkOptions(image, names, sdk, sdk_python, debug_config, string, timeout)
    return _simulated(float_model, fixed_model, options, how, report, not no_fuse_hint)


def _refuse(why: str, **options: object) -> None:
    """Raise UsageError for the first option that was given although it has no meaning here."""
    for name, value in options.items():
        if value:
            raise UsageError(f"--{name.replace('_', '-')}: {why}", "leave it out")


def _simulated(
    float_model: Path, fixed_model: Path, options: "SdkOptions", how: Launch, report: ReportOptions, hint: bool
) -> int:
    """Both stages by the SDK's simulator."""
    from sgs_tui.cli.sdk_requests import sdk_requests

    kind = None if float_model.name.endswith("_cmodel_float.sim") else ModelType.FLOAT
    floats = sdk_requests(float_model, kind, options)
    fixeds = sdk_requests(fixed_model, ModelType.FIXED, options)
    _check(report, how, len(floats))
    both = [request for pair in zip(floats, fixeds, strict=True) for request in pair]
    runs = launch(both, how)
    if how.detach:
        return _leave(runs)
    pairs = list(zip(runs[1::2], runs[::2], strict=True))
    if hint:
        _tell_fused(pairs)
    return _compare(pairs, report)


def _embedded(
    model: Path,
    calibrate: str | None,
    options: "LocalOptions",
    int16: tuple[str, ...],
    per_tensor: bool,
    how: Launch,
    report: ReportOptions,
) -> int:
    """Both stages by the embedded simulator: one run."""
    from sgs_tui.cli.local_requests import embedded_request

    if calibrate is None:
        raise UsageError("--onnx needs images to calibrate with", "give --calibrate PATH: a folder, a list, an image")
    request: RunRequest = embedded_request(model, options, calibrate, int16, per_tensor)
    _check(report, how, 1)
    (run,) = launch([request], how)
    return _leave((run,)) if how.detach else _compare([(run, run)], report)


def _check(report: ReportOptions, how: Launch, pairs: int) -> None:
    if not how.detach:
        check_report(report, pairs)
    elif report.prints:
        raise UsageError("--detach does not wait for a comparison", "`sgs-tui runs compare` makes it later")


def _leave(runs: "tuple[Run, ...]") -> ExitCode:
    """What a detached command prints: the folders; comparing comes later."""
    from sgs_tui.batch.output import emit
    from sgs_tui.engine.text import encode

    emit(encode("".join(f"{run.folder.path}\n" for run in runs)), None)
    complaints.note("`sgs-tui runs compare` compares the newest pair once both are there")
    return ExitCode.OK


def _compare(pairs: Pairs, report: ReportOptions) -> ExitCode:
    """Compare every pair of good dumps; a run that failed keeps only its own pair from it."""
    found = [pairing(sample, benchmark) for sample, benchmark in pairs]
    good: list[Pairing] = [pair for pair in found if pair is not None]
    codes = [] if len(good) == len(found) else [ExitCode.RUN_FAILED]
    return first_of([*codes, compare_all(good, report)])


def _tell_fused(pairs: Pairs) -> None:
    """Say once that layers are missing from the fixed dumps, and how to get them back."""
    from sgs_tui.engine.numbers import count
    from sgs_tui.engine.simulate.fused_layers import fused_layers

    dumps = [(fixed.dump, float_.dump) for fixed, float_ in pairs]
    lost = next((fused_layers(fixed, float_) for fixed, float_ in dumps if fixed and float_), 0)
    if lost:
        complaints.note(
            f"{count(lost, 'layer')} of the float dump {'is' if lost == 1 else 'are'} not in the fixed one: fused when "
            "that model was made; calibrate with disableDomainFuseOps to keep them "
            "(`sgs-tui debugconfig set --preset fixed-without-fusion`); --no-fuse-hint silences this"
        )

"""`sgs-tui run`: dump both stages, then compare them."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from sgs_tui.cli import options, stderr
from sgs_tui.cli.compare import ReportOptions, check_report, compare_all, pairing
from sgs_tui.cli.exits import ExitCode, first_of
from sgs_tui.cli.launch import both_runs, launch, preprocess_of, samples_of
from sgs_tui.cli.options import (
    LaunchOptions,
    NoFuseHint,
    ShapedInputOptions,
    SimulatorOptions,
    option,
)
from sgs_tui.engine.errors import UsageError
from sgs_tui.language import Message, plural

if TYPE_CHECKING:
    from sgs_tui.engine.runs.run_folder import RunRequest
    from sgs_tui.engine.runs.run_list import Run

_SDK_ONLY = Message("this is for the SDK's models, not for --onnx")
_ONNX_ONLY = Message("this is for --onnx")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Models:
    """What is dumped, on what."""

    float_model: Annotated[Path | None, option("--float F.sim", "The float model.")] = None
    fixed_model: Annotated[Path | None, option("--fixed X.sim", "The fixed model.")] = None
    onnx: Annotated[Path | None, option("--onnx FILE", "No SDK: quantize this model here by onnxruntime.")] = None
    calibrate: Annotated[str | None, option("--calibrate PATH", "With --onnx: calibration images, about 30.")] = None
    image: Annotated[str | None, option("--image -i PATH", "An image, a list file, or a folder.")] = None
    int16: Annotated[list[str] | None, option("--int16 NAME,...", "With --onnx: what gets INT16, or ALL.")] = None
    per_tensor: Annotated[bool, option("--per-tensor", "With --onnx: one scale for all channels of a weight.")] = False


def run(
    *,
    models: _Models,
    given: ShapedInputOptions,
    simulator: SimulatorOptions,
    how: LaunchOptions,
    no_fuse_hint: NoFuseHint = False,
    report: ReportOptions,
) -> int:
    """Dump both stages of a network and compare fixed with float.

    By the SDK's simulator with --float and --fixed, one pair of runs an image; or without any SDK with --onnx: the
    model is quantized here, and both stages are dumped. Then as `sgs-tui compare`: the app, or printed with --batch
    and its relatives. Ranges are taken from tensor_min_max beside the model unless --ranges names others. Exit code 4
    where a run failed; what can be compared is compared all the same.

    \b
    Examples:
      sgs-tui run --float net_float.sim --fixed net_fixed.sim -i cat.jpg -n pre.py
      sgs-tui run --float f.sim --fixed x.sim -i images -n pre.py --batch -o out
      sgs-tui run --onnx net.onnx --calibrate images -n pre.py --int16 conv5
    """
    if models.onnx is not None:
        _refuse(_SDK_ONLY, float=models.float_model, fixed=models.fixed_model, sdk=simulator.sdk)
        _refuse(_SDK_ONLY, debugconfig=simulator.debug_config, string=simulator.string)
        return _quantized(_embedded_request(models.onnx, models, given), how, report)
    _refuse(_ONNX_ONLY, calibrate=models.calibrate, int16=models.int16)
    _refuse(_ONNX_ONLY, shape=given.shape, per_tensor=models.per_tensor)
    if models.float_model is None or models.fixed_model is None or models.image is None:
        raise UsageError(
            Message("run needs --float, --fixed and --image, or --onnx and --calibrate"),
            Message("`sgs-tui run --help` has examples"),
        )
    requests = both_runs(models.float_model, models.fixed_model, models.image, given, simulator)
    return _simulated(requests, how, report, not no_fuse_hint)


def _embedded_request(model: Path, models: _Models, given: ShapedInputOptions) -> "RunRequest":
    """The one run that quantizes and dumps both stages. Without --image: on the first calibration sample."""
    from sgs_tui.engine.backends.embedded import EmbeddedRequest
    from sgs_tui.engine.backends.jobs import WORK, local_run
    from sgs_tui.engine.backends.onnx import load_model, model_inputs
    from sgs_tui.engine.backends.quantize import Quantization, check_names
    from sgs_tui.engine.backends.samples import image_samples, open_shapes

    if models.calibrate is None:
        raise UsageError(
            Message("--onnx needs images to calibrate with"),
            Message("give --calibrate PATH: a folder, a list, an image"),
        )
    path, int16, shapes = options.whole(model), options.names(models.int16 or ()), open_shapes(given.shape or ())
    loaded = load_model(path)
    model_inputs(loaded, shapes)
    check_names(loaded, int16)
    samples = samples_of(models.image)
    if len(samples) > 1:
        raise UsageError(
            Message("--image gives {samples} samples, both stages run on one", samples=len(samples)),
            Message("name one image"),
        )
    images, how = image_samples(models.calibrate), Quantization(not models.per_tensor, int16)
    sample = samples[0] if samples else ()
    return local_run(EmbeddedRequest(path, images, WORK, preprocess_of(given), how, sample, shapes), given.timeout)


def _quantized(request: "RunRequest", how: LaunchOptions, report: ReportOptions) -> ExitCode:
    _check(report, how, 1)
    (both,) = launch([request], how, report.ascii_only)
    return _leave((both,)) if how.detach else _compare([(both, both)], report)


def _simulated(requests: "list[RunRequest]", how: LaunchOptions, report: ReportOptions, hint: bool) -> ExitCode:
    _check(report, how, len(requests) // 2)
    runs = launch(requests, how, report.ascii_only)
    if how.detach:
        return _leave(runs)
    pairs = list(zip(runs[1::2], runs[::2], strict=True))
    if hint:
        _tell_fused(pairs)
    return _compare(pairs, report)


def _refuse(why: str, **given: object) -> None:
    """Raise UsageError for the first option that was given although it has no meaning here."""
    for name, value in given.items():
        if value:
            raise UsageError(
                Message("--{option}: {why}", option=name.replace("_", "-"), why=why), Message("leave it out")
            )


def _check(report: ReportOptions, how: LaunchOptions, pairs: int) -> None:
    if not how.detach:
        check_report(report, pairs)
    elif report.prints:
        raise UsageError(
            Message("--detach does not wait for a comparison"), Message("`sgs-tui runs compare` makes it later")
        )


def _leave(runs: "tuple[Run, ...]") -> ExitCode:
    """What a detached command prints: the folders; comparing comes later."""
    from sgs_tui.batch.output import emit
    from sgs_tui.engine.text import encode

    emit(encode("".join(f"{run.folder.path}\n" for run in runs)), None)
    stderr.note(Message("`sgs-tui runs compare` compares the newest pair once both are there"))
    return ExitCode.OK


def _compare(pairs: "list[tuple[Run, Run]]", report: ReportOptions) -> ExitCode:
    """Compare every pair of good dumps; a run that failed keeps only its own pair from it."""
    found = [pairing(sample, benchmark) for sample, benchmark in pairs]
    good = [pair for pair in found if pair is not None]
    failed = [] if len(good) == len(found) else [ExitCode.RUN_FAILED]
    return first_of([*failed, compare_all(good, report)])


def _tell_fused(pairs: "list[tuple[Run, Run]]") -> None:
    """Say once that layers are missing from the fixed dumps, and how to get them back."""
    from sgs_tui.engine.network.graph import fused_layers

    dumps = [(fixed.dump, float_.dump) for fixed, float_ in pairs]
    lost = next((fused_layers(fixed, float_) for fixed, float_ in dumps if fixed and float_), 0)
    if lost:
        stderr.note(
            plural(
                lost,
                "{number:,} layer of the float dump is not in the fixed one: fused when that model was made; "
                "calibrate with disableDomainFuseOps to keep it (`{command}`); --no-fuse-hint silences this",
                "{number:,} layers of the float dump are not in the fixed one: fused when that model was made; "
                "calibrate with disableDomainFuseOps to keep them (`{command}`); --no-fuse-hint silences this",
                command="sgs-tui debugconfig set --preset fixed-without-fusion",
            )
        )

"""`sgs-tui optimize onnx|sdk`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Annotated

import typer

from sgs_tui.batch.output import RunsFormat, emit
from sgs_tui.batch.printed.optimize import write_result
from sgs_tui.batch.progress import watch_onnx, watch_sdk
from sgs_tui.cli import options, stderr
from sgs_tui.cli.main import ExitCode
from sgs_tui.cli.options import (
    DEFAULT_PROFILE,
    Ascii,
    Calibrate,
    InputShapes,
    JudgedImage,
    Model,
    Output,
    PreprocessFiles,
    ProfileName,
    Root,
    RunsHow,
    Sdk,
    SdkPython,
    SearchFolder,
    Timeout,
    place_of,
    search_place,
    whole,
)
from sgs_tui.cli.stderr import cancelling_interrupts, screen
from sgs_tui.engine.compare.limits import Profile
from sgs_tui.engine.errors import CancelledError
from sgs_tui.engine.optimize.onnx import optimize_onnx
from sgs_tui.engine.optimize.onnx_trial import OnnxQuestion
from sgs_tui.engine.optimize.sdk import SdkQuestion, optimize_sdk

# `sgs-tui optimize onnx`.


def onnx(
    model: Model,
    calibrate: Calibrate,
    image: JudgedImage = None,
    preprocess: PreprocessFiles = None,
    shape: InputShapes = None,
    per_tensor: Annotated[
        bool, typer.Option("--per-tensor", help="One scale for all channels of a weight (default one each).")
    ] = False,
    profile: ProfileName = None,
    folder: SearchFolder = None,
    timeout: Timeout = None,
    wanted: RunsHow = RunsFormat.TABLE,
    output: Output = None,
    ascii_only: Ascii = False,
) -> int:
    """Find the smallest set of INT16 tensors, without an SDK.

    The smallest with which a model keeps the profile, on the embedded simulator. First each tensor is tried alone;
    then the one that gains most is added until no layer is over the limits; at last every tensor that can be missed
    is taken out again.

    \b
    Examples:
      sgs-tui optimize onnx --model net.onnx --calibrate images -n pre.py
      sgs-tui optimize onnx -m net.onnx --calibrate images -n pre.py --profile sop
    """
    from sgs_tui.engine.compare.limits import load_profile

    limits = load_profile(profile or DEFAULT_PROFILE)
    question = _onnx_question(model, calibrate, image, preprocess, shape, per_tensor, timeout)
    return search_onnx(question, search_place(folder), limits, wanted, output, ascii_only)


def _onnx_question(
    model: Path,
    calibrate: str,
    image: str | None,
    preprocess: list[str] | None,
    shape: list[str] | None,
    per_tensor: bool,
    timeout: float | None,
) -> "OnnxQuestion":
    from sgs_tui.cli.run import LocalOptions
    from sgs_tui.engine.backends.samples import image_samples
    from sgs_tui.engine.errors import UsageError
    from sgs_tui.engine.optimize.onnx_trial import OnnxQuestion

    local = LocalOptions(image, options.names(preprocess or ()), options.shapes(shape or ()), False, timeout)
    samples = local.samples()
    if len(samples) > 1:
        raise UsageError(f"--image gives {len(samples)} samples, candidates are judged on one", "name one image")
    sample = samples[0] if samples else ()
    how = local.how()
    return OnnxQuestion(whole(model), image_samples(calibrate), how, sample, local.shapes, not per_tensor)


# `sgs-tui optimize sdk`.


def sdk(
    model: Model,
    calibrate: Calibrate,
    ini: Annotated[Path, typer.Option("--input-config", metavar="INI", help="input_config.ini with 8-bit defaults.")],
    preprocess: PreprocessFiles = None,
    image: JudgedImage = None,
    quant_files: Annotated[
        list[Path] | None,
        typer.Option("--quant-file", metavar="FILE", help="Try this file, without the optimizer; may be given again."),
    ] = None,
    rates: Annotated[
        list[str] | None, typer.Option("--only", metavar="RATE,...", help="Only the candidates of these rates.")
    ] = None,
    fixed: Annotated[
        Path | None, typer.Option("--fixed", metavar="X.sim", help="A fixed model to show beside the candidates.")
    ] = None,
    sdk: Sdk = None,
    sdk_python: SdkPython = "python3",
    processes: Annotated[
        int, typer.Option("--num-process", min=1, metavar="N", help="Processes of the SDK's tools.", show_default=True)
    ] = 10,
    profile: ProfileName = None,
    folder: SearchFolder = None,
    root: Root = None,
    timeout: Timeout = None,
    wanted: RunsHow = RunsFormat.TABLE,
    output: Output = None,
    ascii_only: Ascii = False,
) -> int:
    """Rank the candidates of the SDK's sim_optimizer.py.

    Each is calibrated, dumped and compared. Its compression rates are not monotone, so each is tried; candidates that
    say the same count once. Best is what keeps the profile with the fewest INT16 tensors. Every step is a run:
    `sgs-tui runs` has them.

    \b
    Examples:
      sgs-tui optimize sdk --model net_float.sim --calibrate images -n pre.py \\
        --input-config input_config.ini --only 0.7,0.95
      sgs-tui optimize sdk --model net_float.sim --calibrate images -n pre.py \\
        --input-config input_config.ini --quant-file mine.json
    """
    from sgs_tui.engine.backends.sdk_install import find_sdk
    from sgs_tui.engine.compare.limits import load_profile
    from sgs_tui.engine.optimize.sdk import SdkQuestion

    limits = load_profile(profile or DEFAULT_PROFILE)
    question = SdkQuestion(
        model=whole(model),
        calibrate=calibrate,
        ini=whole(ini),
        sdk=find_sdk(sdk),
        preprocess=",".join(options.names(preprocess or ())),
        image=image or "",
        python=sdk_python,
        processes=processes,
        quant_files=tuple(whole(path) for path in quant_files or ()),
        rates=options.names(rates or ()),
        fixed=whole(fixed) if fixed else None,
        timeout=timeout,
    )
    return search_sdk(question, (search_place(folder), place_of(root)), limits, wanted, output, ascii_only)


_GROUP = """Find which tensors need INT16, by trying.

Every candidate is really quantized, dumped and compared. A search keeps what it has found in a folder of its own
(./sgs_optimize): stopped by Ctrl-C or by a lost connection, the same command goes on where it stopped. Exit code 1
where the profile can not be reached.

\b
Examples:
  sgs-tui optimize onnx --model net.onnx --calibrate images -n pre.py
  sgs-tui optimize sdk --model net_float.sim --calibrate images -n pre.py \\
    --input-config input_config.ini
"""


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(rich_markup_mode=None, help=_GROUP)
    group.command("onnx")(onnx)
    group.command("sdk")(sdk)
    app.add_typer(group, name="optimize")


# Run a search and print what it found.


def search_onnx(
    question: OnnxQuestion, folder: Path, profile: Profile, wanted: RunsFormat, output: Path | None, ascii_only: bool
) -> ExitCode:
    """The exit code says whether the profile was reached."""
    with _stoppable() as cancel:
        events = optimize_onnx(question, folder, profile, cancel)
        result = watch_onnx(events, screen(ascii_only, to_file=False), stderr.note)
    emit(write_result(result, wanted, screen(ascii_only, to_file=output is not None)), output)
    return ExitCode.OK if result.outcome.reached else ExitCode.OVER_LIMITS


def search_sdk(
    question: SdkQuestion,
    places: tuple[Path, Path],
    profile: Profile,
    wanted: RunsFormat,
    output: Path | None,
    ascii_only: bool,
) -> ExitCode:
    """`places`: where searches and where runs are kept. Exit code 4 where no candidate came through."""
    with _stoppable() as cancel:
        events = optimize_sdk(question, *places, profile, cancel)
        result = watch_sdk(events, screen(ascii_only, to_file=False), stderr.note)
    emit(write_result(result, wanted, screen(ascii_only, to_file=output is not None)), output)
    for each in result.ranked:
        if each.accuracy is None:
            stderr.error(f"{each.label}: {each.error}", each.hint)
    if result.best is None or result.best.accuracy is None:
        return ExitCode.RUN_FAILED
    return ExitCode.OK if result.best.accuracy.meets else ExitCode.OVER_LIMITS


@contextmanager
def _stoppable() -> Iterator[Event]:
    """Ctrl-C ends a search soon, wherever in it that is noticed."""
    try:
        with cancelling_interrupts() as cancel:
            yield cancel
    except CancelledError as error:
        raise CancelledError("the search was stopped", "the same command goes on where it stopped") from error

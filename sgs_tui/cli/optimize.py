"""`sgs-tui optimize onnx|sdk|twin`."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from sgs_tui.batch.output import RunsFormat, check_target, emit
from sgs_tui.batch.printed.optimize import write_result
from sgs_tui.batch.watch import watch_onnx, watch_sdk
from sgs_tui.cli import options, stderr
from sgs_tui.cli.exits import ExitCode, exit_code, first_of
from sgs_tui.cli.launch import picture_preprocess, preprocess_of, samples_of
from sgs_tui.cli.options import (
    DEFAULT_PROFILE,
    Ascii,
    CalibrationOptions,
    InputOptions,
    Model,
    Output,
    ProfileName,
    Root,
    RunsHow,
    SdkOptions,
    ShapedInputOptions,
    place_of,
    whole,
    with_options,
)
from sgs_tui.engine.errors import CancelledError, UsageError
from sgs_tui.language import Message

if TYPE_CHECKING:
    from sgs_tui.batch.printed.optimize import TwinFound

_GROUP = Message("""Find which tensors need INT16, by trying.

onnx and sdk really quantize, dump and compare every candidate; twin foresees it, in a part of a second. A search keeps
what it has found in a folder of its own (./sgs_optimize): stopped by Ctrl-C or by a lost connection, the same command
goes on where it stopped. Exit code 1 where the profile can not be reached.

\b
Examples:
  sgs-tui optimize onnx --model net.onnx --calibrate images -n pre.py
  sgs-tui optimize sdk --model net_float.sim --calibrate images -n pre.py \\
    --input-config input_config.ini
  sgs-tui optimize twin fixed.bin float.bin --ini input_config.ini --write
""")


_Calibrate = Annotated[
    str, typer.Option("--calibrate", metavar="PATH", help="Calibration images: a folder, a list file; about 30.")
]
_Image = Annotated[
    str | None,
    typer.Option("--image", "-i", metavar="PATH", help="What both stages are dumped on (default the first image)."),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchOptions:
    """What is searched for, where that is kept, and how it is printed."""

    profile: ProfileName = None
    folder: Annotated[
        Path | None, typer.Option("--folder", metavar="DIR", help="Where searches are kept (default ./sgs_optimize).")
    ] = None
    wanted: RunsHow = RunsFormat.TABLE
    output: Output = None
    ascii_only: Ascii = False

    @property
    def place(self) -> Path:
        """The folder that --folder means."""
        return whole(self.folder or Path("sgs_optimize"))


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(rich_markup_mode=None, help=_GROUP)
    for command in (onnx, sdk, twin):
        group.command(command.__name__)(with_options(command))
    app.add_typer(group, name="optimize")


def onnx(
    model: Model,
    calibrate: _Calibrate,
    image: _Image = None,
    *,
    given: ShapedInputOptions,
    per_tensor: Annotated[
        bool, typer.Option("--per-tensor", help="One scale for all channels of a weight (default one each).")
    ] = False,
    search: SearchOptions,
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
    from sgs_tui.engine.backends.samples import image_samples, open_shapes
    from sgs_tui.engine.compare.limits import load_profile
    from sgs_tui.engine.optimize.onnx import optimize_onnx
    from sgs_tui.engine.optimize.onnx_trial import OnnxQuestion

    check_target(search.output)
    limits = load_profile(search.profile or DEFAULT_PROFILE)
    samples = samples_of(image)
    if len(samples) > 1:
        raise UsageError(
            Message("--image gives {samples} samples, candidates are judged on one", samples=len(samples)),
            Message("name one image"),
        )
    sample = samples[0] if samples else ()
    images, shapes = image_samples(calibrate), open_shapes(given.shape or ())
    question = OnnxQuestion(whole(model), images, preprocess_of(given), sample, shapes, not per_tensor)
    with _stoppable() as cancel:
        events = optimize_onnx(question, search.place, limits, cancel)
        result = watch_onnx(events, stderr.screen(search.ascii_only, to_file=False), stderr.note)
    page = stderr.screen(search.ascii_only, to_file=search.output is not None)
    emit(write_result(result, search.wanted, page), search.output)
    return ExitCode.OK if result.outcome.reached else ExitCode.OVER_LIMITS


def sdk(
    model: Model,
    calibrate: _Calibrate,
    ini: Annotated[Path, typer.Option("--input-config", metavar="INI", help="input_config.ini with 8-bit defaults.")],
    image: _Image = None,
    *,
    given: InputOptions,
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
    installed: SdkOptions,
    processes: Annotated[
        int, typer.Option("--num-process", min=1, metavar="N", help="Processes of the SDK's tools.", show_default=True)
    ] = 10,
    search: SearchOptions,
    root: Root = None,
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
    from sgs_tui.engine.optimize.sdk import SdkQuestion, optimize_sdk

    check_target(search.output)
    limits = load_profile(search.profile or DEFAULT_PROFILE)
    question = SdkQuestion(
        model=whole(model),
        calibrate=calibrate,
        ini=whole(ini),
        sdk=find_sdk(installed.sdk, installed.wish),
        preprocess=",".join(options.names(given.preprocess or ())),
        image=image or "",
        processes=processes,
        quant_files=tuple(whole(path) for path in quant_files or ()),
        rates=options.names(rates or ()),
        fixed=whole(fixed) if fixed else None,
        timeout=given.timeout,
    )
    with _stoppable() as cancel:
        events = optimize_sdk(question, search.place, place_of(root), limits, cancel)
        result = watch_sdk(events, stderr.screen(search.ascii_only, to_file=False), stderr.note)
    page = stderr.screen(search.ascii_only, to_file=search.output is not None)
    emit(write_result(result, search.wanted, page), search.output)
    for each in result.ranked:
        if each.accuracy is None:
            stderr.error(Message("{label}: {error}", label=each.label, error=each.error), each.hint)
    if result.best is None or result.best.accuracy is None:
        return ExitCode.RUN_FAILED
    return ExitCode.OK if result.best.accuracy.meets else ExitCode.OVER_LIMITS


def twin(
    paths: Annotated[
        list[Path], typer.Argument(metavar="[FIXED] FLOAT", help="The fixed dump where there is one, the float dump.")
    ],
    goal: Annotated[
        str,
        typer.Option(
            "--goal",
            metavar="GOAL",
            help="layers (or profile): every layer within the profile; outputs: the network's outputs; "
            "sqnr=25: outputs of at least 25 dB.",
            show_default=True,
        ),
    ] = "layers",
    *,
    calibration: CalibrationOptions,
    write: Annotated[bool, typer.Option("--write", help="Write the change of the ini, keeping a backup.")] = False,
    quant_file: Annotated[
        Path | None, typer.Option("--quant-file", metavar="FILE", help="Write the set as a quant_file (JSON) too.")
    ] = None,
    pictures: Annotated[
        str | None,
        typer.Option("--pictures", "--image", "-i", metavar="PATH", help="Judge all of these: a folder, a list, .npy."),
    ] = None,
    given: InputOptions,
    search: SearchOptions,
) -> int:
    """Find the smallest set of INT16 tensors on the twin, without an SDK.

    The network is rebuilt from the float dump, and every set is quantized by the simulator's own arithmetic: each
    tensor alone, the best in context, pruned and swapped, and small sets all of them. With FIXED the twin is first
    held against it. tensor_min_max.txt and input_config.ini beside the dumps are taken; the ini's change is shown, and
    made with --write. With --pictures (.npy, or images with -n PRE.py) the set has to be enough for every one of them:
    it is searched on those that decide and checked on all; a picture that can not be read is left out and named.

    \b
    Examples:
      sgs-tui optimize twin fixed.bin float.bin --ini input_config.ini --write
      sgs-tui optimize twin fixed.bin float.bin --goal sqnr=25 --quant-file q.json
      sgs-tui optimize twin float.bin --ranges tensor_min_max.txt --level L2
      sgs-tui optimize twin fixed.bin float.bin --pictures images -n pre.py
    """
    from sgs_tui.batch.printed.optimize import TwinFound
    from sgs_tui.batch.watch import watch_twin
    from sgs_tui.engine.compare.limits import load_profile
    from sgs_tui.engine.optimize.twin import TwinQuestion, optimize_twin
    from sgs_tui.engine.sweep.pictures import sample_pictures
    from sgs_tui.engine.twin.opening import Files

    if len(paths) > 2:
        raise UsageError(
            Message("{paths} dumps given, expected FIXED FLOAT or FLOAT", paths=len(paths)),
            Message("search on one network"),
        )
    files = Files(paths[-1], paths[0] if len(paths) == 2 else None, calibration.ranges, calibration.ini)
    ini = files.with_neighbors().ini
    if write and ini is None:
        raise UsageError(Message("--write: which file?"), Message("name it with --ini input_config.ini"))
    for target in (search.output, quant_file):
        check_target(target, tuple(paths))
    limits = load_profile(search.profile or DEFAULT_PROFILE)
    swept = sample_pictures(samples_of(pictures)) if pictures is not None else ()
    question = TwinQuestion(files, limits, goal, calibration.number, swept, picture_preprocess(given))
    with _stoppable() as cancel:
        events = optimize_twin(question, search.place, cancel)
        result = watch_twin(events, stderr.screen(search.ascii_only, to_file=False), stderr.note)
    found = _written(TwinFound(result, ini, quant_file=quant_file), write)
    page = stderr.screen(search.ascii_only, to_file=search.output is not None)
    emit(write_result(found, search.wanted, page), search.output, tuple(paths))
    for name, error in result.lost:
        stderr.error(
            Message("{name}: {message}", name=name, message=error.message), Message("the other pictures were judged")
        )
    over = [] if result.best.reached else [ExitCode.OVER_LIMITS]
    return first_of([*(exit_code(error) for _, error in result.lost), *over])


def _written(found: "TwinFound", write: bool) -> "TwinFound":
    """With the change of the ini, made where that was asked for, and the quant_file written."""
    from sgs_tui.engine.calibration.quant import quant_info
    from sgs_tui.engine.configs.inputconfig import parse
    from sgs_tui.engine.files import read_bytes
    from sgs_tui.engine.requantize.ini_change import ini_change, write_change

    result, names = found.result, found.result.best.names
    if found.quant_file is not None:
        if lost := [name for name in names if name not in {entry.name for entry in result.quant}]:
            raise UsageError(
                Message("--quant-file: {lost} has no calibrated range", lost=lost[0]),
                Message("name the ranges: --ranges FILE"),
            )
        emit(quant_info(result.quant), found.quant_file)
        stderr.written(found.quant_file, None)
    if found.ini is None:
        return found
    old = read_bytes(found.ini)
    change = ini_change(old, names, [each for each in parse(old).tensor_arrays if each not in names], result.candidates)
    backup = None
    if write and change.changes:
        backup = write_change(found.ini, change)
        stderr.written(found.ini, backup)
    return replace(found, change=change, written=write and change.changes, backup=backup)


@contextmanager
def _stoppable() -> Iterator[Event]:
    """Ctrl-C or SIGTERM ends a search soon, wherever in it that is noticed."""
    try:
        with stderr.cancelling_interrupts() as cancel:
            yield cancel
    except CancelledError as error:
        raise type(error)(
            Message("the search was stopped"), Message("the same command goes on where it stopped")
        ) from error

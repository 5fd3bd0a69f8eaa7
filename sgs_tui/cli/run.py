"""`sgs-tui run`: dump both stages, then compare them."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sgs_tui.cli import options, stderr
from sgs_tui.cli.compare import (
    Pairing,
    ReportOptions,
    check_report,
    compare_all,
    first_of,
    pairing,
    with_report_options,
)
from sgs_tui.cli.main import ExitCode
from sgs_tui.cli.options import (
    DebugConfig,
    Detach,
    InputShapes,
    Jobs,
    Keep,
    ModelType,
    NoFuseHint,
    PreprocessFiles,
    Root,
    Sdk,
    SdkPython,
    String,
    Timeout,
    place_of,
)
from sgs_tui.cli.stderr import held_interrupts
from sgs_tui.engine.errors import UsageError

if TYPE_CHECKING:
    from sgs_tui.engine.backends.preprocess import Preprocess
    from sgs_tui.engine.dumps.format import Form
    from sgs_tui.engine.runs.run_folder import RunRequest
    from sgs_tui.engine.runs.run_list import Run


# Start runs and wait for them: warnings, progress, Ctrl-C, failures; what all commands with runs share.


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start: `root` None is ./sgs_runs; `jobs` runs at a time; `keep` working directories of good runs."""

    root: Path | None = None
    jobs: int = 1
    detach: bool = False
    keep: bool = False
    ascii_only: bool = False


def launch(requests: "Sequence[RunRequest]", how: Launch) -> "tuple[Run, ...]":
    """Start the runs and, unless detached, wait for them; Ctrl-C then cancels what is not over.

    Failures are told on stderr. Raises RunError where nothing could be started.
    """
    from sgs_tui.engine.runs.run_list import read_run

    root = place_of(how.root)
    _warn(requests, root)
    with held_interrupts() as held:
        paths = _start(requests, root, how.jobs)
    if how.detach:
        stderr.note("started; `sgs-tui runs follow NAME` shows one, `sgs-tui runs cancel NAME` ends it")
        return tuple(read_run(path) for path in paths)
    try:
        held.release()
        return wait(paths, how)
    except KeyboardInterrupt:
        _cancel(paths)
        raise


def wait(paths: Sequence[Path], how: Launch) -> "tuple[Run, ...]":
    """Wait for runs that were started, tell what became of them, tidy up behind the good ones."""
    from sgs_tui.batch.progress import StatusLine, watch
    from sgs_tui.cli.stderr import screen

    with StatusLine(screen(how.ascii_only, to_file=False)) as line:
        ended = watch(paths, line)
    for run in ended:
        tell(run)
        if run.dump is not None and not how.keep:
            shutil.rmtree(run.folder.work_path, ignore_errors=True)
    return ended


def tell(run: "Run") -> None:
    """What a run that is over has to say: its failure, or what is worth knowing of a good one."""
    from sgs_tui.batch.progress import failure
    from sgs_tui.engine.backends.jobs import local_result
    from sgs_tui.engine.runs.run_folder import RunState

    if run.state is not RunState.OK:
        stderr.error(*failure(run))
        return
    result = local_result(run)
    told = set(run.request.warnings)  # before the start
    for note in (*(note for note in run.status.notes if note not in told), *result.notes):
        stderr.note(note)
    for name, reason in result.skipped:
        stderr.note(f"left out: {name}: {reason}")


def _start(requests: "Sequence[RunRequest]", root: Path, jobs: int) -> list[Path]:
    """The run folders in the order of the requests. Runs of one supervisor follow one another: one for each job."""
    from sgs_tui.engine.backends.start import start_runs

    found: dict[int, Path] = {}
    try:
        for job in range(min(jobs, len(requests))):
            places = range(job, len(requests), jobs)
            folders = start_runs([requests[place] for place in places], root, jobs)
            found |= {place: folder.path for place, folder in zip(places, folders, strict=True)}
    except Exception:
        _cancel(list(found.values()))
        raise
    return [found[place] for place in range(len(requests))]


def _warn(requests: "Sequence[RunRequest]", root: Path) -> None:
    """What the checks before a start say, each thing once; errors are raised by the start itself."""
    from sgs_tui.engine.backends.start import check_run
    from sgs_tui.engine.runs.backend import Level
    from sgs_tui.engine.runs.run_list import list_runs

    known = list_runs(root)
    told = {warning: None for request in requests for warning in request.warnings}
    for request in requests:
        found = (finding for finding in check_run(request, root, known) if finding.level is Level.WARNING)
        told |= {f"{finding.message} ({finding.hint})": None for finding in found}
    for text in told:
        stderr.warning(text)


def _cancel(paths: Sequence[Path]) -> None:
    from sgs_tui.batch.progress import end_runs

    for run in end_runs(paths):
        stderr.note(f"{run.name}: {run.state}")


# `sgs-tui run`, once its options are read: start the runs of both stages, then compare what they left.

Pairs = list[tuple["Run", "Run"]]


def simulated(
    float_model: Path, fixed_model: Path, options: "SdkOptions", how: Launch, report: ReportOptions, hint: bool
) -> int:
    """Both stages by the SDK's simulator."""

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


def embedded(
    model: Path,
    calibrate: str | None,
    options: "LocalOptions",
    int16: tuple[str, ...],
    per_tensor: bool,
    how: Launch,
    report: ReportOptions,
) -> int:
    """Both stages by the embedded simulator: one run."""

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
    stderr.note("`sgs-tui runs compare` compares the newest pair once both are there")
    return ExitCode.OK


def _compare(pairs: Pairs, report: ReportOptions) -> ExitCode:
    """Compare every pair of good dumps; a run that failed keeps only its own pair from it."""
    found = [pairing(sample, benchmark) for sample, benchmark in pairs]
    good: list[Pairing] = [pair for pair in found if pair is not None]
    codes = [] if len(good) == len(found) else [ExitCode.RUN_FAILED]
    return first_of([*codes, compare_all(good, report)])


def _tell_fused(pairs: Pairs) -> None:
    """Say once that layers are missing from the fixed dumps, and how to get them back."""
    from sgs_tui.engine.network.graph import fused_layers
    from sgs_tui.engine.numbers import count

    dumps = [(fixed.dump, float_.dump) for fixed, float_ in pairs]
    lost = next((fused_layers(fixed, float_) for fixed, float_ in dumps if fixed and float_), 0)
    if lost:
        stderr.note(
            f"{count(lost, 'layer')} of the float dump {'is' if lost == 1 else 'are'} not in the fixed one: fused when "
            "that model was made; calibrate with disableDomainFuseOps to keep them "
            "(`sgs-tui debugconfig set --preset fixed-without-fusion`); --no-fuse-hint silences this"
        )


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("run")(with_report_options(run))


def run(
    float_model: Annotated[Path | None, typer.Option("--float", metavar="F.sim", help="The float model.")] = None,
    fixed_model: Annotated[Path | None, typer.Option("--fixed", metavar="X.sim", help="The fixed model.")] = None,
    onnx: Annotated[
        Path | None, typer.Option("--onnx", metavar="FILE", help="No SDK: quantize this model here by onnxruntime.")
    ] = None,
    calibrate: Annotated[
        str | None, typer.Option("--calibrate", metavar="PATH", help="With --onnx: calibration images, about 30.")
    ] = None,
    image: Annotated[
        str | None, typer.Option("--image", "-i", metavar="PATH", help="An image, a list file, or a folder.")
    ] = None,
    preprocess: PreprocessFiles = None,
    int16: Annotated[
        list[str] | None, typer.Option("--int16", metavar="NAME,...", help="With --onnx: tensors that get 16 bits.")
    ] = None,
    per_tensor: Annotated[
        bool, typer.Option("--per-tensor", help="With --onnx: one scale for all channels of a weight.")
    ] = False,
    shape: InputShapes = None,
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
    model is quantized here, and both stages are dumped. Then as `sgs-tui compare`: the app, or printed with --batch
    and its relatives. Ranges are taken from tensor_min_max beside the model unless --ranges names others. Exit code 4
    where a run failed; what can be compared is compared all the same.

    \b
    Examples:
      sgs-tui run --float net_float.sim --fixed net_fixed.sim -i cat.jpg -n pre.py
      sgs-tui run --float f.sim --fixed x.sim -i images -n pre.py --batch -o out
      sgs-tui run --onnx net.onnx --calibrate images -n pre.py --int16 conv5
    """
    how = Launch(root, jobs, detach, keep, report.ascii_only)
    names = options.names(preprocess or ())
    if onnx is not None:
        _refuse("this is for the SDK's models, not for --onnx", float=float_model, fixed=fixed_model)
        _refuse("this is for the SDK's models, not for --onnx", sdk=sdk, debugconfig=debug_config, string=string)

        local = LocalOptions(image, names, options.shapes(shape or ()), False, timeout)
        return embedded(onnx, calibrate, local, options.names(int16 or ()), per_tensor, how, report)
    _refuse("this is for --onnx", calibrate=calibrate, int16=int16, shape=shape, per_tensor=per_tensor)
    if float_model is None or fixed_model is None or image is None:
        raise UsageError(
            "run needs --float, --fixed and --image, or --onnx and --calibrate", "`sgs-tui run --help` has examples"
        )

    sdk_options = SdkOptions(image, names, sdk, sdk_python, debug_config, string, timeout)
    return simulated(float_model, fixed_model, sdk_options, how, report, not no_fuse_hint)


def _refuse(why: str, **options: object) -> None:
    """Raise UsageError for the first option that was given although it has no meaning here."""
    for name, value in options.items():
        if value:
            raise UsageError(f"--{name.replace('_', '-')}: {why}", "leave it out")


# From options to runs of our own dumpers.

_PATIENCE = 120.0
"""Seconds for a preprocess script where no --timeout says otherwise."""


@dataclass(frozen=True, slots=True)
class LocalOptions:
    """What the commands say about the input; `timeout` for a whole run in seconds."""

    image: str | None
    preprocess: tuple[str, ...] = ()
    shapes: Mapping[str, Sequence[int]] = field(default_factory=dict)
    text: bool = False
    timeout: float | None = None

    @property
    def form(self) -> "Form":
        """Binary, or text with one file a tensor."""
        from sgs_tui.engine.dumps.format import Form

        return Form.TEXT if self.text else Form.BINARY

    def samples(self) -> tuple[tuple[Path, ...], ...]:
        """The files of each sample; none without an image argument. Raises InputError, UsageError."""
        from sgs_tui.engine.backends.samples import image_samples

        return image_samples(self.image) if self.image is not None else ()

    def how(self) -> "Preprocess":
        """The preprocess of every input."""
        from sgs_tui.engine.backends.preprocess import Preprocess

        modules = tuple(Path(name).expanduser().absolute() for name in self.preprocess)
        return Preprocess(modules, timeout=max(_PATIENCE, self.timeout or 0.0))


def onnx_requests(
    model: Path, options: LocalOptions, named: Mapping[str, Path], slices: int | None, memory: int | None
) -> "tuple[RunRequest, ...]":
    """One run for each sample. What is wrong with model, shapes and inputs is raised before anything starts."""
    from sgs_tui.engine.backends.jobs import WORK, local_run
    from sgs_tui.engine.backends.onnx import OnnxDumpRequest, load_model, model_inputs, slices_within
    from sgs_tui.engine.backends.samples import named_samples

    if slices is not None and memory is not None:
        raise UsageError("--slices and --memory both say how to cut the graph", "give one of them")
    path = model.expanduser().absolute()
    loaded = load_model(path)
    inputs = model_inputs(loaded, options.shapes)
    cut = slices_within(loaded, inputs, memory) if memory is not None else slices or 1
    jobs = [
        OnnxDumpRequest(path, sample, WORK, options.how(), options.form, options.shapes, cut)
        for sample in named_samples([item.name for item in inputs], options.samples(), named)
    ]
    return tuple(local_run(job, options.timeout) for job in jobs)


def caffe_requests(
    prototxt: Path, weights: Path, options: LocalOptions, pycaffe: str, caffe_root: Path | None
) -> "tuple[RunRequest, ...]":
    """One run for each sample."""
    from sgs_tui.engine.backends.caffe import CaffeDumpRequest, read_prototxt
    from sgs_tui.engine.backends.jobs import WORK, local_run
    from sgs_tui.engine.backends.samples import named_samples

    net, how = prototxt.expanduser().absolute(), options.how()
    inputs = [item.name for item in read_prototxt(net).wanted(options.shapes)]
    jobs = [
        CaffeDumpRequest(
            prototxt=net,
            weights=weights.expanduser().absolute(),
            inputs=sample,
            folder=WORK,
            preprocess=how,
            form=options.form,
            shapes=options.shapes,
            pycaffe=pycaffe,
            caffe_root=caffe_root.expanduser().absolute() if caffe_root else None,
            timeout=max(600.0, options.timeout or 0.0),
        )
        for sample in named_samples(inputs, options.samples(), {})
    ]
    return tuple(local_run(job, options.timeout) for job in jobs)


def tflite_requests(model: Path, options: LocalOptions) -> "tuple[RunRequest, ...]":
    """One run for each sample; only the runtime knows the model's inputs, so they are checked in the run."""
    from sgs_tui.engine.backends.jobs import WORK, local_run
    from sgs_tui.engine.backends.tflite import TfliteDumpRequest

    path, how = model.expanduser().absolute(), options.how()
    jobs = [TfliteDumpRequest(path, sample, WORK, how, options.form, options.shapes) for sample in options.samples()]
    return tuple(local_run(job, options.timeout) for job in jobs)


def embedded_request(
    model: Path,
    options: LocalOptions,
    calibrate: str,
    int16: tuple[str, ...],
    per_tensor: bool,
) -> "RunRequest":
    """The one run that quantizes and dumps both stages. `options.image` None: the first calibration sample."""
    from sgs_tui.engine.backends.embedded import EmbeddedRequest
    from sgs_tui.engine.backends.jobs import WORK, local_run
    from sgs_tui.engine.backends.onnx import load_model, model_inputs
    from sgs_tui.engine.backends.quantize import Quantization, check_names
    from sgs_tui.engine.backends.samples import image_samples

    path = model.expanduser().absolute()
    loaded = load_model(path)
    model_inputs(loaded, options.shapes)
    check_names(loaded, int16)
    samples = options.samples()
    if len(samples) > 1:
        raise UsageError(f"--image gives {len(samples)} samples, both stages run on one", "name one image")
    job = EmbeddedRequest(
        model=path,
        images=image_samples(calibrate),
        folder=WORK,
        preprocess=options.how(),
        quantization=Quantization(not per_tensor, int16),
        sample=samples[0] if samples else (),
        shapes=options.shapes,
    )
    return local_run(job, options.timeout)


# From options to runs of the SDK's simulator.


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
    from sgs_tui.engine.backends.sdk import DumpSwitches, SdkRequest, refuse_offline, sdk_runs, stage_of
    from sgs_tui.engine.backends.sdk_install import find_sdk
    from sgs_tui.engine.dumps.format import Stage
    from sgs_tui.engine.files import read_bytes

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

"""`sgs-tui dump sdk|onnx|caffe|tflite`."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sgs_tui.batch.output import RunFormat, emit
from sgs_tui.cli import options, stderr
from sgs_tui.cli.exits import ExitCode
from sgs_tui.cli.launch import launch, preprocess_of, samples_of, sdk_requests
from sgs_tui.cli.options import (
    Image,
    InputOptions,
    LaunchOptions,
    Model,
    ModelType,
    NoFuseHint,
    ShapedInputOptions,
    SimulatorOptions,
    add_group,
    option,
)
from sgs_tui.engine.errors import UsageError
from sgs_tui.engine.text import encode
from sgs_tui.language import Message

if TYPE_CHECKING:
    from sgs_tui.engine.dumps.format import Form
    from sgs_tui.engine.runs.run_folder import RunRequest
    from sgs_tui.engine.runs.run_list import Run


_FUSED = Message(
    "layers that were fused when this fixed model was made are not in its dump; calibrate with disableDomainFuseOps "
    "to keep them (`sgs-tui debugconfig set --preset fixed-without-fusion`); --no-fuse-hint silences this"
)
_GROUP = Message("""Make dumps with the SDK's simulator, or of original models.

Each dump is a run in a folder of its own (./sgs_runs), in the background: a lost connection does not end it, and
`sgs-tui runs` has it. The paths of the dumps go to stdout.

\b
Examples:
  sgs-tui dump sdk --model net_fixed.sim --image cat.jpg -n pre.py
  sgs-tui dump onnx --model net.onnx --image cat.jpg -n pre.py
""")
_CAFFE_PATIENCE = 600.0
"""Seconds for a preprocess script where no --timeout says more."""
_Text = Annotated[bool, option("--text", "Text form: the dump and one file a tensor (NHWC/, NCHW/).")]


@dataclass(frozen=True, slots=True, kw_only=True)
class DumpOptions(LaunchOptions):
    """How dumps are made, where they go, and what is printed."""

    output: Annotated[
        Path | None, option("--output -o FILE", "The dump under this name too; a folder for several images.")
    ] = None
    wanted: Annotated[RunFormat, option("--format", "What goes to stdout: paths of dumps, or runs.")] = RunFormat.TEXT


def register(app: typer.Typer) -> None:
    """Add the group."""
    add_group(app, "dump", _GROUP, sdk, onnx, caffe, tflite)


def _dump(requests: "tuple[RunRequest, ...]", how: DumpOptions) -> ExitCode:
    """Run the requests, hand the dumps over, print where they are. Exit code 4 where one of them failed."""
    from sgs_tui.engine.runs.hand_over import hand_over, targets

    if how.output is not None and how.detach:
        raise UsageError(
            Message("--output needs the end of the run, --detach does not wait for it"), Message("leave one out")
        )
    names = targets(how.output, requests) if how.output is not None else ()
    runs = launch(requests, how)
    for run, target in zip(runs, names, strict=False):
        if run.dump is not None:
            hand_over(run.dump, target)
    _print(runs, names, how)
    return ExitCode.OK if how.detach or all(run.dump for run in runs) else ExitCode.RUN_FAILED


def _print(runs: "tuple[Run, ...]", names: tuple[Path, ...], how: DumpOptions) -> None:
    from sgs_tui.batch.printed.runs import runs_json

    if how.wanted is RunFormat.JSON:
        emit(runs_json(runs), None)
        return
    if how.detach:
        paths = [run.folder.path for run in runs]
    elif names:
        paths = [name for run, name in zip(runs, names, strict=True) if run.dump]
    else:
        paths = [run.dump for run in runs if run.dump]
    emit(encode("".join(f"{path}\n" for path in paths)), None)


def _form(text: bool) -> "Form":
    from sgs_tui.engine.dumps.format import Form

    return Form.TEXT if text else Form.BINARY


def sdk(
    model: Model,
    image: Image,
    kind: Annotated[
        ModelType | None, option("--type -t", "Kind of the model (default by its name).", case_sensitive=False)
    ] = None,
    *,
    given: InputOptions,
    simulator: SimulatorOptions,
    how: DumpOptions,
    no_fuse_hint: NoFuseHint = False,
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
    (requests,) = sdk_requests([(model, kind)], image, given, simulator)
    code = _dump(requests, how)
    if requests[0].stage == "fixed" and not no_fuse_hint and not how.detach and code == ExitCode.OK:
        stderr.note(_FUSED)
    return code


def onnx(
    model: Model,
    image: Annotated[str | None, option("--image -i PATH", "An image, a .npy, a list file, or a folder.")] = None,
    *,
    given: ShapedInputOptions,
    inputs: Annotated[
        list[str] | None, option("--input NAME=FILE", "A file for this input of the model; may be given again.")
    ] = None,
    slices: Annotated[int | None, option("--slices N", "Cut the graph: one slice in memory at a time.", min=1)] = None,
    memory: Annotated[str | None, option("--memory SIZE", "As many slices as keep tensors below 500M, 2G, ...")] = None,
    text: _Text = False,
    how: DumpOptions,
) -> int:
    """Dump every tensor of an ONNX model in the vendor's form.

    Runs it by onnxruntime and writes onnx_NHWC_outtensor_dump.bin. Without -n the inputs are .npy files. The
    preprocess script defines image_preprocess(path, norm=True) or get_image(path, ..., nchw=True). Dump
    <model>_refine.onnx where the SDK left one: only its names match.

    \b
    Examples:
      sgs-tui dump onnx --model net.onnx --image cat.jpg -n pre.py
      sgs-tui dump onnx -m net.onnx --input x=x.npy --shape x=1,3,224,224 --text
      sgs-tui dump onnx -m big.onnx -i images -n pre.py --memory 2G --output dumps
    """
    from sgs_tui.engine.backends.jobs import WORK, local_run
    from sgs_tui.engine.backends.onnx import OnnxDumpRequest, load_model, model_inputs, slices_within
    from sgs_tui.engine.backends.samples import named_samples, open_shapes

    most = None if memory is None else options.memory(memory)
    files = options.input_files(inputs or ())
    if slices is not None and most is not None:
        raise UsageError(Message("--slices and --memory both say how to cut the graph"), Message("give one of them"))
    path, feed, shapes = options.whole(model), preprocess_of(given), open_shapes(given.shape or ())
    loaded = load_model(path)
    tensors = model_inputs(loaded, shapes)
    cut = slices_within(loaded, tensors, most) if most is not None else slices or 1
    samples = named_samples([each.name for each in tensors], samples_of(image), files)
    jobs = [OnnxDumpRequest(path, sample, WORK, feed, _form(text), shapes, cut) for sample in samples]
    return _dump(tuple(local_run(job, given.timeout) for job in jobs), how)


def caffe(
    model: Annotated[Path, option("--model -m FILE", "The deploy prototxt.")],
    weights: Annotated[Path, option("--weights -w FILE", "The .caffemodel.")],
    image: Image,
    *,
    given: ShapedInputOptions,
    pycaffe: Annotated[str, option("--pycaffe PYTHON", "Run it in your pycaffe's own Python (2.7 or 3).")] = "",
    caffe_root: Annotated[Path | None, option("--caffe-root DIR", "A Caffe tree whose python/ holds pycaffe.")] = None,
    text: _Text = False,
    how: DumpOptions,
) -> int:
    """Dump every blob of a Caffe net in the vendor's form.

    Writes caffe_NHWC_outtensor_dump.bin. Runs by OpenCV's reader (pip install 'sgs-tui[caffe]'), or by your own
    pycaffe.

    \b
    Examples:
      sgs-tui dump caffe -m net.prototxt -w net.caffemodel -i cat.jpg -n pre.py
      sgs-tui dump caffe -m n.prototxt -w n.caffemodel -i x.npy --pycaffe python2
    """
    from sgs_tui.engine.backends.caffe import CaffeDumpRequest, read_prototxt
    from sgs_tui.engine.backends.jobs import WORK, local_run
    from sgs_tui.engine.backends.samples import named_samples, open_shapes

    net, feed, shapes = options.whole(model), preprocess_of(given), open_shapes(given.shape or ())
    inputs = [item.name for item in read_prototxt(net).wanted(shapes)]
    jobs = [
        CaffeDumpRequest(
            prototxt=net,
            weights=options.whole(weights),
            inputs=sample,
            folder=WORK,
            preprocess=feed,
            form=_form(text),
            shapes=shapes,
            pycaffe=pycaffe,
            caffe_root=options.whole(caffe_root) if caffe_root else None,
            timeout=max(_CAFFE_PATIENCE, given.timeout or 0.0),
        )
        for sample in named_samples(inputs, samples_of(image), {})
    ]
    return _dump(tuple(local_run(job, given.timeout) for job in jobs), how)


def tflite(model: Model, image: Image, *, given: ShapedInputOptions, text: _Text = False, how: DumpOptions) -> int:
    """Dump every tensor of a TFLite model in the vendor's form.

    Needs ai-edge-litert (pip install 'sgs-tui[tflite]').

    \b
    Examples:
      sgs-tui dump tflite --model net.tflite --image cat.jpg -n pre.py
      sgs-tui dump tflite -m net.tflite -i input.npy --shape x=1,224,224,3
    """
    # only the runtime knows the model's inputs, so they are checked in the run
    from sgs_tui.engine.backends.jobs import WORK, local_run
    from sgs_tui.engine.backends.samples import open_shapes
    from sgs_tui.engine.backends.tflite import TfliteDumpRequest

    path, feed, shapes = options.whole(model), preprocess_of(given), open_shapes(given.shape or ())
    jobs = [TfliteDumpRequest(path, sample, WORK, feed, _form(text), shapes) for sample in samples_of(image)]
    return _dump(tuple(local_run(job, given.timeout) for job in jobs), how)

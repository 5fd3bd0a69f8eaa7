"""`sgs-tui dump sdk|onnx|caffe|tflite`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sgs_tui.batch.output import RunFormat
from sgs_tui.cli import options, stderr
from sgs_tui.cli.main import ExitCode
from sgs_tui.cli.options import (
    DebugConfig,
    Detach,
    DumpOutput,
    HowToPrint,
    Image,
    Inputs,
    InputShapes,
    Jobs,
    Keep,
    Model,
    ModelType,
    NoFuseHint,
    PreprocessFiles,
    Root,
    Sdk,
    SdkPython,
    String,
    Text,
    Timeout,
)
from sgs_tui.cli.run import Launch, launch

if TYPE_CHECKING:
    from sgs_tui.engine.runs.run_folder import RunRequest
    from sgs_tui.engine.runs.run_list import Run


# Start runs that dump, wait for them, hand the dumps over and print where they are.


def dump(requests: "tuple[RunRequest, ...]", how: Launch, output: Path | None, wanted: RunFormat) -> ExitCode:
    """Run the requests; `output` as --output. Exit code 4 where one of them failed."""
    from sgs_tui.engine.errors import UsageError
    from sgs_tui.engine.runs.hand_over import hand_over, targets

    if output is not None and how.detach:
        raise UsageError("--output needs the end of the run, --detach does not wait for it", "leave one out")
    names = targets(output, requests) if output is not None else ()
    runs = launch(requests, how)
    for run, target in zip(runs, names, strict=False):
        if run.dump is not None:
            hand_over(run.dump, target)
    _print(runs, wanted, names, how)
    return ExitCode.OK if how.detach or all(run.dump for run in runs) else ExitCode.RUN_FAILED


def _print(runs: "tuple[Run, ...]", wanted: RunFormat, names: tuple[Path, ...], how: Launch) -> None:
    from sgs_tui.batch.output import emit
    from sgs_tui.batch.printed.runs import runs_json
    from sgs_tui.engine.text import encode

    if wanted is RunFormat.JSON:
        emit(runs_json(runs), None)
        return
    if how.detach:
        paths = [run.folder.path for run in runs]
    elif names:
        paths = [name for run, name in zip(runs, names, strict=True) if run.dump]
    else:
        paths = [run.dump for run in runs if run.dump]
    emit(encode("".join(f"{path}\n" for path in paths)), None)


# `sgs-tui dump onnx|caffe|tflite`.


def onnx(
    model: Model,
    image: Annotated[
        str | None,
        typer.Option("--image", "-i", metavar="PATH", help="An image, a .npy, a list file, or a folder."),
    ] = None,
    preprocess: PreprocessFiles = None,
    inputs: Inputs = None,
    shape: InputShapes = None,
    slices: Annotated[
        int | None, typer.Option("--slices", min=1, metavar="N", help="Cut the graph: one slice in memory at a time.")
    ] = None,
    memory: Annotated[
        str | None, typer.Option("--memory", metavar="SIZE", help="As many slices as keep tensors below 500M, 2G, ...")
    ] = None,
    text: Text = False,
    timeout: Timeout = None,
    output: DumpOutput = None,
    root: Root = None,
    jobs: Jobs = 1,
    keep: Keep = False,
    detach: Detach = False,
    wanted: HowToPrint = RunFormat.TEXT,
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
    from sgs_tui.cli.run import LocalOptions, onnx_requests

    local = LocalOptions(image, options.names(preprocess or ()), options.shapes(shape or ()), text, timeout)
    most = None if memory is None else options.memory(memory)
    requests = onnx_requests(model, local, options.input_files(inputs or ()), slices, most)
    return dump(requests, Launch(root, jobs, detach, keep), output, wanted)


def caffe(
    model: Annotated[Path, typer.Option("--model", "-m", metavar="FILE", help="The deploy prototxt.")],
    weights: Annotated[Path, typer.Option("--weights", "-w", metavar="FILE", help="The .caffemodel.")],
    image: Image,
    preprocess: PreprocessFiles = None,
    shape: InputShapes = None,
    pycaffe: Annotated[
        str, typer.Option("--pycaffe", metavar="PYTHON", help="Run it in your pycaffe's own Python (2.7 or 3).")
    ] = "",
    caffe_root: Annotated[
        Path | None, typer.Option("--caffe-root", metavar="DIR", help="A Caffe tree whose python/ holds pycaffe.")
    ] = None,
    text: Text = False,
    timeout: Timeout = None,
    output: DumpOutput = None,
    root: Root = None,
    jobs: Jobs = 1,
    keep: Keep = False,
    detach: Detach = False,
    wanted: HowToPrint = RunFormat.TEXT,
) -> int:
    """Dump every blob of a Caffe net in the vendor's form.

    Writes caffe_NHWC_outtensor_dump.bin. Runs by OpenCV's reader (pip install 'sgs-tui[caffe]'), or by your own
    pycaffe.

    \b
    Examples:
      sgs-tui dump caffe -m net.prototxt -w net.caffemodel -i cat.jpg -n pre.py
      sgs-tui dump caffe -m n.prototxt -w n.caffemodel -i x.npy --pycaffe python2
    """
    from sgs_tui.cli.run import LocalOptions, caffe_requests

    local = LocalOptions(image, options.names(preprocess or ()), options.shapes(shape or ()), text, timeout)
    requests = caffe_requests(model, weights, local, pycaffe, caffe_root)
    return dump(requests, Launch(root, jobs, detach, keep), output, wanted)


def tflite(
    model: Model,
    image: Image,
    preprocess: PreprocessFiles = None,
    shape: InputShapes = None,
    text: Text = False,
    timeout: Timeout = None,
    output: DumpOutput = None,
    root: Root = None,
    jobs: Jobs = 1,
    keep: Keep = False,
    detach: Detach = False,
    wanted: HowToPrint = RunFormat.TEXT,
) -> int:
    """Dump every tensor of a TFLite model in the vendor's form.

    Needs ai-edge-litert (pip install 'sgs-tui[tflite]').

    \b
    Examples:
      sgs-tui dump tflite --model net.tflite --image cat.jpg -n pre.py
      sgs-tui dump tflite -m net.tflite -i input.npy --shape x=1,224,224,3
    """
    from sgs_tui.cli.run import LocalOptions, tflite_requests

    local = LocalOptions(image, options.names(preprocess or ()), options.shapes(shape or ()), text, timeout)
    return dump(tflite_requests(model, local), Launch(root, jobs, detach, keep), output, wanted)


# `sgs-tui dump sdk`.

_FUSED = (
    "layers that were fused when this fixed model was made are not in its dump; calibrate with disableDomainFuseOps "
    "to keep them (`sgs-tui debugconfig set --preset fixed-without-fusion`); --no-fuse-hint silences this"
)


def sdk(
    model: Model,
    image: Image,
    preprocess: PreprocessFiles = None,
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
    from sgs_tui.cli.run import SdkOptions, sdk_requests

    scripts = options.names(preprocess or ())
    sdk_options = SdkOptions(image, scripts, sdk, sdk_python, debug_config, string, timeout)
    requests = sdk_requests(model, kind, sdk_options)
    code = dump(requests, Launch(root, jobs, detach, keep), output, wanted)
    if requests[0].stage == "fixed" and not no_fuse_hint and not detach and code == ExitCode.OK:
        stderr.note(_FUSED)
    return code


_GROUP = """Make dumps with the SDK's simulator, or of original models.

Each dump is a run in a folder of its own (./sgs_runs), in the background: a lost connection does not end it, and
`sgs-tui runs` has it. The paths of the dumps go to stdout.

\b
Examples:
  sgs-tui dump sdk --model net_fixed.sim --image cat.jpg -n pre.py
  sgs-tui dump onnx --model net.onnx --image cat.jpg -n pre.py
"""


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(rich_markup_mode=None, help=_GROUP)
    group.command("sdk")(sdk)
    group.command("onnx")(onnx)
    group.command("caffe")(caffe)
    group.command("tflite")(tflite)
    app.add_typer(group, name="dump")

"""`sgs-tui dump sdk|onnx|caffe|tflite`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sgs_tui.cli import assignments, complaints
from sgs_tui.cli.exits import ExitCode
from sgs_tui.cli.launching import Launch, launch
from sgs_tui.cli.run_options import (
    DebugConfig,
    Detach,
    DumpOutput,
    HowToPrint,
    Image,
    Inputs,
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
    Shapes,
    String,
    Text,
    Timeout,
)

if TYPE_CHECKING:
    from sgs_tui.engine.simulate.runs import Run, RunRequest

_FUSED = (
    "layers that were fused when this fixed model was made are not in its dump; calibrate with disableDomainFuseOps "
    "to keep them (`sgs-tui debugconfig set --preset fixed-without-fusion`); --no-fuse-hint silences this"
)
_GROUP = """Make dumps: run the SDK's simulator, or compute every tensor of an original model here.

Each dump is a run in a folder of its own (./sgs_runs), in the background: a lost connection does not end it, and
`sgs-tui runs` has it. The paths of the dumps go to stdout.

\b
Examples:
  sgs-tui dump sdk --model net_fixed.sim --image cat.jpg -n pre.py --sdk ~/SGS_IPU_SDK
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
    """Dump a float or fixed model with the SDK's own simulator, one run an image.

    A run counts only when its dump is there, new, complete and of the right kind; otherwise exit code 4 and one
    line that says why and what to do. Ctrl-C cancels; --detach leaves the runs alone.

    \b
    Examples:
      sgs-tui dump sdk --model net_float.sim --image cat.jpg -n pre.py
      sgs-tui dump sdk -m net_fixed.sim -t Fixed -i images -n pre.py --sdk ~/SGS_IPU_SDK --detach
      sgs-tui dump sdk -m net_fixed.sim -i inputs.txt -n pre_a.py,pre_b.py --output dumps
    """
    from sgs_tui.cli.sdk_requests import SdkOptions, sdk_requests

    scripts = assignments.names(preprocess or ())
    options = SdkOptions(image, scripts, sdk, sdk_python, debug_config, string, timeout)
    requests = sdk_requests(model, kind, options)
    code = _dump(requests, Launch(root, jobs, detach, keep), output, wanted)
    if requests[0].stage == "fixed" and not no_fuse_hint and not detach and code == ExitCode.OK:
        complaints.note(_FUSED)
    return code


def onnx(
    model: Model,
    image: Annotated[
        str | None,
        typer.Option("--image", "-i", metavar="PATH", help="An image, a .npy, a list file, or a folder."),
    ] = None,
    preprocess: Preprocess = None,
    inputs: Inputs = None,
    shape: Shapes = None,
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
    """Dump every tensor of an ONNX model in the vendor's form (onnx_NHWC_outtensor_dump.bin), run by onnxruntime.

    Without -n the inputs are .npy files. The preprocess script defines image_preprocess(path, norm=True) or
    get_image(path, ..., nchw=True). Dump <model>_refine.onnx where the SDK left one: only its names match.

    \b
    Examples:
      sgs-tui dump onnx --model net.onnx --image cat.jpg -n pre.py
      sgs-tui dump onnx -m net.onnx --input data=input.npy --shape data=1,3,224,224 --text
      sgs-tui dump onnx -m big.onnx -i images -n pre.py --memory 2G --output dumps
    """
    from sgs_tui.cli.local_requests import LocalOptions, onnx_requests

    options = LocalOptions(image, assignments.names(preprocess or ()), assignments.shapes(shape or ()), text, timeout)
    most = None if memory is None else assignments.memory(memory)
    requests = onnx_requests(model, options, assignments.input_files(inputs or ()), slices, most)
    return _dump(requests, Launch(root, jobs, detach, keep), output, wanted)


def caffe(
    model: Annotated[Path, typer.Option("--model", "-m", metavar="FILE", help="The deploy prototxt.")],
    weights: Annotated[Path, typer.Option("--weights", "-w", metavar="FILE", help="The .caffemodel.")],
    image: Image,
    preprocess: Preprocess = None,
    shape: Shapes = None,
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
    """Dump every blob of a Caffe net in the vendor's form (caffe_NHWC_outtensor_dump.bin).

    Runs by OpenCV's reader (pip install 'sgs-tui[caffe]'), or by your own pycaffe.

    \b
    Examples:
      sgs-tui dump caffe --model deploy.prototxt --weights net.caffemodel --image cat.jpg -n pre.py
      sgs-tui dump caffe -m net.prototxt -w net.caffemodel -i cat.jpg -n pre.py --pycaffe python2.7
    """
    from sgs_tui.cli.local_requests import LocalOptions, caffe_requests

    options = LocalOptions(image, assignments.names(preprocess or ()), assignments.shapes(shape or ()), text, timeout)
    requests = caffe_requests(model, weights, options, pycaffe, caffe_root)
    return _dump(requests, Launch(root, jobs, detach, keep), output, wanted)


def tflite(
    model: Model,
    image: Image,
    preprocess: Preprocess = None,
    shape: Shapes = None,
    text: Text = False,
    timeout: Timeout = None,
    output: DumpOutput = None,
    root: Root = None,
    jobs: Jobs = 1,
    keep: Keep = False,
    detach: Detach = False,
    wanted: HowToPrint = RunFormat.TEXT,
) -> int:
    """Dump every op's outputs of a TFLite model in the vendor's form (pip install 'sgs-tui[tflite]').

    \b
    Examples:
      sgs-tui dump tflite --model net.tflite --image cat.jpg -n pre.py
      sgs-tui dump tflite -m net.tflite -i input.npy --shape x=1,224,224,3
    """
    from sgs_tui.cli.local_requests import LocalOptions, tflite_requests

    options = LocalOptions(image, assignments.names(preprocess or ()), assignments.shapes(shape or ()), text, timeout)
    return _dump(tflite_requests(model, options), Launch(root, jobs, detach, keep), output, wanted)


def _dump(requests: "tuple[RunRequest, ...]", how: Launch, output: Path | None, wanted: RunFormat) -> ExitCode:
    """Start, wait, hand over, print."""
    from sgs_tui.engine.errors import UsageError
    from sgs_tui.engine.simulate.hand_over import hand_over, targets

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
    from sgs_tui.batch.runs_json import write_runs
    from sgs_tui.engine.text import encode

    if wanted is RunFormat.JSON:
        emit(write_runs(runs), None)
        return
    if how.detach:
        paths = [run.folder.path for run in runs]
    elif names:
        paths = [name for run, name in zip(runs, names, strict=True) if run.dump]
    else:
        paths = [run.dump for run in runs if run.dump]
    emit(encode("".join(f"{path}\n" for path in paths)), None)

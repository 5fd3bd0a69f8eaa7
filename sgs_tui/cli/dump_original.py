"""`sgs-tui dump onnx|caffe|tflite`."""

from pathlib import Path
from typing import Annotated

import typer

from sgs_tui.cli import assignments
from sgs_tui.cli.dumping import dump
from sgs_tui.cli.launching import Launch
from sgs_tui.cli.run_options import (
    Detach,
    DumpOutput,
    HowToPrint,
    Image,
    Inputs,
    Jobs,
    Keep,
    Model,
    Preprocess,
    Root,
    RunFormat,
    Shapes,
    Text,
    Timeout,
)


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
    from sgs_tui.cli.local_requests import LocalOptions, onnx_requests

    options = LocalOptions(image, assignments.names(preprocess or ()), assignments.shapes(shape or ()), text, timeout)
    most = None if memory is None else assignments.memory(memory)
    requests = onnx_requests(model, options, assignments.input_files(inputs or ()), slices, most)
    return dump(requests, Launch(root, jobs, detach, keep), output, wanted)


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
    """Dump every blob of a Caffe net in the vendor's form.

    Writes caffe_NHWC_outtensor_dump.bin. Runs by OpenCV's reader (pip install 'sgs-tui[caffe]'), or by your own
    pycaffe.

    \b
    Examples:
      sgs-tui dump caffe -m net.prototxt -w net.caffemodel -i cat.jpg -n pre.py
      sgs-tui dump caffe -m n.prototxt -w n.caffemodel -i x.npy --pycaffe python2
    """
    from sgs_tui.cli.local_requests import LocalOptions, caffe_requests

    options = LocalOptions(image, assignments.names(preprocess or ()), assignments.shapes(shape or ()), text, timeout)
    requests = caffe_requests(model, weights, options, pycaffe, caffe_root)
    return dump(requests, Launch(root, jobs, detach, keep), output, wanted)


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
    """Dump every tensor of a TFLite model in the vendor's form.

    Needs ai-edge-litert (pip install 'sgs-tui[tflite]').

    \b
    Examples:
      sgs-tui dump tflite --model net.tflite --image cat.jpg -n pre.py
      sgs-tui dump tflite -m net.tflite -i input.npy --shape x=1,224,224,3
    """
    from sgs_tui.cli.local_requests import LocalOptions, tflite_requests

    options = LocalOptions(image, assignments.names(preprocess or ()), assignments.shapes(shape or ()), text, timeout)
    return dump(tflite_requests(model, options), Launch(root, jobs, detach, keep), output, wanted)

"""Backend `caffe`: every blob of a Caffe net as the vendor's Caffe dumper writes it.

The net runs in a child process: by OpenCV's reader in our own interpreter (extra `caffe`), or by the user's
pycaffe in the interpreter of its own environment, which may be Python 2.7.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import cast

import numpy as np

from sgs_tui.engine.dumps.original import OriginalDump, OriginalTensor, claim, write_original
from sgs_tui.engine.dumps.records import AnyArray, Form
from sgs_tui.engine.errors import InputError, RunError
from sgs_tui.engine.files import write_atomically
from sgs_tui.engine.simulate.caffe_prototxt import CaffeNet, read_prototxt
from sgs_tui.engine.simulate.onnx_model import one_line
from sgs_tui.engine.simulate.preprocess import Preprocess
from sgs_tui.engine.simulate.preprocess_child import Worker, run_worker
from sgs_tui.engine.simulate.preprocess_inputs import load_inputs
from sgs_tui.engine.text import encode

STEM = "caffe_NHWC_outtensor_dump"


@dataclass(frozen=True, slots=True)
class CaffeDumpRequest:
    """What to dump. `inputs`: one image (or .npy) for each of the net's inputs, in the prototxt's order.

    `pycaffe`: the interpreter of the user's pycaffe, for the net and the preprocess module; without it OpenCV
    runs the net here. `caffe_root`: a Caffe tree whose python/ holds pycaffe. `timeout`: seconds for the net.
    """

    prototxt: Path
    weights: Path
    inputs: tuple[Path, ...]
    folder: Path
    preprocess: Preprocess = field(default_factory=Preprocess)
    form: Form = Form.BINARY
    shapes: Mapping[str, Sequence[int]] = field(default_factory=dict)
    pycaffe: str = ""
    caffe_root: Path | None = None
    timeout: float = 600.0
    cancel: Event | None = None


def dump_caffe(request: CaffeDumpRequest) -> OriginalDump:
    """Write `caffe_NHWC_outtensor_dump.bin` (or `.txt` and NHWC/, NCHW/) and shape.txt into the folder.

    As with the vendor's dumper the net's first input is in no record of the dump. Raises UsageError (inputs, shapes),
    InputError (files, shapes, a dump there already) and RunError (no OpenCV 4, preprocess or Caffe failed).
    """
    if not request.pycaffe and find_spec("cv2") is None:
        raise RunError("OpenCV is not installed here", "pip install 'sgs-tui[caffe]', or give --pycaffe PYTHON")
    net = read_prototxt(request.prototxt)
    if not request.weights.is_file():
        raise InputError(f"{request.weights}: no such file", "name the .caffemodel")
    how = replace(request.preprocess, python=request.pycaffe) if request.pycaffe else request.preprocess
    feed, notes = load_inputs(net.wanted(request.shapes), request.inputs, how)
    path = claim(request.folder, STEM, request.form)
    with TemporaryDirectory(prefix=".blobs-", dir=request.folder) as folder:
        files = _run(request, net, feed, Path(folder))
        first = net.inputs[0][0]
        names, skipped = _kept(net, files, first)
        records = write_original(path, _tensors(files, names), request.form, _tensors(files, [first]))
        write_atomically(request.folder / "shape.txt", _shapes(files))
    return OriginalDump(path, records, tuple(skipped), tuple(notes))


def _run(request: CaffeDumpRequest, net: CaffeNet, feed: Mapping[str, AnyArray], folder: Path) -> dict[str, Path]:
    """Every blob's .npy file, in the net's order. Raises RunError."""
    inputs = []
    for number, (name, values) in enumerate(feed.items()):
        np.save(folder / f"input{number}.npy", values, allow_pickle=False)
        inputs.append([name, str(folder / f"input{number}.npy")])
    asked = {
        "engine": "pycaffe" if request.pycaffe else "opencv",
        "caffe_root": str(request.caffe_root.absolute()) if request.caffe_root else "",
        "prototxt": str(request.prototxt.absolute()),
        "weights": str(request.weights.absolute()),
        "folder": str(folder),
        "inputs": inputs,
        "blobs": [[blob.name, blob.layer, blob.top] for blob in net.blobs],
    }
    worker = Worker("caffe_worker.py", request.pycaffe or sys.executable, request.timeout, request.cancel)
    answer = run_worker(worker, asked, str(request.prototxt))
    if "error" in answer:
        reason = one_line(str(answer["error"]))
        raise RunError(f"{request.prototxt}: {asked['engine']} failed: {reason}", str(answer["printed"]))
    names = cast(list[str], answer["blobs"])
    return {name: folder / f"{number}.npy" for number, name in enumerate(names)}


def _kept(net: CaffeNet, files: Mapping[str, Path], first: str) -> tuple[list[str], list[tuple[str, str]]]:
    """Names to write, and (name, reason) of what the dump leaves out (the first input goes without saying)."""
    skipped = [(blob.name, "the framework has no such layer") for blob in net.blobs if blob.name not in files]
    empty = [name for name, file in files.items() if np.load(file, allow_pickle=False).size == 0]
    skipped += [(name, "it has no elements (the vendor's comparer hangs on such records)") for name in empty]
    return [name for name in files if name != first and name not in empty], skipped


def _tensors(files: Mapping[str, Path], names: Sequence[str]) -> Iterator[OriginalTensor]:
    """One blob at a time; Caffe's dumps have the blob's name where others have the node's."""
    for name in names:
        yield OriginalTensor(name, name, np.load(files[name], allow_pickle=False))


def _shapes(files: Mapping[str, Path]) -> bytes:
    """shape.txt: blob, tab, shape as a Python tuple."""
    loaded = ((name, np.load(file, allow_pickle=False).shape) for name, file in files.items())
    return encode("".join(f"{name.replace('/', '_')}\t{shape}\n" for name, shape in loaded))

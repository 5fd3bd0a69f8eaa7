"""Backend `caffe`: every blob of a Caffe net as the vendor's Caffe dumper writes it.

The net runs in a child process: by OpenCV's reader in our own interpreter (extra `caffe`), or by the user's
pycaffe in the interpreter of its own environment, which may be Python 2.7. OpenCV knows layers only, but Caffe's dump
is by blob, and layers that work in place (ReLU, BatchNorm, Scale) share one: a blob holds what its last writer left,
which the prototxt tells. That is protobuf's text format; of its grammar this needs `name: value`, `name { ... }`,
strings and comments.
"""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import ClassVar, cast

import numpy as np

from sgs_tui.engine.backends.jobs import LocalBackend, OriginalJob
from sgs_tui.engine.backends.onnx import one_line
from sgs_tui.engine.backends.preprocess import ModelInput, Preprocess, Worker, load_inputs, run_worker
from sgs_tui.engine.dumps.dtypes import AnyArray
from sgs_tui.engine.dumps.format import Form
from sgs_tui.engine.dumps.mistaken import refuse_as
from sgs_tui.engine.dumps.writer import OriginalDump, OriginalTensor, claim, write_original
from sgs_tui.engine.errors import InputError, RunError, UsageError, told
from sgs_tui.engine.files import read_bytes, write_atomically
from sgs_tui.engine.runs.records import ABSENT
from sgs_tui.engine.runs.run_folder import Product, ProductKind
from sgs_tui.engine.text import decode, encode, visible
from sgs_tui.language import Message as Words

_TOKEN = re.compile(r"""#[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|[{}<>\[\]:,;]|[^\s{}<>\[\]:,;#"']+""")

Message = dict[str, list["str | Message"]]


@dataclass(frozen=True, slots=True)
class Blob:
    """A blob, the layer that writes it last, and which of that layer's outputs it is."""

    name: str
    layer: str
    top: int


@dataclass(frozen=True, slots=True)
class CaffeNet:
    """Inputs (shape None where the text has none) and the blobs in Caffe's order, inputs included."""

    inputs: tuple[tuple[str, tuple[int, ...] | None], ...]
    blobs: tuple[Blob, ...]

    def wanted(self, shapes: Mapping[str, Sequence[int]]) -> tuple[ModelInput, ...]:
        """The inputs with `shapes` (by name) over those of the text. Raises UsageError."""
        names = [name for name, _ in self.inputs]
        unknown = sorted(set(shapes) - set(names))
        if unknown:
            raise UsageError(
                Words("no input is named {name}", name=visible(unknown[0])),
                Words("the inputs are: {names}", names=visible(", ".join(names))),
            )
        found = {name: tuple(shapes.get(name, shape or ())) for name, shape in self.inputs}
        missing = [visible(name) for name, shape in found.items() if not shape]
        if missing:
            raise UsageError(
                Words("inputs without a shape in the prototxt: {names}", names=", ".join(missing)),
                Words("give each shape by name"),
            )
        return tuple(ModelInput(name, shape, np.dtype(np.float32)) for name, shape in found.items())


def read_prototxt(path: Path) -> CaffeNet:
    """Parse a deploy prototxt. Raises InputError when it is none (unreadable, no layers, no inputs)."""
    data = read_bytes(path)
    refuse_as(Words("a Caffe model"), path, data[:128])
    tokens = [token for token in _TOKEN.findall(decode(data)) if token[0] != "#"]
    try:
        net = _message(iter(tokens), "")
        layers = [layer for layer in _messages(net, "layer", "layers") if _in_test_phase(layer)]
        inputs = _inputs(net, layers)
    except RecursionError as error:
        raise InputError(
            Words("{path}: not a prototxt: nested too deep", path=path), Words("check the file")
        ) from error
    except (ValueError, StopIteration) as error:
        raise InputError(
            Words("{path}: not a prototxt: {why}", path=path, why=told(error) or Words("it ends too early")),
            Words("check the file"),
        ) from error
    if not layers or not inputs:
        found = Words(
            "{path}: no input found in the prototxt" if layers else "{path}: no layers found in the prototxt",
            path=path,
        )
        raise InputError(found, Words("name the deploy prototxt, not the training one"))
    return CaffeNet(tuple(inputs.items()), _blobs(inputs, layers))


def _message(tokens: Iterator[str], end: str) -> Message:
    """Fields up to the token `end` (the end of the text for an empty one)."""
    fields: Message = {}
    for name in tokens:
        if name == end:
            return fields
        if name in ",;":
            continue
        if not re.fullmatch(r"[\w.]+", name):
            raise ValueError(Words("expected a field name, found {found}", found=visible(name[:40])))
        token = next(tokens)
        token = next(tokens) if token == ":" else token
        fields.setdefault(name, []).extend(_values(token, tokens))
    if end:
        raise ValueError(Words("a {end} is missing", end=end))
    return fields


def _values(token: str, tokens: Iterator[str]) -> "list[str | Message]":
    if token in "{<":
        return [_message(tokens, "}" if token == "{" else ">")]
    if token == "[":
        listed = iter(lambda: next(tokens), "]")
        return [item for word in listed if word != "," for item in _values(word, tokens)]
    if token in "}>],;:":
        raise ValueError(Words("expected a value, found {found}", found=token))
    return [token[1:-1] if token[0] in "\"'" else token]


def _messages(message: Message, *names: str) -> list[Message]:
    return [item for name in names for item in message.get(name, []) if isinstance(item, dict)]


def _words(message: Message, name: str) -> list[str]:
    return [item for item in message.get(name, []) if isinstance(item, str)]


def _in_test_phase(layer: Message) -> bool:
    """Caffe's rule: a layer with `include` rules needs one that fits, one `exclude` rule that fits drops it."""
    include, exclude = _messages(layer, "include"), _messages(layer, "exclude")
    if include:
        return any(_words(rule, "phase") in ([], ["TEST"]) for rule in include)
    return not any(_words(rule, "phase") in ([], ["TEST"]) for rule in exclude)


def _inputs(net: Message, layers: list[Message]) -> dict[str, tuple[int, ...] | None]:
    """Old form (`input:` with `input_dim:` or `input_shape`) and `Input` layers."""
    names = _words(net, "input")
    flat = _sizes(net, "input_dim")
    shapes = [_shape(shape) for shape in _messages(net, "input_shape")] or [
        tuple(flat[start : start + 4]) for start in range(0, len(flat), 4)
    ]
    found: dict[str, tuple[int, ...] | None] = {
        name: shapes[index] if index < len(shapes) else None for index, name in enumerate(names)
    }
    for layer in layers:
        if _words(layer, "type") == ["Input"]:
            listed = [_shape(shape) for part in _messages(layer, "input_param") for shape in _messages(part, "shape")]
            for index, top in enumerate(_words(layer, "top")):
                # One shape may stand for all tops of the layer.
                found[top] = listed[min(index, len(listed) - 1)] if listed else None
    return found


def _shape(message: Message) -> tuple[int, ...]:
    return tuple(_sizes(message, "dim"))


def _sizes(message: Message, name: str) -> list[int]:
    words = _words(message, name)
    if wrong := next((word for word in words if not re.fullmatch(r"\d{1,9}", word, re.ASCII)), ""):
        raise ValueError(Words("{name}: expected a size, found {found}", name=name, found=visible(wrong[:40])))
    return [int(word) for word in words]


def _blobs(inputs: Mapping[str, object], layers: list[Message]) -> tuple[Blob, ...]:
    blobs = {name: Blob(name, "", 0) for name in inputs}
    for layer in layers:
        name = "".join(_words(layer, "name")[:1])
        for position, top in enumerate(_words(layer, "top")):
            if top not in inputs:
                blobs[top] = Blob(top, name, position)
    return tuple(blobs.values())


STEM = "caffe_NHWC_outtensor_dump"


@dataclass(frozen=True, slots=True)
class CaffeDumpRequest(OriginalJob):
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
    cancel: Event | None = field(default=None, metadata=ABSENT)

    KIND: ClassVar = "caffe"
    BACKEND: ClassVar = "caffe"
    STEM: ClassVar = STEM

    def models(self) -> tuple[Path, ...]:
        return (self.prototxt, self.weights)

    def products(self) -> tuple[Product, ...]:
        return (*OriginalJob.products(self), Product("shape.txt", ProductKind.FILE))

    def do(self) -> OriginalDump:
        return dump_caffe(self)


def dump_caffe(request: CaffeDumpRequest) -> OriginalDump:
    """Write `caffe_NHWC_outtensor_dump.bin` (or `.txt` and NHWC/, NCHW/) and shape.txt into the folder.

    As with the vendor's dumper the net's first input is in no record of the dump. Raises UsageError (inputs, shapes),
    InputError (files, shapes, a dump there already) and RunError (no OpenCV 4, preprocess or Caffe failed).
    """
    if not request.pycaffe and find_spec("cv2") is None:
        raise RunError(
            Words("OpenCV is not installed here"), Words("pip install 'sgs-tui[caffe]', or give --pycaffe PYTHON")
        )
    net = read_prototxt(request.prototxt)
    if not request.weights.is_file():
        raise InputError(Words("{path}: no such file", path=request.weights), Words("name the .caffemodel"))
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
        "work": "caffe",
        "engine": "pycaffe" if request.pycaffe else "opencv",
        "caffe_root": str(request.caffe_root.absolute()) if request.caffe_root else "",
        "prototxt": str(request.prototxt.absolute()),
        "weights": str(request.weights.absolute()),
        "folder": str(folder),
        "inputs": inputs,
        "blobs": [[blob.name, blob.layer, blob.top] for blob in net.blobs],
    }
    worker = Worker(request.pycaffe or sys.executable, request.timeout, request.cancel)
    answer = run_worker(worker, asked, str(request.prototxt))
    if "error" in answer:
        error = answer["error"]
        why = error if isinstance(error, Words) else one_line(str(error))
        raise RunError(
            Words("{path}: {engine} failed: {why}", path=request.prototxt, engine=asked["engine"], why=why),
            str(answer["printed"]),
        )
    names = cast(list[str], answer["blobs"])
    return {name: folder / f"{number}.npy" for number, name in enumerate(names)}


def _kept(net: CaffeNet, files: Mapping[str, Path], first: str) -> tuple[list[str], list[tuple[str, str]]]:
    """Names to write, and (name, reason) of what the dump leaves out (the first input goes without saying)."""
    no_layer: str = Words("the framework has no such layer")
    skipped = [(blob.name, no_layer) for blob in net.blobs if blob.name not in files]
    empty = [name for name, file in files.items() if np.load(file, allow_pickle=False).size == 0]
    skipped += [(name, Words("it has no elements (the vendor's comparer hangs on such records)")) for name in empty]
    return [name for name in files if name != first and name not in empty], skipped


def _tensors(files: Mapping[str, Path], names: Sequence[str]) -> Iterator[OriginalTensor]:
    """One blob at a time; Caffe's dumps have the blob's name where others have the node's."""
    for name in names:
        yield OriginalTensor(name, name, np.load(files[name], allow_pickle=False))


def _shapes(files: Mapping[str, Path]) -> bytes:
    """shape.txt: blob, tab, shape as a Python tuple."""
    loaded = ((name, np.load(file, allow_pickle=False).shape) for name, file in files.items())
    return encode("".join(f"{name.replace('/', '_')}\t{shape}\n" for name, shape in loaded))


BACKEND = LocalBackend(CaffeDumpRequest)

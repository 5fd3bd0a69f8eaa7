"""onnxruntime as an embedded simulator: quantize an ONNX model and dump both stages, without any SDK."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from sgs_tui.engine.backends.jobs import WORK, LocalBackend, input_details
from sgs_tui.engine.backends.onnx import (
    NUMBERS,
    Exposed,
    Session,
    Tensors,
    exposed,
    model_inputs,
    node_outputs,
    one_line,
)
from sgs_tui.engine.backends.preprocess import (
    Layout,
    ModelInput,
    Prepared,
    Preprocess,
    check_count,
    fit_input,
    prepared,
)
from sgs_tui.engine.backends.quantizable import infinite_tensors, load_quantizable
from sgs_tui.engine.backends.quantize import (
    QUANTIZER_HINT,
    Quantization,
    check_names,
    is_quantized,
    quantize,
    sharing,
    taking_scale,
)
from sgs_tui.engine.dumps.dtypes import AnyArray
from sgs_tui.engine.dumps.format import Direction
from sgs_tui.engine.dumps.writer import Draft, write_dump
from sgs_tui.engine.errors import CancelledError, InputError, RunError, UsageError
from sgs_tui.engine.files import make_folder, write_atomically
from sgs_tui.engine.runs.records import FLAT
from sgs_tui.engine.runs.run_folder import Product, ProductKind
from sgs_tui.engine.text import encode, visible
from sgs_tui.language import Message, plural

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto


_TYPES = {"u1": "SGS_U8", "i1": "SGS_S8", "u2": "SGS_U16", "i2": "SGS_S16", "i4": "SGS_S32", "i8": "SGS_S64"}
_TYPES["b1"] = "SGS_BOOL"

_OP_TYPES = {
    "Relu": "RELU",
    "LeakyRelu": "LEAKY_RELU",
    "MaxPool": "MAX_POOL_2D",
    "AveragePool": "AVERAGE_POOL_2D",
    "GlobalAveragePool": "AVERAGE_POOL_2D",
    "Gemm": "FULLY_CONNECTED",
    "MatMul": "FULLY_CONNECTED",
    "Sigmoid": "LOGISTIC",
    "Concat": "CONCATENATION",
    "Split": "SPLIT_V",
    "Flatten": "RESHAPE",
}
"""ONNX's names to those in the simulator's dumps; others are written in capitals."""


@dataclass(frozen=True, slots=True)
class _Coding:
    """Scale, zero point and integer type that a Quantize/DequantizeLinear node gives a tensor."""

    scale: float = 0.0
    zero_point: int = 0
    type_name: str = "float"


class Ops:
    """The ops of a float or quantized model as a simulator's dump shows them: inputs and outputs, one by one.

    QuantizeLinear and DequantizeLinear are not ops here but what gives a tensor its scale, zero point and type: a
    tensor's value is the one its consumers see, and its name that of the float model (`names`), so that both dumps
    match by name. A float stage has no codes, even where the model given holds such nodes.
    """

    def __init__(self, model: "ModelProto", tensors: Tensors, names: frozenset[str], is_float: bool = False) -> None:
        import onnx

        self._model, self._tensors, self._names, self._is_float = model, tensors, names, is_float
        self._constants = {item.name: onnx.numpy_helper.to_array(item) for item in model.graph.initializer}
        self._makers = {name: node for node in model.graph.node for name in node.output}
        self._readers: dict[str, NodeProto] = {
            node.input[0]: node for node in model.graph.node if node.op_type in ("QuantizeLinear", "DequantizeLinear")
        }

    def drafts(self) -> Iterator[Draft]:
        """Every op's inputs, then its outputs, as the simulator dumps them (4-D data NHWC)."""
        hidden = ("QuantizeLinear", "DequantizeLinear", "Constant")
        nodes = [
            node for node in self._model.graph.node if node.op_type not in hidden and any(map(self._has, node.output))
        ]
        for index, node in enumerate(nodes):
            op_type = self._op_type(node)
            for slot, name in enumerate(node.input):
                if self._has(name):
                    yield self._draft(Direction.IN, slot, index, op_type, name, self._origin(name))
            for slot, name in enumerate(node.output):
                if self._has(name):
                    yield self._draft(Direction.OUT, slot, index, op_type, self._seen(name), name)

    def _draft(self, direction: Direction, slot: int, index: int, op_type: str, name: str, origin: str) -> Draft:
        """`name` is the tensor whose value is seen, `origin` the one it goes back to."""
        values, coding = self._values(name), self._coding(name)
        if values.ndim == 4:
            values = values.transpose(0, 2, 3, 1)
        type_name = coding.type_name
        if type_name == "float":
            type_name = _TYPES.get(values.dtype.str[1:], "float")
        constant = origin in self._constants or self._maker(origin) == "Constant"
        return Draft(
            direction, slot, index, op_type, self._float_name(origin), values,
            coding.scale, coding.zero_point, type_name, constant, values.shape or (1,),
        )  # fmt: skip

    def _has(self, name: str) -> bool:
        return name in self._constants or name in self._tensors

    def _values(self, name: str) -> AnyArray:
        values = self._constants[name] if name in self._constants else self._tensors[name]
        return self._dequantized(name, values) if self._maker(name) == "QuantizeLinear" else values

    def _dequantized(self, name: str, codes: AnyArray) -> AnyArray:
        """Codes that an integer op takes as they are, as the values that they stand for: the name is that of these."""
        node = self._makers[name]
        axis = next((item.i for item in node.attribute if item.name == "axis"), 1)
        found = (_spread(self._values(each).astype(np.float32), codes, axis) for each in node.input[1:])
        scale, zero = next(found), next(found, np.zeros(1, np.float32))
        return (codes.astype(np.float32) - zero) * scale

    def _maker(self, name: str) -> str:
        return self._makers[name].op_type if name in self._makers else ""

    def _origin(self, name: str) -> str:
        """The tensor before all quantizing and dequantizing."""
        while self._maker(name) in ("QuantizeLinear", "DequantizeLinear"):
            name = self._makers[name].input[0]
        return name

    def _seen(self, name: str) -> str:
        """What consumers see of an output: its value after quantizing and dequantizing."""
        while name in self._readers:
            name = self._readers[name].output[0]
        return name

    def _coding(self, name: str) -> _Coding:
        if self._is_float or self._maker(name) != "DequantizeLinear":
            return _Coding()
        node = self._makers[name]
        scale = self._values(node.input[1])
        zero = self._values(node.input[2]) if len(node.input) > 2 else np.zeros(1, np.uint8)
        # A weight has one scale for each channel and the header room for one: the largest is written.
        return _Coding(float(np.max(scale)), int(zero.reshape(-1)[0]), _TYPES.get(zero.dtype.str[1:], "float"))

    def _float_name(self, name: str) -> str:
        """The float model's name of a tensor that quantizing renamed."""
        short = name.removesuffix("_QuantizeLinear_Input").removesuffix("_quantized")
        return short if name not in self._names and short in self._names else name

    def _op_type(self, node: "NodeProto") -> str:
        if node.op_type != "Conv":
            return _OP_TYPES.get(node.op_type, node.op_type.upper())
        weight = self._values(node.input[1]) if self._has(node.input[1]) else np.empty((1, 2, 1, 1))
        groups = next((item.i for item in node.attribute if item.name == "group"), 1)
        return "DEPTHWISE_CONV_2D" if groups > 1 and weight.shape[1] == 1 else "CONV_2D"


def _spread(values: npt.NDArray[np.float32], codes: AnyArray, axis: int) -> npt.NDArray[np.float32]:
    """Scales or zero points as they meet the codes: one for all, for each channel, or for each block of an axis."""
    if values.size == 1:
        return values.reshape(())
    if values.ndim == 1:
        return values.reshape([-1 if place == axis % codes.ndim else 1 for place in range(codes.ndim)])
    length = codes.shape[axis]
    return np.repeat(values, -(-length // values.shape[axis]), axis).take(range(length), axis)


def _tensor_names(model: "ModelProto") -> frozenset[str]:
    """Every tensor of a model: inputs, constants and what its nodes compute."""
    names = [value.name for value in model.graph.input] + [item.name for item in model.graph.initializer]
    return frozenset(names + [name for node in model.graph.node for name in node.output])


Ranges = dict[str, tuple[float, float]]


@dataclass(slots=True)
class _Calibration:
    """What is learned from the samples: ranges, and the tensors that hold infinities on purpose."""

    may_be_infinite: frozenset[str]
    ranges: Ranges = field(default_factory=dict)
    infinite: set[str] = field(default_factory=set)

    def add(self, name: str, values: AnyArray, where: str) -> None:
        """Widen the range of a float tensor. Raises RunError for NaN, and infinities that no constant brings."""
        if values.dtype.kind != "f" or not values.size:
            return
        finite = values[np.isfinite(values)]
        if finite.size < values.size:
            if name not in self.may_be_infinite or np.isnan(values).any():
                hint = Message("such a tensor can not be quantized; check the input")
                raise RunError(Message("{name} is not finite {where}", name=visible(name), where=where), hint)
            self.infinite.add(name)
        if finite.size:
            low, high = float(finite.min()), float(finite.max())
            old = self.ranges.get(name, (low, high))
            self.ranges[name] = min(low, old[0]), max(high, old[1])


def _calibrate(model: "ModelProto", feeds: Iterable[Mapping[str, AnyArray]], what: str) -> _Calibration:
    """Minimum and maximum of every float tensor: inputs and activations over all images, then constants.

    Raises RunError when the model fails, or where a value is not finite (it could not be quantized).
    """
    import onnx

    session = Session(exposed(model), what)
    types = session.types()
    wanted = [name for name in dict.fromkeys(node_outputs(model)) if types[name] in NUMBERS]
    found = _Calibration(infinite_tensors(model))
    constants = {item.name: onnx.numpy_helper.to_array(item) for item in model.graph.initializer}
    for name, values in constants.items():
        if values.dtype.kind == "f" and np.isnan(values).any():
            raise RunError(
                Message("the constant {name} holds NaN in {model}", name=visible(name), model=what),
                Message("no picture mends that: export or train the model again"),
            )
    for number, feed in enumerate(feeds):
        for name, values in {**feed, **session.run(wanted, feed)}.items():
            found.add(name, values, Message("for calibration image {number}", number=number + 1))
    for name, values in constants.items():
        found.add(name, values, Message("in the model"))
    return found


def _ranges_text(ranges: Ranges) -> bytes:
    """The lines of tensor_min_max.txt as the older calibrator writes them."""
    return b"".join(encode(f"Name:{name}, min: {low:f}, max: {high:f};\n") for name, (low, high) in ranges.items())


@dataclass(frozen=True, slots=True)
class EmbeddedRequest:
    """What to run. `images`: the calibration samples, each one file for every model input, in the model's order.

    `sample` is what both stages are run on; the first of `images` unless told. `shapes` as in OnnxDumpRequest.
    """

    model: Path
    images: tuple[tuple[Path, ...], ...]
    folder: Path
    preprocess: Preprocess = field(default_factory=Preprocess)
    quantization: Quantization = field(default_factory=Quantization, metadata=FLAT)
    sample: tuple[Path, ...] = ()
    shapes: Mapping[str, Sequence[int]] = field(default_factory=dict)

    KIND: ClassVar = "embedded"
    BACKEND: ClassVar = "onnxruntime"
    STAGE: ClassVar = "float and fixed"
    """It leaves the dumps of both."""

    def models(self) -> tuple[Path, ...]:
        return (self.model,)

    def files(self) -> Iterable[Path]:
        return (file for sample in (self.sample, *self.images) for file in sample)

    def products(self) -> tuple[Product, ...]:
        made = EmbeddedFiles.below(WORK)
        files = (Product(path.name, ProductKind.FILE) for path in (made.ranges, made.fixed_model))
        return (Product(made.float_dump.name), Product(made.fixed_dump.name), *files)

    def details(self) -> Mapping[str, str]:
        return {
            **input_details(self.sample or self.images[0], self.preprocess),
            "calibration": plural(
                len(self.images),
                "{number} sample, {folder}",
                "{number} samples, {folder}",
                folder=self.images[0][0].parent,
            ),
            "int16": ",".join(self.quantization.int16),
        }

    def do(self) -> "EmbeddedFiles":
        return embedded_run(self)


@dataclass(frozen=True, slots=True)
class EmbeddedFiles:
    """What a run leaves in its folder."""

    float_dump: Path
    fixed_dump: Path
    ranges: Path
    fixed_model: Path
    notes: tuple[str, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    """What the float dump leaves out and why: no tensors of numbers."""

    @classmethod
    def below(cls, folder: Path) -> "EmbeddedFiles":
        """The paths in `folder`, whether or not they exist."""
        return cls(folder / "float.bin", folder / "fixed.bin", folder / "tensor_min_max.txt", folder / "fixed.onnx")

    def paths(self) -> tuple[Path, ...]:
        """All of them."""
        return self.float_dump, self.fixed_dump, self.ranges, self.fixed_model


def embedded_run(request: EmbeddedRequest) -> EmbeddedFiles:
    """Calibrate, quantize, run the float and the fixed model on the sample, and write both dumps.

    The dumps look like the simulator's (inputs and outputs of every op, constants flagged, NHWC, dequantized
    values, headers with shapes). Raises SgsError; files that exist already are never overwritten (InputError).
    """
    files = EmbeddedFiles.below(request.folder)
    taken = next((path for path in files.paths() if path.exists()), None)
    if taken is not None:
        raise InputError(
            Message("{target}: is there already", target=taken),
            Message("name another folder; nothing is overwritten here"),
        )
    if not request.images:
        raise UsageError(Message("nothing to calibrate with"), Message("give at least one image; about 30 are usual"))
    model, told = load_quantizable(request.model)
    check_names(model, request.quantization.int16)
    make_folder(request.folder)
    with ExitStack() as stack:
        feeds = _Feeds(request, model_inputs(model, request.shapes), stack)
        unfinished = stack.enter_context(TemporaryDirectory(prefix=".unfinished-", dir=request.folder))
        made = EmbeddedFiles.below(Path(unfinished))
        notes, skipped = _run(request, model, feeds, made)
        for path, final in zip(made.paths(), files.paths(), strict=True):
            path.rename(final)
        told = (*feeds.notes, *told, *notes, *_int16_too(model, request.quantization.int16))
        return replace(files, notes=told, skipped=tuple(skipped.items()))


def _int16_too(model: "ModelProto", int16: Sequence[str]) -> tuple[str, ...]:
    """Which tensors are INT16 although nobody named them."""
    others = [visible(name) for name in taking_scale(model, sharing(model, int16)) if name not in int16]
    return (
        (Message("INT16 too, since a chosen tensor shares the scale: {names}", names=", ".join(others)),)
        if others
        else ()
    )


def _run(
    request: EmbeddedRequest, model: "ModelProto", feeds: "_Feeds", files: EmbeddedFiles
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Make the files; returns what is worth knowing, and what is left out and why."""
    what = str(request.model)
    found = _calibrate(model, feeds.calibration(), what)
    fixed = quantize(model, feeds.calibration(), request.quantization, files.fixed_model, found.infinite, what)
    write_atomically(files.ranges, _ranges_text(found.ranges))
    feeds.check_cancelled()
    skipped = Stages(model, fixed, what).write(files, feeds.sample())
    notes = (
        []
        if is_quantized(fixed)
        else [Message("onnxruntime quantized nothing in this model: both stages are the same")]
    )
    if in_float := [visible(name) for name in node_outputs(model) if name in found.infinite]:
        notes.append(
            Message("left in float, since a constant brings infinities there: {names}", names=", ".join(in_float))
        )
    return tuple(notes), skipped


class Stages:
    """The float model and the fixed one, ready to be run on one sample after the other."""

    def __init__(self, model: "ModelProto", fixed: "ModelProto", what: str) -> None:
        """`what` names the model in errors. Raises RunError."""
        self._model, self._fixed, self._what = model, fixed, what
        self._names = _tensor_names(model)
        self._float_run = Exposed(model, what)
        with self._quantizers_fault():
            self._fixed_run = Exposed(fixed, what)

    def write(self, files: "EmbeddedFiles", sample: Mapping[str, AnyArray]) -> dict[str, str]:
        """Run both on a sample, and write both dumps; returns what is left out and why. Raises RunError, InputError."""
        tensors = Tensors.of(sample)
        self._float_run.run(tensors)
        write_dump(files.float_dump, Ops(self._model, tensors, self._names, is_float=True).drafts())
        skipped = tensors.skipped
        tensors = Tensors.of(sample)
        with self._quantizers_fault():
            self._fixed_run.run(tensors)
        write_dump(files.fixed_dump, Ops(self._fixed, tensors, self._names).drafts())
        return skipped

    @contextmanager
    def _quantizers_fault(self) -> Iterator[None]:
        try:
            yield
        except RunError as error:
            message = Message(
                "{what}: the model itself is fine, but onnxruntime can not run what its quantizer made of it",
                what=self._what,
            )
            told = one_line(error.message.removeprefix(f"{self._what}: "))
            raise RunError(f"{message}: {told}", QUANTIZER_HINT) from error


class _Feeds:
    """The samples as model inputs: preprocessed once, kept on disk, loaded one sample at a time."""

    def __init__(self, request: EmbeddedRequest, wanted: Sequence[ModelInput], stack: ExitStack) -> None:
        self._wanted, self._how = wanted, request.preprocess
        self.notes: dict[str, None] = {}
        sample = request.sample or request.images[0]
        samples = (sample, *request.images)
        for item in samples:
            check_count(wanted, item)
        self._count = len(samples)
        self._columns = [stack.enter_context(self._column(samples, position)) for position in range(len(wanted))]

    def _column(self, samples: Sequence[Sequence[Path]], position: int) -> AbstractContextManager[list[Prepared]]:
        module = self._how.module(position, len(self._wanted))
        return prepared([sample[position] for sample in samples], module, Layout.NCHW, self._how)

    def sample(self) -> dict[str, AnyArray]:
        """The inputs that both stages are run on."""
        return self._feed(0)

    def calibration(self) -> Iterator[dict[str, AnyArray]]:
        """The inputs of every calibration sample, one after the other."""
        for number in range(1, self._count):
            self.check_cancelled()
            yield self._feed(number)

    def check_cancelled(self) -> None:
        """Raise CancelledError when the preprocess's cancel event is set."""
        if self._how.cancel is not None and self._how.cancel.is_set():
            raise CancelledError(Message("the run was stopped"))

    def _feed(self, number: int) -> dict[str, AnyArray]:
        feed = {}
        for item, column in zip(self._wanted, self._columns, strict=True):
            array, note = fit_input(column[number], item, Layout.NCHW)
            feed[item.name] = array
            if note:
                self.notes[note] = None
        return feed


BACKEND = LocalBackend(EmbeddedRequest)

"""Backend `tflite`: every op's outputs of a TFLite model as the vendor's TFLite dumper writes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from sgs_tui.engine.backends.jobs import LocalBackend, OriginalJob
from sgs_tui.engine.backends.onnx import one_line
from sgs_tui.engine.backends.preprocess import Layout, ModelInput, Preprocess, load_inputs
from sgs_tui.engine.dumps.dtypes import AnyArray
from sgs_tui.engine.dumps.format import Direction, Form
from sgs_tui.engine.dumps.mistaken import refuse_as
from sgs_tui.engine.dumps.writer import Draft, OriginalDump, Style, claim, write_dump
from sgs_tui.engine.errors import InputError, RunError, UsageError
from sgs_tui.engine.files import read_bytes
from sgs_tui.engine.text import visible
from sgs_tui.language import Message, plural

STEM = "tflite_outtensor_dump"


@dataclass(frozen=True, slots=True)
class TfliteDumpRequest(OriginalJob):
    """What to dump. `inputs`: one image (or .npy) for each of the model's inputs, in the model's order.

    `shapes`: by input name, for inputs with open dimensions.
    """

    model: Path
    inputs: tuple[Path, ...]
    folder: Path
    preprocess: Preprocess = field(default_factory=Preprocess)
    form: Form = Form.BINARY
    shapes: Mapping[str, Sequence[int]] = field(default_factory=dict)

    KIND: ClassVar = "tflite"
    BACKEND: ClassVar = "tflite"
    STEM: ClassVar = STEM

    def models(self) -> tuple[Path, ...]:
        return (self.model,)

    def do(self) -> OriginalDump:
        return dump_tflite(self)


def dump_tflite(request: TfliteDumpRequest) -> OriginalDump:
    """Write `tflite_outtensor_dump.bin` (or `.txt`) into the request's folder.

    Records carry the op's own index and builtin name and the output's number; data keeps its layout (TFLite's is
    NHWC already), quantized tensors are written as numbers, not codes. Raises UsageError, InputError and RunError
    as the other backends do; RunError too when the extra `tflite` is not installed.
    """
    net = _Net(request.model)
    wanted = net.inputs(request.shapes)
    feed, notes = load_inputs(wanted, request.inputs, request.preprocess, Layout.NHWC)
    path = claim(request.folder, STEM, request.form)
    net.run(feed)
    results, skipped = net.results()
    write_dump(path, (net.draft(result) for result in results), True, request.form, Style.TFLITE)
    coded = sum(_is_coded(result.tensor) for result in results)
    notes += (
        [
            plural(
                coded,
                "{number} quantized tensor was written as numbers, not codes",
                "{number} quantized tensors were written as numbers, not codes",
            )
        ]
        if coded
        else []
    )
    return OriginalDump(path, len(results), tuple(skipped), tuple(notes))


@dataclass(frozen=True, slots=True)
class _Result:
    """One output of one op; `tensor` is the runtime's own description of it."""

    op_index: int
    op_name: str
    slot: int
    tensor: Mapping[str, Any]


def _is_coded(tensor: Mapping[str, Any]) -> bool:
    """Whether it holds integer codes with one scale."""
    return tensor["quantization"][0] != 0 and np.dtype(tensor["dtype"]).kind in "iu"


class _Net:
    """One interpreter that keeps every tensor: no delegate may swallow ops."""

    def __init__(self, path: Path) -> None:
        try:
            from ai_edge_litert.interpreter import Interpreter, OpResolverType
        except ImportError as error:
            raise RunError(
                Message("the TFLite runtime is not installed here"), Message("pip install 'sgs-tui[tflite]'")
            ) from error
        self._path = path
        content = read_bytes(path, 2 << 30)  # a flatbuffer can not be larger
        if content[4:8] != b"TFL3":
            refuse_as(Message("a TFLite model"), path, content[:128])
            raise InputError(Message("{path}: not a TFLite model", path=path), Message("check the file"))
        try:
            self._interpreter: Any = Interpreter(
                model_content=content,
                experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
                experimental_preserve_all_tensors=True,
            )
        except Exception as error:
            raise InputError(
                Message("{path}: not a TFLite model it can run: {why}", path=path, why=one_line(str(error)))
            ) from error

    def inputs(self, shapes: Mapping[str, Sequence[int]]) -> tuple[ModelInput, ...]:
        """The inputs without open dimensions. Raises UsageError that lists those still open."""
        details = self._interpreter.get_input_details()
        unknown = sorted(set(shapes) - {item["name"] for item in details})
        if unknown:
            names = ", ".join(visible(item["name"]) for item in details)
            raise UsageError(
                Message("no input is named {name}", name=visible(unknown[0])),
                Message("the inputs are: {names}", names=names),
            )
        open_ones = [
            f"{visible(item['name'])} {item['shape_signature'].tolist()}"
            for item in details
            if item["name"] not in shapes and np.any(item["shape_signature"] < 0)
        ]
        if open_ones:
            raise UsageError(
                Message("open dimensions in the model's inputs: {names}", names="; ".join(open_ones)),
                Message("give each shape by name"),
            )
        return tuple(
            ModelInput(item["name"], tuple(map(int, shapes.get(item["name"], item["shape"]))), np.dtype(item["dtype"]))
            for item in details
        )

    def run(self, feed: Mapping[str, AnyArray]) -> None:
        """Feed the inputs and compute every tensor. Raises RunError."""
        details = self._interpreter.get_input_details()
        try:
            for item in details:
                self._interpreter.resize_tensor_input(item["index"], feed[item["name"]].shape)
            self._interpreter.allocate_tensors()
            for item in details:
                self._interpreter.set_tensor(item["index"], feed[item["name"]])
            self._interpreter.invoke()
        except Exception as error:
            raise RunError(
                Message("{path}: the TFLite runtime failed: {why}", path=self._path, why=one_line(str(error)))
            ) from error

    def results(self) -> tuple[list[_Result], list[tuple[str, str]]]:
        """Every op's outputs in the order of the ops, and (name, reason) of what can not be written."""
        tensors = {item["index"]: item for item in self._interpreter.get_tensor_details()}
        results, skipped = [], []
        for op in self._interpreter._get_ops_details():
            for slot, index in enumerate(op["outputs"]):
                if index not in tensors:
                    continue
                tensor = tensors[index]
                reason = _reason_to_skip(tensor)
                if reason:
                    skipped.append((tensor["name"], reason))
                else:
                    results.append(_Result(op["index"], op["op_name"], slot, tensor))
        return results, skipped

    def draft(self, result: _Result) -> Draft:
        """The record of one output, its values read now; (q - z) * s where it holds codes."""
        values: AnyArray = np.asarray(self._interpreter.get_tensor(result.tensor["index"]))
        if _is_coded(result.tensor):
            scale, zero = result.tensor["quantization"]
            values = (values.astype(np.float64) - zero) * np.float64(scale)
        return Draft(
            Direction.OUT, result.slot, result.op_index, result.op_name, result.tensor["name"], values,
            shape=values.shape or (1,),
        )  # fmt: skip


def _reason_to_skip(tensor: Mapping[str, Any]) -> str:
    kind = np.dtype(tensor["dtype"])
    if kind.kind not in "fiub":
        return Message("its type is {kind}", kind=kind)
    return (
        "" if np.prod(tensor["shape"]) else Message("it has no elements (the vendor's comparer hangs on such records)")
    )


BACKEND = LocalBackend(TfliteDumpRequest)

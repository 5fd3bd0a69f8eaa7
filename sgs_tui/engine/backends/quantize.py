"""Static quantization of any ONNX model by onnxruntime: QDQ, uint8 activations, int8 weights, chosen tensors uint16."""

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from sgs_tui.engine.backends.onnx import load_model, node_outputs, one_line, silence
from sgs_tui.engine.backends.onnx_notes import quantized_ops
from sgs_tui.engine.dumps.dtypes import AnyArray
from sgs_tui.engine.errors import RunError, SgsError, UsageError
from sgs_tui.engine.text import visible
from sgs_tui.language import Message

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto


_SHARES_SCALE = frozenset(
    {
        "AveragePool", "Flatten", "Gather", "GatherElements", "MaxPool", "Pad", "Reshape",
        "Resize", "Slice", "Split", "Squeeze", "TopK", "Transpose", "Unsqueeze",
    }
)  # fmt: skip
"""Ops whose output onnxruntime gives the very scale of their first input (its QDQ operators)."""

_OUTPUTS_AXIS = {"Conv": 0, "ConvTranspose": 1, "Gemm": 1, "MatMul": 1}
"""Axis of the output channels in the second input; a transposed Gemm has them in front."""


def taking_scale(model: "ModelProto", wide: Collection[str]) -> tuple[str, ...]:
    """`wide` and the tensors behind them that take their scale, and with it their bits."""
    found = dict.fromkeys(wide)
    for node in model.graph.node:
        if node.op_type in _SHARES_SCALE and node.input[0] in found:
            found.update(dict.fromkeys(node.output))
    return tuple(found)


def _weights_read_with(model: "ModelProto", wide: Collection[str]) -> Iterator[tuple[str, int]]:
    """(name, axis of the output channels) of every constant that is multiplied with a tensor of `wide`: on the chip it
    is INT16 as well."""
    constants = {item.name for item in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type in _OUTPUTS_AXIS and node.input[0] in wide and node.input[1] in constants:
            yield node.input[1], _axis(node)


def _axis(node: "NodeProto") -> int:
    transposed = any(item.name == "transB" and item.i for item in node.attribute)
    return 0 if transposed else _OUTPUTS_AXIS[node.op_type]


Feed = Mapping[str, AnyArray]

_OPSET = 13
"""Per-channel weights need DequantizeLinear with an axis, which came with this opset."""

_CONSTANTS_APART = 4
"""From this version of the file format on constants need not be inputs as well."""


EVERYTHING = "ALL"
"""Instead of names: every tensor that can be INT16, as in what-ifs."""


@dataclass(frozen=True, slots=True)
class Quantization:
    """How to quantize. `int16`: tensors (not weights) that get 16 bits; the others get 8.

    The weights that a raised tensor is multiplied with get 16 bits too, as they do on the chip.
    """

    per_channel: bool = True
    int16: tuple[str, ...] = ()


QUANTIZER_HINT = Message(
    "try --per-tensor, or export the model for another opset; `sgs-tui dump onnx` dumps it as it is"
)


def quantize(
    model: "ModelProto",
    feeds: Iterable[Feed],
    how: Quantization,
    target: Path,
    infinite: Collection[str] = (),
    what: str = Message("the model"),
) -> "ModelProto":
    """Quantize `model` (given: left alone), save it as `target` and return it. `what` names it in errors.

    `feeds`: one set of inputs for each calibration image; ranges are plain minimum and maximum. `infinite` tensors
    stay in float. Raises UsageError for `int16` names that the model has not, RunError when onnxruntime gives up or
    a name had no effect.
    """
    import onnx

    check_names(model, how.int16)
    feeds = list(feeds) if EVERYTHING in how.int16 else feeds
    if EVERYTHING in how.int16:
        how = replace(how, int16=_everything(model, feeds, how, target, infinite, what))
    with _quiet(), TemporaryDirectory(prefix="sgs-tui-") as folder:
        ready = Path(folder, "model.onnx")
        try:
            newer = upgraded(model)
            left_out = _name_readers(newer, infinite)
            onnx.save(newer, ready)
            how_all = replace(how, int16=sharing(newer, how.int16))
            _quantize_file(ready, target, feeds, how_all, _overrides(newer, how_all), left_out)
        except SgsError:
            raise
        except Exception as error:
            raise _failure(model, error, what) from error
    quantized = load_model(target)
    _check_effect(quantized, how.int16)
    return quantized


def _everything(
    model: "ModelProto", feeds: Iterable[Feed], how: Quantization, target: Path, infinite: Collection[str], what: str
) -> tuple[str, ...]:
    """What is quantized to 8 bits where nothing is chosen, one name for each scale, without the model's inputs."""
    found = scale_roots(quantize(model, feeds, replace(how, int16=()), target, infinite, what))
    known = {*node_outputs(model)}
    return tuple(name for name in found if name in known)


def _failure(model: "ModelProto", error: Exception, what: str) -> RunError:
    """Whose fault it is that onnxruntime's quantizer gave up, and what to try."""
    if ops := quantized_ops(model):
        return RunError(
            Message("{what}: quantized already, it holds {ops}", what=what, ops=ops),
            Message("give the float model that it was made from"),
        )
    words = one_line(f"{type(error).__name__}: {error}")
    return RunError(
        Message(
            "{what}: the model itself is fine, but onnxruntime's quantizer failed: {words}", what=what, words=words
        ),
        QUANTIZER_HINT,
    )


def _name_readers(model: "ModelProto", tensors: Collection[str]) -> list[str]:
    """Names of the nodes that have one of `tensors` as input or output; they get one where they have none.

    Clip is no such node: its limits are not quantized.
    """
    found = []
    for number, node in enumerate(model.graph.node):
        inputs = node.input[:1] if node.op_type == "Clip" else node.input
        if not {*inputs, *node.output}.isdisjoint(tensors):
            node.name = f"{node.name or node.op_type}#{number}"
            found.append(node.name)
    return found


def is_quantized(model: "ModelProto") -> bool:
    """Whether the quantizer found anything to quantize."""
    return any(_quantizers(model))


def check_names(model: "ModelProto", names: Sequence[str]) -> None:
    """Raise UsageError for a name that is no computed tensor and no input of the model."""
    constants = {item.name for item in model.graph.initializer}
    known = {*node_outputs(model), *(value.name for value in model.graph.input)} - constants
    for name in names:
        if name not in known and name != EVERYTHING:
            near = get_close_matches(name, known, 1)
            hint = (
                Message("did you mean {close}?", close=visible(near[0]))
                if near
                else Message("name a tensor between two layers")
            )
            raise UsageError(Message("no tensor is named {name}", name=visible(name)), hint)


def sharing(model: "ModelProto", names: Sequence[str]) -> tuple[str, ...]:
    """`names` with the tensors whose scale they share: those must have 16 bits for a name to get them."""
    makers = {name: node for node in model.graph.node for name in node.output}
    found = dict.fromkeys(names)
    for name in names:
        maker = makers.get(name)
        while maker is not None and maker.op_type in _SHARES_SCALE:
            found[maker.input[0]] = None
            maker = makers.get(maker.input[0])
    return tuple(found)


def upgraded(model: "ModelProto") -> "ModelProto":
    """A copy with the opset that is needed.

    The converter takes no model of another domain's ops alone. It, and what onnxruntime adds to calibrate, want
    constants of old files listed as inputs: where none is, the file is one of a later version.
    """
    import onnx
    from onnx import version_converter

    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    if {item.name for item in model.graph.initializer}.isdisjoint(item.name for item in model.graph.input):
        copy.ir_version = max(copy.ir_version, _CONSTANTS_APART)
    opset = next((item.version for item in model.opset_import if item.domain in ("", "ai.onnx")), None)
    if opset is None:
        copy.opset_import.append(onnx.helper.make_opsetid("", _OPSET))
        return copy
    return version_converter.convert_version(copy, _OPSET) if opset < _OPSET else copy


def _overrides(model: "ModelProto", how: Quantization) -> dict[str, list[dict[str, object]]]:
    """onnxruntime's word for what has 16 bits: the tensors, and the weights they are multiplied with."""
    from onnxruntime.quantization import QuantType

    wanted: dict[str, list[dict[str, object]]] = {}
    for name, axis in _weights_read_with(model, taking_scale(model, how.int16)):
        channels = {"axis": axis} if how.per_channel else {"symmetric": True}
        wanted[name] = [{"quant_type": QuantType.QInt16, **channels}]
    return wanted | {name: [{"quant_type": QuantType.QUInt16}] for name in how.int16}


def _quantize_file(
    source: Path,
    target: Path,
    feeds: Iterable[Feed],
    how: Quantization,
    overrides: dict[str, list[dict[str, object]]],
    left_out: list[str],
) -> None:
    from onnxruntime import quantization as ort

    options = {"TensorQuantOverrides": overrides, "UseQDQContribOps": True} if overrides else {}
    ort.quantize_static(
        source,
        target,
        _reader(feeds),
        quant_format=ort.QuantFormat.QDQ,
        nodes_to_exclude=left_out,
        per_channel=how.per_channel,
        activation_type=ort.QuantType.QUInt8,
        weight_type=ort.QuantType.QInt8,
        calibrate_method=ort.CalibrationMethod.MinMax,
        extra_options=options,
    )


def _reader(feeds: Iterable[Feed]) -> object:
    """What onnxruntime wants instead of an iterator."""
    from onnxruntime.quantization import CalibrationDataReader

    items = iter(feeds)

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def get_next(self) -> dict[str, AnyArray] | None:
            item = next(items, None)
            return None if item is None else dict(item)

    return Reader()


_RENAMED = "_QuantizeLinear_Input"
"""What onnxruntime adds to the name of a graph output that it quantizes."""


def scale_roots(quantized: "ModelProto") -> tuple[str, ...]:
    """For each scale of the quantized tensors (weights apart) the first that has it, in network order."""
    constants = {item.name for item in quantized.graph.initializer}
    found: dict[str, str] = {}
    for node in _quantizers(quantized):
        if node.input[0] not in constants:
            found.setdefault(node.input[1], node.input[0].removesuffix(_RENAMED))
    return tuple(found.values())


def _quantizers(quantized: "ModelProto") -> "Iterator[NodeProto]":
    return (node for node in quantized.graph.node if node.op_type == "QuantizeLinear")


def _check_effect(quantized: "ModelProto", names: Sequence[str]) -> None:
    """A name without effect is an error: nothing stays at eight bits in silence."""
    import onnx

    wide = {item.name for item in quantized.graph.initializer if item.data_type == onnx.TensorProto.UINT16}
    raised = {node.input[0].removesuffix(_RENAMED) for node in _quantizers(quantized) if wide & {*node.input[2:]}}
    for name in names:
        if name not in raised:
            raise RunError(
                Message(
                    "{name} did not become INT16: it is fused into the layer behind it, or not quantized",
                    name=visible(name),
                ),
                Message("name the next tensor"),
            )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep onnxruntime's remarks to itself: it logs to the root logger, which would print to stderr."""
    silence()
    root, handler = logging.getLogger(), logging.NullHandler()
    root.addHandler(handler)
    try:
        with np.errstate(all="ignore"):  # it computes scales of tensors with infinities, and does not use them
            yield
    finally:
        root.removeHandler(handler)

"""ONNX models: load, see their inputs, expose every tensor, run them quietly.

`Model` is onnx.ModelProto. Both onnx and onnxruntime are imported where they are used only: together they
take longer to load than most commands take to run.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sgs_tui.engine.dumps.records import AnyArray
from sgs_tui.engine.errors import InputError, RunError, UsageError
from sgs_tui.engine.simulate.preprocess_inputs import ModelInput
from sgs_tui.engine.text import visible

if TYPE_CHECKING:
    from onnx import ModelProto, ValueInfoProto

_ERRORS_ONLY = 4
"""onnxruntime's severity FATAL: what it has to say comes as an exception too."""

NUMBERS = {
    f"tensor({name})": np.dtype(kind)
    for name, kind in {
        "float": "f4", "double": "f8", "float16": "f2", "bool": "?",
        "int8": "i1", "int16": "i2", "int32": "i4", "int64": "i8",
        "uint8": "u1", "uint16": "u2", "uint32": "u4", "uint64": "u8",
    }.items()
}  # fmt: skip
"""onnxruntime's names of the tensor types that numpy knows."""


def load_model(path: Path) -> "ModelProto":
    """Read an ONNX model with its external data. Raises InputError."""
    import onnx

    try:
        model = onnx.load(path)
    except Exception as error:  # what a parser of foreign bytes may raise is not documented
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(f"{path}: cannot read it as an ONNX model: {one_line(reason)}", "check the file") from error
    if not model.graph.node:
        raise InputError(f"{path}: an ONNX model without a single node", "check the file")
    return model


def model_inputs(model: "ModelProto", shapes: Mapping[str, Sequence[int]]) -> tuple[ModelInput, ...]:
    """The model's inputs (initializers excluded) in order.

    `shapes` gives open dimensions: by an input's name a whole shape, by a symbol's name one number. Raises
    UsageError that lists every input with dimensions still open, and for names that mean nothing here.
    """
    constants = {item.name for item in model.graph.initializer}
    values = [value for value in model.graph.input if value.name not in constants]
    known = {value.name for value in values} | {str(d) for value in values for d in _dimensions(value)} - {"?"}
    unknown = sorted(set(shapes) - known)
    if unknown:
        names = ", ".join(visible(value.name) for value in values)
        raise UsageError(f"no input or dimension is named {visible(unknown[0])}", f"the inputs are: {names}")
    resolved = {value.name: _resolve(value, shapes) for value in values}
    open_ones = [
        f"{visible(value.name)} [{', '.join(map(str, _dimensions(value)))}]"
        for value in values
        if resolved[value.name] is None
    ]
    if open_ones:
        raise UsageError(f"open dimensions in the model's inputs: {'; '.join(open_ones)}", "give each shape by name")
    return tuple(ModelInput(value.name, resolved[value.name] or (), _dtype(value)) for value in values)


def _dimensions(value: "ValueInfoProto") -> tuple[int | str, ...]:
    """Numbers, symbols, and `?` for dimensions without either; 0 and less are open too."""
    dims = value.type.tensor_type.shape.dim
    return tuple(dim.dim_value if dim.dim_value > 0 else dim.dim_param or "?" for dim in dims)


def _resolve(value: "ValueInfoProto", shapes: Mapping[str, Sequence[int]]) -> tuple[int, ...] | None:
    given, dims = shapes.get(value.name), _dimensions(value)
    if given is not None:
        fits = len(given) == len(dims) or not value.type.tensor_type.HasField("shape")
        if not fits or any(isinstance(want, int) and want != got for want, got in zip(dims, given, strict=False)):
            raise UsageError(f"input {visible(value.name)}: shape {list(given)} does not fit the model's {list(dims)}")
        return tuple(given)
    if not value.type.tensor_type.HasField("shape"):
        return None
    found = [dim if isinstance(dim, int) else _symbol(dim, shapes) for dim in dims]
    return None if None in found else tuple(dim for dim in found if dim is not None)


def _symbol(name: str, shapes: Mapping[str, Sequence[int]]) -> int | None:
    given = shapes.get(name)
    if given is not None and len(given) != 1:
        raise UsageError(f"dimension {visible(name)}: expected one number, got {list(given)}")
    return given[0] if given else None


def _dtype(value: "ValueInfoProto") -> np.dtype[np.generic]:
    import onnx

    try:
        return np.dtype(onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type))
    except KeyError as error:
        raise InputError(
            f"input {visible(value.name)}: it is no tensor of numbers", "this input can not be fed"
        ) from error


def node_outputs(model: "ModelProto") -> list[str]:
    """Every tensor that a top-level node computes, in the model's order."""
    return [name for node in model.graph.node for name in node.output if name]


def exposed(model: "ModelProto") -> "ModelProto":
    """A copy in which every node's output is a graph output; onnxruntime infers their types itself."""
    import onnx

    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    have = {output.name for output in copy.graph.output}
    for name in dict.fromkeys(node_outputs(model)):
        if name not in have:
            copy.graph.output.append(onnx.ValueInfoProto(name=name))
    return copy


def silence() -> None:
    """Keep onnxruntime from writing to stderr and from reporting to anybody."""
    import onnxruntime as ort

    ort.set_default_logger_severity(_ERRORS_ONLY)
    ort.disable_telemetry_events()


class Session:
    """A model ready to run: no graph optimisation, so that every tensor is computed as the model says."""

    def __init__(self, model: "ModelProto", what: str, threads: int = 0) -> None:
        """`what` names the model in errors; `threads` 0 leaves their number to onnxruntime. Raises RunError."""
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.log_severity_level = _ERRORS_ONLY
        options.intra_op_num_threads = threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._what = what
        silence()
        try:
            self._session: Any = ort.InferenceSession(
                model.SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise RunError(f"{what}: onnxruntime does not accept the model: {one_line(str(error))}") from error

    def types(self) -> dict[str, str]:
        """Type of every output as onnxruntime writes it: `tensor(float)`, `seq(tensor(float))`."""
        return {output.name: output.type for output in self._session.get_outputs()}

    def run(self, outputs: Sequence[str], feed: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
        """The values of `outputs`. Raises RunError."""
        if not outputs:  # onnxruntime would take that for "all"
            return {}
        try:
            values = self._session.run(list(outputs), dict(feed))
        except Exception as error:
            raise RunError(f"{self._what}: onnxruntime failed: {one_line(str(error))}") from error
        return dict(zip(outputs, values, strict=True))


def one_line(text: str) -> str:
    """A foreign error message fit to be part of ours."""
    return visible(" ".join(text.split()))[:400]

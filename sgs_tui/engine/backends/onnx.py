"""Backend `onnx`: every tensor of an ONNX model as the vendor's ONNX dumper writes it.

First the model (load it, see its inputs, expose every tensor), then how it is run, at once or slice by slice, then the
dump. onnx and onnxruntime are imported where they are used: together they take longer to load than most commands
take to run.
"""

import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from math import ceil, prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from sgs_tui.engine.backends.jobs import LocalBackend, OriginalJob
from sgs_tui.engine.backends.onnx_notes import body_notes, graphs_of, random_notes
from sgs_tui.engine.backends.onnx_plain import make_plain, needed
from sgs_tui.engine.backends.preprocess import ModelInput, Preprocess, load_inputs
from sgs_tui.engine.dumps.dtypes import AnyArray
from sgs_tui.engine.dumps.format import Form
from sgs_tui.engine.dumps.mistaken import refuse_as
from sgs_tui.engine.dumps.writer import OriginalDump, OriginalTensor, claim, write_original
from sgs_tui.engine.errors import InputError, RunError, UsageError
from sgs_tui.engine.files import reading
from sgs_tui.engine.text import visible
from sgs_tui.language import Message, joined

if TYPE_CHECKING:
    from onnx import ModelProto, TensorProto, ValueInfoProto


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


_SOURCE = re.compile(r"/onnxruntime_src/\S+:\d+ .*?\)(?: const)? (?=[A-Z[])")
"""File, line and signature of the function that onnxruntime failed in."""

_LONGEST = 400
_LARGE = 1_500_000_000
"""Bytes of external data from which on they stay on disk: protobuf holds 2 GB at most."""


def load_model(path: Path) -> "ModelProto":
    """Read an ONNX model; external data too unless there is so much that only onnxruntime can read it, see `is_large`.

    Raises InputError.
    """
    import onnx

    try:
        with reading(path):  # a regular file, which is remembered as an input
            model = onnx.load(path, load_external_data=False)
        outside = list(external_data(model, path.parent))
        if not is_large(outside):
            onnx.load_external_data_for_model(model, str(path.parent))
        make_plain(model)
    except InputError:
        raise
    except Exception as error:  # what a parser of foreign bytes may raise is not documented
        refuse_as(Message("an ONNX model"), path)
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
        large = path.is_file() and path.stat().st_size >= 1 << 31
        hint = Message("a file of 2 GB or more: save it with external data") if large else Message("check the file")
        raise InputError(
            Message("{path}: cannot read it as an ONNX model: {why}", path=path, why=one_line(reason)), hint
        ) from error
    if not model.graph.node:
        refuse_as(Message("an ONNX model"), path)
        raise InputError(Message("{path}: an ONNX model without a single node", path=path), Message("check the file"))
    return model


def external_data(model: "ModelProto", folder: Path) -> "Iterator[tuple[TensorProto, int]]":
    """Tensors whose data are in other files in `folder`, and their bytes.

    Raises InputError where a file is missing or ends too early.
    """
    import onnx

    for graph in graphs_of(model.graph):
        constants = (item.t for node in graph.node for item in node.attribute if item.HasField("t"))
        for tensor in (*graph.initializer, *constants):
            if onnx.external_data_helper.uses_external_data(tensor):
                info = onnx.external_data_helper.ExternalDataInfo(tensor)
                file = folder / info.location
                if not file.is_file():
                    what = Message(
                        "{file}: no such file, it holds the data of {name}", file=file, name=visible(tensor.name)
                    )
                    raise InputError(what, Message("an ONNX model and its data files belong side by side"))
                size = (
                    info.length or prod(tensor.dims) * onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize
                )
                end, there = (info.offset or 0) + size, file.stat().st_size
                if end > there:
                    what = Message(
                        "{file}: ends at byte {there:,}, the data of {name} go to byte {end:,}",
                        file=file,
                        there=there,
                        name=visible(tensor.name),
                        end=end,
                    )
                    raise InputError(what, Message("it was cut short, or belongs to another model: copy both again"))
                yield tensor, size


def is_large(outside: "Sequence[tuple[TensorProto, int]]") -> bool:
    """Whether external data are too much to be read into the model."""
    return sum(size for _, size in outside) >= _LARGE


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
        raise UsageError(
            Message("no input or dimension is named {name}", name=visible(unknown[0])),
            Message("the inputs are: {names}", names=names),
        )
    types = {value.name: _dtype(value) for value in values}
    resolved = {value.name: _resolve(value, shapes) for value in values}
    open_ones = [
        f"{visible(value.name)} {_listed(_dimensions(value))}"
        if _has_rank(value)
        else Message("{name} (of any rank)", name=visible(value.name))
        for value in values
        if resolved[value.name] is None
    ]
    if open_ones:
        raise UsageError(
            Message("open dimensions in the model's inputs: {names}", names=joined(open_ones, "; ")),
            Message("give each shape by name"),
        )
    return tuple(ModelInput(name, resolved[name] or (), types[name]) for name in types)


def _dimensions(value: "ValueInfoProto") -> tuple[int | str, ...]:
    """Numbers, symbols, and `?` for dimensions without either; less than 0 is open too, 0 is onnxruntime's size 0."""
    dims = value.type.tensor_type.shape.dim
    return tuple(
        dim.dim_value if dim.HasField("dim_value") and dim.dim_value >= 0 else dim.dim_param or "?" for dim in dims
    )


def _listed(dims: Sequence[int | str]) -> str:
    return f"[{', '.join(map(str, dims))}]"


def _has_rank(value: "ValueInfoProto") -> bool:
    return bool(value.type.tensor_type.HasField("shape"))


def _resolve(value: "ValueInfoProto", shapes: Mapping[str, Sequence[int]]) -> tuple[int, ...] | None:
    given, dims = shapes.get(value.name), _dimensions(value)
    if given is not None:
        fits = len(given) == len(dims) or not _has_rank(value)
        if not fits or any(isinstance(want, int) and want != got for want, got in zip(dims, given, strict=False)):
            raise UsageError(
                Message(
                    "input {name}: shape {given} does not fit the model's {dims}",
                    name=visible(value.name),
                    given=list(given),
                    dims=_listed(dims),
                )
            )
        return tuple(given)
    if not _has_rank(value):
        return None
    found = [dim if isinstance(dim, int) else _symbol(dim, shapes) for dim in dims]
    return None if None in found else tuple(dim for dim in found if dim is not None)


def _symbol(name: str, shapes: Mapping[str, Sequence[int]]) -> int | None:
    given = shapes.get(name)
    if given is not None and len(given) != 1:
        raise UsageError(
            Message("dimension {name}: expected one number, got {given}", name=visible(name), given=list(given))
        )
    return given[0] if given else None


def _dtype(value: "ValueInfoProto") -> np.dtype[np.generic]:
    """Raises InputError for what no .npy file can hold: sequences, optionals, strings, bfloat16."""
    import onnx

    kind = (value.type.WhichOneof("value") or "unknown").removesuffix("_type")
    element = value.type.tensor_type.elem_type
    if kind == "tensor" and element in onnx.helper.get_all_tensor_dtypes():
        found = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(element))
        if found in NUMBERS.values():
            return found
        kind = Message("tensor of {numbers}", numbers=onnx.TensorProto.DataType.Name(element).lower())
    what = Message(
        "input {name}: its type is {kind}, expected a tensor of numbers that numpy knows",
        name=visible(value.name),
        kind=kind,
    )
    raise InputError(what, Message("this input can not be fed from an image or a .npy file"))


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
    """A model ready to run: no graph optimization, so that every tensor is computed as the model says."""

    def __init__(self, model: "ModelProto", what: str, threads: int = 0, folder: Path | None = None) -> None:
        """`what` names the model in errors; `threads` 0 leaves their number to onnxruntime. Raises RunError.

        `folder` is where data are that the model does not hold.
        """
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.log_severity_level = _ERRORS_ONLY
        options.intra_op_num_threads = threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        if folder is not None:
            options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(folder))
        self._what = what
        silence()
        try:
            self._session: Any = ort.InferenceSession(
                model.SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise RunError(
                Message("{what}: onnxruntime does not accept the model: {why}", what=what, why=one_line(str(error)))
            ) from error

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
            raise RunError(
                Message("{what}: onnxruntime failed: {why}", what=self._what, why=one_line(str(error)))
            ) from error
        return dict(zip(outputs, values, strict=True))


def one_line(text: str) -> str:
    """A foreign error message fit to be part of ours: without places in its library's source, and marked where cut."""
    said = visible(_SOURCE.sub("", " ".join(text.split())))
    return said if len(said) <= _LONGEST else f"{said[:_LONGEST]}..."


class Tensors:
    """What a run computed, by name. With a `spool` folder the values wait on disk, one file each."""

    def __init__(self, spool: Path | None = None) -> None:
        self._spool = spool
        self._values: dict[str, AnyArray] = {}
        self._files: dict[str, Path] = {}
        self.skipped: dict[str, str] = {}

    @classmethod
    def of(cls, feed: Mapping[str, AnyArray], spool: Path | None = None) -> Self:
        """What a run begins with."""
        found = cls(spool)
        for name, values in feed.items():
            found.add(name, values)
        return found

    def add(self, name: str, values: AnyArray) -> None:
        """Keep one tensor."""
        if self._spool is None:
            self._values[name] = np.asarray(values)
            return
        self._files[name] = self._spool / f"{len(self._files)}.npy"
        np.save(self._files[name], values, allow_pickle=False)

    def __contains__(self, name: str) -> bool:
        return name in self._values or name in self._files

    def __getitem__(self, name: str) -> AnyArray:
        if name in self._values:
            return self._values[name]
        values: AnyArray = np.load(self._files[name], allow_pickle=False)
        return values


def run_all(
    model: "ModelProto",
    feed: Mapping[str, AnyArray],
    what: str,
    slices: int = 1,
    spool: Path | None = None,
    folder: Path | None = None,
) -> Tensors:
    """Every tensor that the model's nodes compute from `feed`.

    With `slices` over 1 the graph is cut into so many runs of consecutive nodes, each holding about the same
    number of bytes; with `spool` only one slice's tensors are in memory at a time. `folder` as for Session. Outputs
    that are no tensors of numbers are named in `skipped`, with the reason. Raises RunError.
    """
    tensors = Tensors.of(feed, spool)
    parts = _cuts(model, slices) if slices > 1 else [range(len(model.graph.node))]
    for part in parts:
        piece = _piece(model, part, tensors) if slices > 1 else model
        Exposed(piece, what, folder).run(tensors)
    return tensors


class Exposed:
    """A model that gives every tensor of numbers, ready to be run on one feed after the other."""

    def __init__(self, model: "ModelProto", what: str, folder: Path | None = None) -> None:
        """`what` and `folder` as for Session. Raises RunError."""
        self._session = Session(exposed(model), what, folder=folder)
        types = self._session.types()
        self._skipped = {
            name: Message("its type is {kind}", kind=kind) for name, kind in types.items() if kind not in NUMBERS
        }
        self._wanted = [name for name in types if name not in self._skipped]
        constants = {item.name for item in model.graph.initializer}
        self._inputs = [value.name for value in model.graph.input if value.name not in constants]
        # Between float16 ops onnxruntime keeps float32 unless somebody looks: what the network gives is what it gives
        # unobserved.
        self._plain = Session(model, what, folder=folder) if "tensor(float16)" in types.values() else None
        self._outputs = [name for name in _output_names(model) if name in self._wanted]

    def run(self, tensors: Tensors) -> None:
        """Add all that is computed from its inputs, which are in `tensors`. Raises RunError."""
        feed = {name: tensors[name] for name in self._inputs}
        tensors.skipped |= self._skipped
        values = self._session.run(self._wanted, feed)
        if self._plain is not None:
            values |= self._plain.run(self._outputs, feed)
        for name, array in values.items():
            tensors.add(name, array)


def _cuts(model: "ModelProto", slices: int) -> Iterator[range]:
    """Consecutive nodes for each slice, so that all hold about the same number of elements."""
    counts = {name: count for name, (count, _) in _sizes(model).items() if name not in _output_names(model)}
    ends = np.cumsum([1 + sum(counts.get(name, 0) for name in node.output) for node in model.graph.node])
    goals = ends[-1] * np.arange(1, slices + 1) / slices
    stops = np.unique(np.searchsorted(ends, goals - 0.5) + 1)
    return (range(start, stop) for start, stop in zip([0, *stops[:-1].tolist()], stops.tolist(), strict=True))


def _output_names(model: "ModelProto") -> list[str]:
    return [output.name for output in model.graph.output]


def _sizes(model: "ModelProto") -> dict[str, tuple[int, int]]:
    """Elements and bytes an element of every tensor that onnx can infer; open dimensions count as 1."""
    import onnx

    inferred = onnx.shape_inference.infer_shapes(model).graph
    known = {value.name: value.type.tensor_type for value in (*inferred.value_info, *inferred.output)}
    return {
        name: (
            prod(max(dim.dim_value, 1) for dim in kind.shape.dim),
            onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type).itemsize,
        )
        for name, kind in known.items()
        if kind.elem_type
    }


def slices_within(model: "ModelProto", inputs: Sequence[ModelInput], memory: int) -> int:
    """Into how many slices to cut the graph so that the tensors of one take about `memory` bytes at most.

    From the shapes that onnx can infer from those of `inputs`; never more slices than nodes.
    """
    import onnx

    shaped = onnx.ModelProto()
    shaped.CopyFrom(model)
    for wanted in inputs:
        value = next(value for value in shaped.graph.input if value.name == wanted.name)
        del value.type.tensor_type.shape.dim[:]
        for size in wanted.shape:
            value.type.tensor_type.shape.dim.add().dim_value = size
    sizes = _sizes(shaped)
    total = sum(prod(sizes.get(name, (0,))) for name in node_outputs(model))
    return min(len(model.graph.node), max(1, ceil(total / memory)))


def _piece(model: "ModelProto", part: range, tensors: Tensors) -> "ModelProto":
    """A model of those nodes alone; what earlier slices computed becomes its input."""
    import onnx

    nodes = [model.graph.node[index] for index in part]
    wanted = needed(nodes)
    constants = [item for item in model.graph.initializer if item.name in wanted]
    # Constants of other slices stay constants: what onnxruntime infers in bodies of Scan and Loop hangs on them.
    made = {name for node in model.graph.node if node.op_type == "Constant" for name in node.output if name in tensors}
    constants += [onnx.numpy_helper.from_array(tensors[name], name) for name in wanted if name in made]
    sparse = [item for item in model.graph.sparse_initializer if item.values.name in wanted]
    known = {item.name for item in constants} | {item.values.name for item in sparse}
    inputs = [_value_info(name, tensors) for name in wanted if name not in known]
    graph = onnx.helper.make_graph(nodes, "slice", inputs, [], constants, sparse_initializer=sparse)
    return onnx.helper.make_model(
        graph, ir_version=model.ir_version, opset_imports=model.opset_import, functions=model.functions
    )


def _value_info(name: str, tensors: Tensors) -> "ValueInfoProto":
    import onnx

    if name not in tensors:
        why = tensors.skipped.get(name, Message("the model's nodes are not in the order of computation"))
        raise RunError(
            Message("tensor {name} can not pass from one slice to the next: {why}", name=visible(name), why=why),
            Message("run it in one slice"),
        )
    values = tensors[name]
    return onnx.helper.make_tensor_value_info(name, onnx.helper.np_dtype_to_tensor_dtype(values.dtype), values.shape)


STEM = "onnx_NHWC_outtensor_dump"


@dataclass(frozen=True, slots=True)
class OnnxDumpRequest(OriginalJob):
    """What to dump. `inputs`: one image (or .npy) for each of the model's inputs, in the model's order.

    `shapes`: open dimensions, by input name (a whole shape) or by symbol (one number). `slices`: cut the graph
    so that only one slice's tensors are in memory at a time; the others wait on disk in `folder`.
    """

    model: Path
    inputs: tuple[Path, ...]
    folder: Path
    preprocess: Preprocess = field(default_factory=Preprocess)
    form: Form = Form.BINARY
    shapes: Mapping[str, Sequence[int]] = field(default_factory=dict)
    slices: int = 1

    KIND: ClassVar = "onnx"
    BACKEND: ClassVar = "onnx"
    STEM: ClassVar = STEM

    def models(self) -> tuple[Path, ...]:
        return (self.model,)

    def do(self) -> OriginalDump:
        return dump_onnx(self)


def dump_onnx(request: OnnxDumpRequest) -> OriginalDump:
    """Write `onnx_NHWC_outtensor_dump.bin` (or `.txt` and NHWC/, NCHW/) into the request's folder.

    Raises UsageError (number of inputs, open dimensions), InputError (model or image unreadable, wrong shape,
    dump there already) and RunError (preprocess or onnxruntime failed).
    """
    if request.slices < 1:
        raise UsageError(Message("{number} slices make no sense", number=request.slices), Message("give 1 or more"))
    model = load_model(request.model)
    outside = request.model.parent if any(external_data(model, request.model.parent)) else None
    wanted = model_inputs(model, request.shapes)
    feed, notes = load_inputs(wanted, request.inputs, request.preprocess)
    path = claim(request.folder, STEM, request.form)
    with ExitStack() as stack:
        spool = None
        if request.slices > 1:
            folder = tempfile.TemporaryDirectory(prefix=".slices-", dir=request.folder)
            spool = Path(stack.enter_context(folder))
        tensors = run_all(model, feed, str(request.model), request.slices, spool, outside)
        names, skipped = _kept(model, tensors)
        inputs = [OriginalTensor(item.name, item.name, feed[item.name]) for item in wanted]
        records = write_original(path, _tensors(model, names, tensors), request.form, inputs)
    notes += [Message("{note}: every dump of it has other numbers", note=note) for note in random_notes(model)]
    notes += [Message("not dumped: {note}", note=note) for note in body_notes(model)]
    return OriginalDump(path, records, tuple(skipped), (*notes, *_refine_hint(request.model)))


def _refine_hint(model: Path) -> tuple[str, ...]:
    """The SDK's converter works on a refined copy with other tensor names; only that one matches its dumps."""
    refined = model.with_name(f"{model.stem}_refine.onnx")
    if model.stem.endswith("_refine") or not refined.is_file():
        return ()
    return (
        Message(
            "{name} is beside the model: the SDK converted that one, and only its names match; dump it",
            name=refined.name,
        ),
    )


def _dump_order(model: "ModelProto") -> list[str]:
    """Tensors in the vendor's order: graph outputs but the first, then the inner ones, then the first output."""
    graph_outputs = _output_names(model)
    inner = [name for name in dict.fromkeys(node_outputs(model)) if name not in graph_outputs]
    return [*graph_outputs[1:], *inner, graph_outputs[0]] if inner else graph_outputs


def _kept(model: "ModelProto", tensors: Tensors) -> tuple[list[str], list[tuple[str, str]]]:
    """Names to write, and (name, reason) of what the dump leaves out."""
    computed = set(node_outputs(model))
    names, skipped = [], []
    for name in _dump_order(model):
        reason = tensors.skipped.get(name, "" if name in computed else Message("no node computes it"))
        if not reason and tensors[name].size == 0:
            reason = Message("it has no elements (the vendor's comparer hangs on such records)")
        if reason:
            skipped.append((name, reason))
        else:
            names.append(name)
    return names, skipped


def _tensors(model: "ModelProto", names: Sequence[str], tensors: Tensors) -> Iterator[OriginalTensor]:
    nodes = {name: node.name or node.op_type for node in model.graph.node for name in node.output}
    for name in names:
        yield OriginalTensor(name, nodes[name], tensors[name])


BACKEND = LocalBackend(OnnxDumpRequest)

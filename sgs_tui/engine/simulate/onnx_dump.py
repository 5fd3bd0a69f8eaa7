"""Backend `onnx`: every tensor of an ONNX model as the vendor's ONNX dumper writes it."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sgs_tui.engine.dumps.original import OriginalDump, OriginalTensor, claim, write_original
from sgs_tui.engine.dumps.records import Form
from sgs_tui.engine.errors import UsageError
from sgs_tui.engine.simulate.onnx_model import load_model, model_inputs, node_outputs
from sgs_tui.engine.simulate.onnx_slices import Tensors, run_all
from sgs_tui.engine.simulate.preprocess import Preprocess
from sgs_tui.engine.simulate.preprocess_inputs import load_inputs

if TYPE_CHECKING:
    from onnx import ModelProto

STEM = "onnx_NHWC_outtensor_dump"


@dataclass(frozen=True, slots=True)
class OnnxDumpRequest:
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


def dump_onnx(request: OnnxDumpRequest) -> OriginalDump:
    """Write `onnx_NHWC_outtensor_dump.bin` (or `.txt` and NHWC/, NCHW/) into the request's folder.

    Raises UsageError (number of inputs, open dimensions), InputError (model or image unreadable, wrong shape,
    dump there already) and RunError (preprocess or onnxruntime failed).
    """
    if request.slices < 1:
        raise UsageError(f"{request.slices} slices make no sense", "give 1 or more")
    model = load_model(request.model)
    wanted = model_inputs(model, request.shapes)
    feed, notes = load_inputs(wanted, request.inputs, request.preprocess)
    path = claim(request.folder, STEM, request.form)
    with ExitStack() as stack:
        spool = None
        if request.slices > 1:
            folder = tempfile.TemporaryDirectory(prefix=".slices-", dir=request.folder)
            spool = Path(stack.enter_context(folder))
        tensors = run_all(model, feed, str(request.model), request.slices, spool)
        names, skipped = _kept(model, tensors)
        inputs = [OriginalTensor(item.name, item.name, feed[item.name]) for item in wanted]
        records = write_original(path, _tensors(model, names, tensors), request.form, inputs)
    return OriginalDump(path, records, tuple(skipped), (*notes, *refine_hint(request.model)))


def refine_hint(model: Path) -> tuple[str, ...]:
    """The SDK's converter works on a refined copy with other tensor names; only that one matches its dumps."""
    refined = model.with_name(f"{model.stem}_refine.onnx")
    if model.stem.endswith("_refine") or not refined.is_file():
        return ()
    return (f"{refined.name} is beside the model: the SDK converted that one, and only its names match; dump it",)


def dump_order(model: "ModelProto") -> list[str]:
    """Tensors in the vendor's order: graph outputs but the first, then the inner ones, then the first output."""
    graph_outputs = [output.name for output in model.graph.output]
    inner = [name for name in dict.fromkeys(node_outputs(model)) if name not in graph_outputs]
    return [*graph_outputs[1:], *inner, graph_outputs[0]] if inner else graph_outputs


def _kept(model: "ModelProto", tensors: Tensors) -> tuple[list[str], list[tuple[str, str]]]:
    """Names to write, and (name, reason) of what the dump leaves out."""
    computed = set(node_outputs(model))
    names, skipped = [], []
    for name in dump_order(model):
        reason = tensors.skipped.get(name, "" if name in computed else "no node computes it")
        if not reason and tensors[name].size == 0:
            reason = "it has no elements (the vendor's comparer hangs on such records)"
        if reason:
            skipped.append((name, reason))
        else:
            names.append(name)
    return names, skipped


def _tensors(model: "ModelProto", names: Sequence[str], tensors: Tensors) -> Iterator[OriginalTensor]:
    nodes = {name: node.name or node.op_type for node in model.graph.node for name in node.output}
    for name in names:
        yield OriginalTensor(name, nodes[name], tensors[name])

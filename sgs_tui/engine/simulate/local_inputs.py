"""What the dumpers of original models are run on: samples from an image argument, inputs by name, slices."""

from collections.abc import Mapping, Sequence
from math import ceil, prod
from pathlib import Path
from typing import TYPE_CHECKING

from sgs_tui.engine.errors import UsageError
from sgs_tui.engine.simulate.onnx_model import node_outputs
from sgs_tui.engine.simulate.preprocess_inputs import ModelInput
from sgs_tui.engine.simulate.sdk_images import DATA, PICTURES, samples, suffix
from sgs_tui.engine.text import decode, visible

if TYPE_CHECKING:
    from onnx import ModelProto

Sample = tuple[Path, ...]


def image_samples(argument: str) -> tuple[Sample, ...]:
    """Every sample of an image argument (a file, a folder, a list file), absolute; see sdk_images.samples.

    How many files a sample has is told by the first line of a list; it is one otherwise. Raises InputError
    for what is missing, UsageError for a list whose lines differ.
    """
    return tuple(sample.files for sample in samples(argument, _files_a_sample(argument)))


def _files_a_sample(argument: str) -> int:
    path = Path(argument.rpartition(":")[2] if not Path(argument).exists() else argument).expanduser()
    if not path.is_file() or suffix(path) in PICTURES | DATA:
        return 1
    lines = (line for line in decode(path.read_bytes()).splitlines() if line.strip())
    return sum(1 for name in next(lines, "").split(",") if name.strip()) or 1


def named_samples(inputs: Sequence[str], given: Sequence[Sample], named: Mapping[str, Path]) -> tuple[Sample, ...]:
    """Samples in the model's order: inputs in `named` take that file, the others a sample's files in their order.

    Raises UsageError for a name that is no input, and where files are missing or left over.
    """
    unknown = next((name for name in named if name not in inputs), None)
    if unknown is not None:
        raise UsageError(f"no input is named {visible(unknown)}", f"the inputs are: {visible(', '.join(inputs))}")
    free = [name for name in inputs if name not in named]
    if free and not given:
        raise UsageError(f"no file for input {visible(', '.join(free))}", "give --image PATH or --input NAME=FILE")
    for sample in given or ((),):
        if len(sample) != len(free):
            wanted = f"{len(free)} files ({visible(', '.join(free))})" if free else "no image, every input is named"
            hint = "a list file with one line a sample and commas between its files, or --input NAME=FILE"
            raise UsageError(f"got {len(sample)} files for a sample, expected {wanted}", hint)
    return tuple(_in_order(inputs, sample, named) for sample in given or ((),))


def _in_order(inputs: Sequence[str], sample: Sample, named: Mapping[str, Path]) -> Sample:
    files = iter(sample)
    return tuple(named[name] if name in named else next(files) for name in inputs)


def slices_within(model: "ModelProto", inputs: Sequence[ModelInput], memory: int) -> int:
    """Into how many slices to cut the graph so that the tensors of one take about `memory` bytes at most.

    From the shapes that onnx can infer from those of `inputs`; never more slices than nodes.
    """
    return min(len(model.graph.node), max(1, ceil(_bytes(model, inputs) / memory)))


def _bytes(model: "ModelProto", inputs: Sequence[ModelInput]) -> int:
    """Bytes of all tensors that nodes compute, as far as their shapes can be known."""
    import onnx

    shaped = onnx.ModelProto()
    shaped.CopyFrom(model)
    for wanted in inputs:
        _set_shape(shaped, wanted)
    inferred = onnx.shape_inference.infer_shapes(shaped)
    known = {value.name: value.type.tensor_type for value in (*inferred.graph.value_info, *inferred.graph.output)}
    total = 0
    for name in node_outputs(model):
        if name in known and known[name].elem_type:
            shape = [max(dim.dim_value, 1) for dim in known[name].shape.dim]
            item = onnx.helper.tensor_dtype_to_np_dtype(known[name].elem_type).itemsize
            total += prod(shape) * item
    return total


def _set_shape(model: "ModelProto", wanted: ModelInput) -> None:
    value = next(value for value in model.graph.input if value.name == wanted.name)
    del value.type.tensor_type.shape.dim[:]
    for size in wanted.shape:
        value.type.tensor_type.shape.dim.add().dim_value = size

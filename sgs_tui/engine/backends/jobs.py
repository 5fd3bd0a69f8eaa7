"""Jobs that sgs-tui does by itself, in a process of its own: dump an original model, quantize and dump one.

A job is one of the requests of the dumpers (onnx_dump.py, caffe_dump.py, tflite_dump.py, embedded.py). It travels
as job.json from the starter to the worker (local_worker.py), which knows nothing else.
"""

import json
import os
import signal
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, prod
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from sgs_tui.engine.backends import caffe, onnx, tflite
from sgs_tui.engine.backends.caffe import CaffeDumpRequest, dump_caffe
from sgs_tui.engine.backends.embedded import EmbeddedFiles, EmbeddedRequest, embedded_run
from sgs_tui.engine.backends.onnx import OnnxDumpRequest, dump_onnx, node_outputs
from sgs_tui.engine.backends.preprocess import ModelInput, Preprocess
from sgs_tui.engine.backends.quantize import Quantization
from sgs_tui.engine.backends.sdk import DATA, PICTURES, samples, suffix
from sgs_tui.engine.backends.tflite import TfliteDumpRequest, dump_tflite
from sgs_tui.engine.dumps.format import Form, Stage
from sgs_tui.engine.dumps.writer import OriginalDump
from sgs_tui.engine.errors import CancelledError, InputError, SgsError, UsageError
from sgs_tui.engine.runs.outcome import write_failure
from sgs_tui.engine.runs.run_folder import Product, ProductKind, RunRequest
from sgs_tui.engine.runs.run_list import Run
from sgs_tui.engine.text import decode, visible

if TYPE_CHECKING:
    from onnx import ModelProto


JOB_FILE = "job.json"
RESULT_FILE = "result.json"

Job = OnnxDumpRequest | CaffeDumpRequest | TfliteDumpRequest | EmbeddedRequest
Fields = Mapping[str, Any]


def job_to_json(job: Job) -> str:
    """job.json. The cancel event of a request stays behind: a worker is cancelled by a signal."""
    document = {"kind": _kind(job), **_fields(job)}
    return json.dumps(document, indent=1, ensure_ascii=True) + "\n"


def job_from_json(text: str, where: Path) -> Job:
    """The inverse of `job_to_json`. Raises InputError when `text` is no job."""
    try:
        document = json.loads(text)
        return _BUILDERS[document.pop("kind")](document)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"{where}: damaged job: {error}", "start it again") from error


def _kind(job: Job) -> str:
    match job:
        case OnnxDumpRequest():
            return "onnx"
        case CaffeDumpRequest():
            return "caffe"
        case TfliteDumpRequest():
            return "tflite"
        case EmbeddedRequest():
            return "embedded"


def _fields(job: Job) -> dict[str, Any]:
    """Every field as JSON has it; what is the same for all requests is written the same."""
    shared = {
        "folder": str(job.folder),
        "shapes": {name: list(shape) for name, shape in job.shapes.items()},
        "preprocess": {
            "modules": _texts(job.preprocess.modules),
            "python": job.preprocess.python,
            "timeout": job.preprocess.timeout,
        },
    }
    return shared | _own_fields(job)


def _own_fields(job: Job) -> dict[str, Any]:
    match job:
        case EmbeddedRequest():
            return {
                "model": str(job.model),
                "images": [_texts(image) for image in job.images],
                "sample": _texts(job.sample),
                "per_channel": job.quantization.per_channel,
                "int16": list(job.quantization.int16),
            }
        case CaffeDumpRequest():
            return {
                "prototxt": str(job.prototxt),
                "weights": str(job.weights),
                "inputs": _texts(job.inputs),
                "form": str(job.form),
                "pycaffe": job.pycaffe,
                "caffe_root": str(job.caffe_root) if job.caffe_root else "",
                "timeout": job.timeout,
            }
        case OnnxDumpRequest() | TfliteDumpRequest():
            own = {"model": str(job.model), "inputs": _texts(job.inputs), "form": str(job.form)}
            return own | ({"slices": job.slices} if isinstance(job, OnnxDumpRequest) else {})


def _texts(paths: tuple[Path, ...]) -> list[str]:
    return [str(path) for path in paths]


def _paths(texts: list[str]) -> tuple[Path, ...]:
    return tuple(Path(text) for text in texts)


def _shared(fields: Fields) -> dict[str, Any]:
    how = fields["preprocess"]
    return {
        "folder": Path(fields["folder"]),
        "shapes": {name: tuple(shape) for name, shape in fields["shapes"].items()},
        "preprocess": Preprocess(_paths(how["modules"]), how["python"], how["timeout"]),
    }


def _dump_fields(fields: Fields) -> dict[str, Any]:
    return {**_shared(fields), "inputs": _paths(fields["inputs"]), "form": Form(fields["form"])}


def _onnx(fields: Fields) -> Job:
    return OnnxDumpRequest(model=Path(fields["model"]), slices=fields["slices"], **_dump_fields(fields))


def _tflite(fields: Fields) -> Job:
    return TfliteDumpRequest(model=Path(fields["model"]), **_dump_fields(fields))


def _caffe(fields: Fields) -> Job:
    return CaffeDumpRequest(
        prototxt=Path(fields["prototxt"]),
        weights=Path(fields["weights"]),
        pycaffe=fields["pycaffe"],
        caffe_root=Path(fields["caffe_root"]) if fields["caffe_root"] else None,
        timeout=fields["timeout"],
        **_dump_fields(fields),
    )


def _embedded(fields: Fields) -> Job:
    return EmbeddedRequest(
        model=Path(fields["model"]),
        images=tuple(_paths(image) for image in fields["images"]),
        sample=_paths(fields["sample"]),
        quantization=Quantization(fields["per_channel"], tuple(fields["int16"])),
        **_shared(fields),
    )


_BUILDERS: Mapping[str, Callable[[Fields], Job]] = {
    "onnx": _onnx,
    "caffe": _caffe,
    "tflite": _tflite,
    "embedded": _embedded,
}


# What the dumpers of original models are run on: samples from an image argument, inputs by name, slices.

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


# Jobs of our own as runs: in the background, listed, followed and cancelled like the simulator's.

_WORKER = "sgs_tui.engine.backends.jobs"
_BOTH = "float and fixed"
"""The stage of an embedded run: it leaves the dumps of both."""

WORK = Path()
"""The folder of every job: the working directory of its run."""


def local_run(job: Job, timeout: float | None = None) -> RunRequest:
    """The run that does `job`, whose paths must be absolute and whose folder `WORK`. `timeout` in seconds.

    Raises InputError for files that are missing, UsageError for images that nothing can read.
    """
    needs = _needs(job)
    for path in needs:
        if not path.is_file():
            raise InputError(f"{path}: no such file", "check the path")
    raw = next((path for path in _images(job) if path.suffix.lower() != ".npy"), None)
    if raw is not None and not job.preprocess.modules:
        raise UsageError(f"{raw}: without a preprocess script only .npy inputs can be read", "give -n PRE.py")
    return RunRequest(
        argv=(sys.executable, "-P", "-m", _WORKER, JOB_FILE),
        backend=_backend(job),
        model=str(_model(job)),
        stage=_BOTH if isinstance(job, EmbeddedRequest) else str(Stage.ORIGINAL),
        products=_products(job),
        files={JOB_FILE: job_to_json(job)},
        needs=tuple(str(path) for path in needs),
        timeout=timeout,
        details=_details(job),
    )


@dataclass(frozen=True, slots=True)
class LocalResult:
    """What such a run had to say: `skipped` are (tensor, reason) that the dump leaves out."""

    notes: tuple[str, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()


def local_result(run: Run) -> LocalResult:
    """What a good run says besides its dump; nothing for a run of another kind."""
    document = _document(run.folder.path / RESULT_FILE)
    if document is None:
        return LocalResult()
    skipped = tuple((str(entry[0]), str(entry[1])) for entry in document["skipped"])
    return LocalResult(tuple(map(str, document["notes"])), skipped)


def _document(path: Path) -> dict[str, list[str]] | None:
    """A file that the worker wrote; None where it is missing or cut short, as after a kill."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _backend(job: Job) -> str:
    match job:
        case EmbeddedRequest():
            return "onnxruntime"
        case CaffeDumpRequest():
            return "caffe"
        case OnnxDumpRequest():
            return "onnx"
        case _:
            return "tflite"


def _model(job: Job) -> Path:
    return job.prototxt if isinstance(job, CaffeDumpRequest) else job.model


def _needs(job: Job) -> tuple[Path, ...]:
    model = (job.prototxt, job.weights) if isinstance(job, CaffeDumpRequest) else (job.model,)
    return tuple(dict.fromkeys((*model, *_images(job), *job.preprocess.modules)))


def _images(job: Job) -> Iterable[Path]:
    if not isinstance(job, EmbeddedRequest):
        return job.inputs
    return (file for sample in (job.sample, *job.images) for file in sample)


def _products(job: Job) -> tuple[Product, ...]:
    if isinstance(job, EmbeddedRequest):
        made = EmbeddedFiles.below(WORK)
        dumps = (made.float_dump, made.fixed_dump)
        files = (made.ranges, made.fixed_model)
        return (*(Product(path.name) for path in dumps), *(Product(path.name, ProductKind.FILE) for path in files))
    stem = {OnnxDumpRequest: onnx.STEM, CaffeDumpRequest: caffe.STEM}.get(type(job), tflite.STEM)
    dump = Product(f"{stem}.{'bin' if job.form is Form.BINARY else 'txt'}", is_float=True)
    more = (Product("shape.txt", ProductKind.FILE),) if isinstance(job, CaffeDumpRequest) else ()
    return (dump, *more)


def _details(job: Job) -> Mapping[str, str]:
    """For people and front ends, under the same keys as the sdk backend's."""
    image = job.sample or job.images[0] if isinstance(job, EmbeddedRequest) else job.inputs
    details = {
        "image": ",".join(str(path) for path in image),
        "preprocess": ",".join(str(path) for path in job.preprocess.modules),
    }
    if isinstance(job, EmbeddedRequest):
        details["calibration"] = f"{len(job.images)} samples, {job.images[0][0].parent}"
        details["int16"] = ",".join(job.quantization.int16)
    return details


# The worker: `python -m sgs_tui.engine.backends.jobs job.json`, started by a run's supervisor.
#
# Does one job (local_jobs.py) in its working directory, which is fresh and its own. What is worth knowing goes to
# result.json beside the dump, an error to failure.json; both are told on the output too, which is the run's log.
# TERM, with which a run is cancelled, ends the job cleanly: preprocess children and temporary folders go with it.

FAILED = 1
_PER_TENSOR = ("NHWC", "NCHW")


def main(arguments: Sequence[str]) -> int:
    """Do the job of the file named; the exit code is 0 or `FAILED`."""
    signal.signal(signal.SIGTERM, _cancel)
    path = Path(arguments[0])
    try:
        _finish(_do(job_from_json(path.read_text("ascii"), path)))
    except SgsError as error:
        write_failure(error)
        _say(f"{type(error).__name__}: {error}")
        return FAILED
    return 0


def _cancel(number: int, frame: FrameType | None) -> None:
    """An exception unwinds everything: children are ended, unfinished files go."""
    raise CancelledError("the run was stopped")


def _do(job: Job) -> OriginalDump | EmbeddedFiles:
    match job:
        case OnnxDumpRequest():
            return dump_onnx(job)
        case CaffeDumpRequest():
            return dump_caffe(job)
        case TfliteDumpRequest():
            return dump_tflite(job)
        case EmbeddedRequest():
            return embedded_run(job)


def _finish(made: OriginalDump | EmbeddedFiles) -> None:
    """Leave notes and the folders of per-tensor files in the run folder, where the supervisor moves the dump."""
    skipped = made.skipped if isinstance(made, OriginalDump) else ()
    document = {"notes": list(made.notes), "skipped": [list(entry) for entry in skipped]}
    _write(os.path.join(os.pardir, RESULT_FILE), document)
    for note in made.notes:
        _say(note)
    for name, reason in skipped:
        _say(f"left out: {name}: {reason}")
    for name in _PER_TENSOR:
        if os.path.isdir(name):
            os.rename(name, os.path.join(os.pardir, name))


def _write(name: str, document: dict[str, object]) -> None:
    Path(name).write_text(json.dumps(document, ensure_ascii=True) + "\n", "ascii")


def _say(line: str) -> None:
    sys.stdout.write(visible(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

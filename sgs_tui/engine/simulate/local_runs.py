"""Jobs of our own as runs: in the background, listed, followed and cancelled like the simulator's."""

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sgs_tui.engine.dumps.records import Form, Stage
from sgs_tui.engine.errors import InputError, UsageError
from sgs_tui.engine.simulate import caffe_dump, onnx_dump, tflite_dump
from sgs_tui.engine.simulate.caffe_dump import CaffeDumpRequest
from sgs_tui.engine.simulate.embedded import EmbeddedFiles, EmbeddedRequest
from sgs_tui.engine.simulate.local_jobs import JOB_FILE, RESULT_FILE, Job, job_to_json
from sgs_tui.engine.simulate.onnx_dump import OnnxDumpRequest
from sgs_tui.engine.simulate.run_list import Run
from sgs_tui.engine.simulate.run_request import Product, ProductKind, RunRequest

_WORKER = "sgs_tui.engine.simulate.local_worker"
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
    stem = {OnnxDumpRequest: onnx_dump.STEM, CaffeDumpRequest: caffe_dump.STEM}.get(type(job), tflite_dump.STEM)
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
        details["int16"] = ",".join(job.quantisation.int16)
    return details

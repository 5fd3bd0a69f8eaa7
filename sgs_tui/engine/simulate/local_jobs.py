"""Jobs that sgs-tui does by itself, in a process of its own: dump an original model, quantise and dump one.

A job is one of the requests of the dumpers (onnx_dump.py, caffe_dump.py, tflite_dump.py, embedded.py). It travels
as job.json from the starter to the worker (local_worker.py), which knows nothing else.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sgs_tui.engine.dumps.records import Form
from sgs_tui.engine.errors import InputError
from sgs_tui.engine.simulate.caffe_dump import CaffeDumpRequest
from sgs_tui.engine.simulate.embedded import EmbeddedRequest
from sgs_tui.engine.simulate.onnx_dump import OnnxDumpRequest
from sgs_tui.engine.simulate.preprocess import Preprocess
from sgs_tui.engine.simulate.quantise import Quantisation
from sgs_tui.engine.simulate.tflite_dump import TfliteDumpRequest

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
                "per_channel": job.quantisation.per_channel,
                "int16": list(job.quantisation.int16),
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
        quantisation=Quantisation(fields["per_channel"], tuple(fields["int16"])),
        **_shared(fields),
    )


_BUILDERS: Mapping[str, Callable[[Fields], Job]] = {
    "onnx": _onnx,
    "caffe": _caffe,
    "tflite": _tflite,
    "embedded": _embedded,
}

"""Jobs that sgs-tui does by itself, in a process of its own: dump an original model, quantize and dump one.

A job is the request of one of our dumpers (onnx.py, caffe.py, tflite.py, embedded.py). It becomes a run, listed,
followed and cancelled like the simulator's; as job.json it travels to the worker (worker.py), which knows nothing else.
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar, runtime_checkable

from sgs_tui.engine.backends.preprocess import Preprocess
from sgs_tui.engine.dumps.format import Form, HealthState, Stage
from sgs_tui.engine.errors import InputError, UsageError, told
from sgs_tui.engine.files import read_bytes
from sgs_tui.engine.runs.backend import Backend
from sgs_tui.engine.runs.known_failures import Explanation
from sgs_tui.engine.runs.records import DAMAGE, from_json, to_json
from sgs_tui.engine.runs.run_folder import Product, RunRequest
from sgs_tui.engine.runs.run_list import Run
from sgs_tui.engine.text import some, visible
from sgs_tui.language import Message, restored, with_facts

if TYPE_CHECKING:
    from sgs_tui.engine.dumps.reader import Dump

JOB_FILE = "job.json"
_RESULT_FILE = "result.json"
WORK = Path()
"""The folder of every job: the working directory of its run."""

_WORKER = "sgs_tui.engine.backends.worker"


class Made(Protocol):
    """What a job leaves. `notes` are worth knowing."""

    @property
    def notes(self) -> Sequence[str]: ...


@runtime_checkable
class MadeOfTensors(Made, Protocol):
    """What a dumper leaves; `skipped` as in LocalResult."""

    @property
    def skipped(self) -> tuple[tuple[str, str], ...]: ...


class Job(Protocol):
    """What is asked of a dumper: a dataclass of paths, texts, numbers, and tuples and mappings of them.

    `KIND` is its name in job.json, `BACKEND` the one in request.json.
    """

    KIND: ClassVar[str]
    BACKEND: ClassVar[str]
    STAGE: ClassVar[str]

    @property
    def preprocess(self) -> Preprocess: ...

    def models(self) -> tuple[Path, ...]:
        """The model's files; the run is named after the first."""

    def files(self) -> Iterable[Path]:
        """Every input file."""

    def products(self) -> tuple[Product, ...]:
        """What the run must leave."""

    def details(self) -> Mapping[str, str]:
        """For people and front ends, under the same keys as the sdk backend's."""

    def do(self) -> Made:
        """Do it here and now. Raises SgsError."""


J = TypeVar("J", bound=Job)


class LocalBackend(Backend):
    """A backend that is a worker of ours: what it does is its job; how it fails, the worker says itself."""

    def __init__(self, job: type[Job]) -> None:
        self.job = job

    def dump_problem(self, dump: "Dump", product: Product) -> Explanation | None:
        """A dump without a record is whole: nothing of the model can be in one, and the dumper said why."""
        if dump.health.state is not HealthState.EMPTY:
            return None
        named = [
            Message("{name} ({reason})", name=visible(name), reason=reason)
            for name, reason in _result_in(dump.path.parent.parent).skipped  # judged where it was made, in work/
        ]
        what = Message("nothing of this model can be dumped: {tensors}", tensors=some(named))
        return Explanation("no_layers", what, Message("is it the right model?"))


def input_details(image: Iterable[Path], preprocess: Preprocess) -> dict[str, str]:
    """The inputs, for people and front ends."""
    return {"image": ",".join(map(str, image)), "preprocess": ",".join(map(str, preprocess.modules))}


class OriginalJob:
    """What the dumps of original models have in common. `STEM` is the dump's name."""

    __slots__ = ()
    STAGE: ClassVar = str(Stage.ORIGINAL)
    STEM: ClassVar[str]
    inputs: tuple[Path, ...]
    preprocess: Preprocess
    form: Form

    def files(self) -> Iterable[Path]:
        return self.inputs

    def products(self) -> tuple[Product, ...]:
        return (Product(f"{self.STEM}.{'bin' if self.form is Form.BINARY else 'txt'}", is_float=True),)

    def details(self) -> Mapping[str, str]:
        return input_details(self.inputs, self.preprocess)


def local_run(job: Job, timeout: float | None = None) -> RunRequest:
    """The run that does `job`, whose paths must be absolute and whose folder `WORK`. `timeout` in seconds.

    Raises InputError for files that are missing, UsageError for images that nothing can read.
    """
    files = tuple(job.files())
    needs = dict.fromkeys((*job.models(), *files, *job.preprocess.modules))
    for path in needs:
        if not path.is_file():
            raise InputError(Message("{path}: no such file", path=path), Message("check the path"))
    raw = next((path for path in files if path.suffix.lower() != ".npy"), None)
    if raw is not None and not job.preprocess.modules:
        raise UsageError(
            Message("{path}: without a preprocess script only .npy inputs can be read", path=raw),
            Message("give -n PRE.py"),
        )
    return RunRequest(
        argv=(sys.executable, "-P", "-m", _WORKER, job.BACKEND, JOB_FILE),
        backend=job.BACKEND,
        model=str(job.models()[0]),
        stage=job.STAGE,
        products=job.products(),
        files={JOB_FILE: job_to_json(job)},
        needs=tuple(map(str, needs)),
        timeout=timeout,
        details=job.details(),
    )


def job_to_json(job: Job) -> str:
    """job.json. The cancel event of a request stays behind: a worker is cancelled by a signal."""
    return to_json(job, kind=job.KIND).decode("ascii")


def job_from_json(text: str, where: Path, kind: type[J]) -> J:
    """The inverse. Raises InputError when `text` is no job of that kind."""
    try:
        return from_json(kind, text, ("kind", kind.KIND))
    except DAMAGE as error:
        raise InputError(
            Message("{where}: damaged job: {error}", where=where, error=told(error)), Message("start it again")
        ) from error


@dataclass(frozen=True, slots=True)
class LocalResult:
    """What such a run had to say: `skipped` are (tensor, reason) that the dump leaves out."""

    notes: tuple[str, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()


def write_result(made: Made, folder: Path) -> LocalResult:
    """Leave what is worth knowing about `made` in result.json."""
    result = LocalResult(tuple(made.notes), made.skipped if isinstance(made, MadeOfTensors) else ())
    document = with_facts({"notes": result.notes, "skipped": result.skipped})
    (folder / _RESULT_FILE).write_text(json.dumps(document, ensure_ascii=True) + "\n", "ascii")
    return result


def local_result(run: Run) -> LocalResult:
    """What a good run says besides its dump; nothing for a run of another kind, or a file cut short by a kill."""
    return _result_in(run.folder.path)


def _result_in(folder: Path) -> LocalResult:
    try:
        document = restored(json.loads(read_bytes(folder / _RESULT_FILE)))
        skipped = tuple((_text(name), _text(reason)) for name, reason in document["skipped"])
        return LocalResult(tuple(map(_text, document["notes"])), skipped)
    except (InputError, ValueError, TypeError, KeyError, RecursionError):
        return LocalResult()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value)

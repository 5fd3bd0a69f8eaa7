"""The loop without an SDK: quantise again by onnxruntime with other tensors in 16 bit, and dump both stages."""

from collections.abc import Sequence
from dataclasses import replace

from sgs_tui.engine.demo import DemoFiles, build_demo, is_demo_model
from sgs_tui.engine.errors import InputError, UsageError
from sgs_tui.engine.files import write_atomically
from sgs_tui.engine.iterate.ini_change import IniChange, write_change
from sgs_tui.engine.iterate.places import Place
from sgs_tui.engine.simulate.embedded import EmbeddedRequest
from sgs_tui.engine.simulate.local_jobs import JOB_FILE, job_from_json
from sgs_tui.engine.simulate.local_runs import local_run
from sgs_tui.engine.simulate.quantise import Quantisation
from sgs_tui.engine.simulate.run_list import Run
from sgs_tui.engine.simulate.run_request import RunRequest


def is_demo(place: Place) -> bool:
    """Whether a folder is a demo's, by the mark in its model."""
    files = DemoFiles.below(place.folder)
    return place.ini is not None and files.fixed_model.is_file() and is_demo_model(files.model)


def requantise_demo(place: Place, change: IniChange) -> None:
    """Build the demo again with the tensors that its changed input_config.ini names; the old ini is kept beside it.

    Raises InputError where the folder is no demo's, UsageError for a name that no tensor has.
    """
    if place.ini is None:
        raise InputError(f"{place.folder}: has no input_config.ini", "`sgs-tui demo` makes a new one")
    build_demo(place.folder, int16=change.names)
    write_atomically(place.ini, change.old)  # the demo starts anew with its template
    write_change(place.ini, change)


def is_embedded(run: Run) -> bool:
    """Whether `requantised` can make a run again with other tensors."""
    return run.request.backend == "onnxruntime" and JOB_FILE in run.request.files


def int16_of(run: Run) -> tuple[str, ...]:
    """The tensors that an embedded run quantised to 16 bit."""
    return _job(run).quantisation.int16


def requantised(run: Run, add: Sequence[str], remove: Sequence[str] = ()) -> RunRequest:
    """The same embedded run with more or fewer tensors in 16 bit, to be compared with that run (`before`).

    Raises UsageError where it is of another kind.
    """
    job = _job(run)
    names = tuple(name for name in dict.fromkeys((*job.quantisation.int16, *add)) if name not in remove)
    how = Quantisation(job.quantisation.per_channel, names)
    request = local_run(replace(job, quantisation=how), run.request.timeout)
    return replace(request, details={**request.details, "before": str(run.folder.path)})


def _job(run: Run) -> EmbeddedRequest:
    text = run.request.files.get(JOB_FILE)
    job = job_from_json(text, run.folder.request_path) if text is not None else None
    if not isinstance(job, EmbeddedRequest):
        hint = "`sgs-tui iterate` runs the SDK's tools; `sgs-tui run --onnx` makes runs of that kind"
        raise UsageError(f"{run.name}: was not quantised here, so it can not be quantised again", hint)
    return job

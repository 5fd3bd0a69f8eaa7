"""A sweep of the twin as a run in the background: it outlives the app and the SSH line, is listed, cancelled, resumed.

The run is a worker of ours (backends/worker.py). What it finds is its journal, which others may read meanwhile
(`look`), and from which the next run of the same sweep goes on.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from sgs_tui.engine.backends.jobs import JOB_FILE, LocalBackend, input_details, job_from_json
from sgs_tui.engine.backends.preprocess import Preprocess
from sgs_tui.engine.compare.limits import load_profile
from sgs_tui.engine.runs.run_folder import Product, ProductKind
from sgs_tui.engine.runs.run_list import Run
from sgs_tui.engine.sweep.int16 import advise_int16, from_json, to_json, with_advice
from sgs_tui.engine.sweep.journal import Journal, read_advice
from sgs_tui.engine.sweep.pictures import sample_pictures
from sgs_tui.engine.sweep.results import SweepResult
from sgs_tui.engine.sweep.sweep import Sweep, SweepRequest
from sgs_tui.engine.sweep.twin_pictures import TwinPictures
from sgs_tui.engine.twin.opening import Files

BACKEND_NAME = "sweep"


@dataclass(frozen=True, slots=True)
class SweepDone:
    """What such a run leaves besides its journal."""

    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SweepJob:
    """A sweep of the twin over pictures; paths are absolute. `profile`: a built-in name, or a file."""

    float_dump: Path
    pictures: tuple[tuple[Path, ...], ...]
    journal: Path
    fixed_dump: Path | None = None
    ranges: Path | None = None
    ini: Path | None = None
    level: int | None = None
    int16: tuple[str, ...] = ()
    preprocess: Preprocess = field(default=Preprocess())
    profile: str = "manual"

    KIND: ClassVar = "sweep"
    BACKEND: ClassVar = BACKEND_NAME
    STAGE: ClassVar = "sweep"

    def models(self) -> tuple[Path, ...]:
        files = (self.float_dump, self.fixed_dump, self.ranges, self.ini)
        return tuple(path for path in files if path is not None)

    def dumps(self) -> tuple[Path, ...]:
        """The dumps that it is about."""
        return (self.float_dump,) if self.fixed_dump is None else (self.float_dump, self.fixed_dump)

    def files(self) -> Iterable[Path]:
        """A picture that is missing is a row of the sweep, and nothing to refuse it for."""
        return ()

    def products(self) -> tuple[Product, ...]:
        return (Product(str(self.journal), ProductKind.FILE),)

    def details(self) -> Mapping[str, str]:
        first = self.pictures[0][0] if self.pictures else Path()
        return {**input_details((first.parent,), self.preprocess), "pictures": str(len(self.pictures))}

    def request(self) -> SweepRequest:
        """The sweep itself."""
        files = Files(self.float_dump, self.fixed_dump, self.ranges, self.ini)
        how = TwinPictures(files, self.level, self.int16, self.preprocess, load_profile(self.profile))
        return SweepRequest(how, sample_pictures(self.pictures), self.journal)

    def request_ranges(self) -> Path | None:
        """The calibrated ranges that count: those that were named, or lie beside the dumps."""
        return Files(self.float_dump, self.fixed_dump, self.ranges, self.ini).with_neighbors().ranges

    def do(self) -> SweepDone:
        """Measure what the journal does not have. Raises SgsError."""
        request = self.request()
        notes = request.how.check() if isinstance(request.how, TwinPictures) else ()
        sweep = Sweep(request)
        for _ in sweep.run():
            pass
        result = sweep.result()
        advice = advise_int16(request.how, request.pictures, result)
        with Journal(self.journal) as journal:
            journal.end(len(request.pictures), request.how.digest(), to_json(advice, request.pictures))
        found = with_advice(result, advice).findings
        return SweepDone((*notes, *(f"{each.kind}: {each.text}" for each in found)))


def job_of(run: Run) -> SweepJob:
    """The sweep that a run does, or did. Raises InputError."""
    return job_from_json(run.request.files.get(JOB_FILE, ""), run.folder.path, SweepJob)


def look(job: SweepJob) -> tuple[SweepJob, SweepResult]:
    """What its journal says by now; nothing is written or waited for. Raises InputError."""
    request = job.request()
    result = Sweep(request).look()
    if not job.journal.is_file():
        return job, result
    advice = from_json(read_advice(job.journal, request.how.digest()), request.pictures)
    return job, with_advice(result, advice if result.failing_layers else None)


BACKEND = LocalBackend(SweepJob)

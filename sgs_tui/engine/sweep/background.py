"""A sweep as a run in the background: it outlives the app and the SSH line, is listed, cancelled, resumed.

The run is a worker of ours (backends/worker.py). What it finds is its journal, which others may read meanwhile
(`look`), and from which the next run of the same sweep goes on.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from sgs_tui.engine.backends.jobs import JOB_FILE, LocalBackend, input_details, job_from_json
from sgs_tui.engine.backends.preprocess import Preprocess
from sgs_tui.engine.backends.quantize import Quantization
from sgs_tui.engine.compare.limits import load_profile
from sgs_tui.engine.errors import UsageError
from sgs_tui.engine.files import make_folder
from sgs_tui.engine.runs.run_folder import Product, ProductKind, RunRequest
from sgs_tui.engine.runs.run_list import Run
from sgs_tui.engine.sweep.int16 import advise_int16, from_json, to_json, with_advice
from sgs_tui.engine.sweep.journal import Journal, read_advice
from sgs_tui.engine.sweep.onnx_pictures import OnnxPictures
from sgs_tui.engine.sweep.pairs import DumpPairs
from sgs_tui.engine.sweep.pictures import digest_of, sample_pictures
from sgs_tui.engine.sweep.results import Picture, SweepResult
from sgs_tui.engine.sweep.simulated import Simulator, by_runs, dumps_of
from sgs_tui.engine.sweep.sweep import Runner, Sweep, SweepRequest
from sgs_tui.engine.sweep.twin_pictures import TwinPictures
from sgs_tui.engine.sweep.workers import How
from sgs_tui.engine.twin.opening import Files
from sgs_tui.language import Message

BACKEND_NAME = "sweep"
_KEPT = 5
"""Pictures that keep their runs of the SDK, the worst ones."""


@dataclass(frozen=True, slots=True)
class SweepDone:
    """What such a run leaves besides its journal."""

    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SweepJob:
    """A sweep over pictures; paths are absolute. `profile`: a built-in name, or a file.

    One of four makes the two sides: `float_dump`'s twin; `model`, quantized here with the `calibration` pictures, and
    `shapes` of its inputs where it leaves them open; the SDK by `runs` (a float and a fixed one for each picture, below
    `root`); or, without any of these, they are there: `pictures` are pairs (sample, benchmark), called `names`.
    """

    pictures: tuple[tuple[Path, ...], ...]
    journal: Path = Path()
    names: tuple[str, ...] = ()
    float_dump: Path | None = None
    fixed_dump: Path | None = None
    ranges: Path | None = None
    ini: Path | None = None
    level: int | None = None
    int16: tuple[str, ...] = ()
    model: Path | None = None
    calibration: tuple[tuple[Path, ...], ...] = ()
    shapes: Mapping[str, Sequence[int]] = field(default_factory=dict)
    runs: tuple[tuple[RunRequest, ...], ...] = ()
    root: Path = Path()
    preprocess: Preprocess = field(default=Preprocess())
    profile: str = "manual"

    KIND: ClassVar = "sweep"
    BACKEND: ClassVar = BACKEND_NAME
    STAGE: ClassVar = "sweep"

    def models(self) -> tuple[Path, ...]:
        if self.float_dump is None and self.model is None:
            return (Path(self.runs[0][0].model),) if self.runs else self.pictures[0]
        files = (self.float_dump, self.model, self.fixed_dump, self.ranges, self.ini)
        return tuple(path for path in files if path is not None)

    def dumps(self) -> tuple[Path, ...]:
        """The dumps that it is about, as far as they were there before it."""
        if self.names:
            return tuple(path for files in self.pictures for path in files)
        return tuple(path for path in (self.float_dump, self.fixed_dump) if path is not None)

    def files(self) -> Iterable[Path]:
        """A picture that is missing is a row of the sweep, and nothing to refuse it for."""
        return ()

    def products(self) -> tuple[Product, ...]:
        return (Product(str(self.journal), ProductKind.FILE),)

    def details(self) -> Mapping[str, str]:
        first = self.pictures[0][0] if self.pictures else Path()
        return {**input_details((first.parent,), self.preprocess), "pictures": str(len(self.pictures))}

    def how(self) -> How:
        """How its pictures are measured."""
        profile = load_profile(self.profile)
        if self.float_dump is not None:
            files = Files(self.float_dump, self.fixed_dump, self.ranges, self.ini)
            return TwinPictures(files, self.level, self.int16, self.preprocess, profile)
        if self.model is not None:
            quantization = Quantization(int16=self.int16)
            return OnnxPictures(self.model, self.calibration, self.preprocess, quantization, self.shapes, profile)
        if self.runs:
            return by_runs(self.runs, self.ranges, profile, self.root, self.ini)
        return DumpPairs(self.ranges, None, profile, self.ini)

    def request(self) -> SweepRequest:
        """The sweep itself."""
        if self.names:
            pictures = tuple(Picture(name, files) for name, files in zip(self.names, self.pictures, strict=True))
        else:
            pictures = sample_pictures(self.pictures)
        return SweepRequest(self.how(), pictures, self.journal)

    def runner(self, request: SweepRequest) -> Runner | None:
        """What measures it, where that is not processes of ours."""
        if not self.runs:
            return None
        runs = zip(request.pictures, self.runs, strict=True)
        return Simulator({picture.name: (pair[0], pair[1]) for picture, pair in runs}, self.root, keep=_KEPT)

    def request_ranges(self) -> Path | None:
        """The calibrated ranges that count: those that were named, or lie beside the dumps."""
        if self.float_dump is None:
            return self.ranges
        return Files(self.float_dump, self.fixed_dump, self.ranges, self.ini).with_neighbors().ranges

    def check(self) -> tuple[str, ...]:
        """What there is to know about it. Raises SgsError for what can not be swept."""
        how = self.how()
        return how.check(self.request().pictures) if isinstance(how, TwinPictures | OnnxPictures) else ()

    def do(self) -> SweepDone:
        """Measure what the journal does not have. Raises SgsError."""
        request, notes = self.request(), self.check()
        sweep = Sweep(request, self.runner(request))
        for _ in sweep.run():
            pass
        result = sweep.result()
        advice = advise_int16(request.how, request.pictures, result)
        with Journal(self.journal) as journal:
            journal.end(len(request.pictures), request.how.digest(), to_json(advice, request.pictures))
        found = with_advice(result, advice).findings
        return SweepDone((*notes, *(Message("{kind}: {text}", kind=each.kind, text=each.text) for each in found)))


def picture_dumps(job: SweepJob, place: int, folder: Path) -> tuple[Path, Path]:
    """Both dumps of a picture, (fixed, float): those there are, else made and kept in `folder`. Raises SgsError."""
    request = job.request()
    picture = request.pictures[place]
    if isinstance(request.how, TwinPictures | OnnxPictures):
        own = folder / digest_of(picture.files)[:12]
        found = sorted(own.glob("*.bin"))
        if len(found) != 2:
            make_folder(own)
            for path in found:
                path.unlink()
            found = sorted(request.how.dump([picture], own))
        return found[0], found[1]
    if not job.runs:
        return picture.files[0], picture.files[1]
    dumps = dumps_of(job.runs[place], job.root)
    if dumps is None:
        raise UsageError(
            Message("{name}: its runs were not kept", name=picture.name),
            Message("those of the worst {number} are; 7 runs it again", number=_KEPT),
        )
    return dumps


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

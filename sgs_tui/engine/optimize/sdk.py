"""`optimize sdk`: let sim_optimizer.py make candidates, then try every one of them and rank what comes out.

A candidate is a quantization file, optimized_quant_info_<i>_<rate>.pkl, one for each of seven compression rates: which
inputs and weights of convolutions are INT16. The rates are not monotone: for one network only 0.7 and 0.95 of the seven
helped. So each candidate is calibrated, dumped and compared with the float model, and the figures decide.

The SDK's tools leave files beside the float model they are given (`*_cmodel_float.sim`) and change it in place when a
quantization file carries weights; newer ones rewrite the ini. So they work in a folder of ours, on a link to the model
(a copy where it would be changed), a copy of the ini, and a list of absolute image paths.
"""

import json
import os
import re
import shutil
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from threading import Event

from sgs_tui.engine.backends.elsewhere import elsewhere
from sgs_tui.engine.backends.samples import Sample, samples
from sgs_tui.engine.backends.sdk import SdkRequest, is_plain, preprocess_items, sdk_runs, stage_of
from sgs_tui.engine.backends.sdk_ask import SdkAnswers, check_chip, interpreter_notes
from sgs_tui.engine.backends.sdk_checks import check_memory, check_names, check_pictures
from sgs_tui.engine.backends.sdk_install import Generation, Sdk, sdk_environment
from sgs_tui.engine.backends.start import start_run
from sgs_tui.engine.calibration.quant import QuantEntry, load_quant_info
from sgs_tui.engine.compare.limits import Profile
from sgs_tui.engine.dumps.format import Stage
from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.errors import CancelledError, InputError, NothingComparableError, RunError, UsageError
from sgs_tui.engine.events import LogLine
from sgs_tui.engine.files import make_folder, read_bytes, write_atomically
from sgs_tui.engine.numbers import count
from sgs_tui.engine.optimize.search import Accuracy, accuracy, measure
from sgs_tui.engine.optimize.trials import fingerprint, locked
from sgs_tui.engine.runs.run_folder import Product, ProductKind, RunRequest, RunState, safe_name
from sgs_tui.engine.runs.run_list import Run, read_run
from sgs_tui.engine.runs.runs import INTERVAL, cancel_run, wait_run
from sgs_tui.engine.text import encode
from sgs_tui.language import Message

CANDIDATES = "optimized_quant_info_*.pkl"
"""What sim_optimizer.py leaves in its directory: one file a compression rate."""
_NAME = re.compile(r"optimized_quant_info_(\d+)(?:_(\d*\.?\d+))?$")
_MARK = 8
"""Characters of the fingerprint in a folder's name."""
_AFTER_GRACE = 10.0
_SUSPECT = Message(
    "newer SDKs never apply what sim_optimizer.py tries: its choice may be chance, the comparison below is not"
)


@dataclass(frozen=True, slots=True)
class SdkCandidate:
    """One file, or several that say the same: `labels` are their compression rates, or their names."""

    file: Path
    labels: tuple[str, ...]
    entries: tuple[QuantEntry, ...]

    @property
    def label(self) -> str:
        return self.labels[0]

    @property
    def int16(self) -> tuple[str, ...]:
        """Inputs and weights of convolutions that are INT16 with this file, in its order."""
        return tuple(entry.name for entry in self.entries if entry.bit == 16)

    @property
    def key(self) -> str:
        """What tells it from every other candidate, whatever their files are called."""
        return sha256(repr(self.entries).encode("ascii", "backslashreplace")).hexdigest()[:16]

    @property
    def has_data(self) -> bool:
        """The file carries weights, which the calibrator writes into the float model."""
        return any(entry.has_data for entry in self.entries)


def load_candidates(files: Iterable[Path], rates: tuple[str, ...] = ()) -> tuple[SdkCandidate, ...]:
    """The candidates in the order of their rates; files that say the same are one. `rates`: only these.

    Raises InputError for a file that can not be read, UsageError where none of `rates` is there.
    """
    known = [(label_of(path), path) for path in sorted(files, key=_order)]
    if missing := [rate for rate in rates if rate not in [label for label, _ in known]]:
        raise UsageError(
            Message("no candidate for {rate}", rate=missing[0]),
            Message("there are {names}", names=", ".join(label for label, _ in known)),
        )
    found: dict[tuple[QuantEntry, ...], SdkCandidate] = {}
    for label, path in known:
        if not rates or label in rates:
            entries = load_quant_info(path)
            first = found.get(entries, SdkCandidate(path, (), entries))
            found[entries] = replace(first, labels=(*first.labels, label))
    if not found:
        raise InputError(
            Message("there is no candidate to try"), Message("sim_optimizer.py leaves optimized_quant_info_*.pkl")
        )
    return tuple(found.values())


def label_of(path: Path) -> str:
    """The compression rate in the file's name, its number where there is none, else the name."""
    match = _NAME.match(path.stem)
    return (match[2] or match[1]) if match else path.name


def _order(path: Path) -> tuple[int, str]:
    match = _NAME.match(path.stem)
    return (int(match[1]) if match else 0, path.name)


@dataclass(frozen=True, slots=True)
class SdkQuestion:
    """Paths are absolute, `calibrate` and `image` are image arguments; `image` empty: the first calibration sample.

    `quant_files`: candidates of the user, instead of those that sim_optimizer.py makes. `fixed`: a fixed model to
    show beside them. `rates`: only these. `timeout` in seconds for each run.
    """

    model: Path
    calibrate: str
    ini: Path
    sdk: Sdk
    preprocess: str = ""
    image: str = ""
    python: str = ""
    processes: int = 10
    quant_files: tuple[Path, ...] = ()
    rates: tuple[str, ...] = ()
    fixed: Path | None = None
    timeout: float | None = None
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    def scripts(self) -> tuple[str, ...]:
        """The -n items, at least one. Raises SgsError."""
        found = preprocess_items(self.preprocess, self.sdk)
        if not found:
            raise UsageError(
                Message("the SDK's optimizer and calibrator take no image without a script"), Message("give -n PRE.py")
            )
        return found

    def samples(self) -> tuple[Sample, ...]:
        """The calibration samples. Raises SgsError."""
        return samples(self.calibrate, len(self.scripts()))

    def sample(self) -> str:
        """The image argument of the one sample that both stages are dumped on. Raises UsageError for several."""
        if not self.image:
            first = self.samples()[0]
            if len(first) > 1:
                raise UsageError(
                    Message("a network with several inputs needs --image"), Message("a list file with one line")
                )
            return str(first[0])
        found = samples(self.image, len(self.scripts()))
        if len(found) > 1:
            raise UsageError(
                Message("--image gives {number} samples, candidates are judged on one", number=len(found)),
                Message("name one image"),
            )
        return self.image

    def folder(self, root: Path) -> Path:
        """The folder of exactly this question below `root`. Raises SgsError for what is missing or can not be used."""
        if stage_of(self.model) is not Stage.FLOAT:
            raise UsageError(
                Message("{name}: sim_optimizer.py takes the float model", name=self.model.name),
                Message("name the *_float.sim"),
            )
        scripts = [Path(item) for item in self.scripts() if item.endswith(".py")]
        judged = samples(self.sample(), len(self.scripts()))
        listed = [_state_of(file) for sample in (*self.samples(), *judged) for file in sample]
        words = [*listed, str(self.sdk.root), self.sdk.version, self.preprocess]
        mark = fingerprint([self.model, self.ini, *scripts, *self.quant_files], words)[:_MARK]
        folder = root.absolute() / f"{safe_name(self.model.stem)}-{mark}"
        if self.sdk.generation is Generation.OLDER and not is_plain(str(folder)):
            message = Message(
                "{folder}: the older SDK's tools break on blanks, quotes and brackets in this path", folder=folder
            )
            raise UsageError(message, Message("name another folder with --folder"))
        return folder


def _state_of(path: Path) -> str:
    """A file by its path, size and time: what is too large to be read each time."""
    stat = path.stat()
    return f"{path} {stat.st_size} {stat.st_mtime_ns}"


@dataclass(frozen=True, slots=True)
class _SdkFiles:
    """The tools' inputs below the question's folder, and where calibrated models go."""

    model: Path
    ini: Path
    images: Path
    fixed: Path

    def fixed_model(self, label: str) -> Path:
        """Where the model of the candidate `label` goes: a name that tells its stage."""
        stem = self.model.stem.removesuffix("_float")
        return self.fixed / f"{stem}_{safe_name(label)}_fixed.sim"


def _prepare_files(question: SdkQuestion, folder: Path, changes_model: bool) -> _SdkFiles:
    """Make them, or make them again. `changes_model`: a candidate carries weights. Raises SgsError."""
    stem = safe_name(question.model.name.removesuffix("_float.sim"))
    place = folder / ("model-copy" if changes_model else "model")
    files = _SdkFiles(place / f"{stem}_float.sim", folder / "input_config.ini", folder / "images.txt", folder / "fixed")
    for path in (folder, place, files.fixed):
        make_folder(path)
    if changes_model:
        shutil.copyfile(question.model, files.model)
    elif not files.model.is_symlink():
        files.model.symlink_to(question.model)
    write_atomically(files.ini, read_bytes(question.ini))
    way = question.sdk.way
    names = (map(way.inside if way else str, map(str, sample)) for sample in question.samples())
    lines = (",".join(sample) + "\n" for sample in names)
    write_atomically(files.images, encode("".join(lines)))
    return files


@dataclass(frozen=True, slots=True)
class StepProgress:
    """A step is under way: its run as it stands; said once a second."""

    title: str
    run: Run


@dataclass(frozen=True, slots=True)
class StepEnded:
    """A step is over, well or not. `found`: its run was made by an earlier search."""

    title: str
    run: Run
    found: bool


StepEvent = StepProgress | StepEnded | LogLine


class Steps:
    """The runs of one search, by key: started once, found again, waited for, whatever happens to us in between.

    They are remembered in the search's folder (`state.json`, replaced whole).
    """

    def __init__(self, folder: Path, root: Path, cancel: Event) -> None:
        self._path, self._root, self._cancel = folder / "state.json", root, cancel
        self._runs: dict[str, str] = self._load()
        self._told: set[str] = set()

    def run(self, key: str, title: str, request: Callable[[], RunRequest]) -> Generator[StepEvent, None, Run]:
        """The ended run of this step: a good or a still active one of an earlier search, else a new one.

        When told to cancel, the run is ended too, and CancelledError raised.
        """
        earlier = self._earlier(key)
        run = earlier or self._start(key, request())
        new = [text for text in run.request.warnings if text not in self._told]  # each once in a search
        self._told.update(new)
        yield from map(LogLine, new)
        while run.state.active:
            if self._cancel.is_set():
                cancel_run(run.folder.path)
                wait_run(run.folder.path, run.request.grace + _AFTER_GRACE)
                raise CancelledError(Message("the search was stopped"))
            yield StepProgress(title, run)
            run = wait_run(run.folder.path, INTERVAL)
        yield StepEnded(title, run, earlier is not None)
        return run

    def _start(self, key: str, request: RunRequest) -> Run:
        path = start_run(request, self._root).path
        self._runs[key] = str(path)
        write_atomically(self._path, json.dumps(self._runs, indent=1).encode("ascii"))
        return read_run(path)

    def _earlier(self, key: str) -> Run | None:
        """The run of this step that an earlier search started, if it still is of use."""
        if key not in self._runs:
            return None
        try:
            run = read_run(Path(self._runs[key]))
        except InputError:
            return None
        made = (run.folder.path / product.path for product in run.status.products)
        good = run.state is RunState.OK and all(path.is_file() for path in made)
        return run if good or run.state.active else None

    def _load(self) -> dict[str, str]:
        try:
            found = json.loads(read_bytes(self._path))
        except (InputError, ValueError, RecursionError):
            return {}
        return {str(key): str(path) for key, path in found.items()} if isinstance(found, dict) else {}


def _optimizer_run(question: SdkQuestion, files: _SdkFiles) -> RunRequest:
    """One run of sim_optimizer.py. Raises InputError when the SDK has none, RunError for its environment."""
    product = Product(CANDIDATES, ProductKind.PATTERN)
    request = _script_run(question, files, "sim_optimizer.py", (), "optimize", product)
    suspect = (_SUSPECT,) if question.sdk.generation is Generation.NEWER else ()
    return replace(request, warnings=(*suspect, *request.warnings))


def _calibrator_run(question: SdkQuestion, files: _SdkFiles, quant_file: Path, target: Path) -> RunRequest:
    """One run of sim_calibrator.py that makes the fixed model `target` as `quant_file` says. Raises as above."""
    more = ("--quant_file", str(quant_file), "-o", str(target))
    return _script_run(question, files, "sim_calibrator.py", more, "calibrate", Product(str(target), ProductKind.FILE))


def _told_before(question: SdkQuestion) -> Iterator[str]:
    """What the tools would not say of the calibration."""
    pictures = question.samples()
    concerns = [*check_names(file for sample in pictures for file in sample), *check_pictures(len(pictures))]
    if question.sdk.way is None:
        concerns += check_memory(question.processes)
    for concern in concerns:
        yield Message("{message} ({hint})", message=concern.message, hint=concern.hint)


def _script_run(
    question: SdkQuestion, files: _SdkFiles, script: str, more: tuple[str, ...], stage: str, product: Product
) -> RunRequest:
    """One of the SDK's example scripts: both take the same images, model, ini, preprocess and number of processes."""
    sdk, scripts = question.sdk, question.scripts()
    python = question.python or sdk.python
    answers = SdkAnswers(sdk, python, question.environ)
    options = answers.options(script)
    argv = [python, str(sdk.tool(script)), "-i", str(files.images), "-m", str(files.model)]
    argv += ["--input_config", str(files.ini), "-n", ",".join(scripts)]
    argv += ["--num_process", str(question.processes)] if options.takes("--num_process") else []
    argv += [*check_chip(sdk, answers, options, script), *more]
    named = (word for word in more if os.path.exists(word))
    request = RunRequest(
        argv=tuple(argv),
        backend="sdk",
        model=str(files.model),
        stage=stage,
        products=(product,),
        environment=None if sdk.way else sdk_environment(sdk, question.environ),
        needs=(str(files.model), str(files.ini), *named, *(item for item in scripts if item.endswith(".py"))),
        timeout=question.timeout,
        details={
            "calibration": question.calibrate,
            "preprocess": question.preprocess,
            "sdk": str(sdk.root),
            "generation": str(sdk.generation),
        },
        warnings=(*interpreter_notes(sdk, answers, python), *_told_before(question)),
    )
    return elsewhere(request, sdk.way, sdk.root)


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate and what came of it: figures, fixed model and dump, or `error` and `hint` where it failed.

    `candidate` None is the user's own fixed model. `inputs`: its INT16 tensors that are no weights.
    """

    candidate: SdkCandidate | None
    accuracy: Accuracy | None
    model: Path
    dump: Path | None = None
    inputs: tuple[str, ...] = ()
    error: str = ""
    hint: str = ""

    @property
    def label(self) -> str:
        """Its rates, or what else it is called."""
        return ", ".join(self.candidate.labels) if self.candidate else self.model.name

    @property
    def rank(self) -> tuple[bool, bool, float, float, float]:
        """Best first: those that meet the profile with the fewest INT16 tensors, then by how far they are off."""
        if self.accuracy is None:
            return True, True, 0.0, 0.0, 0.0
        size = float(len(self.candidate.int16)) if self.candidate else 0.0
        one = self.accuracy
        return (False, not one.meets, *((size, one.mean_rmse, 0.0) if one.meets else one.rank))


@dataclass(frozen=True, slots=True)
class SdkResult:
    """All candidates, best first, and the float dump they were compared with."""

    ranked: tuple[Ranked, ...]
    float_dump: Path
    profile: str
    folder: Path

    @property
    def best(self) -> Ranked | None:
        """The first that did not fail."""
        return next((each for each in self.ranked if each.accuracy is not None), None)


SdkEvent = StepEvent | SdkResult


def optimize_sdk(
    question: SdkQuestion, folders: Path, runs: Path, profile: Profile, cancel: Event
) -> Iterator[SdkEvent]:
    """Search; the last event is the SdkResult. `runs`: where run folders go.

    Raises RunError when sim_optimizer.py or the float dump fails (a candidate that fails is ranked last),
    CancelledError soon after `cancel` is set, and what is wrong with the question before anything is started.
    """
    folder = question.folder(folders)
    make_folder(folder)
    with locked(folder):
        trials = _CandidateTrials(question, folder, Steps(folder, runs, cancel), profile, cancel)
        yield from trials.run(_prepare_files(question, folder, False))


class _CandidateTrials:
    def __init__(self, question: SdkQuestion, folder: Path, steps: Steps, profile: Profile, cancel: Event) -> None:
        self._question, self._folder, self._steps = question, folder, steps
        self._profile, self._cancel = profile, cancel

    def run(self, files: _SdkFiles) -> Generator[SdkEvent]:
        candidates = yield from self._candidates(files)
        if any(one.has_data for one in candidates):
            files = _prepare_files(self._question, self._folder, True)
        ask = partial(self._dump, self._question.model, Stage.FLOAT)
        benchmark = yield from self._needed("float", Message("float dump"), ask)
        ranked = []
        if self._question.fixed is not None:
            ranked.append((yield from self._judge(None, self._question.fixed, benchmark)))
        for number, candidate in enumerate(candidates, 1):
            yield LogLine(
                Message(
                    "candidate {number} of {total}: {names}",
                    number=number,
                    total=len(candidates),
                    names=", ".join(candidate.labels),
                )
            )
            ranked.append((yield from self._try(candidate, files, benchmark)))
        ranked.sort(key=lambda each: each.rank)
        assert benchmark.dump is not None
        yield SdkResult(tuple(ranked), benchmark.dump, self._profile.name, self._folder)

    def _candidates(self, files: _SdkFiles) -> Generator[SdkEvent, None, tuple[SdkCandidate, ...]]:
        paths: Iterable[Path] = self._question.quant_files
        if not paths:
            ask = partial(_optimizer_run, self._question, files)
            run = yield from self._needed("optimizer", "sim_optimizer.py", ask)
            paths = [run.folder.path / product.path for product in run.status.products]
        found = load_candidates(paths, self._question.rates)
        yield LogLine(
            Message(
                "{candidates} to try: {names}",
                candidates=count(len(found), "candidate"),
                names="; ".join(", ".join(one.labels) for one in found),
            )
        )
        return found

    def _needed(self, key: str, title: str, ask: Callable[[], RunRequest]) -> Generator[SdkEvent, None, Run]:
        """A step that nothing can go on without."""
        run = yield from self._steps.run(key, title, ask)
        if not run.status.products:
            what = run.status.message or run.state.words
            raise RunError(Message("{run}: {what}", run=run.name, what=what), run.status.hint)
        return run

    def _try(self, candidate: SdkCandidate, files: _SdkFiles, benchmark: Run) -> Generator[SdkEvent, None, Ranked]:
        """Calibrate, dump, compare."""
        target = files.fixed_model(candidate.label)
        ask = partial(_calibrator_run, self._question, files, candidate.file, target)
        run = yield from self._steps.run(
            f"calibrate {candidate.key}", Message("{label}: calibrate", label=candidate.label), ask
        )
        if not run.status.products:
            return Ranked(candidate, None, target, error=run.status.message, hint=run.status.hint)
        return (yield from self._judge(candidate, target, benchmark))

    def _judge(self, candidate: SdkCandidate | None, model: Path, benchmark: Run) -> Generator[SdkEvent, None, Ranked]:
        label, key = (candidate.label, candidate.key) if candidate else (model.name, _state_of(model))
        ask = partial(self._dump, model, Stage.FIXED)
        run = yield from self._steps.run(f"fixed {key}", Message("{label}: fixed dump", label=label), ask)
        if run.dump is None or benchmark.dump is None:
            return Ranked(candidate, None, model, error=run.status.message, hint=run.status.hint)
        try:
            layers = measure(run.dump, benchmark.dump, benchmark.ranges, self._cancel)
        except NothingComparableError as error:
            return Ranked(candidate, None, model, run.dump, error=error.message, hint=error.hint)
        with open_dump(benchmark.dump) as opened:
            constants = {record.name for record in opened.records if record.constant}
        inputs = tuple(name for name in (candidate.int16 if candidate else ()) if name not in constants)
        return Ranked(candidate, accuracy(layers, self._profile), model, run.dump, inputs)

    def _dump(self, model: Path, stage: Stage) -> RunRequest:
        question = self._question
        request = SdkRequest(
            model, question.sample(), question.preprocess, stage, python=question.python, timeout=question.timeout
        )
        return sdk_runs(request, question.sdk, question.environ)[0]

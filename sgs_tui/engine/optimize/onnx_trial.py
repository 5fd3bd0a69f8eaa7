"""One trial on an ONNX model: really quantized, dumped and compared."""

import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from types import FrameType
from typing import IO

import numpy as np

from sgs_tui.engine.backends.embedded import EmbeddedRequest, embedded_run
from sgs_tui.engine.backends.jobs import job_from_json
from sgs_tui.engine.backends.onnx import load_model, model_inputs
from sgs_tui.engine.backends.preprocess import Layout, Preprocess, check_count, fit_input, prepared
from sgs_tui.engine.backends.quantize import Quantization, sharing
from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.dumps.writer import make_folder
from sgs_tui.engine.errors import CancelledError, SgsError, UsageError
from sgs_tui.engine.optimize.search import measure
from sgs_tui.engine.optimize.trials import Trial, TrialStore, fingerprint
from sgs_tui.engine.runs.run_folder import safe_name

# What is searched on an ONNX model, and its folder: inputs prepared once, trials, the best result.

_INPUTS = "inputs"
_MARK = 8
"""Characters of the fingerprint in a folder's name."""


@dataclass(frozen=True, slots=True)
class OnnxQuestion:
    """Which model, calibrated and judged on what. Paths are absolute; `sample` () is the first of `images`."""

    model: Path
    images: tuple[tuple[Path, ...], ...]
    preprocess: Preprocess = field(default_factory=Preprocess)
    sample: tuple[Path, ...] = ()
    shapes: Mapping[str, Sequence[int]] = field(default_factory=dict)
    per_channel: bool = True

    def folder(self, root: Path) -> Path:
        """The folder of exactly this question below `root`: asked again, its trials are found again.

        Raises InputError for files that can not be read.
        """
        files = [self.model, *self.preprocess.modules, *(file for sample in self._samples() for file in sample)]
        words = [str(self.per_channel), *(f"{name}={list(shape)}" for name, shape in sorted(self.shapes.items()))]
        words += [str(len(sample)) for sample in self._samples()]
        return root / f"{safe_name(self.model.stem)}-{fingerprint(files, words)[:_MARK]}"

    def prepare(self, folder: Path) -> "tuple[PreparedQuestion, tuple[str, ...]]":
        """Run the preprocess once and keep what it made below `folder`; a second time it is found there.

        Also returns notes on axes that had to be moved, the first time. Raises SgsError: nothing to calibrate
        with, no .npy and no script, wrong shapes, a script that fails.
        """
        if not self.images:
            raise UsageError("nothing to calibrate with", "give at least one image; about 30 are usual")
        make_folder(folder)
        target = folder / _INPUTS
        notes: tuple[str, ...] = ()
        if not target.is_dir():
            with TemporaryDirectory(prefix=".unfinished-", dir=folder) as unfinished:
                made = Path(unfinished, _INPUTS)
                made.mkdir()
                notes = self._write_inputs(made)
                made.rename(target)
        columns = len(self._samples()[0])
        count = len(self.images) + 1
        rows = [tuple(target / f"{row}-{column}.npy" for column in range(columns)) for row in range(count)]
        return PreparedQuestion(self.model, tuple(rows[1:]), rows[0], self.shapes, self.per_channel), notes

    def _samples(self) -> tuple[tuple[Path, ...], ...]:
        return (self.sample or self.images[0], *self.images) if self.images else ()

    def _write_inputs(self, folder: Path) -> tuple[str, ...]:
        wanted = model_inputs(load_model(self.model), self.shapes)
        samples = self._samples()
        for sample in samples:
            check_count(wanted, sample)
        notes: dict[str, None] = {}
        for column, item in enumerate(wanted):
            module = self.preprocess.module(column, len(wanted))
            with prepared([sample[column] for sample in samples], module, Layout.NCHW, self.preprocess) as made:
                for row, given in enumerate(made):
                    values, note = fit_input(given, item, Layout.NCHW)
                    np.save(folder / f"{row}-{column}.npy", values, allow_pickle=False)
                    notes |= {note: None} if note else {}
        return tuple(notes)


@dataclass(frozen=True, slots=True)
class PreparedQuestion:
    """The same with inputs that need no preprocess any more; this travels to other processes."""

    model: Path
    images: tuple[tuple[Path, ...], ...]
    sample: tuple[Path, ...]
    shapes: Mapping[str, Sequence[int]]
    per_channel: bool

    def request(self, names: Sequence[str], folder: Path, how: Preprocess) -> EmbeddedRequest:
        """The embedded run that raises `names` and leaves its files in `folder`."""
        quantization = Quantization(self.per_channel, tuple(names))
        return EmbeddedRequest(self.model, self.images, folder, how, quantization, self.sample, self.shapes)


PREFIX = ".trial-"
"""Of the folders that trials work in; what a killed search left is cleared away by the next one."""

_FLOAT = "float"
_SIXTEEN = frozenset({"SGS_U16", "SGS_S16"})


def run_trial(question: PreparedQuestion, names: Sequence[str], folder: Path, cancel: Event | None = None) -> Trial:
    """Quantize with `names` at 16 bits, dump both stages, compare, keep the figures in `folder`.

    Raises CancelledError, and RunError where onnxruntime can not raise a tensor.
    """
    start = time.monotonic()
    with TemporaryDirectory(prefix=PREFIX, dir=folder) as work:
        made = embedded_run(question.request(sorted(names), Path(work), Preprocess(cancel=cancel)))
        layers = measure(made.fixed_dump, made.float_dump, made.ranges, cancel)
        types = _types(made.fixed_dump)
    quantized = tuple(name for name, kind in types.items() if kind != _FLOAT)
    raised = tuple(name for name in quantized if types[name] in _SIXTEEN)
    trial = Trial(frozenset(names), layers, quantized, raised, time.monotonic() - start)
    TrialStore(folder).save(trial)
    return trial


def candidates(question: PreparedQuestion, eight: Trial) -> tuple[str, ...]:
    """Tensors that can be raised, in network order: one for each scale, the tensor that the others take it from.

    `eight`: the trial that raised nothing. The model's own inputs are no candidates: the SDK never raises them
    either (interop notes, int16).
    """
    model = load_model(question.model)
    inputs = {value.name for value in model.graph.input}
    roots = dict.fromkeys(sharing(model, (name,))[-1] for name in eight.quantized)
    return tuple(name for name in roots if name not in inputs)


def _types(dump: Path) -> dict[str, str]:
    """Integer type of every layer, `float` for those that were not quantized."""
    with open_dump(dump) as opened:
        return {record.name: record.type_name for record in opened.outputs()}


# A process that makes trials: lines of JSON in, lines of JSON out; started by crew.py.
#
# The first line is the question as a job (simulate/local_jobs.py), whose folder is the search's; each further one a
# list of names. An answer is `{}` for a trial that is in the store now, or `{kind, message, hint}` of an error. The
# end of the input ends the process, so none outlives the search, however that ends. TERM ends a trial in the middle
# and takes its files away.


def main() -> int:
    """Serve until the input ends; 0 unless broken off."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _cancel)
    with _answers() as answers:
        try:
            for answer in _serve(iter(sys.stdin.readline, "")):
                answers.write(json.dumps(answer, ensure_ascii=True) + "\n")
                answers.flush()
        except (CancelledError, BrokenPipeError):  # told to end, or nobody listens any more
            return 1
    return 0


def _answers() -> IO[str]:
    """Our own way out: whatever libraries print to stdout must not end up between the answers."""
    ours = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(ours, "w", encoding="ascii")


def _cancel(number: int, frame: FrameType | None) -> None:
    raise CancelledError("the search was stopped")


def _serve(lines: Iterator[str]) -> Iterator[dict[str, str]]:
    job = job_from_json(json.loads(next(lines)), Path("question"), EmbeddedRequest)
    question = PreparedQuestion(job.model, job.images, job.sample, job.shapes, job.quantization.per_channel)
    for line in lines:
        try:
            run_trial(question, json.loads(line), job.folder)
            yield {}
        except CancelledError:
            raise
        except SgsError as error:
            yield {"kind": type(error).__name__, "message": error.message, "hint": error.hint}


if __name__ == "__main__":
    sys.exit(main())

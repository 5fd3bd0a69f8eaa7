"""What is one trial on an ONNX model? It is really quantized, dumped and compared.

A search has a folder of its own: the inputs, prepared once, the trials, the best result.
"""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

import numpy as np

from sgs_tui.engine.backends.embedded import EmbeddedRequest, embedded_run
from sgs_tui.engine.backends.onnx import load_model, model_inputs, node_outputs
from sgs_tui.engine.backends.preprocess import Layout, Preprocess, check_count, fit_input, prepared
from sgs_tui.engine.backends.quantizable import load_quantizable
from sgs_tui.engine.backends.quantize import Quantization, scale_roots, taking_scale, upgraded
from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.errors import UsageError
from sgs_tui.engine.files import make_folder
from sgs_tui.engine.optimize.search import measure
from sgs_tui.engine.optimize.trials import Trial, TrialStore, fingerprint
from sgs_tui.engine.pool import stopping
from sgs_tui.engine.runs.run_folder import safe_name
from sgs_tui.language import Message

_INPUTS = "inputs"
_MARK = 8
"""Characters of the fingerprint in a folder's name."""
PREFIX = ".trial-"
"""Of the folders that trials work in; what a killed search left is cleared away by the next one."""
_INT16 = frozenset({"SGS_U16", "SGS_S16"})


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
            raise UsageError(
                Message("nothing to calibrate with"), Message("give at least one image; about 30 are usual")
            )
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
        wanted = model_inputs(load_quantizable(self.model).model, self.shapes)
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
        """The embedded run with INT16 for `names` that leaves its files in `folder`."""
        quantization = Quantization(self.per_channel, tuple(names))
        return EmbeddedRequest(self.model, self.images, folder, how, quantization, self.sample, self.shapes)


def run_trial(question: PreparedQuestion, names: Sequence[str], folder: Path, cancel: Event | None = None) -> Trial:
    """Quantize with `names` in INT16, dump both stages, compare, keep the figures in `folder`.

    Raises CancelledError, and RunError where onnxruntime has no INT16 for a tensor.
    """
    start = time.monotonic()
    with TemporaryDirectory(prefix=PREFIX, dir=folder) as work:
        made = embedded_run(question.request(sorted(names), Path(work), Preprocess(cancel=cancel)))
        layers = measure(made.fixed_dump, made.float_dump, made.ranges, cancel)
        with open_dump(made.fixed_dump) as dump:
            types = {record.name: record.type_name for record in dump.outputs()}
        roots = scale_roots(load_model(made.fixed_model))
    quantized = tuple(name for name, kind in types.items() if kind != "float")
    int16 = tuple(name for name in quantized if types[name] in _INT16)
    trial = Trial(frozenset(names), layers, quantized, int16, roots, time.monotonic() - start)
    TrialStore(folder).save(trial)
    return trial


def candidates(question: PreparedQuestion, int8: Trial) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Tensors that can be INT16, in network order: one for each scale. And those left out: the network's inputs.

    A scale that begins in a tensor which only the upgrade to a newer opset made goes by the model's own tensor on it.
    `int8`: the trial without INT16. The SDK, too, leaves a network input as it is, whatever tensor_arrays names.
    """
    model = load_quantizable(question.model).model
    inputs, own = {value.name for value in model.graph.input}, {*node_outputs(model)}
    inner = tuple(name for name in int8.roots if name not in inputs)
    if not own.issuperset(inner):
        newer = upgraded(model)
        own_of = {name: next((each for each in taking_scale(newer, (name,)) if each in own), "") for name in inner}
        inner = tuple(dict.fromkeys(own_of[name] for name in inner if own_of[name]))
    return inner, tuple(name for name in int8.roots if name in inputs)


_question: list[tuple[PreparedQuestion, Path]] = []
"""In a worker process: what it makes trials of, and the search's folder. Set once by `start_worker`."""


def start_worker(question: PreparedQuestion, folder: Path, log: Path) -> None:
    """Whatever libraries print in a worker goes to `log`, not over the screen."""
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)
    _question.append((question, folder))


def try_in_worker(names: frozenset[str]) -> Trial:
    """`run_trial` in a worker of the pool."""
    question, folder = _question[0]
    return run_trial(question, sorted(names), folder, stopping)

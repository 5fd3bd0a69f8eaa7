"""What is searched on an ONNX model, and its folder: inputs prepared once, trials, the best result."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from sgs_tui.engine.dumps.original import make_folder
from sgs_tui.engine.errors import UsageError
from sgs_tui.engine.optimize.trials import fingerprint
from sgs_tui.engine.simulate.embedded import EmbeddedRequest
from sgs_tui.engine.simulate.onnx_model import load_model, model_inputs
from sgs_tui.engine.simulate.preprocess import Layout, Preprocess, prepared
from sgs_tui.engine.simulate.preprocess_inputs import check_count, fit_input
from sgs_tui.engine.simulate.quantise import Quantisation
from sgs_tui.engine.simulate.run_folder import safe_name

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
        quantisation = Quantisation(self.per_channel, tuple(names))
        return EmbeddedRequest(self.model, self.images, folder, how, quantisation, self.sample, self.shapes)

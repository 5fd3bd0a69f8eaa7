"""onnxruntime as an embedded simulator: quantise an ONNX model and dump both stages, without any SDK."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from sgs_tui.engine.dumps.original import make_folder
from sgs_tui.engine.dumps.records import AnyArray
from sgs_tui.engine.dumps.writer import write_dump
from sgs_tui.engine.errors import CancelledError, InputError, UsageError
from sgs_tui.engine.files import write_atomically
from sgs_tui.engine.simulate.embedded_ops import Ops, tensor_names
from sgs_tui.engine.simulate.embedded_ranges import calibrate, ranges_text
from sgs_tui.engine.simulate.onnx_model import load_model, model_inputs
from sgs_tui.engine.simulate.onnx_slices import run_all
from sgs_tui.engine.simulate.preprocess import Layout, Prepared, Preprocess, prepared
from sgs_tui.engine.simulate.preprocess_inputs import ModelInput, check_count, fit_input
from sgs_tui.engine.simulate.quantise import Quantisation, check_names, quantise, sharing
from sgs_tui.engine.simulate.quantise_weights import taking_scale
from sgs_tui.engine.text import visible

if TYPE_CHECKING:
    from onnx import ModelProto


@dataclass(frozen=True, slots=True)
class EmbeddedRequest:
    """What to run. `images`: the calibration samples, each one file for every model input, in the model's order.

    `sample` is what both stages are run on; the first of `images` unless told. `shapes` as in OnnxDumpRequest.
    """

    model: Path
    images: tuple[tuple[Path, ...], ...]
    folder: Path
    preprocess: Preprocess = field(default_factory=Preprocess)
    quantisation: Quantisation = field(default_factory=Quantisation)
    sample: tuple[Path, ...] = ()
    shapes: Mapping[str, Sequence[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EmbeddedFiles:
    """What a run leaves in its folder."""

    float_dump: Path
    fixed_dump: Path
    ranges: Path
    fixed_model: Path
    notes: tuple[str, ...] = ()

    @classmethod
    def below(cls, folder: Path) -> "EmbeddedFiles":
        """The paths in `folder`, whether or not they exist."""
        return cls(folder / "float.bin", folder / "fixed.bin", folder / "tensor_min_max.txt", folder / "fixed.onnx")

    def paths(self) -> tuple[Path, ...]:
        """All of them."""
        return self.float_dump, self.fixed_dump, self.ranges, self.fixed_model


def embedded_run(request: EmbeddedRequest) -> EmbeddedFiles:
    """Calibrate, quantise, run the float and the fixed model on the sample, and write both dumps.

    The dumps look like the simulator's (inputs and outputs of every op, constants flagged, NHWC, dequantised
    values, headers with shapes). Raises SgsError; files that exist already are never overwritten (InputError).
    """
    files = EmbeddedFiles.below(request.folder)
    taken = next((path for path in files.paths() if path.exists()), None)
    if taken is not None:
        raise InputError(f"{taken}: is there already", "name another folder; nothing is overwritten here")
    if not request.images:
        raise UsageError("nothing to calibrate with", "give at least one image; about 30 are usual")
    model = load_model(request.model)
    check_names(model, request.quantisation.int16)
    make_folder(request.folder)
    with ExitStack() as stack:
        feeds = _Feeds(request, model_inputs(model, request.shapes), stack)
        unfinished = stack.enter_context(TemporaryDirectory(prefix=".unfinished-", dir=request.folder))
        made = EmbeddedFiles.below(Path(unfinished))
        _run(request, model, feeds, made)
        for path, final in zip(made.paths(), files.paths(), strict=True):
            path.rename(final)
        return replace(files, notes=(*feeds.notes, *_raised_too(model, request.quantisation.int16)))


def _raised_too(model: "ModelProto", int16: Sequence[str]) -> tuple[str, ...]:
    """Which tensors got 16 bits although nobody named them."""
    others = [visible(name) for name in taking_scale(model, sharing(model, int16)) if name not in int16]
    return (f"16 bits too, since a chosen tensor shares the scale: {', '.join(others)}",) if others else ()


def _run(request: EmbeddedRequest, model: "ModelProto", feeds: "_Feeds", files: EmbeddedFiles) -> None:
    ranges = calibrate(model, feeds.calibration(), str(request.model))
    fixed = quantise(model, feeds.calibration(), request.quantisation, files.fixed_model)
    write_atomically(files.ranges, ranges_text(ranges))
    names, sample = tensor_names(model), feeds.sample()
    for stage, path in ((model, files.float_dump), (fixed, files.fixed_dump)):
        feeds.check_cancelled()
        tensors = run_all(stage, sample, str(request.model))
        write_dump(path, Ops(stage, tensors, names).drafts())


class _Feeds:
    """The samples as model inputs: preprocessed once, kept on disk, loaded one sample at a time."""

    def __init__(self, request: EmbeddedRequest, wanted: Sequence[ModelInput], stack: ExitStack) -> None:
        self._wanted, self._how = wanted, request.preprocess
        self.notes: dict[str, None] = {}
        sample = request.sample or request.images[0]
        samples = (sample, *request.images)
        for item in samples:
            check_count(wanted, item)
        self._count = len(samples)
        self._columns = [stack.enter_context(self._column(samples, position)) for position in range(len(wanted))]

    def _column(self, samples: Sequence[Sequence[Path]], position: int) -> AbstractContextManager[list[Prepared]]:
        module = self._how.module(position, len(self._wanted))
        return prepared([sample[position] for sample in samples], module, Layout.NCHW, self._how)

    def sample(self) -> dict[str, AnyArray]:
        """The inputs that both stages are run on."""
        return self._feed(0)

    def calibration(self) -> Iterator[dict[str, AnyArray]]:
        """The inputs of every calibration sample, one after the other."""
        for number in range(1, self._count):
            self.check_cancelled()
            yield self._feed(number)

    def check_cancelled(self) -> None:
        """Raise CancelledError when the preprocess's cancel event is set."""
        if self._how.cancel is not None and self._how.cancel.is_set():
            raise CancelledError("the run was stopped")

    def _feed(self, number: int) -> dict[str, AnyArray]:
        feed = {}
        for item, column in zip(self._wanted, self._columns, strict=True):
            array, note = fit_input(column[number], item, Layout.NCHW)
            feed[item.name] = array
            if note:
                self.notes[note] = None
        return feed

"""A picture run by onnxruntime: the float model and what its quantizer makes of it, dumped and compared.

The model is calibrated and quantized once a worker, which gives the same model on each, and its sessions stay. The two
dumps of a picture are written to a folder that is gone when they are compared: so the figures are those of `run --onnx`
on that picture.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import TYPE_CHECKING

from sgs_tui import __version__
from sgs_tui.engine.backends.embedded import EmbeddedFiles, EmbeddedRequest, Stages, embedded_run
from sgs_tui.engine.backends.onnx import load_model, model_inputs
from sgs_tui.engine.backends.preprocess import Layout, ModelInput, Preprocess, check_scripts, load_inputs
from sgs_tui.engine.backends.preprocess_child import Children
from sgs_tui.engine.backends.quantizable import load_quantizable
from sgs_tui.engine.backends.quantize import Quantization, check_names
from sgs_tui.engine.compare.limits import MANUAL, Profile
from sgs_tui.engine.errors import InputError
from sgs_tui.engine.sweep.keeping import stem_of
from sgs_tui.engine.sweep.pairs import DumpPairs
from sgs_tui.engine.sweep.pictures import digest_of
from sgs_tui.engine.sweep.results import Measured, Picture
from sgs_tui.language import Message

if TYPE_CHECKING:
    from onnx import ModelProto


@dataclass(frozen=True, slots=True)
class OnnxPictures:
    """How pictures go through an ONNX model. A picture's files are one for each input of the model."""

    model: Path
    calibration: tuple[tuple[Path, ...], ...]
    preprocess: Preprocess = field(default=Preprocess())
    quantization: Quantization = field(default=Quantization())
    shapes: Mapping[str, Sequence[int]] = field(default_factory=dict)
    profile: Profile = field(default=MANUAL)

    def digest(self) -> str:
        """Of everything but the picture that the figures depend on; what the preprocess imports is not in it."""
        files = [self.model, *(path for sample in self.calibration for path in sample), *self.preprocess.modules]
        return digest_of(
            files, "onnx", __version__, repr(self.quantization), repr(dict(self.shapes)), repr(self.profile)
        )

    def small_files(self) -> tuple[Path, ...]:
        return (*(path for sample in self.calibration for path in sample), *self.preprocess.modules)

    def moved(self, places: Mapping[Path, Path]) -> "OnnxPictures":
        modules = tuple(places.get(path, path) for path in self.preprocess.modules)
        calibration = tuple(tuple(places.get(path, path) for path in sample) for sample in self.calibration)
        preprocess = replace(self.preprocess, modules=modules, python=sys.executable)
        return replace(self, calibration=calibration, preprocess=preprocess)

    def check(self, pictures: Sequence[Picture] = ()) -> tuple[str, ...]:
        """Raise before anything is run what would be in the way: UsageError, InputError."""
        model, notes = load_quantizable(self.model)
        check_names(model, self.quantization.int16)
        wanted = model_inputs(model, self.shapes)
        check_scripts(self.preprocess, len(wanted), [picture.files for picture in pictures])
        return tuple(notes)

    def dump(self, pictures: Sequence[Picture], folder: Path) -> Iterator[Path]:
        """Write both dumps of pictures into `folder`: their paths, as they are written. Raises SgsError."""
        with closing(self.open()) as made:
            for picture in pictures:
                stem = folder / stem_of(picture)
                files = replace(made.made, float_dump=Path(f"{stem}_float.bin"), fixed_dump=Path(f"{stem}_fixed.bin"))
                made.write(picture, files)
                yield from (files.float_dump, files.fixed_dump)

    def open(self) -> "OnnxMeasurer":
        """Calibrate and quantize. Raises SgsError."""
        folder = TemporaryDirectory(prefix="sgs-tui-sweep-")
        request = EmbeddedRequest(
            self.model, self.calibration, Path(folder.name), self.preprocess, self.quantization, shapes=self.shapes
        )
        return OnnxMeasurer(self, embedded_run(request), folder)


@dataclass
class OnnxMeasurer:
    """Dumps and compares one picture after the other; `_folder` is removed with it."""

    how: OnnxPictures
    made: EmbeddedFiles
    _folder: "TemporaryDirectory[str]"
    _children: Children = field(default_factory=Children)

    def measure(self, picture: Picture, cancel: Event | None = None) -> Measured:
        """Raises SgsError: the picture is no input of the model, its preprocess fails, the sweep was stopped."""
        with self.dumped(picture, cancel) as files:
            pairs = DumpPairs(files.ranges, None, self.how.profile).open()
            return pairs.measure(Picture(picture.name, (files.fixed_dump, files.float_dump)), cancel)

    @contextmanager
    def dumped(self, picture: Picture, cancel: Event | None = None) -> Iterator[EmbeddedFiles]:
        """The picture's dumps, while the block runs. Raises as `measure`."""
        with TemporaryDirectory(prefix="picture-", dir=self._folder.name) as folder:
            below = EmbeddedFiles.below(Path(folder))
            files = replace(below, ranges=self.made.ranges, fixed_model=self.made.fixed_model)
            self.write(picture, files, cancel)
            yield files

    def close(self) -> None:
        """End what runs the preprocess, remove the models."""
        self._children.close()
        self._folder.cleanup()

    def write(self, picture: Picture, files: EmbeddedFiles, cancel: Event | None = None) -> None:
        """Run both models on a picture and write both dumps. Raises as `measure`; nothing is written over."""
        taken = next((path for path in (files.float_dump, files.fixed_dump) if path.exists()), None)
        if taken is not None:
            raise InputError(
                Message("{target}: is there already", target=taken), Message("name another folder: --dumps DIR")
            )
        how = replace(self.how.preprocess, cancel=cancel)
        feed, _ = load_inputs(self._wanted, picture.files, how, Layout.NCHW, self._children)
        self._stages.write(files, feed)

    @cached_property
    def _model(self) -> "ModelProto":
        return load_quantizable(self.how.model)[0]

    @cached_property
    def _wanted(self) -> tuple[ModelInput, ...]:
        return model_inputs(self._model, self.how.shapes)

    @cached_property
    def _stages(self) -> Stages:
        return Stages(self._model, load_model(self.made.fixed_model), str(self.how.model))

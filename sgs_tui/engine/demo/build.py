"""`build_demo`: the demo's files in a folder."""

import os
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from sgs_tui.engine.demo.network import PRODUCER, build_network, images
from sgs_tui.engine.dumps.original import make_folder
from sgs_tui.engine.errors import InputError
from sgs_tui.engine.simulate.embedded import EmbeddedFiles, EmbeddedRequest, embedded_run
from sgs_tui.engine.simulate.quantise import Quantisation

_INI = b"""[INPUT_CONFIG]
inputs='data';
training_input_formats=RAWDATA_F32_NHWC;
input_formats=RAWDATA_F32_NHWC;
quantizations=TRUE;

[OUTPUT_CONFIG]
outputs='prob';
dequantizations=TRUE;

[CONV_CONFIG]
"""
"""An ini as the SDK's converter would take it for this model: something to mark INT16 tensors in."""


@dataclass(frozen=True, slots=True)
class DemoFiles:
    """The demo's files: the model, calibration images (.npy), both dumps, ranges, fixed model and an ini."""

    model: Path
    images: tuple[Path, ...]
    float_dump: Path
    fixed_dump: Path
    ranges: Path
    fixed_model: Path
    ini: Path

    @classmethod
    def below(cls, folder: Path) -> "DemoFiles":
        """Where the files are in `folder`."""
        run = EmbeddedFiles.below(folder)
        pictures = tuple(folder / "images" / f"{number}.npy" for number in range(len(images())))
        model, ini = folder / "model.onnx", folder / "input_config.ini"
        return cls(model, pictures, run.float_dump, run.fixed_dump, run.ranges, run.fixed_model, ini)

    def paths(self) -> tuple[Path, ...]:
        """All of them; the model, by which the demo knows its files again, comes last."""
        run = (self.float_dump, self.fixed_dump, self.ranges, self.fixed_model)
        return *self.images, *run, self.ini, self.model


def build_demo(folder: Path, int16: tuple[str, ...] = ()) -> DemoFiles:
    """Build, quantise and dump the demo's network below `folder`; the same numbers on every run.

    `int16`: tensors that get 16 bits; `CULPRIT` alone heals the network. Files of an earlier demo are replaced;
    raises InputError where any other file stands in the way, UsageError for an unknown tensor in `int16`.
    """
    files = DemoFiles.below(folder)
    _check_free(files)
    make_folder(folder / "images")
    with TemporaryDirectory(prefix=".unfinished-", dir=folder) as unfinished:
        made = DemoFiles.below(Path(unfinished))
        _sources(made)
        samples = tuple((image,) for image in made.images)
        request = EmbeddedRequest(made.model, samples, Path(unfinished), quantisation=Quantisation(int16=int16))
        embedded_run(request)
        for path, final in zip(made.paths(), files.paths(), strict=True):
            os.replace(path, final)
    return files


def _check_free(files: DemoFiles) -> None:
    """Raise InputError when a file is there that no earlier demo wrote."""
    taken = next((path for path in files.paths() if path.exists()), None)
    if taken is None or is_demo_model(files.model):
        return
    raise InputError(f"{taken}: is there already, and not from a demo", "name a new folder; nothing is overwritten")


def is_demo_model(model: Path) -> bool:
    """Whether an ONNX file carries the demo's mark (its text is near the end of the file)."""
    return model.is_file() and PRODUCER.encode() in model.read_bytes()


def _sources(files: DemoFiles) -> None:
    import onnx

    make_folder(files.images[0].parent)
    onnx.save(build_network(), files.model)
    for path, values in zip(files.images, images(), strict=True):
        np.save(path, values, allow_pickle=False)
    files.ini.write_bytes(_INI)

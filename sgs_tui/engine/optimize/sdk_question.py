"""What sim_optimizer.py is to search, and the files it works on: all in a folder of ours.

The SDK's tools leave files beside the float model they are given (`*_cmodel_float.sim`) and change it in place when
a quantisation file carries weights; newer ones rewrite the ini. So each gets a link to the model (a copy where the
model would be changed), a copy of the ini, and a list of absolute image paths.
"""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sgs_tui.engine.configs.reading import read_bytes
from sgs_tui.engine.dumps.original import make_folder
from sgs_tui.engine.dumps.records import Stage
from sgs_tui.engine.errors import UsageError
from sgs_tui.engine.files import write_atomically
from sgs_tui.engine.optimize.trials import fingerprint
from sgs_tui.engine.simulate.run_folder import safe_name
from sgs_tui.engine.simulate.sdk import stage_of
from sgs_tui.engine.simulate.sdk_command import is_plain
from sgs_tui.engine.simulate.sdk_images import Sample, samples
from sgs_tui.engine.simulate.sdk_preprocess import preprocess_items
from sgs_tui.engine.simulate.sdk_root import Generation, Sdk
from sgs_tui.engine.text import encode

_MARK = 8


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
    python: str = "python3"
    processes: int = 10
    quant_files: tuple[Path, ...] = ()
    rates: tuple[str, ...] = ()
    fixed: Path | None = None
    timeout: float | None = None
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    def scripts(self) -> tuple[str, ...]:
        """The -n items, at least one; see sdk_preprocess. Raises SgsError."""
        found = preprocess_items(self.preprocess, self.sdk)
        if not found:
            raise UsageError("the SDK's optimizer and calibrator take no image without a script", "give -n PRE.py")
        return found

    def samples(self) -> tuple[Sample, ...]:
        """The calibration samples. Raises SgsError."""
        return samples(self.calibrate, len(self.scripts()))

    def sample(self) -> str:
        """The image argument of the one sample that both stages are dumped on. Raises UsageError for several."""
        if not self.image:
            first = self.samples()[0]
            if len(first.files) > 1:
                raise UsageError("a network with several inputs needs --image", "a list file with one line")
            return str(first.files[0])
        found = samples(self.image, len(self.scripts()))
        if len(found) > 1:
            raise UsageError(f"--image gives {len(found)} samples, candidates are judged on one", "name one image")
        return self.image

    def folder(self, root: Path) -> Path:
        """The folder of exactly this question below `root`. Raises SgsError for what is missing or can not be used."""
        if stage_of(self.model) is not Stage.FLOAT:
            raise UsageError(f"{self.model.name}: sim_optimizer.py takes the float model", "name the *_float.sim")
        scripts = [Path(item) for item in self.scripts() if item.endswith(".py")]
        judged = samples(self.sample(), len(self.scripts()))
        listed = [state_of(file) for sample in (*self.samples(), *judged) for file in sample.files]
        words = [*listed, str(self.sdk.root), self.sdk.version, self.preprocess]
        mark = fingerprint([self.model, self.ini, *scripts, *self.quant_files], words)[:_MARK]
        folder = root.absolute() / f"{safe_name(self.model.stem)}-{mark}"
        if self.sdk.generation is Generation.OLDER and not is_plain(str(folder)):
            message = f"{folder}: the older SDK's tools break on blanks, quotes and brackets in this path"
            raise UsageError(message, "name another folder with --folder")
        return folder


def state_of(path: Path) -> str:
    """A file by its path, size and time: what is too large to be read each time."""
    stat = path.stat()
    return f"{path} {stat.st_size} {stat.st_mtime_ns}"


@dataclass(frozen=True, slots=True)
class SdkFiles:
    """The tools' inputs below the question's folder, and where calibrated models go."""

    model: Path
    ini: Path
    images: Path
    fixed: Path

    def fixed_model(self, label: str) -> Path:
        """Where the model of the candidate `label` goes: a name that tells its stage."""
        stem = self.model.stem.removesuffix("_float")
        return self.fixed / f"{stem}_{safe_name(label)}_fixed.sim"


def prepare_files(question: SdkQuestion, folder: Path, changes_model: bool) -> SdkFiles:
    """Make them, or make them again. `changes_model`: a candidate carries weights. Raises SgsError."""
    stem = safe_name(question.model.name.removesuffix("_float.sim"))
    place = folder / ("model-copy" if changes_model else "model")
    files = SdkFiles(place / f"{stem}_float.sim", folder / "input_config.ini", folder / "images.txt", folder / "fixed")
    for path in (folder, place, files.fixed):
        make_folder(path)
    if changes_model:
        shutil.copyfile(question.model, files.model)
    elif not files.model.is_symlink():
        files.model.symlink_to(question.model)
    write_atomically(files.ini, read_bytes(question.ini))
    lines = (",".join(str(file) for file in sample.files) + "\n" for sample in question.samples())
    write_atomically(files.images, encode("".join(lines)))
    return files

"""Model inputs from images through the user's preprocess module, or from raw .npy files.

A module defines `image_preprocess(path, norm=True)` (NHWC: the SDK's simulator and its ONNX dumper call it) or
`get_image(path, ..., nchw=True)` (what the manual shows, and what the Caffe dumper calls). It runs in a child
process: it may print, hang or crash without touching ours.
"""

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from textwrap import shorten
from threading import Event

import numpy as np

from sgs_tui.engine.dumps.records import AnyArray
from sgs_tui.engine.errors import InputError, RunError, UsageError
from sgs_tui.engine.simulate.preprocess_child import Worker, run_worker
from sgs_tui.engine.text import visible

_WORKER = "preprocess_worker.py"
_SECONDS_PER_IMAGE = 5.0


class Layout(StrEnum):
    """Axis order of 4-D image data."""

    NHWC = "NHWC"
    NCHW = "NCHW"


@dataclass(frozen=True, slots=True)
class Preprocess:
    """How images become arrays: one module for all inputs, one for each, or none (raw .npy files).

    `timeout`: seconds for a child process to do the first image; five more for each further one.
    """

    modules: tuple[Path, ...] = ()
    python: str = sys.executable
    timeout: float = 120.0
    cancel: Event | None = None

    def module(self, position: int, inputs: int) -> Path | None:
        """The module for the model's input number `position` of `inputs`. Raises UsageError."""
        if not self.modules:
            return None
        if len(self.modules) not in (1, inputs):
            raise UsageError(
                f"the model has {inputs} inputs, got {len(self.modules)} preprocess modules",
                "give one for all inputs, or one for each",
            )
        return self.modules[position % len(self.modules)]


@dataclass(frozen=True, slots=True)
class Prepared:
    """One input array on disk and the layout its maker promises (None: a raw file, whatever it holds)."""

    source: Path
    file: Path
    layout: Layout | None

    def load(self) -> AnyArray:
        """The array. Raises InputError when the file is no .npy of numbers."""
        try:
            array: AnyArray = np.load(self.file, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise InputError(
                f"{self.source}: not a .npy array of numbers: {error}", "save it with numpy.save"
            ) from error
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiub":
            raise InputError(f"{self.source}: expected one array of numbers", "save it with numpy.save")
        return array


@contextmanager
def prepared(images: Sequence[Path], module: Path | None, want: Layout, how: Preprocess) -> Iterator[list[Prepared]]:
    """One array for each image, on disk while the block runs, so that hundreds of them need no memory.

    `want` is the layout asked of `get_image`. Raises InputError for missing files, RunError when the module
    fails, hangs, crashes or returns something else than an array of numbers.
    """
    for path in (*images, *([module] if module else [])):
        if not path.is_file():
            raise InputError(f"{path}: no such file", "check the path")
    with tempfile.TemporaryDirectory(prefix="sgs-tui-") as folder:
        if module is None:
            yield [_raw(image) for image in images]
        else:
            yield _through(module, images, want, how, Path(folder))


def _raw(image: Path) -> Prepared:
    if image.suffix.lower() != ".npy":
        raise UsageError(
            f"{image}: without a preprocess module only .npy inputs can be read",
            "name the module that the simulator uses (-n PRE.py)",
        )
    return Prepared(image, image, None)


def _through(module: Path, images: Sequence[Path], want: Layout, how: Preprocess, folder: Path) -> list[Prepared]:
    request = {
        "module": str(module.absolute()),
        "images": [str(image.absolute()) for image in images],
        "folder": str(folder),
        "nchw": want is Layout.NCHW,
    }
    timeout = how.timeout + _SECONDS_PER_IMAGE * max(0, len(images) - 1)
    answer = run_worker(Worker(_WORKER, how.python, timeout, how.cancel), request, str(module))
    if "error" in answer:
        raise _failure(module, answer)
    layout = Layout(str(answer["layout"]))
    return [Prepared(image, folder / f"{number}.npy", layout) for number, image in enumerate(images)]


def _failure(module: Path, answer: dict[str, object]) -> RunError:
    """What went wrong inside the user's module, in one line."""
    place = f"{module}, line {answer['line']}" if answer["line"] else f"{module}"
    image = f" for {Path(str(answer['image'])).name}" if answer["image"] else ""
    error = shorten(visible(" ".join(str(answer["error"]).split())), 300, placeholder=" ...")
    return RunError(f"{place}: {answer.get('function', 'loading it')}{image} failed: {error}", str(answer["printed"]))

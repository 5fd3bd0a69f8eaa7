"""Model inputs from images through the user's preprocess module, or from raw .npy files.

A module defines `image_preprocess(path, norm=True)` (NHWC: the SDK's simulator and its ONNX dumper call it) or
`get_image(path, ..., nchw=True)` (what the manual shows, and what the Caffe dumper calls). It runs in a child
process: it may print, hang or crash without touching ours.
"""

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from textwrap import shorten
from threading import Event
from types import FrameType
from typing import IO

import numpy as np

from sgs_tui.engine.dumps.dtypes import AnyArray
from sgs_tui.engine.errors import CancelledError, InputError, RunError, UsageError, reason
from sgs_tui.engine.files import odd_kind
from sgs_tui.engine.runs.processes import ProcessIdentity, end_group
from sgs_tui.engine.runs.records import ABSENT
from sgs_tui.engine.text import visible
from sgs_tui.language import Message, plural, restored

_KEPT = 4096
_GRACE = 1.0


@dataclass(frozen=True, slots=True)
class Worker:
    """The interpreter to run user_python.py with, and its limits (seconds)."""

    python: str = sys.executable
    timeout: float = 120.0
    cancel: Event | None = None


def run_worker(worker: Worker, request: Mapping[str, object], what: str) -> dict[str, object]:
    """Give `request` to the worker and return its answer; `what` names the job in errors.

    Raises RunError when the interpreter is missing, the time is over or the worker died without an answer;
    CancelledError when asked to stop. Nothing of the worker's process group survives.
    """
    with tempfile.TemporaryDirectory(prefix="sgs-tui-") as folder:
        asked, answer = Path(folder, "request.json"), Path(folder, "answer.json")
        asked.write_text(json.dumps({**request, "answer": str(answer)}), encoding="ascii")
        with ExitStack() as ending:
            with _ends_held():
                process = start_worker(worker, asked, what)
                leader, printed = ProcessIdentity.of(process.pid), Tail(process.stdout)
                ending.callback(_end, process, leader, printed)
            _wait(process, worker, what)
        if not answer.is_file():
            raise left_nothing(what, process.returncode, printed)
        result: dict[str, object] = restored(json.loads(answer.read_text(encoding="utf-8")))
        return result | {"printed": printed.hint()}


def _end(process: subprocess.Popen[bytes], leader: ProcessIdentity, printed: "Tail") -> None:
    end_group(leader, _GRACE)
    process.wait()
    printed.close()


@contextmanager
def _ends_held() -> Iterator[None]:
    """TERM and Ctrl-C count once the block is done, so that no child is forgotten that has just been started."""
    late = list[tuple[int, FrameType | None]]()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    raising = {number: handler for number, handler in handlers.items() if callable(handler)}
    if threading.current_thread() is not threading.main_thread():
        raising = {}  # no handler of a signal runs, or raises, in another one
    for number in raising:
        signal.signal(number, lambda number, frame: late.append((number, frame)))
    try:
        yield
    finally:
        for number, handler in raising.items():
            signal.signal(number, handler)
    for each, frame in late:
        raising[signal.Signals(each)](each, frame)


def start_worker(worker: Worker, request: Path | str, what: str, files: Sequence[int] = ()) -> subprocess.Popen[bytes]:
    """The child that does what is in `request`, in a session of its own; `files` stay open in it. Raises RunError."""
    script = Path(__file__).with_name("user_python.py")
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        return subprocess.Popen(
            [worker.python, str(script), str(request)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
            pass_fds=files,
        )
    except OSError as error:
        raise RunError(
            Message("{what}: cannot run {python}: {reason}", what=what, python=worker.python, reason=reason(error)),
            Message("name another Python"),
        ) from error


def _wait(process: subprocess.Popen[bytes], worker: Worker, what: str) -> None:
    deadline = time.monotonic() + worker.timeout
    while True:
        try:
            process.wait(0.2)
            return
        except subprocess.TimeoutExpired:
            if worker.cancel is not None and worker.cancel.is_set():
                raise CancelledError(Message("{what}: stopped", what=what)) from None
            if time.monotonic() > deadline:
                raise too_slow(what, worker.timeout) from None


def too_slow(what: str, timeout: float) -> RunError:
    """The error of a child that was given so many seconds."""
    hint = Message("it was ended; give it more time or find out where it waits")
    return RunError(Message("{what}: not done after {timeout:g} s", what=what, timeout=timeout), hint)


def left_nothing(what: str, code: int, printed: "Tail") -> RunError:
    """The error of a child that is gone without an answer."""
    if code < 0:
        ending = Message("{what}: crashed with signal {number} and left no result", what=what, number=-code)
    else:
        ending = Message("{what}: ended with exit code {code} and left no result", what=what, code=code)
    return RunError(ending, printed.hint())


class Tail:
    """Drains a pipe in a thread and keeps its end, so that a flood neither blocks the child nor fills us."""

    def __init__(self, pipe: IO[bytes] | None) -> None:
        self._pipe, self._kept, self._lock = pipe, b"", threading.Lock()
        self._thread = threading.Thread(target=self._drain, daemon=True)
        self._thread.start()

    def _drain(self) -> None:
        while self._pipe is not None:
            select.select([self._pipe], (), ())
            with self._lock:
                if not self._take():
                    return

    def _take(self) -> bool:
        """Read what is there; False at the end."""
        if self._pipe is None or not select.select([self._pipe], (), (), 0)[0]:
            return True
        chunk = os.read(self._pipe.fileno(), 1 << 16)
        self._kept = (self._kept + chunk)[-_KEPT:]
        return bool(chunk)

    def forget(self) -> None:
        """Drop what was printed until now, also what waits in the pipe: one read takes all that it holds."""
        with self._lock:
            self._take()
            self._kept = b""

    def close(self) -> None:
        """Wait for the rest; a runaway grandchild that still holds the pipe is not waited for."""
        self._thread.join(_GRACE)
        if self._pipe is not None and not self._thread.is_alive():
            self._pipe.close()

    def hint(self) -> str:
        """The last line it printed, fit to be shown; empty when it printed nothing."""
        lines = [line for line in self._kept.decode("utf-8", "replace").splitlines() if line.strip()]
        return Message("it printed: {line}", line=visible(lines[-1].strip())[-300:]) if lines else ""


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
    cancel: Event | None = field(default=None, metadata=ABSENT)

    def module(self, position: int, inputs: int) -> Path | None:
        """The module for the model's input number `position` of `inputs`. Raises UsageError."""
        if not self.modules:
            return None
        if len(self.modules) not in (1, inputs):
            message = plural(
                inputs,
                "the model has {number} input, got {modules} preprocess modules",
                "the model has {number} inputs, got {modules} preprocess modules",
                modules=len(self.modules),
            )
            raise UsageError(message, Message("give one for all inputs, or one for each"))
        return self.modules[position % len(self.modules)]


@dataclass(frozen=True, slots=True)
class Prepared:
    """One input array on disk and the layout its maker promises (None: a raw file, whatever it holds)."""

    source: Path
    file: Path | IO[bytes]
    layout: Layout | None

    def load(self) -> AnyArray:
        """The array. Raises InputError when the file is no .npy of numbers."""
        hint = Message("save it with numpy.save")
        try:
            array: AnyArray = np.load(self.file, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            # numpy advises to open what may be a pickle all the same
            why = Message("no .npy header, or Python objects") if "pickle" in str(error) else str(error)
            raise InputError(
                Message("{source}: not a .npy array of numbers: {why}", source=self.source, why=why), hint
            ) from error
        except MemoryError as error:
            raise InputError(
                Message("{source}: more values than there is memory for, by its header", source=self.source), hint
            ) from error
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiub":
            raise InputError(Message("{source}: expected one array of numbers", source=self.source), hint)
        return array


@contextmanager
def prepared(images: Sequence[Path], module: Path | None, want: Layout, how: Preprocess) -> Iterator[list[Prepared]]:
    """One array for each image, on disk while the block runs, so that hundreds of them need no memory.

    `want` is the layout asked of `get_image`. Raises InputError for missing files, RunError when the module
    fails, hangs, crashes or returns something else than an array of numbers.
    """
    check_files(images, module)
    if module is None:
        yield [Prepared(image, image, None) for image in images]
        return
    with tempfile.TemporaryDirectory(prefix="sgs-tui-") as folder:
        yield _through(module, images, want, how, Path(folder))


def check_files(images: Sequence[Path], module: Path | None) -> None:
    """Raise InputError for files that are missing, UsageError for images without a module."""
    for path in (*images, *([module] if module else [])):
        if kind := odd_kind(path):
            raise InputError(
                Message("{path}: is {kind}, expected a regular file", path=path, kind=kind), Message("name a file")
            )
        if not path.is_file():
            raise InputError(Message("{path}: no such file", path=path), Message("check the path"))
    raw = [image for image in images if image.suffix.lower() != ".npy"] if module is None else []
    if raw:
        raise _needs_script(raw[0])


def _needs_script(image: Path) -> UsageError:
    message = Message("{path}: without a preprocess module only .npy inputs can be read", path=image)
    return UsageError(message, Message("name the module that the simulator uses (-n PRE.py)"))


def check_scripts(how: Preprocess, inputs: int, samples: Sequence[Sequence[Path]]) -> None:
    """Raise before any sample is read what each of them would fail by: InputError for a script that is missing,
    UsageError for too many scripts or for none where all samples need one."""
    for position in range(inputs):
        check_files([], how.module(position, inputs))
    if samples and not how.modules and all(each.suffix.lower() != ".npy" for sample in samples for each in sample):
        raise _needs_script(samples[0][0])


def _through(module: Path, images: Sequence[Path], want: Layout, how: Preprocess, folder: Path) -> list[Prepared]:
    request = {
        "work": "preprocess",
        "module": str(module.absolute()),
        "images": [str(image.absolute()) for image in images],
        "folder": str(folder),
        "nchw": want is Layout.NCHW,
    }
    timeout = how.timeout + _SECONDS_PER_IMAGE * max(0, len(images) - 1)
    answer = run_worker(Worker(how.python, timeout, how.cancel), request, str(module))
    if "error" in answer:
        raise failure_of(module, answer)
    layout = Layout(str(answer["layout"]))
    return [Prepared(image, folder / f"{number}.npy", layout) for number, image in enumerate(images)]


def failure_of(module: Path, answer: Mapping[str, object]) -> RunError:
    """The error of a module that raised, as user_python.py tells it."""
    place = Message("{module}, line {line}", module=module, line=answer["line"]) if answer["line"] else f"{module}"
    image = Message(" for {name}", name=Path(str(answer["image"])).name) if answer["image"] else ""
    error = answer["error"]
    if not isinstance(error, Message):
        error = shorten(visible(" ".join(str(error).split())), 300, placeholder=" ...")
    return RunError(
        Message(
            "{place}: {function}{image} failed: {error}",
            place=place,
            function=answer.get("function", Message("loading it")),
            image=image,
            error=error,
        ),
        str(answer["printed"]),
    )


@dataclass(frozen=True, slots=True)
class ModelInput:
    """One input of a model; `shape` has no open dimension left."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]


Preparing = Callable[[Sequence[Path], Path | None, Layout, Preprocess], AbstractContextManager[list[Prepared]]]
"""What makes arrays of images: `prepared`, or children that stay."""


def load_inputs(
    wanted: Sequence[ModelInput],
    images: Sequence[Path],
    how: Preprocess,
    layout: Layout = Layout.NCHW,
    preparing: Preparing = prepared,
) -> tuple[dict[str, AnyArray], list[str]]:
    """One array for each model input, and notes on axes that had to be moved. Raises SgsError."""
    check_count(wanted, images)
    feed: dict[str, AnyArray] = {}
    notes = []
    for position, (item, image) in enumerate(zip(wanted, images, strict=True)):
        with preparing([image], how.module(position, len(wanted)), layout, how) as [given]:
            feed[item.name], note = fit_input(given, item, layout)
        notes += [note] if note else []
    return feed, notes


def check_count(wanted: Sequence[ModelInput], images: Sequence[Path]) -> None:
    """Raise UsageError unless there is one file for each model input."""
    if len(images) != len(wanted):
        names = ", ".join(f"{visible(item.name)} {list(item.shape)}" for item in wanted)
        raise UsageError(
            plural(
                len(wanted),
                "the model has {number} input ({names}), got {files}",
                "the model has {number} inputs ({names}), got {files}",
                names=names,
                files=len(images),
            ),
            Message("give one file for each"),
        )


def fit_input(given: Prepared, wanted: ModelInput, want: Layout) -> tuple[AnyArray, str]:
    """`given` as a model input, and a note when its axes had to be moved against its own promise.

    Data that promises another layout than `want` is transposed; where that does not fit the input's shape but the
    data as it stands (or the transposed raw file) does, that is taken. Raises InputError when nothing fits.
    """
    array = given.load()
    axes = (0, 3, 1, 2) if want is Layout.NCHW else (0, 2, 3, 1)
    moved = array.transpose(axes) if array.ndim == 4 else array
    promised_other = given.layout not in (None, want)
    first, second = (moved, array) if promised_other else (array, moved)
    if wanted.shape in (first.shape, second.shape):
        _check_size(array, wanted, given)
    if first.shape == wanted.shape:
        return _typed(first, wanted, given), ""
    name = visible(wanted.name)
    if second.shape == wanted.shape:
        did = Message(
            "{source}: left as it is, since it has the model's {layout} shape (input {name})"
            if promised_other
            else "{source}: transposed to {layout} (input {name})",
            source=given.source,
            layout=want,
            name=name,
        )
        return _typed(second, wanted, given), did
    raise InputError(
        Message(
            "{source}: input {name} wants {wanted}, got {shape}",
            source=given.source,
            name=name,
            wanted=list(wanted.shape),
            shape=list(first.shape),
        ),
        _advice(array, wanted.shape),
    )


def _check_size(array: AnyArray, wanted: ModelInput, given: Prepared) -> None:
    """Raise InputError for numbers that a float type of the model can not hold: they would become infinities."""
    if wanted.dtype.kind != "f" or array.dtype == wanted.dtype:
        return
    with np.errstate(over="ignore"):
        beyond = np.isinf(array.astype(wanted.dtype)) & np.isfinite(array)
    if not beyond.any():
        return
    place = tuple(int(each[0]) for each in np.nonzero(np.atleast_1d(beyond)))
    what = Message(
        "{source}: input {name}: {number} of {size} values are beyond {type}, whose largest is {largest:.9g}; the "
        "first is {value:.9g} at {place}",
        source=given.source,
        name=visible(wanted.name),
        number=int(np.count_nonzero(beyond)),
        size=array.size,
        type=str(wanted.dtype),
        largest=float(np.finfo(str(wanted.dtype)).max),
        value=float(np.atleast_1d(array)[place]),
        place=list(place),
    )
    raise InputError(what, Message("look where that number comes from: is the picture scaled, or divided by nearly 0?"))


def _typed(array: AnyArray, wanted: ModelInput, given: Prepared) -> AnyArray:
    """The array in the model's type; fractions that an integer type would cut off are an error."""
    with np.errstate(invalid="ignore", over="ignore"):
        typed = array.astype(wanted.dtype, order="C", copy=False)  # ascontiguousarray would make a scalar 1-d
    if wanted.dtype.kind in "iu" and not np.array_equal(typed, array):
        odd = array[np.asarray(typed != array)].reshape(-1)[0]
        what = Message(
            "{source}: input {name} takes {type}, got values that do not fit, such as {odd:g}",
            source=given.source,
            name=visible(wanted.name),
            type=str(wanted.dtype),
            odd=float(odd),
        )
        raise InputError(what, Message("the preprocess module has to return the model's own codes"))
    return typed


def _advice(array: AnyArray, shape: tuple[int, ...]) -> str:
    if not shape:
        return Message("a scalar is wanted: numpy.save(path, numpy.array(16000)), without brackets around the number")
    if array.ndim == len(shape) - 1:
        return Message("the batch axis is missing: numpy.expand_dims(image, 0)")
    return Message("a wrong size gives wrong numbers without a word in the simulator; check the preprocess module")

"""Preprocess modules in children that stay: loaded once, then asked for one picture after the other.

A picture that fails (it raises, hangs, exits, crashes) takes its child with it, and the next one gets a new child: so a
failure costs one picture, and what was printed is known to be its own. A child whose parent is gone ends by itself.

Apart because `preprocess` starts a child for each job, which is what a single run wants: nothing of it stays.
"""

import json
import os
import select
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import TimeoutExpired
from threading import Lock
from typing import IO

from sgs_tui.engine.backends.preprocess import (
    Layout,
    Prepared,
    Preprocess,
    Tail,
    Worker,
    check_files,
    failure_of,
    left_nothing,
    prepared,
    start_worker,
    too_slow,
)
from sgs_tui.engine.errors import CancelledError
from sgs_tui.engine.runs.processes import ProcessIdentity, end_group
from sgs_tui.language import Message, restored

_LOOK = 0.1
_GRACE = 1.0


class Children:
    """One child a module; what `load_inputs` takes for its `preparing`. Threads wait for each other."""

    def __init__(self) -> None:
        self._running: dict[tuple[Path, Layout], _Child] = {}
        self._lock = Lock()

    @contextmanager
    def __call__(
        self, images: Sequence[Path], module: Path | None, want: Layout, how: Preprocess
    ) -> Iterator[list[Prepared]]:
        """As `prepared`, of one image at a time. Raises as that does."""
        if module is None or len(images) != 1:
            with prepared(images, module, want, how) as found:
                yield found
            return
        check_files(images, module)
        with self._lock:
            child = self._running.pop((module, want), None) or _Child(module, want, how)
            try:
                given = child.array(images[0], how)
            except BaseException:
                child.end()
                raise
            self._running[module, want] = child
            yield [given]

    def close(self) -> None:
        """End them."""
        with self._lock:
            while self._running:
                self._running.popitem()[1].end()


class _Child:
    """A running child: it is asked and answers in lines, through pipes; arrays come in an open file without a name."""

    def __init__(self, module: Path, want: Layout, how: Preprocess) -> None:
        self._module, self._what = module, str(module)
        (asked, ask), (answer, answered) = os.pipe(), os.pipe()
        self._array: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by end()
        self._ask, self._answer = os.fdopen(ask, "wb", 0), os.fdopen(answer, "rb", 0)
        files = {"asked": asked, "answered": answered, "array": self._array.fileno()}
        try:
            self._process = start_worker(Worker(how.python), f"fd:{asked}", self._what, tuple(files.values()))
        except BaseException:
            self._close()
            raise
        finally:
            os.close(asked)
            os.close(answered)
        self._leader, self._printed = ProcessIdentity.of(self._process.pid), Tail(self._process.stdout)
        self._tell({"work": "serve", "module": str(module.absolute()), "nchw": want is Layout.NCHW, **files})

    def array(self, image: Path, how: Preprocess) -> Prepared:
        """The image's array. Raises RunError, CancelledError; then this child is of no more use."""
        self._printed.forget()
        self._tell({"image": str(image.absolute())})
        line = self._line(how)
        if line is None:
            with suppress(TimeoutExpired):  # it ends by itself, and that is its ending
                self._process.wait(_GRACE)
            self.end()
            raise left_nothing(self._what, self._process.returncode, self._printed)
        answer = restored(json.loads(line))
        if "error" in answer:
            self.end()
            raise failure_of(self._module, {**answer, "printed": self._printed.hint()})
        self._array.seek(0)
        return Prepared(image, self._array, Layout(str(answer["layout"])))

    def _tell(self, what: Mapping[str, object]) -> None:
        with suppress(BrokenPipeError):  # it is gone: no answer will come
            self._ask.write(json.dumps(what).encode("ascii") + b"\n")

    def _line(self, how: Preprocess) -> bytes | None:
        """What it answers; None where it is gone. Raises RunError where it takes too long, CancelledError."""
        deadline, found = time.monotonic() + how.timeout, b""
        while not found.endswith(b"\n"):
            gone = self._process.poll() is not None
            if select.select([self._answer], (), (), 0.0 if gone else _LOOK)[0]:
                piece = self._answer.read(1 << 16)
                if not piece:
                    return None
                found += piece
            elif gone:  # what it started may hold the pipe
                return None
            elif how.cancel is not None and how.cancel.is_set():
                raise CancelledError(Message("{what}: stopped", what=self._what))
            elif time.monotonic() > deadline:
                raise too_slow(self._what, how.timeout)
        return found

    def end(self) -> None:
        """End it and all that it started; more than once does no harm."""
        end_group(self._leader, _GRACE)
        self._process.wait()
        self._printed.close()
        self._close()

    def _close(self) -> None:
        for file in (self._ask, self._answer, self._array):
            file.close()

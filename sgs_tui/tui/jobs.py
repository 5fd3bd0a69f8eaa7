"""Work in the background, and the messages that everybody knows.

A job is a daemon thread that turns an engine generator into messages. Textual's own thread workers are joined at
exit, which makes quitting wait for the slowest read of a bad network drive. A `Job` is told to stop and then no
longer listened to: quitting is instant, and a late message of a cancelled job is dropped.

Messages are values: nobody changes one after it was posted.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from threading import Event, Thread
from typing import TypeVar

from textual.message import Message

from sgs_tui.engine.errors import CancelledError, SgsError


@dataclass
class JobFailed(Message):
    """A job ended with an error that the user can act on."""

    job: str
    text: str
    hint: str


@dataclass
class JobCrashed(Message):
    """A job met a defect of ours."""

    job: str
    error: Exception


@dataclass
class Found(Message):
    """A job has an answer for whoever began it, unless it was cancelled meanwhile."""

    tell: Callable[[], object]
    cancelled: Event


@dataclass
class Said(Message):
    """Something worth a line in the log and in the status line; `level` is `info`, `warn` or `fail`."""

    text: str
    level: str = "info"
    hint: str = ""


@dataclass
class Flash(Message):
    """One line for the status line, gone at the next key."""

    text: str
    level: str = "info"


@dataclass
class LayerMoved(Message):
    """The cursor of the layer table stands on another layer (its pair number), or on none."""

    number: int | None


@dataclass
class LayerWanted(Message):
    """Put the cursor of the layer table on the layer of that name; `leave`: and go there."""

    name: str
    leave: bool


@dataclass
class MarksChanged(Message):
    """Other tensors are wanted in INT16 (`marked`), or not, whatever is advised (`unmarked`)."""

    marked: tuple[str, ...]
    unmarked: tuple[str, ...]


@dataclass
class CopyAsked(Message):
    """Put this text into the clipboard."""

    text: str


@dataclass
class LayersShown(Message):
    """What the layer table shows changed (rows, filter, order)."""


Answer = TypeVar("Answer")
Work = Callable[[Event], Iterator[Message]]
Post = Callable[[Message], object]


class Job:
    """One piece of background work; its messages arrive through `post` until it ends or is cancelled."""

    def __init__(self, name: str, work: Work, post: Post) -> None:
        self._work, self._post, self._name = work, post, name
        self._cancel = Event()
        self._thread = Thread(target=self._run, name=f"sgs-{name}", daemon=True)

    def start(self) -> "Job":
        """Begin; returns itself."""
        self._thread.start()
        return self

    def cancel(self) -> None:
        """Ask the work to stop; from now on none of its messages is delivered."""
        self._cancel.set()

    @property
    def running(self) -> bool:
        """It has not ended, and nobody asked it to."""
        return self._thread.is_alive() and not self._cancel.is_set()

    def wait(self, timeout: float | None = None) -> None:
        """Until the thread ends."""
        self._thread.join(timeout)

    def _run(self) -> None:
        try:
            for message in self._work(self._cancel):
                self._deliver(message)
                if self._cancel.is_set():
                    return
        except CancelledError:
            return
        except SgsError as error:
            self._deliver(JobFailed(self._name, error.message, error.hint))
        except Exception as error:  # a defect of ours: the app ends with a crash report
            self._deliver(JobCrashed(self._name, error))

    def _deliver(self, message: Message) -> None:
        if not self._cancel.is_set():
            self._post(message)


class Jobs:
    """One job a name; starting another one of that name cancels it."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._jobs: dict[str, Job] = {}

    def start(self, name: str, work: Work) -> Job:
        """Begin."""
        self.cancel(name)
        self._jobs[name] = job = Job(name, work, self._post).start()
        return job

    def run(self, name: str, work: Callable[[Event], Answer], then: Callable[[Answer], object] | None = None) -> Job:
        """Begin a job that finds one thing out; `then` takes it, on the screen's side, unless the job is cancelled."""
        return self.start(name, partial(_found, work, then))

    def cancel(self, name: str) -> bool:
        """Ask it to stop; whether it was running."""
        job = self._jobs.get(name)
        running = job is not None and job.running
        if job is not None:
            job.cancel()
        return running

    def close(self) -> None:
        """Stop everything; nobody waits for it."""
        for job in self._jobs.values():
            job.cancel()


def _found(
    work: Callable[[Event], Answer], then: Callable[[Answer], object] | None, cancel: Event
) -> Iterator[Message]:
    answer = work(cancel)
    if then is not None:
        yield Found(partial(then, answer), cancel)

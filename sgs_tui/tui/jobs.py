"""Work in the background: a daemon thread that turns an engine generator into messages.

Textual's own thread workers are joined at exit, which makes quitting wait for the slowest read of a bad network
drive. A `Job` is told to stop and then no longer listened to: quitting is instant, and a late message of a
cancelled job is dropped.
"""

from collections.abc import Callable, Iterator
from threading import Event, Thread

from textual.message import Message

from sgs_tui.engine.errors import CancelledError, SgsError
from sgs_tui.tui.messages import JobCrashed, JobFailed

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
        """Until the thread ends (for tests)."""
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

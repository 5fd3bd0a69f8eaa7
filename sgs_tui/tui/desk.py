"""Background jobs that live as long as the app, whatever is compared meanwhile."""

from collections.abc import Callable, Iterator
from threading import Event

from textual.message import Message

from sgs_tui.tui.jobs import Job, Post


class Desk:
    """One job a name; starting another one of that name cancels it."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._jobs: dict[str, Job] = {}

    def start(self, name: str, work: Callable[[Event], Iterator[Message]]) -> None:
        """Begin; a running job of that name is cancelled."""
        self.cancel(name)
        self._jobs[name] = Job(name, work, self._post).start()

    def cancel(self, name: str) -> None:
        """Ask it to stop, if it runs."""
        if name in self._jobs:
            self._jobs[name].cancel()

    def close(self) -> None:
        """Stop everything; nobody waits for it."""
        for job in self._jobs.values():
            job.cancel()

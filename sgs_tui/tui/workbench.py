"""The comparison on the bench: its dumps, and the background jobs that work on it. No widget in here."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import partial
from threading import Event, Thread

from textual.message import Message

from sgs_tui.engine.compare.histogram import LayerHistogram
from sgs_tui.engine.compare.results import LayerDiff, Summary
from sgs_tui.engine.configs.profiles import Profile
from sgs_tui.engine.session import CompareRequest, Comparison, with_profile
from sgs_tui.tui.jobs import Job, Post
from sgs_tui.tui.tasks.closeups import CloseupDone, HistogramCounted, Wanted, channels, histogram
from sgs_tui.tui.tasks.comparing import compare, run

REMEMBERED = 256
"""Histograms kept: 100 KB each."""
ABOUT_DUMPS = frozenset({"compare", "histogram", "channels", "watch", "diagnosis", "advice", "baseline"})
"""Jobs that mean nothing any more when other dumps are compared."""


class Workbench:
    """Starts jobs and keeps what they delivered. `post` takes their messages to the screen."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self.request: CompareRequest | None = None
        self.comparison: Comparison | None = None
        self.summary: Summary | None = None
        self._jobs: dict[str, Job] = {}
        self._histograms: OrderedDict[Wanted, LayerHistogram] = OrderedDict()
        self._closeups: OrderedDict[int, CloseupDone] = OrderedDict()
        self._looking_at: tuple[int, Comparison] | None = None

    # --- comparing

    def compare(self, request: CompareRequest) -> None:
        """Open and compare these dumps in place of the present ones."""
        self._forget()
        self.request = request
        self.start("compare", partial(compare, request))

    def judge_by(self, profile: Profile) -> bool:
        """The same dumps under another profile; False where there are none."""
        if self.comparison is None:
            return False
        self._cancel("compare")
        self.comparison, self.summary = with_profile(self.comparison, profile), None
        self.request = self.comparison.request
        self._histograms.clear()
        self.start("compare", partial(run, self.comparison))
        return True

    def opened(self, comparison: Comparison) -> bool:
        """The running job opened both dumps; False when others have been asked for since."""
        if not self.is_wanted(comparison):
            comparison.close()
            return False
        self.comparison = comparison
        return True

    def finished(self, summary: Summary) -> None:
        """Every row is there."""
        self.summary = summary

    def failed(self) -> None:
        """The dumps could not be opened or compared."""
        if self.comparison is None:
            self.request = None

    def stop(self) -> bool:
        """Stop comparing or explaining; what is there stays. Whether anything was running."""
        running = self.comparing or ("diagnosis" in self._jobs and self._jobs["diagnosis"].running)
        self._cancel("compare")
        self._cancel("diagnosis")
        return running

    @property
    def comparing(self) -> bool:
        """Rows are still to come."""
        return "compare" in self._jobs and self._jobs["compare"].running and self.summary is None

    def is_wanted(self, comparison: Comparison) -> bool:
        """Whether it is what was asked for last."""
        return comparison.request is self.request

    def is_current(self, comparison: Comparison) -> bool:
        """Whether a message is about the dumps on the bench."""
        return self.comparison is comparison

    # --- looking closer

    def look(self, row: LayerDiff, wanted: Wanted) -> None:
        """Deliver that histogram (at once where it is remembered) and the layer's channels and worst elements."""
        if self.comparison is None or row.metrics is None:
            return
        if (counted := self._histograms.get(wanted)) is not None:
            self._cancel("histogram")
            self._post(HistogramCounted(self.comparison, wanted, counted))
        else:
            self.start("histogram", partial(histogram, self.comparison, row, wanted))
        if (done := self._closeups.get(wanted.number)) is not None:
            self._post(done)
        elif self._looking_at != (wanted.number, self.comparison):
            self.start("channels", partial(channels, self.comparison, row))
        self._looking_at = (wanted.number, self.comparison)

    def remember(self, message: HistogramCounted | CloseupDone) -> None:
        """Keep what was counted for the next visit."""
        if isinstance(message, HistogramCounted):
            self._histograms[message.wanted] = message.histogram
            if len(self._histograms) > REMEMBERED:
                self._histograms.popitem(last=False)
        else:
            self._closeups[message.number] = message
            if len(self._closeups) > REMEMBERED:
                self._closeups.popitem(last=False)

    # --- jobs

    def start(self, name: str, work: Callable[[Event], Iterator[Message]]) -> None:
        """Begin a job; one of that name that still runs is cancelled."""
        self._cancel(name)
        self._jobs[name] = Job(name, work, self._post).start()

    def close(self) -> None:
        """Stop everything; nobody waits for it."""
        for job in self._jobs.values():
            job.cancel()
        self._forget()

    def _cancel(self, name: str) -> None:
        if name in self._jobs:
            self._jobs[name].cancel()

    def _forget(self) -> None:
        """Drop the present dumps; their files are closed when the last job has let go of them."""
        jobs, old = [job for name, job in self._jobs.items() if name in ABOUT_DUMPS], self.comparison
        for job in jobs:
            job.cancel()
        self.comparison = self.summary = self._looking_at = None
        self._histograms.clear()
        self._closeups.clear()
        if old is not None:
            Thread(target=_close_after, args=(jobs, old), daemon=True).start()


def _close_after(jobs: list[Job], comparison: Comparison) -> None:
    """A descriptor closed under a reading thread could by then belong to another file."""
    for job in jobs:
        job.wait()
    comparison.close()

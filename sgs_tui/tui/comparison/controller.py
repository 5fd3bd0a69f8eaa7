"""The screen's half that compares: two dumps on the workbench, rows into the table, closeups into the panes."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from threading import Event, Thread
from time import monotonic

from textual import events, on
from textual.message import Message
from textual.timer import Timer

from sgs_tui.engine.compare.histogram import LayerHistogram
from sgs_tui.engine.compare.limits import Profile
from sgs_tui.engine.compare.results import LayerDiff, Pair, Summary
from sgs_tui.engine.events import LogLine, Progress, Row
from sgs_tui.engine.numbers import count
from sgs_tui.engine.session import CompareRequest, Comparison, open_comparison, summarize, with_profile
from sgs_tui.tui.details.pane import DetailsPane
from sgs_tui.tui.frame.panes_screen import PanesScreen
from sgs_tui.tui.histogram.jobs import CloseupDone, HistogramCounted, Wanted, channels, histogram
from sgs_tui.tui.histogram.pane import HistogramNeeded, HistogramPane, LayerStep
from sgs_tui.tui.jobs import (
    ComparisonFinished,
    ComparisonOpened,
    Flash,
    Job,
    JobCrashed,
    JobFailed,
    LayerMoved,
    LayersShown,
    Post,
    RowsArrived,
    Said,
)
from sgs_tui.tui.layers.pane import LayersPane
from sgs_tui.tui.layers.view import SIGNS
from sgs_tui.tui.log.pane import LogPane
from sgs_tui.tui.text import Line, Span, clip, cut, span, width

# The title line and the status line.

ROOMY = 72
"""Below so many cells the profile gives way to the names of the dumps."""


def title(request: CompareRequest | None, summary: Line, cells: int) -> Line:
    """Which dumps, judged by what, and how it stands."""
    if request is None:
        return (Span(" sgs-tui", "strong"), Span("  no dumps chosen", "muted"))
    right: Line = (*summary, Span(" "))
    if cells >= ROOMY:
        right = (span(request.profile.name, "muted"), Span("  "), *right)
    room = max(8, (cells - width(right) - 12) // 2)
    sample, benchmark = shown_names(request.sample, request.benchmark)
    left: Line = (
        Span(" " + cut(sample, room), "sample"),
        Span(" against ", "muted"),
        Span(cut(benchmark, room), "benchmark"),
    )
    return (*left, Span(" " * max(2, cells - width(left) - width(right))), *right)


def shown_names(sample: Path, benchmark: Path) -> tuple[str, str]:
    """File names, with their folders where the names alone would be the same."""
    if sample.name != benchmark.name:
        return sample.name, benchmark.name
    return f"{sample.parent.name}/{sample.name}", f"{benchmark.parent.name}/{benchmark.name}"


def status(pair: Pair | None, row: LayerDiff | None, cells: int) -> Line:
    """The layer under the cursor in a line: its whole name as far as it fits, and what is wrong with it."""
    if pair is None:
        return ()
    if row is None:
        return (Span("   " + cut(pair.name, cells - 4), "muted"),)
    sign = SIGNS[row.verdict]
    reason = "; ".join(row.reasons)
    name = cut(pair.name, max(20, cells - 6 - min(len(reason), cells // 2)))
    return (
        Span(f" {sign.text} ", sign.tone),
        Span(name, "strong"),
        Span("  " + clip(reason, max(0, cells - 6 - width((Span(name),)))), sign.tone or "muted"),
    )


# Opening and comparing two dumps, as messages.

PERIOD = 0.25
"""Seconds between two batches of rows: four repaints a second look alive and cost a slow line little."""


def compare(request: CompareRequest, cancel: Event) -> Iterator[Message]:
    """Open, match, then rows in batches."""
    comparison = open_comparison(request)
    yield ComparisonOpened(comparison)
    yield from run(comparison, cancel)


def run(comparison: Comparison, cancel: Event) -> Iterator[Message]:
    """The rows of an open comparison, batched by time; the first as soon as it is there."""
    every: list[LayerDiff] = []
    sent, done, total = 0, 0, sum(pair.size for pair in comparison.matching.pairs)
    due = 0.0
    for event in comparison.run(cancel):
        if isinstance(event, Row):
            every.append(event.value)
        elif isinstance(event, LogLine):
            yield Said(event.text, "warn")
        elif isinstance(event, Progress) and monotonic() >= due:
            done, due = event.done, monotonic() + PERIOD
            yield RowsArrived(comparison, tuple(every[sent:]), done, total)
            sent = len(every)
    yield RowsArrived(comparison, tuple(every[sent:]), total, total)
    yield ComparisonFinished(comparison, summarize(every, comparison.matching))


# The comparison on the bench: its dumps, and the background jobs that work on it. No widget in here.

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


REST = 0.12
"""Seconds that the cursor rests on a layer before histogram and details follow: a held key sends only the table."""

_SIGNS = {"fail": Span("✗ ", "fail"), "warn": Span("! ", "warn")}


class BenchScreen(PanesScreen):
    """Owns the workbench and the panes that show a comparison."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Workbench(self.post_message)
        self.layers_pane = LayersPane()
        self.histogram_pane = HistogramPane()
        self.details_pane = DetailsPane()
        self.log_pane = LogPane()
        self._rest: Timer | None = None
        self.come_back_to = ""
        self._status_of: tuple[Pair | None, LayerDiff | None] = (None, None)

    # --- the comparison

    def compare(self, request: CompareRequest) -> None:
        """Compare these dumps; the cursor comes back to the layer it is on."""
        self.come_back_to = self.layer_name or self.come_back_to
        self.bench.compare(request)
        self.show_title()

    def judge_by(self, profile: Profile) -> None:
        """The same dumps under other limits."""
        if self.bench.judge_by(profile):
            self.layers_pane.start(self.layers_pane.model.pairs, self.layer_name)
            self.show_title()

    @property
    def layer_name(self) -> str:
        """The layer under the cursor."""
        number = self.layers_pane.number
        return "" if number is None else self.layers_pane.model.pairs[number].name

    @on(ComparisonOpened)
    def take_comparison(self, event: ComparisonOpened) -> None:
        """Both dumps are open: every layer gets its row at once, figures follow."""
        if not self.bench.opened(event.comparison):
            return
        self.layers_pane.start(event.comparison.matching.pairs, self.come_back_to)
        matching = event.comparison.matching
        found = f"{count(len(matching.pairs), 'layer')} in both dumps, {len(matching.unmatched)} outputs unmatched"
        self.log_pane.add(found, "info" if matching.pairs else "fail", "" if matching.pairs else "u says why")
        if not matching.pairs:
            self.flash(Flash("the dumps share no layer that can be compared: u says why", "fail"))
        self.show_title()

    @on(RowsArrived)
    def take_rows(self, event: RowsArrived) -> None:
        """Some rows are ready."""
        if self.bench.is_current(event.comparison):
            progress = "" if event.done >= event.total else f"{100 * event.done // event.total:2} %"
            self.layers_pane.add(event.rows, progress)
            self.show_title()

    @on(ComparisonFinished)
    def take_summary(self, event: ComparisonFinished) -> None:
        """All rows are ready."""
        if self.bench.is_current(event.comparison):
            self.bench.finished(event.summary)
            summary = event.summary
            self.log_pane.add(f"compared: {summary.failed} of {count(summary.layers, 'layer')} fail")
            self.show_title()

    @on(LayersShown)
    def show_title(self) -> None:
        """The title line as things stand."""
        opening = self.bench.comparison is None
        summary = (Span("opening ...", "muted"),) if opening else self.layers_pane.summary()
        self.title_bar.say(title(self.bench.request, summary, self.size.width))

    def on_resize(self, event: events.Resize) -> None:
        """The title is made for a width (Textual calls the panes' half as well)."""
        self.call_after_refresh(self.show_title)

    # --- the layer under the cursor

    @on(LayerMoved)
    def rest_on_layer(self) -> None:
        """Wait until the cursor rests."""
        if self._rest is not None:
            self._rest.stop()
        self._rest = self.set_timer(REST, self.follow_layer)

    def follow_layer(self) -> None:
        """Histogram, details and status line show the layer under the cursor."""
        number, row = self.layers_pane.number, self.layers_pane.row
        pair = None if number is None else self.layers_pane.model.pairs[number]
        self.histogram_pane.show_layer(pair, row)
        if self.bench.request is not None:
            self.details_pane.show_layer(pair, row, self.bench.request.profile)
        if (pair, row) != self._status_of:
            self._show_status()
        if row is not None and self.histogram_pane.wanted is not None:
            self.bench.look(row, self.histogram_pane.wanted)

    @on(HistogramNeeded)
    def count_histogram(self, event: HistogramNeeded) -> None:
        """Another zoom or channel of the same layer."""
        row = self.layers_pane.model.rows[event.wanted.number]
        if row is not None:
            self.bench.look(row, event.wanted)

    @on(HistogramCounted)
    def take_histogram(self, event: HistogramCounted) -> None:
        """Show what was counted, if it is still wanted."""
        if self.bench.is_current(event.comparison):
            self.bench.remember(event)
            self.histogram_pane.show_counted(event.wanted, event.histogram)

    @on(CloseupDone)
    def take_closeup(self, event: CloseupDone) -> None:
        """Channels and worst elements."""
        if self.bench.is_current(event.comparison):
            self.bench.remember(event)
            if event.number == self.layers_pane.number:
                self.histogram_pane.show_channels(event.channels, event.why_no_channels)
                self.details_pane.show_worst(event.worst)

    @on(LayerStep)
    def step_layer(self, event: LayerStep) -> None:
        """The histogram's keys walk the table."""
        self.layers_pane.walk(event.step)
        self.follow_layer()

    # --- what is said

    @on(Said)
    def take_said(self, event: Said) -> None:
        """Into the log; the last word also into the status line."""
        self.log_pane.add(event.text, event.level, event.hint)
        self.flash(Flash(event.text, event.level))

    @on(JobFailed)
    def take_failure(self, event: JobFailed) -> None:
        """A job met something that the user can act on."""
        self.log_pane.add(event.text, "fail", event.hint)
        self.flash(Flash(f"{event.text}: {event.hint}" if event.hint else event.text, "fail"))
        if event.job == "compare":
            self.bench.failed()
            self.show_title()

    @on(JobCrashed)
    def take_crash(self, event: JobCrashed) -> None:
        """A defect of ours, met in the background, ends the app as one met here would."""
        raise event.error

    @on(Flash)
    def flash(self, event: Flash) -> None:
        """A short word in the status line."""
        sign = _SIGNS.get(event.level, Span("  "))
        if event.text:
            self.say((Span(" "), sign, span(event.text)))
        else:
            self._show_status()

    def _show_status(self) -> None:
        number = self.layers_pane.number
        pair = None if number is None else self.layers_pane.model.pairs[number]
        self._status_of = (pair, self.layers_pane.row)
        self.say(status(pair, self.layers_pane.row, self.size.width))

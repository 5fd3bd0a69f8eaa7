"""The comparison: which two dumps, judged by what, and everything that is known of them so far. It has no pane.

Every feature reads this state; jobs that only make sense while these dumps are compared are begun here.
"""

import gc
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Event, Thread

from sgs_tui.engine.compare.limits import BUILT_IN, MANUAL, judged
from sgs_tui.engine.compare.results import LayerDiff, Summary, Verdict
from sgs_tui.engine.diagnosis.results import Diagnosis
from sgs_tui.engine.requantize.propose import network_folders
from sgs_tui.engine.session import CompareRequest, Comparison, with_profile, with_ranges_beside
from sgs_tui.language import _
from sgs_tui.tui.comparison.jobs import (
    ComparisonAsked,
    ComparisonFinished,
    ComparisonOpened,
    ComparisonRejudged,
    DiagnosisChanged,
    PicksChanged,
    RowsArrived,
    compare,
    rows,
)
from sgs_tui.tui.comparison.view import Picks
from sgs_tui.tui.frame.controller import Controller, Host, does, hears
from sgs_tui.tui.jobs import Answer, Job, JobFailed, Work
from sgs_tui.tui.settings import Start

COMPARING = "compare"


class ComparisonController(Controller):
    """Holds the dumps that are compared. `layer`: the name of the one under the cursor of the table."""

    def __init__(self, host: Host, start: Start) -> None:
        super().__init__(host)
        self._start = start
        self.picks = Picks.of(start)
        self.network: Path | None = None
        """The folder that the user named as the network's."""
        self.request: CompareRequest | None = self.picks.request
        self.current: Comparison | None = None
        self.summary: Summary | None = None
        self.diagnosis: Diagnosis | None = None
        self.diagnosing = False
        self.layer = ""
        self._rows: dict[int, LayerDiff] = {}
        self._jobs: dict[str, Job] = {}
        self._before: list[Picks] = []

    # --- what is known

    @property
    def rows(self) -> list[LayerDiff]:
        """The layers that are compared by now, as in the network."""
        return [self._rows[number] for number in sorted(self._rows)]

    @property
    def comparing(self) -> bool:
        job = self._jobs.get(COMPARING)
        return job is not None and job.running and self.summary is None

    @property
    def network_folders(self) -> tuple[Path, ...]:
        """Where sgs-tui.toml and input_config.ini may be: as chosen, by the sample, where the app was started."""
        found = network_folders(self.picks.sample, self._start.folder)
        return found if self.network is None else (self.network, *found)

    def is_current(self, comparison: Comparison) -> bool:
        """Whether a message is about the dumps that are compared now."""
        return self.current is comparison

    def row(self, number: int) -> LayerDiff | None:
        return self._rows.get(number)

    # --- what is compared

    def pick(self, picks: Picks) -> None:
        """Other files; with both dumps there the comparison begins, and the one before can be had back."""
        if self.request is not None and picks.request not in (None, self.picks.request):
            self._before.append(self.picks)
        self.picks = picks
        self.host.post_message(PicksChanged())
        if picks.request is not None:
            self.compare(picks.request)

    @does("dumps.undo", "runs.undo", "pictures.undo")
    def undo(self) -> None:
        """Compare again what was compared before."""
        if not self._before:
            self.host.flash(_("nothing was compared before these dumps"), "warn")
            return
        self.picks = self._before.pop()
        self.host.post_message(PicksChanged())
        if self.picks.request is not None:
            self.compare(self.picks.request)
            self.host.flash(_("back to {words}", words=self.picks.words))

    @property
    def before(self) -> str:
        """What `undo` would go back to."""
        return self._before[-1].words if self._before else ""

    def compare(self, request: CompareRequest) -> None:
        """Open and compare these dumps in place of the present ones."""
        self.close()
        self.request = request
        self.host.post_message(ComparisonAsked(request))
        self.begin(COMPARING, partial(compare, request))
        self.host.show_title()

    def begin_with_picks(self) -> None:
        """What the command line chose, with the calibration file that lies beside the dumps."""
        if (request := self.picks.request) is not None:
            request, word = with_ranges_beside(request)
            self.picks = replace(self.picks, ranges=request.ranges)
            if word:
                self.host.note(word, hint="" if request.ranges is None else _("enter on it in pane 3 leaves it out"))
            self.pick(self.picks)

    @does("app.profile")
    def next_profile(self) -> None:
        own = self._start.profile or MANUAL
        profiles = {**BUILT_IN, own.name: own}
        names = list(profiles)
        following = profiles[names[(names.index(self.picks.profile.name) + 1) % len(names)]]
        self.picks = replace(self.picks, profile=following)
        if self.current is not None:
            self._judge(with_profile(self.current, following))
        self.host.flash(_("judged by the limits: {name}", name=following.name))

    def _judge(self, comparison: Comparison) -> None:
        """Figures are the same under any profile: nothing is read again; a diagnosis is closer where layers fail."""
        for job in self._jobs.values():
            job.cancel()
        self.current, self.request = comparison, comparison.request
        known, profile = self.rows, comparison.request.profile
        closer = not _failing(known) and _failing([judged(row, profile) for row in known])
        diagnosis = None if closer else self.diagnosis
        self._forget_results()
        self.host.post_message(ComparisonRejudged(comparison))
        if diagnosis is not None:
            recovered = tuple(replace(each, row=judged(each.row, profile)) for each in diagnosis.recovered)
            self.explain(replace(diagnosis, recovered=recovered))
        self.begin(COMPARING, partial(rows, comparison, known=known))

    def stop(self) -> bool:
        """Stop comparing; rows that are there stay. Whether it was going on."""
        comparing = self.comparing
        self.host.jobs.cancel(COMPARING)
        if comparing and self.current is None:
            self.host.post_message(JobFailed(COMPARING, _("stopped while opening"), _("R opens the dumps again")))
        return comparing

    def explain(self, diagnosis: Diagnosis | None, diagnosing: bool = False) -> None:
        """The cause of it all is known, or not (yet)."""
        self.diagnosis, self.diagnosing = diagnosis, diagnosing
        if self.summary is not None and not diagnosing:
            gc.freeze()  # all of it stays: searched for garbage among it, now and then a key took 0.03 s longer
        self.host.post_message(DiagnosisChanged())

    # --- what the job tells

    @hears(ComparisonOpened)
    def take_opened(self, event: ComparisonOpened) -> None:
        """Both dumps are open, unless others have been asked for since."""
        if event.comparison.request is self.request:
            self.current = event.comparison
        else:
            event.comparison.close()

    @hears(RowsArrived)
    def take_rows(self, event: RowsArrived) -> None:
        if self.is_current(event.comparison):
            self._rows.update((row.pair.number, row) for row in event.rows)

    @hears(ComparisonFinished)
    def take_summary(self, event: ComparisonFinished) -> None:
        if self.is_current(event.comparison):
            self.summary = event.summary

    @hears(JobFailed)
    def take_failure(self, event: JobFailed) -> None:
        if event.job == COMPARING:
            self.request = None if self.current is None else self.request
            self.host.show_title()

    # --- jobs on these dumps

    def begin(self, name: str, work: Work) -> None:
        """Begin a job that means nothing any more when other dumps are compared."""
        self._jobs[name] = self.host.jobs.start(name, work)

    def find(self, name: str, work: Callable[[Event], Answer], then: Callable[[Answer], object]) -> None:
        """Begin such a job for one answer: `then` takes it while these dumps are compared."""
        self._jobs[name] = self.host.jobs.run(name, work, then)

    def close(self) -> None:
        """Drop the present dumps; their files are closed when the last job has let go of them."""
        jobs, old = list(self._jobs.values()), self.current
        for job in jobs:
            job.cancel()
        self._jobs.clear()
        self.current = None
        self._forget_results()
        if old is not None:
            Thread(target=_close_after, args=(jobs, old), daemon=True).start()

    def _forget_results(self) -> None:
        self.summary = self.diagnosis = None
        self._rows = {}
        gc.unfreeze()


def _failing(rows: Sequence[LayerDiff]) -> bool:
    return any(row.verdict is Verdict.FAIL for row in rows)


def _close_after(jobs: list[Job], comparison: Comparison) -> None:
    """A descriptor closed under a reading thread could by then belong to another file."""
    for job in jobs:
        job.wait()
    comparison.close()

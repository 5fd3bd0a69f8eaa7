"""`sweep --batch`: measure the pictures with a word of progress, write what they say in the format asked for."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from math import isnan
from pathlib import Path
from threading import Event
from time import monotonic

from sgs_tui.batch.console import Screen
from sgs_tui.batch.output import FailOn, check_target, emit
from sgs_tui.batch.progress import StatusLine
from sgs_tui.batch.sweeps import SweepFormat
from sgs_tui.batch.sweeps.report import SweepReport, headline
from sgs_tui.engine.errors import CancelledError, UsageError
from sgs_tui.engine.events import LogLine, Progress, Row
from sgs_tui.engine.numbers import clock, figure
from sgs_tui.engine.sweep.baseline import changed, load_before
from sgs_tui.engine.sweep.gather import worst_of
from sgs_tui.engine.sweep.int16 import advise_int16, with_advice
from sgs_tui.engine.sweep.results import Outcome, SweepResult
from sgs_tui.engine.sweep.sweep import Done, Sweep
from sgs_tui.engine.text import visible
from sgs_tui.language import Message, joined

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class SweepPrinting:
    """How a sweep is printed; `inputs`: files that no output may replace. `advice`: INT16 is tried on the twin."""

    wanted: SweepFormat = SweepFormat.TABLE
    output: Path | None = None
    screen: Screen = field(default=Screen())
    top: int | None = None
    baseline: Path | None = None
    fail_on: FailOn = FailOn.FAIL
    inputs: tuple[Path, ...] = ()
    advice: bool = True


def check_printing(how: SweepPrinting) -> None:
    """Raise before anything is measured what would be in the way of the report afterwards."""
    if how.fail_on is FailOn.REGRESSION and how.baseline is None:
        raise UsageError(
            Message("--fail-on regression: there is nothing to compare with"),
            Message("name it with --baseline OLD.json"),
        )
    check_target(how.output, (*how.inputs, *([how.baseline] if how.baseline else [])))
    if how.baseline is not None:
        load_before(how.baseline)


def print_sweep(
    sweep: Sweep, what: str, profile: str, how: SweepPrinting, say: Say, cancel: Event, notes: tuple[str, ...] = ()
) -> SweepReport:
    """Run it, print what there is (after a cancel too), and return the report. Raises SgsError."""
    check_printing(how)
    stopped = False
    try:
        _measure(sweep, how.screen, say, cancel)
    except CancelledError:
        stopped = True
    result = sweep.result()
    if how.advice and not stopped:
        result = _advised(sweep, result, how.screen, say, cancel)
    since = None
    if how.baseline is not None:
        before = load_before(how.baseline)
        since = changed(before, result.layers, result.pictures)
        if before.profile != profile:
            notes = (*notes, _other_profile(how.baseline, before.profile, profile))
            say(notes[-1])
    report = SweepReport(
        what, profile, result, notes, how.top, stopped, str(how.baseline or ""), since, how.fail_on
    )  # fmt: skip
    emit(how.wanted.pieces(report, how.screen), how.output, how.inputs)
    if how.output not in (None, Path("-")):
        say(Message("{output}: {headline}", output=how.output, headline=headline(report)))
    return report


def _other_profile(baseline: Path, before: str, now: str) -> str:
    return Message(
        "{baseline} was judged by profile {before}, this sweep by {now}: what is said to have changed may be the "
        "limits",
        baseline=baseline, before=visible(before), now=visible(now),
    )  # fmt: skip


def _advised(sweep: Sweep, result: SweepResult, screen: Screen, say: Say, cancel: Event) -> SweepResult:
    """With what INT16 would give; a cancel costs the advice alone."""
    if not result.failing_layers:
        return result
    with StatusLine(screen) as line:
        line.show(Message("all measured; INT16 is tried on the twin"), "")
        try:
            return with_advice(result, advise_int16(sweep.request.how, sweep.request.pictures, result, cancel))
        except CancelledError:
            line.clear()
            say(Message("INT16 was not tried to the end: no advice"))
            return result


def _measure(sweep: Sweep, screen: Screen, say: Say, cancel: Event) -> None:
    pulse = _Pulse()
    with StatusLine(screen) as line, closing(sweep.run(cancel)) as events:
        for event in events:
            if isinstance(event, Row):
                pulse.add(event.value)
            elif isinstance(event, Progress):
                line.show(*pulse.words(event))
            elif isinstance(event, LogLine):
                line.clear()
                say(event.text)


class _Pulse:
    """What the line of progress says."""

    def __init__(self) -> None:
        self._start = monotonic()
        self._measured = self._failed = self._lost = 0
        self._worst: tuple[float, str] = (-1.0, "")

    def add(self, done: Done) -> None:
        self._measured += not done.known
        outcome: Outcome = done.outcome
        if outcome.measured is None:
            self._lost += 1
            return
        failing, error, layer = worst_of(outcome.measured)
        self._failed += failing > 0
        self._worst = max(self._worst, (float("inf") if isnan(error) else error, layer))

    def words(self, progress: Progress) -> tuple[str, str]:
        """`12 of 50 pictures  3.2/s  0:12 left  1 with failing layers`, and the worst layer so far."""
        seconds = monotonic() - self._start
        rate = self._measured / seconds if seconds > 0 else 0.0
        parts: list[str] = [Message("{done} of {total} pictures", done=progress.done, total=progress.total)]
        if self._measured:
            parts += [f"{rate:.1f}/s", Message("{clock} left", clock=clock((progress.total - progress.done) / rate))]
        parts += [Message("{failed} with failing layers", failed=self._failed)] if self._failed else []
        parts += [Message("{lost} could not be measured", lost=self._lost)] if self._lost else []
        error, layer = self._worst
        return joined(parts, "  "), Message(
            "worst {layer} {figure}", layer=layer, figure=figure(error)
        ) if layer else ""

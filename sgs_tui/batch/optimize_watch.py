"""Consume a search's events: how it stands on one line of stderr, what is worth keeping as notes."""

from collections.abc import Callable, Iterable
from time import monotonic

from sgs_tui.batch.runs_line import StatusLine
from sgs_tui.batch.runs_words import standing
from sgs_tui.batch.screen import Screen
from sgs_tui.engine.errors import RunError
from sgs_tui.engine.events import LogLine
from sgs_tui.engine.numbers import clock, figure
from sgs_tui.engine.optimize.onnx_search import OnnxResult, SearchEvent, Tried
from sgs_tui.engine.optimize.sdk_search import SdkEvent, SdkResult
from sgs_tui.engine.optimize.sdk_steps import StepEnded, StepProgress
from sgs_tui.engine.simulate.runs import snapshot

Note = Callable[[str], None]


def watch_onnx(events: Iterable[SearchEvent], screen: Screen, note: Note) -> OnnxResult:
    """The result of the search; `note` takes what is worth knowing, one line each."""
    start = monotonic()
    best: Tried | None = None
    with StatusLine(screen) as line:
        for event in events:
            if isinstance(event, OnnxResult):
                return event
            if isinstance(event, LogLine):
                line.clear()
                note(event.text)
            elif isinstance(event, Tried):
                best = event if best is None or event.accuracy.rank < best.accuracy.rank else best
                line.show(f"trial {event.number} {clock(monotonic() - start)}, {event.ahead} to come", _best(best))
    raise RunError("the search ended without a result", "start it again: it goes on where it stopped")


def watch_sdk(events: Iterable[SdkEvent], screen: Screen, note: Note) -> SdkResult:
    """The same for a search by the SDK's optimizer."""
    with StatusLine(screen) as line:
        for event in events:
            match event:
                case SdkResult():
                    return event
                case LogLine(text):
                    line.clear()
                    note(text)
                case StepProgress(title, run):
                    now = snapshot(run)
                    line.show(f"{title}: {standing(now)}", now.progress or now.last_line)
                case StepEnded(title, run, found):
                    line.clear()
                    note(f"{title}: {run.state}, {'found, ' if found else ''}{run.name}")
    raise RunError("the search ended without a result", "start it again: it goes on where it stopped")


def _best(best: Tried) -> str:
    one = best.accuracy
    worst = f"{one.failing} of {one.layers} layers over, worst RMSE {figure(one.worst_rmse)}"
    return f"best with {len(best.names)} of 16 bits: {worst}"

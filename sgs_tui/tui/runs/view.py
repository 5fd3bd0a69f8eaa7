"""Runs as rows and lines: how each stands, what went wrong, its log."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from time import localtime, strftime

from sgs_tui.engine.numbers import clock, size
from sgs_tui.engine.runs.run_folder import RunState
from sgs_tui.engine.runs.run_list import Run, newest_pair
from sgs_tui.engine.runs.runs import Snapshot
from sgs_tui.language import _, clauses, shown
from sgs_tui.tui.text import Line, Span, clip, paragraph, wrap
from sgs_tui.tui.widgets.table import Cell, Column

BAD = (RunState.FAILED, RunState.TIMED_OUT, RunState.LOST, RunState.DAMAGED)
_KEPT_LINES = 3000
_SIGNS: dict[RunState, Cell] = {
    RunState.QUEUED: Cell("·", "muted"),
    RunState.RUNNING: Cell("▸", "key"),
    RunState.OK: Cell(" ", "good"),
    **dict.fromkeys(BAD, Cell("✗", "fail")),
    RunState.CANCELLED: Cell("-", "muted"),
}


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run at one moment; `message` and `hint` say how it failed."""

    run: Run
    now: Snapshot
    message: str = ""
    hint: str = ""

    @property
    def path(self) -> Path:
        return self.run.folder.path

    @property
    def signature(self) -> tuple[object, ...]:
        """What has to change before anything is painted again: passing time alone is no news."""
        return (self.run.name, self.run.state, self.now.dump_size, self.now.progress, self.run.status.started)


def _image(run: Run) -> str:
    """What it ran on."""
    return PurePath(run.request.details.get("image", "")).name


def _result(row: RunRow) -> Cell:
    """How it stands, with the size of the dump where that is to be trusted, with what went wrong where not."""
    state = row.run.state
    message = row.message.split("\n")[0] if "\n" in row.message else row.message
    known = message if state in BAD else _dumped(row)
    return Cell(clauses(filter(None, (state.words, known))), _SIGNS[state].tone)


def _dumped(row: RunRow) -> str:
    return "" if row.run.state is RunState.CANCELLED or row.now.dump_size is None else size(row.now.dump_size)


def _time(row: RunRow) -> Cell:
    """A run under way shows when it began: a clock would repaint every second."""
    started = row.run.status.started
    if row.run.state.active:
        return Cell("" if started is None else f"> {strftime('%H:%M', localtime(started))}", "muted")
    return Cell(clock(row.run.elapsed))


RUN_COLUMNS: tuple[Column[RunRow], ...] = (
    Column("sign", "", 1, cell=lambda row: _SIGNS[row.run.state]),
    # the time in front tells runs apart, and the stage has its own column: cut at the end
    Column("name", "run", least=22, names=True, cell=lambda row: row.run.name),
    Column("stage", "stage", 8, cell=lambda row: _(row.run.request.stage)),
    Column("image", "image", 12, names=True, cell=lambda row: _image(row.run)),
    Column("time", "time", 8, right=True, cell=_time),
    Column("result", "result", least=18, prose=True, cell=_result),
    Column("backend", "by", 11, cell=lambda row: Cell(row.run.request.backend, "muted")),
)


def fact_lines(row: RunRow, width: int) -> list[Line]:
    """One run: how it stands, how it failed and what to do, on what it was made."""
    run = row.run
    sign = _SIGNS[run.state]
    lines: list[Line] = [(Span(f"{sign.text} ".lstrip(), sign.tone), Span(clip(_standing(row), width - 2), sign.tone))]
    if run.state is not RunState.OK and not run.state.active:
        lines += paragraph(row.message or shown(run.state.words), width) + paragraph(row.hint, width, "good")
    asked = (Path(run.request.model).name, run.request.details.get("image"), run.request.details.get("preprocess"))
    lines.append((Span(clip(clauses(filter(None, asked)), width), "muted"),))
    return lines + [
        line for note in run.status.notes for line in paragraph(_("note: {text}", text=note), width, "warn")
    ]


def _standing(row: RunRow) -> str:
    run, now = row.run, row.now
    state = shown(run.state.words)
    if not run.state.active:
        taken = clock(run.elapsed)
        words = _("{state} after {taken}", state=state, taken=taken) if taken else state
        return _("{words}, enter compares its dump", words=words) if run.dump else words
    started = run.status.started
    since = strftime("%H:%M:%S", localtime(started)) if started is not None else ""
    facts = [_("{state} since {time}", state=state, time=since) if since else state]
    if now.expected_time is not None:
        facts.append(_("takes about {time}", time=clock(now.expected_time)))
    if now.dump_size is not None:
        known = {"size": size(now.dump_size), "of": size(now.expected_size or 0)}
        facts.append(_("dump {size} of {of}", **known) if now.expected_size else _("dump {size}", size=known["size"]))
    words = str(shown(clauses(facts)))
    return f"{words}  {now.progress}".rstrip()


class RunLog:
    """The newest lines of one run's log."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.lines_: deque[str] = deque(maxlen=_KEPT_LINES)

    def add(self, lines: Iterable[str]) -> None:
        self.lines_.extend(lines)

    def lines(self, width: int) -> list[Line]:
        if not self.lines_:
            return [(Span(_("the log is empty so far") if self.path else "", "muted"),)]
        return [(Span(part),) for text in self.lines_ for part in wrap(text, width)]


@dataclass(frozen=True, slots=True)
class DumpPair:
    """Two dumps of runs that belong together."""

    sample: Path
    benchmark: Path
    ranges: Path | None


def newest_dumps(runs: Sequence[Run]) -> DumpPair | None:
    """The newest pair: of two runs, or of one that dumped both stages."""
    both = next((run for run in runs if len(run.dumps) > 1), None)
    pair = newest_pair(runs)
    if both is not None and (pair is None or both.status.created > pair[0].status.created):
        return _of_one(both)
    return None if pair is None else _of_two(*pair)


def dumps_with(run: Run, runs: Sequence[Run]) -> DumpPair | None:
    """The newest pair that this run is part of; None where it has no dump or no partner."""
    if len(run.dumps) > 1:
        return _of_one(run)
    others = [other for other in runs if other.request.stage != run.request.stage]
    for other in sorted(others, key=lambda each: each.status.created, reverse=True):
        pair = newest_pair((run, other))
        if pair is not None:
            return _of_two(*pair)
    return None


def _of_one(run: Run) -> DumpPair:
    benchmark, sample = run.dumps[:2]
    return DumpPair(sample, benchmark, run.ranges)


def _of_two(sample: Run, benchmark: Run) -> DumpPair:
    assert sample.dump is not None and benchmark.dump is not None
    return DumpPair(sample.dump, benchmark.dump, sample.ranges or benchmark.ranges)

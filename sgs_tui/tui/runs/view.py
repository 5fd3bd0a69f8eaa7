"""Runs as rows and lines: how each stands, what went wrong, its log."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import localtime, strftime

from sgs_tui.engine.numbers import clock, size
from sgs_tui.engine.runs.run_folder import RunState
from sgs_tui.engine.runs.run_list import Run, newest_pair
from sgs_tui.engine.runs.runs import Snapshot
from sgs_tui.tui.text import Line, Span, Tone, clip, wrap
from sgs_tui.tui.widgets.table import Cell, Column

RUN_COLUMNS = (
    Column("sign", "", 1),
    Column("name", "run", least=22, prose=True),  # the time in front tells runs apart, the stage has its own column
    Column("stage", "stage", 9),
    Column("state", "state", 9),
    Column("time", "time", 9, right=True),
    Column("dump", "dump", 9, right=True),
    Column("backend", "by", 11),
)
KEPT_LINES = 3000
_SIGNS: dict[RunState, Cell] = {
    RunState.QUEUED: Cell("·", "muted"),
    RunState.RUNNING: Cell("▸", "key"),
    RunState.OK: Cell(" ", "good"),
    RunState.FAILED: Cell("✗", "fail"),
    RunState.TIMED_OUT: Cell("✗", "fail"),
    RunState.LOST: Cell("✗", "fail"),
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


class RunRows:
    """Runs as table rows, newest first."""

    def __init__(self, rows: Sequence[RunRow] = ()) -> None:
        self.rows = tuple(rows)

    def __len__(self) -> int:
        return len(self.rows)

    def row_tone(self, row: int) -> Tone:
        return "muted" if self.rows[row].run.state is RunState.CANCELLED else ""

    def cell(self, row: int, column: str) -> Cell:
        return _CELLS[column](self.rows[row])


def _dump(row: RunRow) -> Cell:
    """Nothing where what is left of a dump is not to be trusted."""
    bad = row.run.state in (RunState.FAILED, RunState.TIMED_OUT, RunState.LOST, RunState.CANCELLED)
    return Cell("" if bad or row.now.dump_size is None else size(row.now.dump_size))


def _time(row: RunRow) -> Cell:
    """A run under way shows when it began: a clock would repaint every second."""
    started = row.run.status.started
    if row.run.state.active:
        return Cell("" if started is None else f"> {strftime('%H:%M', localtime(started))}", "muted")
    return Cell(clock(row.run.elapsed))


_CELLS: dict[str, Callable[[RunRow], Cell]] = {
    "sign": lambda row: _SIGNS[row.run.state],
    "name": lambda row: Cell(row.run.name),
    "stage": lambda row: Cell(row.run.request.stage),
    "state": lambda row: Cell(str(row.run.state), _SIGNS[row.run.state].tone),
    "time": _time,
    "dump": _dump,
    "backend": lambda row: Cell(row.run.request.backend, "muted"),
}


def fact_lines(row: RunRow, width: int) -> list[Line]:
    """One run: how it stands, how it failed and what to do, on what it was made."""
    run = row.run
    sign = _SIGNS[run.state]
    lines: list[Line] = [(Span(f"{sign.text} ".lstrip(), sign.tone), Span(clip(_standing(row), width - 2), sign.tone))]
    if run.state is not RunState.OK and not run.state.active:
        lines += [(Span(part),) for part in wrap(row.message or str(run.state), width)]
        lines += [(Span(part, "good"),) for part in (wrap(row.hint, width) if row.hint else ())]
    asked = (Path(run.request.model).name, run.request.details.get("image"), run.request.details.get("preprocess"))
    text = ", ".join(part for part in asked if part)
    lines += [(Span(clip(text, width), "muted"),)]
    notes = [part for note in run.status.notes for part in wrap(f"note: {note}", width)]
    return [*lines, *((Span(part, "warn"),) for part in notes)]


def _standing(row: RunRow) -> str:
    run, now = row.run, row.now
    if not run.state.active:
        taken = clock(run.elapsed)
        words = f"{run.state}" + (f" after {taken}" if taken else "")
        return f"{words}, enter compares its dump" if run.dump else words
    started = run.status.started
    words = str(run.state) if started is None else f"{run.state} since {strftime('%H:%M:%S', localtime(started))}"
    if now.dump_size is not None:
        words += f", dump {size(now.dump_size)}" + (f" of {size(now.expected_size)}" if now.expected_size else "")
    return f"{words}  {now.progress}".rstrip()


class RunLog:
    """The newest lines of one run's log."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.lines_: deque[str] = deque(maxlen=KEPT_LINES)

    def add(self, lines: Iterable[str]) -> None:
        self.lines_.extend(lines)

    def lines(self, width: int) -> list[Line]:
        if not self.lines_:
            return [(Span("the log is empty so far" if self.path else "", "muted"),)]
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


# What to run: the fields of the form, which of them count, and what is still missing.

SDK, EMBEDDED = "sdk", "onnxruntime"
BOTH, FLOAT, FIXED = "both", "float", "fixed"


@dataclass(frozen=True, slots=True)
class Field:
    """A line of the form. `choices`: the values there are; `simulators`: where it counts; `kind`: what is typed."""

    key: str
    label: str
    note: str
    choices: tuple[str, ...] = ()
    simulators: tuple[str, ...] = (SDK, EMBEDDED)
    is_path: bool = True


FIELDS = (
    Field("simulator", "simulator", "sdk: the vendor's. onnxruntime: quantized here, no SDK needed", (SDK, EMBEDDED)),
    Field("stage", "stages", "both, or one alone", (BOTH, FLOAT, FIXED), (SDK,)),
    Field("float", "float model", "*_float.sim or *_cmodel_float.sim", simulators=(SDK,)),
    Field("fixed", "fixed model", "*_fixed.sim", simulators=(SDK,)),
    Field("model", "ONNX model", "the model that is quantized here", simulators=(EMBEDDED,)),
    Field("image", "image", "an image, a list file or a folder; one pair of runs an image"),
    Field("calibrate", "calibration", "images to calibrate with, about 30: a folder or a list", simulators=(EMBEDDED,)),
    Field("preprocess", "preprocess", "preprocess script; one an input, commas between"),
    Field("int16", "16 bit", "names of tensors that get 16 bits, commas between", (), (EMBEDDED,), is_path=False),
    Field("sdk", "SDK folder", "holds cfg_env.sh; empty: SGS_IPU_DIR", simulators=(SDK,)),
    Field("python", "SDK python", "interpreter for the SDK's scripts", simulators=(SDK,), is_path=False),
)
BY_KEY = {each.key: each for each in FIELDS}
FORM_COLUMNS = (Column("label", "", 12), Column("value", "value", least=20), Column("problem", "", 22, prose=True))
_DEFAULTS = {"simulator": SDK, "stage": BOTH, "python": "python3"}


@dataclass(frozen=True, slots=True)
class RunForm:
    """The fields' values as they were typed."""

    values: Mapping[str, str] = field(default_factory=dict)

    def value(self, key: str) -> str:
        return self.values.get(key) or _DEFAULTS.get(key, "")

    def with_value(self, key: str, text: str) -> "RunForm":
        return RunForm({**self.values, key: text.strip()})

    def turned(self, key: str) -> "RunForm":
        """The next choice of a field that has choices."""
        choices = BY_KEY[key].choices
        return self.with_value(key, choices[(choices.index(self.value(key)) + 1) % len(choices)])

    @property
    def fields(self) -> tuple[Field, ...]:
        stages = {"float": self.value("stage") != FIXED, "fixed": self.value("stage") != FLOAT}
        simulator = self.value("simulator")
        return tuple(each for each in FIELDS if simulator in each.simulators and stages.get(each.key, True))

    def problem(self, key: str) -> str:
        """Why a field keeps the run from starting, or nothing."""
        value = self.value(key)
        if not value:
            return "" if key in self._optional else "needed"
        if not BY_KEY[key].is_path or BY_KEY[key].choices:
            return ""
        missing = [part for part in value.split(",") if part and not _is_there(part, key)]
        return "no such file" if missing else ""

    @property
    def problems(self) -> tuple[str, ...]:
        """What is missing, by the fields' names."""
        found = ((each.label, self.problem(each.key)) for each in self.fields)
        return tuple(f"{label}: {problem}" for label, problem in found if problem)

    @property
    def _optional(self) -> set[str]:
        embedded = self.value("simulator") == EMBEDDED
        named = {"sdk"} if os.environ.get("SGS_IPU_DIR") else set()
        return {"preprocess", "int16", *named, *(("image",) if embedded else ())}


def form_of(values: Mapping[str, str]) -> RunForm:
    """A form from remembered values; unknown fields and choices are passed over."""
    kept = {key: value for key, value in values.items() if key in BY_KEY}
    return RunForm({k: v for k, v in kept.items() if not BY_KEY[k].choices or v in BY_KEY[k].choices})


def _is_there(text: str, key: str) -> bool:
    """A preprocess may also be the name of one of the SDK's own; an image may be `FOLDER:LIST`."""
    if key == "preprocess" and "/" not in text and not text.endswith(".py"):
        return True
    path = Path(text.strip()).expanduser()
    return path.exists() or (key == "image" and ":" in text)


class FormRows:
    """The form as table rows."""

    def __init__(self, form: RunForm) -> None:
        self.form, self.fields = form, form.fields

    def __len__(self) -> int:
        return len(self.fields)

    def row_tone(self, row: int) -> Tone:
        return ""

    def cell(self, row: int, column: str) -> Cell:
        one = self.fields[row]
        if column == "label":
            return Cell(one.label, "strong")
        if column == "problem":
            problem = self.form.problem(one.key)
            return Cell(f"! {problem}" if problem else "", "warn")
        value = self.form.value(one.key)
        if one.choices:
            return Cell("  ".join(f"[{choice}]" if choice == value else f" {choice} " for choice in one.choices), "key")
        return Cell(value)

"""INT16 advice as rows and lines: which tensors, by which rule, what it should bring, what it makes of the file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sgs_tui.engine.advice.results import Advice, Candidate, expectation, facts, headline, rules
from sgs_tui.engine.diagnosis.results import some
from sgs_tui.engine.numbers import figure
from sgs_tui.engine.requantize.ini_change import IniChange
from sgs_tui.engine.requantize.network import NAME
from sgs_tui.engine.requantize.propose import Commands, Loop, Requantized
from sgs_tui.tui.debugconfig.view import difference
from sgs_tui.tui.text import BLANK, Line, Span, Tone, wrap
from sgs_tui.tui.widgets.table import Cell, Column

CANDIDATE_COLUMNS = (
    Column("chosen", "", 3),
    Column("tensor", "tensor", least=16),
    Column("gain", "gain dB", 7, right=True),
    Column("range", "range", 8, right=True),
    Column("rule", "why", 30, prose=True),
)


@dataclass(frozen=True, slots=True)
class Marks:
    """What the user wants in 16 bit (layers or tensors) and what not, whatever is advised."""

    marked: tuple[str, ...] = ()
    unmarked: tuple[str, ...] = ()

    def toggled(self, name: str, chosen: bool) -> "Marks":
        """The other way round than it is now."""
        marked = tuple(each for each in self.marked if each != name)
        unmarked = tuple(each for each in self.unmarked if each != name)
        return Marks(marked, (*unmarked, name)) if chosen else Marks((*marked, name), unmarked)

    def flipped(self, name: str) -> "Marks":
        unmarked = tuple(each for each in self.unmarked if each != name)
        if name in self.marked:
            return Marks(tuple(each for each in self.marked if each != name), unmarked)
        return Marks((*self.marked, name), unmarked)


@dataclass(frozen=True, slots=True)
class Plan:
    """Advice and what it makes of the user's input_config.ini; `problem`: why the file can not be changed.

    `failing`: layers that fail now. `again`: what making the models again comes to here. `file_needed`: nothing
    happens without that file.
    """

    advice: Advice
    path: Path
    change: IniChange | None
    problem: str = ""
    failing: int = 0
    again: str = ""
    file_needed: bool = True


class CandidateRows:
    """Convolution inputs as table rows, the chosen first."""

    def __init__(self, candidates: Sequence[Candidate] = ()) -> None:
        self.candidates = tuple(candidates)

    def __len__(self) -> int:
        return len(self.candidates)

    def row_tone(self, row: int) -> Tone:
        return "muted" if self.candidates[row].unaffected else ""

    def cell(self, row: int, column: str) -> Cell:
        one = self.candidates[row]
        match column:
            case "chosen":
                return Cell("[x]" if one.chosen else " - " if one.unaffected else "[ ]", "key" if one.chosen else "")
            case "tensor":
                return Cell(one.tensor)
            case "gain":
                return Cell("" if one.expected is None else f"{one.expected.gain_db:+.1f}")
            case "range":
                return Cell("" if one.range is None else figure(one.range.width))
        return Cell(one.unaffected or next((str(reason.rule) for reason in one.reasons), ""))


def plan_lines(plan: Plan, place: int, width: int) -> list[Line]:
    """The tensor under the cursor, what the chosen ones should bring, the change of the file."""
    advice = plan.advice
    lines = _candidate(advice.candidates[place], width) if place < len(advice.candidates) else []
    lines += [BLANK, *outcome_lines(advice, plan.failing, width), *_wrapped(plan.again, width, "key")]
    return [*lines, BLANK, *_file(plan, width)] if plan.file_needed else lines


def _candidate(one: Candidate, width: int) -> list[Line]:
    lines: list[Line] = [(Span(part, "strong"),) for part in wrap(one.tensor, width)]
    if one.unaffected:
        lines += _wrapped(f"stays in 8 bit: {one.unaffected}", width, "warn")
    for reason in rules(one):
        lines += _wrapped(reason, width)
    if one.expected is not None:
        lines += _wrapped(f"alone it brings {expectation(one.expected)}", width, "good")
    known = facts(one)
    return lines + (_wrapped(known, width, "warn" if one.also else "muted") if known else [])


def outcome_lines(advice: Advice, failing: int, width: int) -> list[Line]:
    """What has 16 bits then, and what that should bring where so many layers fail now."""
    lines = _wrapped(headline(advice, failing), width, "warn" if advice.fix_first else "strong")
    if advice.fix_first is not None:
        lines += _wrapped("pane 6 says what proves it and how to mend it", width)
        return [*lines, *(part for note in advice.notes for part in _wrapped(note, width, "muted"))]
    chosen, least = ", ".join(advice.chosen) or "nothing", ", ".join(advice.smallest) or "nothing"
    lines += _wrapped(f"in 16 bit: {chosen}; the smallest set that does it: {least}", width)
    fails = [each for each in advice.predicted if each.fails]
    if fails:
        text = f"{len(fails)} layers fail {advice.profile} all the same: {some([each.layer for each in fails])}"
        lines += _wrapped(text, width, "warn")
    else:
        lines += _wrapped(f"predicted: every layer within profile {advice.profile}", width, "good")
    return [*lines, *(part for note in advice.notes for part in _wrapped(note, width, "muted"))]


def _file(plan: Plan, width: int) -> list[Line]:
    lines = _wrapped(str(plan.path), width, "strong")
    if plan.change is None:
        return [*lines, *_wrapped(plan.problem, width, "warn")]
    return [*lines, *change_lines(plan.change, width)]


def change_lines(change: IniChange, width: int) -> list[Line]:
    """The difference and every trap of the file as it will be."""
    return difference(change.old, change.new, change.findings, width)


def _wrapped(text: str, width: int, tone: Tone = "") -> list[Line]:
    return [(Span(part, tone),) for part in wrap(text, width)]


def again_words(loop: Loop | None) -> str:
    """What the key does here."""
    match loop:
        case None:
            return f"A makes the models again by your own commands, once they are kept in {NAME}; it shows how"
        case Commands(config):
            return f"A writes this, runs the commands of {config.folder / NAME}, dumps, compares with before"
        case Requantized():
            return "A quantizes the model again with these in 16 bit, as a new run, and compares with this one"
    return "A quantizes the demo again with these in 16 bit, dumps both models, and compares with before"

"""INT16 advice as rows and lines: which tensors, by which rule, what it should bring, what it makes of the file."""

from dataclasses import dataclass
from pathlib import Path

from sgs_tui.engine.advice.results import STILL_FAILING, Advice, Candidate, expectation, facts, headline, rules
from sgs_tui.engine.numbers import ratio
from sgs_tui.engine.requantize.ini_change import IniChange
from sgs_tui.engine.requantize.network import NAME
from sgs_tui.engine.requantize.propose import Commands, EmbeddedRun, Recipe
from sgs_tui.engine.text import some
from sgs_tui.language import _, _n, joined, shown
from sgs_tui.tui.debugconfig.view import difference
from sgs_tui.tui.int16.foresee import Foreseen
from sgs_tui.tui.int16.outcome import answer_lines
from sgs_tui.tui.text import BLANK, Line, paragraph
from sgs_tui.tui.widgets.table import Cell, Column


@dataclass(frozen=True, slots=True)
class Plan:
    """Advice and what it makes of the user's input_config.ini; `problem`: why the file can not be changed.

    `failing`: layers that fail now. `again`: what requantizing comes to here. `file_needed`: nothing
    happens without that file.
    """

    advice: Advice
    path: Path
    change: IniChange | None
    problem: str = ""
    failing: int = 0
    again: str = ""
    file_needed: bool = True


def _chosen(one: Candidate) -> Cell:
    return Cell("[x]", "key") if one.chosen else Cell(" - " if one.unaffected else "[ ]")


CANDIDATE_COLUMNS: tuple[Column[Candidate], ...] = (
    Column("chosen", "", 3, cell=_chosen),
    Column("tensor", "tensor", least=16, names=True, cell=lambda one: one.tensor),
    Column("gain", "gain dB", 7, right=True, cell=lambda one: f"{one.expected.gain_db:+.1f}" if one.expected else ""),
    Column("range", "range", 8, right=True, cell=lambda one: ratio(one.range.width) if one.range else ""),
    Column(
        "rule",
        "why",
        30,
        prose=True,
        cell=lambda one: shown(one.unaffected) or next((_(str(why.rule)) for why in one.reasons), ""),
    ),
)
"""Of convolution inputs, the chosen first."""


def plan_lines(
    plan: Plan, foreseen: Foreseen | None, waiting: bool, one: Candidate | None, plain: bool, width: int
) -> list[Line]:
    """What requantizing comes to, what the chosen tensors should bring, the one under the cursor, the file's change.

    `foreseen` are the last figures, while `waiting` those of another set.
    """
    again, expected = paragraph(plan.again, width, "key"), _expected(plan, foreseen, waiting, plain, width)
    lines = [*expected, *again, BLANK] if plan.advice.fix_first else [*again, *expected, BLANK]
    lines += [] if one is None else [*_candidate(one, width), BLANK]
    lines += _file(plan, width) if plan.file_needed else []
    return lines + [row for note in (foreseen.notes if foreseen else ()) for row in paragraph(note, width, "muted")]


def _expected(plan: Plan, foreseen: Foreseen | None, waiting: bool, plain: bool, width: int) -> list[Line]:
    """By the twin; by the estimate where it has no answer, or none yet."""
    answer = foreseen.answer if foreseen is not None else None
    lines = [] if answer and not plan.advice.fix_first else outcome_lines(plan.advice, plan.failing, width)
    if waiting:
        lines += paragraph(
            _("working it out ... until then of the set before:") if answer else _("working it out ..."), width, "muted"
        )
    if foreseen is None:
        return lines
    if answer is None:
        said = _("not foreseen") if plan.advice.fix_first else _("estimated, not foreseen")
        return lines + paragraph(_("{name}: {text}", name=said, text=foreseen.problem), width, "warn")
    known = () if plan.advice.fix_first else plan.advice.notes
    notes = [row for note in known if not note.startswith(STILL_FAILING) for row in paragraph(note, width, "muted")]
    return [*lines, *answer_lines(answer, foreseen, plain, width), *notes]


def _candidate(one: Candidate, width: int) -> list[Line]:
    lines = paragraph(one.tensor, width, "strong")
    if one.unaffected:
        lines += paragraph(_("stays in 8 bit: {why}", why=one.unaffected), width, "warn")
    for reason in rules(one):
        lines += paragraph(reason, width)
    if one.expected is not None:
        lines += paragraph(_("alone it brings {expected}", expected=expectation(one.expected)), width, "good")
    return lines + paragraph(facts(one), width, "warn" if one.also else "muted")


def outcome_lines(advice: Advice, failing: int, width: int) -> list[Line]:
    """What is in INT16 then, and what that should bring where so many layers fail now."""
    notes = [row for note in advice.notes for row in paragraph(note, width, "muted")]
    lines = paragraph(headline(advice, failing), width, "warn" if advice.fix_first else "strong")
    if advice.fix_first is not None:
        lines += paragraph(_("pane 6 says what proves it and how to fix it"), width)
        return lines + notes
    chosen, least = joined(advice.chosen) or _("nothing"), joined(advice.smallest) or _("nothing")
    lines += paragraph(
        _("in INT16: {chosen}; the smallest set that does it: {least}", chosen=chosen, least=least), width
    )
    fails = [each for each in advice.predicted if each.fails]
    if fails:
        text = _n(
            len(fails),
            "{number} layer fails {profile} all the same: {layers}",
            "{number} layers fail {profile} all the same: {layers}",
            profile=advice.profile,
            layers=some([each.layer for each in fails]),
        )
        lines += paragraph(text, width, "warn")
    else:
        lines += paragraph(_("predicted: every layer within profile {profile}", profile=advice.profile), width, "good")
    return lines + notes


def _file(plan: Plan, width: int) -> list[Line]:
    lines = paragraph(str(plan.path), width, "strong")
    return lines + (change_lines(plan.change, width) if plan.change else paragraph(plan.problem, width, "warn"))


def change_lines(change: IniChange, width: int) -> list[Line]:
    """The difference and every trap of the file as it will be."""
    return difference(change.old, change.new, change.findings, width)


def again_words(recipe: Recipe | None) -> str:
    """What the key does here."""
    match recipe:
        case None:
            return _("A requantizes by your own commands, kept in {file}: it shows how", file=NAME)
        case Commands(config):
            return _(
                "A writes this, runs the commands of {file}, dumps, compares with before", file=config.folder / NAME
            )
        case EmbeddedRun():
            return _("A requantizes the model with these in INT16, as a new run, and compares with this one")
    return _("A requantizes the demo with these, dumps both models, compares with before")

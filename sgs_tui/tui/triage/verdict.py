"""The verdict line: the first finding in one line, or two on a narrow screen, on every pane; and in the details.

Apart because the screen shows it over all panes and the details of the guilty layer begin with it.
"""

from collections.abc import Sequence

from rich.cells import cell_len

from sgs_tui.engine.diagnosis.results import Cause, Diagnosis, Finding, Role
from sgs_tui.engine.numbers import count, figure
from sgs_tui.engine.text import and_more, visible
from sgs_tui.language import CLAUSE, _, clauses, shown
from sgs_tui.tui.actions import BY_ID, Action, shown_keys
from sgs_tui.tui.layers.blame import GUILTY
from sgs_tui.tui.short_names import ShortNames
from sgs_tui.tui.text import Line, Span, clip, cut, flow, hanging, span, width
from sgs_tui.tui.widgets.table import Cell

_GOOD = Cell("✓", "good")
_NAME = 28
"""Cells that a name gets where there is not room for all."""
_INDENT = Span("   ")
_MOST_ROWS = 2
"""Below the cause; the table needs the room more."""
_KEPT = 2
"""Facts that stay, however little room there is: proof and fix."""

Keys = Sequence[tuple[Action, Line]]


def verdict_lines(diagnosis: Diagnosis, keymap: dict[str, str], cells: int, short: ShortNames) -> list[Line]:
    """Cause, proof, fix, what it spoils, and the keys that go on: one line where it fits, else two or three.

    `short` cuts a layer's name so that it is no other layer's.
    """
    finding = diagnosis.first
    sign = _GOOD if finding.cause is Cause.HEALTHY else GUILTY
    keys = _keys(finding, keymap)
    head: Line = (Span(f" {sign.text} ", sign.tone), _headline(finding, cells - width(keys) - 4, short))
    facts = _facts(diagnosis)
    whole: Line = (*head, *_joined([Span(""), *facts]))
    if width(whole) + width(keys) < cells:
        return [_apart(whole, keys, cells)]
    below = flow(_joined(facts), cells - len(_INDENT.text))
    while len(below) > _MOST_ROWS and len(facts) > _KEPT:
        facts.pop()
        below = flow(_joined(facts), cells - len(_INDENT.text))
    return [_apart(head, keys, cells), *((_INDENT, *row) for row in below[:_MOST_ROWS])]


def _joined(facts: Sequence[Span]) -> Line:
    return tuple(part for place, fact in enumerate(facts) for part in (*([Span(_("; "))] if place else []), fact))


def cause_lines(finding: Finding, keymap: dict[str, str], cells: int) -> list[Line]:
    """For the details of the guilty layer: cause, proof, fix, keys."""
    lines = hanging(
        (Span(f"{GUILTY.text} ", GUILTY.tone),),
        _("{cause} ({proof})", cause=finding.cause.words, proof=finding.proof.words),
        cells,
    )
    lines += [row for advice in finding.advice[:1] for row in hanging((Span("  "),), advice, cells, "good")]
    return [*lines, (Span(" "), *_keys(finding, keymap))]


def spoiled(diagnosis: Diagnosis) -> list[str]:
    """The layers that the first finding spoils, as they follow in the network; none where it is about whole dumps."""
    finding, alone = diagnosis.first, len(diagnosis.findings) == 1
    if finding.cause.everywhere:
        return []
    own = {*finding.layers, *finding.behind}
    inherited = [part for part in diagnosis.blame if part.role is Role.INHERITED]
    behind = [part.name for part in inherited if alone or own.intersection(part.culprits)]
    return [name for name in dict.fromkeys((*finding.behind, *behind)) if name not in finding.layers]


def _headline(finding: Finding, cells: int, short: ShortNames) -> Span:
    """`gate: tensors of very different size share one scale`; what only explains gives way first, then the name."""
    words, name = str(shown(finding.cause.words)), _("healthy") if finding.cause is Cause.HEALTHY else ""
    if finding.layers and not finding.cause.everywhere:
        name = finding.layers[0]
    needed = min(cell_len(visible(name)), _NAME) + 2 if name else 0
    shorter = (words, *(words.partition(end)[0] for end in (str(shown(CLAUSE)), " (", "（")))
    said = next((each for each in shorter if cell_len(each) + needed <= cells), shorter[1])
    name = short(name, max(12, cells - 2 - cell_len(said)))
    told = _("{layer}: {text}", layer=name, text=said) if name else said
    return Span(clip(told, cells), "good" if finding.cause is Cause.HEALTHY else "strong")


def _facts(diagnosis: Diagnosis) -> list[Span]:
    """What proves it, what mends it, what it spoils, how many causes there are beside it."""
    finding = diagnosis.first
    facts = [span(finding.proof.words, "muted")]
    if finding.cause is Cause.HEALTHY:
        return [*facts, *(span(each.text, "muted") for each in finding.evidence[:1])]
    if fix := fix_words(finding):
        facts.append(Span(_("fix: {fix}", fix=fix), "good"))
    if names := spoiled(diagnosis):
        facts.append(Span(_("spoils {layers}", layers=_first_of(names))))
    if others := len(diagnosis.findings) - 1:
        facts.append(span(count(others, "more cause"), "warn"))
    return facts


def fix_words(finding: Finding) -> str:
    """`cat to INT16, RMSE 0.9991 -> 0.0654 (twin)`: what the twin tried; else the tensors, or the first advice."""
    tried = finding.tried
    if tried is None and not finding.int16:
        return str(shown(finding.advice[0])) if finding.advice else ""
    if tried is None:
        return _to_int16(finding.int16)
    change = clauses(filter(None, (tried.change, _to_int16(tried.int16))))
    known = {"change": change, "now": figure(tried.now), "then": figure(tried.then)}
    if tried.layer in finding.layers[:1]:
        return _("{change}, RMSE {now} -> {then} (twin)", **known)
    return _("{change}, RMSE of {layer} {now} -> {then} (twin)", layer=cut(tried.layer, _NAME), **known)


def _to_int16(tensors: Sequence[str]) -> str:
    return _("{tensors} to INT16", tensors=_first_of(tensors)) if tensors else ""


def _first_of(names: Sequence[str]) -> str:
    """`cat and 3 more`."""
    return and_more(cut(names[0], _NAME), len(names) - 1)


def verdict_keys(finding: Finding, keymap: dict[str, str]) -> Keys:
    """Where to go on from here, and what is shown of it."""
    ways = [("app.triage", _("why"))]
    if finding.int16:
        ways.append(("walk.int16", _("fix")))
    elif finding.cause is Cause.SWAPPED:
        ways.append(("pair.swap", _("swap")))
    elif finding.cause in (Cause.PADDING_KEPT, Cause.NOT_DEQUANTIZED):
        ways.append(("app.debugconfig", _("switches")))
    actions = [(BY_ID[action], word) for action, word in ways]
    return [(each, (Span(f" {shown_keys(each, keymap)[0]}", "key"), Span(f" {word} "))) for each, word in actions]


def _keys(finding: Finding, keymap: dict[str, str]) -> Line:
    return tuple(part for _, parts in verdict_keys(finding, keymap) for part in parts)


def _apart(left: Line, right: Line, cells: int) -> Line:
    """One at each end of the line."""
    return (*left, Span(" " * max(1, cells - width(left) - width(right))), *right)

"""Requantizing, in lines: what would be done, in which folder, with which change.

Apart because it needs no screen: lines are made, and tested, without one.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from sgs_tui.engine.advice.results import Advice
from sgs_tui.engine.requantize.network import NAME, IterateConfig
from sgs_tui.engine.requantize.propose import (
    Commands,
    DemoFolder,
    EmbeddedRun,
    Proposal,
    command_lines,
    compared_with,
    dump_lines,
)
from sgs_tui.language import Message, _, joined, shown
from sgs_tui.tui.debugconfig.view import difference
from sgs_tui.tui.int16.view import outcome_lines
from sgs_tui.tui.text import BLANK, Line, Span, Tone, hanging, paragraph

TITLE = Message("Requantize, and compare with before?")
_GOES_ON = Message(
    "It runs in the background and goes on when the app ends or the line drops: pane 7 shows it, x there ends it."
)


def proposal_lines(proposal: Proposal, advice: Advice | None, failing: int, width: int) -> list[Line]:
    """Warnings, then every step in the order in which it is done, then what is expected of it."""
    lines = [line for text in proposal.warnings for line in paragraph(f"~ {shown(text)}", width, "warn")]
    lines += [BLANK] if lines else []
    match proposal.recipe:
        case Commands(config):
            lines += _commands(proposal, config, width)
        case EmbeddedRun(run):
            lines += _step(
                1, _("requantize {model}, {names}", model=run.request.model, names=_bits(proposal.names)), (), width
            )
            lines += _step(2, _("dump both models in a new run in {root}", root=proposal.root), (), width)
            lines += _step(3, _("compare with {name}, which stays as it is", name=run.name), (), width)
        case DemoFolder(place):
            lines += _ini(1, proposal, width)
            lines += _step(
                2,
                _(
                    "in {folder}: requantize, {names}; replace the dumps",
                    folder=place.folder,
                    names=_bits(proposal.names),
                ),
                (),
                width,
            )
            lines += _step(3, _("compare with what is on the screen now"), (), width)
    lines += [] if isinstance(proposal.recipe, DemoFolder) else [BLANK, *paragraph(_GOES_ON, width, "muted")]
    return lines if advice is None else [*lines, BLANK, *outcome_lines(advice, failing, width)]


def _commands(proposal: Proposal, config: IterateConfig, width: int) -> Iterator[Line]:
    yield from _ini(1, proposal, width)
    sdk = proposal.request.details["sdk"] if proposal.request else ""
    where = _(
        "run in {folder} by bash, as {file} there says, with the SDK {sdk}", folder=config.folder, file=NAME, sdk=sdk
    )
    yield from _step(2, where, tuple(command_lines(config)), width)
    yield from _step(3, "", tuple(dump_lines(config)), width)
    yield from _step(4, _("compare with {before}", before=compared_with(proposal.before, config)), (), width)


def _ini(number: int, proposal: Proposal, width: int) -> list[Line]:
    """The change of the file, in full."""
    assert proposal.change is not None
    if not proposal.changes:
        names = joined(proposal.change.names) or _("nothing")
        return _step(number, _("{ini} stays as it is (INT16: {names})", ini=proposal.ini, names=names), (), width)
    lines = _step(number, _("write {ini}; the old file is kept as .bak", ini=proposal.ini), (), width)
    change = proposal.change
    return lines + [(Span("   "), *row) for row in difference(change.old, change.new, change.findings, width - 3)]


def _step(number: int, what: str, details: Iterable[str], width: int) -> list[Line]:
    """A numbered step; its details are shown as they are."""
    head: Line = (Span(f"{number}. ", "strong"),)
    lines: list[Line] = []
    for text in filter(None, (what, *details)):
        lines += hanging(head, text, width, "strong" if text is what else "key")
        head = (Span("   "),)
    return lines


def _bits(names: Sequence[str]) -> str:
    return _("{names} in INT16", names=joined(names) or _("nothing"))


def refusal_lines(message: str, hint: str, path: Path | None, text: str, width: int) -> list[Line]:
    """Why it can not be done and what to do; then the file that says so."""
    lines = paragraph(message, width, "fail") + paragraph(hint, width)
    if path is None:
        return lines
    return [*lines, *([BLANK] if lines else []), *example_lines(path, text, width)]


def example_lines(path: Path, text: str, width: int) -> list[Line]:
    """A file as it is, or would be; comments in the background."""
    lines = paragraph(str(path), width, "strong")
    for row in text.splitlines():
        tone: Tone = "muted" if row.lstrip().startswith("#") else ""
        lines += paragraph(row, width, tone) or [BLANK]
    return lines

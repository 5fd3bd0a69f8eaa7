"""`debugconfig`: a file's switches, what is wrong with it, what a change does to it; as lines of text."""

from collections.abc import Iterable, Iterator

from rich.cells import cell_len

from sgs_tui.batch.values import text_of
from sgs_tui.batch.words import finding_line
from sgs_tui.engine.configs.debugconfig import PATH_KEY, SWITCHES, DebugConfig
from sgs_tui.engine.configs.textlines import Finding, difference
from sgs_tui.engine.text import visible, wrapped
from sgs_tui.language import Message, shown


def describe(document: DebugConfig, name: str) -> bytes:
    """Every switch as the simulator reads it, what it means, and the path."""
    return text_of(_described(document, name))


def list_findings(findings: Iterable[Finding], name: str) -> bytes:
    """A line for each."""
    return text_of(visible(shown(finding_line(finding, name))) for finding in findings)


def show_difference(old: bytes, new: bytes, name: str) -> bytes:
    """A unified diff; empty where nothing changes."""
    return text_of(visible(shown(line)) for line in difference(old, new, name))


def _described(document: DebugConfig, name: str) -> Iterator[str]:
    effect = document.effect()
    yield Message("{name}, as the simulator reads it:", name=visible(name))
    for switch in SWITCHES:
        state = Message("on ") if switch.name in effect.switches else Message("off")
        yield from _paragraph(
            f"{shown(state)}  {switch.name}",
            Message("{meaning} Recommended: {recommended}.", meaning=switch.meaning, recommended=switch.recommended),
        )
    yield from _paragraph(f"path={visible(effect.path or '')}", PATH_KEY.meaning)


def _paragraph(head: str, text: str) -> Iterator[str]:
    yield ""
    yield head
    yield from (f"     {line}" for line in wrapped(shown(text), 71, cell_len))

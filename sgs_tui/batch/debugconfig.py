"""`debugconfig`: a file as lines of text: its switches, what is wrong with it, what a change does to it."""

from collections.abc import Iterable, Iterator
from textwrap import wrap

from sgs_tui.engine.configs.debugconfig import DebugConfig
from sgs_tui.engine.configs.findings import Finding
from sgs_tui.engine.configs.switches import PATH_KEY, SWITCHES
from sgs_tui.engine.configs.textlines import difference
from sgs_tui.engine.text import visible


def describe(document: DebugConfig, name: str) -> bytes:
    """Every switch as the simulator reads it, what it means, and the path."""
    return _encoded(_described(document, name))


def list_findings(findings: Iterable[Finding], name: str) -> bytes:
    """`FILE:LINE: error: what; remedy`, as compilers write it."""
    return _encoded(_finding(finding, name) for finding in findings)


def show_difference(old: bytes, new: bytes, name: str) -> bytes:
    """A unified diff; empty where nothing changes."""
    return _encoded(visible(line) for line in difference(old, new, name))


def _described(document: DebugConfig, name: str) -> Iterator[str]:
    effect = document.effect()
    yield f"{visible(name)}, as the simulator reads it:"
    for switch in SWITCHES:
        state = "on " if switch.name in effect.switches else "off"
        yield from _paragraph(f"{state}  {switch.name}", f"{switch.meaning} Recommended: {switch.recommended}.")
    yield from _paragraph(f"path={visible(effect.path or '')}", PATH_KEY.meaning)


def _paragraph(head: str, text: str) -> Iterator[str]:
    yield ""
    yield head
    yield from wrap(text, width=76, initial_indent="     ", subsequent_indent="     ")


def _finding(finding: Finding, name: str) -> str:
    place = f"{name}:{finding.line}" if finding.line else name
    remedy = f"; {finding.remedy}" if finding.remedy else ""
    return visible(f"{place}: {finding.severity}: {finding.message}{remedy}")


def _encoded(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()

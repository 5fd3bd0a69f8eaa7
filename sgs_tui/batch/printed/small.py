"""`debugconfig`: a file as lines of text: its switches, what is wrong with it, what a change does to it."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from textwrap import wrap

from sgs_tui.batch.output import emit
from sgs_tui.batch.progress import Meter
from sgs_tui.engine.configs.debugconfig import PATH_KEY, SWITCHES, DebugConfig
from sgs_tui.engine.configs.textlines import Finding, difference
from sgs_tui.engine.dumps.format import Form, Health
from sgs_tui.engine.dumps.reader import Dump, open_dump
from sgs_tui.engine.dumps.split import SplitFile, split
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


# `split`: drive the engine's splitter, list what it writes.


def split_dump(path: Path, folder: Path, text: bool) -> tuple[Health, list[str]]:
    """Write the tensors and list them on stdout; the dump's health and a sentence for each changed name.

    Raises SgsError.
    """
    with open_dump(path) as dump:
        files = list(_written(dump, folder, Form.TEXT if text else Form.BINARY))
        emit("".join(f"{file.record.number}\t{visible(str(file.path))}\n" for file in files).encode(), None)
        changes = [f"{c.old} is written as {c.new}: {c.why}" for file in files if (c := file.change) is not None]
        return dump.health, changes


def _written(dump: Dump, folder: Path, form: Form) -> Iterator[SplitFile]:
    total, done = sum(record.size for record in dump.records), 0
    with Meter("splitting") as meter:
        for file in split(dump, folder, form):
            done += file.record.size
            meter.report(done, total)
            yield file

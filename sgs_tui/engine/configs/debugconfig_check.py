"""Everything that makes a DebugConfig.txt do other than it seems to, in words (interop notes, observed)."""

from collections.abc import Callable, Iterator
from pathlib import Path

from sgs_tui.engine.configs.debugconfig import DebugConfig
from sgs_tui.engine.configs.debugconfig_lines import line_findings
from sgs_tui.engine.configs.debugconfig_path import path_findings
from sgs_tui.engine.configs.findings import Finding, Severity
from sgs_tui.engine.configs.folder import FolderState, look
from sgs_tui.engine.configs.switches import (
    DEQUANT_FIXED,
    DISABLE_FUSION,
    DUMP_AS_STRING,
    DUMP_TENSOR,
    ELIMINATE_GARBAGE,
    KEEP_OLD_DUMP,
)

ENOUGH_SPACE = 1 << 30
"""Bytes that a dump is assumed to need when nothing better is known."""
_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}


def check(
    document: DebugConfig,
    folder: Path,
    home: Path | None,
    needed: int = ENOUGH_SPACE,
    look_at: Callable[[Path], FolderState] = look,
) -> list[Finding]:
    """Findings, the gravest first, then in the order of the file.

    `folder` is where the simulator will run, `home` what $HOME says there, `needed` the bytes of the dump.
    """
    found = [*line_findings(document), *path_findings(document, folder, home, needed, look_at), *_traps(document)]
    return sorted(found, key=lambda finding: (_ORDER[finding.severity], finding.line or 0))


def _traps(document: DebugConfig) -> Iterator[Finding]:
    """Switches that are read, but do not do what one expects of them together."""
    on = document.effect().switches
    if DUMP_TENSOR not in on:
        message = "dumpTensor is not on: the simulator writes no dump"
        yield Finding(Severity.WARNING, None, message, "switch dumpTensor on")
    if DEQUANT_FIXED in on and ELIMINATE_GARBAGE not in on:
        message = (
            "dequantFixed without eliminateGarbage: a fixed dump looks complete, but holds the padded layout "
            "cut to length; a healthy model then compares as broken (COS down to 0.01)"
        )
        yield Finding(Severity.ERROR, _line_of(document, DEQUANT_FIXED), message, "switch eliminateGarbage on")
    if DUMP_AS_STRING in on:
        message = "dumpasstring: the dump is text with six decimals, which the vendor's comparer can not read"
        remedy = "switch it off, except for the vendor's histogram.py"
        yield Finding(Severity.WARNING, _line_of(document, DUMP_AS_STRING), message, remedy)
    yield from _notes(document, on)


def _notes(document: DebugConfig, on: frozenset[str]) -> Iterator[Finding]:
    if DISABLE_FUSION in on:
        message = "disableDomainFuseOps acts when the fixed model is made; the simulator ignores it"
        remedy = "calibrate again in a folder with this file, then dump"
        yield Finding(Severity.NOTE, _line_of(document, DISABLE_FUSION), message, remedy)
    if KEEP_OLD_DUMP in on:
        message = "dumpdonotrecovery: with a dump there already, the new one gets a number in its name"
        remedy = "compare the newest file, or switch it off"
        yield Finding(Severity.NOTE, _line_of(document, KEEP_OLD_DUMP), message, remedy)


def _line_of(document: DebugConfig, switch: str) -> int | None:
    """The number of the first line that switches it on."""
    at = (number for number, line in enumerate(document.lines, 1) if line.content.startswith(switch.encode()))
    return next(at, None)

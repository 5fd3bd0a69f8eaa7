"""A diagnosis as rows and lines: causes in plain words, what proves them, what would refute them, what to do."""

from collections.abc import Iterator, Sequence

from sgs_tui.engine.diagnosis.results import Cause, Diagnosis, Finding, Recovered, Role, some
from sgs_tui.engine.numbers import cosine
from sgs_tui.tui.layers.view import BLAME_SIGNS, is_healthy
from sgs_tui.tui.text import BLANK, Line, Span, Tone, ratio, small, wrap
from sgs_tui.tui.widgets.table import Cell, Column

FINDING_COLUMNS = (
    Column("number", "", 2, right=True),
    Column("sure", "sure", 4, right=True),
    Column("cause", "where and why", least=20, prose=True),
)
RECOVERED_COLUMNS = (
    Column("index", "#", 4, right=True),
    Column("name", "name", least=18),
    Column("rmse", "RMSE", 8, right=True),
    Column("cos", "COS", 8, right=True),
    Column("mse", "MSE", 8, right=True),
    Column("kept", "kept", 5, right=True),
    Column("layout", "undone", 22),
)
LABEL = 11
"""Cells of the words in front of a block."""

_ROUNDING = {Cause.HEALTHY, Cause.DRIFT}
"""Nothing was undone to find these."""
_TELLING = (Role.INTRODUCED, Role.INHERITED, Role.RECOVERED)
_NAMED = 6


def headline(finding: Finding) -> str:
    """`gate: tensors of very different size share one scale`."""
    where = f"{finding.layers[0]}: " if finding.layers and not finding.cause.everywhere else ""
    return where + finding.cause.words


class Findings:
    """Findings as table rows, the likeliest first."""

    def __init__(self, findings: Sequence[Finding] = ()) -> None:
        self.findings = tuple(findings)

    def __len__(self) -> int:
        return len(self.findings)

    def row_tone(self, row: int) -> Tone:
        return ""

    def cell(self, row: int, column: str) -> Cell:
        finding = self.findings[row]
        if column == "number":
            return Cell(str(row + 1), "muted")
        if column == "sure":
            return Cell(f"{finding.confidence:.0%}")
        return Cell(headline(finding), "good" if finding.cause is Cause.HEALTHY else "")


class RecoveredRows:
    """Layers put back in order, as table rows."""

    def __init__(self, recovered: Sequence[Recovered]) -> None:
        self._recovered = recovered

    def __len__(self) -> int:
        return len(self._recovered)

    def row_tone(self, row: int) -> Tone:
        return ""

    def cell(self, row: int, column: str) -> Cell:
        one = self._recovered[row]
        metrics = one.row.metrics
        match column:
            case "index":
                return Cell(str(one.row.index))
            case "name":
                return Cell(one.row.name)
            case "kept":
                return Cell(f"{one.kept:.0%}")
            case "layout":
                return Cell(one.layout)
        shown = {"rmse": ratio, "cos": cosine, "mse": small}[column]
        return Cell("" if metrics is None else shown(getattr(metrics, column)).strip())


def triage_lines(diagnosis: Diagnosis, place: int, width: int) -> list[Line]:
    """The finding at `place` in full, then how the error runs over the network."""
    lines = _finding(diagnosis.findings[place], width) if place < len(diagnosis.findings) else []
    return [*lines, BLANK, *_course(diagnosis, width)]


def _finding(finding: Finding, width: int) -> list[Line]:
    lines: list[Line] = [(Span(part, "strong"),) for part in wrap(headline(finding), width)]
    facts = f"{finding.cause}, {finding.confidence:.0%} sure"
    if finding.explained and finding.cause not in _ROUNDING:
        facts += f"; undoing it removes {finding.explained:.0%} of the error where that was tested"
    lines += [(Span(part, "muted"),) for part in wrap(facts, width)]
    for label, texts, tone in _blocks(finding):
        lines += _block(label, texts, tone, width)
    return lines


def _blocks(finding: Finding) -> Iterator[tuple[str, Sequence[str], Tone]]:
    """Each with its label. What to do stands in front: it is why the pane was opened."""
    yield "do", finding.advice, "good"
    yield "layers", [some(finding.layers, _NAMED)] if finding.layers else [], ""
    yield "because", [fact.text for fact in finding.evidence], ""
    behind = [name for name in finding.behind if name not in finding.layers]
    yield "spoils", [some(behind, _NAMED)] if behind else [], ""
    yield "refuted if", [finding.refuted_by] if finding.refuted_by else [], "muted"


def _block(label: str, texts: Sequence[str], tone: Tone, width: int) -> list[Line]:
    lines: list[Line] = []
    for text in texts:
        for part in wrap(text, max(12, width - LABEL)):
            head = label if not lines else ""
            lines.append((Span(f"{head:<{LABEL}}", "muted"), Span(part, tone)))
    return lines


def _course(diagnosis: Diagnosis, width: int) -> list[Line]:
    """How the error runs, which layers do what to it, what limits the diagnosis."""
    lines: list[Line] = []
    if diagnosis.recovered:
        count = len(diagnosis.recovered)
        text = f"{count} layers won back with the stored order undone: r shows their figures"
        lines += _block("recovered", [text], "warn", width)
    else:
        lines += _block("course", [diagnosis.trend.text], "", width)
        for role in () if is_healthy(diagnosis) else _TELLING:
            names = [part.name for part in diagnosis.blame if part.role is role]
            lines += (
                _block(f"{BLAME_SIGNS[role].text} layers", [f"{role}: {some(names, _NAMED)}"], "", width)
                if names
                else []
            )
    if jumps := [part.name for part in diagnosis.blame if part.jump]:
        lines += _block(
            "jumps", [f"{some(jumps, _NAMED)}: RMSE over 1.00 above the layer before (vendor's mark)"], "", width
        )
    return [*lines, *_block("note", diagnosis.notes, "muted", width)]

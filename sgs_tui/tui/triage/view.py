"""A diagnosis as rows and lines: causes in plain words, what proves them, what would refute them, what to do."""

from collections.abc import Callable, Iterator, Sequence

from sgs_tui.engine.diagnosis.results import Cause, Diagnosis, Finding, Recovered, Role
from sgs_tui.engine.numbers import cosine, count, ratio, small
from sgs_tui.engine.text import some
from sgs_tui.language import _, clauses, shown
from sgs_tui.tui.layers.blame import BLAME_SIGNS, is_healthy
from sgs_tui.tui.text import BLANK, Line, Span, Tone, hanging, padded, paragraph
from sgs_tui.tui.widgets.table import Cell, Column


def _metric(show: Callable[[float | None], str], key: str) -> Callable[[Recovered], str]:
    return lambda one: show(getattr(one.row.metrics, key, None)).strip()


RECOVERED_COLUMNS: tuple[Column[Recovered], ...] = (
    Column("index", "#", 4, right=True, cell=lambda one: str(one.row.index)),
    Column("name", "name", least=18, names=True, cell=lambda one: one.row.name),
    Column("rmse", "RMSE", 8, right=True, cell=_metric(ratio, "rmse")),
    Column("cos", "COS", 8, right=True, cell=_metric(cosine, "cos")),
    Column("mse", "MSE", 8, right=True, cell=_metric(small, "mse")),
    Column("kept", "kept", 5, right=True, cell=lambda one: f"{one.kept:.0%}"),
    Column("layout", "undone", 22, cell=lambda one: _(str(one.layout))),
)
"""Of layers put back in order: their figures as they are with the stored order undone."""

_LABEL = 11
"""Cells of the words in front of a block."""
_ROUNDING = {Cause.HEALTHY, Cause.DRIFT}
"""Nothing was undone to find these."""
_TELLING = (Role.INTRODUCED, Role.INHERITED, Role.RECOVERED)
_NAMED = 6


def headline(finding: Finding) -> str:
    """`gate: tensors of very different size share one scale`."""
    if finding.layers and not finding.cause.everywhere:
        return _("{layer}: {text}", layer=finding.layers[0], text=finding.cause.words)
    return str(shown(finding.cause.words))


FINDING_COLUMNS: tuple[Column[tuple[int, Finding]], ...] = (
    Column("number", "", 2, right=True, cell=lambda ranked: Cell(str(ranked[0]), "muted")),
    Column("proof", "proof", 7, cell=lambda ranked: _(str(ranked[1].proof))),
    Column("cause", "where and why", least=20, prose=True, cell=lambda ranked: _cause(ranked[1])),
)
"""Of findings with their ranks, the likeliest first."""


def _cause(finding: Finding) -> Cell:
    return Cell(headline(finding), "good" if finding.cause is Cause.HEALTHY else "")


def triage_lines(diagnosis: Diagnosis, place: int, width: int) -> list[Line]:
    """The finding at `place` in full, then how the error runs over the network."""
    lines = _finding(diagnosis.findings[place], width) if place < len(diagnosis.findings) else []
    return [*lines, BLANK, *_course(diagnosis, width)]


def _finding(finding: Finding, width: int) -> list[Line]:
    lines = paragraph(headline(finding), width, "strong")
    facts = str(shown(clauses([str(finding.cause), finding.proof.words])))
    if finding.explained and finding.cause not in _ROUNDING:
        facts += _("; ") + _(
            "undoing it removes {explained:.0%} of the error where that was tested", explained=finding.explained
        )
    lines += paragraph(facts, width, "muted")
    for label, texts, tone in _blocks(finding):
        lines += _block(label, texts, tone, width)
    return lines


def _blocks(finding: Finding) -> Iterator[tuple[str, Sequence[str], Tone]]:
    """Each with its label. What to do stands in front: it is why the pane was opened."""
    yield _("do"), finding.advice, "good"
    yield _("layers"), [some(finding.layers, _NAMED)] if finding.layers else [], ""
    yield _("because"), [fact.text for fact in finding.evidence], ""
    behind = [name for name in finding.behind if name not in finding.layers]
    yield _("spoils"), [some(behind, _NAMED)] if behind else [], ""
    yield _("refuted if"), [finding.refuted_by] if finding.refuted_by else [], "muted"


def _course(diagnosis: Diagnosis, width: int) -> list[Line]:
    """How the error runs, which layers do what to it, what limits the diagnosis."""
    lines: list[Line] = []
    if diagnosis.recovered:
        text = _(
            "{layers} won back with the stored order undone: r shows their figures",
            layers=count(len(diagnosis.recovered), "layer"),
        )
        lines += _block(_("recovered"), [text], "warn", width)
    else:
        lines += _block(_("course"), [diagnosis.trend.text], "", width)
        for role in () if is_healthy(diagnosis) else _TELLING:
            if names := [part.name for part in diagnosis.blame if part.role is role]:
                lines += _block(
                    _("{sign} layers", sign=BLAME_SIGNS[role].text),
                    [_("{name}: {text}", name=_(str(role)), text=some(names, _NAMED))],
                    "",
                    width,
                )
    if jumps := [part.name for part in diagnosis.blame if part.jump]:
        text = _("{layers}: RMSE over 1.00 above the layer before (vendor's mark)", layers=some(jumps, _NAMED))
        lines += _block(_("jumps"), [text], "", width)
    lines += _block("twin", diagnosis.foresight.lines if diagnosis.foresight else (), "", width)
    return [*lines, *_block(_("note"), diagnosis.notes, "muted", width)]


def _block(label: str, texts: Sequence[str], tone: Tone, width: int) -> list[Line]:
    lines: list[Line] = []
    for text in texts:
        lines += hanging((Span(padded("" if lines else label, _LABEL), "muted"),), text, width, tone)
    return lines

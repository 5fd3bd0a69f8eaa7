"""What a diagnosis says of single layers: a sign for the layer table, lines for the details."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite

from sgs_tui.engine.diagnosis.results import Blame, Cause, Diagnosis, Recovered, Role
from sgs_tui.engine.numbers import cosine, figure
from sgs_tui.language import Message, _, joined, shown
from sgs_tui.tui.text import Line, Span, Tone, line, paragraph, span
from sgs_tui.tui.widgets.table import Cell

BLAME_SIGNS: dict[Role, Cell] = {
    Role.INTRODUCED: Cell("↑", "fail"),
    Role.INHERITED: Cell("→", "warn"),
    Role.RECOVERED: Cell("↓", "good"),
    Role.CLEAN: Cell(" "),
    Role.UNKNOWN: Cell(" "),
}
JUMP = "J"
"""In place of the arrow where the vendor's rule marks the layer."""
GUILTY = Cell("◆", "fail")
"""In place of the arrow at the layer that the first finding names."""
REORDERED = Cell("▒", "warn")
"""The data is out of order; what was won back of it stands in the details."""

_WORDS: dict[Role, tuple[str, Tone]] = {
    Role.INTRODUCED: (Message("the error begins here"), "fail"),
    Role.INHERITED: (Message("the error comes in with the inputs"), "warn"),
    Role.RECOVERED: (Message("the inputs are bad, this layer no longer"), "good"),
}
_ORDER = (Role.INTRODUCED, Role.INHERITED, Role.RECOVERED, Role.UNKNOWN, Role.CLEAN)


@dataclass(frozen=True, slots=True)
class Parts:
    """Each layer's part in the error, by its name: blame, and the rows that were put back in order.

    `guilty`: the layer that the first finding names, also where nothing fails; "" where there is none.
    """

    blame: Mapping[str, Blame] = field(default_factory=dict)
    recovered: Mapping[str, Recovered] = field(default_factory=dict)
    guilty: str = ""

    def cell(self, name: str) -> Cell:
        """The sign of that layer."""
        if name and name == self.guilty:
            return GUILTY
        if name in self.recovered:
            return REORDERED
        part = self.blame.get(name)
        if part is None:
            return Cell("")
        sign = BLAME_SIGNS[part.role]
        return Cell(JUMP, sign.tone or "warn") if part.jump else sign

    def place(self, name: str) -> int:
        """For sorting: the guilty layer first, then where the error begins, clean layers last."""
        if name and name == self.guilty:
            return -1
        part = self.blame.get(name)
        return len(_ORDER) if part is None else _ORDER.index(part.role)

    def lines(self, name: str, width: int) -> list[Line]:
        """That layer's part in words; nothing where there is nothing to say."""
        lines: list[Line] = []
        if (found := self.recovered.get(name)) is not None:
            lines += paragraph(_recovered_words(found), width, "warn")
        if (part := self.blame.get(name)) is None:
            return lines
        if part.role in _WORDS:
            sign, (words, tone) = BLAME_SIGNS[part.role], _WORDS[part.role]
            lines.append((Span(f"{sign.text} ", sign.tone), span(words, tone)))
            lines += paragraph(_shares(part), width, "muted")
        if part.jump:
            lines += paragraph(_("jump: RMSE is over 1.00 above the layer before (the vendor's mark)"), width, "warn")
        return lines


NOTHING = Parts()


def sign_lines() -> Iterator[Line]:
    """For `?`: what the signs behind a layer's name mean."""
    yield line("  ", Span(GUILTY.text, GUILTY.tone), " " + _("behind a name: the first finding names this layer"))
    for role, (meaning, _tone) in _WORDS.items():
        yield line(
            "  ",
            Span(BLAME_SIGNS[role].text, BLAME_SIGNS[role].tone),
            " " + _("behind a name: {meaning}", meaning=meaning),
        )
    yield line("  ", Span(JUMP, "warn"), " " + _("jump: RMSE over 1.00 above the layer before (the vendor's mark)"))
    yield line(
        "  ", Span(REORDERED.text, REORDERED.tone), " " + _("out of order in the file; recovered figures in details")
    )


def parts_of(diagnosis: Diagnosis, names: Collection[str]) -> Parts:
    """The layers of a diagnosis; `names`: of those that are compared.

    Where data is out of order its error says nothing about the network; where there is nothing but rounding nobody
    is to blame, and only the vendor's marks are left.
    """
    recovered = {each.row.name: each for each in diagnosis.recovered}
    blamed = [] if recovered else [part for part in diagnosis.blame if part.jump or not is_healthy(diagnosis)]
    return Parts({part.name: part for part in blamed}, recovered, guilty_of(diagnosis, names))


def guilty_of(diagnosis: Diagnosis, names: Collection[str]) -> str:
    """The compared layer that the first finding names; "" where nothing is wrong."""
    first = diagnosis.first
    named = () if first.cause is Cause.HEALTHY else (*first.layers, *first.behind)
    return next((name for name in named if name in names), "")


def is_healthy(diagnosis: Diagnosis) -> bool:
    """Nobody is to blame for rounding."""
    return all(finding.cause is Cause.HEALTHY for finding in diagnosis.findings)


def _shares(part: Blame) -> str:
    known = {"total": _share(part.total), "inherited": _share(part.inherited), "own": _share(part.own)}
    if isfinite(part.total):
        words = _("{total} of its signal is error: {inherited} came in, {own} its own", **known)
    elif isfinite(part.inherited):
        words = _("its error has no finite size; {inherited} of the signal came in", **known)
    else:
        words = _("its error has no finite size, nor has what came in")
    if part.proven and isfinite(part.own_steps):
        words = _("{shares} ({own_steps:.2g} steps)", shares=words, own_steps=part.own_steps)
    parts = [words, _("computed again in float") if part.proven else _("estimated from its neighbors")]
    if part.culprits:
        parts.append(_("from {culprits}", culprits=joined(part.culprits[:3])))
    return str(shown(joined(parts, "; ")))


def _share(error: float) -> str:
    """A finite error relative to the signal: `17.4%`, from ten times the signal on `12 times`."""
    return f"{error:.1%}" if error < 10 else _("{error:.3g} times", error=error)


def _recovered_words(found: Recovered) -> str:
    metrics = found.row.metrics
    known = {"layout": _(str(found.layout)), "kept": found.kept}
    if metrics is None:
        return _("recovered, {layout} undone; {kept:.0%} of the values are in the file", **known)
    return _(
        "recovered, {layout} undone: RMSE {rmse}, COS {cos}; {kept:.0%} of the values are in the file",
        rmse=figure(metrics.rmse),
        cos=cosine(metrics.cos).strip(),
        **known,
    )

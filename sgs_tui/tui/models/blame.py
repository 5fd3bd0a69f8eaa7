"""What a diagnosis says of single layers: a sign for the layer table, lines for the details."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite

from sgs_tui.engine.diagnosis.results import Blame, Cause, Diagnosis, Recovered, Role
from sgs_tui.tui.lines import Line, Span, Tone, wrap
from sgs_tui.tui.numbers import cosine, ratio
from sgs_tui.tui.widgets.table import Cell

SIGNS: dict[Role, Cell] = {
    Role.INTRODUCED: Cell("↑", "fail"),
    Role.INHERITED: Cell("→", "warn"),
    Role.RECOVERED: Cell("↓", "good"),
    Role.CLEAN: Cell(" "),
    Role.UNKNOWN: Cell(" "),
}
JUMP = "J"
"""In place of the arrow where the vendor's rule marks the layer."""
REORDERED = Cell("▒", "warn")
"""The data is out of order; what was won back of it stands in the details."""

_WORDS: dict[Role, tuple[str, Tone]] = {
    Role.INTRODUCED: ("the error begins here", "fail"),
    Role.INHERITED: ("the error comes in with the inputs", "warn"),
    Role.RECOVERED: ("the inputs are bad, this layer no longer", "good"),
}
_PLACES = {Role.INTRODUCED: 0, Role.INHERITED: 1, Role.RECOVERED: 2, Role.UNKNOWN: 3, Role.CLEAN: 4}


@dataclass(frozen=True, slots=True)
class Parts:
    """Blame and recovered rows by layer name."""

    blame: Mapping[str, Blame] = field(default_factory=dict)
    recovered: Mapping[str, Recovered] = field(default_factory=dict)

    def cell(self, name: str) -> Cell:
        """The sign of that layer."""
        if name in self.recovered:
            return REORDERED
        part = self.blame.get(name)
        if part is None:
            return Cell("")
        sign = SIGNS[part.role]
        return Cell(JUMP, sign.tone or "warn") if part.jump else sign

    def place(self, name: str) -> int:
        """For sorting: where the error begins first, clean layers last."""
        part = self.blame.get(name)
        return len(_PLACES) if part is None else _PLACES[part.role]

    def lines(self, name: str, width: int) -> list[Line]:
        """That layer's part in words; nothing where there is nothing to say."""
        lines: list[Line] = []
        if (found := self.recovered.get(name)) is not None:
            lines += [(Span(part, "warn"),) for part in wrap(_recovered_words(found), width)]
        if (part := self.blame.get(name)) is not None and part.role in _WORDS:
            words, tone = _WORDS[part.role]
            lines.append((_sign(part), Span(words, tone)))
            lines += [(Span(text, "muted"),) for text in wrap(_figures(part), width)]
        if part is not None and part.jump:
            text = "jump: RMSE is over 1.00 above the layer before (the vendor's mark)"
            lines += [(Span(row, "warn"),) for row in wrap(text, width)]
        return lines


NOTHING = Parts()


def parts_of(diagnosis: Diagnosis) -> Parts:
    """The layers of a diagnosis.

    Where data is out of order its error says nothing about the network; where there is nothing but rounding nobody
    is to blame, and only the vendor's marks are left.
    """
    recovered = {each.row.name: each for each in diagnosis.recovered}
    blamed = [] if recovered else [part for part in diagnosis.blame if part.jump or not is_healthy(diagnosis)]
    return Parts({part.name: part for part in blamed}, recovered)


def is_healthy(diagnosis: Diagnosis) -> bool:
    """Nobody is to blame for rounding."""
    return all(finding.cause is Cause.HEALTHY for finding in diagnosis.findings)


def _sign(part: Blame) -> Span:
    """The sign with a blank behind it."""
    sign = SIGNS[part.role]
    return Span(f"{sign.text} ", sign.tone)


def _figures(part: Blame) -> str:
    words = f"{share(part.total)} of its signal is error: {share(part.inherited)} came in, {share(part.own)} its own"
    if part.proven and isfinite(part.own_steps):
        words += f" ({part.own_steps:.2g} steps)"
    words += "; computed again in float" if part.proven else "; estimated from its neighbours"
    return words + (f"; from {', '.join(part.culprits[:3])}" if part.culprits else "")


def _recovered_words(found: Recovered) -> str:
    metrics = found.row.metrics
    figures = "" if metrics is None else f": RMSE {ratio(metrics.rmse).strip()}, COS {cosine(metrics.cos).strip()}"
    return f"recovered, {found.layout} undone{figures}; {found.kept:.0%} of the values are in the file"


def share(error: float) -> str:
    """An error relative to the signal: `17.4%`, from ten times the signal on `12 times`."""
    if not isfinite(error):
        return "more than all"
    return f"{error:.1%}" if error < 10 else f"{error:.3g} times"

"""A diagnosis in lines of plain words, for every format that people read. Names are raw: each format guards them."""

from collections.abc import Iterator

from sgs_tui.batch.report import Report
from sgs_tui.engine.diagnosis.results import Cause, Diagnosis, Finding, Role
from sgs_tui.engine.diagnosis.wording import plain_words
from sgs_tui.engine.numbers import count

MOST = 3
"""Findings that are told; the rest is counted (JSON has all)."""

_NAMED = 4
_EVERYWHERE = {Cause.HEALTHY, Cause.PADDING_KEPT, Cause.NOT_DEQUANTISED, Cause.LAYOUT, Cause.DRIFT}
"""Causes of whole dumps: no layer is to blame."""
_TELLING = (Role.INTRODUCED, Role.INHERITED, Role.RECOVERED)


def headline(finding: Finding) -> str:
    """Where and why in one line: `gate: tensors of very different size share one scale (shared_scale, 99% sure)`."""
    where = f"{finding.layers[0]}: " if finding.layers and finding.cause not in _EVERYWHERE else ""
    return f"{where}{plain_words(finding.cause)} ({finding.cause}, {finding.confidence:.0%} sure)"


def further_layers(finding: Finding) -> tuple[str, str]:
    """(label, names) of the layers that the headline does not name; names are empty where there are none."""
    if finding.cause is Cause.HEALTHY:
        return "", ""
    if finding.cause in _EVERYWHERE:
        return "layers", some(finding.layers)
    return "with", some(finding.layers[1:])


def some(names: tuple[str, ...] | list[str]) -> str:
    """The first few names, and how many more there are."""
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def left_out(diagnosis: Diagnosis) -> str:
    """What stands for the findings behind the first `MOST`; empty where there are none."""
    more = len(diagnosis.findings) - MOST
    return f"{count(more, 'more cause')} in --format json" if more > 0 else ""


def course(report: Report) -> Iterator[tuple[str, str]]:
    """(what, in words): how the error runs over the network, and the vendor's jump marks.

    Where data is out of order its error says nothing about the network, so only the marks are left.
    """
    found = report.diagnosis
    if found is None:
        return
    if not found.recovered:
        yield "course", found.trend.text
        for role in () if _is_healthy(found) else _TELLING:
            if names := [part.name for part in found.blame if part.role is role]:
                yield str(role), some(names)
    if names := [part.name for part in found.blame if part.jump]:
        yield "jumps", f"{some(names)} (RMSE over 1.00 above the layer before, the vendor's mark)"


def shares(report: Report) -> dict[str, str]:
    """Each layer's part in the error in a word or two; layers of which there is nothing to say are left out."""
    if report.recovered:
        return dict.fromkeys(report.recovered, "out of order")
    if report.diagnosis is None or _is_healthy(report.diagnosis):
        return {}
    return {name: str(part.role) for name, part in report.blame.items() if part.role in _TELLING}


def _is_healthy(diagnosis: Diagnosis) -> bool:
    """Nobody is to blame for rounding."""
    return all(finding.cause is Cause.HEALTHY for finding in diagnosis.findings)

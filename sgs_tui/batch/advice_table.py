"""INT16 advice for people: what to raise, by which rule, what it should bring, and the change to the file."""

from collections.abc import Iterator
from itertools import chain

from rich.console import RenderableType
from rich.text import Text

from sgs_tui.batch.advice import Advised
from sgs_tui.batch.advice_text import groups, in_short, others_title, setting
from sgs_tui.batch.columns import PIPED
from sgs_tui.batch.drawing import hanging, render
from sgs_tui.batch.outcome import Outcome, outcome_parts
from sgs_tui.batch.screen import Screen
from sgs_tui.engine.advice.results import Candidate
from sgs_tui.engine.advice.wording import expectation, facts, headline, rules
from sgs_tui.engine.configs.findings import Finding

_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def write_advice(found: Advised, screen: Screen, done: Outcome | None = None) -> bytes:
    """The advice, the diff, and where it was applied what came of it, in the screen's width."""
    parts = _parts(found, screen) if done is None else chain(_parts(found, screen), outcome_parts(done, screen))
    return render(parts, screen, screen.columns or PIPED)


def _parts(found: Advised, screen: Screen) -> Iterator[RenderableType]:
    advice = found.advice
    yield hanging("sample     ", found.report.sample.path, 11, screen)
    yield hanging("benchmark  ", found.report.benchmark.path, 11, screen)
    yield hanging("profile    ", advice.profile, 11, screen)
    yield Text()
    yield Text(screen.text(headline(advice, found.report.summary.failed)), style="bold")
    for note in advice.notes:
        yield hanging("note: ", note, 6, screen)
    yield from _candidates(found, screen)
    yield Text()
    yield from _change(found, screen)


def _candidates(found: Advised, screen: Screen) -> Iterator[RenderableType]:
    chosen, other, never = groups(found.advice)
    for number, candidate in enumerate(chosen, 1):
        yield from _chosen(number, candidate, screen)
    for title, others in ((others_title(found.advice), other), ("can not be raised", never)):
        if others:
            yield Text(title)
        for candidate in others:
            yield hanging("   ", f"{candidate.tensor}: {in_short(candidate)}", 5, screen)


def _chosen(number: int, candidate: Candidate, screen: Screen) -> Iterator[RenderableType]:
    yield hanging(f"{number}. ", candidate.tensor, 3, screen, "bold")
    yield hanging("   now      ", facts(candidate), 12, screen)
    for first, reason in enumerate(rules(candidate)):
        yield hanging(f"   {'' if first else 'because':<9}", reason, 12, screen)
    if candidate.expected is not None:
        yield hanging("   expect   ", expectation(candidate.expected), 12, screen)


def _change(found: Advised, screen: Screen) -> Iterator[RenderableType]:
    """The diff and what there is to know about the file, or what to put into one."""
    change = found.change
    if change is None or found.ini is None:
        yield from (Text(screen.text(line)) for line in setting(found.advice))
        return
    lines = change.diff(str(found.ini))
    if not lines:
        yield hanging("", f"{found.ini} stays as it is", 0, screen)
    yield from (Text(screen.text(line), _STYLES.get(line[:1], ""), no_wrap=True) for line in lines)
    for finding in change.findings:
        yield hanging("", _finding(finding, found.ini.name), 0, screen)


def _finding(finding: Finding, name: str) -> str:
    place = f"{name}:{finding.line}" if finding.line else name
    return f"{place}: {finding.severity}: {finding.message}" + (f"; {finding.remedy}" if finding.remedy else "")

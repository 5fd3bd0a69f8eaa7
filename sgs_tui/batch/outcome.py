"""What a change of INT16 tensors did: the comparison before it and after it, side by side."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import RenderableType
from rich.text import Text

from sgs_tui.batch.compare import View, compare
from sgs_tui.batch.diagnosis_table import diagnosis_section
from sgs_tui.batch.drawing import hanging
from sgs_tui.batch.json_regression import regression_json
from sgs_tui.batch.json_values import Json, exact
from sgs_tui.batch.markdown_cells import code
from sgs_tui.batch.markdown_diagnosis import diagnosis_lines
from sgs_tui.batch.markdown_regression import regression_lines
from sgs_tui.batch.phrases import headline
from sgs_tui.batch.regression_table import regression_section
from sgs_tui.batch.report import Report
from sgs_tui.batch.screen import Screen
from sgs_tui.engine.compare.baseline import Baseline
from sgs_tui.engine.session import CompareRequest


@dataclass(frozen=True, slots=True)
class Outcome:
    """`after` is the new comparison and holds what has changed; `folder` is where its dumps are."""

    folder: Path
    before: str
    after: Report


def outcome(request: CompareRequest, folder: Path, before: str, baseline: Baseline) -> Outcome:
    """Compare the new dumps and hold them against the state before, whose headline is `before`."""
    return Outcome(folder, before, compare(request, View(), diagnosing=True, baseline=baseline))


def outcome_lines(found: Outcome) -> Iterator[str]:
    """The two states in a line each. Raw text."""
    yield f"before  {found.before}"
    yield f"after   {headline(found.after.summary)}"


def outcome_json(found: Outcome) -> Json:
    """folder, before and after (headlines), failed_after, cause_after, regression (as in a comparison)."""
    summary = found.after.summary
    return {
        "folder": exact(str(found.folder)),
        "before": exact(found.before),
        "after": exact(headline(summary)),
        "failed_after": summary.failed,
        "cause_after": str(found.after.diagnosis.first.cause) if found.after.diagnosis else None,
        "regression": regression_json(found.after.since) if found.after.since else None,
    }


def outcome_markdown(found: Outcome) -> Iterator[str]:
    """Lines of markdown."""
    yield from ("### Before and after", "")
    yield from (f"- {code(line)}" for line in outcome_lines(found))
    yield ""
    yield from regression_lines(found.after)
    if found.after.summary.failed:
        yield from diagnosis_lines(found.after)


def outcome_parts(found: Outcome, screen: Screen) -> Iterator[RenderableType]:
    """For people: before, after, every layer that changed, and why layers still fail."""
    yield Text()
    for line in outcome_lines(found):
        yield hanging(f"{line[:8]}", line[8:], 8, screen, "bold")
    yield from regression_section(found.after, screen)
    if found.after.summary.failed:
        yield from diagnosis_section(found.after, screen)

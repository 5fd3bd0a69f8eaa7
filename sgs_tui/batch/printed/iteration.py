"""`iterate`: what it is about to do, and what it did."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import RenderableType
from rich.text import Text

from sgs_tui.batch.compare import compare
from sgs_tui.batch.console import PIPED, Screen, hanging, render
from sgs_tui.batch.formats.json import regression_json
from sgs_tui.batch.formats.markdown import code, diagnosis_lines, regression_lines
from sgs_tui.batch.formats.table import diagnosis_section, regression_section
from sgs_tui.batch.journal import entry_json
from sgs_tui.batch.output import AdviceFormat
from sgs_tui.batch.report import Report
from sgs_tui.batch.values import Json, dump_json, exact, exact_all, text_of
from sgs_tui.batch.words import finding_line, headline
from sgs_tui.engine.compare.baseline import Baseline
from sgs_tui.engine.compare.limits import load_profile
from sgs_tui.engine.compare.results import Verdict
from sgs_tui.engine.numbers import count
from sgs_tui.engine.requantize.ini_change import IniChange
from sgs_tui.engine.requantize.network import IterateConfig, place_of
from sgs_tui.engine.requantize.propose import command_lines, compared_with, dump_lines
from sgs_tui.engine.requantize.state import state_behind
from sgs_tui.engine.runs.run_list import Run
from sgs_tui.engine.session import CompareRequest
from sgs_tui.engine.text import visible
from sgs_tui.language import Message, _, shown

SCHEMA = "sgs-tui/iterate/1"


@dataclass(frozen=True, slots=True)
class BeforeAfter:
    """What a change of INT16 tensors did. `before`: the headline of the comparison before it; `after`: the new one,
    which holds what has changed; `folder`: where its dumps are."""

    folder: Path
    before: str
    after: Report

    def lines(self) -> Iterator[str]:
        yield Message("before  {before}", before=self.before)
        yield Message("after   {headline}", headline=headline(self.after.summary))


def before_after_json(found: BeforeAfter) -> Json:
    """folder, before and after (headlines), failed_after, cause_after, regression (as in a comparison)."""
    summary = found.after.summary
    return {
        "folder": exact(found.folder),
        "before": exact(found.before),
        "after": exact(headline(summary)),
        "failed_after": summary.failed,
        "cause_after": str(found.after.diagnosis.first.cause) if found.after.diagnosis else None,
        "regression": regression_json(found.after.since) if found.after.since else None,
    }


def before_after_markdown(found: BeforeAfter) -> Iterator[str]:
    """Lines of markdown."""
    yield from (f"### {_('Before and after')}", "")
    yield from (f"- {code(line)}" for line in found.lines())
    yield ""
    yield from regression_lines(found.after)
    if found.after.summary.failed:
        yield from diagnosis_lines(found.after)


def before_after_parts(found: BeforeAfter, screen: Screen) -> Iterator[RenderableType]:
    """For people: before, after, every layer that changed, and why layers still fail."""
    yield Text()
    for label, text in ((Message("before"), found.before), (Message("after"), headline(found.after.summary))):
        yield hanging(label, text, 8, screen, "bold")
    yield from regression_section(found.after, screen)
    if found.after.summary.failed:
        yield from diagnosis_section(found.after, screen)


def plan_text(config: IterateConfig, before: Path | None, change: IniChange) -> bytes:
    """What `--dry-run` prints: the difference, then the steps."""
    return text_of(visible(shown(line)) for line in _plan(config, before, change))


def iterated(run: Run, config: IterateConfig) -> BeforeAfter:
    """Compare what a finished iteration has dumped, with the state before beside it. Raises InputError."""
    place, profile = place_of(run.folder.path), load_profile(config.profile)
    before = state_behind(run, profile)
    request = CompareRequest(place.sample, place.benchmark, place.ranges, profile=profile)
    return BeforeAfter(run.folder.path, _line(before), compare(request, baseline=before))


def write_iteration(found: BeforeAfter, run: Run, wanted: AdviceFormat, screen: Screen) -> bytes:
    """The result in the format asked for; JSON is of schema `sgs-tui/iterate/1` (cfg/schemas/iterate-1.json)."""
    match wanted:
        case AdviceFormat.JSON:
            int16 = run.request.details.get("int16", "").split(",")
            return dump_json(
                {
                    "schema": SCHEMA,
                    "run": exact(run.folder.path),
                    "int16": exact_all(name for name in int16 if name),
                    "outcome": before_after_json(found),
                    "journal": [entry_json(each) for each in found.after.journal],
                }
            )
        case AdviceFormat.MARKDOWN:
            return text_of(before_after_markdown(found))
        case AdviceFormat.TABLE:
            return render(before_after_parts(found, screen), screen, screen.columns or PIPED)


def _line(before: Baseline | None) -> str:
    if before is None:
        return Message("nothing is known of it")
    failed = [layer.name for layer in before.layers if layer.verdict is Verdict.FAIL]
    named = Message("; first failing {failed}", failed=failed[0]) if failed else ""
    return Message(
        "{count}: {failed} failed{named}", count=count(len(before.layers), "layer"), failed=len(failed), named=named
    )


def _plan(config: IterateConfig, before: Path | None, change: IniChange) -> Iterator[str]:
    yield from change.diff(str(config.ini))
    yield from (finding_line(finding, config.ini.name) for finding in change.findings)
    yield Message("compare with: {compared_with}", compared_with=compared_with(before, config))
    yield Message("in {folder}:", folder=config.folder)
    yield from (f"  {line}" for line in command_lines(config))
    yield from dump_lines(config)

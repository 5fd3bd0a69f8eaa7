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
from sgs_tui.batch.values import Json, dump_json, exact
from sgs_tui.batch.words import headline
from sgs_tui.engine.compare.baseline import Baseline
from sgs_tui.engine.compare.limits import load_profile
from sgs_tui.engine.compare.results import Verdict
from sgs_tui.engine.numbers import count
from sgs_tui.engine.requantize.ini_change import IniChange
from sgs_tui.engine.requantize.network import IterateConfig, place_of
from sgs_tui.engine.requantize.propose import command_lines, compared_with, dump_lines, read_outcome
from sgs_tui.engine.runs.run_list import Run
from sgs_tui.engine.session import CompareRequest
from sgs_tui.engine.text import visible

# What a change of INT16 tensors did: the comparison before it and after it, side by side.


@dataclass(frozen=True, slots=True)
class Outcome:
    """`after` is the new comparison and holds what has changed; `folder` is where its dumps are."""

    folder: Path
    before: str
    after: Report


def outcome(request: CompareRequest, folder: Path, before: str, baseline: Baseline) -> Outcome:
    """Compare the new dumps and hold them against the state before, whose headline is `before`."""
    return Outcome(folder, before, compare(request, baseline=baseline))


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


SCHEMA = "sgs-tui/iterate/1"


def plan_text(config: IterateConfig, before: Path | None, change: IniChange) -> bytes:
    """What `--dry-run` prints: the difference, then the steps."""
    return "".join(f"{visible(line)}\n" for line in _plan(config, before, change)).encode()


def iterated(run: Run, config: IterateConfig) -> Outcome:
    """Compare what a finished iteration has dumped, with the state before beside it. Raises InputError."""
    found, place = read_outcome(run.folder.path), place_of(run.folder.path)
    request = CompareRequest(place.sample, place.benchmark, place.ranges, profile=load_profile(config.profile))
    before = found.before
    source = run.request.details.get("before") or "the state before"
    baseline = Baseline(source, before.profile, before.layers) if before is not None else None
    return Outcome(run.folder.path, _line(before), compare(request, baseline=baseline))


def write_iteration(found: Outcome, run: Run, wanted: AdviceFormat, screen: Screen) -> bytes:
    """The result in the format asked for."""
    match wanted:
        case AdviceFormat.JSON:
            return dump_json(_document(found, run))
        case AdviceFormat.MARKDOWN:
            return ("\n".join(outcome_markdown(found)) + "\n").encode()
        case AdviceFormat.TABLE:
            return render(outcome_parts(found, screen), screen, screen.columns or PIPED)


def _document(found: Outcome, run: Run) -> Json:
    """The object of schema `sgs-tui/iterate/1` (cfg/schemas/iterate-1.json)."""
    return {
        "schema": SCHEMA,
        "run": exact(str(run.folder.path)),
        "int16": [exact(name) for name in run.request.details.get("int16", "").split(",") if name],
        "outcome": outcome_json(found),
        "journal": [entry_json(each) for each in found.after.journal],
    }


def _line(before: Baseline | None) -> str:
    if before is None:
        return "nothing is known of it"
    failed = [layer.name for layer in before.layers if layer.verdict is Verdict.FAIL]
    named = f"; first failing {failed[0]}" if failed else ""
    return f"{count(len(before.layers), 'layer')}: {len(failed)} failed{named}"


def _plan(config: IterateConfig, before: Path | None, change: IniChange) -> Iterator[str]:
    yield from change.diff(str(config.ini))
    for finding in change.findings:
        yield f"{config.ini.name}:{finding.line or 1}: {finding.severity}: {finding.message}; {finding.remedy}"
    yield f"compare with: {compared_with(before, config)}"
    yield f"in {config.folder}:"
    yield from (f"  {line}" for line in command_lines(config))
    yield from dump_lines(config)

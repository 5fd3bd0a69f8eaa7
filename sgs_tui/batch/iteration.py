"""`iterate`: what it is about to do, and what it did."""

from collections.abc import Iterator
from pathlib import Path

from sgs_tui.batch.columns import PIPED
from sgs_tui.batch.compare import View, compare
from sgs_tui.batch.drawing import render
from sgs_tui.batch.formats import AdviceFormat
from sgs_tui.batch.journal import entry_json
from sgs_tui.batch.json_values import Json, dump_json, exact
from sgs_tui.batch.outcome import Outcome, outcome_json, outcome_markdown, outcome_parts
from sgs_tui.batch.screen import Screen
from sgs_tui.engine.compare.baseline import Baseline
from sgs_tui.engine.compare.results import Verdict
from sgs_tui.engine.configs.profile_files import load_profile
from sgs_tui.engine.iterate.config import IterateConfig
from sgs_tui.engine.iterate.ini_change import IniChange
from sgs_tui.engine.iterate.places import place_of
from sgs_tui.engine.iterate.start import read_outcome
from sgs_tui.engine.iterate.telling import command_lines, compared_with, dump_lines
from sgs_tui.engine.numbers import count
from sgs_tui.engine.session import CompareRequest
from sgs_tui.engine.simulate.run_list import Run
from sgs_tui.engine.text import visible

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
    return Outcome(run.folder.path, _line(before), compare(request, View(), baseline=baseline))


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

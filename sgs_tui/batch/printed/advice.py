"""`advise`: which tensors to raise to INT16, and the change to input_config.ini that does it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from rich.console import RenderableType
from rich.text import Text

from sgs_tui.batch.compare import compared
from sgs_tui.batch.console import PIPED, Screen, hanging, render
from sgs_tui.batch.formats.markdown import code, fenced
from sgs_tui.batch.printed.iteration import Outcome, outcome_json, outcome_markdown, outcome_parts
from sgs_tui.batch.report import Report
from sgs_tui.batch.values import Json, dump_json, exact, finite_or_null
from sgs_tui.engine.advice.results import (
    Advice,
    Candidate,
    Predicted,
    Reason,
    expectation,
    facts,
    headline,
    rule,
    rules,
)
from sgs_tui.engine.compare.results import Verdict
from sgs_tui.engine.configs.textlines import Finding
from sgs_tui.engine.files import read_bytes
from sgs_tui.engine.network.graph import conv_inputs
from sgs_tui.engine.requantize.ini_change import IniChange, ini_change
from sgs_tui.engine.session import CompareRequest


@dataclass(frozen=True, slots=True)
class Advised:
    """A comparison with its INT16 advice. `conv_inputs`: None where the dumps do not hold them.

    `ini`: the user's file as it was named, and what becomes of it; both None without one.
    """

    report: Report
    advice: Advice
    conv_inputs: tuple[str, ...] | None
    ini: Path | None = None
    change: IniChange | None = None


def advised(request: CompareRequest, marked: Sequence[str] = (), unmarked: Sequence[str] = ()) -> Advised:
    """Compare, explain and advise. Raises SgsError."""
    from sgs_tui.engine.advice.advise import advise

    with compared(request) as done:
        found = advise(done.comparison, done.rows, done.diagnosis, marked, unmarked)
        inputs = conv_inputs(done.comparison.benchmark, done.comparison.sample)
        return Advised(done.report(), found, inputs)


def with_ini(found: Advised, ini: Path, unmarked: Sequence[str] = ()) -> Advised:
    """The same with what raising the chosen tensors makes of a file. Raises InputError, UsageError."""
    change = ini_change(read_bytes(ini), found.advice.chosen, unmarked, found.conv_inputs)
    return replace(found, ini=ini, change=change)


# `advise --format json`: schema `sgs-tui/advise/1`, described by cfg/schemas/advise-1.json.
#
# schema       "sgs-tui/advise/1"; keys may be added within version 1, never renamed, moved or taken away
# sample, benchmark   paths, as given
# profile      name of the limits
# chosen[]     the tensors to raise to 16 bit; smallest[]: without those that were only marked
# candidates[] tensor, chosen, bits (now, or null), range, range_source, raises[] (share its scale), also[] (other
#              convolution inputs that its name raises too), unaffected (why it can not be raised, or ""),
#              reasons[]: rule (diagnosis, range, rmse, concentrated, procedure, marked), layer, text, value, limit;
#              expected: layer, now_db, then_db, or null
# failing[]    layers that fail now; remaining[]: those expected to fail with the chosen tensors in 16 bit
# predicted[]  layer, rmse, cos, sqnr_db, relative_l2, fails: every layer, with the chosen tensors in 16 bit
# mend_first   the cause id to mend before bits are chosen (only marks are chosen then), or null
# notes[]      what the advice can not know, or what will not help
# ini          null without a file; path, changes, written, backup (or null), tensor_arrays[], added[], removed[],
#              diff (text), findings[]: severity, line (or null), message, remedy

SCHEMA = "sgs-tui/advise/1"


def write_advice_json(
    found: Advised, written: bool = False, backup: Path | None = None, done: Outcome | None = None
) -> bytes:
    """The advice as one JSON object."""
    return dump_json(document(found, written, backup, done))


def document(found: Advised, written: bool = False, backup: Path | None = None, done: Outcome | None = None) -> Json:
    """The object of schema `sgs-tui/advise/1`."""
    advice, report = found.advice, found.report
    return {
        "schema": SCHEMA,
        "sample": exact(report.sample.path),
        "benchmark": exact(report.benchmark.path),
        "profile": advice.profile,
        "chosen": _names(advice.chosen),
        "smallest": _names(advice.smallest),
        "candidates": [_candidate(each) for each in advice.candidates],
        "failing": _names(tuple(row.name for row in report.rows if row.verdict is Verdict.FAIL)),
        "remaining": _names(advice.remaining),
        "predicted": [_predicted(each) for each in advice.predicted],
        "mend_first": None if advice.fix_first is None else str(advice.fix_first.cause),
        "notes": _names(advice.notes),
        "ini": _ini(found, written, backup),
        "applied": None if done is None else outcome_json(done),
    }


def finding_json(each: Finding) -> Json:
    """A finding about a file."""
    return {
        "severity": str(each.severity),
        "line": each.line,
        "message": exact(each.message),
        "remedy": exact(each.remedy),
    }


def _names(names: tuple[str, ...]) -> list[str]:
    return [exact(name) for name in names]


def _candidate(each: Candidate) -> Json:
    width = {"range": None if each.range is None else each.range.width}
    return {
        "tensor": exact(each.tensor),
        "chosen": each.chosen,
        "bits": each.bits,
        **finite_or_null(width),
        "range_source": None if each.range is None else str(each.range.source),
        "raises": _names(each.raises),
        "also": _names(each.also),
        "unaffected": exact(each.unaffected),
        "reasons": [_reason(reason) for reason in each.reasons],
        "expected": None if each.expected is None else _expected(each.expected.layer, each),
    }


def _expected(layer: str, each: Candidate) -> Json:
    assert each.expected is not None
    return {
        "layer": exact(layer),
        **finite_or_null({"now_db": each.expected.now_db, "then_db": each.expected.then_db}),
    }


def _reason(each: Reason) -> Json:
    return {
        "rule": each.rule.name.lower(),
        "layer": exact(each.layer),
        "text": exact(each.text),
        **finite_or_null({"value": each.value, "limit": each.limit}),
    }


def _predicted(each: Predicted) -> Json:
    figures = {"rmse": each.rmse, "cos": each.cos, "sqnr_db": each.sqnr_db, "relative_l2": each.relative_l2}
    return {"layer": exact(each.layer), **finite_or_null(figures), "fails": each.fails}


def _ini(found: Advised, written: bool, backup: Path | None) -> Json | None:
    change = found.change
    if change is None or found.ini is None:
        return None
    return {
        "path": exact(str(found.ini)),
        "changes": change.changes,
        "written": written,
        "backup": None if backup is None else exact(str(backup)),
        "tensor_arrays": _names(change.names),
        "added": _names(change.added),
        "removed": _names(change.removed),
        "diff": exact("".join(f"{line}\n" for line in change.diff(str(found.ini)))),
        "findings": [finding_json(each) for each in change.findings],
    }


# INT16 advice in words, for every format that people read. Names are raw: each format guards them.

_NOT_NEEDED = "not needed for that"
BLOCK = "[CONV_CONFIG]"


def groups(advice: Advice) -> tuple[list[Candidate], list[Candidate], list[Candidate]]:
    """(chosen, would bring something but are not needed, can not be raised)."""
    chosen = [each for each in advice.candidates if each.chosen]
    never = [each for each in advice.candidates if each.unaffected and not each.chosen]
    other = [each for each in advice.candidates if not each.chosen and not each.unaffected]
    return chosen, other, never


def others_title(advice: Advice) -> str:
    """What the candidates are that are neither chosen nor impossible."""
    return "named by the rules, judged on figures that have to be mended first" if advice.fix_first else _NOT_NEEDED


def in_short(candidate: Candidate) -> str:
    """A candidate that is not chosen, in a line."""
    why = candidate.unaffected or (rule(candidate.reasons[0], candidate.tensor) if candidate.reasons else "")
    gain = f"; would bring {expectation(candidate.expected)}" if candidate.expected and not candidate.unaffected else ""
    return f"{why}{gain}"


def setting(advice: Advice) -> Iterator[str]:
    """The lines to have in input_config.ini, where no file was named."""
    if advice.chosen:
        quote = '"' if any("'" in name for name in advice.chosen) else "'"
        yield from (BLOCK, f"tensor_arrays={quote}{','.join(advice.chosen)}{quote};")


# INT16 advice in markdown.


def write_advice_markdown(found: Advised, done: Outcome | None = None) -> bytes:
    """The advice, the diff, and where it was applied what came of it, as GitHub-flavoured markdown."""
    lines = [*_lines(found), *(("", *outcome_markdown(done)) if done is not None else ())]
    return ("\n".join(lines) + "\n").encode()


def _lines(found: Advised) -> Iterator[str]:
    advice, report = found.advice, found.report
    yield from (f"**{headline(advice, report.summary.failed)}**", "")
    yield f"{code(report.sample.path)} against {code(report.benchmark.path)}, profile {code(advice.profile)}"
    yield from (f"\nNote: {code(note)}" for note in advice.notes)
    chosen, other, never = groups(advice)
    for title, candidates in (
        ("Raise to 16 bit", chosen),
        (others_title(advice).capitalize(), other),
        ("Can not be raised", never),
    ):
        if candidates:
            yield from ("", f"### {title}", "")
        for each in candidates:
            yield f"- {code(each.tensor)}: {code(facts(each) if each.chosen else in_short(each))}"
            if each.chosen:
                yield from (f"  - {code(reason)}" for reason in rules(each))
            if each.chosen and each.expected is not None:
                yield f"  - expect {code(expectation(each.expected))}"
    yield from _markdown_change(found)


def _markdown_change(found: Advised) -> Iterator[str]:
    change = found.change
    if change is None or found.ini is None:
        lines = tuple(setting(found.advice))
        yield from ("", *fenced(lines, "ini")) if lines else ()
        return
    yield ""
    yield from (
        fenced(change.diff(str(found.ini)), "diff") if change.changes else (f"{code(str(found.ini))} stays as it is",)
    )
    for each in change.findings:
        place = f"line {each.line}: " if each.line else ""
        yield f"\n{each.severity.capitalize()}: {code(f'{place}{each.message}; {each.remedy}')}"


# INT16 advice for people: what to raise, by which rule, what it should bring, and the change to the file.

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

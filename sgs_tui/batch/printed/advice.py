"""`advise`: which tensors to choose for INT16, by which rule, what it should bring, and the change to input_config.ini.

JSON `sgs-tui/advise/1` (cfg/schemas/advise-1.json); keys may be added within version 1, never renamed, moved or taken
away: schema; sample, benchmark (paths, as given); profile (name of the limits);
  chosen[]     the tensors for INT16; smallest[]: without those that were only marked
  candidates[] tensor, chosen, bits (now, or null), range, range_source, raises[] (share its scale), also[] (other
               convolution inputs that its name makes INT16 too), unaffected (why it can not be INT16, or ""),
               reasons[]: rule (diagnosis, range, rmse, concentrated, procedure, tried, marked), layer, text, value,
               limit;
               expected: layer, now_db, then_db, or null
  failing[]    layers that fail now; remaining[]: those expected to fail with the chosen tensors in INT16
  predicted[]  layer, rmse, cos, sqnr_db, relative_l2, fails: every layer, with the chosen tensors in INT16
  mend_first   the cause id to fix before bits are chosen (only marks are chosen then), or null
  notes[]      what the advice can not know, or what will not help
  ini          null without a file; path, changes, written, backup (or null), tensor_arrays[], added[], removed[],
               diff (text), findings[]: severity, line (or null), message, remedy
  applied      null, or what came of it: folder, before, after, failed_after, cause_after, regression
Names are raw in all words here: each format guards them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from rich.console import RenderableType
from rich.text import Text

from sgs_tui.batch.compare import compared
from sgs_tui.batch.console import PIPED, Screen, hanging, render
from sgs_tui.batch.formats.markdown import code, fenced
from sgs_tui.batch.output import AdviceFormat
from sgs_tui.batch.printed.iteration import BeforeAfter, before_after_json, before_after_markdown, before_after_parts
from sgs_tui.batch.report import Report
from sgs_tui.batch.values import Json, dump_json, exact, exact_all, exact_or_null, finite_or_null, text_of
from sgs_tui.batch.words import finding_line
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
from sgs_tui.engine.requantize.ini_change import IniChange, ini_change
from sgs_tui.engine.session import CompareRequest
from sgs_tui.language import Message, _, shown

SCHEMA = "sgs-tui/advise/1"
_STYLES = {"+": "green", "-": "red", "@": "cyan"}


@dataclass(frozen=True, slots=True)
class Advised:
    """A comparison with its INT16 advice.

    `ini`: the user's file as it was named, and what becomes of it; both None without one.
    """

    report: Report
    advice: Advice
    ini: Path | None = None
    change: IniChange | None = None


def advised(request: CompareRequest, marked: Sequence[str] = (), unmarked: Sequence[str] = ()) -> Advised:
    """Compare, explain and advise. Raises SgsError."""
    from sgs_tui.engine.advice.advise import advise

    with compared(request) as done:
        found = advise(done.comparison, done.rows, done.diagnosis, marked, unmarked)
        return Advised(done.report(), found)


def with_ini(found: Advised, ini: Path, unmarked: Sequence[str] = ()) -> Advised:
    """The same with what INT16 for the chosen tensors makes of a file. Raises InputError, UsageError."""
    change = ini_change(read_bytes(ini), found.advice.chosen, unmarked, found.advice.able)
    return replace(found, ini=ini, change=change)


def write_advice(
    found: Advised,
    wanted: AdviceFormat,
    screen: Screen,
    written: bool = False,
    backup: Path | None = None,
    done: BeforeAfter | None = None,
) -> bytes:
    """The advice, the change to the file, and where it was applied what came of it, in the format asked for.

    `written`: the file is, and what was there before is in `backup`. JSON has no other bytes anywhere, markdown is
    GitHub's; only the table depends on the screen.
    """
    match wanted:
        case AdviceFormat.JSON:
            return dump_json(_document(found, written, backup, done))
        case AdviceFormat.MARKDOWN:
            return text_of([*_lines(found), *(("", *before_after_markdown(done)) if done is not None else ())])
        case AdviceFormat.TABLE:
            parts = chain(_parts(found, screen), () if done is None else before_after_parts(done, screen))
            return render(parts, screen, screen.columns or PIPED)


def _document(found: Advised, written: bool, backup: Path | None, done: BeforeAfter | None) -> Json:
    advice, report = found.advice, found.report
    return {
        "schema": SCHEMA,
        "sample": exact(report.sample.path),
        "benchmark": exact(report.benchmark.path),
        "profile": advice.profile,
        "chosen": exact_all(advice.chosen),
        "smallest": exact_all(advice.smallest),
        "candidates": [_candidate(each) for each in advice.candidates],
        "failing": exact_all(row.name for row in report.rows if row.verdict is Verdict.FAIL),
        "remaining": exact_all(advice.remaining),
        "predicted": [_predicted(each) for each in advice.predicted],
        "mend_first": None if advice.fix_first is None else str(advice.fix_first.cause),
        "notes": exact_all(advice.remarks),
        "ini": ini_json(found.ini, found.change, written, backup),
        "applied": None if done is None else before_after_json(done),
    }


def _candidate(each: Candidate) -> Json:
    expected = each.expected
    return {
        "tensor": exact(each.tensor),
        "chosen": each.chosen,
        "bits": each.bits,
        **finite_or_null({"range": None if each.range is None else each.range.width}),
        "range_source": None if each.range is None else str(each.range.source),
        "raises": exact_all(each.raises),
        "also": exact_all(each.also),
        "unaffected": exact(each.unaffected),
        "reasons": [_reason(reason) for reason in each.reasons],
        "expected": expected
        and {
            "layer": exact(expected.layer),
            **finite_or_null({"now_db": expected.now_db, "then_db": expected.then_db}),
        },
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


def ini_json(ini: Path | None, change: IniChange | None, written: bool, backup: Path | None) -> Json | None:
    """What becomes of an input_config.ini; None without one."""
    if change is None or ini is None:
        return None
    return {
        "path": exact(ini),
        "changes": change.changes,
        "written": written,
        "backup": exact_or_null(backup),
        "tensor_arrays": exact_all(change.names),
        "added": exact_all(change.added),
        "removed": exact_all(change.removed),
        "diff": exact("".join(f"{line}\n" for line in change.diff(str(ini)))),
        "findings": [_finding_json(each) for each in change.findings],
    }


def _finding_json(each: Finding) -> Json:
    return {
        "severity": str(each.severity),
        "line": each.line,
        "message": exact(each.message),
        "remedy": exact(each.remedy),
    }


def _groups(advice: Advice) -> tuple[list[Candidate], list[Candidate], list[Candidate]]:
    """(chosen, would bring something but are not needed, can not be INT16)."""
    chosen = [each for each in advice.candidates if each.chosen]
    never = [each for each in advice.candidates if each.unaffected and not each.chosen]
    other = [each for each in advice.candidates if not each.chosen and not each.unaffected]
    return chosen, other, never


def _others_title(advice: Advice) -> str:
    first = Message("named by the rules, judged on figures that have to be fixed first")
    return first if advice.fix_first else Message("not needed for that")


def _in_short(candidate: Candidate) -> str:
    why = candidate.unaffected or (rule(candidate.reasons[0], candidate.tensor) if candidate.reasons else "")
    gain = (
        Message("; would bring {expectation}", expectation=expectation(candidate.expected))
        if candidate.expected and not candidate.unaffected
        else ""
    )
    return Message("{why}{gain}", why=why, gain=gain) if gain else why


def _setting(advice: Advice) -> Iterator[str]:
    """The lines to have in input_config.ini, where no file was named; onnxruntime takes the names as an option."""
    if advice.chosen and advice.qdq:
        yield f"--int16 {','.join(advice.chosen)}"
    elif advice.chosen:
        quote = '"' if any("'" in name for name in advice.chosen) else "'"
        yield from (
            "[CONV_CONFIG]",
            f"tensor_arrays={quote}{','.join(advice.chosen)}{quote};",
        )


def _lines(found: Advised) -> Iterator[str]:
    advice, report = found.advice, found.report
    yield from (f"**{shown(headline(advice, report.summary.failed))}**", "")
    yield Message(
        "{sample} against {benchmark}, profile {profile}",
        sample=code(report.sample.path),
        benchmark=code(report.benchmark.path),
        profile=code(advice.profile),
    )
    yield from (Message("\nNote: {text}", text=code(note)) for note in advice.remarks)
    chosen, other, never = _groups(advice)
    titles = ("INT16", shown(_others_title(advice)).capitalize(), Message("Can not be INT16"))
    for title, candidates in zip(titles, (chosen, other, never), strict=True):
        if candidates:
            yield from ("", f"### {shown(title)}", "")
        for each in candidates:
            yield f"- {code(each.tensor)}: {code(facts(each) if each.chosen else _in_short(each))}"
            if each.chosen:
                yield from (f"  - {code(reason)}" for reason in rules(each))
            if each.chosen and each.expected is not None:
                yield Message("  - expect {figures}", figures=code(expectation(each.expected)))
    yield from _markdown_change(found)


def _markdown_change(found: Advised) -> Iterator[str]:
    change = found.change
    if change is None or found.ini is None:
        lines = tuple(_setting(found.advice))
        yield from ("", *fenced(lines, "ini")) if lines else ()
        return
    yield ""
    yield from (
        fenced(change.diff(str(found.ini)), "diff")
        if change.changes
        else (Message("{ini} stays as it is", ini=code(str(found.ini))),)
    )
    for each in change.findings:
        said = _("line {line}: {message}", line=each.line, message=each.message) if each.line else shown(each.message)
        severity = _(str(each.severity)).capitalize()
        yield f"\n{severity}: {code(_('{text}; {more}', text=said, more=each.remedy))}"


def _parts(found: Advised, screen: Screen) -> Iterator[RenderableType]:
    advice = found.advice
    sides = (found.report.sample.path, found.report.benchmark.path, advice.profile)
    for label, text in zip(("sample", "benchmark", Message("profile")), sides, strict=True):
        yield hanging(label, text, 11, screen)
    yield Text()
    yield Text(screen.text(headline(advice, found.report.summary.failed)), style="bold")
    for note in advice.remarks:
        yield hanging(Message("note: "), note, 6, screen)
    yield from _candidates(found, screen)
    yield Text()
    yield from _change(found, screen)


def _candidates(found: Advised, screen: Screen) -> Iterator[RenderableType]:
    chosen, other, never = _groups(found.advice)
    for number, candidate in enumerate(chosen, 1):
        yield hanging(f"{number}. ", candidate.tensor, 3, screen, "bold")
        yield hanging(Message("   now      "), facts(candidate), 12, screen)
        for first, reason in enumerate(rules(candidate)):
            yield hanging("" if first else Message("   because  "), reason, 12, screen)
        if candidate.expected is not None:
            yield hanging(Message("   expect   "), expectation(candidate.expected), 12, screen)
    for title, others in ((_others_title(found.advice), other), (Message("can not be INT16"), never)):
        if others:
            yield Text(screen.text(title))
        for candidate in others:
            yield hanging(
                "   ", Message("{tensor}: {text}", tensor=candidate.tensor, text=_in_short(candidate)), 5, screen
            )


def _change(found: Advised, screen: Screen) -> Iterator[RenderableType]:
    """The diff and what there is to know about the file, or what to put into one."""
    if found.change is None or found.ini is None:
        yield from (Text(screen.text(line)) for line in _setting(found.advice))
    else:
        yield from change_parts(found.ini, found.change, screen)


def change_parts(ini: Path, change: IniChange, screen: Screen) -> Iterator[RenderableType]:
    """The diff of a file, and its traps."""
    lines = change.diff(str(ini))
    if not lines:
        yield hanging("", Message("{ini} stays as it is", ini=ini), 0, screen)
    yield from (Text(screen.text(line), _STYLES.get(line[:1], ""), no_wrap=True) for line in lines)
    for finding in change.findings:
        yield hanging("", finding_line(finding, ini.name), 0, screen)

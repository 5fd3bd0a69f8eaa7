"""INT16 advice in markdown."""

from collections.abc import Iterator

from sgs_tui.batch.advice import Advised
from sgs_tui.batch.advice_text import groups, in_short, others_title, setting
from sgs_tui.batch.markdown_cells import code, fenced
from sgs_tui.batch.outcome import Outcome, outcome_markdown
from sgs_tui.engine.advice.wording import expectation, facts, headline, rules


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
    yield from _change(found)


def _change(found: Advised) -> Iterator[str]:
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

"""The diagnosis in markdown: a numbered list, the proofs below each cause, recovered layers as a table."""

from collections.abc import Iterator

from sgs_tui.batch.diagnosis_text import MOST, course, further_layers, headline, left_out
from sgs_tui.batch.markdown_cells import code, table
from sgs_tui.batch.phrases import figure_text
from sgs_tui.batch.report import Report
from sgs_tui.engine.diagnosis.results import Finding, Recovered
from sgs_tui.engine.diagnosis.wording import proof


def diagnosis_lines(report: Report) -> Iterator[str]:
    """Nothing where no diagnosis was made; ends with an empty line."""
    found = report.diagnosis
    if found is None:
        return
    yield from ("### Diagnosis", "")
    for number, finding in enumerate(found.findings[:MOST], 1):
        yield from _finding(number, finding)
    if more := left_out(found):
        yield from ("", more)
    yield ""
    yield from (f"- {what}: {code(text)}" for what, text in course(report))
    yield ""
    yield from _recovered(found.recovered)


def _finding(number: int, finding: Finding) -> Iterator[str]:
    yield f"{number}. **{code(headline(finding))}**"
    label, others = further_layers(finding)
    if others:
        yield f"   - {label} {code(others)}"
    yield from (f"   - because {code(fact.text)}" for fact in proof(finding))
    yield from (f"   - do: {code(line)}" for line in finding.advice)


def _recovered(found: tuple[Recovered, ...]) -> Iterator[str]:
    if not found:
        return
    yield "Recovered by undoing the stored order; verdicts are about the file as it is:"
    yield ""
    yield from table(
        ("#", "name", "RMSE", "COS", "kept in the file", "order"), "rlrrrl", [_cells(row) for row in found]
    )
    yield ""


def _cells(each: Recovered) -> list[str]:
    figures = [figure_text(each.row, "rmse"), figure_text(each.row, "cos")]
    return [str(each.row.index), code(each.row.name), *figures, f"{each.kept:.0%}", each.layout]

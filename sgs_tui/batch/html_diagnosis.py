"""The diagnosis on the page: findings with their proof, what to do, the course of the error, data put back in order."""

from sgs_tui.batch.diagnosis_text import course, headline
from sgs_tui.batch.html_text import facts, listing, name, safe, section
from sgs_tui.batch.phrases import figure_text
from sgs_tui.batch.pictures_words import percent
from sgs_tui.batch.report import Report
from sgs_tui.engine.diagnosis.results import Cause, Finding, Recovered


def diagnosis(report: Report) -> str:
    """All findings, the likeliest first; nothing where there is no diagnosis."""
    found = report.diagnosis
    if found is None:
        return ""
    findings = "".join(map(_finding, found.findings))
    run = facts([(what, safe(text)) for what, text in course(report)])
    won_back = listing([_recovered(each) for each in found.recovered])
    recovered = f"<h3>Layers whose data could be put back in order</h3>{won_back}" if won_back else ""
    return section("diagnosis", "Diagnosis", findings, run, recovered, listing(list(map(safe, found.notes))))


def named_layers(report: Report) -> tuple[str, ...]:
    """The likeliest culprit of each cause: worth a picture even where it does not fail itself."""
    findings = report.diagnosis.findings if report.diagnosis else ()
    return tuple(finding.layers[0] for finding in findings if finding.layers and finding.cause is not Cause.HEALTHY)


def _finding(finding: Finding) -> str:
    layers = "" if finding.cause is Cause.HEALTHY else f"<p>{', '.join(map(name, finding.layers))}</p>"
    evidence = listing([safe(fact.text) for fact in finding.evidence])
    advice = f"<p>What to do:</p>{listing(list(map(safe, finding.advice)))}" if finding.advice else ""
    wrong = f'<p class="soft">Would be refuted by: {safe(finding.refuted_by)}</p>' if finding.refuted_by else ""
    return f"<article><h3>{safe(headline(finding))}</h3>{layers}{evidence}{advice}{wrong}</article>"


def _recovered(each: Recovered) -> str:
    figures = ", ".join(f"{key.upper()} {figure_text(each.row, key)}" for key in ("rmse", "cos"))
    return f"{name(each.row.name)}: {figures} read as {safe(each.layout)}; {percent(each.kept)} of its values are there"

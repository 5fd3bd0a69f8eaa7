"""The parts of the page around the table: verdict, close-ups, what has no partner, where it comes from."""

from collections.abc import Iterator

from sgs_tui.batch.html_svg import histogram
from sgs_tui.batch.html_text import facts, listing, name, safe, section
from sgs_tui.batch.phrases import LEGEND, figure_text, headline, ranges_from
from sgs_tui.batch.pictures_words import percent
from sgs_tui.batch.report import Report, Source
from sgs_tui.engine.compare.channels import position_of
from sgs_tui.engine.compare.results import LayerDiff, SideStats
from sgs_tui.engine.journal import moment, words
from sgs_tui.engine.numbers import count, figure, size
from sgs_tui.engine.reports.details import Closeup, Details
from sgs_tui.engine.reports.facts import FileFacts
from sgs_tui.engine.reports.portraits import Portrait

_KEY = (
    '<p class="key soft"><i class="s"></i>sample<i class="b"></i>benchmark<i class="l"></i>calibrated min and max</p>'
)


def verdict(report: Report) -> tuple[str, str]:
    """What the comparison comes to: the heading, and the class that colours it."""
    summary = report.summary
    if report.incomplete:
        return "The input is damaged: this comparison is incomplete", "fail"
    if report.nothing_comparable:
        return "Nothing could be compared", "fail"
    if summary.failed:
        return f"{summary.failed} of {count(summary.layers, 'layer')} failed", "fail"
    if summary.warned:
        return f"No layer failed, {summary.warned} of {count(summary.layers, 'layer')} to look at", "warn"
    return f"All {count(summary.layers, 'layer')} are within the limits", "ok"


def head(report: Report) -> str:
    """The verdict first, then the pointers, then what was compared."""
    title, kind = verdict(report)
    trouble = listing([f'<span class="bad">{safe(line)}</span>' for line in report.incomplete])
    about = facts(
        [
            ("sample", _source(report.sample)),
            ("benchmark", _source(report.benchmark)),
            ("profile", name(report.profile.name)),
            ("ranges", safe(ranges_from(report))),
        ]
    )
    summary = f"<h1>{safe(title)}</h1><p>{safe(headline(report.summary))}</p>"
    return f'<header class="{kind}">{summary}{trouble}{about}</header>\n'


def _source(source: Source) -> str:
    health = safe(str(source.health))
    return f"{name(source.path)} ({safe(source.stage)}, {health if source.health.ok else f'<b>{health}</b>'})"


def closeups(details: Details) -> str:
    """The histogram of each layer that matters, with the statistics of both sides."""
    if not details.closeups:
        return ""
    left = ", ".join(name(row.name) for row in details.left_out)
    rest = f"<p>Failing as well, without a picture: {left}</p>" if left else ""
    pictures = f'<div class="grid">{"".join(map(_closeup, details.closeups))}</div>'
    return section("closer", "A closer look", _KEY, pictures, rest)


def _closeup(closeup: Closeup) -> str:
    row = closeup.row
    picture = histogram(closeup.portrait) if closeup.portrait else f"<p>No histogram: {safe(closeup.why)}</p>"
    described = facts(list(_described(row, closeup.portrait)))
    title = f"{row.index} {name(row.name)} <span class='soft'>{safe(row.op_type)}</span>"
    return f'<article id="layer-{row.pair.number}"><h3>{title}</h3>{picture}{described}</article>\n'


def _described(row: LayerDiff, portrait: Portrait | None) -> Iterator[tuple[str, str]]:
    if row.reasons:
        yield "verdict", f"{safe(row.verdict)}: {safe('; '.join(row.reasons))}"
    yield "figures", safe(", ".join(f"{key.upper()} {figure_text(row, key)}" for key in ("rmse", "cos", "mse")))
    for side, stats in (("sample", row.sample), ("benchmark", row.benchmark)):
        if stats is not None:
            yield side, safe(_stats(stats))
    if row.metrics is not None and row.metrics.max_abs_index >= 0:
        place = ", ".join(map(str, position_of(row.pair, row.metrics.max_abs_index)))
        yield "largest error", f"{figure(row.metrics.max_abs_error)} at ({place})"
    if row.range is not None:
        yield "range", safe(_range(row, portrait))
    if notes := (*row.pair.notes, *row.notes):
        yield "notes", safe("; ".join(notes))


def _stats(stats: SideStats) -> str:
    text = f"{count(stats.count, 'value')}, {figure(stats.minimum)} to {figure(stats.maximum)}"
    text += f", mean {figure(stats.mean)}, {stats.zeros:,} zeros"
    return text if stats.finite else f"{text}, {stats.nan:,} NaN, {stats.inf:,} Inf"


def _range(row: LayerDiff, portrait: Portrait | None) -> str:
    assert row.range is not None
    text = f"{figure(row.range.minimum)} to {figure(row.range.maximum)} (from {row.range.source})"
    if portrait is None or portrait.subject.bounds is None or portrait.other is None:
        return text
    shares = f"{percent(portrait.tally.outside_share)} of the sample, {percent(portrait.other.outside_share)}"
    return f"{text}; outside of it: {shares} of the benchmark"


def unmatched(report: Report) -> str:
    """Every output without a partner, with the reason."""
    items = [f"{name(item.name)} ({item.side}): {safe(item.reason)}" for item in report.unmatched]
    return section("unmatched", f"Not compared: {len(items)}", listing(items)) if items else ""


def origin(report: Report, details: Details) -> str:
    """Notes, files with checksums, what made the page."""
    notes = listing([safe(note) for note in report.notes])
    files = [(file.role, _file(file)) for file in details.files]
    journal = listing([f"{moment(each)}: {safe(words(each))}" for each in report.journal])
    made = [(what, safe(version)) for what, version in (*details.environment, ("made", details.made))]
    return "".join(
        (
            section("journal", "Journal", journal),
            section("notes", "Notes", notes),
            section("files", "Files", facts(files)),
            section("environment", "Environment", facts(made)),
            f'<footer class="soft"><p>{safe(LEGEND)}.</p></footer>\n',
        )
    )


def _file(file: FileFacts) -> str:
    if file.problem:
        return f'{name(file.path)}<br><span class="bad">{safe(file.problem)}</span>'
    return f"{name(file.path)}<br>{size(file.size)}, {safe(file.modified)}<br>SHA-256 {name(file.sha256)}"

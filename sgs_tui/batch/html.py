"""`--format html`: one file that holds everything and asks nobody for anything; verdict first, readable on a phone.

The page carries its style and its script, and a content policy that lets nothing else run and nothing be fetched.
"""

from sgs_tui.batch import html_parts as parts
from sgs_tui.batch.html_diagnosis import diagnosis, named_layers
from sgs_tui.batch.html_page import SCRIPT, STYLE, policy
from sgs_tui.batch.html_regression import regression
from sgs_tui.batch.html_table import table
from sgs_tui.batch.html_text import safe, section
from sgs_tui.batch.pictures_meter import RateMeter
from sgs_tui.batch.report import Report
from sgs_tui.engine.numbers import count
from sgs_tui.engine.reports.details import Details, gather_details


def html_report(report: Report) -> bytes:
    """Read what the page shows beyond the figures, and write it."""
    with RateMeter("reading") as meter:
        details = gather_details(report.request, report.rows, meter.report, named_layers(report))
    return write_html(report, details)


def write_html(report: Report, details: Details) -> bytes:
    """The whole page, UTF-8."""
    body = _body(report, details)
    return f'<!doctype html>\n<html lang="en">\n{_head(report)}<body>\n{body}</body>\n</html>\n'.encode()


def _head(report: Report) -> str:
    title = f"{parts.verdict(report)[0]}: {report.sample.path} against {report.benchmark.path}"
    return (
        '<head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy()}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">\n'
        f'<link rel="icon" href="data:,"><title>{safe(title)}</title>\n<style>{STYLE}</style></head>\n'
    )


def _body(report: Report, details: Details) -> str:
    pictured = {closeup.row.pair.number for closeup in details.closeups}
    shown = f"{len(report.shown)} of {count(len(report.rows), 'layer')} shown"
    heading = "Layers" if len(report.shown) == len(report.rows) else f"Layers: {shown}"
    layers = section("layers", heading, table(report, pictured)) if report.shown else ""
    main = (regression(report), diagnosis(report), layers, parts.closeups(details), parts.unmatched(report))
    content = f"{''.join(main)}{parts.origin(report, details)}"
    return f"{parts.head(report)}<main>\n{content}</main>\n<script>{SCRIPT}</script>\n"

"""`compare --bundle FILE.zip`: what the vendor's support asks for, listed before it is written."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sgs_tui.batch.html import html_report
from sgs_tui.batch.html_diagnosis import named_layers
from sgs_tui.batch.json import write_json
from sgs_tui.batch.pictures_meter import RateMeter
from sgs_tui.batch.report import Report
from sgs_tui.batch.vendor import write_vendor
from sgs_tui.engine.numbers import size
from sgs_tui.engine.reports.bundle import Part, plan_bundle
from sgs_tui.engine.reports.bundle_zip import write_bundle
from sgs_tui.engine.reports.folder import free_file_name


def bundle(report: Report, path: Path, say: Callable[[str], None]) -> Path:
    """Plan, list with `say`, write; the path that was written, which is `path` unless that was taken.

    Raises InputError where a part can not be read or the zip not be written.
    """
    target = free_file_name(path)
    plan = plan_bundle(report.request, report.rows, _reports(report), named_layers(report))
    for part in plan.parts:
        say(f"{target}: {part.name}, {size(part.size)}: {part.what}")
    for line in plan.left_out:
        say(f"{target}: not in it: {line}")
    with RateMeter("bundling") as meter:
        write_bundle(plan, report.request, target, meter.report)
    return target


def _reports(report: Report) -> list[Part]:
    """Of all layers, whatever --filter and --top leave."""
    whole = replace(report, shown=report.rows)
    made = (
        ("comparison.json", "the comparison for programs", write_json(whole)),
        ("vendor_report.txt", "the comparison in the vendor's lines", write_vendor(whole)),
        ("report.html", "the comparison for people", html_report(whole)),
    )
    return [Part(name, what, len(data), data) for name, what, data in made]

"""`compare --bundle FILE.zip`: what the vendor's support asks for, listed before it is written."""

from collections.abc import Callable
from pathlib import Path

from sgs_tui.batch.html import write_html
from sgs_tui.batch.json import write_json
from sgs_tui.batch.pictures_meter import RateMeter
from sgs_tui.batch.report import Report
from sgs_tui.batch.vendor import write_vendor
from sgs_tui.engine.diagnosis.results import Diagnosis
from sgs_tui.engine.numbers import size
from sgs_tui.engine.reports.bundle import Part, plan_bundle
from sgs_tui.engine.reports.bundle_zip import free_archive_name, write_bundle
from sgs_tui.engine.reports.details import gather_details
from sgs_tui.engine.session import CompareRequest


def bundle(
    report: Report, request: CompareRequest, path: Path, say: Callable[[str], None], diagnosis: Diagnosis | None = None
) -> Path:
    """Plan, list with `say`, write; the path that was written, which is `path` unless that was taken.

    Raises InputError where a part can not be read or the zip not be written.
    """
    target = free_archive_name(path)
    plan = plan_bundle(request, report.rows, _reports(report, request, diagnosis))
    for part in plan.parts:
        say(f"{target}: {part.name}, {size(part.size)}: {part.what}")
    for line in plan.left_out:
        say(f"{target}: not in it: {line}")
    with RateMeter("bundling") as meter:
        write_bundle(plan, request, target, meter.report)
    return target


def _reports(report: Report, request: CompareRequest, diagnosis: Diagnosis | None) -> list[Part]:
    with RateMeter("reading") as meter:
        details = gather_details(request, report.rows, meter.report)
    made = (
        ("comparison.json", "the comparison for programs", write_json(report)),
        ("vendor_report.txt", "the comparison in the vendor's lines", write_vendor(report)),
        ("report.html", "the comparison for people", write_html(report, details, diagnosis)),
    )
    return [Part(name, what, len(data), data) for name, what, data in made]

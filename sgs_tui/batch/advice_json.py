"""`advise --format json`: schema `sgs-tui/advise/1`, described by cfg/schemas/advise-1.json.

schema       "sgs-tui/advise/1"; keys may be added within version 1, never renamed, moved or taken away
sample, benchmark   paths, as given
profile      name of the limits
chosen[]     the tensors to raise to 16 bit; smallest[]: without those that were only marked
candidates[] tensor, chosen, bits (now, or null), range, range_source, raises[] (share its scale), also[] (other
             convolution inputs that its name raises too), unaffected (why it can not be raised, or ""),
             reasons[]: rule (diagnosis, range, rmse, concentrated, procedure, marked), layer, text, value, limit;
             expected: layer, now_db, then_db, or null
failing[]    layers that fail now; remaining[]: those expected to fail with the chosen tensors in 16 bit
predicted[]  layer, rmse, cos, sqnr_db, relative_l2, fails: every layer, with the chosen tensors in 16 bit
mend_first   the cause id to mend before bits are chosen (only marks are chosen then), or null
notes[]      what the advice can not know, or what will not help
ini          null without a file; path, changes, written, backup (or null), tensor_arrays[], added[], removed[],
             diff (text), findings[]: severity, line (or null), message, remedy
"""

from pathlib import Path

from sgs_tui.batch.advice import Advised
from sgs_tui.batch.json_values import Json, dump_json, exact, finite_or_null
from sgs_tui.batch.outcome import Outcome, outcome_json
from sgs_tui.engine.advice.results import Candidate, Predicted, Reason
from sgs_tui.engine.compare.results import Verdict
from sgs_tui.engine.configs.findings import Finding

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
        "mend_first": None if advice.mend_first is None else str(advice.mend_first.cause),
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

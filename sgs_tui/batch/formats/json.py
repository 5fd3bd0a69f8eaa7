"""`--format json`: schema `sgs-tui/compare/1`, described by cfg/schemas/compare-1.json.

    schema      "sgs-tui/compare/1"; keys may be added within version 1, never renamed, moved or taken away
    sample, benchmark
                path (as given), stage (original, float, cmodel_float, fixed, offline, unknown),
                health (complete, truncated, short records, empty, stops early, damaged), health_detail
    profile     name of the limits
    layers[]    index, name, op, verdict (ok, warn, fail, not comparable), reason, mse, cos, rmse, sqnr_db,
                relative_l2, max_abs_error, max_abs_index, mean_error, range, range_min, range_max,
                range_source (calibration, benchmark), over[], transposed, notes[], sample and benchmark:
                count, min, max, mean, nan, inf, zeros; null where the layer is not comparable
                slices (null where none are judged): judged (channels of a graph output and branches of a concat),
                step (of the sample), narrow[] (those that span under 4 steps and that a scale of their own would tell
                apart; lost where sqnr_db is under the profile's slice_sqnr_db): branch, channel (or null), dead
                (constant in the sample), told (its own layer fails, so this one need not), span and sample_span
                (max - min), steps, sqnr_db, own_range (of the branch)
                top1 (null where no classes are scored): sample, benchmark (places in the vector), agrees
    unmatched[] name, side (sample, benchmark), reason
    summary     layers, ok, warned, failed, not_comparable, unmatched, shown, first_failing, worst (each: index, name)
    notes[]     what is true of the whole comparison
    journal[]   the triage journal beside the sample: time (UTC), kind (note, tried, result), text, layer, sample

Unless --no-diagnosis

    diagnosis[] the likeliest cause first; empty only where no diagnosis could be made, `notes` then say why
      cause       healthy, swapped, input_mismatch, padding_kept, not_dequantised, layout, wide_range, shared_scale,
                  clipping, gain_offset, bad_channels, other_model, non_finite, drift, unexplained
      layers[]    names, the likeliest culprit first; the network's input may be among them
      confidence  a rank of the proof (0 to 1), no probability; at most 0.2 where trying it on the twin refuted it
      proof       how far it was measured: twin (on the whole dump), layer (single layers computed again), figures
      evidence[]  text, value (the number in the text, or null), layer (or null)
      advice[]    what to do, one sentence each; empty where there is nothing to do
      refuted_by  what would prove the finding wrong
      explained   share (0 to 1) of the error's energy that the cause's hypothesis removes
      size        the error it brings in, relative to the layer's signal
      behind[]    layers that it spoils directly
    trend       course (low, sudden jump, slow drift, wobble), layer, text
    graph_known the dumps hold inputs as well as outputs, so who feeds whom is known
    twin        only where a layer is bad and the network could be rebuilt: text (the one line), explained (how
                much of the errors measured at `layers` is as quantization makes it: foreseen energy over measured, at
                most 1, times how alike twin and sample are), median_db, p90_db (of the twin's own agreement
                with this dump, over `counted` layers), bad_layers_foreseen_roughly (of few values: to a factor of 2),
                bad_layers_not_foreseen, sources[] (layer, explained, together, parts[] source, tensor,
                share; no parts where they depend on each other), sources_looked_at, sources_in_all
    recovered[] layers whose data was put back in order: as in layers[], and layout (channel blocks, padded rows),
                kept: share of the layer's values that the file still holds
    layers[]    recovered: true where `recovered[]` has it; blame, null where it was not compared:
      role        clean, introduced, inherited, recovered, unknown
      total, inherited, own
                  errors relative to the signal (L2), null where not finite; own_steps: in steps of the sample's grid
      proven      computed again in float from the sample's inputs, else estimated from its neighbours
      jump        the vendor's mark, RMSE over 1.00 above the layer before
      culprits[]  inputs whose rounding explains it

With --baseline

    regression  source (as given), profile (that judged the baseline), newly_failing[], newly_fixed[] and
                not_comparable[] (names that could be compared before), counts (layers by change)
      layers[]    name, change (better, worse, same, added, gone, cast added, cast gone), newly (failing, fixed or
                  null), note (how names were matched), before and after: name, verdict, rmse, cos, sqnr_db,
                  relative_l2; null where the layer is not there

With an ORIGINAL

    original    path, stage, health, health_detail; blame (conversion, quantization, together, nothing, unknown): the
                first step that breaks a layer; text: that in a sentence; compared (layers that it shares with
                float), unmatched (its outputs that float has not)
      layers[]    all layers: name (in float), index, breaks (as blame), and the three comparisons float_original,
                  fixed_float, fixed_original: name (in the reference), verdict, rmse, cos, sqnr_db, relative_l2,
                  transposed; null where the layer is not there

`layers` holds what --filter, --sort and --top leave (`summary.shown` of them); `summary` counts all layers. A number
that is not finite is null, and `not_finite` beside it says which and why: {"sqnr_db": "inf"}. The bytes are ASCII:
other characters are \\u escapes; bytes of a name that are not UTF-8 are shown as \\xNN.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, fields
from operator import attrgetter

from sgs_tui.batch.console import Screen
from sgs_tui.batch.journal import entry_json
from sgs_tui.batch.report import Report, Since, Source
from sgs_tui.batch.three_way import three_way_json
from sgs_tui.batch.values import Json, exact, exact_all, exact_or_null, finite_or_null, json_pieces
from sgs_tui.engine.compare.baseline import Change, Snapshot, Step
from sgs_tui.engine.compare.results import LayerDiff, LayerRange, Metrics, SideStats, Verdict
from sgs_tui.engine.diagnosis.results import Blame, Diagnosis, Evidence, Finding, Foresight
from sgs_tui.engine.network.narrow import Slices

SCHEMA = "sgs-tui/compare/1"
_TOLD = 4
"""Decimals of the twin's numbers: more are chance of the processor."""

_METRICS = tuple(each.name for each in fields(Metrics))
_METRICS_OF = attrgetter(*_METRICS)
_OF_SLICE = ("span", "sample_span", "steps", "sqnr_db", "own_range")


def write(report: Report, screen: Screen) -> Iterator[bytes]:
    """The report as one JSON object, indented, ending with a newline."""
    return json_pieces(document(report))


def document(report: Report) -> Json:
    """The object of schema `sgs-tui/compare/1`; the layers come one at a time."""
    return {
        "schema": SCHEMA,
        "sample": _source(report.sample),
        "benchmark": _source(report.benchmark),
        "profile": report.profile.name,
        **(_diagnosis(report.diagnosis) if report.diagnosed else {}),
        **({"regression": regression_json(report.since)} if report.since is not None else {}),
        **({"original": three_way_json(report.three_way)} if report.three_way is not None else {}),
        "layers": _layers(report),
        "unmatched": [
            {"name": exact(item.name), "side": item.side, "reason": exact(item.reason)} for item in report.unmatched
        ],
        "summary": _summary(report),
        "notes": exact_all(report.notes),
        "journal": [entry_json(each) for each in report.journal],
    }


def _source(source: Source) -> Json:
    health = source.health
    return {
        "path": exact(source.path),
        "stage": str(source.stage),
        "health": str(health.state),
        "health_detail": exact(health.detail),
    }


def _summary(report: Report) -> Json:
    summary = report.summary
    return {
        "layers": summary.layers,
        "ok": sum(row.verdict is Verdict.OK for row in report.rows),
        "warned": summary.warned,
        "failed": summary.failed,
        "not_comparable": summary.not_comparable,
        "unmatched": summary.unmatched,
        "shown": len(report.shown),
        "first_failing": _pointer(summary.first_failing),
        "worst": _pointer(summary.worst),
    }


def _pointer(row: LayerDiff | None) -> Json | None:
    return None if row is None else {"index": row.index, "name": exact(row.name)}


def _layers(report: Report) -> Iterator[Json]:
    blamed, recovered = report.blame, report.recovered
    for row in report.shown:
        told = {"blame": _blame(blamed.get(row.name)), "recovered": row.name in recovered} if report.diagnosed else {}
        yield _layer(row) | told


def _layer(row: LayerDiff) -> Json:
    return {
        "index": row.index,
        "name": exact(row.name),
        "op": exact(row.op_type),
        "verdict": str(row.verdict),
        "reason": exact("; ".join(row.reasons)),
        **finite_or_null(_metrics(row.metrics) | _range(row.range)),
        "range_source": str(row.range.source) if row.range else None,
        "over": sorted(row.over),
        "transposed": row.transposed,
        "notes": exact_all((*row.pair.notes, *row.notes)),
        "slices": _slices(row.slices) if row.slices else None,
        "top1": asdict(row.top1) | {"agrees": row.top1.agrees} if row.top1 else None,
        "sample": statistics(row.sample) if row.sample else None,
        "benchmark": statistics(row.benchmark) if row.benchmark else None,
    }


def _slices(found: Slices) -> Json:
    return {
        "judged": found.judged,
        **finite_or_null({"step": found.step}),
        "narrow": [
            {"branch": exact(each.branch), "channel": each.channel, "dead": each.dead, "told": each.told}
            | finite_or_null({key: getattr(each, key) for key in _OF_SLICE})
            for each in found.narrow
        ],
    }


def _metrics(metrics: Metrics | None) -> dict[str, float | int | None]:
    return dict.fromkeys(_METRICS) if metrics is None else dict(zip(_METRICS, _METRICS_OF(metrics), strict=True))


def _range(found: LayerRange | None) -> dict[str, float | int | None]:
    if found is None:
        return {"range": None, "range_min": None, "range_max": None}
    return {"range": found.width, "range_min": found.minimum, "range_max": found.maximum}


def statistics(stats: SideStats) -> Json:
    """Statistics of one side."""
    numbers = finite_or_null({"min": stats.minimum, "max": stats.maximum, "mean": stats.mean})
    return {"count": stats.count, **numbers, "nan": stats.nan, "inf": stats.inf, "zeros": stats.zeros}


def _diagnosis(found: Diagnosis | None) -> Json:
    if found is None:
        return {"diagnosis": [], "trend": None, "graph_known": None, "recovered": []}
    trend = found.trend
    return {
        "diagnosis": [_finding(each) for each in found.findings],
        "trend": {"course": str(trend.course), "layer": exact_or_null(trend.layer), "text": exact(trend.text)},
        "graph_known": found.graph_known,
        **({"twin": _foresight(found.foresight)} if found.foresight else {}),
        "recovered": [
            _layer(each.row) | {"layout": each.layout, **finite_or_null({"kept": each.kept})}
            for each in found.recovered
        ],
    }


def _foresight(found: Foresight) -> Json:
    numbers = {key: round(getattr(found, key), _TOLD) for key in ("explained", "median_db", "p90_db")}
    return {
        "text": exact(found.text),
        **finite_or_null(numbers),
        "counted": found.counted,
        "reproduces": found.reproduces,
        "bad_layers_foreseen_roughly": found.roughly,
        "bad_layers_not_foreseen": found.silent,
        "layers": exact_all(found.layers),
        "sources": [
            {
                "layer": exact(each.layer),
                **finite_or_null({key: round(getattr(each, key), _TOLD) for key in ("explained", "together")}),
                "parts": [
                    {"source": what, "tensor": exact(name), "share": round(share, _TOLD)}
                    for what, name, share in each.parts
                ],
            }
            for each in found.sources
        ],
        "sources_looked_at": found.looked_at,
        "sources_in_all": found.all_sources,
    }


def _finding(found: Finding) -> Json:
    numbers = finite_or_null({"confidence": found.confidence, "explained": found.explained, "size": found.size})
    return {
        "cause": str(found.cause),
        "layers": exact_all(found.layers),
        "confidence": numbers.pop("confidence"),
        "evidence": [_evidence(each) for each in found.evidence],
        "advice": exact_all(found.advice),
        "refuted_by": exact(found.refuted_by),
        **numbers,
        "behind": exact_all(found.behind),
        "proof": str(found.proof),
    }


def _evidence(each: Evidence) -> Json:
    return {"text": exact(each.text), **finite_or_null({"value": each.value}), "layer": exact_or_null(each.layer)}


def _blame(part: Blame | None) -> Json | None:
    if part is None:
        return None
    errors = {"total": part.total, "inherited": part.inherited, "own": part.own, "own_steps": part.own_steps}
    return {
        "role": str(part.role),
        **finite_or_null(errors),
        "proven": part.proven,
        "jump": part.jump,
        "culprits": exact_all(part.culprits),
    }


def regression_json(since: Since) -> Json:
    """What `regression` holds."""
    found = since.regression
    counts = Counter(step.change for step in found.steps)
    return {
        "source": exact(since.source),
        "profile": since.profile,
        "newly_failing": exact_all(step.name for step in found.newly_failing),
        "newly_fixed": exact_all(step.name for step in found.newly_fixed),
        "not_comparable": exact_all(step.name for step in since.regressions if not step.newly_failing),
        "counts": {str(change): counts[change] for change in Change},
        "layers": [_step(step) for step in found.steps],
    }


def _step(step: Step) -> Json:
    return {
        "name": exact(step.name),
        "change": str(step.change),
        "newly": "failing" if step.newly_failing else ("fixed" if step.newly_fixed else None),
        "note": exact(step.note),
        "before": _side(step.before),
        "after": _side(step.after),
    }


def _side(layer: Snapshot | None) -> Json | None:
    if layer is None:
        return None
    figures = {"rmse": layer.rmse, "cos": layer.cos, "sqnr_db": layer.sqnr_db, "relative_l2": layer.relative_l2}
    return {"name": exact(layer.name), "verdict": str(layer.verdict), **finite_or_null(figures)}

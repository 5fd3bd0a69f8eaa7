"""What a diagnosis adds to the JSON of a comparison.

diagnosis[] cause       healthy, input_mismatch, padding_kept, not_dequantised, layout, wide_range,
                        shared_scale, clipping, gain_offset, bad_channels, non_finite, drift, unexplained
            layers[]    names, the likeliest culprit first; the network's input may be among them
            confidence  0 to 1
            evidence[]  text, value (the number in the text, or null), layer (or null)
            advice[]    what to do, one sentence each; empty where there is nothing to do
            refuted_by  what would prove the finding wrong
            explained   share (0 to 1) of the error's energy that the cause's hypothesis removes
            size        the error it brings in, relative to the layer's signal
            behind[]    layers that it spoils directly
blame       of a layer: role (clean, introduced, inherited, recovered, unknown); total, inherited and own error
            relative to the signal (L2), own_steps in steps of the sample's grid; proven: computed again in
            float from the sample's inputs, else estimated from its neighbours; jump: the vendor's mark, RMSE
            over 1.00 above the layer before; culprits[]: inputs whose rounding explains it. null: not compared
recovered   of a layer: true where `recovered[]` has its figures with the data back in order
recovered[] a layer as in layers[] (without blame), and layout (channel blocks, padded rows), kept: share of the
            layer's values that the file still holds
trend       course, layer, text
graph_known the dumps hold inputs as well as outputs, so who feeds whom is known
"""

from sgs_tui.batch.json_layer import layer
from sgs_tui.batch.json_values import Json, exact, finite_or_null
from sgs_tui.batch.report import Report
from sgs_tui.engine.diagnosis.results import Blame, Evidence, Finding, Recovered, Trend


def diagnosed(report: Report) -> Json:
    """The keys that a comparison with a diagnosis has beside its layers."""
    found = report.diagnosis
    return {
        "diagnosis": [finding(each) for each in found.findings] if found else [],
        "trend": _trend(found.trend) if found else None,
        "graph_known": found.graph_known if found else None,
        "recovered": [_recovered(each) for each in found.recovered] if found else [],
    }


def finding(found: Finding) -> Json:
    """One cause with its proof."""
    numbers = finite_or_null({"confidence": found.confidence, "explained": found.explained, "size": found.size})
    return {
        "cause": str(found.cause),
        "layers": [exact(name) for name in found.layers],
        "confidence": numbers.pop("confidence"),
        "evidence": [_evidence(each) for each in found.evidence],
        "advice": [exact(line) for line in found.advice],
        "refuted_by": exact(found.refuted_by),
        **numbers,
        "behind": [exact(name) for name in found.behind],
    }


def blame(part: Blame | None) -> Json | None:
    """A layer's part in the error."""
    if part is None:
        return None
    errors = {"total": part.total, "inherited": part.inherited, "own": part.own, "own_steps": part.own_steps}
    return {
        "role": str(part.role),
        **finite_or_null(errors),
        "proven": part.proven,
        "jump": part.jump,
        "culprits": [exact(name) for name in part.culprits],
    }


def _evidence(each: Evidence) -> Json:
    return {
        "text": exact(each.text),
        **finite_or_null({"value": each.value}),
        "layer": None if each.layer is None else exact(each.layer),
    }


def _recovered(each: Recovered) -> Json:
    return layer(each.row) | {"layout": each.layout, **finite_or_null({"kept": each.kept})}


def _trend(trend: Trend) -> Json:
    place = None if trend.layer is None else exact(trend.layer)
    return {"course": str(trend.course), "layer": place, "text": exact(trend.text)}

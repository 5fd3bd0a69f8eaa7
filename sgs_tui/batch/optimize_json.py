"""What a search found as JSON, schema `sgs-tui/optimize/1`.

    schema       "sgs-tui/optimize/1"; keys may be added within version 1, never renamed, moved or taken away
    backend      onnx, sdk
    profile      name of the limits
    reached      whether every limit is kept
    folder       where the search keeps its state
  onnx
    chosen[], convolution_inputs[], raised[], candidates[], useless[], trials
    steps[]      names[] and figures, from no tensor to all of `chosen`; everything: figures with all candidates
    sensitivity[] name and figures with that tensor alone, what gains most first
    files        float_dump, fixed_dump, ranges, fixed_model
  sdk
    candidates[] best first: labels[], file, int16[], inputs[], model, dump, figures (null where it failed), error, hint
    float_dump

Figures: layers, failing, worst_rmse, worst_layer, mean_rmse, min_cos, mean_cos, deficit (decades beyond the limits).
"""

from dataclasses import asdict

from sgs_tui.batch.json_values import Json, dump_json, exact, finite_or_null
from sgs_tui.engine.optimize.accuracy import Accuracy
from sgs_tui.engine.optimize.onnx_search import OnnxResult
from sgs_tui.engine.optimize.sdk_search import Ranked, SdkResult

SCHEMA = "sgs-tui/optimize/1"


def write_onnx(result: OnnxResult) -> bytes:
    """The result of `optimize onnx`."""
    outcome, files = result.outcome, result.files
    return dump_json(
        {
            "schema": SCHEMA,
            "backend": "onnx",
            "profile": result.profile,
            "reached": outcome.reached,
            "folder": exact(str(result.folder)),
            "chosen": _names(outcome.chosen),
            "convolution_inputs": _names(result.convolution_inputs),
            "raised": _names(result.raised),
            "candidates": _names(result.candidates),
            "useless": _names(outcome.useless),
            "trials": result.trials,
            "steps": [{"names": _names(step.names), **_figures(step.accuracy)} for step in outcome.steps],
            "everything": None if outcome.everything is None else _figures(outcome.everything),
            "sensitivity": [{"name": exact(each.name), **_figures(each.accuracy)} for each in outcome.sensitivities],
            "files": {
                "float_dump": exact(str(files.float_dump)),
                "fixed_dump": exact(str(files.fixed_dump)),
                "ranges": exact(str(files.ranges)),
                "fixed_model": exact(str(files.fixed_model)),
            },
        }
    )


def write_sdk(result: SdkResult) -> bytes:
    """The result of `optimize sdk`."""
    best = result.best
    return dump_json(
        {
            "schema": SCHEMA,
            "backend": "sdk",
            "profile": result.profile,
            "reached": best is not None and best.accuracy is not None and best.accuracy.meets,
            "folder": exact(str(result.folder)),
            "candidates": [_candidate(each) for each in result.ranked],
            "float_dump": exact(str(result.float_dump)),
        }
    )


def _candidate(each: Ranked) -> Json:
    candidate = each.candidate
    return {
        "labels": _names(candidate.labels if candidate else (each.label,)),
        "file": exact(str(candidate.file)) if candidate else None,
        "int16": _names(candidate.int16 if candidate else ()),
        "inputs": _names(each.inputs),
        "model": exact(str(each.model)),
        "dump": exact(str(each.dump)) if each.dump else None,
        "figures": _figures(each.accuracy) if each.accuracy else None,
        "error": exact(each.error),
        "hint": exact(each.hint),
    }


def _figures(one: Accuracy) -> Json:
    values = asdict(one)
    layer = exact(values.pop("worst_layer"))
    return {"worst_layer": layer, **finite_or_null(values)}


def _names(names: tuple[str, ...]) -> list[str]:
    return [exact(name) for name in names]

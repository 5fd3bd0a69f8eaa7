"""What a search found, for people: accuracy against the number of 16-bit tensors, and what to do with it."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from rich.console import RenderableType
from rich.text import Text

from sgs_tui.batch.console import NARROWEST, Cell, Column, Screen, cut, render, table_of, taken, whole_line
from sgs_tui.batch.printed.runs import WHOLE
from sgs_tui.batch.values import Json, dump_json, exact, finite_or_null
from sgs_tui.engine.configs.inputconfig import parse, set_tensor_arrays
from sgs_tui.engine.errors import UsageError
from sgs_tui.engine.numbers import cosine, count, figure
from sgs_tui.engine.optimize.onnx import OnnxResult
from sgs_tui.engine.optimize.sdk import Ranked, SdkResult
from sgs_tui.engine.optimize.search import Accuracy
from sgs_tui.engine.text import decode

_MOST = 12
"""Tensors whose effect alone is shown; JSON has all."""


def write_onnx(result: OnnxResult, screen: Screen) -> bytes:
    """The result of `optimize onnx`."""
    return render(_onnx_parts(result, screen), screen, max(NARROWEST, screen.columns or WHOLE))


def write_sdk(result: SdkResult, screen: Screen) -> bytes:
    """The result of `optimize sdk`."""
    return render(_sdk_parts(result, screen), screen, max(NARROWEST, screen.columns or WHOLE))


def _onnx_parts(result: OnnxResult, screen: Screen) -> Iterator[RenderableType]:
    outcome = result.outcome
    yield Text(screen.text(_verdict(result)), style="bold", overflow="fold")
    yield Text()
    rows = [(str(len(step.names)), step.name or "-", step.accuracy) for step in outcome.steps]
    if outcome.everything is not None and len(outcome.chosen) < len(result.candidates):
        rows.append((str(len(result.candidates)), "all that can be raised", outcome.everything))
    yield _table("int16", "raised with it", rows, screen)
    if outcome.sensitivities:
        shown = outcome.sensitivities[:_MOST]
        more = f", {len(shown)} of {len(outcome.sensitivities)}" if len(shown) < len(outcome.sensitivities) else ""
        yield Text(f"\neach tensor alone, what gains most first{more}", style="dim")
        yield _table("", "tensor", [("", each.name, each.accuracy) for each in shown], screen)
    yield Text()
    yield from _advice(result, screen)
    for label, path in (("fixed", result.files.fixed_dump), ("float", result.files.float_dump)):
        yield whole_line(f"{label}  {path}", screen)


def _verdict(result: OnnxResult) -> str:
    outcome, trials = result.outcome, f"{count(result.trials, 'trial')} on {count(len(result.candidates), 'tensor')}"
    last = outcome.steps[-1].accuracy
    if not outcome.chosen and outcome.reached:
        return f"profile {result.profile}: kept with 8 bits everywhere"
    raised = count(len(outcome.chosen), "tensor")
    if outcome.reached:
        return f"profile {result.profile}: reached with {raised} of 16 bits ({trials})"
    near = f"{raised} of 16 bits as good as all" if outcome.chosen else "16 bits change next to nothing"
    over = f"{last.failing} of {count(last.layers, 'layer')} over the limits"
    return f"profile {result.profile}: not reached, not even with every tensor at 16 bits; {near}: {over} ({trials})"


def _advice(result: OnnxResult, screen: Screen) -> Iterator[Text]:
    """What to write into input_config.ini; the SDK raises inputs of convolutions only."""
    inputs = result.convolution_inputs
    if inputs:
        yield Text(f"for the SDK: {_setting(inputs, screen)} in [CONV_CONFIG], then convert and calibrate again")
    others = [name for name in result.outcome.chosen if name not in inputs]
    if others:
        names = ", ".join(screen.text(name) for name in others)
        yield Text(f"no convolution reads {names}: the SDK can not raise what no convolution reads", overflow="fold")
    too = [name for name in result.int16 if name not in result.outcome.chosen]
    if too:
        names = ", ".join(screen.text(name) for name in too)
        yield Text(f"raised too, for they share a scale: {names}", overflow="fold")


def _setting(names: Sequence[str], screen: Screen) -> str:
    try:
        lines = decode(set_tensor_arrays(parse(b""), names)).splitlines()
    except UsageError as error:  # names that no ini can hold
        return screen.text(f"({error.message})")
    return screen.text(lines[-1])


def _sdk_parts(result: SdkResult, screen: Screen) -> Iterator[RenderableType]:
    best = result.best
    yield Text(screen.text(_best(result, best)), style="bold", overflow="fold")
    yield Text()
    good = [each for each in result.ranked if each.accuracy is not None]
    rows = [(_int16(each), each.label, each.accuracy) for each in good if each.accuracy]
    if rows:
        yield _table("int16", "candidate", rows, screen)
        yield Text("int16: inputs and weights of convolutions with 16 bits in the candidate's file", style="dim")
    for each in result.ranked:
        if each.accuracy is None:
            yield Text(screen.text(f"{each.label}: {each.error}; {each.hint}"), overflow="fold")
    if best is not None and best.candidate is not None:
        yield Text()
        for label, value in (("model", best.model), ("quant_file", best.candidate.file), ("dump", best.dump)):
            yield whole_line(f"{label:<11}{value}", screen)
        yield Text(screen.text(f"{'inputs':<11}{', '.join(best.inputs)}"), overflow="fold")
    yield whole_line(f"{'float dump':<11}{result.float_dump}", screen)


def _best(result: SdkResult, best: Ranked | None) -> str:
    if best is None or best.accuracy is None:
        return "no candidate came through"
    how = "kept" if best.accuracy.meets else "not reached; nearest"
    if best.candidate is None:
        return f"profile {result.profile}: {how} by {best.label}, the model as it was"
    return (
        f"profile {result.profile}: {how} by {best.label} with {count(len(best.candidate.int16), 'tensor')} of 16 bits"
    )


def _int16(each: Ranked) -> str:
    return str(len(each.candidate.int16)) if each.candidate else ""


def _table(first: str, second: str, rows: Sequence[tuple[str, str, Accuracy]], screen: Screen) -> RenderableType:
    """Names get what the figures leave of the screen."""
    figures = [
        Column("over", [Cell(f"{one.failing}/{one.layers}", "" if one.meets else "bold red") for *_, one in rows]),
        Column("worst RMSE", [Cell(figure(one.worst_rmse, 6)) for *_, one in rows], right=True),
        Column("mean RMSE", [Cell(figure(one.mean_rmse, 6)) for *_, one in rows], right=True),
        Column("min COS", [Cell(cosine(one.min_cos)) for *_, one in rows], right=True),
        Column("mean COS", [Cell(cosine(one.mean_cos)) for *_, one in rows], right=True),
    ]
    numbers = [Column(first, [Cell(number) for number, *_ in rows], right=True)] if first else []
    longest = max(len(second), *(len(screen.text(name)) for _, name, _ in rows))
    left = (screen.columns or WHOLE) - taken([*numbers, *figures])
    room = max(12, min(longest, left))
    names = Column(second, [Cell(cut(name, room, screen)) for _, name, _ in rows], room=room)
    return table_of([*numbers, names, *figures])


# What a search found as JSON, schema `sgs-tui/optimize/1`.
#
#     schema       "sgs-tui/optimize/1"; keys may be added within version 1, never renamed, moved or taken away
#     backend      onnx, sdk
#     profile      name of the limits
#     reached      whether every limit is kept
#     folder       where the search keeps its state
#   onnx
#     chosen[], convolution_inputs[], raised[], candidates[], useless[], trials
#     steps[]      names[] and figures, from no tensor to all of `chosen`; everything: figures with all candidates
#     sensitivity[] name and figures with that tensor alone, what gains most first
#     files        float_dump, fixed_dump, ranges, fixed_model
#   sdk
#     candidates[] best first: labels[], file, int16[], inputs[],
#     model, dump, figures (null where it failed), error, hint
#     float_dump
#
# Figures: layers, failing, worst_rmse, worst_layer, mean_rmse, min_cos, mean_cos, deficit (decades beyond the limits).

SCHEMA = "sgs-tui/optimize/1"


def write_onnx_json(result: OnnxResult) -> bytes:
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
            "raised": _names(result.int16),
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


def write_sdk_json(result: SdkResult) -> bytes:
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

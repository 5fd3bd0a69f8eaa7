"""`optimize`: accuracy against the number of INT16 tensors, and what to do with it; as a table, or JSON.

JSON `sgs-tui/optimize/1` (cfg/schemas/optimize-1.json); keys may be added within version 1, never renamed, moved or
taken away:
  schema, backend (onnx, sdk or twin), profile, reached (the profile is met), folder (where the search keeps its state)
  onnx: chosen[], convolution_inputs[], raised[] (all INT16 tensors), candidates[], useless[], trials,
    left_out[] (quantized and not tried: network inputs),
    steps[] (names[] and figures, from no tensor to all of `chosen`), everything (figures with all candidates),
    sensitivity[] (name and figures with that tensor alone, what gains most first), files (float_dump, fixed_dump,
    ranges, fixed_model)
  twin: goal, chosen[], convolution_inputs[] (those that the SDK takes by name), raised[], candidates[], useless[]
    (none), trials, steps[] (the best set of each size, with cost: wide (tensors in INT16), multiplications (share in
    INT16), weight_bytes), everything, sensitivity[], self_check (as in whatif, or null), ini (as in advise, or null),
    quant_file (or null),
    pictures[] (with --pictures, worst first: name, reached, worse (than without INT16), before and after: figures
    without INT16 and with `chosen`),
    deciding[] (pictures the set was searched on: steps and sensitivity are about those), lost[] (name, reason).
    `everything` is then the worst of the pictures that need INT16; failing and deficit are those of the worst picture
  sdk: candidates[] (best first: labels[], file, int16[], inputs[], model, dump, figures (null where it failed),
    error, hint), float_dump
Figures: layers, failing, worst_rmse, worst_layer, mean_rmse, min_cos, mean_cos, deficit (how far beyond the limits, 0
where all are kept: in decades; on the twin in parts of the limits).
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import assert_never

from rich.cells import set_cell_size
from rich.console import RenderableType
from rich.text import Text

from sgs_tui.batch.console import (
    NARROWEST,
    WHOLE,
    Cell,
    Column,
    Screen,
    hanging,
    name_column,
    render,
    table_of,
    whole_line,
)
from sgs_tui.batch.output import RunsFormat
from sgs_tui.batch.printed.advice import change_parts, ini_json
from sgs_tui.batch.printed.whatif import cost_json, cost_line, self_check_json, self_check_line
from sgs_tui.batch.values import Json, dump_json, exact, exact_all, exact_or_null, finite_or_null
from sgs_tui.engine.configs.inputconfig import parse, set_tensor_arrays
from sgs_tui.engine.errors import UsageError
from sgs_tui.engine.numbers import cosine, count, ratio
from sgs_tui.engine.optimize.onnx import OnnxResult
from sgs_tui.engine.optimize.sdk import Ranked, SdkResult
from sgs_tui.engine.optimize.search import LOST, Accuracy
from sgs_tui.engine.optimize.twin import TwinResult
from sgs_tui.engine.requantize.ini_change import IniChange
from sgs_tui.engine.text import decode, some
from sgs_tui.engine.twin.search import Trial
from sgs_tui.engine.twin.set_search import told_worse
from sgs_tui.language import Message, _, joined, shown

SCHEMA = "sgs-tui/optimize/1"
_MOST = 12
"""Tensors whose effect alone is shown; JSON has all."""


@dataclass(frozen=True, slots=True)
class TwinFound:
    """What a search on the twin found, and what is written of it: the change of `ini` (`written`, what was there in
    `backup`), the quant_file."""

    result: TwinResult
    ini: Path | None = None
    change: IniChange | None = None
    written: bool = False
    backup: Path | None = None
    quant_file: Path | None = None


def write_result(result: OnnxResult | SdkResult | TwinFound, wanted: RunsFormat, screen: Screen) -> bytes:
    """What a search found, in the format asked for."""
    match wanted:
        case RunsFormat.JSON:
            return dump_json(_document(result))
        case RunsFormat.TABLE:
            parts = _all_parts(result, screen)
            return render(parts, screen, max(NARROWEST, screen.columns or WHOLE))
        case _:
            assert_never(wanted)


def _document(result: OnnxResult | SdkResult | TwinFound) -> Json:
    match result:
        case OnnxResult():
            return _onnx_json(result)
        case SdkResult():
            return _sdk_json(result)
        case TwinFound():
            return _twin_json(result)


def _all_parts(result: OnnxResult | SdkResult | TwinFound, screen: Screen) -> Iterator[RenderableType]:
    match result:
        case OnnxResult():
            return _onnx_parts(result, screen)
        case SdkResult():
            return _sdk_parts(result, screen)
        case TwinFound():
            return _twin_parts(result, screen)


def _onnx_parts(result: OnnxResult, screen: Screen) -> Iterator[RenderableType]:
    outcome = result.outcome
    yield Text(screen.text(_verdict(result)), style="bold", overflow="fold")
    yield Text()
    rows = [(str(len(step.names)), step.name or "-", step.accuracy) for step in outcome.steps]
    if outcome.everything is not None and len(outcome.chosen) < len(result.candidates):
        rows.append((str(len(result.candidates)), Message("all candidates"), outcome.everything))
    yield _table("int16", Message("added tensor"), rows, screen)
    yield from _alone([(each.name, each.accuracy) for each in outcome.sensitivities], screen)
    yield Text()
    yield from _advice(result, screen)
    for label, path in (("fixed", result.files.fixed_dump), ("float", result.files.float_dump)):
        yield whole_line(f"{label}  {path}", screen)


def _alone(found: Sequence[tuple[str, Accuracy]], screen: Screen) -> Iterator[RenderableType]:
    """What each tensor does by itself."""
    if found:
        shown = found[:_MOST]
        more = Message(", {shown} of {found}", shown=len(shown), found=len(found)) if len(shown) < len(found) else ""
        yield Text("\n" + _("each tensor alone, what gains most first{more}", more=more), style="dim")
        yield _table("", "tensor", [("", name, accuracy) for name, accuracy in shown], screen)


def _verdict(result: OnnxResult) -> str:
    outcome, trials = (
        result.outcome,
        Message(
            "{trials} on {tensors}",
            trials=count(result.trials, "trial"),
            tensors=count(len(result.candidates), "tensor"),
        ),
    )
    last = outcome.steps[-1].accuracy
    if not outcome.chosen and outcome.reached:
        return Message("profile {profile}: kept without INT16", profile=result.profile)
    chosen = count(len(outcome.chosen), "INT16 tensor")
    if outcome.reached:
        return Message(
            "profile {profile}: reached with {chosen} ({trials})", profile=result.profile, chosen=chosen, trials=trials
        )
    near = (
        Message("{chosen} as good as all", chosen=chosen)
        if outcome.chosen
        else Message("INT16 changes next to nothing")
    )
    over = Message("{failing} of {count} over the limits", failing=last.failing, count=count(last.layers, "layer"))
    return Message(
        "profile {profile}: not reached{tried}; {near}: {over} ({trials})",
        profile=result.profile,
        tried=_tried(result),
        near=near,
        over=over,
        trials=trials,
    )


def _tried(result: OnnxResult) -> str:
    """What is known of more INT16: no more than was tried."""
    outcome = result.outcome
    if outcome.everything is None:
        return Message(", and no tensor between layers is quantized")
    if outcome.everything is LOST:
        return Message(", and all tensors in INT16 at once can not be made")
    left_out = joined((*result.left_out, *outcome.useless))
    if left_out:
        return Message(", not even with every tensor in INT16 but {names}", names=left_out)
    return Message(", not even with every tensor in INT16")


def _advice(result: OnnxResult, screen: Screen) -> Iterator[Text]:
    """What to write into input_config.ini; the SDK gives INT16 to inputs of convolutions only."""
    inputs, chosen = result.convolution_inputs, result.outcome.chosen
    if inputs:
        yield Text(
            _(
                "for the SDK: {setting} in [CONV_CONFIG], then convert and calibrate again",
                setting=_setting(inputs, screen),
            )
        )
    if others := joined(screen.text(name) for name in chosen if name not in inputs):
        yield Text(
            _("no convolution reads {others}: the SDK has INT16 for inputs of convolutions only", others=others),
            overflow="fold",
        )
    if too := joined(screen.text(name) for name in result.int16 if name not in chosen):
        yield Text(_("INT16 too, for they share a scale: {too}", too=too), overflow="fold")


def _setting(names: Sequence[str], screen: Screen) -> str:
    try:
        lines = decode(set_tensor_arrays(parse(b""), names)).splitlines()
    except UsageError as error:  # names that no ini can hold
        return screen.text(f"({shown(error.message)})")
    return screen.text(lines[-1])


def _sdk_parts(result: SdkResult, screen: Screen) -> Iterator[RenderableType]:
    best = result.best
    yield Text(screen.text(_best(result, best)), style="bold", overflow="fold")
    yield Text()
    rows = [
        (str(len(each.candidate.int16)) if each.candidate else "", each.label, each.accuracy)
        for each in result.ranked
        if each.accuracy is not None
    ]
    if rows:
        yield _table("int16", "candidate", rows, screen)
        yield Text(_("int16: inputs and weights of convolutions that are INT16 in the candidate's file"), style="dim")
    for each in result.ranked:
        if each.accuracy is None:
            yield Text(
                screen.text(Message("{label}: {error}; {hint}", label=each.label, error=each.error, hint=each.hint)),
                overflow="fold",
            )
    if best is not None and best.candidate is not None:
        yield Text()
        files = (Message("model"), best.model), ("quant_file", best.candidate.file), ("dump", best.dump)
        for label, value in files:
            yield whole_line(f"{_head(label)}{value}", screen)
        yield Text(screen.text(f"{_head(Message('inputs'))}{', '.join(best.inputs)}"), overflow="fold")
    yield whole_line(f"{_head(Message('float dump'))}{result.float_dump}", screen)


def _head(label: str) -> str:
    return set_cell_size(shown(label), 11)


def _best(result: SdkResult, best: Ranked | None) -> str:
    if best is None or best.accuracy is None:
        return Message("no candidate came through")
    said = {"profile": result.profile, "label": best.label}
    if best.candidate is None and best.accuracy.meets:
        return Message("profile {profile}: kept by {label}, the model as it was", **said)
    if best.candidate is None:
        return Message("profile {profile}: not reached; nearest by {label}, the model as it was", **said)
    tensors = count(len(best.candidate.int16), "INT16 tensor")
    if best.accuracy.meets:
        return Message("profile {profile}: kept by {label} with {tensors}", **said, tensors=tensors)
    return Message("profile {profile}: not reached; nearest by {label} with {tensors}", **said, tensors=tensors)


def _table(first: str, second: str, rows: Sequence[tuple[str, str, Accuracy]], screen: Screen) -> RenderableType:
    """Names get what the figures leave of the screen."""
    figures = [
        Column(
            Message("over"), [Cell(f"{one.failing}/{one.layers}", "" if one.meets else "bold red") for *_, one in rows]
        ),
        Column(Message("worst RMSE"), [Cell(ratio(one.worst_rmse, 6)) for *_, one in rows], right=True),
        Column(Message("mean RMSE"), [Cell(ratio(one.mean_rmse, 6)) for *_, one in rows], right=True),
        Column(Message("min COS"), [Cell(cosine(one.min_cos)) for *_, one in rows], right=True),
        Column(Message("mean COS"), [Cell(cosine(one.mean_cos)) for *_, one in rows], right=True),
    ]
    numbers = [Column(first, [Cell(number) for number, *_ in rows], right=True)] if first else []
    names = name_column(second, [name for _, name, _ in rows], [*numbers, *figures], screen, 12, WHOLE)
    return table_of([*numbers, names, *figures])


# On the twin.


def _twin_parts(found: TwinFound, screen: Screen) -> Iterator[RenderableType]:
    result, chosen = found.result, found.result.best.names
    trusted = result.check is None or result.check.trusted
    yield Text(screen.text(_twin_verdict(result)), style="bold", overflow="fold")
    yield hanging(Message("self-check: "), self_check_line(result.check), 12, screen, "" if trusted else "bold red")
    yield Text()
    rows = [
        (str(len(each.trial.names)), ", ".join(each.trial.names) or "-", _accuracy(each.trial))
        for each in result.points
    ]
    if len(chosen) < len(result.candidates):
        rows.append((str(len(result.candidates)), Message("all candidates"), _accuracy(result.everything)))
    if result.deciding:
        yield hanging(Message("searched on: "), joined(result.deciding), 13, screen)
    yield _table("int16", Message("best set of that size"), rows, screen)
    yield from _pictures(result, screen)
    yield from _alone([(each.names[0], _accuracy(each)) for each in result.alone], screen)
    yield Text()
    if result.points:
        yield hanging(Message("cost: "), cost_line(result.points[0].cost, result.points[-1].cost), 6, screen)
    if too := joined(screen.text(name) for name in result.int16 if name not in chosen):
        yield Text(_("INT16 too, for they share a scale or by their op: {too}", too=too), overflow="fold")
    if found.change is not None and found.ini is not None:
        yield from change_parts(found.ini, found.change, screen)
    elif chosen and result.qdq:
        yield Text(_("quantize again with --int16 {text}", text=screen.text(",".join(chosen))), overflow="fold")
    elif chosen:
        yield Text(
            _(
                "for the SDK: {setting} in [CONV_CONFIG], then convert and calibrate again",
                setting=_setting(chosen, screen),
            )
        )
    if found.quant_file is not None:
        yield whole_line(Message("quant_file  {quant_file}", quant_file=found.quant_file), screen)


def _pictures(result: TwinResult, screen: Screen) -> Iterator[RenderableType]:
    """What the set leaves on the pictures, the worst first."""
    if result.pictures:
        shown = result.pictures[:_MOST]
        more = (
            Message(", the worst {shown} of {pictures}", shown=len(shown), pictures=len(result.pictures))
            if len(shown) < len(result.pictures)
            else ""
        )
        yield Text()
        yield Text(_("pictures with this set{more}:", more=more), style="bold")
        yield _table("", "picture", [("", each.name, _accuracy(each.after)) for each in shown], screen)
    if worse := [told_worse(each) for each in result.pictures if each.worse]:
        yield Text()
        yield hanging(Message("worse with this set: "), some(worse, _MOST), 21, screen)


def _twin_verdict(result: TwinResult) -> str:
    best = result.best
    goal: str = Message("goal {goal}, profile {profile}", goal=result.goal, profile=result.profile)
    trials = Message(
        "{trials} on {tensors}", trials=count(result.trials, "trial"), tensors=count(len(result.candidates), "tensor")
    )
    if result.pictures:
        left = sum(not each.after.reached for each in result.pictures)
        goal = Message("{goal}, {pictures}", goal=goal, pictures=count(len(result.pictures), "picture"))
        if left:
            goal = Message("{goal}, {left} of them over the limits", goal=goal, left=left)
    if best.reached and not best.names:
        return Message("{goal}: kept without INT16", goal=goal)
    chosen = count(len(best.names), "INT16 tensor")
    if best.reached:
        return Message("{goal}: reached with {chosen} ({trials})", goal=goal, chosen=chosen, trials=trials)
    over = Message("{failing} of {count} over the limits", failing=best.failing, count=count(best.layers, "layer"))
    return Message(
        "{goal}: not reached; nearest with {chosen}: {over} ({trials})",
        goal=goal,
        chosen=chosen,
        over=over,
        trials=trials,
    )


def _accuracy(trial: Trial) -> Accuracy:
    return Accuracy(
        trial.layers, trial.failing, trial.excess, trial.worst_rmse, trial.worst_layer, trial.mean_rmse, trial.min_cos,
        trial.mean_cos,
    )  # fmt: skip


def _twin_json(found: TwinFound) -> Json:
    result = found.result
    return {
        "schema": SCHEMA,
        "backend": "twin",
        "profile": result.profile,
        "goal": result.goal,
        "reached": result.best.reached,
        "folder": exact(result.folder),
        "chosen": exact_all(result.best.names),
        "convolution_inputs": exact_all(result.convolution_inputs),
        "raised": exact_all(result.int16),
        "candidates": exact_all(result.candidates),
        "useless": [],
        "trials": result.trials,
        "steps": [
            {"names": exact_all(each.trial.names), **_figures(_accuracy(each.trial)), "cost": cost_json(each.cost)}
            for each in result.points
        ],
        "everything": _figures(_accuracy(result.everything)),
        "sensitivity": [{"name": exact(each.names[0]), **_figures(_accuracy(each))} for each in result.alone],
        "self_check": self_check_json(result.check),
        "ini": ini_json(found.ini, found.change, found.written, found.backup),
        "quant_file": exact_or_null(found.quant_file),
        "pictures": [
            {
                "name": exact(each.name),
                "reached": each.after.reached,
                "worse": each.worse,
                "before": _figures(_accuracy(each.before)),
                "after": _figures(_accuracy(each.after)),
            }
            for each in result.pictures
        ],
        "deciding": exact_all(result.deciding),
        "lost": [{"name": exact(name), "reason": exact(str(error))} for name, error in result.lost],
    }


def _onnx_json(result: OnnxResult) -> Json:
    outcome, files = result.outcome, result.files
    return {
        "schema": SCHEMA,
        "backend": "onnx",
        "profile": result.profile,
        "reached": outcome.reached,
        "folder": exact(result.folder),
        "chosen": exact_all(outcome.chosen),
        "convolution_inputs": exact_all(result.convolution_inputs),
        "raised": exact_all(result.int16),
        "candidates": exact_all(result.candidates),
        "useless": exact_all(outcome.useless),
        "left_out": exact_all(result.left_out),
        "trials": result.trials,
        "steps": [{"names": exact_all(step.names), **_figures(step.accuracy)} for step in outcome.steps],
        "everything": None if outcome.everything is None else _figures(outcome.everything),
        "sensitivity": [{"name": exact(each.name), **_figures(each.accuracy)} for each in outcome.sensitivities],
        "files": {
            "float_dump": exact(files.float_dump),
            "fixed_dump": exact(files.fixed_dump),
            "ranges": exact(files.ranges),
            "fixed_model": exact(files.fixed_model),
        },
    }


def _sdk_json(result: SdkResult) -> Json:
    best = result.best
    return {
        "schema": SCHEMA,
        "backend": "sdk",
        "profile": result.profile,
        "reached": best is not None and best.accuracy is not None and best.accuracy.meets,
        "folder": exact(result.folder),
        "candidates": [_candidate(each) for each in result.ranked],
        "float_dump": exact(result.float_dump),
    }


def _candidate(each: Ranked) -> Json:
    candidate = each.candidate
    return {
        "labels": exact_all(candidate.labels if candidate else (each.label,)),
        "file": exact_or_null(candidate.file if candidate else None),
        "int16": exact_all(candidate.int16 if candidate else ()),
        "inputs": exact_all(each.inputs),
        "model": exact(each.model),
        "dump": exact_or_null(each.dump),
        "figures": _figures(each.accuracy) if each.accuracy else None,
        "error": exact(each.error),
        "hint": exact(each.hint),
    }


def _figures(one: Accuracy) -> Json:
    values = asdict(one)
    layer = exact(values.pop("worst_layer"))
    return {"worst_layer": layer, **finite_or_null(values)}

"""`whatif`: every layer's figures before and after putting tensors into INT16, foreseen; as a table, or JSON.

JSON `sgs-tui/whatif/1` (cfg/schemas/whatif-1.json): schema, float, fixed (or null), profile, level,
  self_check (median_db, p90_db, layers (how many counted), trusted; null without a fixed dump),
  layers[] (name, op, measured_sqnr_db (null where there is no fixed dump), before_sqnr_db, after_sqnr_db, before_rmse,
    after_rmse, before_cos, after_cos, before_slice_sqnr_db, after_slice_sqnr_db (of the worst branch or channel that
    spans few steps; null where none does), predicted, why_not ("" where it is), error_bar_db (of after; null where
    it is not predicted)),
  int16[] (convolution inputs that were chosen), promoted[] (those in INT16 in the fixed dump that input_config.ini
  does not name: levels L4 and L5 promote), newly_fixed[], newly_failing[], failing[] (afterwards),
  cost (before, after: wide (tensors in INT16), multiplications (share of them in INT16), weight_bytes), notes[].
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import assert_never

from rich.console import RenderableType
from rich.text import Text

from sgs_tui.batch.console import (
    LONGEST_NAME,
    Cell,
    Column,
    Screen,
    hanging,
    name_column,
    page_width,
    render,
    table_of,
    taken,
)
from sgs_tui.batch.output import RunsFormat
from sgs_tui.batch.values import Json, dump_json, exact, exact_all, exact_or_null, finite_or_null
from sgs_tui.engine.numbers import count, decibel, ratio, size
from sgs_tui.engine.twin.agreement import SelfCheck
from sgs_tui.engine.twin.opening import Files
from sgs_tui.engine.twin.whatif import Cost, WhatIf, WhatIfLayer
from sgs_tui.language import Message, _, joined, sense

SCHEMA = "sgs-tui/whatif/1"
_MOVED = 0.1
"""dB from which a layer's figures count as changed; the table shows those, and what fails."""
_ROUGH = 3.0
"""Median dB up to which a fixed dump is of this network and picture: with others it was 8 and more (6 pairs)."""
_SHORTEST = 12
_LESS = ("op", "now dB")
"""Columns that a narrow screen goes without, in this order."""

_INDENT = 15


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer and what was asked. `everything`: the table shows layers that stay as they are too."""

    files: Files
    profile: str
    level: int
    answer: WhatIf
    notes: tuple[str, ...] = ()
    everything: bool = False
    promoted: tuple[str, ...] = ()


def write_whatif(done: Answered, wanted: RunsFormat, screen: Screen) -> bytes:
    """The answer in the format asked for."""
    match wanted:
        case RunsFormat.JSON:
            return dump_json(_document(done))
        case RunsFormat.TABLE:
            shown = [each for each in done.answer.layers if done.everything or _matters(each, done.answer)]
            columns = _columns(shown, done.answer, screen)
            return render(_parts(done, shown, columns, screen), screen, page_width(columns, screen))
        case _:
            assert_never(wanted)


def self_check_json(check: SelfCheck | None) -> Json | None:
    """The agreement; None without a fixed dump."""
    if check is None:
        return None
    figures = finite_or_null({"median_db": check.median_db, "p90_db": check.p90_db})
    return {**figures, "layers": check.counted, "trusted": check.trusted}


def self_check_line(check: SelfCheck | None) -> str:
    """How far what follows can be trusted, in a sentence."""
    if check is None:
        return Message("none: there is no fixed dump to foresee; how far a figure may be off is beside it")
    if not check.counted:
        return Message("no layer of this fixed dump can be foreseen: what follows promises nothing")
    off = Message(
        "{median_db:.2f} dB (median), {p90_db:.2f} dB (90 %) off in {count}",
        median_db=check.median_db,
        p90_db=check.p90_db,
        count=count(check.counted, "layer"),
    )
    if check.trusted:
        return Message("the fixed dump is foreseen, {off}", off=off)
    if check.median_db <= _ROUGH:
        return Message("the fixed dump is foreseen only roughly, {off}: what follows is no better", off=off)
    return Message(
        "the fixed dump is NOT foreseen, {off}: another picture or network, or padding kept? "
        "What follows promises nothing",
        off=off,
    )


def cost_json(cost: Cost) -> Json:
    """What a choice costs."""
    return {**asdict(cost), **finite_or_null({"multiplications": cost.multiplications})}


def cost_line(before: Cost, after: Cost) -> str:
    """The same in words."""
    return Message(
        "{wide} -> {tensors} in INT16, {before:.0%} -> {after:.0%} of multiplications, "
        "weights {size_before} -> {size_after}",
        wide=before.wide,
        tensors=count(after.wide, "tensor"),
        before=before.multiplications,
        after=after.multiplications,
        size_before=size(before.weight_bytes),
        size_after=size(after.weight_bytes),
    )


def _document(done: Answered) -> Json:
    answer = done.answer
    return {
        "schema": SCHEMA,
        "float": exact(done.files.float_dump),
        "fixed": exact_or_null(done.files.fixed_dump),
        "profile": exact(done.profile),
        "level": done.level,
        "self_check": self_check_json(answer.check),
        "layers": [_layer(each) for each in answer.layers],
        "int16": exact_all(answer.int16),
        "promoted": exact_all(done.promoted),
        "newly_fixed": exact_all(answer.newly_fixed),
        "newly_failing": exact_all(answer.newly_failing),
        "failing": exact_all(answer.failing),
        "cost": {"before": cost_json(answer.before), "after": cost_json(answer.after)},
        "notes": exact_all(done.notes),
    }


def _layer(each: WhatIfLayer) -> Json:
    figures = {
        "measured_sqnr_db": each.measured.sqnr_db if each.measured is not None else None,
        "before_sqnr_db": each.before.sqnr_db,
        "after_sqnr_db": each.after.sqnr_db,
        "before_rmse": each.before.rmse,
        "after_rmse": each.after.rmse,
        "before_cos": each.before.cos,
        "after_cos": each.after.cos,
        "before_slice_sqnr_db": each.before.worst_slice_db,
        "after_slice_sqnr_db": each.after.worst_slice_db,
        "error_bar_db": each.error_bar_db if each.predicted else None,
    }
    return {
        "name": exact(each.name),
        "op": exact(each.op),
        **finite_or_null(figures),
        "predicted": each.predicted,
        "why_not": exact(each.why_not),
    }


def _matters(each: WhatIfLayer, answer: WhatIf) -> bool:
    changed = abs(each.after.sqnr_db - each.before.sqnr_db) >= _MOVED
    return changed or not each.predicted or each.name in answer.failing or each.name in answer.newly_fixed


def _parts(
    done: Answered, shown: Sequence[WhatIfLayer], columns: Sequence[Column], screen: Screen
) -> Iterator[RenderableType]:
    answer = done.answer
    trusted = answer.check is None or answer.check.trusted
    yield hanging(Message("self-check"), self_check_line(answer.check), _INDENT, screen, "" if trusted else "bold red")
    yield hanging(Message("INT16"), joined(answer.int16) or Message("none"), _INDENT, screen, "bold")
    yield hanging(Message("cost"), cost_line(answer.before, answer.after), _INDENT, screen)
    yield hanging(Message("newly fixed"), joined(answer.newly_fixed) or Message("none"), _INDENT, screen)
    yield hanging(Message("newly failing"), joined(answer.newly_failing) or Message("none"), _INDENT, screen)
    judged = sum(each.predicted for each in answer.layers)
    verdict = Message(
        "{failing} of {count} over the limits of {profile} then",
        failing=len(answer.failing),
        count=count(judged, "layer"),
        profile=done.profile,
    )
    yield hanging(Message("verdict"), verdict, _INDENT, screen, "bold red" if answer.failing else "")
    if shown:
        yield Text()
        yield table_of(columns)
    wanted = _LESS if answer.check is not None else _LESS[:1]
    if shown and (missing := [title for title in wanted if title not in {each.title for each in columns}]):
        lacking = _("no room for {columns}: a wider screen or --format json has them", columns=joined(missing))
        yield Text(lacking, "dim")
    if left := len(answer.layers) - len(shown):
        yield Text(
            _(
                "{count} within the limits and {MOVED:g} dB of before (--all)",
                count=count(left, "more layer"),
                MOVED=_MOVED,
            ),
            "dim",
        )
    for why in dict.fromkeys(each.why_not for each in shown if each.why_not):
        names = joined(each.name for each in shown if each.why_not == why)
        yield hanging(Message("not predicted: "), Message("{names}: {why}", names=names, why=why), _INDENT, screen)


def _columns(shown: Sequence[WhatIfLayer], answer: WhatIf, screen: Screen) -> list[Column]:
    numbers = [
        Column(Message("op"), [Cell(screen.text(each.op)) for each in shown]),
        *(
            [
                Column(
                    Message("now dB"),
                    [Cell(decibel(e.measured.sqnr_db if e.measured else None)) for e in shown],
                    right=True,
                )
            ]
            if answer.check is not None
            else []
        ),
        Column(Message("from dB"), [Cell(decibel(each.before.sqnr_db)) for each in shown], right=True),
        Column(Message("to dB"), [Cell(decibel(each.after.sqnr_db)) for each in shown], right=True),
        Column(Message("+- dB"), [Cell(decibel(e.error_bar_db) if e.predicted else "?") for e in shown], right=True),
        Column(Message("RMSE"), [Cell(ratio(each.before.rmse)) for each in shown], right=True),
        Column(Message("to"), [Cell(ratio(each.after.rmse)) for each in shown], right=True),
        *_slice_columns(shown),
        Column("", [_state(each, answer) for each in shown]),
    ]
    for title in _LESS:
        if screen.columns is not None and taken(numbers) + _SHORTEST > screen.columns:
            numbers = [each for each in numbers if each.title != title]
    return [name_column(Message("layer"), [e.name for e in shown], numbers, screen, _SHORTEST, LONGEST_NAME), *numbers]


def _slice_columns(shown: Sequence[WhatIfLayer]) -> Iterator[Column]:
    """Where a shown layer has slices that span few steps."""
    worst = [(each.before.worst_slice_db, each.after.worst_slice_db) for each in shown]
    for title, side in (
        ((Message("slice"), 0), (Message("to dB"), 1))
        if any(any(db is not None for db in both) for both in worst)
        else ()
    ):
        yield Column(title, [Cell(decibel(both[side])) for both in worst], right=True)


def _state(each: WhatIfLayer, answer: WhatIf) -> Cell:
    if each.name in answer.newly_fixed:
        return Cell(sense("healed", "fixed"), "green")
    if each.name in answer.newly_failing:
        return Cell(Message("FAILS NOW"), "bold red")
    return Cell(Message("fails"), "bold red") if each.name in answer.failing else Cell("")

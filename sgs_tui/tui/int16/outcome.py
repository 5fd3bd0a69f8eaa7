"""What the twin says of an INT16 set: what it costs, the layers that matter now and then, the error down the network.

Apart because it is about a set and its figures, whatever was advised.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import inf, isclose, isfinite, isnan, log10

from sgs_tui.engine.numbers import count, decibel, figure, ratio, size
from sgs_tui.engine.text import some
from sgs_tui.engine.twin.trust import ROUGHLY
from sgs_tui.engine.twin.whatif import WhatIf, WhatIfLayer
from sgs_tui.language import Message, _, _n, clauses, joined, sense, shown
from sgs_tui.tui.int16.foresee import Foreseen, Then
from sgs_tui.tui.text import Line, Span, Tone, clip, fit, line, padded, paragraph

_MOST = 8
"""Layers with figures of their own."""
_NAME = 40
_RAMP, _PLAIN_RAMP = " ▁▂▃▄▅▆▇█", " .:-=+*#@"
_LEAST = -3.0
"""log10 of the RMSE that is drawn as nothing; 1 is drawn in full."""
_LABEL = 6
_SAME = 0.02
"""Part of an RMSE by which the twin may be off without a word."""


def answer_lines(answer: WhatIf, foreseen: Foreseen, plain: bool, width: int) -> list[Line]:
    """The set, its outcome and cost, and how far to trust it."""
    after, fixed, broken = len(answer.failing), answer.newly_fixed, answer.newly_failing
    now = count(after - len(broken) + len(fixed), "layer fails", "layers fail")
    judged = [each for each in answer.layers if each.predicted]
    over = [each for each in judged if each.name in answer.failing] or judged
    worst = min(over, key=lambda each: -inf if isnan(each.after.sqnr_db) else each.after.sqnr_db, default=None)
    told = [_("foreseen: {now} -> {after}", now=now, after=after)]
    if worst:
        told = [_("{fails}, worst {name} {sqnr} dB", fails=told[0], name=worst.name, sqnr=decibel(worst.after.sqnr_db))]
    told += [_("newly fixed: {fixed}", fixed=some(fixed))] if fixed else []
    names = [_("in INT16: {tensors}", tensors=joined(answer.int16) or _("nothing"))]
    names += [_("INT16 too: {tensors}", tensors=some(foreseen.too))] if foreseen.too else []
    lines = paragraph(joined(names, "; "), width, "strong")
    lines += paragraph(_cost(answer), width, "muted")
    lines += paragraph(joined(told, "; "), width, "warn" if after else "good")
    lines += paragraph(_("newly failing: {broken}", broken=some(broken)) if broken else "", width, "fail")
    lines += _rough_words(foreseen, width)
    if foreseen.unseen:
        unseen = some([f"{name} ({shown(why)})" for name, why in foreseen.unseen])
        lines += paragraph(_("fails now and can not be foreseen: {tensors}", tensors=unseen), width, "warn")
    lines += _strips(answer, judged, plain, width)
    lines += _layers(answer, judged, foreseen, width)
    if (check := answer.check) is not None:
        lines += paragraph(
            _(
                "self-check: median {median_db:.2f} dB, p90 {p90_db:.2f} dB over {layers}",
                median_db=check.median_db,
                p90_db=check.p90_db,
                layers=count(check.counted, "layer"),
            ),
            width,
            "muted",
        )
    return lines


def _rough_words(foreseen: Foreseen, width: int) -> list[Line]:
    """What becomes of layers whose few values are foreseen to a factor only."""
    asked = [each for each in foreseen.rough if each.asked]
    if not asked:
        return []
    now, then = sum(each.now for each in asked), sum(each.fails for each in asked)
    unsure = [each.layer.name for each in asked if each.then is Then.OPEN]
    names = some([each.layer.name for each in asked])
    text = _n(
        len(asked),
        "~ foreseen to a factor of {factor:g}, as it has few values: {now} fail -> {then} ({names})",
        "~ foreseen to a factor of {factor:g}, as they have few values: {now} fail -> {then} ({names})",
        factor=ROUGHLY,
        now=now,
        then=_("{low} to {high}", low=then, high=then + len(unsure)) if unsure else then,
        names=names,
    )
    open_ = [_("too close to the limit to say: {layers}", layers=some(unsure))] if unsure else []
    return paragraph(joined([text, *open_], "; "), width, "warn" if then or unsure else "good")


def _more(added: str) -> str:
    return _(" ({added})", added=added)


def _cost(answer: WhatIf) -> str:
    """Of all tensors, multiplications and weights, with what the set adds to them."""
    was, now = answer.before, answer.after
    more = _more(f"{now.wide - was.wide:+d}") if now.wide != was.wide else ""
    share = _(
        "{now:.1%} of multiply-accumulates (was {was:.1%})",
        now=now.multiplications,
        was=was.multiplications,
    )
    grown = now.weight_bytes - was.weight_bytes
    weights = _(
        "weights {bytes}{more}",
        bytes=size(now.weight_bytes),
        more=_more(f"{'+' if grown > 0 else '-'}{size(abs(grown))}") if grown else "",
    )
    return _(
        "cost: {tensors} in INT16{more}, {share}, {weights}",
        tensors=count(now.wide, "tensor"),
        more=more,
        share=share,
        weights=weights,
    )


# The strip: the network from left to right, a cell a layer or the worst of several.


def _strips(answer: WhatIf, layers: Sequence[WhatIfLayer], plain: bool, width: int) -> list[Line]:
    if not layers:
        return []
    cells = max(1, min(len(layers), width - _LABEL))
    borders = [n * len(layers) // cells for n in range(cells + 1)]
    groups = [layers[first:last] for first, last in pairwise(borders)]
    failing_now = {*answer.newly_fixed, *answer.failing} - set(answer.newly_failing)
    sides = (
        (_("now"), [[each.before.rmse for each in group] for group in groups], failing_now),
        (_("then"), [[each.after.rmse for each in group] for group in groups], set(answer.failing)),
    )
    ramp = _PLAIN_RAMP if plain else _RAMP
    lines: list[Line] = []
    for label, errors, failing in sides:
        bad = [any(each.name in failing for each in group) for group in groups]
        signs = [_sign(max(group, key=_size), ramp) for group in errors]
        lines.append(
            (Span(padded(label, _LABEL), "muted"), *(_cell(sign, one) for sign, one in zip(signs, bad, strict=True)))
        )
    what = _("a layer") if cells == len(layers) else _("the worst of {layers} layers", layers=-(-len(layers) // cells))
    legend = clip(
        _("RMSE, {what} a cell: {light} 0.001 to {dark} 1, logarithmic", what=what, light=ramp[1], dark=ramp[-1]),
        max(0, width - _LABEL),
    )
    return [*lines, line(Span(" " * _LABEL + legend, "muted"))]


def _cell(sign: str, failing: bool) -> Span:
    return Span(sign, "fail" if failing else "good")


def _size(error: float) -> float:
    return error if isfinite(error) else inf


def _sign(error: float, ramp: str) -> str:
    if not isfinite(error):
        return "!"
    if error <= 0:
        return ramp[0]
    level = 1 + (log10(error) - _LEAST) / -_LEAST * (len(ramp) - 2)
    return ramp[max(0, min(len(ramp) - 1, round(level)))]


# Outputs, and what fails now or then.


def _layers(answer: WhatIf, layers: Sequence[WhatIfLayer], foreseen: Foreseen, width: int) -> list[Line]:
    failing, outputs = {*answer.newly_fixed, *answer.failing}, foreseen.outputs
    chosen = [each for each in layers if each.name in failing or each.name in outputs]
    chosen.sort(key=lambda each: (each.name not in failing, -_size(each.after.rmse) if each.name in failing else 0.0))
    rough = [each for each in foreseen.rough if each.asked or each.layer.name in outputs]
    lines = [_layer(each, _word(answer, each), each.name in answer.failing, outputs, width) for each in chosen]
    lines += [_layer(each.layer, _ROUGH_WORDS[each.now, each.then], each.fails, outputs, width) for each in rough]
    fail = sum(each.name in answer.failing for each in chosen[_MOST:])
    fail += sum(each.fails for each in rough[max(0, _MOST - len(chosen)) :])
    left = max(0, len(lines) - _MOST)
    rest = ""
    if left:
        known = {"left": count(left, "layer"), "fail": fail}
        rest = "  " + (_("and {left} more, {fail} fail", **known) if fail else _("and {left} more", left=known["left"]))
    said = {each.layer.name for each in rough}
    silent = [
        f"{each.name} ({shown(each.why_not)})"
        for each in answer.layers
        if each.name in outputs and not each.predicted and each.name not in said
    ]
    lines = [*lines[:_MOST], *paragraph(rest, width, "muted")]
    return lines + paragraph(_("output not foreseen: {layers}", layers=some(silent)) if silent else "", width, "muted")


_HEALED = sense("healed", "fixed")
_ROUGH_WORDS = {
    (True, Then.FINE): _HEALED,
    (True, Then.OPEN): Message("near the limit"),
    (True, Then.FAILS): Message("fails"),
    (False, Then.FINE): "",
    (False, Then.OPEN): Message("near the limit"),
    (False, Then.FAILS): Message("newly fails"),
}


def _word(answer: WhatIf, layer: WhatIfLayer) -> str:
    if layer.name in answer.newly_fixed:
        return str(shown(_HEALED))
    return (
        _("newly fails") if layer.name in answer.newly_failing else _("fails") if layer.name in answer.failing else ""
    )


def _layer(layer: WhatIfLayer, word: str, fails: bool, outputs: Sequence[str], width: int) -> Line:
    words = clauses(filter(None, (word, _("output") if layer.name in outputs else "", _measured(layer))))
    tone: Tone = "fail" if fails else "good" if word else ""
    name = max(12, min(_NAME, width - 58))
    sign = "~" if layer.rough else " "
    figures = f"RMSE {ratio(layer.before.rmse).strip():>8} ->{sign}{ratio(layer.after.rmse).strip():>8}  "
    room = max(0, width - 3 - name - len(figures))
    return line("  ", Span(fit(layer.name, name), "strong"), " ", Span(figures, tone), Span(clip(words, room), tone))


def _measured(layer: WhatIfLayer) -> str:
    """The dump's own figure where the twin's is another one: what changes by less says nothing."""
    if layer.measured is None or isclose(layer.measured.rmse, layer.before.rmse, rel_tol=_SAME):
        return ""
    return _("measured {rmse}", rmse=figure(layer.measured.rmse))

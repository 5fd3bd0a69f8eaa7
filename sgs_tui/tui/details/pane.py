"""The details of the layer under the cursor: every figure with its limit, both sides, worst elements."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sgs_tui.engine.compare.channels import Element
from sgs_tui.engine.compare.limits import MANUAL, Limits, Profile, mark, slice_names
from sgs_tui.engine.compare.metrics import METRICS, OF_LAYER, Form
from sgs_tui.engine.compare.results import LayerDiff, Pair, RangeSource, SideStats, Verdict
from sgs_tui.engine.diagnosis.original import ThreeWay
from sgs_tui.engine.numbers import cosine, decibel, figure
from sgs_tui.language import Message, _, joined, key_word, shown
from sgs_tui.tui.actions import bindings
from sgs_tui.tui.comparison.view import SIGNS
from sgs_tui.tui.frame.pane import Pane
from sgs_tui.tui.journal.view import Notes, note_lines
from sgs_tui.tui.layers import three_way
from sgs_tui.tui.layers.blame import NOTHING, Parts
from sgs_tui.tui.layers.columns import MARK_TONES
from sgs_tui.tui.text import BLANK, Line, Span, Tone, clip, fit, hanging, padded, paragraph, plain, share, span
from sgs_tui.tui.widgets.text_view import Text, TextView


@dataclass(frozen=True, slots=True)
class Closeup:
    """What was counted for the layer beside its row."""

    worst: tuple[Element, ...] = ()
    counting: bool = True


class DetailsPane(Pane):
    """One layer in words and figures."""

    NAME = "details"
    GROUPS = ("walk", "inside", "details", "move")
    BINDINGS = bindings("details")

    def __init__(self) -> None:
        super().__init__()
        self.main = self.view = TextView(identity="details-text")
        self.pair: Pair | None = None
        self.row: LayerDiff | None = None
        self.profile: Profile = MANUAL
        self.closeup = Closeup()
        self.parts = NOTHING
        self.cause: Text | None = None
        self.notes: Notes = {}
        self.three: ThreeWay | None = None

    def show_layer(self, pair: Pair | None, row: LayerDiff | None, profile: Profile) -> None:
        before = (self.pair, self.row, self.profile)
        self.pair, self.row, self.profile = pair, row, profile
        if before != (pair, row, profile):
            self.closeup = Closeup()
            self._fill(keep=pair == before[0])

    def show_worst(self, worst: tuple[Element, ...]) -> None:
        """The worst elements of the layer on show."""
        self.closeup = Closeup(worst, counting=False)
        self._fill(keep=True)

    def show_parts(self, parts: Parts, cause: Text | None = None) -> None:
        """What the diagnosis says of the layers; `cause`: its first finding, for the guilty one."""
        self.parts, self.cause = parts, cause
        self._fill(keep=True)

    def show_notes(self, notes: Notes) -> None:
        if notes != self.notes:
            self.notes = notes
            self._fill(keep=True)

    def show_three(self, three: ThreeWay | None) -> None:
        """What the original says."""
        if three is not self.three:
            self.three = three
            self._fill(keep=True)

    def _fill(self, keep: bool) -> None:
        self.view.show(self._lines, keep)

    def _lines(self, width: int) -> list[Line]:
        if self.pair is None:
            return [(Span(_("no layer chosen"), "muted"),)]
        if self.row is None:
            return waiting(self.pair, width)
        cause = self.cause(width) if self.cause and self.pair.name == self.parts.guilty else ()
        noted = note_lines(self.notes.get(self.pair.name, ()), width)
        part = [*self.parts.lines(self.pair.name, width), *three_way.lines(self.three, self.pair.name, width)]
        return details(self.row, self.profile, self.closeup, width, [*noted, *part], cause)

    def help(self) -> Iterable[Line]:
        return formulas(self.profile)

    def copied(self, whole: bool) -> str:
        if whole:
            return plain(self.view.lines)
        return "" if self.pair is None else self.pair.name


def waiting(pair: Pair, width: int) -> list[Line]:
    """A layer that is still to come."""
    return [*_name(pair, width), BLANK, (Span(_("not compared yet"), "muted"),)]


def details(
    row: LayerDiff,
    profile: Profile,
    closeup: Closeup,
    width: int,
    part: Sequence[Line] = (),
    cause: Sequence[Line] = (),
) -> list[Line]:
    """The `cause` that sits in it, verdict and reasons, its `part` in the error, metrics with limits, both sides,
    range, pairing, worst elements."""
    lines = [*cause, *_name(row.pair, width), *_verdict(row, width), *part]
    if row.metrics is not None and row.sample is not None and row.benchmark is not None:
        lines += [BLANK, *_metrics(row, profile, width), *_slices(row, profile, width)]
        lines += [BLANK, *_sides(row.sample, row.benchmark)]
        lines += [BLANK, *_worst(closeup, width)]
    return [*lines, *_pairing(row, width)]


def _name(pair: Pair, width: int) -> list[Line]:
    shape = str(list(pair.shape)) if pair.shape else _("shape unknown")
    return [
        *paragraph(pair.name, width, "strong"),
        (
            span(
                clip(
                    _(
                        "op {op_index} {op_type}  {shape}",
                        op_index=pair.benchmark.op_index,
                        op_type=pair.op_type,
                        shape=shape,
                    ),
                    width,
                ),
                "muted",
            ),
        ),
    ]


def _verdict(row: LayerDiff, width: int) -> list[Line]:
    sign = SIGNS[row.verdict]
    tone: Tone = "good" if row.verdict is Verdict.OK else sign.tone
    word = f"{sign.text} {_(str(row.verdict)).upper()}".strip()
    return hanging((Span(word, tone), Span("  ")), joined(row.reasons, "; "), width)


def _metrics(row: LayerDiff, profile: Profile, width: int) -> list[Line]:
    fail, warn = profile.limits_for(row.name, row.op_type)
    lines: list[Line] = [
        (
            Span(
                clip(
                    fit("", 13) + fit(_("value"), 10, right=True) + "   " + _("limits: {name}", name=profile.name),
                    width,
                ),
                "muted",
            ),
        )
    ]
    for key in OF_LAYER:
        metric = METRICS[key]
        text = {Form.COSINE: cosine, Form.DECIBEL: decibel}.get(metric.form, figure)(metric.value(row))
        sign = mark(row, key)
        parts = [Span(padded(str(shown(metric.title)), 13)), Span(f"{text:>10}{sign or ' '}", MARK_TONES[sign])]
        lines.append((*parts, Span("  " + _limit(key, fail, warn), "muted")))
    if row.range is not None:
        lines += _range(row, width)
    return lines


def _limit(key: str, fail: Limits, warn: Limits) -> str:
    bounds = ((_("fails"), fail.get(key)), (_("warns"), warn.get(key)))
    return _(", ").join(f"{word} {METRICS[key].sign} {bound:g}" for word, bound in bounds if bound is not None)


def _range(row: LayerDiff, width: int) -> list[Line]:
    assert row.range is not None
    calibrated = row.range.source is RangeSource.CALIBRATION
    source = (
        _("from calibration (tensor_min_max)")
        if calibrated
        else _("from the benchmark's data; --ranges gives calibration")
    )
    return paragraph(
        _(
            "range {minimum} .. {maximum}, {source}",
            minimum=figure(row.range.minimum),
            maximum=figure(row.range.maximum),
            source=source,
        ),
        width,
        "muted",
    )


_MOST_SLICES = 12


def _slices(row: LayerDiff, profile: Profile, width: int) -> list[Line]:
    """The channels and branches that span few steps, and the best class of either side."""
    lines: list[Line] = [(Span(clip(row.top1.text, width), "" if row.top1.agrees else "warn"),)] if row.top1 else []
    if row.slices is None:
        return lines
    narrow = row.slices.narrow
    told = _(
        "{narrow} of {judged} slices span under 4 steps of {step}",
        narrow=len(narrow),
        judged=row.slices.judged,
        step=figure(row.slices.step),
    )
    lines.append((Span(clip(told, width), "" if narrow else "muted"),))
    least = profile.limits_for(row.name, row.op_type)[0].get("slice_sqnr_db")
    for each in narrow[:_MOST_SLICES]:
        name = str(shown(slice_names([each])))
        name = _("{slice} (constant in the sample)", slice=name) if each.dead else name
        lost = METRICS["slice_sqnr_db"].beyond(each.sqnr_db, least)
        steps = _("{steps:6.2f} steps", steps=each.steps)
        text = f"{decibel(each.sqnr_db):>7} dB{'!' if lost else ' '} {steps}  {name}"
        lines.append((Span(clip(text, width), "fail" if lost else ""),))
    more = len(narrow) - _MOST_SLICES
    return [*lines, *([(Span(_("and {more} more", more=more), "muted"),)] if more > 0 else [])]


_SIDE_ROWS: tuple[tuple[str, Callable[[SideStats], str]], ...] = (
    (Message("min"), lambda side: figure(side.minimum)),
    (Message("max"), lambda side: figure(side.maximum)),
    (Message("mean"), lambda side: figure(side.mean)),
    (Message("zeros"), lambda side: share(side.zeros, side.count)),
    (Message("NaN Inf"), lambda side: f"{side.nan:,} {side.inf:,}"),
    (Message("elements"), lambda side: f"{side.count:,}"),
)


def _sides(sample: SideStats, benchmark: SideStats) -> list[Line]:
    lines: list[Line] = [(Span(f"{'':10}"), Span(f"{'sample':>11}", "sample"), Span(f"{'benchmark':>11}", "benchmark"))]
    for label, fact in _SIDE_ROWS:
        bad = label == "NaN Inf" and not (sample.finite and benchmark.finite)
        values = "".join(f"{fact(side):>11}" for side in (sample, benchmark))
        lines.append((Span(padded(label, 10)), Span(values, "fail" if bad else "")))
    return lines


def _worst(closeup: Closeup, width: int) -> list[Line]:
    if closeup.counting:
        return [(Span(_("worst elements: counting ..."), "muted"),)]
    places = ["(" + ",".join(map(str, element.position)) + ")" for element in closeup.worst]
    cells = max((len(place) for place in places), default=0)
    head = padded(_("worst at"), cells) + f"{'sample':>11}{'benchmark':>11}" + fit(key_word("error"), 11, right=True)
    lines: list[Line] = [(Span(clip(head, width), "muted"),)]
    for place, element in zip(places, closeup.worst, strict=True):
        error = element.sample - element.benchmark
        values = "".join(f"{figure(value):>11}" for value in (element.sample, element.benchmark, error))
        lines.append((Span(clip(f"{place:{cells}}{values}", width)),))
    return [*lines, (Span(clip(_positions(closeup.worst), width), "muted"),)]


def _positions(worst: Sequence[Element]) -> str:
    ranks = {len(element.position) for element in worst}
    names = {4: "(n,h,w,c)", 2: _("(pixel,channel): shape unknown"), 1: _("(flat index): shape unknown")}
    return "".join(_("positions are {names}", names=names[rank]) for rank in ranks if rank in names)


def _pairing(row: LayerDiff, width: int) -> list[Line]:
    sample, benchmark = row.pair.sample, row.pair.benchmark
    facts = [*row.notes]
    if sample.name != benchmark.name:
        facts.insert(0, _("in the sample it is called {name}", name=sample.name))
    for side, record in (("sample", sample), ("benchmark", benchmark)):
        facts.append(
            _(
                "{side}: {type_name} s {scale:g} z {zero_point} at byte {offset:,}",
                side=side,
                type_name=fit(record.type_name, 8),
                scale=record.scale,
                zero_point=record.zero_point,
                offset=record.offset,
            )
        )
    return [BLANK, *(row for fact in facts for row in paragraph(fact, width, "muted"))]


def formulas(profile: Profile) -> list[Line]:
    """For `?`: what each metric is and what limits it in this profile."""
    lines: list[Line] = [
        (Span(_("s = sample, b = benchmark, n = elements; limits: {name}", name=profile.name), "muted"),)
    ]
    for key in OF_LAYER:
        lines.append((Span(padded(str(shown(METRICS[key].title)), 13), "strong"), span(METRICS[key].words)))
        if limit := _limit(key, profile.fail, profile.warn):
            lines.append((Span(f"{'':13}{limit}", "muted"),))
    return lines

"""`compare --exact`: the first element that differs, and every layer with one; as a table, CSV or JSON.

JSON `sgs-tui/exact/1` (cfg/schemas/exact-1.json): schema, sample, benchmark (paths), identical (layers), different,
first (the first layer that differs, by `index` and `name`, or null), layers[] in network order (index, name, op,
elements, differing, bitwise, first: null or index (flat, padding left out), position[], shape (null where it is not
known), sample, benchmark, codes (null, or both sides' codes)), not_compared[] (name, side, reason), notes[].
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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
    rendered,
    table_of,
    taken,
)
from sgs_tui.batch.output import Data, ListFormat
from sgs_tui.batch.progress import Meter
from sgs_tui.batch.values import Json, cell, exact, exact_all, finite_or_null, in_format, plain
from sgs_tui.engine.compare.compare import Sides
from sgs_tui.engine.compare.exact import Exact, compare_exactly
from sgs_tui.engine.compare.results import Unmatched
from sgs_tui.engine.errors import SgsError
from sgs_tui.engine.numbers import count
from sgs_tui.engine.session import CompareRequest, open_comparison
from sgs_tui.language import Message, joined

SCHEMA = "sgs-tui/exact/1"
_SHORTEST = 12
_INDENT = 12


@dataclass(frozen=True, slots=True)
class ExactReport:
    """What a bit-exact comparison found; `incomplete` says of each side why it is not whole."""

    request: CompareRequest
    layers: tuple[Exact, ...]
    unmatched: tuple[Unmatched, ...]
    notes: tuple[str, ...]
    incomplete: tuple[str, ...]

    @property
    def different(self) -> tuple[Exact, ...]:
        return tuple(each for each in self.layers if not each.identical)


def report_exactly(request: CompareRequest) -> ExactReport:
    """Open both sides and compare every layer that both have. Raises SgsError."""
    comparison = open_comparison(request)
    try:
        sides, matching = Sides(comparison.sample, comparison.benchmark), comparison.matching
        total, done, found = sum(pair.size for pair in matching.pairs), 0, []
        with Meter(Message("comparing")) as meter:
            for layer in compare_exactly(matching, sides):
                found.append(layer)
                done += layer.pair.size
                meter.report(done, total)
        dumps = (comparison.sample, comparison.benchmark)
        incomplete = tuple(
            Message("{path}: {health}", path=dump.path, health=dump.health.text) for dump in dumps if not dump.health.ok
        )
        return ExactReport(request, tuple(found), matching.unmatched, comparison.notes, incomplete)
    finally:
        comparison.close()


def write_exact(report: ExactReport, wanted: ListFormat, screen: Screen) -> Data:
    """The report in the format asked for."""
    return in_format(
        wanted,
        json=lambda: _document(report),
        csv=lambda: (_HEAD, map(_row, report.layers)),
        table=lambda: _table(report, screen),
    )


def first_difference(report: ExactReport) -> str:
    """The first element that differs, in a sentence; empty where none does."""
    if not report.different:
        return ""
    each = report.different[0]
    values = Message(
        "sample {sample}, benchmark {benchmark}", sample=_value(each.sample), benchmark=_value(each.benchmark)
    )
    codes = (
        Message(" (codes {sample} and {benchmark})", sample=each.codes[0], benchmark=each.codes[1])
        if each.codes
        else ""
    )
    return Message(
        "layer {op_index} {name}, {where}: {values}{codes}",
        op_index=each.pair.benchmark.op_index,
        name=each.pair.name,
        where=_where(each),
        values=values,
        codes=codes,
    )


def _where(each: Exact) -> str:
    """`[0, 3, 2, 1] of [1, 8, 8, 6]`; without a shape the flat index, and pixel and channel where those are known."""
    if each.pair.shape and len(each.position) == len(each.pair.shape):
        return Message("{place} of {shape}", place=list(each.position), shape=list(each.pair.shape))
    if len(each.position) == 2:
        return Message(
            "element {first} (pixel {pixel}, channel {channel} of {channels})",
            first=each.first,
            pixel=each.position[0],
            channel=each.position[1],
            channels=each.pair.channels,
        )
    return Message("element {first} of {elements}, shape unknown", first=each.first, elements=each.elements)


def _value(value: float) -> str:
    return f"{value:.9g}"


def _table(report: ExactReport, screen: Screen) -> Iterator[bytes]:
    columns = _columns(report.different, screen)
    return rendered(_parts(report, columns, screen), screen, page_width(columns, screen))


def _parts(report: ExactReport, columns: Sequence[Column], screen: Screen) -> Iterator[RenderableType]:
    different = report.different
    yield hanging("sample", str(report.request.sample), _INDENT, screen)
    yield hanging("benchmark", str(report.request.benchmark), _INDENT, screen)
    written = sum(not each.bitwise for each in report.layers)
    how = (
        Message(", {written} as far as their numbers are written", written=written)
        if written
        else Message(", bit by bit")
    )
    verdict = Message(
        "{same} of {layers} identical{how}",
        same=len(report.layers) - len(different),
        layers=count(len(report.layers), "layer"),
        how=how,
    )
    yield hanging(Message("verdict"), verdict, _INDENT, screen, "bold red" if different else "bold")
    if different:
        yield hanging(Message("first"), first_difference(report), _INDENT, screen, "bold red")
        yield Text()
        yield table_of(columns)
    for note in report.notes:
        yield hanging("", Message("note: {note}", note=note), 0, screen)
    reasons = dict.fromkeys(item.reason for item in report.unmatched)
    for reason in reasons:
        names = dict.fromkeys(item.name for item in report.unmatched if item.reason == reason)
        yield hanging(
            "",
            Message("not compared, {reason} ({number}): {list}", reason=reason, number=len(names), list=joined(names)),
            0,
            screen,
        )


def _columns(shown: Sequence[Exact], screen: Screen) -> list[Column]:
    numbers = [
        Column("#", [Cell(str(each.pair.benchmark.op_index)) for each in shown], right=True),
        Column(Message("first at"), [Cell(_position(each)) for each in shown]),
        Column(Message("sample"), [Cell(_value(each.sample)) for each in shown], right=True),
        Column(Message("benchmark"), [Cell(_value(each.benchmark)) for each in shown], right=True),
        Column(
            Message("differing"),
            [
                Cell(Message("{differing:,} of {elements:,}", differing=each.differing, elements=each.elements))
                for each in shown
            ],
            right=True,
        ),
    ]
    if any(each.codes for each in shown):
        numbers.append(
            Column(Message("codes"), [Cell("{} {}".format(*each.codes) if each.codes else "") for each in shown])
        )
    if screen.columns is not None and taken(numbers) + _SHORTEST > screen.columns and len(numbers) > 5:
        numbers.pop()
    name = name_column(Message("layer"), [each.pair.name for each in shown], numbers, screen, _SHORTEST, LONGEST_NAME)
    return [numbers[0], name, *numbers[1:]]


def _position(each: Exact) -> str:
    return f"({','.join(map(str, each.position))})"


def _document(report: ExactReport) -> Json:
    first = report.different[:1]
    return {
        "schema": SCHEMA,
        "sample": exact(report.request.sample),
        "benchmark": exact(report.request.benchmark),
        "identical": len(report.layers) - len(report.different),
        "different": len(report.different),
        "first": {"index": first[0].pair.benchmark.op_index, "name": exact(first[0].pair.name)} if first else None,
        "layers": map(_layer, report.layers),
        "not_compared": [
            {"name": exact(item.name), "side": item.side, "reason": exact(item.reason)} for item in report.unmatched
        ],
        "notes": exact_all(report.notes),
    }


def _layer(each: Exact) -> Json:
    first = {
        "index": each.first,
        "position": list(each.position),
        "shape": list(each.pair.shape) if each.pair.shape else None,
        **finite_or_null({"sample": each.sample, "benchmark": each.benchmark}),
        "codes": list(each.codes) if each.codes else None,
    }
    return {
        "index": each.pair.benchmark.op_index,
        "name": exact(each.pair.name),
        "op": exact(each.pair.op_type),
        "elements": each.elements,
        "differing": each.differing,
        "bitwise": each.bitwise,
        "first": None if each.identical else first,
    }


_HEAD = ("index", "name", "op", "elements", "differing", "bitwise", "first", "position", "sample", "benchmark")


def _row(each: Exact) -> list[str]:
    where = ["", "", "", ""]
    if not each.identical:
        where = [str(each.first), "x".join(map(str, each.position)), plain(each.sample), plain(each.benchmark)]
    return [
        *(str(each.pair.benchmark.op_index), cell(each.pair.name), cell(each.pair.op_type), str(each.elements)),
        *(str(each.differing), "yes" if each.bitwise else "no", *where),
    ]


def nothing_compared(report: ExactReport) -> SgsError | None:
    """Why there is no verdict; None where there is one."""
    if report.layers:
        return None
    return SgsError(
        Message("nothing comparable: the two share no layer"), Message("the list of what is not compared says why")
    )

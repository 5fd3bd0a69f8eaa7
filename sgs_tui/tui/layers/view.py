"""The rows of a comparison as the table shows them: in network order or sorted, all or filtered, while they arrive."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from pathlib import Path

from rich.cells import cell_len

from sgs_tui.engine.compare.metrics import METRICS, Form
from sgs_tui.engine.compare.results import LayerDiff, Pair, Unmatched, Verdict
from sgs_tui.engine.compare.select import Query, parse_query, sort_rows
from sgs_tui.engine.diagnosis.results import Blame, Cause, Diagnosis, Recovered, Role
from sgs_tui.engine.journal import Entry, Kind, moment
from sgs_tui.engine.numbers import cosine, decibel, figure
from sgs_tui.engine.text import visible
from sgs_tui.tui.text import BLANK, Line, Span, Tone, ratio, small, wrap
from sgs_tui.tui.widgets.table import Cell, Column

# What a diagnosis says of single layers: a sign for the layer table, lines for the details.

BLAME_SIGNS: dict[Role, Cell] = {
    Role.INTRODUCED: Cell("↑", "fail"),
    Role.INHERITED: Cell("→", "warn"),
    Role.RECOVERED: Cell("↓", "good"),
    Role.CLEAN: Cell(" "),
    Role.UNKNOWN: Cell(" "),
}
JUMP = "J"
"""In place of the arrow where the vendor's rule marks the layer."""
REORDERED = Cell("▒", "warn")
"""The data is out of order; what was won back of it stands in the details."""

_BLAME_WORDS: dict[Role, tuple[str, Tone]] = {
    Role.INTRODUCED: ("the error begins here", "fail"),
    Role.INHERITED: ("the error comes in with the inputs", "warn"),
    Role.RECOVERED: ("the inputs are bad, this layer no longer", "good"),
}
_PLACES = {Role.INTRODUCED: 0, Role.INHERITED: 1, Role.RECOVERED: 2, Role.UNKNOWN: 3, Role.CLEAN: 4}


@dataclass(frozen=True, slots=True)
class Parts:
    """Blame and recovered rows by layer name."""

    blame: Mapping[str, Blame] = field(default_factory=dict)
    recovered: Mapping[str, Recovered] = field(default_factory=dict)

    def cell(self, name: str) -> Cell:
        if name in self.recovered:
            return REORDERED
        part = self.blame.get(name)
        if part is None:
            return Cell("")
        sign = BLAME_SIGNS[part.role]
        return Cell(JUMP, sign.tone or "warn") if part.jump else sign

    def place(self, name: str) -> int:
        """For sorting: where the error begins first, clean layers last."""
        part = self.blame.get(name)
        return len(_PLACES) if part is None else _PLACES[part.role]

    def lines(self, name: str, width: int) -> list[Line]:
        """That layer's part in words; nothing where there is nothing to say."""
        lines: list[Line] = []
        if (found := self.recovered.get(name)) is not None:
            lines += [(Span(part, "warn"),) for part in wrap(_recovered_words(found), width)]
        if (part := self.blame.get(name)) is not None and part.role in _BLAME_WORDS:
            words, tone = _BLAME_WORDS[part.role]
            lines.append((_sign(part), Span(words, tone)))
            lines += [(Span(text, "muted"),) for text in wrap(_figures(part), width)]
        if part is not None and part.jump:
            text = "jump: RMSE is over 1.00 above the layer before (the vendor's mark)"
            lines += [(Span(row, "warn"),) for row in wrap(text, width)]
        return lines


NOTHING = Parts()


def parts_of(diagnosis: Diagnosis) -> Parts:
    """The layers of a diagnosis.

    Where data is out of order its error says nothing about the network; where there is nothing but rounding nobody
    is to blame, and only the vendor's marks are left.
    """
    recovered = {each.row.name: each for each in diagnosis.recovered}
    blamed = [] if recovered else [part for part in diagnosis.blame if part.jump or not is_healthy(diagnosis)]
    return Parts({part.name: part for part in blamed}, recovered)


def is_healthy(diagnosis: Diagnosis) -> bool:
    """Nobody is to blame for rounding."""
    return all(finding.cause is Cause.HEALTHY for finding in diagnosis.findings)


def _sign(part: Blame) -> Span:
    """The sign with a blank behind it."""
    sign = BLAME_SIGNS[part.role]
    return Span(f"{sign.text} ", sign.tone)


def _figures(part: Blame) -> str:
    words = f"{share(part.total)} of its signal is error: {share(part.inherited)} came in, {share(part.own)} its own"
    if part.proven and isfinite(part.own_steps):
        words += f" ({part.own_steps:.2g} steps)"
    words += "; computed again in float" if part.proven else "; estimated from its neighbours"
    return words + (f"; from {', '.join(part.culprits[:3])}" if part.culprits else "")


def _recovered_words(found: Recovered) -> str:
    metrics = found.row.metrics
    figures = "" if metrics is None else f": RMSE {ratio(metrics.rmse).strip()}, COS {cosine(metrics.cos).strip()}"
    return f"recovered, {found.layout} undone{figures}; {found.kept:.0%} of the values are in the file"


def share(error: float) -> str:
    """An error relative to the signal: `17.4%`, from ten times the signal on `12 times`."""
    if not isfinite(error):
        return "more than all"
    return f"{error:.1%}" if error < 10 else f"{error:.3g} times"


# The columns of the layer table: what each shows of a row, and how wide.

SIGNS: dict[Verdict, Cell] = {
    Verdict.FAIL: Cell("✗", "fail"),
    Verdict.WARN: Cell("!", "warn"),
    Verdict.OK: Cell(" "),
    Verdict.NOT_COMPARABLE: Cell("-", "muted"),
}
PENDING = Cell("·", "muted")
OVER = "!"
"""Behind a figure that is over its limit, so that no color is needed to see it."""

_FORMS: dict[Form, Callable[[float | None], str]] = {
    Form.PLAIN: figure,
    Form.RATIO: ratio,
    Form.SMALL: small,
    Form.COSINE: cosine,
    Form.DECIBEL: decibel,
}
SORT_OF = {"sign": "verdict"}
"""Columns that sort by something of another name."""
PART = "part"
"""The layer's part in the error: begins here, comes in, gone again."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What column widths depend on: the widest names and op types of the comparison."""

    names: int = 12
    ops: int = 7
    indices: int = 3


def facts_of(pairs: Sequence[Pair]) -> Facts:
    """Widths of this comparison's texts; a name of 5,000 characters counts as 200."""
    names = max((cell_len(visible(pair.name[:200])) for pair in pairs), default=12)
    ops = max((cell_len(visible(pair.op_type[:40])) for pair in pairs), default=7)
    indices = max((len(str(pair.benchmark.op_index)) for pair in pairs), default=3)
    return Facts(names, ops, indices)


DEFAULT = (
    "sign",
    "index",
    "name",
    PART,
    "op",
    "rmse",
    "cos",
    "range",
    "mse",
    "sqnr_db",
    *(
        "sample_min",
        "benchmark_min",
        "sample_max",
        "benchmark_max",
        "max_abs_error",
        "verdict",
    ),
)
AVAILABLE = (*DEFAULT, *(key for key in METRICS if key not in DEFAULT))
FROZEN = frozenset({"sign", "index", "name"})


def column(key: str, facts: Facts, wide: bool = False, extra: int = 0) -> Column:
    """The table column of that id; `wide` shows names whole, `extra` cells are the user's own widening."""
    match key:
        case "sign" | "part":
            return Column(key, "", 1)
        case "index":
            return Column(key, "#", max(2, facts.indices), right=True)
        case "name":
            return Column(key, "name", max(22, min(facts.names, 200)) if wide else 0, least=22 + extra)
        case "op":
            return Column(key, "op", max(4, min(facts.ops, 40 if wide else 13)) + extra)
        case "verdict":
            return Column(key, "verdict", 14 + extra)
    metric = METRICS[key]
    title = metric.short or metric.title
    # The cell behind the figure holds its sign.
    return Column(key, title + " ", max(metric.cells, len(title)) + 1 + extra, right=True)


def cell(row: LayerDiff, key: str) -> Cell:
    """What a compared layer shows in a column."""
    if key == "sign":
        return SIGNS[row.verdict]
    if key == "verdict":
        return Cell(str(row.verdict), SIGNS[row.verdict].tone)
    if key in {"index", "name", "op"}:
        return label(row.pair, key)
    metric = METRICS[key]
    text = _FORMS[metric.form](metric.value(row))
    return Cell(text + (OVER if key in row.over else " "), _over_tone(row) if key in row.over else "")


def _over_tone(row: LayerDiff) -> Tone:
    return "fail" if row.verdict is Verdict.FAIL else "warn"


def label(pair: Pair, key: str) -> Cell:
    """What a layer shows before it is compared."""
    match key:
        case "sign":
            return PENDING
        case "index":
            return Cell(str(pair.benchmark.op_index))
        case "name":
            return Cell(pair.name)
        case "op":
            return Cell(pair.op_type)
    return Cell("")


_WORDS = {
    "sign": "sign of the verdict",
    "index": "op index",
    "name": "name",
    PART: "part in the error (diagnosis)",
    "op": "op type",
    "verdict": "verdict",
}


def title(key: str) -> str:
    """A column's name in the picker and in messages."""
    return _WORDS.get(key) or METRICS[key].title


# The triage journal as lines: notes of one layer, and the whole of it.

MARK = "*"
"""Behind the name of a layer that has a note."""
Notes = Mapping[str, tuple[Entry, ...]]
"""Notes by the names of their layers, oldest first."""

_TONES: dict[Kind, Tone] = {Kind.NOTE: "key", Kind.TRIED: "warn", Kind.RESULT: "good"}
_INDENT = 2
_NOTHING = (
    "nothing is written down yet",
    "C on a layer notes something about it, a here about the dump as a whole; A writes down what it tries and what "
    "came of it. Reports carry the journal along.",
)


def note_lines(notes: Sequence[Entry], width: int) -> list[Line]:
    """The notes on a layer, each with its moment."""
    lines: list[Line] = []
    for note in notes:
        first, *rest = wrap(note.text, width - _INDENT)
        lines.append((Span(f"{MARK} ", "key"), Span(first, "key")))
        lines += [(Span("  " + part, "key"),) for part in rest]
        lines.append((Span(f"  noted {moment(note)}", "muted"),))
    return lines


def journal_lines(entries: Sequence[Entry], path: Path, problem: str, width: int) -> list[Line]:
    """Every entry, oldest first: when, of which kind, about which layer, what."""
    lines: list[Line] = [(Span(part, "muted"),) for part in wrap(str(path), width)]
    if problem:
        return [*lines, BLANK, *((Span(part, "fail"),) for part in wrap(problem, width))]
    if not entries:
        return [*lines, BLANK, *((Span(part, "muted"),) for text in _NOTHING for part in wrap(text, width))]
    for each in entries:
        lines += [BLANK, *_entry(each, width)]
    return lines


def _entry(each: Entry, width: int) -> list[Line]:
    about = each.layer or each.sample or ""
    head, *more = wrap(about, max(12, width - 26))
    lines: list[Line] = [(Span(f"{moment(each)}  ", "muted"), Span(f"{each.kind} ", _TONES[each.kind]), Span(head))]
    lines += [(Span(" " * 22 + part),) for part in more]
    return [*lines, *((Span(" " * _INDENT + part, "strong"),) for part in wrap(each.text, width - _INDENT))]


NETWORK = "network"
NO_FILTER = parse_query("")


class Layers:
    """Pairs and their rows by pair number, and `order`: the pair numbers on show, from the top."""

    def __init__(self, pairs: Iterable[Pair] = ()) -> None:
        self.pairs: tuple[Pair, ...] = tuple(pairs)
        self.rows: list[LayerDiff | None] = [None] * len(self.pairs)
        self.parts = NOTHING
        self.noted: Notes = {}
        self.undone = False
        """Show the figures of recovered layers; order, filter and verdicts stay about the file as it is."""
        self.query: Query = NO_FILTER
        self.sort_key, self.reverse = NETWORK, False
        self.order: list[int] = list(range(len(self.pairs)))
        self._place: dict[int, int] = {number: place for place, number in enumerate(self.order)}
        self._orders: dict[tuple[str, bool], list[LayerDiff]] = {}
        self._verdicts: Counter[Verdict] = Counter()

    def __len__(self) -> int:
        return len(self.order)

    def row_at(self, place: int) -> LayerDiff | None:
        """The compared layer at a place of the table, None where it is still to come."""
        return self.rows[self.order[place]]

    def cell(self, row: int, column: str) -> Cell:
        pair = self.pairs[self.order[row]]
        if column == PART:
            return self.parts.cell(pair.name)
        if column == "name" and pair.name in self.noted:
            return Cell(f"{pair.name} {MARK}")
        diff = self.row_at(row)
        if self.undone and column not in ("sign", "verdict") and (won := self.parts.recovered.get(pair.name)):
            return cell(won.row, column)
        return label(pair, column) if diff is None else cell(diff, column)

    def row_tone(self, row: int) -> Tone:
        """Rows that are still to come, or can not be compared, stay in the background."""
        diff = self.row_at(row)
        return "muted" if diff is None or diff.verdict is Verdict.NOT_COMPARABLE else ""

    def place_of(self, number: int) -> int | None:
        """Where a pair stands in the table, if it is on show."""
        return self._place.get(number)

    @property
    def in_network_order(self) -> bool:
        """Nothing is sorted or filtered: new rows change no place."""
        return self.sort_key == NETWORK and not self.reverse and not self.query.tests

    def add(self, rows: Iterable[LayerDiff]) -> None:
        """Take in rows that arrived; places only change when the table is sorted or filtered."""
        for row in rows:
            before, self.rows[row.pair.number] = self.rows[row.pair.number], row
            self._verdicts[row.verdict] += 1
            if before is not None:
                self._verdicts[before.verdict] -= 1
        self._orders.clear()
        if not self.in_network_order:
            self.arrange()

    def arrange(self) -> None:
        """Work out `order` again. While a filter is on, layers without figures yet are not shown."""
        if self.query.tests:
            self.order = [row.pair.number for row in self.query.select(self._sorted())]
        elif self.sort_key == NETWORK:
            every = range(len(self.pairs))
            self.order = list(reversed(every) if self.reverse else every)
        else:
            waiting = [number for number, row in enumerate(self.rows) if row is None]
            self.order = [row.pair.number for row in self._sorted()] + waiting
        self._place = {number: place for place, number in enumerate(self.order)}

    def _sorted(self) -> list[LayerDiff]:
        """Every row in the present order, which is worked out once as long as no row is added."""
        done = [row for row in self.rows if row is not None]
        if self.sort_key == PART:
            return sorted(done, key=lambda row: self.parts.place(row.name), reverse=self.reverse)
        key = self.sort_key, self.reverse
        if key not in self._orders:
            self._orders[key] = sort_rows(done, *key)
        return self._orders[key]

    def filter(self, query: Query) -> None:
        self.query = query
        self.arrange()

    def sort(self, column: str) -> None:
        """Sort by a column, worst first; the same column again turns the order round."""
        key = SORT_OF.get(column, column)
        self.reverse = not self.reverse if key == self.sort_key else False
        self.sort_key = key
        self.arrange()

    def turn_round(self) -> None:
        self.reverse = not self.reverse
        self.arrange()

    def network_order(self) -> None:
        self.sort_key, self.reverse = NETWORK, False
        self.arrange()

    def next_place(self, start: int, step: int, wanted: Callable[[LayerDiff], bool]) -> int | None:
        """The nearest place after `start` in direction `step` whose row is wanted, going round at the ends."""
        total = len(self.order)
        for distance in range(1, total + 1):
            place = (start + step * distance) % total
            row = self.row_at(place)
            if row is not None and wanted(row):
                return place
        return None

    def count(self, verdict: Verdict) -> int:
        """How many compared layers have this verdict."""
        return self._verdicts[verdict]


def failing(row: LayerDiff) -> bool:
    """What `n` looks for."""
    return row.verdict is Verdict.FAIL


# Tensors that were not compared, as table rows.

UNMATCHED_COLUMNS = (
    Column("side", "only in", 9),
    Column("name", "name", least=24),
    Column("reason", "why", least=24, prose=True),
)


class UnmatchedRows:
    """One row each."""

    def __init__(self, unmatched: Sequence[Unmatched]) -> None:
        self._unmatched = unmatched

    def __len__(self) -> int:
        return len(self._unmatched)

    def row_tone(self, row: int) -> Tone:
        return ""

    def cell(self, row: int, column: str) -> Cell:
        one = self._unmatched[row]
        match column:
            case "side":
                return Cell(one.side, one.side)
            case "name":
                return Cell(one.name)
        return Cell(one.reason)


# Which columns the layer table shows, in which order and how wide: chosen by the user, kept per folder.

WIDEST = 40


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """A column, whether it is shown, and how many cells it was widened."""

    id: str
    shown: bool = True
    extra: int = 0


def choices_for(ids: Iterable[str], extras: dict[str, int] | None = None) -> tuple[ColumnChoice, ...]:
    """These columns shown in this order, all others behind them and hidden; unknown ids are passed over."""
    wanted = [key for key in dict.fromkeys(ids) if key in AVAILABLE and key not in FROZEN]
    shown = [key for key in DEFAULT if key in FROZEN] + wanted
    extras = extras or {}
    return tuple(
        ColumnChoice(key, key in shown, max(0, min(extras.get(key, 0), WIDEST)))
        for key in (*shown, *(key for key in AVAILABLE if key not in shown))
    )


def default_choices() -> tuple[ColumnChoice, ...]:
    """The columns of a first start."""
    return choices_for(DEFAULT)


def chosen_columns(choices: Sequence[ColumnChoice], facts: Facts, wide: bool) -> list[Column]:
    """The table's columns for these choices."""
    return [column(choice.id, facts, wide, choice.extra) for choice in choices if choice.shown]


def toggled(choices: Sequence[ColumnChoice], place: int) -> tuple[ColumnChoice, ...]:
    """Show or hide one column; sign, index and name always stay."""
    choice = choices[place]
    if choice.id in FROZEN:
        return tuple(choices)
    return _with(choices, place, replace(choice, shown=not choice.shown))


def widened(choices: Sequence[ColumnChoice], place: int, cells: int) -> tuple[ColumnChoice, ...]:
    """One column wider or narrower, never narrower than it is by itself."""
    choice = choices[place]
    return _with(choices, place, replace(choice, extra=max(0, min(choice.extra + cells, WIDEST))))


def moved(choices: Sequence[ColumnChoice], place: int, step: int) -> tuple[tuple[ColumnChoice, ...], int]:
    """One column up or down in the order, and its new place; the frozen ones stay in front."""
    target = place + step
    if not 0 <= target < len(choices) or {choices[place].id, choices[target].id} & FROZEN:
        return tuple(choices), place
    order = list(choices)
    order[place], order[target] = order[target], order[place]
    return tuple(order), target


def _with(choices: Sequence[ColumnChoice], place: int, choice: ColumnChoice) -> tuple[ColumnChoice, ...]:
    return (*choices[:place], choice, *choices[place + 1 :])

"""The rows of a comparison as the table shows them: in network order or sorted, all or filtered, while they arrive."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial

from sgs_tui.engine.compare.limits import FAILED, WARNED
from sgs_tui.engine.compare.metrics import METRICS
from sgs_tui.engine.compare.results import LayerDiff, Pair, Unmatched, Verdict
from sgs_tui.engine.compare.select import SORT_KEYS, Query, Test, by_metric, falls, parse_query, sort_rows
from sgs_tui.engine.diagnosis.original import ThreeRow, ThreeWay
from sgs_tui.engine.numbers import figure
from sgs_tui.engine.text import visible
from sgs_tui.language import _, shown
from sgs_tui.tui.int16.marks import Marks
from sgs_tui.tui.journal.view import Notes
from sgs_tui.tui.layers import over_set, three_way
from sgs_tui.tui.layers.blame import NOTHING
from sgs_tui.tui.layers.columns import MARKED, NOTED, PART, cell, label
from sgs_tui.tui.layers.over_set import OverSet, Swept, figures_over
from sgs_tui.tui.layers.over_set import cell as over_cell
from sgs_tui.tui.text import Tone
from sgs_tui.tui.widgets.table import Cell, Column

NETWORK = "network"
NO_FILTER = parse_query("")
_SORT_OF = {"sign": "verdict"}
"""Columns that sort by something of another name."""
_COLUMN_OF = {key: column for column, key in _SORT_OF.items()}


class Layers:
    """Pairs and their rows by pair number, and `order`: the pair numbers on show, from the top."""

    def __init__(self, pairs: Iterable[Pair] = ()) -> None:
        self.pairs: tuple[Pair, ...] = tuple(pairs)
        self.rows: list[LayerDiff | None] = [None] * len(self.pairs)
        self.parts = NOTHING
        self.noted: Notes = {}
        self.marks = Marks()
        self.swept: Swept = {}
        """What a sweep of this network says."""
        self.three: ThreeWay | None = None
        self._figures = {**figures_over(self._over_set), **three_way.figures_of(self._three)}
        self._cells: dict[str, Callable[[str], Cell]] = {
            PART: self._part,
            MARKED: self._mark,
            **{key: partial(self._swept_cell, key) for key in over_set.COLUMNS},
            **{key: partial(self._three_cell, key) for key in three_way.COLUMNS},
        }
        """Columns that are nothing of a row of the comparison, by the layer's name."""
        self.undone = False
        """Show the figures of recovered layers; order, filter and verdicts stay about the file as it is."""
        self.query: Query = NO_FILTER
        self.sort_key, self.reverse = NETWORK, False
        self.then: tuple[tuple[str, bool], ...] = ()
        """What else is sorted by, where the columns before are equal."""
        self.order: list[int] = list(range(len(self.pairs)))
        self._orders: dict[tuple[str, bool], list[LayerDiff]] = {}
        self._made: dict[tuple[int, str], Cell] = {}
        self._verdicts: Counter[Verdict] = Counter()

    def __len__(self) -> int:
        return len(self.order)

    def row_at(self, place: int) -> LayerDiff | None:
        """The compared layer at a place of the table, None where it is still to come."""
        return self.rows[self.order[place]]

    def cell(self, row: int, column: str) -> Cell:
        pair = self.pairs[self.order[row]]
        if column in self._cells:
            return self._cells[column](pair.name)
        if column == "name" and pair.name in self.noted:
            return Cell(pair.name + NOTED)
        diff = self.row_at(row)
        if self.undone and column not in ("sign", "verdict") and (won := self.parts.recovered.get(pair.name)):
            return cell(won.row, column)
        return label(pair, column) if diff is None else self._cell(diff, column)

    def _cell(self, diff: LayerDiff, column: str) -> Cell:
        """Figures are the same at every key."""
        key = diff.pair.number, column
        if key not in self._made:
            self._made[key] = cell(diff, column)
        return self._made[key]

    @property
    def _words(self) -> dict[str, Test]:
        return dict.fromkeys(("marked", _("marked")), self.is_marked)

    def is_marked(self, row: LayerDiff) -> bool:
        """What `marked` in the filter finds."""
        return row.name in self.marks.marked

    def _over_set(self, name: str) -> OverSet | None:
        return self.swept.get(name)

    def _three(self, name: str) -> ThreeRow | None:
        return None if self.three is None else self.three.by_name.get(name)

    def _part(self, name: str) -> Cell:
        return self.parts.cell(name)

    def _three_cell(self, column: str, name: str) -> Cell:
        return three_way.cell(self._three(name), column)

    def _swept_cell(self, column: str, name: str) -> Cell:
        return over_cell(self.swept.get(name), column)

    def _mark(self, name: str) -> Cell:
        if name in self.marks.marked:
            return Cell("16", "key")
        return Cell(" 8", "muted") if name in self.marks.unmarked else Cell("")

    def row_tone(self, row: int) -> Tone:
        """Rows that are still to come, or can not be compared, stay in the background."""
        diff = self.row_at(row)
        return "muted" if diff is None or diff.verdict is Verdict.NOT_COMPARABLE else ""

    def place_of(self, number: int) -> int | None:
        """Where a pair stands in the table, if it is on show."""
        with suppress(ValueError):
            return self.order.index(number)
        return None

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
        self._made.clear()
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

    def _sorted(self) -> list[LayerDiff]:
        """Every row in the present order, which is worked out once as long as no row is added."""
        key = self.sort_key, self.reverse
        kept = not (self.then or self.sort_key in _OWN_ORDERS or self.sort_key in self._figures)
        if kept and key in self._orders:
            return self._orders[key]
        done = [row for row in self.rows if row is not None]
        for further in reversed(self.then):
            done = self._by(done, *further)
        done = self._by(done, *key)
        if kept:
            self._orders[key] = done
        return done

    def _by(self, rows: list[LayerDiff], key: str, reverse: bool) -> list[LayerDiff]:
        """Rows by one key; equal ones stay in their order."""
        if key in _OWN_ORDERS:
            return sorted(rows, key=partial(_OWN_ORDERS[key], self), reverse=reverse)
        if key in self._figures:
            return by_metric(rows, self._figures[key], reverse)
        return sort_rows(rows, key, reverse)

    def parsed(self, text: str) -> Query:
        """A filter as it is typed. Raises UsageError."""
        return parse_query(text, self._words, self._figures, shown) if text.strip() else NO_FILTER

    def filter(self, query: Query) -> None:
        self.query = query
        self.arrange()

    def sort(self, column: str) -> None:
        """Sort by a column, worst first; the same column again turns the order round."""
        key = _SORT_OF.get(column, column)
        self.reverse = not self.reverse if key == self.sort_key and not self.then else False
        self.sort_key, self.then = key, ()
        self.arrange()

    def also_sort(self, column: str) -> None:
        """By this column too, where those before are equal; again: the other way round."""
        key = _SORT_OF.get(column, column)
        if self.sort_key in (NETWORK, key):
            self.sort(column)
            return
        before = dict(self.then)
        self.then = tuple({**before, key: not before[key] if key in before else False}.items())
        self.arrange()

    def order_as(self, *orders: tuple[str, bool]) -> None:
        """By these keys in turn, each with whether it is turned round; a key that is none here is passed over."""
        known = {key: reverse for key, reverse in orders if self._is_key(key)}
        (self.sort_key, self.reverse), *rest = known.items() or ((NETWORK, False),)
        self.then = tuple(rest) if self.sort_key != NETWORK else ()
        self.arrange()

    def _is_key(self, key: str) -> bool:
        return key in SORT_KEYS or key in _OWN_ORDERS or key in self._figures

    def turn_round(self) -> None:
        self.reverse = not self.reverse
        self.arrange()

    def network_order(self) -> None:
        self.sort_key, self.reverse, self.then = NETWORK, False, ()
        self.arrange()

    @property
    def arrows(self) -> dict[str, str]:
        """The signs of the order by column: which way its values run, and of several columns which counts first. None
        of a network as it is."""
        if self.sort_key == NETWORK:
            return {"index": "▾"} if self.reverse else {}
        orders = ((self.sort_key, self.reverse), *self.then)
        return {
            column: arrow + (str(place) if self.then else "")
            for place, (column, arrow) in enumerate((self._arrow(*each) for each in orders), 1)
        }

    def _arrow(self, key: str, reverse: bool) -> tuple[str, str]:
        falling = key in _OWN_ORDERS or key in self._figures or falls(key)
        return _COLUMN_OF.get(key, key), "▾" if falling is not reverse else "▴"

    def values(self, column: str) -> Counter[str]:
        """How often each text of a column is there, among the rows on show."""
        return Counter(_bare(self.cell(row, column)) for row in range(len(self)))

    def row_texts(self, row: int, columns: Iterable[str]) -> list[str]:
        """A row's cells without the signs behind figures."""
        return [self._exact(row, column) or _bare(self.cell(row, column)) for column in columns]

    def _exact(self, row: int, column: str) -> str:
        """The figure that a cell only calls smaller than what it can show: who takes it elsewhere wants the number."""
        diff = self.row_at(row)
        if diff is None or column not in METRICS or self.cell(row, column).text.strip()[:1] not in ("<", ">"):
            return ""
        return figure(METRICS[column].value(diff))

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


_OWN_ORDERS: dict[str, Callable[[Layers, LayerDiff], int]] = {
    PART: lambda layers, row: layers.parts.place(row.name),
    MARKED: lambda layers, row: -layers.is_marked(row),
    three_way.BREAKS: lambda layers, row: three_way.place(layers.three, row.name),
}
"""Columns that the engine does not sort by, since they are nothing of a row."""


def _bare(cell: Cell) -> str:
    text = cell.text.strip()
    is_figure = text[:1].isdigit() or text[:1] in ("-", "<", ">")
    return text.rstrip(FAILED + WARNED) if is_figure else text.removesuffix(NOTED)


def failing(row: LayerDiff) -> bool:
    """What `n` looks for."""
    return row.verdict is Verdict.FAIL


def fitting(pairs: Sequence[Pair], wanted: str) -> list[Pair]:
    """The layers of that op index, else of that name, else those that have it in their names."""
    tests: tuple[Callable[[Pair], bool], ...] = (
        lambda pair: str(pair.benchmark.op_index) == wanted,
        lambda pair: pair.name == wanted,
        lambda pair: wanted.lower() in visible(pair.name).lower(),
    )
    found = ([pair for pair in pairs if test(pair)] for test in tests)
    return next((each for each in found if each), [])


VALUE_COLUMNS: tuple[Column[tuple[str, int]], ...] = (
    Column("count", "layers", 7, right=True, cell=lambda each: str(each[1])),
    Column("value", "value", least=24, names=True, cell=lambda each: each[0] or _("(none)")),
)
"""Of the values of a column with how often they are there."""
UNMATCHED_COLUMNS: tuple[Column[Unmatched], ...] = (
    Column("side", "only in", 9, cell=lambda one: Cell(one.side, one.side)),
    Column("name", "name", least=24, names=True, cell=lambda one: one.name),
    Column("reason", "why", least=24, prose=True, cell=lambda one: one.reason),
)
"""Of tensors that were not compared."""

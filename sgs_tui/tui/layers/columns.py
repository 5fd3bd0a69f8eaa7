"""The columns of the layer table: what each shows of a row and how wide, which ones the user chose, and the picker."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rich.cells import cell_len
from textual.widget import Widget

from sgs_tui.engine.compare.limits import FAILED, WARNED, mark
from sgs_tui.engine.compare.metrics import METRICS, Form
from sgs_tui.engine.compare.results import LayerDiff, Pair
from sgs_tui.engine.numbers import cosine, decibel, ratio, small
from sgs_tui.engine.text import visible
from sgs_tui.language import Message, _, shown
from sgs_tui.tui.actions import bindings
from sgs_tui.tui.comparison.view import SIGNS
from sgs_tui.tui.frame.dialogs import Dialog
from sgs_tui.tui.journal.view import MARK
from sgs_tui.tui.layers import over_set, three_way
from sgs_tui.tui.short_names import ShortNames
from sgs_tui.tui.text import Tone
from sgs_tui.tui.widgets.table import Cell, Column, ListTable

PENDING = Cell("·", "muted")
PART = "part"
"""The layer's part in the error: begins here, comes in, gone again."""
MARKED = "int16"
"""The user's INT16 mark."""
MARK_TONES: dict[str, Tone] = {"": "", FAILED: "fail", WARNED: "warn"}
NOTED = f" {MARK}"
"""Behind the name of a layer that has a note."""
FROZEN = frozenset({"sign", "index", "name"})
"""Always shown, and in front."""
DEFAULT = (
    *("sign", "index", "name", PART, MARKED, "op", "rmse", *three_way.COLUMNS, "cos", *over_set.COLUMNS, "range"),
    *("mse", "sqnr_db", "sample_min", "benchmark_min", "sample_max", "benchmark_max", "max_abs_error", "verdict"),
)
AVAILABLE = (*DEFAULT, *(key for key in METRICS if key not in DEFAULT))
_FIGURES = {**METRICS, **over_set.COLUMNS, **three_way.FIGURES}

_FORMS: dict[Form, Callable[[float | None], str]] = {
    Form.PLAIN: ratio,
    Form.RATIO: ratio,
    Form.SMALL: small,
    Form.COSINE: lambda value: f"{value:.5f}" if value is not None and value < 0 else cosine(value),
    Form.DECIBEL: decibel,
}
_WORDS = {
    "sign": Message("sign of the verdict"),
    "index": Message("op index"),
    "name": Message("name"),
    PART: Message("part in the error (diagnosis)"),
    MARKED: Message("INT16 mark (while there are any)"),
    three_way.BREAKS: Message("what breaks it (while there is an original)"),
    "op": Message("op type"),
    "verdict": Message("verdict"),
}


_SIGN_COLUMNS = {"sign": ("", 1), PART: ("", 1), MARKED: ("16", 2), three_way.BREAKS: ("breaks", 6)}
"""Titles and cells of columns that hold a sign."""


def title(key: str) -> str:
    """A column's name in the picker and in messages, in the user's language."""
    return str(shown(_WORDS.get(key) or _FIGURES[key].title))


def cell(row: LayerDiff, key: str) -> Cell:
    """What a compared layer shows in a column."""
    if key == "sign":
        return SIGNS[row.verdict]
    if key == "verdict":
        return Cell(_(str(row.verdict)), SIGNS[row.verdict].tone)
    if key in {"index", "name", "op"}:
        return label(row.pair, key)
    metric = METRICS[key]
    text = _FORMS[metric.form](metric.value(row))
    sign = mark(row, key)  # so that no color is needed to see it
    return Cell(text + (sign or " "), MARK_TONES[sign])


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


@dataclass(frozen=True, slots=True)
class Facts:
    """What column widths depend on: the widest names and op types of the comparison."""

    names: int = 12
    ops: int = 7
    indices: int = 3
    short: ShortNames = field(default_factory=ShortNames, compare=False)

    def fitted_name(self, text: str, cells: int) -> str:
        """A name, with the mark of a note behind it or without, so that no two layers look alike."""
        name = text.removesuffix(NOTED)
        return self.short(name, cells - len(text) + len(name)) + text[len(name) :]


def facts_of(pairs: Sequence[Pair]) -> Facts:
    """Widths of this comparison's texts; a name of 5,000 characters counts as 200."""
    names = max((cell_len(visible(pair.name[:200])) for pair in pairs), default=12)
    ops = max((cell_len(visible(pair.op_type[:40])) for pair in pairs), default=7)
    indices = max((len(str(pair.benchmark.op_index)) for pair in pairs), default=3)
    return Facts(names, ops, indices, ShortNames([pair.name for pair in pairs]))


def column(key: str, facts: Facts, wide: bool = False, extra: int = 0) -> Column[Any]:
    """The table column of that id; `wide` shows names whole, `extra` cells are the user's own widening."""
    if key in _SIGN_COLUMNS:
        return Column(key, *_SIGN_COLUMNS[key])
    match key:
        case "index":
            return Column(key, "#", max(2, facts.indices), right=True)
        case "name":
            cells = max(22, min(facts.names, 200)) if wide else 0
            return Column(key, "name", cells, least=22 + extra, short=facts.fitted_name)
        case "op":
            return Column(key, "op", max(4, min(facts.ops, 40 if wide else 13)) + extra)
        case "verdict":
            return Column(key, "verdict", 14 + extra)
    metric = _FIGURES[key]
    head = str(shown(metric.short or metric.title))
    width = max(metric.cells, cell_len(head)) + 1  # the cell behind the figure holds its sign
    return Column(key, head + " ", width + extra, right=True)


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """A column, whether it is shown, and how many cells it was widened: chosen by the user, kept per folder."""

    id: str
    shown: bool = True
    extra: int = 0


Choices = tuple[ColumnChoice, ...]
_WIDEST = 40


def choices_for(ids: Iterable[str], extras: Mapping[str, int] | None = None) -> Choices:
    """These columns shown in this order, all others behind them and hidden; unknown ids are passed over."""
    wanted = [key for key in dict.fromkeys(ids) if key in AVAILABLE and key not in FROZEN]
    shown = [key for key in DEFAULT if key in FROZEN] + wanted
    extras = extras or {}
    return tuple(
        ColumnChoice(key, key in shown, max(0, min(extras.get(key, 0), _WIDEST)))
        for key in (*shown, *(key for key in AVAILABLE if key not in shown))
    )


def default_choices() -> Choices:
    """The columns of a first start."""
    return choices_for(DEFAULT)


def chosen_columns(choices: Choices, facts: Facts, wide: bool, absent: Collection[str] = ()) -> list[Column[Any]]:
    """The table's columns for these choices, without the `absent` ones (`absent_columns`)."""
    shown = [choice for choice in choices if choice.shown and choice.id not in absent]
    return [column(choice.id, facts, wide, choice.extra) for choice in shown]


def absent_columns(marked: bool, swept: bool, original: bool) -> tuple[str, ...]:
    """The columns for which there is nothing to show."""
    absent = (() if marked else (MARKED,)) + (() if swept else tuple(over_set.COLUMNS))
    return absent + (() if original else three_way.COLUMNS)


def toggled(choices: Choices, place: int) -> Choices:
    """Show or hide one column; sign, index and name always stay."""
    choice = choices[place]
    return choices if choice.id in FROZEN else _with(choices, place, replace(choice, shown=not choice.shown))


def widened(choices: Choices, place: int, cells: int) -> Choices:
    """One column wider or narrower, never narrower than it is by itself."""
    choice = choices[place]
    return _with(choices, place, replace(choice, extra=max(0, min(choice.extra + cells, _WIDEST))))


def moved(choices: Choices, place: int, step: int, absent: Collection[str] = ()) -> tuple[Choices, int]:
    """One column further left or right, and its new place in the list; the frozen ones stay in front.

    A column that is seen changes places with the next one that is seen: hidden ones, and those that are `absent` from
    this table, are passed by. One that is not seen moves by a single place.
    """
    moving, target = choices[place], place + step

    def seen(choice: ColumnChoice) -> bool:
        return choice.shown and choice.id not in absent

    while seen(moving) and 0 <= target < len(choices) and not seen(choices[target]):
        target += step
    if not 0 <= target < len(choices) or {moving.id, choices[target].id} & FROZEN:
        return choices, place
    order = [choice for choice in choices if choice is not moving]
    return (*order[:target], moving, *order[target:]), target


def _with(choices: Choices, place: int, choice: ColumnChoice) -> Choices:
    return (*choices[:place], choice, *choices[place + 1 :])


_PICKER_COLUMNS: tuple[Column[ColumnChoice], ...] = (
    Column("shown", "", 3, cell=lambda one: Cell("[x]", "key") if one.shown else Cell("[ ]", "muted")),
    Column(
        "title",
        "column",
        cell=lambda one: _("{column} (always)", column=title(one.id)) if one.id in FROZEN else title(one.id),
    ),
    Column("extra", "wider by", 10, cell=lambda one: f"+{one.extra}" if one.extra else ""),
)


class ColumnsDialog(Dialog[Choices]):
    """Closing it answers with the columns as they then are."""

    BINDINGS = bindings("columns")
    GROUPS = ("columns", "dialog")

    def __init__(self, choices: Choices, keymap: dict[str, str] | None = None, absent: Collection[str] = ()) -> None:
        """`absent`: columns that this table does not have, whether they are chosen or not."""
        super().__init__(_("Columns of the layer table, from the left"), keymap)
        self.choices, self._absent = choices, absent
        self.table = ListTable(_PICKER_COLUMNS, tone=lambda one: "" if one.shown else "muted")

    def body(self) -> Iterable[Widget]:
        return (self.table,)

    def on_mount(self) -> None:
        self._show(self.choices, 0)
        self.table.focus()

    def _show(self, choices: Choices, place: int) -> None:
        self.choices = choices
        self.table.fill(choices, place)

    def action_show(self) -> None:
        self._show(toggled(self.choices, self.table.cursor), self.table.cursor)

    def action_wider(self) -> None:
        self._show(widened(self.choices, self.table.cursor, 2), self.table.cursor)

    def action_narrower(self) -> None:
        self._show(widened(self.choices, self.table.cursor, -2), self.table.cursor)

    def action_earlier(self) -> None:
        self._show(*moved(self.choices, self.table.cursor, -1, self._absent))

    def action_later(self) -> None:
        self._show(*moved(self.choices, self.table.cursor, 1, self._absent))

    def action_reset(self) -> None:
        self._show(default_choices(), 0)

    def action_close(self) -> None:
        self.dismiss(self.choices)

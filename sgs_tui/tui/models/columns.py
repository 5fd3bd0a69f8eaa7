"""The columns of the layer table: what each shows of a row, and how wide."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from sgs_tui.engine.compare.catalogue import FIGURES
from sgs_tui.engine.compare.results import LayerDiff, Pair, Verdict
from sgs_tui.engine.text import visible
from sgs_tui.tui.lines import Tone
from sgs_tui.tui.numbers import cosine, decibel, figure, ratio, small
from sgs_tui.tui.widgets.table import Cell, Column

SIGNS: dict[Verdict, Cell] = {
    Verdict.FAIL: Cell("✗", "fail"),
    Verdict.WARN: Cell("!", "warn"),
    Verdict.OK: Cell(" "),
    Verdict.NOT_COMPARABLE: Cell("-", "muted"),
}
PENDING = Cell("·", "muted")
OVER = "!"
"""Behind a figure that is over its limit, so that no colour is needed to see it."""

_WIDTHS = {"rmse": 6, "cos": 8, "mse": 8, "sqnr_db": 7, "range": 6, "index": 5}
"""Cells of a figure; 9 where nothing is said. One more holds the sign behind it."""
_FORMATS: dict[str, Callable[[float | None], str]] = {
    "rmse": ratio,
    "relative_l2": ratio,
    "cos": cosine,
    "sqnr_db": decibel,
    "mse": small,
}
_SHORT_TITLES = {
    "sqnr_db": "SQNR dB",
    "max_abs_error": "max err",
    "sample_min": "sample min",
    "sample_max": "sample max",
    "benchmark_min": "bench min",
    "benchmark_max": "bench max",
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
AVAILABLE = (*DEFAULT, *(key for key in FIGURES if key not in DEFAULT))
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
    title = _SHORT_TITLES.get(key, FIGURES[key].title)
    return Column(key, title + " ", max(_WIDTHS.get(key, 9), len(title)) + 1 + extra, right=True)


def cell(row: LayerDiff, key: str) -> Cell:
    """What a compared layer shows in a column."""
    if key == "sign":
        return SIGNS[row.verdict]
    if key == "verdict":
        return Cell(str(row.verdict), SIGNS[row.verdict].tone)
    if key in {"index", "name", "op"}:
        return label(row.pair, key)
    text = _FORMATS.get(key, figure)(FIGURES[key].value(row))
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
    return _WORDS.get(key) or FIGURES[key].title

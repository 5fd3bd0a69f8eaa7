"""Which columns the layer table shows, in which order and how wide: chosen by the user, kept per folder."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sgs_tui.tui.models.columns import AVAILABLE, DEFAULT, FROZEN, Facts, column
from sgs_tui.tui.widgets.table import Column

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

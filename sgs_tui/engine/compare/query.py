"""The filter language of the app and of `--filter`.

    conv 12            every word must be in the layer's name
    Conv               a word with a capital letter minds case, others do not
    !pool              layers whose name does not have it; `!` turns any term around
    op:conv            the op type contains it
    verdict:fail       ok, warn, fail or not (not comparable)
    name:a>b           the name contains it, whatever characters it is made of
    rmse>0.1 cos<=0.9  a figure over or under a number: rmse cos mse sqnr maxerr range l2 index ...
    "two words"        quotes keep blanks

A figure that is NaN counts as worse than every number, so `rmse>0.1` and `cos<0.99` both find the layers that hold
NaN. Layers without the figure (not comparable ones) fit no comparison.
"""

import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import isnan

from sgs_tui.engine.compare.catalogue import FIGURES, Figure, Worse, known_figure
from sgs_tui.engine.compare.results import LayerDiff, Verdict
from sgs_tui.engine.configs.nearest import did_you_mean
from sgs_tui.engine.errors import UsageError
from sgs_tui.engine.text import visible

_Test = Callable[[LayerDiff], bool]

_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
}
_WORD = re.compile(r'(?:[^\s"]|"[^"]*(?:"|$))+')
_COMPARISON = re.compile(r"(?P<figure>\w+)(?P<sign>[<>]=?|=)(?P<number>.*)", re.DOTALL)
_FIELD = re.compile(r"(?P<field>op|verdict|name):(?P<text>.*)", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed filter; an empty one fits every layer."""

    text: str
    tests: tuple[_Test, ...] = ()

    def matches(self, row: LayerDiff) -> bool:
        """Whether every term fits."""
        return all(test(row) for test in self.tests)

    def select(self, rows: Iterable[LayerDiff]) -> list[LayerDiff]:
        """The rows that fit, in their order."""
        return [row for row in rows if self.matches(row)]


def parse_query(text: str) -> Query:
    """Read a filter. Raises UsageError saying which term can not be read and what is known."""
    return Query(text, tuple(_term(word) for word in _words(text)))


def _words(text: str) -> list[str]:
    """Split at blanks outside double quotes; a quote still open while typing counts as closed at the end."""
    return [word.replace('"', "") for word in _WORD.findall(text)]


def _term(word: str) -> _Test:
    if word.startswith("!"):
        if not word[1:]:
            raise UsageError("filter: nothing stands behind !", "write !word to leave out layers with that word")
        inner = _term(word[1:])
        return lambda row: not inner(row)
    if field := _FIELD.fullmatch(word):
        return _field(field["field"].lower(), field["text"])
    if comparison := _COMPARISON.fullmatch(word):
        return _comparison(comparison["figure"], comparison["sign"], comparison["number"])
    return _in_name(word)


def _field(field: str, text: str) -> _Test:
    if field == "op":
        fits = _smart_case(text)
        return lambda row: fits(row.op_type)
    return _verdict(text) if field == "verdict" else _in_name(text)


def _in_name(text: str) -> _Test:
    """The word in the name as it is shown, of either side."""
    fits = _smart_case(text)
    return lambda row: fits(visible(row.name)) or fits(visible(row.pair.sample.name))


def _smart_case(text: str) -> Callable[[str], bool]:
    if text != text.lower():
        return lambda value: text in value
    return lambda value: text in value.lower()


def _verdict(text: str) -> _Test:
    wanted = [verdict for verdict in Verdict if text and verdict.startswith(text.lower())]
    if not wanted:
        raise UsageError(f"filter: no verdict is called {text!r}", "known are: ok, warn, fail, not (comparable)")
    return lambda row: row.verdict in wanted


def _comparison(name: str, sign: str, number: str) -> _Test:
    figure = known_figure(name)
    if figure is None:
        hint = f"{did_you_mean(name, FIGURES)}; for a name with {sign[0]} in it write name:..."
        raise UsageError(f"filter: no figure is called {name!r}", hint)
    try:
        limit = float(number)
    except ValueError as error:
        raise UsageError(f"filter: {name}{sign} needs a number, not {number!r}", f"as in {name}{sign}0.5") from error
    return lambda row: _beyond(figure, sign, limit, row)


def _beyond(figure: Figure, sign: str, limit: float, row: LayerDiff) -> bool:
    value = figure.value(row)
    if value is None:
        return False
    if isnan(value):
        return sign[0] == (">" if figure.worse is not Worse.LOW else "<")
    return _OPERATORS[sign](value, limit)

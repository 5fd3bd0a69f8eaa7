"""The filter language of the app and of `--filter`.

    conv 12            every word must be in the layer's name
    Conv               a word with a capital letter minds case, others do not
    !pool              layers whose name does not have it; `!` turns any term around
    op:conv            the op type contains it
    verdict:fail       ok, warn, fail or not (not comparable)
    name:a>b           the name contains it, whatever characters it is made of
    reason:slices      a reason of the verdict, or a note, contains it
    marked             in the app: the layer is marked for INT16
    rmse>0.1 cos<=0.9  a metric over or under a number: rmse cos mse sqnr maxerr range l2 index ...
    "two words"        quotes keep blanks

Fields, verdicts and reasons are known by the user's words for them too, where a front end says which those are, and
signs are taken as Chinese keyboards write them: `结论：不合格`.

A metric that is NaN counts as worse than every number, so `rmse>0.1` and `cos<0.99` both find the layers that hold
NaN. Layers without the metric (not comparable ones) fit no comparison.
"""

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import isnan
from operator import itemgetter
from typing import Any

from sgs_tui.engine.compare.metrics import METRICS, Metric, Worse, known_metric
from sgs_tui.engine.compare.results import LayerDiff, Verdict
from sgs_tui.engine.errors import UsageError
from sgs_tui.engine.text import did_you_mean, visible
from sgs_tui.language import Message

Test = Callable[[LayerDiff], bool]

_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
}
_WORD = re.compile(r'(?:[^\s"]|"[^"]*(?:"|$))+')
"""Blanks inside double quotes are part of a word; a quote still open while typing counts as closed at the end."""
_COMPARISON = re.compile(r"(?P<metric>\w+)(?P<sign>[<>＜＞]=?|=)(?P<number>.*)", re.DOTALL)
_FIELD = re.compile(r"(?P<field>\w+)[:：](?P<text>.*)", re.DOTALL)
_HALF_WIDTH = str.maketrans("＜＞", "<>")
Said = Callable[[str], str]
"""How the user says a message."""


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed filter; an empty one fits every layer."""

    text: str
    tests: tuple[Test, ...] = ()

    def matches(self, row: LayerDiff) -> bool:
        return all(test(row) for test in self.tests)

    def select(self, rows: Iterable[LayerDiff]) -> list[LayerDiff]:
        found = list(rows)
        for test in self.tests:
            found = [row for row in found if test(row)]
        return found


def parse_query(
    text: str, words: Mapping[str, Test] | None = None, more: Mapping[str, Metric] | None = None, said: Said = str
) -> Query:
    """Read a filter. `words`: what single words mean to a front end besides (in the app `marked`); `more`: its figures;
    `said`: the user's words for a message, which are understood beside the English ones.

    Raises UsageError saying which term can not be read and what is known.
    """
    known = words or {}, more or {}, said
    return Query(text, tuple(_term(word.replace('"', ""), *known) for word in _WORD.findall(text)))


def _term(word: str, words: Mapping[str, Test], more: Mapping[str, Metric], said: Said) -> Test:
    if word.startswith(("!", "！")):
        if not word[1:]:
            raise UsageError(
                Message("filter: nothing stands behind !"), Message("write !word to leave out layers with that word")
            )
        inner = _term(word[1:], words, more, said)
        return lambda row: not inner(row)
    if word.lower() in words:
        return words[word.lower()]
    if (field := _FIELD.fullmatch(word)) and (made := _field(field["field"].lower(), said)):
        return made(field["text"], said)
    if comparison := _COMPARISON.fullmatch(word):
        sign = comparison["sign"].translate(_HALF_WIDTH)
        return _comparison(comparison["metric"], sign, comparison["number"], more)
    return _in_name(word)


def _field(word: str, said: Said) -> Callable[[str, Said], Test] | None:
    """What a field of that name tests; None where the word is part of a layer's name."""
    return next((made for name, made in _FIELDS.items() if word in (name, said(name))), None)


def _in_op(text: str, said: Said = str) -> Test:
    fits = _smart_case(text)
    return lambda row: fits(row.op_type)


def _in_name(text: str, said: Said = str) -> Test:
    """The word in the name as it is shown, of either side."""
    seen = _visible if text != text.lower() else _folded

    def found(row: LayerDiff) -> bool:
        name, other = row.pair.benchmark.name, row.pair.sample.name
        return text in seen(name) or (other != name and text in seen(other))

    return found


# A filter is applied at every key: of ten thousand names only what is asked of them may cost anything.
_visible = lru_cache(1 << 16)(visible)


@lru_cache(1 << 16)
def _folded(name: str) -> str:
    """As it is shown, in small letters."""
    return visible(name).lower()


def _smart_case(text: str) -> Callable[[str], bool]:
    if text != text.lower():
        return lambda value: text in value
    return lambda value: text in value.lower()


def _verdict(text: str, said: Said) -> Test:
    words = {verdict: (str(verdict), said(Message(str(verdict)))) for verdict in Verdict}
    wanted = [verdict for verdict, known in words.items() if text and any(map(_begins(text.lower()), known))]
    if not wanted:
        raise UsageError(
            Message("filter: no verdict is called {text!r}", text=text),
            Message("known are: ok, warn, fail, not (comparable)"),
        )
    return lambda row: row.verdict in wanted


def _begins(text: str) -> Callable[[str], bool]:
    return lambda word: word.startswith(text)


def _in_reasons(text: str, said: Said) -> Test:
    fits = _smart_case(text)
    return lambda row: any(fits(why) or fits(said(why)) for why in (*row.reasons, *row.pair.notes, *row.notes))


_FIELDS: dict[str, Callable[[str, Said], Test]] = {
    Message("op"): _in_op,
    Message("verdict"): _verdict,
    Message("name"): _in_name,
    Message("reason"): _in_reasons,
}


def _comparison(name: str, sign: str, number: str, more: Mapping[str, Metric]) -> Test:
    metric = known_metric(name) or _among(more, name)
    if metric is None:
        hint = Message(
            "{known}; for a name with {sign} in it write name:...",
            known=did_you_mean(name, (*METRICS, *more)),
            sign=sign[0],
        )
        raise UsageError(Message("filter: no figure is called {name!r}", name=name), hint)
    try:
        limit = float(number)
    except ValueError as error:
        raise UsageError(
            Message("filter: {name}{sign} needs a number, not {number!r}", name=name, sign=sign, number=number),
            Message("as in {name}{sign}0.5", name=name, sign=sign),
        ) from error

    def beyond(row: LayerDiff) -> bool:
        value = metric.value(row)
        if value is None or isnan(value):
            return value is not None and sign[0] == metric.sign
        return _OPERATORS[sign](value, limit)

    return beyond


def _among(more: Mapping[str, Metric], name: str) -> Metric | None:
    """The figure of a front end with that key or short name."""
    return next((each for key, each in more.items() if name.lower() in (key, *each.also)), None)


# Sorting rows: the worst first, whatever "worse" means for the metric.
#
# NaN stands on top in both directions: a layer without numbers needs looking at first. Layers that lack the metric
# stand at the end. Equal layers keep the network's order.

_SEVERITY = {Verdict.FAIL: 0, Verdict.NOT_COMPARABLE: 1, Verdict.WARN: 2, Verdict.OK: 3}

_WORDS: dict[str, Callable[[LayerDiff], Any]] = {
    "network": lambda row: row.pair.number,
    "index": lambda row: row.index,
    "name": lambda row: _natural(row.name),
    "op": lambda row: row.op_type,
    "verdict": lambda row: _SEVERITY[row.verdict],
}

SORT_KEYS: tuple[str, ...] = (*_WORDS, *(key for key in METRICS if key not in _WORDS))
"""What rows can be sorted by; `index`, `name` and `op` ascend, `verdict` and metrics start with the worst."""


def worst_first(rows: Sequence[LayerDiff]) -> list[LayerDiff]:
    """The rows with metrics, by RMSE, NaN before all."""
    return sort_rows([row for row in rows if row.metrics is not None], "rmse")


def orders_of(text: str) -> tuple[tuple[str, bool], ...]:
    """What `op,-rmse` asks for: each key with whether it is turned round; the next one is for rows equal by that.

    Raises UsageError, naming the nearest keys.
    """
    orders = [(each.removeprefix("-"), each.startswith("-")) for each in map(str.strip, text.split(",")) if each]
    for key, _ in orders:
        if key not in _WORDS:
            _metric(key)
    return tuple(orders)


def sort_rows(rows: Sequence[LayerDiff], key: str, reverse: bool = False) -> list[LayerDiff]:
    """`rows` by `key` (see SORT_KEYS, short names as in filters). Raises UsageError for an unknown key."""
    if key in _WORDS:
        return sorted(rows, key=_WORDS[key], reverse=reverse)
    return by_metric(rows, _metric(key), reverse)


def by_metric(rows: Sequence[LayerDiff], metric: Metric, reverse: bool = False) -> list[LayerDiff]:
    """`rows` by a metric."""
    unknown, known, lacking = [], [], []
    for row in rows:
        badness = metric.badness(row)
        if badness is None:
            lacking.append(row)
        elif isnan(badness):
            unknown.append(row)
        else:
            known.append((badness, row))
    known.sort(key=itemgetter(0), reverse=not reverse)  # plain floats: tuples take three times as long
    return [*unknown, *(row for _, row in known), *lacking]


def falls(key: str, reverse: bool = False) -> bool:
    """Whether the values get smaller from the top down when rows are sorted so; of verdicts: less bad."""
    rising = key != "verdict" and (key in _WORDS or _metric(key).worse is Worse.LOW)
    return rising is reverse


def _metric(key: str) -> Metric:
    found = known_metric(key)
    if found is None:
        raise UsageError(Message("layers can not be sorted by {key!r}", key=key), did_you_mean(key, SORT_KEYS))
    return found


def _natural(name: str) -> list[tuple[int, str]]:
    """`conv2` before `conv10`; numbers compare by length, then digits, so that no length is too long."""
    parts = re.split(r"0*([0-9]+)", name)
    return [(len(part), part) if number % 2 else (0, part) for number, part in enumerate(parts)]

"""What differs between two quantization files."""

from math import isnan, nan

from hypothesis import given
from hypothesis import strategies as st

from sgs_tui.engine.calibration.quant import Change, QuantEntry, diff_quant_info

NUMBERS = st.lists(st.floats(allow_nan=True), min_size=0, max_size=3).map(tuple)
ENTRIES = st.lists(
    st.builds(
        QuantEntry, st.sampled_from(["a", "b", "c"]), NUMBERS, NUMBERS, st.sampled_from([4, 8, 16]), st.booleans()
    ),
    max_size=6,
)


def entry(name: str = "a", low: float = -1.0, high: float = 3.0, bit: int = 8, data: bool = False) -> QuantEntry:
    return QuantEntry(name, (low,), (high,), bit, data)


def changes(first: QuantEntry, second: QuantEntry) -> tuple[Change, ...]:
    (found,) = diff_quant_info([first], [second])
    return found.changes


def test_each_change_is_named() -> None:
    base = entry()
    assert changes(base, base) == ()
    assert changes(base, entry(bit=16)) == (Change.BITS,)
    assert changes(base, entry(high=2.0)) == (Change.RANGE,)
    assert changes(base, entry(data=True)) == (Change.DATA,)
    assert changes(base, entry(low=0.0, bit=16)) == (Change.BITS, Change.RANGE)
    assert changes(base, QuantEntry("a", (-1.0, 0.0), (3.0, 1.0), 8)) == (Change.VALUES,)


def test_moved_is_in_widths_of_the_first_range() -> None:
    (found,) = diff_quant_info([entry()], [entry(high=2.0)])
    assert found.moved == 0.25
    channels = QuantEntry("a", (-1.0, -4.0), (1.0, 4.0), 8), QuantEntry("a", (-1.0, -4.0), (3.0, 4.0), 8)
    (found,) = diff_quant_info([channels[0]], [channels[1]])
    assert found.moved == 0.25


def test_order_and_names_that_come_twice() -> None:
    found = diff_quant_info([entry("b"), entry("a"), entry("a", bit=16)], [entry("c"), entry("a")])
    assert [(each.name, each.changes) for each in found] == [
        ("b", (Change.ONLY_FIRST,)),
        ("a", ()),
        ("a", (Change.ONLY_FIRST,)),
        ("c", (Change.ONLY_SECOND,)),
    ]


def test_nan_is_a_change_only_where_it_comes_or_goes() -> None:
    assert changes(entry(low=nan), entry(low=nan)) == ()
    (found,) = diff_quant_info([entry()], [entry(low=nan)])
    assert found.changes == (Change.RANGE,)
    assert isnan(found.moved)
    assert isnan(entry(low=nan).least)
    assert isnan(QuantEntry("a", (), (), 8).greatest)


@given(ENTRIES, ENTRIES)
def test_nothing_is_lost_and_nothing_invented(first: list[QuantEntry], second: list[QuantEntry]) -> None:
    found = diff_quant_info(first, second)
    assert sorted(map(repr, first)) == sorted(repr(each.first) for each in found if each.first)
    assert sorted(map(repr, second)) == sorted(repr(each.second) for each in found if each.second)
    assert all(each.same for each in diff_quant_info(first, first))

"""Layouts that kept their padding: built by definition, cut as the simulator cuts them, and undone."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sgs_tui.engine.dumps.dtypes import FLOAT32, AnyArray
from sgs_tui.engine.dumps.format import Direction, Record
from sgs_tui.engine.dumps.layouts import Padded, Stored, block_of, candidates, divisors
from sgs_tui.engine.dumps.reader import open_dump


def stored(values: AnyArray, layout: Stored, block: int, cut: bool = True) -> AnyArray:
    """The hardware's order of [pixels, channels], written out by its definition."""
    pixels, channels = values.shape
    padded = np.full((pixels, -(-channels // block) * block), -7, values.dtype)
    padded[:, :channels] = values
    if layout is Stored.BLOCKS:
        padded = padded.reshape(pixels, -1, block).transpose(1, 0, 2)
    return padded.ravel()[: values.size] if cut else padded.ravel()


SIZES = st.tuples(st.integers(1, 30), st.integers(1, 40), st.sampled_from([8, 16]))


@given(SIZES, st.sampled_from([Stored.BLOCKS, Stored.ROWS]), st.booleans(), st.data())
def test_undoing_gives_every_value_that_is_in_the_file(
    size: tuple[int, int, int], layout: Stored, cut: bool, data: st.DataObject
) -> None:
    pixels, channels, block = size
    values = np.arange(1, pixels * channels + 1, dtype=np.float32).reshape(pixels, channels)
    payload = stored(values, layout, block, cut)
    padded = Padded(layout, pixels, channels, block, payload.size)
    first = data.draw(st.integers(0, pixels - 1))
    last = data.draw(st.integers(first + 1, pixels))
    found, present = padded.undo(lambda start, stop: payload[start:stop], first, last)
    assert np.array_equal(found[present], values[first:last][present])
    assert not found[~present].any()
    assert set(values[first:last][present]) == set(values[first:last].ravel()) & set(payload)


@given(SIZES, st.sampled_from(list(Stored)), st.integers(0, 400))
def test_the_share_kept_is_what_is_there(size: tuple[int, int, int], layout: Stored, length: int) -> None:
    pixels, channels, block = size
    length = pixels * channels if layout is Stored.PLAIN else length
    padded = Padded(layout, pixels, channels, block, length)
    assert padded.kept() == pytest.approx(padded.present(0, pixels).mean())


def test_plain_changes_nothing() -> None:
    payload = np.arange(12.0)
    values, present = Padded(Stored.PLAIN, 4, 3, 16, 12).undo(lambda a, b: payload[a:b], 1, 3)
    assert values.tolist() == [[3, 4, 5], [6, 7, 8]] and present.all()


@pytest.mark.parametrize(("channels", "kept"), [(16, None), (32, 1.0), (24, 20 / 24), (10, 0.625)])
def test_where_channels_fill_their_lines_nothing_is_lost(channels: int, kept: float | None) -> None:
    offered = list(candidates(record("SGS_U8", 144 * channels), 144 * channels, channels))
    if kept is None:
        assert offered == [], "one full line: the plain order"
    else:
        assert offered[0].kept() == pytest.approx(kept, abs=0.02)


def record(type_name: str, count: int) -> Record:
    return Record(
        0, Direction.OUT, 0, 0, "CONV_2D", "x", 0.1, 0, type_name, False, None, FLOAT32, 0, count * 4, count * 4, count
    )


def test_the_line_depends_on_the_records_own_type() -> None:
    assert [block_of(record(name, 1)) for name in ("SGS_U8", "SGS_S8", "SGS_S16", "SGS_S32", "float")] == [
        16,
        16,
        8,
        4,
        16,
    ]


def test_unknown_channels_are_tried_as_divisors() -> None:
    assert divisors(36) == [1, 2, 3, 4, 6, 9, 12, 18, 36] and divisors(1) == [1]
    offered = list(candidates(record("SGS_U8", 36), 36))
    assert {each.channels for each in offered} == {1, 2, 3, 4, 6, 9, 12, 18}
    assert {each.layout for each in offered if each.channels == 18} == {Stored.BLOCKS, Stored.ROWS}


def test_a_longer_record_has_to_fit_its_padding_exactly() -> None:
    assert [each.channels for each in candidates(record("SGS_U8", 160), 100, 10)] == [10]
    assert list(candidates(record("SGS_U8", 150), 100, 10)) == []


def test_a_real_layer_comes_back(sgs: Path) -> None:
    with (
        open_dump(sgs / "tiny" / "fixed_dq_keepgarbage.bin") as kept,
        open_dump(sgs / "tiny" / "fixed_dq.bin") as good,
    ):
        spoilt, right = kept.find("gate")[0], good.find("gate")[0]
        padded = next(each for each in candidates(spoilt, right.count, 6) if each.layout is Stored.ROWS)
        values, present = padded.undo(lambda a, b: kept.read(spoilt, a, b), 0, padded.pixels)
        assert np.array_equal(values[present], good.read(right).reshape(-1, 6)[present])
        assert 0.37 < present.mean() < 0.38

"""Text fitted to cells."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from sgs_tui.engine.numbers import cosine, count, decibel, figure, ratio, size, small
from sgs_tui.tui.text import Span, age, clip, cut, fit, flow, line, plain, share, width, wrap

texts = st.text(st.characters(exclude_categories=["Cs", "Mn", "Me", "Mc"]), max_size=80)


@given(texts, st.integers(0, 60), st.booleans())
def test_fit_takes_exactly_its_cells(text: str, cells: int, right: bool) -> None:
    assert cell_len(fit(text, cells, right)) == cells


@given(texts, st.integers(2, 60))
def test_cut_and_clip_never_take_more(text: str, cells: int) -> None:
    assert cell_len(cut(text, cells)) <= cells and cell_len(clip(text, cells)) <= cells


@given(texts, st.integers(2, 60))
@example("\xa0⺀", 2)
def test_wrap_loses_nothing_but_blanks(text: str, cells: int) -> None:
    rows = wrap(text, cells)
    assert all(cell_len(row) <= cells for row in rows)
    assert "".join(rows).replace(" ", "") == "".join(wrap(text, 10_000)).replace(" ", "")


def test_a_long_name_keeps_both_ends() -> None:
    assert cut("/backbone/relu1/Relu_output_0", 20) == "/backbon…lu_output_0"


def test_control_characters_are_shown_not_sent() -> None:
    assert cut("a\x1b[31mb", 40) == "a\\x1b[31mb"
    assert line("x\ny") == (Span("x\\x0ay"),)


def test_wide_characters_count_double() -> None:
    assert fit("卷积层", 5) == "卷…层"
    assert width([Span("卷积")]) == 4


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (float("nan"), "NaN"),
        (float("inf"), "inf"),
        (float("-inf"), "-inf"),
        (0.0, "0"),
        (0.99912, "0.9991"),
        (1488.46, "1488.5"),
        (-12.3456, "-12.346"),
        (3e-7, "3.00e-07"),
        (2.5e9, "2.50e+09"),
    ],
)
def test_figures_are_short(value: float | None, shown: str) -> None:
    assert figure(value) == shown


@pytest.mark.parametrize(
    ("value", "digits", "shown"),
    [
        (3e-5, 4, "<.0001"),
        (7e-5, 4, "0.0001"),
        (-3e-5, 4, ">-.0001"),
        (3e-5, 6, "0.000030"),
        (3e-7, 6, "<.000001"),
        (0.0321, 4, "0.0321"),
        (0.0, 4, "0"),
        (1235.34, 4, "1235.3"),
        (None, 4, ""),
    ],
)
def test_a_column_of_ratios_has_one_style(value: float | None, digits: int, shown: str) -> None:
    assert ratio(value, digits) == shown


@given(st.floats(-1, 1))
def test_no_ratio_below_one_has_an_exponent_and_none_but_0_is_0(value: float) -> None:
    assert "e" not in ratio(value) and (ratio(value) == "0") == (value == 0)
    assert len(ratio(value)) <= 7 and float(ratio(value).lstrip("<>")) == pytest.approx(value, abs=1e-4)


@given(st.floats())
def test_no_figure_is_wider_than_its_column(value: float) -> None:
    assert len(figure(value)) <= 10 and len(ratio(value)) <= 10 and len(small(value)) <= 10


def test_cosine_and_decibel() -> None:
    assert (cosine(0.9999996), cosine(float("nan")), decibel(37.84), decibel(float("inf"))) == (
        "1.000000",
        "NaN",
        "37.8",
        "inf",
    )


def test_shares_are_never_rounded_to_none_or_all() -> None:
    assert [share(0, 5), share(1, 1_000_000), share(999_999, 1_000_000), share(5, 5), share(0, 0)] == [
        "0 %",
        "<0.01 %",
        ">99.99 %",
        "100 %",
        "0 %",
    ]


def test_sizes_ages_and_counts() -> None:
    assert [size(0), size(999), size(167_914), size(4_000_000_000)] == ["0 B", "999 B", "167.9 KB", "4.0 GB"]
    assert [age(-3), age(59), age(61), age(7200), age(200_000)] == ["0 s", "59 s", "1 min", "2 h", "2 d"]
    assert [count(1, "layer"), count(20_000, "layer")] == ["1 layer", "20,000 layers"]


def test_a_line_of_several_tones_is_broken_at_blanks() -> None:
    rows = flow((Span("one two "), Span("three", "fail"), Span(" four")), 9)
    assert plain(rows) == "one two\nthree\nfour"
    assert {part.tone for part in rows[1]} == {"fail"} and {part.tone for part in rows[2]} == {""}
    assert flow((), 9) == [()] and plain(flow((Span("short"),), 9)) == "short"

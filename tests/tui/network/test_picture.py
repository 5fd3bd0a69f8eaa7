"""The network's picture: it fits every size, names and figures are in it, lines join what belongs together."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sgs_tui.engine.diagnosis.flow import Flow, Tensor, Wiring
from sgs_tui.engine.diagnosis.results import Blame, Role
from sgs_tui.tui.network.layout import Through, arrange
from sgs_tui.tui.network.picture import Look, network_lines, steps_in
from sgs_tui.tui.short_names import ShortNames
from sgs_tui.tui.terminal import to_ascii
from sgs_tui.tui.text import width

SIZES = [(60, 8), (80, 19), (117, 23), (160, 45), (1, 1)]


def wired(*edges: tuple[str, str], order: str = "", scales: dict[str, int] | None = None) -> Wiring:
    """A network of these edges; tensors in order of first mention unless told."""
    names = order.split() or list(dict.fromkeys(name for edge in edges for name in edge))
    sources = {
        name: tuple(source for source, target in edges if target == name)
        for name in names
        if name in dict(map(reversed, edges))  # type: ignore[arg-type]
    }
    targets = {name: tuple(t for s, t in edges if s == name) for name in names}
    tensors = {name: Tensor(name, "CONV_2D", number, name) for number, name in enumerate(names)}
    return Wiring(True, tensors, sources, {name: to for name, to in targets.items() if to}, scales or {})


def drawn(
    wiring: Wiring, center: str, size: tuple[int, int], selected: str = "", plain: bool = False, **roles: Role
) -> list[str]:
    blame = {name: Blame(name, role, 0.5, 0.2, 0.3, 1.0, False) for name, role in roles.items()}
    columns = arrange(wiring, center, steps_in(size[0]))
    look = Look(Flow(wiring, {}, blame), columns, selected or center, ShortNames(columns.drawn), plain)
    lines = network_lines(look, *size)
    assert len(lines) <= size[1] and all(width(line) <= size[0] for line in lines), size
    return ["".join(part.text for part in line) for line in lines]


RESIDUAL = wired(("in", "x"), ("x", "conv"), ("conv", "add"), ("x", "add"), ("add", "out"))


@pytest.mark.parametrize(("cells", "steps"), [(60, 1), (80, 1), (113, 1), (114, 2), (159, 2), (172, 3), (400, 4)])
def test_a_wide_screen_shows_more_steps(cells: int, steps: int) -> None:
    assert steps_in(cells) == steps


def test_columns_are_steps_and_edges_run_to_the_right() -> None:
    columns = arrange(RESIDUAL, "add", 3)
    found = [columns.items[column] for column in (-3, -2, -1, 0, 1)]
    assert found == [("in",), ("x",), ("conv", Through("x")), ("add",), ("out",)]
    narrow = arrange(RESIDUAL, "add", 1)
    assert narrow.names(-1) == ["conv", "x"], "with one column it stands beside what reads it"


def test_an_edge_past_the_middle_is_drawn() -> None:
    columns = arrange(RESIDUAL, "conv", 1)
    assert columns.items[0] == ("conv", Through("x"))


def test_a_chain_is_boxes_and_lines() -> None:
    text = drawn(wired(("a", "b"), ("b", "c")), "b", (80, 9))
    assert text[2] == "  │a                   │────▸┃b                   ┃────▸│c                   │  "


def test_the_error_runs_along_heavy_lines() -> None:
    roles = {"a": Role.INTRODUCED, "b": Role.INHERITED, "c": Role.RECOVERED}
    wiring = wired(("a", "b"), ("b", "c"))
    assert "━━━━→" in drawn(wiring, "b", (80, 9), **roles)[2] and "━━━━↓" in drawn(wiring, "b", (80, 9), **roles)[2]
    assert "====→" in drawn(wiring, "b", (80, 9), plain=True, **roles)[2], "in ASCII too they differ from others"
    assert all(to_ascii(line).isascii() for line in drawn(wiring, "b", (80, 9), plain=True, **roles))


def test_arrows_on_a_box_say_that_there_is_more() -> None:
    text = drawn(wired(("a", "b"), ("b", "c"), ("c", "d"), ("d", "e")), "c", (80, 9))
    assert text[2].startswith("  ◂b") and text[2].endswith("▸  ")


FAN = wired(
    *((f"in{n}", "cat") for n in range(8)), *(("cat", f"out{n}") for n in range(20)), scales={"in0": 1, "cat": 1}
)


@pytest.mark.parametrize("size", SIZES[1:4])
@pytest.mark.parametrize("plain", [False, True])
def test_many_producers_and_consumers_take_a_line_each(size: tuple[int, int], plain: bool) -> None:
    text = "\n".join(drawn(FAN, "cat", size, plain=plain))
    assert all(f"in{n} " in text for n in range(8)) and "=1 share one scale" in text
    seen = sum(f"out{n} " in text for n in range(20))
    assert seen == 20 or f"▾ {20 - seen} more" in text


def test_the_cursor_is_in_sight() -> None:
    for number in range(20):
        text = "\n".join(drawn(FAN, "cat", (80, 19), selected=f"out{number}"))
        assert f"[ out{number} " in text


def test_the_order_of_the_file_is_said_to_be_no_more_than_that() -> None:
    wiring = wired(("a", "b"))
    unknown = Wiring(False, wiring.tensors, wiring.sources, wiring.targets)
    assert "only the order of the file" in drawn(unknown, "b", (80, 9))[-1]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=80),
    st.integers(0, 30),
    st.sampled_from(SIZES),
    st.booleans(),
)
def test_any_network_fits_any_size(
    pairs: list[tuple[int, int]], center: int, size: tuple[int, int], plain: bool
) -> None:
    edges = {(f"t{min(pair)}", f"t{max(pair)}") for pair in pairs if pair[0] != pair[1]}
    wiring = wired(*sorted(edges), order=" ".join(f"t{n}" for n in range(31)))
    columns = arrange(wiring, f"t{center}", steps_in(size[0]))
    names = [item for items in columns.items.values() for item in items if isinstance(item, str)]
    assert len(names) == len(set(names)), "no tensor is drawn twice"
    for name, column in columns.drawn.items():
        assert all(columns.drawn.get(target, 9) >= column for target in wiring.targets.get(name, ()))
    drawn(wiring, f"t{center}", size, plain=plain)


def test_no_readers_are_claimed_where_the_dumps_do_not_hold_them() -> None:
    wiring = wired(("a", "b"))
    unknown = Wiring(False, wiring.tensors, wiring.sources, wiring.targets)
    assert any("read by" in each for each in drawn(wiring, "b", (80, 9)))
    assert not any("read by" in each for each in drawn(unknown, "b", (80, 9)))

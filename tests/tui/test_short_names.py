"""Names cut to a column: at most as wide, no two alike, and what they share gives way first."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from sgs_tui.tui.short_names import ShortNames, shortened
from sgs_tui.tui.text import cut

YOLO = [
    f"/model.{i}/cv{j}.{k}/cv{j}.{k}.{m}/{op}_output_0"
    for i in range(22)
    for j in (2, 3)
    for k in range(3)
    for m in range(3)
    for op in ("conv/Conv", "act/Sigmoid", "act/Mul")
]
DEEP = [
    f"/backbone/stage{i}/block_number_{j}/a/very/long/shared/middle/part/with/nothing/new/conv{k}/Relu_output_0"
    for i in range(9)
    for j in range(9)
    for k in range(3)
]


@pytest.mark.parametrize("cells", [12, 22, 28, 40])
@pytest.mark.parametrize("names", [YOLO, DEEP, ["x" * 90 + str(n) + "y" * 90 for n in range(300)]])
def test_different_names_stay_different(names: list[str], cells: int) -> None:
    short = ShortNames(names)
    shown = [short(name, cells) for name in names]
    assert len(set(shown)) == len(names) and max(map(cell_len, shown)) <= cells


def test_what_names_share_gives_way() -> None:
    short = ShortNames(YOLO)
    assert short(YOLO[0], 28) == "…0/cv2.0/cv2.0.0/conv/Conv…"
    assert ShortNames(DEEP)(DEEP[0], 22) == "…stage0…mber_0…/conv0…"


def test_names_that_fit_or_differ_anyway_are_cut_as_ever() -> None:
    names = ["/backbone/relu1/Relu_output_0", "/neck/up/Resize_output_0", "gate"]
    assert shortened(names, 22) == {name: cut(name, 22) for name in names[:2]}
    assert ShortNames(names)("gate", 22) == "gate"


NAMES = st.text(string.ascii_lowercase[:3] + "/0123世", min_size=1, max_size=60)


@given(st.sets(NAMES, max_size=40), st.integers(8, 30))
def test_any_names(names: set[str], cells: int) -> None:
    short = ShortNames(sorted(names))
    shown = [short(name, cells) for name in names]
    assert len(set(shown)) == len(names) and all(cell_len(each) <= cells for each in shown)

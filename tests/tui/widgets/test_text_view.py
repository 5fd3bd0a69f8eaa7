"""Text that scrolls: where it stands when it, or room for it, comes after the keys."""

from functools import partial

import pytest
from textual.geometry import Size

from sgs_tui.tui.text import Line, line
from sgs_tui.tui.widgets.text_view import TextView

NOT_LAID_OUT, TEN_LINES = Size(0, 0), Size(40, 10)


class _Sized(TextView):
    """One that is as large as is said."""

    space = NOT_LAID_OUT

    @property
    def size(self) -> Size:
        return self.space


def _lines(count: int, _: int) -> list[Line]:
    return [line(f"line {number}") for number in range(count)]


def _view(count: int) -> _Sized:
    view = _Sized()
    view.show(partial(_lines, count))
    return view


def _laid_out(view: _Sized) -> None:
    view.space = TEN_LINES
    view.on_resize()


@pytest.mark.parametrize(
    ("keys", "wanted"), [(("bottom",), 20), (("bottom", "top"), 0), (("down", "down"), 2), (("up",), 0)]
)
def test_keys_before_the_text_is_laid_out_hold_for_it(keys: tuple[str, ...], wanted: int) -> None:
    view = _view(30)
    for key in keys:
        getattr(view, f"action_{key}")()
    _laid_out(view)
    assert (view.top, view.hidden) == (wanted, 20 - wanted)


def test_the_end_stays_the_end_of_a_text_that_grows_until_another_place_is_asked_for() -> None:
    view = _view(3)
    _laid_out(view)
    view.action_bottom()
    view.show(partial(_lines, 30), keep=True)
    assert (view.top, view.hidden) == (20, 0)
    view.action_up()
    view.show(partial(_lines, 40), keep=True)
    assert view.top == 19


def test_another_text_starts_at_its_top() -> None:
    view = _view(30)
    _laid_out(view)
    view.action_bottom()
    view.show(partial(_lines, 30))
    assert view.top == 0

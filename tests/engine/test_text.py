"""Names from outside on their way to a screen or a path."""

from sgs_tui.engine.text import cut_name, sanitised, start_of


def test_a_long_name_keeps_both_ends() -> None:
    assert cut_name("backbone/layer1/conv", 20, "…", len) == "backbone/layer1/conv"
    assert cut_name("backbone/layer1/conv", 11, "…", len) == "back…1/conv"
    assert cut_name("backbone/layer1/conv", 11, "...", len) == "back...conv"
    assert [cut_name("name", cells, "…", len) for cells in (0, 1, 2)] == ["", "…", "n…"]


def test_wide_characters_are_not_halved() -> None:
    assert start_of("層層層", 5, lambda text: 2 * len(text)) == "層層"
    assert cut_name("層層層層", 5, "…", lambda text: 1 if text == "…" else 2 * len(text)) == "層…層"


def test_sanitised_is_the_vendors_splitters_rule() -> None:
    assert sanitised(" a/b:0 rest") == "a_b0"

import math
from pathlib import Path

import pytest

from sgs_tui.engine.compare.limits import BUILT_IN, MANUAL, SOP, Limits, Profile, Rule, load_profile
from sgs_tui.engine.errors import InputError, SgsError, UsageError

SHIPPED = Path(__file__).resolve().parents[3] / "cfg" / "profiles"


def saved(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_built_in_by_name_and_shipped_as_a_file(name: str) -> None:
    assert load_profile(name) is BUILT_IN[name]
    assert load_profile(str(SHIPPED / f"{name}.toml")) == BUILT_IN[name]


def test_every_shipped_profile_loads() -> None:
    names = {load_profile(str(path)).name for path in SHIPPED.glob("*.toml")}
    assert names == {*BUILT_IN, "my-network"}


def test_the_example_does_what_its_comments_say() -> None:
    example = load_profile(str(SHIPPED / "example.toml"))
    fail, warn = example.limits_for("x", "ADD")
    assert (fail, warn) == (Limits(rmse=0.3, cos=0.99, sqnr_db=15, slice_sqnr_db=10), Limits(rmse=0.15, range=math.inf))
    assert example.limits_for("prob", "SOFTMAX")[0] == Limits(rmse=1.0, cos=0.98, sqnr_db=15, slice_sqnr_db=10)
    fail, warn = example.limits_for("/backbone/c1", "DEPTHWISE_CONV_2D")
    assert (fail["cos"], fail["rmse"], warn["range"]) == (0.995, 0.3, 30)
    assert example.limits_for("/head/c1", "CONV_2D")[0]["cos"] == 0.99


def test_without_base_only_what_is_written_is_limited(tmp_path: Path) -> None:
    path = saved(tmp_path / "mine.toml", "[fail]\nmse = 1\n")
    assert load_profile(path) == Profile("mine", Limits(mse=1.0), Limits())


def test_a_base_keeps_what_is_not_overridden(tmp_path: Path) -> None:
    text = 'base = "sop"\n[fail]\nrmse = 0.2\n[[rule]]\nlayer = "a*"\nwarn = {cos = 0.5}\n'
    profile = load_profile(saved(tmp_path / "mine.toml", text))
    assert profile.fail == Limits(rmse=0.2, cos=0.99, slice_sqnr_db=10)
    assert profile.warn == SOP.warn
    assert profile.rules == (Rule("a*", "*", Limits(), Limits(cos=0.5)),)


def test_a_file_needs_no_suffix_and_may_have_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "profile").write_bytes(b'\xef\xbb\xbfbase = "manual"\r\n')
    assert load_profile(str(tmp_path / "profile")).fail == MANUAL.fail


@pytest.mark.parametrize(("name", "near"), [("maual", "manual"), ("SOP", "sop"), ("stict", "strict")])
def test_an_unknown_name_gets_the_nearest(name: str, near: str) -> None:
    with pytest.raises(UsageError, match=f"no profile '{name}'") as caught:
        load_profile(name)
    assert caught.value.hint.startswith(f"did you mean {near}? known are manual, sop, strict")


def test_a_name_like_nothing_lists_what_there_is() -> None:
    with pytest.raises(UsageError) as caught:
        load_profile("zzzzzz")
    assert caught.value.hint == "known are manual, sop, strict, or the path of a .toml file"


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("[fail]\nrsme = 1", "fail: unknown key `rsme`", "did you mean rmse?"),
        ("[warn]\nCOS = 1", "warn: unknown key `COS`", "did you mean cos?"),
        ("[fial]\nrmse = 1", ": unknown key `fial`", "did you mean fail?"),
        ("[[rules]]\n", ": unknown key `rules`", "did you mean rule?"),
        ('[[rule]]\nfail={cos=1}\n[[rule]]\nlayers="x"', "rule 2: unknown key `layers`", "did you mean layer?"),
        ("[[rule]]\nfail={sqnr=1}", "rule 1, fail: unknown key `sqnr`", "did you mean sqnr_db?"),
        ('base = "maual"', "no profile 'maual' to base it on", "did you mean manual?"),
        ("base = 3", "`base` is no text", 'base = "manual"'),
        ("name = 3", "`name` is no text", "name ="),
        ("fail = 3", "`fail` is no table", "[fail]"),
        ("[rule]\n", "`rule` is no list of tables", "[[rule]]"),
        ("rule = [1]", "`rule` is no list of tables", "[[rule]]"),
        ('[[rule]]\nop = "ADD"', "rule 1: has no limits", "fail = {"),
        ("[[rule]]\nop = 3\nfail={cos=1}", "rule 1: `op` is no text", 'op = "*"'),
        ('[fail]\nrmse = "0.5"', "fail: `rmse` is no number", "rmse = 0.5"),
        ("[fail]\nrmse = true", "fail: `rmse` is no number", "rmse = 0.5"),
        ("[fail]\nrmse = nan", "fail: `rmse` is no number", "rmse = 0.5"),
        (f"[fail]\nrmse = {'9' * 400}", "fail: `rmse` is no number", "rmse = 0.5"),
        (f"[fail]\nrmse = {'9' * 5000}", "not TOML: a whole number of over 4,300 digits", "example.toml"),
        ("[fail]\nrmse = -0.5", "rmse = -0.5 makes no sense", "expected 0 to inf"),
        ("[fail]\ncos = 99", "cos = 99 makes no sense", "expected -inf to 1"),
        ("[fail\n", "not TOML: Expected ']'", "example.toml"),
        ("[fail]\nrmse = 1\nrmse = 2", "not TOML: Cannot overwrite a value", "example.toml"),
    ],
)
def test_mistakes_are_named_with_file_and_remedy(tmp_path: Path, text: str, said: str, hint: str) -> None:
    path = saved(tmp_path / "mine.toml", text)
    with pytest.raises(InputError) as caught:
        load_profile(path)
    assert caught.value.message.startswith(path)
    assert said in caught.value.message
    assert hint in caught.value.hint


def test_bytes_that_are_no_text_and_missing_files(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_bytes(b'name = "\xff"')
    for name in ("x.toml", "absent.toml"):
        with pytest.raises(SgsError, match=name):
            load_profile(str(tmp_path / name))

import configparser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sgs_tui.engine.configs.inputconfig import load, parse, set_tensor_arrays, split_names
from sgs_tui.engine.configs.inputconfig_check import lint
from sgs_tui.engine.configs.textlines import difference
from sgs_tui.engine.errors import InputError, UsageError

EXAMPLE = Path(__file__).resolve().parents[3] / "cfg" / "input_config.ini"
BODY = b"[INPUT_CONFIG]\ninputs='data';\n\n[OUTPUT_CONFIG]\noutputs='prob,trans';\n"

PIECES = st.sampled_from(
    [
        b"[INPUT_CONFIG]", b"[CONV_CONFIG]", b"[conv_config]", b"tensor_arrays='cat';", b"tensor_arrays=a#1,b ; x",
        b"Tensor_Arrays = \"x,y\" # why", b"input_format=ALL_INT16;", b"; remark", b"#tensor_arrays='c';", b"", b" k=v",
        b"tensor_arrays='a','b';", b"tensor_arrays='a;", b"a=b\\", b"\xff", b"key:value", b"; end \\",
    ]
)  # fmt: skip
FILES = st.tuples(st.lists(PIECES, max_size=10), st.sampled_from([b"\n", b"\r\n"]), st.booleans()).map(
    lambda parts: parts[1].join(parts[0]) + (parts[1] if parts[2] else b"")
)
NAMES = st.lists(
    st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters=",'\""), min_size=1, max_size=12).filter(
        lambda name: name == name.strip()
    ),
    max_size=5,
)


def files(sgs: Path, shared_data: Path) -> list[Path]:
    found = [EXAMPLE, *sgs.rglob("*.ini"), *shared_data.rglob("*.ini")]
    assert len(found) >= 30
    return found


@given(st.one_of(st.binary(), FILES))
def test_nothing_changed_nothing_lost(data: bytes) -> None:
    assert parse(data).render() == data


def test_real_files_as_both_parsers_see_them(sgs: Path, shared_data: Path) -> None:
    for path in files(sgs, shared_data):
        document = load(path)
        assert document.render() == path.read_bytes()
        assert len(document.inputs) == 1
        assert document.inputs[0].isidentifier()
        python = document.python_view()
        assert python.error == ""
        assert python.get("INPUT_CONFIG", "inputs").strip("';") == document.inputs[0]  # quoted or not
        assert lint(document) == []


def test_real_int16_choices(sgs: Path) -> None:
    assert load(sgs / "bad_int16" / "cat_input_config.ini").tensor_arrays == ("cat",)
    both = load(sgs / "bad_int16" / "pool_cat_input_config.ini")
    assert both.tensor_arrays == ("pool", "cat")
    assert split_names(both.value("output_config", "outputs")) == ("prob", "trans")
    assert both.python_view().get("conv_config", "tensor_arrays") == "'pool,cat';"
    assert load(sgs / "tiny" / "input_config_i16.ini").value("conv_config", "input_format") == "ALL_INT16"
    assert load(sgs / "tiny" / "input_config.ini").value("conv_config", "input_format") is None


def test_what_the_parsers_disagree_about() -> None:
    document = parse(b"[Conv_Config]\r\nTensor_Arrays = 'a#1,b' ; why\r\ninput_format=ALL_UINT8# x")
    assert document.tensor_arrays == ("a#1", "b")
    assert document.value("conv_config", "input_format") == "ALL_UINT8"
    assert document.python_view().get("CONV_CONFIG", "TENSOR_ARRAYS") == "'a#1,b' ; why"
    assert parse(b"[a]\nk=1\nk=2\n").value("A", "K") == "2"
    assert "option 'k' in section 'a' already exists" in parse(b"[a]\nk=1\nk=2\n").python_view().error


def test_the_example_can_be_used_as_it_is() -> None:
    document = load(EXAMPLE)
    assert (document.inputs, split_names(document.value("output_config", "outputs")), document.tensor_arrays) == (
        ("data",),
        ("prob",),
        (),
    )
    parser = configparser.ConfigParser()
    parser.read_string(EXAMPLE.read_text("ascii"))
    assert [key for section in parser.sections() for key in parser[section]] == [
        "inputs", "training_input_formats", "input_formats", "quantizations", "mean_red", "mean_green", "mean_blue",
        "std_value", "outputs", "dequantizations",
    ]  # fmt: skip


def test_the_change_that_repaired_bad(sgs: Path) -> None:
    """From the ini of tiny to the one whose INT16 choice was tried for real, byte for byte."""
    before = load(sgs / "tiny" / "input_config.ini")
    for names, after in ((["cat"], "cat_input_config.ini"), (["pool", "cat"], "pool_cat_input_config.ini")):
        assert set_tensor_arrays(before, names) == (sgs / "bad_int16" / after).read_bytes()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", b"[CONV_CONFIG]\ntensor_arrays='a,b';\n"),
        (b"[X]\nk=v", b"[X]\nk=v\n\n[CONV_CONFIG]\ntensor_arrays='a,b';\n"),
        (b"[X]\r\nk=v\r\n\r\n", b"[X]\r\nk=v\r\n\r\n[CONV_CONFIG]\r\ntensor_arrays='a,b';\r\n"),
        (b"[CONV_CONFIG]", b"[CONV_CONFIG]\ntensor_arrays='a,b';\n"),
        (b"[Conv_Config]\n\n[X]\nk=v", b"[Conv_Config]\ntensor_arrays='a,b';\n\n[X]\nk=v"),
        (
            b"[CONV_CONFIG]\ninput_format=ALL_UINT8;\n; why\n\n; of X\n[X]\n",
            b"[CONV_CONFIG]\ninput_format=ALL_UINT8;\n; why\ntensor_arrays='a,b';\n\n; of X\n[X]\n",
        ),
        (b"[CONV_CONFIG]\n  Tensor_Arrays = c ;old\n#z\n", b"[CONV_CONFIG]\ntensor_arrays='a,b';old\n#z\n"),
        (b"[CONV_CONFIG]\ntensor_arrays='c'; # mine\r\n", b"[CONV_CONFIG]\ntensor_arrays='a,b'; # mine\r\n"),
        (b"[CONV_CONFIG]\ntensor_arrays=c # mine", b"[CONV_CONFIG]\ntensor_arrays='a,b'; # mine"),
        (b"[CONV_CONFIG]\ntensor_arrays='c'# mine", b"[CONV_CONFIG]\ntensor_arrays='a,b'; # mine"),
        (b"[CONV_CONFIG]\ntensor_arrays=c#1,d;\n", b"[CONV_CONFIG]\ntensor_arrays='a,b';\n"),
        (b"[CONV_CONFIG]\ntensor_arrays='c','d';\n", b"[CONV_CONFIG]\ntensor_arrays='a,b';\n"),
        (b"[CONV_CONFIG]\ntensor_arrays='c,\\\nd';\nk=v\n", b"[CONV_CONFIG]\ntensor_arrays='a,b';\nk=v\n"),
        (b"[CONV_CONFIG]\ntensor_arrays=;\n", b"[CONV_CONFIG]\ntensor_arrays='a,b';\n"),
        (b"[CONV_CONFIG]\n;tensor_arrays='a,b';\n", b"[CONV_CONFIG]\n;tensor_arrays='a,b';\ntensor_arrays='a,b';\n"),
        (b"[X]\ntensor_arrays='c';\n", b"[X]\ntensor_arrays='c';\n\n[CONV_CONFIG]\ntensor_arrays='a,b';\n"),
        (b"; C:\\", b"; C:\\\n\n[CONV_CONFIG]\ntensor_arrays='a,b';\n"),
        (b"[CONV_CONFIG]\n; C:\\", b"[CONV_CONFIG]\n; C:\\\n\ntensor_arrays='a,b';\n"),
    ],
)
def test_only_what_must_change_changes(before: bytes, after: bytes) -> None:
    assert set_tensor_arrays(parse(before), ["a", "b", "a"]) == after
    assert set_tensor_arrays(parse(after), ["a", "b"]) == after


def test_no_names_remove_the_setting() -> None:
    data = b"[CONV_CONFIG]\r\n; x\r\ntensor_arrays='a'; ; y\r\ninput_format=ALL_INT16;"
    assert set_tensor_arrays(parse(data), []) == b"[CONV_CONFIG]\r\n; x\r\ninput_format=ALL_INT16;"
    assert set_tensor_arrays(parse(BODY), []) == BODY


@given(FILES, NAMES)
def test_what_is_set_is_read_back_and_the_rest_stays(data: bytes, names: list[str]) -> None:
    before = parse(data)
    after = parse(set_tensor_arrays(before, names))
    setting = before.setting("conv_config", "tensor_arrays")
    twice = sum(e.key == "tensor_arrays" and e.section == "conv_config" for e in before.entries()) > 1
    if not twice or names:
        assert after.tensor_arrays == tuple(dict.fromkeys(names))
    kept = [line for i, line in enumerate(before.lines, 1) if not (setting and setting.first <= i <= setting.last)]
    rest = iter(after.render().replace(b"\r\n", b"\n").split(b"\n"))
    assert all(line.content in rest for line in kept), "all other lines, in their order"


@given(NAMES.filter(bool))
def test_what_is_written_parses_in_python_and_c(names: list[str]) -> None:
    data = set_tensor_arrays(parse(BODY), names)
    document = parse(data)
    assert document.tensor_arrays == tuple(dict.fromkeys(names))
    parser = configparser.RawConfigParser()
    parser.read_string(data.decode())
    value = parser.get("CONV_CONFIG", "tensor_arrays")
    assert split_names(value.removesuffix(";").strip("'")) == document.tensor_arrays
    assert not [
        f
        for f in lint(document, names)
        if "%" not in f.message and "also chooses" not in f.message and "feeds" not in f.message
    ]


def test_names_with_quotes() -> None:
    assert b'tensor_arrays="it\'s,b";' in set_tensor_arrays(parse(b""), ["it's", "b"])
    assert parse(set_tensor_arrays(parse(b""), ["it's", "b"])).tensor_arrays == ("it's", "b")
    assert parse(set_tensor_arrays(parse(b""), ['5"'])).tensor_arrays == ('5"',)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["a", ""], "tensor '' is empty"),
        ([" a"], "tensor ' a' is empty or has blanks"),
        (["a,b"], "tensor 'a,b' has a comma"),
        (["a\nb"], "tensor 'a\\\\x0ab' has a comma or a control"),
        (["'", '"'], "both kinds of quotes"),
        (["x" * 259], "has 259 bytes, 258 are read"),
        ([f"n{i}" for i in range(259)], "259 tensors for INT16, the vendor's tools take 258"),
        ([f"tensor{i:03}" for i in range(200)], "makes a line of 2016 bytes, iniparser reads 1022"),
    ],
)
def test_what_can_not_be_written_is_refused(names: list[str], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        set_tensor_arrays(parse(BODY), names)
    assert said in caught.value.message
    assert caught.value.hint


def test_the_longest_line_that_fits() -> None:
    names = ["a" * 250, "b" * 250, "c" * 250, "d" * 252]
    assert len(set_tensor_arrays(parse(b""), names).splitlines()[1]) == 1022
    with pytest.raises(UsageError, match="1023 bytes"):
        set_tensor_arrays(parse(b"[X]\r\n"), names)


def test_the_difference_is_the_new_lines(sgs: Path) -> None:
    document = load(sgs / "tiny" / "input_config.ini")
    shown = difference(document.render(), set_tensor_arrays(document, ["cat"]), "input_config.ini")
    assert [line for line in shown if line[0] in "+-"] == [
        "--- input_config.ini (now)", "+++ input_config.ini (new)", "+", "+[CONV_CONFIG]", "+tensor_arrays='cat';",
    ]  # fmt: skip


def test_a_missing_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read"):
        load(tmp_path / "input_config.ini")

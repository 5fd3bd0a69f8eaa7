from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sgs_tui.engine.configs.inputconfig import load, parse
from sgs_tui.engine.configs.inputconfig_check import lint
from sgs_tui.engine.configs.textlines import Finding, Severity

HEAD = b"[INPUT_CONFIG]\ninputs='data';\n[OUTPUT_CONFIG]\noutputs='prob';\n"
CONV = HEAD + b"[CONV_CONFIG]\n"
CONV_INPUTS = ["data", "relu1", "pool", "cat", "cat_1", "/b/c#50", "Head"]
ERROR, WARNING, NOTE = Severity


def the_one(data: bytes, conv_inputs: list[str] | None = None) -> Finding:
    found = lint(parse(data), conv_inputs)
    assert len(found) == 1, found
    assert found[0].remedy
    return found[0]


FORM = [
    (b"\xef\xbb\xbf" + HEAD, 1, ERROR, "byte order mark"),
    (HEAD + b";" * 1023 + b"\n", 5, ERROR, "a line of over 1022 bytes, comment or not"),
    (HEAD + b"std_value:64\n", 5, ERROR, "key:value (std_value:64): the converter stops"),
    (HEAD + b"  'more';\n", 5, ERROR, "an indented line that goes on with the value above"),
    (HEAD + b"garbage\n", 5, ERROR, "no section, no key=value and no comment (garbage)"),
    (HEAD + b"[CONV_CONFIG] ; mine\n", 5, ERROR, "text behind or missing ] of a section"),
    (HEAD + b"outputs='x';\n", 5, ERROR, "outputs is there twice, first in line 4: the converter stops"),
    (HEAD + b"OUTPUTS='x';\n", 5, ERROR, "outputs is there twice"),
    (HEAD + b"[INPUT_CONFIG]\n", 5, ERROR, "[INPUT_CONFIG] is there twice, first in line 1"),
    (HEAD + b"[Output_Config]\n", 5, WARNING, "the section of line 3 for the C tools and another one for the Python"),
    (b"[OUTPUT_CONFIG]\noutputs='prob';\n", None, ERROR, "there is no [INPUT_CONFIG]: the converter stops"),
    (b"[INPUT_CONFIG]\ninputs='data';\n", None, ERROR, "there is no [OUTPUT_CONFIG]: the converter stops"),
    (b"inputs='data';\n" + HEAD, 1, ERROR, "inputs stands before any section: the converter stops"),
    (HEAD + b"  dequantizations=TRUE;\n", 5, WARNING, "dequantizations is indented: for the Python scripts it goes on"),
    (HEAD + b"dequantizations=TRUE;\\\n\n", 5, WARNING, "joins it with the next one"),
    (HEAD + b"dequantizations=TRUE;\\", 5, WARNING, "the last line ends in \\: the C tools never look at it"),
    (HEAD + b"dequantizations='50%';\n", 5, WARNING, "a % makes configparser look for another value"),
]

KEYS = [
    (HEAD + b"tensor_arrays='cat';\n", 5, WARNING, "tensor_arrays counts only in [CONV_CONFIG]: here it is ignored"),
    (HEAD + b"tensor_array='cat';\n", 5, WARNING, "tensor_array counts only in [CONV_CONFIG]: here it is ignored"),
    (CONV + b"tensor_array='cat';\n", 6, WARNING, "tensor_array is no key of [CONV_CONFIG]: it is ignored in silence"),
    (CONV + b"mean=1;\n", 6, WARNING, "mean is no key of [CONV_CONFIG]: it is ignored in silence"),
    (HEAD + b"dequantisations=TRUE;\n", 5, WARNING, "dequantisations is no key of [OUTPUT_CONFIG]"),
    (HEAD + b"[CONV_CONFG]\n", 5, WARNING, "[CONV_CONFG] is no known section"),
    (b"[INPUT_CONFIG]\ninput_format=RGB;\n[OUTPUT_CONFIG]\n", 2, WARNING, "input_format counts only in [CONV_CONFIG]"),
    (CONV + b"input_format=all_int16;\n", 6, ERROR, "'all_int16' is not in capitals: the converter stops"),
    (CONV + b"input_format=INT16;\n", 6, ERROR, "'INT16' is none of the four values"),
    (CONV + b"input_format=ALL_INT16,CONV2D_INT16;\n", 6, ERROR, "is a list; one value is taken"),
    (CONV + b"input_format=;\n", 6, ERROR, "'' is none of the four values"),
    (CONV + b"input_format=ALL_UINT8;\n", 6, NOTE, "stops levels L4 and L5 from choosing INT16"),
    (CONV + b"input_format=DEPTHWISE_INT16;\ntensor_arrays='cat';\n", 6, NOTE, "both count: DEPTHWISE_INT16 and the"),
    (CONV + b"input_format=ALL_INT16;\ntensor_arrays='cat';\n", 6, WARNING, "tensor_arrays adds nothing to it"),
]

WRITING = [
    (b"'pool, cat';", WARNING, "the blank belongs to the name ' cat': it chooses nothing"),
    (b"'pool ,cat';", WARNING, "the blank belongs to the name 'pool '"),
    (b"'pool','cat';", WARNING, "only the first pair of quotes counts, 'pool'; lost: ,'cat';"),
    (b"'pool,cat;", WARNING, "the quote is never closed, the list ends as 'pool,cat;'"),
    (b"pool,'cat';", WARNING, "quotes inside the list become part of the names"),
    (b"/b/c#50,cat;", WARNING, "without quotes the list is cut at # and read as '/b/c', which matches as a prefix"),
    (b"a;b,c;", WARNING, "without quotes the list is cut at ; and read as 'a'"),
    (b"'pool,,cat';", WARNING, "an empty name between two commas"),
    (b"'pool,cat,';", WARNING, "an empty name between two commas or at an end"),
    (b"'pool,cat,pool';", NOTE, "pool is there 2 times"),
    (b"'" + b"x" * 259 + b",cat';", WARNING, "has 259 bytes: the tool loses the names behind it"),
    (b"'" + b"x" * 600 + b"';", ERROR, "has 600 bytes: the tool loses the names behind it, from 600 on it crashes"),
    (b"'';", NOTE, "tensor_arrays is empty"),
]  # fmt: skip

EFFECT = [
    (b"'cat';", WARNING, "cat also chooses cat_1: a name matches every convolution input that begins with it"),
    (b"'ca';", WARNING, "ca is no convolution input, but chooses those that begin with it: cat, cat_1"),
    (b"'CAT_1';", WARNING, "CAT_1 is no convolution input: it chooses nothing"),
    (b"'gate';", WARNING, "gate is no convolution input: it chooses nothing"),
    (b"'data';", WARNING, "data is the network's own input, which never becomes INT16"),
]


@pytest.mark.parametrize(("data", "line", "severity", "said"), FORM + KEYS, ids=[row[3][:50] for row in FORM + KEYS])
def test_form_and_keys(data: bytes, line: int | None, severity: Severity, said: str) -> None:
    found = the_one(data)
    assert (found.line, found.severity) == (line, severity)
    assert said in found.message


@pytest.mark.parametrize(("value", "severity", "said"), WRITING)
def test_how_names_are_written(value: bytes, severity: Severity, said: str) -> None:
    found = the_one(CONV + b"tensor_arrays=" + value + b"\n")
    assert (found.line, found.severity) == (6, severity)
    assert said in found.message


def test_too_many_names() -> None:
    names = [a + b for a in "abcdefghijklmnopqrst" for b in "abcdefghijklm"]
    assert "260 names: 258 work, with 301 the tool crashed" in the_one(CONV + listed(names)).message
    assert lint(parse(CONV + listed(names[:258]))) == []


def listed(names: list[str]) -> bytes:
    return f"tensor_arrays='{','.join(names)}';\n".encode()


@pytest.mark.parametrize(("value", "severity", "said"), EFFECT)
def test_what_names_do(value: bytes, severity: Severity, said: str) -> None:
    data = CONV + b"tensor_arrays=" + value + b"\n"
    found = the_one(data, CONV_INPUTS)
    assert (found.line, found.severity) == (6, severity)
    assert said in found.message
    assert lint(parse(data)) == [], "without the convolution inputs nothing is known about it"


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("CAT_1", "case counts: write cat_1"),
        ("_b_c#50", "did you mean /b/c#50?"),
        ("/b/c#51", "did you mean /b/c#50?"),
        ("relu", "name exactly the ones that are meant"),
        ("unlike", "name the first input of a convolution, as in the float dump"),
    ],
)
def test_what_was_meant(name: str, remedy: str) -> None:
    assert the_one(CONV + f"tensor_arrays='{name}';\n".encode(), CONV_INPUTS).remedy == remedy


def test_the_first_convolution_and_inputs_that_feed_none() -> None:
    found = the_one(CONV + b"tensor_arrays='first';\n", ["first", "cat"])
    assert (found.severity, found.message) == (
        NOTE,
        "first feeds the first convolution, which the manual says stays as it is",
    )
    found = the_one(CONV + b"tensor_arrays='data';\n", ["first", "cat"])
    assert "network's own input" in found.message


def test_long_lists_of_matches_are_cut() -> None:
    found = the_one(CONV + b"tensor_arrays='n';\n", [f"n{i}" for i in range(9)])
    assert found.message.endswith("n0, n1, n2, n3, n4 and 4 more")


@pytest.mark.parametrize(
    "data",
    [
        CONV + b"tensor_arrays='pool,/b/c#50';",
        CONV.replace(b"\n", b"\r\n") + b"tensor_arrays='pool';\r\n",
        b"[Conv_Config]\n\tTENSOR_ARRAYS\t= pool ; mine\n" + HEAD,
        CONV + b"tensor_arrays=pool # mine\n;key:value\n#  ]\n",
        CONV + b"tensor_arrays=pool; mine\n",
        HEAD + b"[DUMP_CONFIG]\ntensor_arrays='x';\n[MY_OWN]\nthing=1;\n",
        HEAD + b";" * 1022 + b"\n",
    ],
)
def test_what_works_is_not_blamed(data: bytes) -> None:
    assert lint(parse(data), CONV_INPUTS) == []


def test_the_real_repair_is_clean_but_for_its_prefix(sgs: Path) -> None:
    document = load(sgs / "bad_int16" / "pool_cat_input_config.ini")
    real = ["data", "/backbone/relu1/Relu_output_0", "sp_b", "pool", "cat", "flat#46"]
    assert lint(document, real) == []
    assert "also chooses cat_1" in lint(document, [*real, "cat_1"])[0].message


def test_what_only_python_refuses_is_an_error_too() -> None:
    """`a:b=1` is the key `a:b` in C and another value of `a` in Python."""
    found = the_one(HEAD + b"[MY_OWN]\na=1\na:b=1\n")
    assert found.severity is ERROR
    assert "configparser, which the converter uses, refuses the file" in found.message
    assert "option 'a' in section 'MY_OWN' already exists" in found.message


def test_names_are_shown_safely() -> None:
    data = CONV + b"tensor_arrays='\x1b[2J \xff';\nk\x1b:v\n"
    for finding in lint(parse(data), CONV_INPUTS):
        assert finding.message.isprintable()
        assert finding.remedy.isprintable()


PIECES = st.sampled_from(
    [b"[INPUT_CONFIG]", b"[a]", b"[", b"k=v", b" k:v", b"=", b"tensor_arrays='", b",", b"\n", b"\\", b";"]
)


@given(st.one_of(st.binary(max_size=100), st.lists(PIECES, max_size=12).map(b"".join)))
def test_any_bytes_can_be_checked_and_refusals_are_errors(data: bytes) -> None:
    document = parse(data)
    found = lint(document, CONV_INPUTS)
    assert all(finding.message.isprintable() for finding in found)
    if document.python_view().error:
        assert any(finding.severity is ERROR for finding in found)

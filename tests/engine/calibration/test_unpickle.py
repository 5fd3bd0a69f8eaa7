import collections
import fractions
import os
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sgs_tui.engine.calibration.unpickle import unpickle
from sgs_tui.engine.errors import InputError

HERE = Path("strange.pkl")
PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
PLAIN = [
    [],
    {"a": [1, 2.5, None, True], "b": (1, "é"), 2**80: -1},
    {1, 2},
    frozenset({3}),
    b"",
    b"raw\x00\xff",
    bytearray(b"x"),
    1 + 2j,
    "naïve \U0001f600",
]
ARRAYS = [
    np.arange(6.0).reshape(2, 3),
    np.arange(12, dtype=">i2").reshape(3, 4).T,
    np.zeros((0, 3), np.float32),
    np.array(3.5),
    np.array([True, False]),
    np.arange(3, dtype=np.complex64),
]
SCALARS = [np.float32(1.5), np.float64(-2), np.int64(3), np.uint8(200), np.bool_(True), np.float16(0.5)]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("value", PLAIN, ids=repr)
def test_plain_values(value: object, protocol: int) -> None:
    read = unpickle(pickle.dumps(value, protocol), HERE)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("module", ["numpy.core", "numpy._core"])
def test_numpy_arrays_and_numbers(protocol: int, module: str) -> None:
    """Both generations of numpy write the same but for the module's name."""
    data = pickle.dumps([ARRAYS, SCALARS], protocol, fix_imports=False)
    arrays, scalars = unpickle(renamed(data, module, protocol), HERE)  # type: ignore[misc]
    for read, array in zip(arrays, ARRAYS, strict=True):
        np.testing.assert_array_equal(read, array)
        assert read.shape == array.shape
        assert read.dtype.kind == array.dtype.kind
    assert scalars == [value.item() for value in SCALARS]
    assert [type(value) for value in scalars] == [float, float, int, int, bool, float]


def renamed(data: bytes, module: str, protocol: int) -> bytes:
    """The pickle as a numpy that has its core in `module` would have written it."""
    if protocol < 4:
        return data.replace(b"cnumpy._core", b"c" + module.encode())
    out = data
    for part in ("multiarray", "numeric"):
        old, new = f"numpy._core.{part}".encode(), f"{module}.{part}".encode()
        out = out.replace(b"\x8c" + bytes([len(old)]) + old, b"\x8c" + bytes([len(new)]) + new)
    lost = len(data) - len(out)
    (frame,) = struct.unpack("<Q", out[3:11])
    return out[:3] + struct.pack("<Q", frame - lost) + out[11:]


def test_what_python_2_wrote() -> None:
    """Byte strings become text that keeps every byte; ordered dictionaries come with their pairs."""
    text = b"(lp0\nccollections\nOrderedDict\np1\n((lp2\n(lp3\nS'name'\np4\naS'a/b'\np5\naatRp6\na."
    assert unpickle(text, HERE) == [{"name": "a/b"}]
    assert unpickle(b"\x80\x02U\x03\xffabq\x00.", HERE) == "\udcffab"
    array = (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x01cnumpy\nndarray\nq\x02K\x00\x85U\x01b\x87Rq\x03"
        b"(K\x01K\x02\x85cnumpy\ndtype\nq\x04U\x02f4K\x00K\x01\x87Rq\x05(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xff"
        b"K\x00tb\x89U\x08\x00\x00\x80?\x00\x00\x00\xc0tb."
    )
    np.testing.assert_array_equal(unpickle(array, HERE), [1.0, -2.0])  # type: ignore[arg-type]


def test_ordered_dictionaries_become_plain() -> None:
    assert unpickle(pickle.dumps(collections.OrderedDict(b=1, a=2)), HERE) == {"b": 1, "a": 2}


class Calls:
    """Pickles as a call of `function` with `arguments`."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    ("attack", "name"),
    [
        (Calls(os.system, "touch stolen"), "system"),
        (Calls(eval, "1"), "eval"),
        (Calls(exec, "1"), "exec"),
        (Calls(getattr, "", "join"), "getattr"),
        (Calls(__import__, "os"), "__import__"),
        (Calls(open, "stolen", "w"), "open"),
        (Calls(np.load, "x.npy"), "numpy.load"),
        ([{"min": [Calls(os.system, "touch stolen")]}], "system"),
        (Calls(list, Calls(os.system, "touch stolen")), "system"),
        (fractions.Fraction(1, 3), "fractions.Fraction"),
        (Path("x"), "pathlib"),
        (np.dtype, "numpy.dtype"),
    ],
    ids=[
        "system",
        "eval",
        "exec",
        "getattr",
        "import",
        "open",
        "load",
        "nested",
        "call of call",
        "class",
        "path",
        "type",
    ],
)
def test_everything_else_is_refused_by_name(
    attack: object, name: str, protocol: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data = pickle.dumps(attack, protocol)
    if attack is np.dtype:  # the name itself is known; what comes out is a harmless stand-in, not numpy's class
        assert unpickle(data, HERE) is not np.dtype
        return
    with pytest.raises(InputError) as caught:
        unpickle(data, HERE)
    assert caught.value.message.startswith("strange.pkl: refused: the pickle asks for ")
    assert name in caught.value.message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "data",
    [
        b"cbuiltins\neval\n(S'1'\ntR.",
        b"\x80\x04\x8c\x08builtins\x8c\x0elist.__class__\x93.",
        b"c__builtin__\neval\n(S'1'\ntR.",
        b"(S'touch stolen'\nios\nsystem\n.",
        b"Pid\n.",
    ],
    ids=["protocol 0", "dotted", "Python 2", "INST", "persistent id"],
)
def test_handmade_attacks(data: bytes) -> None:
    with pytest.raises(InputError, match="refused: the pickle asks for"):
        unpickle(data, HERE)


def test_terminal_escapes_in_a_refused_name_are_shown() -> None:
    with pytest.raises(InputError) as caught:
        unpickle(b"c\x1b[2Jos\nsystem\n.", HERE)
    assert "\x1b" not in caught.value.message


@pytest.mark.parametrize(
    "data",
    [
        b"\x80\x05\x96\xff\xff\xff\xff\xff\x00\x00\x00x.",
        b"\x80\x03cbuiltins\nbytearray\nJ\xff\xff\xff\x7f\x85R.",
        b"\x80\x03cbuiltins\nbytes\nJ\xff\xff\xff\x7f\x85R.",
        b"\x80\x03cbuiltins\nlist\nK\x01\x85R.",
    ],
    ids=["huge bytearray", "bytearray(n)", "bytes(n)", "list(n)"],
)
def test_small_files_can_not_ask_for_much_memory(data: bytes) -> None:
    with pytest.raises(InputError, match="not a usable pickle"):
        unpickle(data, HERE)


@pytest.mark.parametrize("data", [b"\x80\x02]r\xff\xff\xff\x7f.", b"]p99999999999\n."])
def test_a_far_memo_index_costs_nothing(data: bytes) -> None:
    assert unpickle(data, HERE) == []


PAIRS = b")q\x00" + b"0h\x00h\x00\x86q\x00" * 40
"""A pair of the same pair, nested forty times: hashing it takes 2^40 steps."""


@pytest.mark.parametrize(
    "data",
    [b"}" + PAIRS + b"K\x01s.", b"(" + PAIRS + b"K\x01d.", b"\x8f(" + PAIRS + b"\x90.", b"(" + PAIRS + b"\x91."],
    ids=["key", "dictionary", "set", "frozenset"],
)
def test_only_plain_keys_are_hashed(data: bytes) -> None:
    with pytest.raises(InputError, match="a tuple as a key"):
        unpickle(b"\x80\x04" + data, HERE)


@pytest.mark.parametrize(
    "call", [b"cbuiltins\nlist\nh\x00\x85R", b"c_codecs\nencode\nh\x00X\x06\x00\x00\x00latin1\x86R"]
)
def test_what_constructors_make_in_all_is_bounded(call: bytes) -> None:
    big = b"X" + (60_000).to_bytes(4, "little") + b"a" * 60_000 + b"q\x00"
    with pytest.raises(InputError, match=r"makes far more than the file holds|not a usable pickle"):
        unpickle(b"\x80\x02](" + big + b"0" + call * 20_000 + b"e.", HERE)


ARRAY = b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01%s%s\x89%stb."
DTYPE = b"cnumpy\ndtype\nU\x02%sK\x00K\x01\x87R(K\x03U\x01%sNNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"


@pytest.mark.parametrize(
    "data",
    [
        ARRAY % (b"K\x02\x85", DTYPE % (b"f4", b"<"), b"U\x04abcd"),
        ARRAY % (b"J\xff\xff\xff\xff\x85", DTYPE % (b"f4", b"<"), b"U\x04abcd"),
        ARRAY % (b"K\x01\x85", DTYPE % (b"O8", b"|"), b"U\x08abcdefgh"),
        ARRAY % (b"K\x01\x85", DTYPE % (b"f4", b"x"), b"U\x04abcd"),
        ARRAY % (b"K\x01\x85", b"K\x01", b"U\x04abcd"),
        ARRAY % (b"K\x01\x85", DTYPE % (b"f4", b"<"), b"]"),
        b"\x80\x02cnumpy\ndtype\n(U\x03V99tR(K\x03U\x01|K\x01NNK\x01K\x01K\x00tb.",
        b"\x80\x02cnumpy\ndtype\n(U\x02f4tR(K\x03U\x01<NK\x01NK\x01K\x01K\x00tb.",
        b"\x80\x02cnumpy\ndtype\n}U\x05_makeNs\x86b.",
        b"\x80\x02cnumpy\ndtype\nN}U\x05_makeNs\x86b.",
    ],
    ids=["short", "negative", "objects", "order", "no type", "list", "void", "fields", "state", "slots"],
)
def test_made_up_numpy_states_are_refused(data: bytes) -> None:
    with pytest.raises(InputError, match="not a usable pickle"):
        unpickle(data, HERE)


def test_constructors_survive_an_attempt_to_change_them() -> None:
    with pytest.raises(InputError):
        unpickle(b"\x80\x02cbuiltins\nlist\nN}U\x05_makeNs\x86b.", HERE)
    assert unpickle(pickle.dumps(bytearray(b"a"), 2), HERE) == bytearray(b"a")


@given(st.data())
def test_damage_gives_a_value_or_an_input_error(data: st.DataObject) -> None:
    whole = pickle.dumps(
        [{"name": "a", "min": [0.5]}, np.arange(3), collections.OrderedDict(a=b"x")], data.draw(st.integers(0, 5))
    )
    place = data.draw(st.integers(0, len(whole) - 1))
    flipped = whole[:place] + bytes([data.draw(st.integers(0, 255))]) + whole[place + 1 :]
    for damaged in (whole[:place], flipped):
        try:
            unpickle(damaged, HERE)
        except InputError as error:
            assert error.message.startswith("strange.pkl: ")

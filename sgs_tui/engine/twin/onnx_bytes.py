"""An ONNX model as bytes: the few messages of onnx.proto that the twin's models consist of, in protobuf's wire format.

    message        a sequence of fields, each a tag and a value; tag = number << 3 | kind
    kind 0         a varint: seven bits a byte, least first, the highest bit where more follow; negative ones in 64 bits
    kind 2         a varint with the length, then that many bytes: text, a tensor's data, a message
    kind 5         four bytes, little endian: a float

Field numbers are those of onnx.proto.

Apart because it knows the format alone, and it saves time: a diagnosis runs several hundred models of one to ten
nodes, for which importing `onnx` took 0.2 s of its two, and making their messages by `onnx.helper` 0.3 s.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

Shape = Sequence[int]

ELEMENTS = {
    np.dtype(kind): number
    for kind, number in (
        (np.float32, 1), (np.uint8, 2), (np.int8, 3), (np.int16, 5), (np.int32, 6), (np.int64, 7),
    )
}  # fmt: skip
"""TensorProto.DataType, as far as the twin has them."""

_FLOAT, _INT, _STRING, _INTS = 1, 2, 3, 7
"""AttributeProto.AttributeType."""


@dataclass(slots=True)
class Node:
    """One node; attributes are integers, floats, texts, or sequences of integers. An input "" is left out."""

    kind: str
    inputs: list[str]
    outputs: list[str]
    attributes: Mapping[str, Any]


def model(
    nodes: Iterable[Node], constants: Iterable[bytes], inputs: Iterable[bytes], outputs: Iterable[bytes],
    opset: int, ir_version: int,
) -> bytes:  # fmt: skip
    """A ModelProto. `constants` as `tensor` makes them, `inputs` and `outputs` as `value` does."""
    graph = b"".join(
        (
            *(_bytes(1, _node(each)) for each in nodes),
            _text(2, "twin"),
            *(_bytes(5, each) for each in constants),
            *(_bytes(11, each) for each in inputs),
            *(_bytes(12, each) for each in outputs),
        )
    )
    used = _text(1, "") + _integer(2, opset)
    return _integer(1, ir_version) + _text(2, "sgs-tui") + _bytes(7, graph) + _bytes(8, used)


def tensor(values: np.ndarray[Any, Any], name: str) -> bytes:
    """A TensorProto with its values in little endian."""
    data = values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes()
    sizes = b"".join(_integer(1, size) for size in values.shape)
    return sizes + _integer(2, element(values.dtype)) + _text(8, name) + _bytes(9, data)


def value(name: str, kind: Any, shape: Shape) -> bytes:
    """A ValueInfoProto: a tensor of a numpy element type."""
    sizes = b"".join(_bytes(1, _integer(1, size)) for size in shape)
    return _text(1, name) + _bytes(2, _bytes(1, _integer(1, element(kind)) + _bytes(2, sizes)))


def element(kind: Any) -> int:
    """The DataType of a numpy element type."""
    return ELEMENTS[np.dtype(kind)]


def _node(node: Node) -> bytes:
    return b"".join(
        (
            *(_text(1, each) for each in node.inputs),
            *(_text(2, each) for each in node.outputs),
            _text(3, f"{node.kind}::{node.outputs[0]}"),
            _text(4, node.kind),
            *(_bytes(5, _attribute(name, each)) for name, each in node.attributes.items()),
        )
    )


def _attribute(name: str, given: Any) -> bytes:
    if isinstance(given, float):
        return _text(1, name) + _tag(2, 5) + struct.pack("<f", given) + _integer(20, _FLOAT)
    if isinstance(given, int | np.integer):
        return _text(1, name) + _integer(3, int(given)) + _integer(20, _INT)
    if isinstance(given, str):
        return _text(1, name) + _text(4, given) + _integer(20, _STRING)
    return _text(1, name) + b"".join(_integer(8, each) for each in given) + _integer(20, _INTS)


@cache
def _tag(number: int, kind: int) -> bytes:
    return _varint(number << 3 | kind)


def _integer(number: int, given: int) -> bytes:
    return _tag(number, 0) + _varint(int(given) & 0xFFFF_FFFF_FFFF_FFFF)


def _text(number: int, given: str) -> bytes:
    return _bytes(number, given.encode("utf-8", "backslashreplace"))


def _bytes(number: int, given: bytes) -> bytes:
    return _tag(number, 2) + _varint(len(given)) + given


_SMALL = [bytes((each,)) for each in range(0x80)]


def _varint(given: int) -> bytes:
    if given < 0x80:
        return _SMALL[given]
    found = bytearray()
    while given >= 0x80:
        found.append(given & 0x7F | 0x80)
        given >>= 7
    found.append(given)
    return bytes(found)

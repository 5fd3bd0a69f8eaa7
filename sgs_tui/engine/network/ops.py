"""What the op types of dumps are: the one table, for graphs, shapes, scales, replays and pairings alike."""

from collections.abc import Callable, Mapping
from enum import Enum, auto
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from sgs_tui.engine.network.tensors import Values


class Family(Enum):
    """What ops of one kind do to tensors."""

    CONVOLUTION = auto()
    DEPTHWISE = auto()
    DENSE = auto()
    UNARY = auto()
    BINARY = auto()
    POOL = auto()
    RESIZE = auto()
    PAD = auto()
    CONCAT = auto()
    SPLIT = auto()
    RESHAPE = auto()
    DILATION = auto()
    SELECT = auto()
    ALIGN = auto()
    ALIGN_ALIAS = auto()
    OTHER = auto()

    @property
    def is_convolution(self) -> bool:
        """[CONV_CONFIG] of input_config.ini has a say in its first input."""
        return self in (Family.CONVOLUTION, Family.DEPTHWISE)

    @property
    def has_weights(self) -> bool:
        """It multiplies its first input with weights."""
        return self.is_convolution or self is Family.DENSE

    @property
    def keeps_shape(self) -> bool:
        """Its output has the shape of every input of its size: elementwise."""
        return self in (Family.UNARY, Family.BINARY)

    @property
    def keeps_channels(self) -> bool:
        """Its output has as many channels as its largest input (operands of another size are broadcast)."""
        return self.keeps_shape or self in (Family.POOL, Family.RESIZE, Family.PAD, Family.ALIGN_ALIAS)

    @property
    def passes_values(self) -> bool:
        """It hands values on, so that its inputs and outputs share a scale (a pool averages, at most)."""
        return self in _PASSING

    @property
    def aligns(self) -> bool:
        """Its output has pad lanes: 0 in float, leftover memory in fixed."""
        return self in (Family.ALIGN, Family.ALIGN_ALIAS)


_PASSING = frozenset(
    {Family.POOL, Family.PAD, Family.CONCAT, Family.SPLIT, Family.RESHAPE, Family.DILATION, Family.SELECT}
    | {Family.ALIGN, Family.ALIGN_ALIAS}
)


class OpKind(NamedTuple):
    """A family and, where elementwise ops are replayed, what they compute in float32."""

    family: Family
    compute: Callable[..., Values] | None = None


def _logistic(values: Values) -> Values:
    result: Values = np.float32(1) / (np.float32(1) + np.exp(-values))
    return result


_OPS: Mapping[str, OpKind] = {
    "CONV_2D": OpKind(Family.CONVOLUTION),
    "CONV_3D": OpKind(Family.CONVOLUTION),
    "TRANSPOSE_CONV": OpKind(Family.CONVOLUTION),
    "GROUP_CONV": OpKind(Family.CONVOLUTION),
    "DEPTHWISE_CONV_2D": OpKind(Family.DEPTHWISE),
    "FULLY_CONNECTED": OpKind(Family.DENSE),
    "RELU": OpKind(Family.UNARY, lambda x: np.maximum(x, np.float32(0))),
    "RELU6": OpKind(Family.UNARY, lambda x: np.clip(x, np.float32(0), np.float32(6))),
    "LOGISTIC": OpKind(Family.UNARY, _logistic),
    "TANH": OpKind(Family.UNARY, np.tanh),
    "EXP": OpKind(Family.UNARY, np.exp),
    "ABS": OpKind(Family.UNARY, np.abs),
    "SQRT": OpKind(Family.UNARY, np.sqrt),
    "LEAKY_RELU": OpKind(Family.UNARY),
    "PRELU": OpKind(Family.UNARY),
    "ELU": OpKind(Family.UNARY),
    "NEG": OpKind(Family.UNARY),
    "HARD_SWISH": OpKind(Family.UNARY),
    "SOFTMAX": OpKind(Family.UNARY),
    "ADD": OpKind(Family.BINARY, np.add),
    "SUB": OpKind(Family.BINARY, np.subtract),
    "MUL": OpKind(Family.BINARY, np.multiply),
    "DIV": OpKind(Family.BINARY, np.divide),
    "MAXIMUM": OpKind(Family.BINARY),
    "MINIMUM": OpKind(Family.BINARY),
    "MAX_POOL*": OpKind(Family.POOL),
    "AVERAGE_POOL*": OpKind(Family.POOL),
    "RESIZE_BILINEAR": OpKind(Family.RESIZE),
    "RESIZE_NEAREST_NEIGHBOR": OpKind(Family.RESIZE),
    "PAD*": OpKind(Family.PAD),
    "CONCAT*": OpKind(Family.CONCAT),
    "SPLIT*": OpKind(Family.SPLIT),
    "RESHAPE*": OpKind(Family.RESHAPE),
    "DILATION*": OpKind(Family.DILATION),
    "ALIGN2_ALIAS": OpKind(Family.ALIGN_ALIAS),
    "ALIGN*": OpKind(Family.ALIGN),
    **dict.fromkeys(
        ("TRANSPOSE*", "SLICE*", "STRIDED_SLICE*", "SQUEEZE*", "EXPAND_DIMS*", "GATHER*", "PACK*", "UNPACK*", "TILE*"),
        OpKind(Family.SELECT),
    ),
}
"""Upper-case op types; one that ends in `*` stands for all that begin so (SPLIT_V, Reshape_Alias)."""


@lru_cache(maxsize=1024)
def kind_of(op_type: str) -> OpKind:
    """What an op type of a dump's header is, in whatever case it is written."""
    name = op_type.upper()
    if name in _OPS:
        return _OPS[name]
    return next(
        (kind for key, kind in _OPS.items() if key[-1] == "*" and name.startswith(key[:-1])), OpKind(Family.OTHER)
    )

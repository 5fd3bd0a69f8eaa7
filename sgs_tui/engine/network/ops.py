"""What the op types of dumps are: the one table, for graphs, shapes, scales and pairings alike."""

from collections.abc import Mapping
from enum import Enum, auto
from functools import lru_cache


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


_NAMES: Mapping[Family, str] = {
    Family.CONVOLUTION: "CONV_2D CONV_3D TRANSPOSE_CONV GROUP_CONV",
    Family.DEPTHWISE: "DEPTHWISE_CONV_2D",
    Family.DENSE: "FULLY_CONNECTED",
    Family.UNARY: "RELU RELU6 LOGISTIC TANH EXP ABS SQRT LEAKY_RELU PRELU ELU NEG HARD_SWISH SOFTMAX",
    Family.BINARY: "ADD SUB MUL DIV MAXIMUM MINIMUM",
    Family.POOL: "MAX_POOL* AVERAGE_POOL*",
    Family.RESIZE: "RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR",
    Family.PAD: "PAD*",
    Family.CONCAT: "CONCAT*",
    Family.SPLIT: "SPLIT*",
    Family.RESHAPE: "RESHAPE*",
    Family.DILATION: "DILATION*",
    Family.ALIGN_ALIAS: "ALIGN2_ALIAS",
    Family.ALIGN: "ALIGN*",
    Family.SELECT: "TRANSPOSE* SLICE* STRIDED_SLICE* SQUEEZE* EXPAND_DIMS* GATHER* PACK* UNPACK* TILE*",
}
"""Upper-case op types; one that ends in `*` stands for all that begin so (SPLIT_V, Reshape_Alias)."""


_OPS = {name: family for family, names in _NAMES.items() for name in names.split()}


@lru_cache(maxsize=1024)
def family_of(op_type: str) -> Family:
    """What an op type of a dump's header is, in whatever case it is written."""
    name = op_type.upper()
    if name in _OPS:
        return _OPS[name]
    found = (family for key, family in _OPS.items() if key[-1] == "*" and name.startswith(key[:-1]))
    return next(found, Family.OTHER)

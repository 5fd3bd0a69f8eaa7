"""Which tensors hold positions and labels (ArgMax, TopK, NonZero, and what only moves those) and no magnitudes?

The distance of two labels says nothing: 7 for 3 is no worse than 4 for 3. They are equal or they are not.
"""

from collections.abc import Iterable
from functools import lru_cache

from sgs_tui.engine.dumps.format import Direction, Record

_MAKERS = {"argmax": 0, "argmin": 0, "nonzero": 0, "nonmaxsuppression": 0, "topk": 1, "topkv2": 1}
_MAKERS |= {"treeensembleclassifier": 0, "linearclassifier": 0, "svmclassifier": 0}
"""Ops and the number of their output with indices."""

_MOVERS: tuple[str, ...] = (
    "cast",
    "reshape",
    "squeeze",
    "unsqueeze",
    "expanddims",
    "flatten",
    "transpose",
    "gather",
    "slice",
)
_MOVERS += ("stridedslice", "concat", "split", "identity", "tile", "pack", "unpack")
"""Beginnings of op types that hand indices on."""

_WHOLE = frozenset({"SGS_S32", "SGS_S64"})


def index_tensors(records: Iterable[Record]) -> frozenset[str]:
    """Names of the outputs that are indices: integers without a scale, or floats that an op of that kind wrote."""
    found: set[str] = set()
    moved = False
    for record in records:
        kind = _plain(record.op_type)
        if record.direction is Direction.IN:
            moved = record.name in found if record.slot == 0 else moved
        elif record.scale in (0.0, 1.0) and (
            _MAKERS.get(kind) == record.slot
            or record.type_name == "SGS_BOOL"
            or (kind.startswith(_MOVERS) and (moved or record.type_name in _WHOLE))
        ):
            found.add(record.name)
    return frozenset(found)


@lru_cache(maxsize=1024)
def _plain(op_type: str) -> str:
    return op_type.replace("_", "").lower()

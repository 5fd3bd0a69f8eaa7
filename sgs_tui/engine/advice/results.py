"""What an INT16 advice says: tensors to raise, why, what it should bring, and the smallest set that does it."""

from dataclasses import dataclass
from enum import StrEnum

from sgs_tui.engine.compare.results import LayerRange
from sgs_tui.engine.diagnosis.results import Finding


class Rule(StrEnum):
    """Why a tensor is on the list: the manual's three rules, then the accuracy procedure's limits (facts 7.5)."""

    RANGE = "range of a convolution input"
    RMSE = "RMSE of a layer, the convolution input before it"
    CONCENTRATED = "wide range, values concentrated"
    PROCEDURE = "limits of the accuracy procedure"
    DIAGNOSIS = "a proven cause"
    MARKED = "marked by you"


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule that speaks for a tensor: the layer it was seen at, the number and the limit it is beyond."""

    rule: Rule
    layer: str
    text: str
    value: float | None = None
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """SQNR in dB of the layer that gains most when this tensor alone gets 16 bits: now, and predicted."""

    layer: str
    now_db: float
    then_db: float

    @property
    def gain_db(self) -> float:
        """What the layer gains; its quantisation noise alone falls by 48 dB."""
        return self.then_db - self.now_db


@dataclass(frozen=True, slots=True)
class Candidate:
    """A convolution input that could get 16 bits.

    `bits`: now (None where the dump does not tell). `unaffected`: why [CONV_CONFIG] leaves it as it is, else "".
    `raises`: tensors that share its scale and get 16 bits with it. `also`: other convolution inputs whose names
    begin with this one's, which the vendor's tools raise too. `chosen`: in the advised set.
    """

    tensor: str
    reasons: tuple[Reason, ...]
    bits: int | None
    range: LayerRange | None
    raises: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    unaffected: str = ""
    expected: Expected | None = None
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Predicted:
    """A layer's figures with the chosen tensors in 16 bit, and whether the profile's limits hold then."""

    layer: str
    rmse: float
    cos: float
    sqnr_db: float
    relative_l2: float
    fails: bool


@dataclass(frozen=True, slots=True)
class Advice:
    """`candidates` in order of use, the chosen first. `chosen`: the names for tensor_arrays.

    `smallest`: the smallest set found that brings every layer under the profile's limits, or as many as bits can.
    `remaining`: layers that fail all the same. `notes`: what the advice can not know or will not help.
    `mend_first`: the likeliest cause where bits can not help before it is gone; then only marks are chosen.
    """

    profile: str
    candidates: tuple[Candidate, ...]
    chosen: tuple[str, ...]
    smallest: tuple[str, ...]
    remaining: tuple[str, ...]
    predicted: tuple[Predicted, ...]
    notes: tuple[str, ...] = ()
    mend_first: Finding | None = None

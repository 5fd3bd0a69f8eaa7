"""What one picture gives back (a row of numbers a layer), and what a sweep says of all of them.

Per layer and picture there are `COLUMNS` numbers; verdicts are kept as their place in `VERDICTS`. A number that does
not exist (no limits, no classes, not comparable) is NaN, and a layer that is not comparable has the verdict that says
so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sgs_tui.engine.compare.results import Verdict
from sgs_tui.engine.dumps.dtypes import FloatArray

VERDICTS = (Verdict.OK, Verdict.WARN, Verdict.FAIL, Verdict.NOT_COMPARABLE)


class Column(IntEnum):
    """Places of a layer's numbers on one picture.

    LEAST, GREATEST: the benchmark's values. BELOW, ABOVE: how many of them are beyond the limits. TOP1, TOP5: of class
    scores, whether the benchmark's first class is the sample's first, or among its first five (1 or 0; NaN where these
    are all).
    """

    RMSE = 0
    COS = 1
    SQNR = 2
    MAX_ERROR = 3
    LEAST = 4
    GREATEST = 5
    BELOW = 6
    ABOVE = 7
    TOP1 = 8
    TOP5 = 9
    VERDICT = 10


class LimitsFrom(StrEnum):
    """Where a layer's limits are known from."""

    CALIBRATION = "calibration"
    GRID = "the sample's scale"
    NOWHERE = ""


class Layer(NamedTuple):
    """What is the same of a layer on every picture: `size` in elements, `limits` of what the fixed model can hold.

    `output`: no op reads it.
    """

    name: str
    op_type: str
    op_index: int
    size: int
    limits: tuple[float, float] | None = None
    limits_from: str = LimitsFrom.NOWHERE
    output: bool = False


class InputFigures(NamedTuple):
    """A network input of one picture: its benchmark values' extremes and mean, and the limits it was calibrated for."""

    name: str
    least: float
    greatest: float
    mean: float
    limits: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A picture's comparison: `figures` [layers, COLUMNS]; `unmatched` outputs of one side alone.

    `reason`: why its worst layer is not ok. `damage`: why it can not be trusted to be all; the rest is compared.
    """

    layers: tuple[Layer, ...]
    figures: FloatArray
    inputs: tuple[InputFigures, ...] = ()
    unmatched: int = 0
    reason: str = ""
    damage: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of a sweep: `name` is its own, `files` what it is made of (both dumps, or the inputs' files)."""

    name: str
    files: tuple[Path, ...]


class Failure(StrEnum):
    """Whose fault it is that a picture has no figures."""

    INPUT = "input"
    RUN = "run"
    NOTHING_COMPARABLE = "nothing comparable"


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What became of a picture: its figures, or `reason` (and whose `failure`). `digest` is its content's."""

    digest: str
    measured: Measured | None
    reason: str = ""
    failure: Failure | None = None


class Status(StrEnum):
    """A picture as a whole: its worst layer's verdict, or that it has no figures."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far the outputs of one picture, or of a set of them, agree.

    `top1`, `top5`: shares of the class vectors, None where no output is one. `rmse`: the outputs' worst.
    """

    top1: float | None
    top5: float | None
    rmse: float | None


@dataclass(frozen=True, slots=True)
class PictureRow:
    """A picture in the table. `failing` layers of it, `clipped` layers beyond their limits by more than rounding."""

    name: str
    status: Status
    reason: str
    failing: int = 0
    warned: int = 0
    compared: int = 0
    worst_layer: str = ""
    worst_rmse: float | None = None
    clipped: int = 0
    agreement: Agreement | None = None


class Spread(NamedTuple):
    """One metric over the pictures: its worst, the value that 95 of 100 pictures are not worse than, the median."""

    worst: float
    p95: float
    median: float


@dataclass(frozen=True, slots=True)
class Beyond:
    """A layer beyond its limits: on which pictures (places, worst first), and by how much of the limits' width."""

    limits: tuple[float, float]
    limits_from: str
    least: float
    greatest: float
    pictures: tuple[int, ...]
    excess: float
    share: float


@dataclass(frozen=True, slots=True)
class LayerRow:
    """A layer over the pictures that have it. `spreads` by metric (rmse, cos, sqnr_db); None where nothing is compared.

    `worst_picture`, `failing_on`: places in the sweep's list. `ranges`: least and greatest benchmark value of all.
    """

    layer: Layer
    pictures: int
    spreads: Mapping[str, Spread] | None
    failing_on: tuple[int, ...]
    warned: int
    worst_picture: int | None
    ranges: tuple[float, float] | None
    beyond: Beyond | None

    @property
    def failing_share(self) -> float:
        return len(self.failing_on) / self.pictures if self.pictures else 0.0


@dataclass(frozen=True, slots=True)
class OutputRow:
    """A network output over the set. `top1`, `top5`: shares of pictures, None where it is no class vector.

    `top5` is None, too, of five classes and fewer: the first five are all of them.
    """

    name: str
    pictures: int
    top1: float | None
    top5: float | None
    worst_rmse: float
    mean_rmse: float
    worst_picture: int | None
    differing: tuple[int, ...]


class Kind(StrEnum):
    """What a finding over the set is about."""

    CLIPPING = "clipping"
    OTHER_SCALE = "other_scale"
    ONE_PICTURE = "one_picture"
    SOME_PICTURES = "some_pictures"
    EVERY_PICTURE = "every_picture"
    NOT_FINITE = "not_finite"
    NOT_MEASURED = "not_measured"
    INT16 = "int16"
    HEALTHY = "healthy"


@dataclass(frozen=True, slots=True)
class SetFinding:
    """One thing that the set shows: a line, the pictures (places) and layers it is about, its proof, what to do."""

    kind: Kind
    text: str
    pictures: tuple[int, ...]
    layers: tuple[str, ...]
    evidence: tuple[str, ...] = ()
    advice: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class SweepResult:
    """All that a sweep says. `order`: places of the pictures, worst first; `groups`: places that fail alike.

    `rmse`, `verdicts`: [pictures, layers] for heat maps and strips, NaN and the last verdict where there is nothing.
    """

    pictures: tuple[PictureRow, ...]
    order: tuple[int, ...]
    layers: tuple[LayerRow, ...]
    outputs: tuple[OutputRow, ...]
    groups: tuple[tuple[int, ...], ...]
    findings: tuple[SetFinding, ...]
    rmse: FloatArray
    verdicts: npt.NDArray[np.uint8]
    failures: tuple[Failure, ...]

    @property
    def failing_layers(self) -> int:
        return sum(bool(row.failing_on) for row in self.layers)

    @property
    def warned_layers(self) -> int:
        return sum(bool(row.warned) and not row.failing_on for row in self.layers)

"""What a diagnosis says: findings with their proof, the blame of every layer, the course of the error."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import isfinite, nan
from typing import TYPE_CHECKING, NamedTuple, Self, overload

from sgs_tui.engine.compare.results import LayerDiff
from sgs_tui.engine.numbers import count, figure
from sgs_tui.engine.text import some
from sgs_tui.engine.twin.trust import REPRODUCED, ROUGHLY
from sgs_tui.language import Message, joined, plural

if TYPE_CHECKING:
    from sgs_tui.engine.diagnosis.trying import Trying

_PROOFS = 3
_ALL = 0.995


class _About(NamedTuple):
    """All that is to be said of a cause; `file`: the module in causes/ that finds it.

    `everywhere`: it is about whole dumps, no single layer is to blame. `spoils`: until it is fixed no figure says
    anything about bits. `bits_help`: INT16 can remove it.
    """

    id: str
    words: str
    file: str
    everywhere: bool = False
    spoils: bool = False
    bits_help: bool = False


class Cause(StrEnum):
    """Why the numbers differ: the one list. The values are the ids in reports, `words` follow a layer's name there."""

    words: str
    file: str
    everywhere: bool
    spoils: bool
    bits_help: bool

    def __new__(cls, id: str, words: str, file: str, everywhere: bool, spoils: bool, bits_help: bool) -> Self:  # noqa: A002
        """A member from its line below (see `_About`)."""
        self = str.__new__(cls, id)
        self._value_, self.words, self.file = id, words, file
        self.everywhere, self.spoils, self.bits_help = everywhere, spoils, bits_help
        return self

    HEALTHY = _About("healthy", Message("nothing but rounding"), "drift", everywhere=True)
    SWAPPED = _About("swapped", Message("sample and benchmark are swapped"), "swapped", everywhere=True, spoils=True)
    INPUT_MISMATCH = _About(
        "input_mismatch", Message("the two sides were given different inputs"), "input_mismatch", spoils=True
    )
    PADDING_KEPT = _About(
        "padding_kept",
        Message("dumped without eliminateGarbage, so the data keeps the hardware's order and padding"),
        "padding_kept",
        everywhere=True,
        spoils=True,
    )
    NOT_DEQUANTIZED = _About(
        "not_dequantised",
        Message("dumped without dequantFixed, so the values are integer codes"),
        "not_dequantised",
        everywhere=True,
        spoils=True,
    )
    LAYOUT = _About(
        "layout",
        Message("the two sides store their axes in another order (NHWC, NCHW)"),
        "layout",
        everywhere=True,
        spoils=True,
    )
    WIDE_RANGE = _About("wide_range", Message("the range is too wide for 8 bits"), "coarse_step", bits_help=True)
    SHARED_SCALE = _About(
        "shared_scale", Message("tensors of very different size share one scale"), "coarse_step", bits_help=True
    )
    CLIPPING = _About("clipping", Message("values beyond the calibrated limits are cut off"), "clipping", spoils=True)
    GAIN_OFFSET = _About(
        "gain_offset", Message("mean or scale of the preprocessing differ"), "input_mismatch", spoils=True
    )
    BAD_CHANNELS = _About("bad_channels", Message("a few channels are wrong, the others are right"), "unexplained")
    OTHER_MODEL = _About(
        "other_model", Message("the fixed model has other weights than the float model"), "other_model", spoils=True
    )
    NON_FINITE = _About("non_finite", Message("values are NaN or Inf"), "non_finite", spoils=True)
    DRIFT = _About("drift", Message("rounding adds up over many layers"), "drift", everywhere=True, bits_help=True)
    UNEXPLAINED = _About("unexplained", Message("no known cause explains the error"), "unexplained")


class Proof(StrEnum):
    """How far a cause was measured: on the whole dump by the twin, on single layers computed again, or not at all."""

    TWIN = "twin"
    LAYER = "layer"
    FIGURES = "figures"

    @property
    def words(self) -> str:
        """What a headline says instead of a percentage."""
        return _PROVEN[self.value]


RANK = {"twin": 0.99, "layer": 0.97, "figures": 0.9}
"""A rank of the proofs for programs that sort findings, no frequency; tests/benchmarks/bench_planted.py holds it
against how many first causes with each proof were right."""

_PROVEN = {
    "twin": Message("measured on the whole dump"),
    "layer": Message("measured on single layers"),
    "figures": Message("by the figures"),
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """One fact that speaks for a cause. `value` is the number in `text`, for programs; None where it has none."""

    text: str
    value: float | None = None
    layer: str | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """What a change gives at the layer where it matters most, by the twin: its RMSE now and then.

    `int16`: the tensors that get INT16, `change`: whatever else it is, in few words. `mended`: how many findings before
    this one are mended first; `now` is the RMSE with that.
    """

    change: str
    int16: tuple[str, ...]
    layer: str
    now: float
    then: float
    mended: int = 0

    def __str__(self) -> str:
        said = {"layer": self.layer, "now": figure(self.now), "then": figure(self.then)}
        if self.mended:
            return Message("{layer}: RMSE {now} with what comes before mended, {then} then", **said)
        return Message("{layer}: RMSE {now} now, {then} then", **said)


@dataclass(frozen=True, slots=True)
class Finding:
    """A cause, the layers it sits in (the likeliest culprit first), and what proves it.

    `explained`: share (0 to 1) of the error's energy that the cause's hypothesis removes where it was tested.
    `size`: the error it brings in, relative to the layer's signal. `proof`: how far it was measured. `confidence`:
    a rank of that proof (0 to 1; at most 0.2 where trying refuted it), no probability.
    `refuted_by`: what would prove it wrong. `advice`: what to do, one line each. `behind`: layers it spoils directly.
    `int16`: the convolution inputs that the first line of the advice puts into 16 bit. `tried`: what that line gives.
    """

    cause: Cause
    layers: tuple[str, ...]
    confidence: float
    evidence: tuple[Evidence, ...]
    advice: tuple[str, ...] = ()
    refuted_by: str = ""
    explained: float = 0.0
    size: float = 0.0
    behind: tuple[str, ...] = ()
    int16: tuple[str, ...] = ()
    proof: Proof = Proof.FIGURES
    tried: Tried | None = None


class Costs(Sequence[tuple[str, float]]):
    """What inputs cost a layer, each a run of that layer; computed when it is asked for first: of most layers nobody
    asks. The dumps have to be open then, and whatever reading them raises is raised."""

    def __init__(self, make: Callable[[], Iterable[tuple[str, float]]]) -> None:
        self._make: Callable[[], Iterable[tuple[str, float]]] | None = make
        self._made: tuple[tuple[str, float], ...] = ()

    @property
    def all(self) -> tuple[tuple[str, float], ...]:
        """Inputs and costs."""
        if self._make is not None:
            self._made, self._make = tuple(self._make()), None
        return self._made

    @overload
    def __getitem__(self, place: int) -> tuple[str, float]: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[tuple[str, float], ...]: ...
    def __getitem__(self, place: int | slice) -> tuple[str, float] | tuple[tuple[str, float], ...]:
        return self.all[place]

    def __iter__(self) -> Iterator[tuple[str, float]]:
        return iter(self.all)

    def __len__(self) -> int:
        return len(self.all)


@dataclass(frozen=True, slots=True)
class Budget:
    """A layer's error, relative to the benchmark's output (1 = as large as the signal).

    `own_steps`: RMS of the own error in steps of the sample's grid (0.29 is rounding); NaN without a grid.
    `floor`: what rounding the output itself to its grid costs at least.
    `clipped`, `weights`: shares (0 to 1) of the own error's energy that the grid's limits, and 8-bit weights,
    explain; weights NaN where they were not looked at. `cut`: what the limits cut off the benchmark itself.
    `rounding`: what rounding each input to its grid does to this output; `passed`: what each input's own error, with
    everything before it right, does to it.
    `inputs`: compared tensors (or network inputs) it is computed from. `proven`: replayed, not estimated.
    """

    name: str
    inputs: tuple[str, ...]
    total: float
    inherited: float
    own: float
    own_steps: float
    floor: float = 0.0
    clipped: float = 0.0
    cut: float = 0.0
    weights: float = nan
    rounding: Sequence[tuple[str, float]] = ()
    passed: Sequence[tuple[str, float]] = ()
    proven: bool = False


class Role(StrEnum):
    """What a layer does to the error."""

    CLEAN = "clean"
    INTRODUCED = "introduced"
    INHERITED = "inherited"
    RECOVERED = "recovered"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Blame:
    """A layer's part. Errors are relative (1 = as large as the signal); `own_steps` in the sample's steps.

    `proven`: the layer was computed again in float from the sample's inputs; else estimated from its neighbours.
    `jump`: the vendor's rule, RMSE more than 1.00 above the layer before.
    """

    name: str
    role: Role
    total: float
    inherited: float
    own: float
    own_steps: float
    proven: bool
    jump: bool = False
    culprits: tuple[str, ...] = ()


class Course(StrEnum):
    """How the error runs over the whole network (the accuracy procedure's distinction)."""

    LOW = "low"
    JUMP = "sudden jump"
    DRIFT = "slow drift"
    WOBBLE = "wobble"


@dataclass(frozen=True, slots=True)
class Trend:
    """The course, the layer it turns at (jump: where; drift: first beyond the limit) and one sentence."""

    course: Course
    layer: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Recovered:
    """A row computed from data won back from a layout that kept its padding.

    `kept`: share of the layer's values that is still there. `layout` names what was undone.
    """

    row: LayerDiff
    layout: str
    kept: float


@dataclass(frozen=True, slots=True)
class Sources:
    """A layer's error by what makes it, as the twin has it with each source switched off.

    `explained`: share of the measured error that the predicted one explains. `together`: what all shares add up to;
    `parts` (what, tensor, share), the largest first, are empty where that is far from 1: then the parts depend on each
    other, and no share means anything.
    """

    layer: str
    explained: float
    together: float
    parts: tuple[tuple[str, str, float], ...]


def _part(part: tuple[str, str, float]) -> str:
    kind, name, share = part
    return Message("{kind} of {name} {share:.0%}", kind=Message(kind), name=name, share=share)


@dataclass(frozen=True, slots=True)
class Foresight:
    """What the twin says of the measured errors: `explained`, the share of those of `layers` that is quantization.

    `median_db`, `p90_db`: how far its SQNR is from the measured one over `counted` layers. `reproduces`: it gives the
    sample's dump, so that what it foresees is what was measured; `elsewhere`: it does not, and so far that no
    quantization explains it. Where neither is so no cause and no advice rests on it, `why` says more if that is known.
    `roughly`: bad layers of few values that it foresees to a factor of 2; `silent`: others that it can not foresee.
    `sources` of the worst layers and the outputs; `looked_at` of
    `all_sources` were switched off in the time there was.
    """

    explained: float
    layers: tuple[str, ...]
    median_db: float
    p90_db: float
    counted: int
    reproduces: bool = False
    elsewhere: bool = False
    why: str = ""
    roughly: int = 0
    silent: int = 0
    sources: tuple[Sources, ...] = ()
    looked_at: int = 0
    all_sources: int = 0

    @property
    def text(self) -> str:
        """The one line."""
        agreement = Message(
            "median {median_db:.2f} dB, p90 {p90_db:.2f} dB over {layers}",
            median_db=self.median_db,
            p90_db=self.p90_db,
            layers=count(self.counted, "layer"),
        )
        if not (self.reproduces or self.elsewhere) and self.median_db <= REPRODUCED:
            return Message(
                "foresees errors of the size that this dump has ({agreement}), "
                "but other values: no cause and no advice rests on it",
                agreement=agreement,
            )
        if not (self.reproduces or self.elsewhere):
            most = Message("where only quantization differs the median is {most:.0f} dB at most", most=REPRODUCED)
            if self.why:
                return Message(
                    "does not foresee this dump: off by {agreement} ({most}); {why}; "
                    "no cause and no advice rests on it",
                    agreement=agreement,
                    most=most,
                    why=self.why,
                )
            return Message(
                "does not foresee this dump: off by {agreement} ({most}); no cause and no advice rests on it",
                agreement=agreement,
                most=most,
            )
        rest = (
            Message("the chance of rounding, or not quantization") if self.reproduces else Message("not quantization")
        )
        left = Message("; the rest is {rest}", rest=rest) if self.explained < _ALL else ""
        what = Message(
            "quantization explains {explained:.0%} of what was measured at {layers}",
            explained=self.explained,
            layers=count(len(self.layers), "layer"),
        )
        roughly, silent = (
            plural(
                self.roughly,
                "; it foresees {layers} to a factor of {factor:g}, as it has few values",
                "; it foresees {layers} to a factor of {factor:g}, as they have few values",
                layers=count(self.roughly, "more bad layer"),
                factor=ROUGHLY,
            )
            if self.roughly
            else "",
            Message("; {layers} can not be foreseen", layers=count(self.silent, "more bad layer"))
            if self.silent
            else "",
        )
        return Message(
            "{what}{left}{roughly}{silent} (the twin against this dump: {agreement})",
            what=what,
            left=left,
            roughly=roughly,
            silent=silent,
            agreement=agreement,
        )

    @property
    def lines(self) -> tuple[str, ...]:
        """The one line, then the sources of each layer."""
        told = (
            Message("{layer}: {parts}", layer=each.layer, parts=joined(map(_part, each.parts[:_PROOFS])))
            for each in self.sources
            if each.parts
        )
        silent = [each.layer for each in self.sources if not each.parts]
        why = Message("sources depend on each other")
        if self.looked_at < self.all_sources:
            why = Message(
                "sources depend on each other ({number} of {total}, the nearest, were switched off)",
                number=self.looked_at,
                total=self.all_sources,
            )
        return (
            self.text,
            *told,
            *([Message("no shares of {names}: {why}", names=some(silent), why=why)] if silent else []),
        )


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Findings, the likeliest first; never empty. `graph_known`: the dumps hold inputs as well as outputs.

    `budgets`: the error of every compared layer taken apart, which predictions are made from. `foresight`: what the
    twin says, where there is one; `trying`: that twin, to try changes on while the dumps are open.
    """

    findings: tuple[Finding, ...]
    blame: tuple[Blame, ...]
    trend: Trend
    graph_known: bool
    recovered: tuple[Recovered, ...] = ()
    notes: tuple[str, ...] = ()
    budgets: tuple[Budget, ...] = field(default=(), repr=False)
    foresight: Foresight | None = None
    trying: "Trying | None" = field(default=None, repr=False, compare=False)

    @property
    def first(self) -> Finding:
        """The likeliest cause."""
        return self.findings[0]


def percent(share: float) -> str:
    """An error relative to the signal: "17.4%", from ten times the signal on "12 times"."""
    if not isfinite(share):
        return Message("more than any part")
    return f"{share:.1%}" if share < 10 else Message("{number:.3g} times", number=share)


def proof(finding: Finding) -> tuple[Evidence, ...]:
    """The two or three numbers that prove a finding: its first ones and its last; facts without one if it has none."""
    numbers = tuple(each for each in finding.evidence if each.value is not None) or finding.evidence
    return numbers if len(numbers) <= _PROOFS else (*numbers[: _PROOFS - 1], numbers[-1])

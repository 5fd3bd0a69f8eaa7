"""`plan`: the fixed model's types, scales, zero points and weight modes, before any fixed model exists.

From the network's structure, the calibrated ranges, the INT16 choice and the quantization level. On 25 real pairs all
883 types, zero points, and scales to the header's six decimals are right.

    8 bit    s = (hi - lo) / 255, z = round(-lo / s), over lo = min(0, least), hi = max(0, largest) of the whole domain
    INT16    s = max(|lo|, |hi|) / 32767, z = 0
    softmax  its output 1 / 32767; its input, in INT16, max(10, |least of softmax_lut_range.txt|) / 32767
    nothing  a range of zero counts as +-0.5
    weights  max |w| / 127 or / 32767; one a tensor at L1, one a channel from L2 on unless the channels' maxima lie more
             than 1024 apart (an all-zero channel counts as 0.5)
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from sgs_tui.engine.errors import InputError, reason
from sgs_tui.engine.twin.domains import Domain, Domains, Read, find_domains, raised_inputs
from sgs_tui.engine.twin.fusing import Group, fused_tensors, group
from sgs_tui.engine.twin.meaning import Floats
from sgs_tui.engine.twin.network import Bounds, Extremes, Twin, is_weighted
from sgs_tui.engine.twin.qdq import Qdq
from sgs_tui.language import Message

NARROW, WIDE = 255, 32767
WHOLE, HALF = 65535, 32768
APART = 1024
"""Ratio of channel maxima from which a convolution gets one weight scale (1020: a channel each, 1030: one)."""

NOTHING = 0.5
SOFTMAX_LEAST = 10.0


@dataclass(frozen=True, slots=True)
class Grid:
    """value = (code - zero) * scale; codes 0..255, or -32768..32767 where `wide`. `limited` False only rounds."""

    wide: bool
    scale: float
    zero: int
    limited: bool = True

    @property
    def type_name(self) -> str:
        """The dump's word for it."""
        return "SGS_S16" if self.wide else "SGS_U8"


@dataclass(frozen=True, slots=True)
class Weights:
    """How a convolution's weights are quantized."""

    wide: bool
    by_channel: bool


@dataclass(frozen=True)
class Plan:
    """What the fixed model is made of. None as a grid or weights: left in float (for experiments).

    `grids` of every stored tensor; `reads` of 8-bit copies; `writes` of what a SPLIT writes before a cast; `weights` by
    op index; `ranges` the calibrated (or, `guessed`, the dump's own) range of every tensor; `raised` the convolution
    inputs chosen for INT16. `learned` by op index is what a fixed dump told of accumulators (see `measured`), `fed` its
    values of what barriers write (the float ones would hide the error that reaches them), `channels` calibrated
    ranges of convolutions' output channels where they are known, `stretch`
    what to multiply calibration's growth with, to see how much depends on it. `qdq`: onnxruntime's rules, not the
    SDK's; values are then computed in float and rounded once.
    """

    twin: Twin = field(repr=False)
    level: int
    raised: frozenset[str]
    fused: frozenset[str]
    domains: Domains = field(repr=False)
    grids: Mapping[str, Grid | None] = field(repr=False)
    reads: Mapping[Read, Grid] = field(repr=False)
    writes: Mapping[str, Grid] = field(repr=False)
    weights: Mapping[int, Weights | None] = field(repr=False)
    ranges: Mapping[str, Bounds] = field(repr=False)
    guessed: frozenset[str] = frozenset()
    softmax: Mapping[str, Bounds] | None = field(default=None, repr=False)
    learned: Mapping[int, float] = field(default_factory=dict, repr=False)
    fed: Mapping[str, Floats] = field(default_factory=dict, repr=False)
    stretch: float = 1.0
    channels: Mapping[str, Extremes] = field(default_factory=dict, repr=False)
    qdq: Qdq | None = None

    def choices(self) -> tuple[str, ...]:
        """What can be put into INT16 by name, in network order: convolution inputs, or what onnxruntime quantizes."""
        return self.qdq.choices(self.twin) if self.qdq is not None else self.twin.convolution_inputs()

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The ops as they run."""
        return group(self.twin, self.fused)

    def layers(self) -> tuple[str, ...]:
        """Stored tensors that ops write, in execution order."""
        return tuple(name for each in self.groups for name in each.writes)

    def known_ranges(self) -> dict[str, Bounds]:
        """Ranges that calibration tells."""
        return {name: bounds for name, bounds in self.ranges.items() if name not in self.guessed}

    def wide(self) -> frozenset[str]:
        """The tensors in INT16."""
        return frozenset(name for name, grid in self.grids.items() if grid is not None and grid.wide)


def plan(
    twin: Twin,
    ranges: Mapping[str, Bounds] | None,
    int16: Sequence[str] = (),
    level: int = 2,
    softmax: Mapping[str, Bounds] | None = None,
    exact: bool = False,
    channels: Mapping[str, Extremes] | None = None,
) -> Plan:
    """The fixed model for one INT16 choice.

    `ranges` by tensor name as in tensor_min_max.txt; None takes the dump's own (`guessed`), which is 12 to 26 dB off
    where calibration clipped. `int16` names as in tensor_arrays (prefixes, unless `exact`) or a word of input_format;
    tensors that level L4 or L5 promotes by itself have to be named. `softmax` is softmax_lut_range.txt. `channels` is
    tensor_chn.txt: with it accumulator shifts are computed and not estimated (11 of 11 right, as the estimates there
    were). Raises InputError for a level that is none.
    """
    if level not in range(1, 6):
        raise InputError(
            Message("quantization level {level}: there is L1 to L5", level=level), Message("say --level L2")
        )
    raised, fused = raised_inputs(twin, int16, exact), fused_tensors(twin)
    bounds, guessed = _bounds(twin, ranges)
    empty = Plan(
        twin, level, raised, fused, find_domains(twin, raised, fused), {}, {}, {}, {}, bounds, guessed, softmax
    )
    empty = replace(empty, channels={n: each for n, each in (channels or {}).items() if _fits(twin, n, each)})
    return _filled(empty)


def with_int16(base: Plan, int16: Sequence[str], exact: bool = True) -> Plan:
    """The same model with another INT16 choice: ranges, level and fused ops stay."""
    raised = raised_inputs(base.twin, int16, exact) if base.qdq is None else base.qdq.raised(base.twin, int16)
    return base if raised == base.raised else _filled(replace(base, raised=raised, domains=_domains(base, raised)))


def with_qdq(base: Plan, qdq: Qdq, raised: frozenset[str]) -> Plan:
    """The same network as onnxruntime quantizes it."""
    made = replace(base, qdq=qdq, raised=raised)
    return _filled(replace(made, domains=_domains(made, raised)))


def _domains(base: Plan, raised: frozenset[str]) -> Domains:
    return base.qdq.domains(raised) if base.qdq is not None else find_domains(base.twin, raised, base.fused)


def with_level(base: Plan, level: int) -> Plan:
    """The same model with the weight scales of another level; activations stay as they are."""
    return replace(base, level=level, weights=_weights(base, level, base.grids))


def with_ranges(base: Plan, ranges: Mapping[str, Bounds]) -> Plan:
    """The same model with other calibrated ranges of some tensors."""
    return _filled(replace(base, ranges={**base.ranges, **ranges}))


def plan_fused(base: Plan, fused: frozenset[str]) -> Plan:
    """The same model with other tensors fused: disableDomainFuseOps stores more of them."""
    if fused == base.fused:
        return base
    return _filled(replace(base, fused=fused, domains=find_domains(base.twin, base.raised, fused)))


def _filled(empty: Plan) -> Plan:
    """Grids from domains."""
    twin, domains = empty.twin, empty.domains
    by_domain = {id(each): _grid(empty, each) for each in (*domains.by_name.values(), *domains.copies.values())}
    by_domain |= {id(each): _grid(empty, each) for each in domains.casts.values()}
    grids: dict[str, Grid | None] = {name: by_domain[id(domain)] for name, domain in domains.by_name.items()}
    if empty.qdq is None:
        grids |= {name: Grid(True, 1 / WIDE, 0) for name in _softmax_outputs(twin) if name in grids}
    return replace(
        empty,
        grids=grids,
        reads={read: by_domain[id(domain)] for read, domain in domains.copies.items()},
        writes={name: by_domain[id(domain)] for name, domain in domains.casts.items()},
        weights=_weights(empty, empty.level, grids),
    )


def _bounds(twin: Twin, ranges: Mapping[str, Bounds] | None) -> tuple[dict[str, Bounds], frozenset[str]]:
    """Calibrated ranges by name, else by name without `#NN` (numbers change with each conversion), else the dump's."""
    given = ranges or {}
    stripped = {bare(name): bounds for name, bounds in given.items()}
    found: dict[str, Bounds] = {}
    guessed: set[str] = set()
    for name in twin.tensors:
        known = given.get(name) or stripped.get(bare(name))
        if known is None or not np.isfinite(known).all():
            guessed.add(name)
            known = twin.bounds[name]
        found[name] = known
    return found, frozenset(guessed)


def bare(name: str) -> str:
    """A name without its `#NN`, which is renumbered by each conversion."""
    return re.sub(r"#\d+", "", name)


def _softmax_outputs(twin: Twin) -> frozenset[str]:
    return frozenset(name for op in twin.ops if op.kind.upper().startswith("SOFTMAX") for name in op.outputs)


def _grid(empty: Plan, domain: Domain) -> Grid:
    bounds = [empty.ranges[name] for name in (*domain.members, *domain.ghosts)]
    low, high = min(0.0, *(each[0] for each in bounds)), max(0.0, *(each[1] for each in bounds))
    if not domain.wide:
        return narrow_grid(low, high)
    if empty.qdq is not None:
        return _whole_grid(low, high)
    fed = [
        op
        for name in domain.members
        for op in empty.twin.readers.get(name, ())
        if op.kind.upper().startswith("SOFTMAX")
    ]
    if fed:
        least = max(_softmax_least(empty, op.inputs[0]) for op in fed)
        return Grid(True, max(SOFTMAX_LEAST, least) / WIDE, 0)
    return wide_grid(low, high)


def narrow_grid(low: float, high: float) -> Grid:
    """8 bit over a range that holds 0."""
    if low == high:
        low, high = -NOTHING, NOTHING
    scale = (high - low) / NARROW
    return Grid(False, scale, int(np.clip(np.floor(-low / scale + 0.5), 0, NARROW)))


def wide_grid(low: float, high: float) -> Grid:
    """INT16, symmetric."""
    return Grid(True, (max(abs(low), abs(high)) or NOTHING) / WIDE, 0)


def _whole_grid(low: float, high: float) -> Grid:
    """16 bit over a range that holds 0, as onnxruntime's uint16; codes are 32768 less, as int16."""
    scale = ((high - low) or 2 * NOTHING) / WHOLE
    return Grid(True, scale, int(np.clip(np.floor(-low / scale + 0.5), 0, WHOLE)) - HALF)


def _softmax_least(empty: Plan, name: str) -> float:
    """The deepest input below its row's largest: from calibration, else from the dump's own range (a guess)."""
    told = empty.softmax or {}
    known = told.get(name) or {bare(each): bounds for each, bounds in told.items()}.get(bare(name))
    if known is not None:
        return abs(known[0])
    low, high = empty.twin.bounds[name]
    return high - low


def _weights(base: Plan, level: int, grids: Mapping[str, Grid | None]) -> dict[int, Weights | None]:
    found: dict[int, Weights | None] = {}
    for op in base.twin.ops:
        if is_weighted(op.kind) and op.convolution is not None:
            grid = grids.get(op.inputs[0])
            by_channel = level >= 2 and (base.qdq is not None or not far_apart(op.convolution.weights))
            found[op.index] = Weights(grid is not None and grid.wide, by_channel)
    return found


def far_apart(weights: Floats) -> bool:
    """Whether the channels' largest weights lie so far apart that the converter gives them one scale."""
    peaks = np.abs(weights.reshape(weights.shape[0], -1)).max(axis=1)
    peaks = np.where(peaks == 0, NOTHING, peaks)
    return bool(peaks.max() > APART * peaks.min())


def _fits(twin: Twin, name: str, channels: Extremes) -> bool:
    known = twin.extremes.get(name)
    return known is not None and known.low.shape == channels.low.shape == channels.high.shape


def load_channel_ranges(path: Path) -> dict[str, Extremes]:
    """tensor_chn.txt: the calibrated range of every channel of a convolution's output, by tensor name.

    Two lines a tensor: `Name:<tensor>, <channels>` and `min_chn: a, b, .., max_chn: c, d, ..;`. Raises InputError for a
    file that can not be read or has other lines.
    """
    try:
        lines = [
            line for line in path.read_text(encoding="utf-8", errors="surrogateescape").splitlines() if line.strip()
        ]
        return dict(_channels(head, line) for head, line in zip(lines[::2], lines[1::2], strict=True))
    except OSError as error:
        raise InputError(
            Message("{path}: cannot read: {why}", path=path, why=reason(error)),
            Message("check the path and its rights"),
        ) from error
    except ValueError as error:
        raise InputError(
            Message("{path}: is no tensor_chn.txt: {error}", path=path, error=str(error)[:80]),
            Message("the calibrator writes it"),
        ) from error


def _channels(head: str, line: str) -> tuple[str, Extremes]:
    name = head.removeprefix("Name:").rpartition(", ")[0]
    low, found, high = line.strip().removeprefix("min_chn: ").rstrip("; ").partition(", max_chn: ")
    if not name or not found:
        raise ValueError(head)
    bounds = [np.array([float(each) for each in side.split(",")], np.float32) for side in (low, high)]
    return name, Extremes(bounds[0], bounds[1])


SOFTMAX = "softmax_lut_range.txt"
"""The calibrator's name for it."""


def load_softmax_ranges(path: Path) -> Mapping[str, Bounds]:
    """softmax_lut_range.txt by tensor name: the same lines as tensor_min_max.txt. Raises InputError."""
    from sgs_tui.engine.calibration.ranges import load_ranges

    return load_ranges(path).by_name

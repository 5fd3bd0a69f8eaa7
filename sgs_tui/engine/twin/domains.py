"""Which tensors share one scale, and which of them are INT16: from the network's structure and the INT16 choice.

Ops that hand codes on (PASS: concatenations, pools, splits, ...) tie their inputs and outputs to one domain; ADD does
not. The rules were found on real pairs; this code gives the types of 883 of 883 tensors of 25 of them:

- Raised are convolution inputs (never the network's own) that a chosen name is a prefix of; an AVERAGE_POOL over 256 or
  more pixels (255: 8 bit, 256: INT16); a CONCATENATION with a TILE before it.
- INT16 spreads from a raised tensor upstream through PASS ops. A SPLIT with an INT16 input and a raised output has all
  outputs in INT16. A raised output of an 8-bit SPLIT gets a cast behind it, and its own range.
- A PASS op that leads to a convolution input left at 8 bit reads an 8-bit copy of an INT16 tensor; the copy belongs to
  the op's domain.
- A domain is INT16 if it holds such a tensor or an Align2 output, or if no member is a convolution's or the network's
  input. Everything else is 8 bit, as the network's input always is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sgs_tui.engine.twin.fusing import is_elementwise
from sgs_tui.engine.twin.meaning import Pool
from sgs_tui.engine.twin.network import Twin, TwinOp, is_weighted

PASS = (
    "CONCAT", "SPLIT", "RESHAPE", "TRANSPOSE", "MAX_POOL", "AVERAGE_POOL", "DILATION", "ALIGN", "PAD", "SLICE",
    "SQUEEZE", "EXPAND", "TILE", "STRIDED_SLICE", "GATHER", "PACK", "UNPACK", "STACK",
)  # fmt: skip
LARGE_POOL = 256
"""Pixels of an average pool from which its output is raised."""

WORDS = ("ALL_INT16", "CONV2D_INT16", "DEPTHWISE_INT16", "ALL_UINT8")
"""Values of input_format in [CONV_CONFIG]; they may stand among the names."""

Read = tuple[int, str]
"""An op's index and the tensor it reads."""


@dataclass(frozen=True, slots=True)
class Domain:
    """Tensors of one scale; `ghosts` lend their range only (8-bit copies, what a cast behind a SPLIT reads)."""

    members: tuple[str, ...]
    ghosts: tuple[str, ...]
    wide: bool


@dataclass(frozen=True, slots=True)
class Domains:
    """`by_name` the domain of each stored tensor; `copies` of what a PASS op reads in 8 bit; `casts` of what a SPLIT
    writes in 8 bit before a cast."""

    by_name: dict[str, Domain]
    copies: dict[Read, Domain]
    casts: dict[str, Domain]


def passes(op: TwinOp) -> bool:
    """Whether an op hands codes on unchanged (an average pool averages them)."""
    return op.kind.upper().startswith(PASS)


def _splits(op: TwinOp | None) -> bool:
    return op is not None and op.kind.upper().startswith("SPLIT")


WORDS = ("ALL", "ALL_INT16", "CONV2D_INT16", "DEPTHWISE_INT16")
"""What input_format of [CONV_CONFIG] says instead of names, and ALL for short."""


def raised_inputs(twin: Twin, chosen: Sequence[str], exact: bool = False) -> frozenset[str]:
    """Convolution inputs that the choice raises. A name matches as a prefix, as the vendor's tools do, unless
    `exact`."""
    found: set[str] = set()
    for name in twin.convolution_inputs():
        named = name in chosen if exact else any(each and name.startswith(each) for each in chosen)
        if named or _by_word(twin, name, chosen):
            found.add(name)
    return frozenset(found)


def _by_word(twin: Twin, name: str, chosen: Sequence[str]) -> bool:
    kinds = {op.kind.upper().startswith("DEPTHWISE") for op in twin.readers[name] if is_weighted(op.kind)}
    return (
        any(word in chosen for word in WORDS[:2])
        or (WORDS[2] in chosen and False in kinds)
        or (WORDS[3] in chosen and True in kinds)
    )


def find_domains(twin: Twin, raised: frozenset[str], fused: frozenset[str]) -> Domains:
    """Domains and their widths for one INT16 choice; `raised` are convolution inputs."""
    wide, casts = _wide(twin, raised)
    inputs = frozenset(op.inputs[0] for op in twin.ops if is_weighted(op.kind) and op.inputs)
    copies = set(_copies(twin, wide | casts, inputs))
    ties = _Ties()
    for op in twin.ops:
        if passes(op):
            reads = [_Ghost(name, op.index) if (op.index, name) in copies else name for name in op.inputs]
            ties.tie([*reads, *(_Ghost(name) if name in casts else name for name in op.outputs)])
    for name in twin.tensors:
        if name not in fused:
            ties.tie([name])
    eight_bit = inputs | frozenset(twin.inputs)
    sixteen = wide | casts | {name for op in twin.ops if op.kind.upper().startswith("ALIGN") for name in op.outputs}
    return _collected(ties, eight_bit, frozenset(sixteen))


def _wide(twin: Twin, raised: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Tensors that are INT16 by themselves, and those that a cast behind a SPLIT makes so."""
    forced = {name for op in twin.ops if _large_pool(op) or _joins_tiles(twin, op) for name in op.outputs}
    found = _upstream(twin, forced | {name for name in raised if not _splits(twin.producers.get(name))})
    while True:
        splits = [
            op for op in twin.ops if _splits(op) and op.inputs and op.inputs[0] in found and set(op.outputs) & raised
        ]
        grown = _upstream(twin, found | {name for op in splits for name in op.outputs})
        if grown == found:
            break
        found = grown
    return frozenset(found), frozenset(raised - found)


def _large_pool(op: TwinOp) -> bool:
    meaning = op.meaning
    return isinstance(meaning, Pool) and meaning.average and meaning.kernel[0] * meaning.kernel[1] >= LARGE_POOL


def _joins_tiles(twin: Twin, op: TwinOp) -> bool:
    """A concatenation with a TILE before it, through PASS ops, casts and elementwise ops of one input."""
    if not op.kind.upper().startswith("CONCAT"):
        return False
    seen, queue = set(op.inputs), list(op.inputs)
    while queue:
        producer = twin.producers.get(queue.pop())
        if producer is None:
            continue
        if producer.kind.upper().startswith("TILE"):
            return True
        if passes(producer) or producer.cast or (is_elementwise(producer) and len(producer.inputs) == 1):
            queue += [name for name in producer.inputs if name not in seen]
            seen.update(producer.inputs)
    return False


def _upstream(twin: Twin, names: Iterable[str]) -> set[str]:
    """The names and all that PASS ops make them of."""
    found, queue = set(names), list(names)
    while queue:
        producer = twin.producers.get(queue.pop())
        if producer is not None and passes(producer):
            queue += [name for name in producer.inputs if name not in found]
            found.update(producer.inputs)
    return found


def _copies(twin: Twin, wide: frozenset[str], inputs: frozenset[str]) -> Iterable[Read]:
    """Reads of INT16 tensors by PASS ops that lead to a convolution input left at 8 bit."""
    for op in twin.ops:
        if passes(op) and not set(op.outputs) & wide and _leads(twin, op, inputs - wide):
            yield from ((op.index, name) for name in op.inputs if name in wide)


def _leads(twin: Twin, op: TwinOp, narrow: frozenset[str]) -> bool:
    queue = [op]
    while queue:
        following = queue.pop()
        if set(following.outputs) & narrow:
            return True
        queue += [reader for name in following.outputs for reader in twin.readers.get(name, ()) if passes(reader)]
    return False


@dataclass(frozen=True, slots=True)
class _Ghost:
    """A copy that one op reads, or (without `reader`) what a SPLIT writes before a cast."""

    name: str
    reader: int | None = None


Member = str | _Ghost


@dataclass(slots=True)
class _Ties:
    """Disjoint sets."""

    parent: dict[Member, Member] = field(default_factory=dict)

    def root(self, member: Member) -> Member:
        while self.parent.setdefault(member, member) != member:
            self.parent[member] = self.parent[self.parent[member]]
            member = self.parent[member]
        return member

    def tie(self, members: Sequence[Member]) -> None:
        for member in members:
            self.parent[self.root(member)] = self.root(members[0])

    def sets(self) -> list[list[Member]]:
        found: dict[Member, list[Member]] = {}
        for member in list(self.parent):
            found.setdefault(self.root(member), []).append(member)
        return list(found.values())


def _collected(ties: _Ties, eight_bit: frozenset[str], sixteen: frozenset[str]) -> Domains:
    found = Domains({}, {}, {})
    for members in ties.sets():
        names = tuple(each for each in members if isinstance(each, str))
        ghosts = [each for each in members if isinstance(each, _Ghost)]
        narrow = any(name in eight_bit for name in names) or (bool(ghosts) and not set(names) & sixteen)
        domain = Domain(names, tuple(each.name for each in ghosts), bool(set(names) & sixteen) or not narrow)
        found.by_name.update(dict.fromkeys(names, domain))
        found.copies.update({(each.reader, each.name): domain for each in ghosts if each.reader is not None})
        found.casts.update({each.name: domain for each in ghosts if each.reader is None})
    return found

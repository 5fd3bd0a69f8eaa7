"""Deep networks of random weights: 50 to 70 layers, residuals, depthwise, hard-swish, heads that are joined.

Channels are brought to one size but keep their mean, and what a residual branch adds is small, so that rounding adds up
to no more than in trained networks. Written as the simulator's float dumps are.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sgs_tui.engine.dumps.format import Direction
from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.dumps.writer import Draft, write_dump
from sgs_tui.engine.twin.rebuild import rebuild
from tests.engine.diagnosis.cases import picture
from tests.engine.diagnosis.nets import Array, Node, convolve
from tests.engine.diagnosis.networks import Network

Random = np.random.Generator
SIDE = 32


@dataclass
class Builder:
    """A network as it is built: every tensor [H, W, C], and the records of the ops that made them."""

    rng: Random
    values: dict[str, Array] = field(default_factory=dict)
    drafts: list[Draft] = field(default_factory=list)
    ops: int = 0
    middle: float = 0.3
    """Mean of the weights: the more, the less rounding adds up."""

    def op(self, kind: str, name: str, inputs: tuple[str, ...], result: Array, *constants: tuple[str, Array]) -> str:
        """An op's records: its inputs, its constants, what it writes."""
        for slot, source in enumerate(inputs):
            self.drafts.append(Draft(Direction.IN, slot, self.ops, kind, source, self.values[source]))
        for slot, (what, values) in enumerate(constants, len(inputs)):
            self.drafts.append(Draft(Direction.IN, slot, self.ops, kind, f"{name}.{what}", values, constant=True))
        self.values[name] = result.astype(np.float32)
        self.drafts.append(Draft(Direction.OUT, 0, self.ops, kind, name, self.values[name]))
        self.ops += 1
        return name

    def convolution(
        self, name: str, source: str, channels: int, size: int = 1, stride: int = 1, gain: float = 1.0,
        depthwise: bool = False,
    ) -> str:  # fmt: skip
        """Weights such that every channel of its output is about as large as `gain`."""
        before = self.values[source].shape[-1]
        shape = (size, size, before) if depthwise else (size, size, before, channels)
        kind = "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D"
        weights = (self.rng.normal(self.middle, 1, shape) / np.sqrt(size * size * (1 if depthwise else before))).astype(
            np.float32
        )
        raw = convolve(
            self.values[source], Node(kind, name, (source,), weights, np.zeros(channels, np.float32), stride)
        )
        size_of = np.sqrt(np.square(raw.reshape(-1, channels)).mean(axis=0)) + 0.05
        factors = (gain * self.rng.uniform(0.6, 1.4, channels) / size_of).astype(np.float32)
        weights *= factors
        shift = self.rng.normal(0, 0.2 * gain, channels)
        bias = shift.astype(np.float32)
        made = convolve(self.values[source], Node(kind, name, (source,), weights, bias, stride))
        stored = weights if depthwise else np.moveaxis(weights, -1, 0)
        rows = np.stack([bias, np.ones(channels, np.float32)])
        return self.op(kind, name, (source,), made, ("weight", np.ascontiguousarray(stored)), ("bias", rows))

    def activation(self, kind: str, source: str) -> str:
        """`relu`, `leaky`, or a hard-swish of four ops: x * relu6(x + 3) / 6."""
        x = self.values[source]
        if kind == "relu":
            return self.op("RELU", f"{source}_relu", (source,), np.maximum(x, 0))
        if kind == "leaky":
            return self.op("LEAKY_RELU", f"{source}_leaky", (source,), np.where(x < 0, x * np.float32(0.1), x))
        three, sixth = np.array([3.0], np.float32), np.array([1 / 6], np.float32)
        raised = self.op("ADD", f"{source}_add3", (source,), x + three, ("three", three))
        cut = self.op("RELU6", f"{source}_relu6", (raised,), np.clip(self.values[raised], 0, 6))
        gated = self.op("MUL", f"{source}_mul", (source, cut), x * self.values[cut])
        return self.op("MUL", f"{source}_swish", (gated,), self.values[gated] * sixth, ("sixth", sixth))

    def layer(self, act: str, *args: object, **how: object) -> str:
        return self.activation(act, self.convolution(*args, **how))  # type: ignore[arg-type]

    def add(self, name: str, left: str, right: str) -> str:
        return self.op("ADD", name, (left, right), self.values[left] + self.values[right])

    def joined(self, name: str, *sources: str) -> str:
        return self.op("CONCATENATION", name, sources, np.concatenate([self.values[each] for each in sources], axis=-1))


def deep(name: str, seed: int, folder: Path) -> Network:
    """A network and its picture; its float dump is written below `folder` and stays open."""
    rng = np.random.default_rng(seed)
    grey = np.rint(picture(rng, SIDE)).astype(np.float32)
    b = Builder(rng, {"images": ((grey - 127) / 128).astype(np.float32)})
    act = str(rng.choice(["relu", "leaky", "swish"]))
    b.middle = 0.45 if act == "swish" else 0.3
    x = b.layer(act, "stem", "images", 12, 3, stride=2)
    for stage, (channels, blocks) in enumerate(((12, 4), (16, 5), (24, 5))):
        for block in range(blocks):
            x = _block(b, act, f"s{stage}b{block}", x, channels, 2 if stage == 1 and not block else 1)
    path = folder / f"{name}_float.bin"
    _head(b, x)
    write_dump(path, b.drafts)
    return Network(name, rebuild(open_dump(path)), grey)


def _block(b: Builder, act: str, name: str, x: str, channels: int, stride: int) -> str:
    """Expand, depthwise, project, and the sum with what came in where sizes agree."""
    before = b.values[x].shape[-1]
    wide = b.layer(act, f"{name}_expand", x, 2 * before)
    deep = b.layer(act, f"{name}_dw", wide, 2 * before, 3, stride=stride, depthwise=True)
    small = stride == 1 and before == channels
    project = b.convolution(f"{name}_project", deep, channels, gain=0.25 if small else 1.0)
    return b.add(f"{name}_sum", x, project) if small else project


def _head(b: Builder, x: str) -> None:
    """Two branches that are joined and read again, then boxes and classes joined as the output."""
    left = b.layer("relu", "left", x, 12, 3)
    right = b.layer("relu", "right", b.layer("relu", "right0", x, 16), 12, 3)
    neck = b.layer("relu", "neck", b.joined("join", left, right), 16, 3)
    boxes = b.convolution("boxes", b.layer("relu", "boxes0", neck, 12, 3), 4)
    classes = b.convolution("classes", b.layer("relu", "classes0", neck, 12, 3), 6)
    b.joined("output", boxes, classes)

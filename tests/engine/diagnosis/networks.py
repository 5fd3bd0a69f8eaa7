"""Networks into which faults are planted: any float dump, run in float on other pictures of the same kind."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.twin.arithmetic import Pixels
from sgs_tui.engine.twin.kernels import Kernel
from sgs_tui.engine.twin.measured import fixed_records, read_plan
from sgs_tui.engine.twin.network import Twin
from sgs_tui.engine.twin.other_input import fit_of, own_pixels
from sgs_tui.engine.twin.predict import dumped_inputs
from sgs_tui.engine.twin.rebuild import rebuild
from sgs_tui.engine.twin.run import float_layers
from tests.engine.diagnosis.nets import Array, Ranges

Random = np.random.Generator


@dataclass(frozen=True)
class Network:
    """A network of which pairs are made: its twin, how its picture is normalized, and a picture of grey levels."""

    name: str
    twin: Twin
    picture: Array
    pixels: Pixels = Pixels()  # noqa: RUF009 - frozen
    shown: dict[tuple[str, int, int, int], bool] = field(default_factory=dict, compare=False, repr=False)
    """Whether a fault alone breaks a limit, by its seed, attempt and place: a fault is part of many pairs."""

    @cached_property
    def shape(self) -> tuple[int, ...]:
        return self.twin.shapes[self.twin.inputs[0]]

    def seen(self, picture: Array, pixels: Pixels | None = None) -> Array:
        """The picture normalized, flat."""
        how = pixels or self.pixels
        found = (picture.reshape(-1, self.shape[-1]) - np.array(how.mean)) / np.array(how.std)
        return found.astype(np.float32).reshape(-1)

    def calibrate(self, pictures: Sequence[Array], twin: Twin | None = None, pixels: Pixels | None = None) -> Ranges:
        """Least and largest value of every tensor over pictures."""
        ranges: Ranges = {}
        kernels: dict[int, Kernel] = {}
        for picture in pictures:
            for name, values in floats(twin or self.twin, self.seen(picture, pixels), kernels).items():
                low, high = ranges.get(name, (np.inf, -np.inf))
                ranges[name] = (min(low, float(values.min())), max(high, float(values.max())))
        return ranges


def floats(twin: Twin, values: Array, kernels: dict[int, Kernel]) -> dict[str, Array]:
    """Every tensor in float, flat."""
    found = {twin.inputs[0]: values}
    for op, held in float_layers(twin, {twin.inputs[0]: values}, kernels):
        found |= {name: held[name] for name in op.outputs}
    return found


def others(rng: Random, picture: Array, count: int = 5, contrast: float = 1.0, middle: float = 0.0) -> list[Array]:
    """Pictures like one: shifted, mirrored, a little brighter or darker, noisy."""
    found = []
    for number in range(count):
        other = picture[:, ::-1] if number % 2 else picture
        other = np.roll(other, rng.integers(-6, 7, 2), (0, 1))
        other = (other - 127) * rng.uniform(0.85, 1.0) * contrast + 127 + rng.uniform(-8, 8) + middle
        found.append(_grey(other + rng.normal(0, 3 * contrast, picture.shape)))
    return found


def _grey(values: Array) -> Array:
    return np.clip(np.rint(values), 0, 255).astype(np.float32)


def network(name: str, float_dump: Path, fixed_dump: Path) -> Network:
    """A network from a pair of dumps: the picture and its normalization as both inputs tell them."""
    twin, dump = rebuild(open_dump(float_dump)), open_dump(fixed_dump)
    given = dumped_inputs(twin)[twin.inputs[0]]
    own = own_pixels(read_plan(twin, dump, None), fixed_records(twin, dump), given)
    assert own is not None, f"{fixed_dump} holds no picture"
    fit = fit_of(given, own)
    pairs = list(zip(fit.gain, fit.offset, strict=True))
    pixels = Pixels(tuple(round(-b / a, 3) for a, b in pairs), tuple(round(1 / a, 3) for a, _ in pairs))
    picture = own.reshape(twin.shapes[twin.inputs[0]][1:]).astype(np.float32)
    return Network(name, twin, picture, Pixels() if fit.raw else pixels)

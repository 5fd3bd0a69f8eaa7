"""Shapes from tensor_statistics.txt (interop notes 5.3)."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from sgs_tui.engine.configs.reading import reading
from sgs_tui.engine.errors import InputError
from sgs_tui.engine.text import decode, visible

_HEAD = 1 << 16
"""All fields before the histogram fit here; the histogram, most of a line, is skipped unread."""
EXPECTED_STATISTICS = "expected `Name:<tensor>; min: ..; max: ..; ..; Shape:[1,32,32,3]; KLHistogram: ..;`"


def load_shapes(path: Path) -> Mapping[str, tuple[int, ...]]:
    """Tensor shapes (NHWC, as the simulator holds them) by raw name.

    Reads line by line; lines are tens of kilobytes of histogram. Raises InputError with file and line.
    """
    shapes: dict[str, tuple[int, ...]] = {}
    with reading(path) as file:
        for number, head in enumerate(_heads(file), 1):
            if head.strip():
                name, shape = _shape(decode(head).rstrip(), f"{path}, line {number}")
                shapes[name] = shape
    if not shapes:
        raise InputError(f"{path}: holds no shapes", EXPECTED_STATISTICS)
    return shapes


def _heads(file: BinaryIO) -> Iterator[bytes]:
    """The first bytes of each line."""
    while head := file.readline(_HEAD):
        yield head
        rest = head
        while rest and not rest.endswith(b"\n"):
            rest = file.readline(_HEAD)


def _shape(line: str, where: str) -> tuple[str, tuple[int, ...]]:
    fields = line.partition("; KLHistogram:")[0]
    front, _, tail = fields.rpartition("; Shape:[")
    name, _, _ = front.rpartition("; min: ")
    numbers, _, _ = tail.partition("]")
    try:
        if not name.startswith("Name:"):
            raise ValueError(line)
        shape = tuple(int(number) for number in numbers.split(",") if number.strip())
        return name.removeprefix("Name:"), shape
    except ValueError as error:
        raise InputError(f"{where}: no shape here: {visible(line[:60])}", EXPECTED_STATISTICS) from error

"""`vendor-script dump_debug`: the lines and files of the vendor's dump_debug.py (interop notes 3.3)."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from sgs_tui.engine.compare.kernel import Kernel
from sgs_tui.engine.compare.measure import Sides, measure, readers_of
from sgs_tui.engine.compare.results import Pair
from sgs_tui.engine.compare.sides import PLAIN, SideReader, unpadding
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.dumps.records import FloatArray, Record
from sgs_tui.engine.errors import InputError, SgsError
from sgs_tui.engine.files import write_with_backup
from sgs_tui.engine.text import encode, visible

_PER_ROW = 16
_CHUNK = 1 << 16


def lines(fixed: Dump, float_: Dump) -> Iterator[tuple[str, str]]:
    """(line, problem) for each tensor of that name in both dumps, constants of `fixed` excluded, in its order.

    Inputs count as well. A tensor that can not be compared keeps its number and has a problem in place of a line.
    """
    sides, kernel = Sides(fixed, float_), Kernel()
    for pair in _pairs(fixed, float_):
        try:
            yield _line(pair, sides, kernel), ""
        except SgsError as error:
            yield "", f"{visible(pair.name)}: {error.message}"


def _line(pair: Pair, sides: Sides, kernel: Kernel) -> str:
    sample, benchmark = readers_of(pair, sides)
    if sample.count != benchmark.count:
        raise InputError(f"size differs: {sample.count} and {benchmark.count} elements")
    found = measure(pair, sides, kernel).metrics
    figures = f"MSE:\t{found.mse:.6f}\tCOS:\t{found.cos:.6f}\tRMSE:\t{found.rmse:.6f}"
    return f"{pair.number}.{visible(pair.name)}\t{figures}"


def write_tensor(fixed: Dump, float_: Dump, name: str) -> tuple[Path, ...]:
    """fixed.txt and float.txt in the working directory; where older ones were kept.

    Raises DumpError where a dump has no tensor of that name, InputError where a file can not be written.
    """
    found = [dump.find(name)[0] for dump in (fixed, float_)]
    shape = found[1].shape or found[0].shape
    backups = []
    for dump, record, file in zip((fixed, float_), found, ("fixed.txt", "float.txt"), strict=True):
        backups.append(write_with_backup(Path(file), encode(f"{name}\n") + _text(dump, record, shape)))
    return tuple(backup for backup in backups if backup is not None)


def _pairs(fixed: Dump, float_: Dump) -> Iterator[Pair]:
    """The last record of each name, as the vendor's tool keeps it, in the order of first sight."""
    left, right = ({record.name: record for record in dump.records} for dump in (fixed, float_))
    variable = {record.name for record in fixed.records if not record.constant}
    for number, name in enumerate(name for name in left if name in right and name in variable):
        yield Pair(number, left[name], right[name], right[name].shape or left[name].shape)


def _text(dump: Dump, record: Record, shape: tuple[int, ...] | None) -> bytes:
    """Sixteen values a line, two blanks behind each, no padding."""
    reader = SideReader(dump, record, unpadding(record, shape) or PLAIN)
    values: FloatArray = np.empty(reader.count)
    for start in range(0, reader.count, _CHUNK):
        count = min(_CHUNK, reader.count - start)
        values[start : start + count] = reader.take(start, count)
    dump.dequantise(record, values)
    rows = (values[start : start + _PER_ROW].tolist() for start in range(0, len(values), _PER_ROW))
    return "".join("%.6f  " * len(row) % tuple(row) + "\n" for row in rows).encode()

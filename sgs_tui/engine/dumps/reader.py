"""`open_dump`: a dump's index and positioned, chunked reads of its tensors."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from sgs_tui.engine.dumps.dtypes import AnyArray, FloatArray
from sgs_tui.engine.dumps.format import DumpIndex, Form, Record
from sgs_tui.engine.dumps.index import build_index, with_shapes
from sgs_tui.engine.dumps.results import ResultsReader
from sgs_tui.engine.dumps.source import Source
from sgs_tui.engine.dumps.text_payload import TextReader
from sgs_tui.engine.errors import DumpError
from sgs_tui.engine.text import visible
from sgs_tui.language import Message


class Dump:
    """An open dump. Reads are positioned (`pread`), so one Dump serves several threads."""

    def __init__(self, source: Source, index: DumpIndex) -> None:
        self._source = source
        self.path = source.path
        self.index = index
        self.records, self.health, self.form = index.records, index.health, index.form
        self._outputs = tuple(record for record in index.records if record.is_layer)
        self.is_float = index.is_float
        """The file's first line: payloads are float32 whatever their headers' `type:` says."""

    def outputs(self) -> tuple[Record, ...]:
        """The records that are layers: outputs, no constants."""
        return self._outputs

    def find(self, name: str) -> tuple[Record, ...]:
        """Every record of that name, outputs first. Raises DumpError where there is none."""
        found = [record for record in self.records if record.name == name]
        if not found:
            raise DumpError(
                Message("{path}: no tensor is named {name}", path=self.path, name=visible(name)),
                Message("`sgs-tui inspect` lists the names"),
            )
        return tuple(sorted(found, key=lambda record: record.direction == "in"))

    def with_shapes(self, shapes: Mapping[str, tuple[int, ...]]) -> "Dump":
        """The same open file with shapes for records that carry none (both share one descriptor)."""
        return self.reread(with_shapes(self.index, dict(shapes))) if shapes else self

    def reread(self, index: DumpIndex) -> "Dump":
        """The same open file under another index (both share one descriptor)."""
        return Dump(self._source, index)

    def reads_in_order(self) -> bool:
        """Text payloads have to be read from the front; binary ones from anywhere."""
        return self.form is Form.TEXT

    def text_reader(self, record: Record) -> TextReader:
        """A front-to-back reader of one record of a text dump."""
        return (ResultsReader if self.index.results else TextReader)(self._source, record, self.is_float)

    def read_into(self, record: Record, start: int, out: AnyArray) -> None:
        """Fill `out` (contiguous, the record's dtype) with elements from `start`. Binary form only."""
        offset = record.offset + start * record.dtype.itemsize
        if out.size:
            self._source.read_into(offset, out.view(np.uint8).data)  # bfloat16 has no buffer of its own

    def bytes_at(self, offset: int, count: int) -> bytes:
        """Up to `count` bytes from one of the file on, fewer only at its end."""
        return self._source.read_at(offset, count)

    def read_bytes(self, offset: int, out: AnyArray) -> None:
        """Fill `out` (contiguous bytes) with what lies at a byte of the file, whatever records there are."""
        self._source.read_into(offset, out.data)

    def read(self, record: Record, start: int = 0, stop: int | None = None) -> AnyArray:
        """Elements [start, stop) as they are stored (float32 or integers), flat, a copy.

        Raises FileChangedError when the file is no longer the one that was indexed.
        """
        stop = record.count if stop is None else min(stop, record.count)
        start = min(start, stop)
        self.check_unchanged()
        if self.form is Form.TEXT:
            reader = self.text_reader(record)
            reader.skip(start)
            return reader.exactly(stop - start)
        out = np.empty(stop - start, record.dtype)
        self.read_into(record, start, out)
        return out

    def values(self, record: Record, start: int = 0, stop: int | None = None) -> FloatArray:
        """Elements as float64; integers of an `isFloat: 0` file are dequantized, constants never."""
        with np.errstate(invalid="ignore"):  # signalling NaNs are data here
            out = self.read(record, start, stop).astype(np.float64)
        self.dequantize(record, out)
        return out

    def dequantizes(self, record: Record) -> bool:
        """Whether `values` turns codes into numbers for this record."""
        return not self.is_float and not record.constant and record.dtype.kind in "iu"

    def dequantize(self, record: Record, values: FloatArray) -> None:
        """(q - z) * s in place where the record holds codes; `s` has six decimals in the file."""
        if self.dequantizes(record):
            values -= record.zero_point
            values *= record.scale

    def chunks(self, record: Record, size: int = 1 << 18) -> Iterator[AnyArray]:
        """The tensor in pieces of `size` elements, as `read` gives them."""
        if self.form is Form.TEXT:
            reader = self.text_reader(record)
            while len(piece := reader.take(size)):
                yield piece
            return
        for start in range(0, record.count, size):
            yield self.read(record, start, start + size)

    def check_unchanged(self) -> None:
        """Raise FileChangedError when size, mtime or inode differ from the index."""
        self._source.check_unchanged()

    def close(self) -> None:
        """Release the file."""
        self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_dump(path: Path) -> Dump:
    """Index `path` by its headers only. Raises DumpError (missing, unreadable, not a dump)."""
    source = Source(path)
    try:
        return Dump(source, build_index(source))
    except BaseException:
        source.close()
        raise

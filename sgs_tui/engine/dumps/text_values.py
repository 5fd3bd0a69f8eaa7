"""Values of a text payload, read in order and in bounded memory."""

import re
import warnings

import numpy as np

from sgs_tui.engine.dumps.records import AnyArray, FloatArray, Record
from sgs_tui.engine.dumps.source import Source
from sgs_tui.engine.dumps.text_fast import parse_fast
from sgs_tui.engine.errors import DumpError, FileChangedError
from sgs_tui.engine.text import visible

_STEP = 1 << 20
_CLOSING = bytes.maketrans(b"};\r\n\t", b"     ")
"""The glued-line defect leaves `};` between values: braces count as white space."""
_HOLE = re.compile(rb"(?:^|,) *,")
"""numpy makes a -1 of it."""


def parse_values(text: bytes) -> FloatArray:
    """Comma-separated decimal numbers (also nan and inf) as float64. Raises ValueError on anything else."""
    fast = parse_fast(text)
    return _parse_any(text) if fast is None else fast


def _parse_any(text: bytes) -> FloatArray:
    """What the simulator does not usually print: nan, inf, exponents, odd widths, braces between values."""
    numbers = text.translate(_CLOSING)
    if _HOLE.search(numbers):
        raise ValueError("a comma without a number in front of it")
    numbers = numbers.rstrip(b" ,")
    if not numbers:
        return np.empty(0)
    with warnings.catch_warnings():
        # numpy announces that it will raise on unmatched data one day; here it does so today.
        warnings.simplefilter("error", DeprecationWarning)
        try:
            return np.fromstring(numbers, sep=",")
        except DeprecationWarning as error:
            raise ValueError(str(error)) from None


class TextReader:
    """Reads the elements of one text record from front to back."""

    def __init__(self, source: Source, record: Record, is_float: bool) -> None:
        self._source, self._record, self._is_float = source, record, is_float
        self._position = record.offset
        self._rest = b""
        self._ready: AnyArray = np.empty(0, record.dtype)

    def skip(self, count: int) -> None:
        """Leave out the next `count` elements, in bounded memory. Raises DumpError."""
        for start in range(0, count, _STEP):
            self.exactly(min(_STEP, count - start))

    def exactly(self, count: int) -> AnyArray:
        """The next `count` elements. Raises FileChangedError where fewer are left than the index counted, DumpError."""
        values = self.take(count)
        if len(values) < count:
            raise FileChangedError(
                f"{self._source.path}: record {self._record.number} ({visible(self._record.name)}): "
                "holds fewer values than when it was opened: file changed",
                "a run overwrote it while it was read; reload",
            )
        return values

    def take(self, count: int) -> AnyArray:
        """The next `count` elements in the record's dtype; fewer only at its end. Raises DumpError."""
        pieces, have = [self._ready], len(self._ready)
        while have < count and (piece := self._next_piece()) is not None:
            pieces.append(piece)
            have += len(piece)
        joined = np.concatenate(pieces)
        self._ready = joined[count:]
        return joined[:count]

    def _next_piece(self) -> AnyArray | None:
        """The elements of the next stretch of text; None at the end of the payload."""
        end = self._record.offset + self._record.size
        if self._position >= end:
            return None
        chunk = self._source.read_at(self._position, min(_STEP, end - self._position))
        if not chunk:
            raise FileChangedError(
                f"{self._source.path}: ends at byte {self._position}, expected {end}: file changed",
                "a run overwrote it while it was read; reload",
            )
        self._position += len(chunk)
        text = self._rest + chunk
        cut = text.rfind(b",") + 1
        text, self._rest = text[:cut], text[cut:]
        return self._elements(text)

    def _elements(self, text: bytes) -> AnyArray:
        try:
            values = parse_values(text)
        except ValueError as error:
            name = visible(self._record.name)
            where = f"{self._source.path}: record {self._record.number} ({name}), text before byte {self._position}"
            raise DumpError(
                f"{where}: expected numbers, each followed by a comma, found something else", "dump it again"
            ) from error
        if self._is_float:
            return values.astype(self._record.dtype)
        return self._from_bytes(values)

    def _from_bytes(self, values: FloatArray) -> AnyArray:
        """Elements of a raw fixed record from its printed bytes (low byte first)."""
        if values.size and not (np.all(values >= 0) and np.all(values <= 255) and np.all(values == np.rint(values))):
            name = visible(self._record.name)
            raise DumpError(
                f"{self._source.path}: record {self._record.number} ({name}), text before byte {self._position}: "
                "expected bytes 0 to 255 in the text of an isFloat: 0 dump, found other numbers",
                "dump it again",
            )
        size = self._record.dtype.itemsize
        whole = len(values) // size * size
        if whole < len(values):
            tail = b", ".join(b"%d" % int(value) for value in values[whole:])
            self._rest = tail + b", " + self._rest
        return values[:whole].astype(np.uint8).view(self._record.dtype)

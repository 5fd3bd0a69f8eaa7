"""Values of a text payload, read in order and in bounded memory."""

import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sgs_tui.engine.dumps.dtypes import AnyArray, FloatArray
from sgs_tui.engine.dumps.format import Record
from sgs_tui.engine.dumps.source import Source
from sgs_tui.engine.errors import DumpError, FileChangedError
from sgs_tui.engine.text import visible
from sgs_tui.language import Message

_Words = npt.NDArray[np.uint64]
_Places = npt.NDArray[np.intp]

_WORD = np.uint64
_COMMA, _BLANK, _LINE_FEED, _MINUS, _POINT = b", \n-."
_FIRST = re.compile(rb"[ \n]*(-?\d{1,9}\.\d{6}|\d{1,3})", re.ASCII)
_LEAST_TEXT = 32  # shorter texts are not worth the set-up
_DECIMALS = len(".dddddd")
_MOST_DIGITS = 9
_ZEROS = _WORD(0x3030303030303030)
_UNIT, _POINT_BYTE, _BEHIND_POINT = _WORD(0xF), _WORD(0xFF00), _WORD(0xFFFFFFFFFFFF0000)
_POINT_THERE = _WORD(_POINT << 8)
_HEAD = _WORD(0xFFFFFFFFFF)
_IN_LINE = _WORD(int.from_bytes(b",    ", "little"))
_LINE_START = _WORD(int.from_bytes(b" \n   ", "little"))


@dataclass(frozen=True, slots=True)
class _Values:
    """Every value of a text but the first: the commas around it, and `words[i]`, the characters i to i + 7."""

    characters: npt.NDArray[np.uint8]
    words: _Words
    before: _Places
    behind: _Places


def parse_fast(text: bytes) -> FloatArray | None:
    """The numbers of `text`, each followed by a comma, as float64; None where one is not as simulators print them.

    The eight characters in front of a comma are one 64-bit word, and three multiplications turn eight digits into a
    number (SWAR: the parts of a register worked on side by side). A value of at most nine digits before the point and
    six behind it is an integer below 2^53 divided by 10^6: both are exact in float64 and the division rounds correctly,
    so the result is bit for bit what strtod gives. The rest (nan, inf, exponents, damage) is left to the general way.
    """
    if len(text) < _LEAST_TEXT or text[-1] != _COMMA:
        return None
    characters = np.frombuffer(text, np.uint8)
    commas = np.flatnonzero(characters == _COMMA)
    first = _FIRST.fullmatch(text, 0, int(commas[0]))
    if first is None:
        return None
    words: _Words = np.ndarray((len(text) - 7,), "<u8", text, strides=(1,))
    values = _Values(characters, words, commas[:-1], commas[1:])
    rest = _floats(values) if b"." in first[1] else _small_integers(values)
    return None if rest is None else np.concatenate([[float(first[1])], rest])


def _floats(values: _Values) -> FloatArray | None:
    """`-?d{1,9}.dddddd`, with a blank, a line feed or both in front."""
    start = values.before + 1
    start += values.characters[start] == _BLANK
    start += values.characters[start] == _LINE_FEED
    minus = values.characters[start] == _MINUS
    digits = values.behind - _DECIMALS - start - minus
    if len(digits) and (digits.min() < 1 or digits.max() > _MOST_DIGITS):
        return None
    words = values.words[values.behind - 8]
    decimals = words & _BEHIND_POINT | _ZEROS & ~_BEHIND_POINT
    units = words & ~(_POINT_BYTE | _BEHIND_POINT) | _ZEROS & (_POINT_BYTE | _BEHIND_POINT)
    if np.any(words & _POINT_BYTE != _POINT_THERE) or not (_all_digits(decimals) and _all_digits(units)):
        return None
    millionths = _number(decimals) + (words & _UNIT) * _WORD(10**6)
    if not _add_tens(millionths, values, digits):
        return None
    result = millionths.astype(np.float64) / 1e6
    return np.negative(result, out=result, where=minus)


def _add_tens(millionths: _Words, values: _Values, digits: _Places) -> bool:
    """Add what stands before the units; False where that is not all digits."""
    longer = np.flatnonzero(digits > 1)
    words = values.words[values.behind[longer] - 16]
    foreign = (_WORD(1) << (_WORD(8) * (_MOST_DIGITS - digits[longer]).astype(_WORD))) - _WORD(1)
    tens = words & ~foreign | _ZEROS & foreign
    millionths[longer] += _number(tens) * _WORD(10**7)
    return _all_digits(tens)


def _small_integers(values: _Values) -> FloatArray | None:
    """Bytes as the raw form prints them: at most three digits, right-aligned in six characters."""
    width = values.behind - values.before
    if len(width) and (width.min() < 8 or width.max() > 9):
        return None
    words = values.words[values.behind - 8]
    head = words & _HEAD
    tail = words & ~_HEAD
    if not np.all(np.where(width == 8, head == _IN_LINE, head == _LINE_START)):
        return None
    return _right_aligned(tail)


def _right_aligned(tail: _Words) -> FloatArray | None:
    """Blanks, then digits, in the last three characters; a blank becomes the digit 0 where none stands before it."""
    hundreds, tens = (tail >> _WORD(40)) & _WORD(0xFF), (tail >> _WORD(48)) & _WORD(0xFF)
    empty_hundreds, empty_tens = hundreds == _BLANK, tens == _BLANK
    if np.any(empty_tens & ~empty_hundreds):
        return None
    filled = tail | _ZEROS & _HEAD
    filled |= empty_hundreds.astype(_WORD) * _WORD(0x10 << 40) | empty_tens.astype(_WORD) * _WORD(0x10 << 48)
    return _number(filled).astype(np.float64) if _all_digits(filled) else None


def _all_digits(words: _Words) -> bool:
    """Whether every character is 0 to 9: its high half is 3, and still is after 6 was added."""
    high, six = _WORD(0xF0F0F0F0F0F0F0F0), _WORD(0x0606060606060606)
    return bool(np.all((words & high == _ZEROS) & ((words + six) & high == _ZEROS)))


def _number(words: _Words) -> _Words:
    """Eight digits each, the first in the lowest byte, as numbers."""
    pairs = ((words & _WORD(0x0F0F0F0F0F0F0F0F)) * _WORD(2561)) >> _WORD(8)
    fours = ((pairs & _WORD(0x00FF00FF00FF00FF)) * _WORD(6553601)) >> _WORD(16)
    return ((fours & _WORD(0x0000FFFF0000FFFF)) * _WORD(42949672960001)) >> _WORD(32)


_STEP = 1 << 20
_CLOSING = bytes.maketrans(b"};\r\n\t", b"     ")
"""The glued-line defect leaves `};` between values: braces count as white space."""
_HOLE = re.compile(rb"(?:^|,) *,")  # numpy makes a -1 of it


_NO_NUMBERS = Message("expected numbers, each followed by a comma, found something else")


def _parse_any(text: bytes) -> FloatArray:
    """Comma-separated numbers that the simulator does not usually print: nan, inf, exponents, odd widths, braces.

    Raises ValueError on anything else.
    """
    numbers = text.translate(_CLOSING)
    if _HOLE.search(numbers):
        raise ValueError(Message("a comma without a number in front of it"))
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
                Message(
                    "{path}: record {number} ({name}): holds fewer values than when it was opened: file changed",
                    path=self._source.path,
                    number=self._record.number,
                    name=visible(self._record.name),
                ),
                Message("a run overwrote it while it was read; reload"),
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
                Message(
                    "{path}: ends at byte {position}, expected {end}: file changed",
                    path=self._source.path,
                    position=self._position,
                    end=end,
                ),
                Message("a run overwrote it while it was read; reload"),
            )
        self._position += len(chunk)
        text, self._rest = self._whole(self._rest + chunk, self._position >= end)
        if len(self._rest) > _STEP:
            raise self._unreadable(_NO_NUMBERS)
        return self._elements(text)

    def _whole(self, text: bytes, at_end: bool) -> tuple[bytes, bytes]:
        """The text up to its last comma, and the rest, which goes on in the next stretch (`at_end`: there is none)."""
        cut = text.rfind(b",") + 1
        return text[:cut], text[cut:]

    def _elements(self, text: bytes) -> AnyArray:
        values = self._parsed(text)
        return values.astype(self._record.dtype) if self._is_float else self._from_bytes(values)

    def _parsed(self, text: bytes) -> FloatArray:
        """The numbers of `text`, each followed by a comma. Raises DumpError."""
        try:
            fast = parse_fast(text)
            return _parse_any(text) if fast is None else fast
        except ValueError as error:
            raise self._unreadable(_NO_NUMBERS) from error

    def _unreadable(self, message: str) -> DumpError:
        name = visible(self._record.name)
        return DumpError(
            Message(
                "{path}: record {number} ({name}), text before byte {position}: {message}",
                path=self._source.path,
                number=self._record.number,
                name=name,
                position=self._position,
                message=message,
            ),
            Message("dump it again"),
        )

    def _from_bytes(self, values: FloatArray) -> AnyArray:
        """Elements of a raw fixed record from its printed bytes (low byte first)."""
        if values.size and not (np.all(values >= 0) and np.all(values <= 255) and np.all(values == np.rint(values))):
            said = Message("expected bytes 0 to 255 in the text of an isFloat: 0 dump, found other numbers")
            raise self._unreadable(said)
        size = self._record.dtype.itemsize
        whole = len(values) // size * size
        if whole < len(values):
            tail = b", ".join(b"%d" % int(value) for value in values[whole:])
            self._rest = tail + b", " + self._rest
        return values[:whole].astype(np.uint8).view(self._record.dtype)


_PER_ROW = 16


def text_rows(pieces: Iterable[AnyArray], as_bytes: bool, closed: bool) -> Iterator[bytes]:
    """Rows as they come: every number as `%.6f, `, or every byte of the elements as `%6d, `, unsigned, low byte first.

    What does not fill a row waits for the next piece. `closed`: a partial last row ends with a line feed too.
    """
    cell = "%6d, " if as_bytes else "%.6f, "
    rest: AnyArray | None = None
    for piece in (each.view(np.uint8) if as_bytes else each for each in pieces):
        values = piece if rest is None else np.concatenate([rest, piece])
        full = len(values) // _PER_ROW * _PER_ROW
        yield ((cell * _PER_ROW + "\n") * (full // _PER_ROW) % tuple(values[:full].tolist())).encode()
        rest = values[full:]
    if rest is not None and len(rest):
        yield (cell * len(rest) % tuple(rest.tolist()) + "\n" * closed).encode()

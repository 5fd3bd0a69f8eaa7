"""Values as the vendor's tools print them: 16 a line, each followed by a comma and a blank."""

from collections.abc import Iterable, Iterator

import numpy as np

from sgs_tui.engine.dumps.records import AnyArray

PER_ROW = 16


def float_rows(pieces: Iterable[AnyArray], closed: bool) -> Iterator[bytes]:
    """Numbers as `%.6f, `; `closed`: a partial last row ends with a line feed too."""
    return _rows(pieces, "%.6f, ", closed)


def byte_rows(pieces: Iterable[AnyArray], closed: bool) -> Iterator[bytes]:
    """Every byte of the elements, unsigned, as `%6d, `, low byte first."""
    return _rows((piece.view(np.uint8) for piece in pieces), "%6d, ", closed)


def _rows(pieces: Iterable[AnyArray], cell: str, closed: bool) -> Iterator[bytes]:
    """Full rows as they come; what does not fill a row waits for the next piece."""
    rest: AnyArray | None = None
    for piece in pieces:
        values = piece if rest is None else np.concatenate([rest, piece])
        full = len(values) // PER_ROW * PER_ROW
        yield ((cell * PER_ROW + "\n") * (full // PER_ROW) % tuple(values[:full].tolist())).encode()
        rest = values[full:]
    if rest is not None and len(rest):
        yield (cell * len(rest) % tuple(rest.tolist()) + "\n" * closed).encode()

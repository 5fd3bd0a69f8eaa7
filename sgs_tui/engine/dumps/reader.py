"""`open_dump`: a dump's index and positioned, chunked reads of its tensors."""

from collections.abc import Iterator
from pathlib import Path

from sgs_tui.engine.dumps.records import AnyArray, DumpIndex, FloatArray, Health, Record


class Dump:
    """An open dump. Reads are positioned (`pread`), so one Dump serves several threads."""

    path: Path
    index: DumpIndex

    @property
    def records(self) -> tuple[Record, ...]:
        """Every record, in file order."""
        raise RuntimeError

    @property
    def health(self) -> Health:
        """State of the file."""
        raise RuntimeError

    def read(self, record: Record, start: int = 0, stop: int | None = None) -> AnyArray:
        """Elements [start, stop) as they are stored (float32 or integers), flat, a copy.

        Raises FileChangedError when the file is no longer the one that was indexed.
        """
        raise RuntimeError

    def values(self, record: Record, start: int = 0, stop: int | None = None) -> FloatArray:
        """Elements as float64; integers of an `isFloat: 0` file are dequantised, (q - z) * s, constants never."""
        raise RuntimeError

    def chunks(self, record: Record, size: int = 1 << 18) -> Iterator[AnyArray]:
        """The tensor in pieces of `size` elements, as `read` gives them."""
        raise RuntimeError

    def check_unchanged(self) -> None:
        """Raise FileChangedError when size, mtime or inode differ from the index."""

    def close(self) -> None:
        """Release the file."""


def open_dump(path: Path) -> Dump:
    """Index `path` by its headers only. Raises DumpError (missing, unreadable, not a dump)."""
    raise RuntimeError

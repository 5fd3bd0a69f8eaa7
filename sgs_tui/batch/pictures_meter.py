"""Progress of long reading: how far, how long still, and how fast."""

from sgs_tui.batch.progress import Meter
from sgs_tui.engine.numbers import size


class RateMeter(Meter):
    """A meter of bytes that also shows the rate."""

    def __init__(self, what: str, wanted: bool | None = None) -> None:
        super().__init__(what, wanted)
        self._bytes = 0

    def report(self, done: int, total: int) -> None:
        """`done` of `total` bytes are finished."""
        self._bytes = done
        super().report(done, total)

    def _line(self, share: float, elapsed: float) -> str:
        rate = f"  {size(round(self._bytes / elapsed))}/s" if elapsed > 0 else ""
        return super()._line(share, elapsed) + rate

"""Which files are compared with which, as far as the user has chosen."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from sgs_tui.engine.configs.profiles import MANUAL, Profile
from sgs_tui.engine.session import CompareRequest
from sgs_tui.tui.start import Start


@dataclass(frozen=True, slots=True)
class Picks:
    """Choices so far; a comparison needs sample and benchmark."""

    sample: Path | None = None
    benchmark: Path | None = None
    ranges: Path | None = None
    shapes: Path | None = None
    profile: Profile = field(default=MANUAL)

    @classmethod
    def of(cls, start: Start) -> "Picks":
        """What the command line chose."""
        return cls(start.sample, start.benchmark, start.ranges, start.shapes, start.profile)

    @property
    def request(self) -> CompareRequest | None:
        """What to compare, once both dumps are chosen."""
        if self.sample is None or self.benchmark is None:
            return None
        return CompareRequest(self.sample, self.benchmark, self.ranges, self.shapes, self.profile)

    def with_file(self, role: str, path: Path | None) -> "Picks":
        """One choice changed."""
        files = self.roles() | {role: path}
        return Picks(files["sample"], files["benchmark"], files["ranges"], files["shapes"], self.profile)

    def swapped(self) -> "Picks":
        """Sample and benchmark exchanged."""
        return replace(self, sample=self.benchmark, benchmark=self.sample)

    def roles(self) -> dict[str, Path | None]:
        """The files by what they are for."""
        return {
            "sample": self.sample,
            "benchmark": self.benchmark,
            "ranges": self.ranges,
            "shapes": self.shapes,
        }

"""What the app opens first. Light: it is needed before the first picture."""

from dataclasses import dataclass, field
from pathlib import Path

from sgs_tui.engine.configs.profiles import MANUAL, Profile


@dataclass(frozen=True, slots=True)
class Start:
    """A folder to browse, and the files that are chosen already."""

    folder: Path = field(default_factory=Path)
    sample: Path | None = None
    benchmark: Path | None = None
    ranges: Path | None = None
    shapes: Path | None = None
    profile: Profile = MANUAL
    query: str = ""
    """The filter to begin with, as it is typed behind `/`."""
    sort: str = ""
    """What to sort by, `-` in front for the other way; empty: as the folder was left."""

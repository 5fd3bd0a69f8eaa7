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

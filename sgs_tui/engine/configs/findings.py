"""What a check of a configuration file says: how bad, where, what it does, what to do."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """`error`: the run fails or its result is wrong; `warning`: a setting does less or more than it says."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know about a file. `line` counts from 1; None when it concerns the whole file."""

    severity: Severity
    line: int | None
    message: str
    remedy: str

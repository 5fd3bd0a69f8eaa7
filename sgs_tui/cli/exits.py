"""Exit codes: what a script learns without reading a word.

Where several apply, the first of this order is returned: interrupted, simulator failed, usage, damaged input,
nothing comparable, layers over the limits. A damaged dump thus ends with 3 even where layers fail as well: its
verdict is incomplete, and fixing the dump comes first.
"""

from collections.abc import Sequence
from enum import IntEnum

from sgs_tui.engine.errors import (
    CancelledError,
    InputError,
    NothingComparableError,
    RunError,
    SgsError,
    TerminatedError,
    UsageError,
)


class ExitCode(IntEnum):
    """What the process returns."""

    OK = 0
    OVER_LIMITS = 1
    USAGE = 2
    INPUT = 3
    RUN_FAILED = 4
    NOTHING_COMPARABLE = 5
    INTERNAL = 70
    """A defect of ours (sysexits' EX_SOFTWARE); a crash report was written."""
    INTERRUPTED = 130
    """Ctrl-C, as shells count it: 128 + SIGINT."""
    BROKEN_PIPE = 141
    """The reader of our output went away, as shells count it: 128 + SIGPIPE."""
    TERMINATED = 143
    """Asked to end (kill, a batch system), as shells count it: 128 + SIGTERM."""


_ORDER = (
    *(ExitCode.INTERRUPTED, ExitCode.RUN_FAILED, ExitCode.USAGE, ExitCode.INPUT),
    *(ExitCode.NOTHING_COMPARABLE, ExitCode.OVER_LIMITS),
)
_BY_CLASS: tuple[tuple[type[SgsError], ExitCode], ...] = (
    (UsageError, ExitCode.USAGE),
    (InputError, ExitCode.INPUT),
    (NothingComparableError, ExitCode.NOTHING_COMPARABLE),
    (RunError, ExitCode.RUN_FAILED),
    (TerminatedError, ExitCode.TERMINATED),
    (CancelledError, ExitCode.INTERRUPTED),
)


def exit_code(error: SgsError) -> ExitCode:
    """The code of an error that a user can act on."""
    return next((code for kind, code in _BY_CLASS if isinstance(error, kind)), ExitCode.USAGE)


def first_of(codes: Sequence[int]) -> ExitCode:
    """The code that speaks for all."""
    return next((code for code in _ORDER if code in codes), ExitCode.OK)

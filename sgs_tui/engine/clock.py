"""The seconds a diagnosis may take, and what it leaves out after them.

Outside of the diagnosis since requests and settings have its default, and the app's first picture loads no numpy.
"""

from dataclasses import dataclass, field
from time import perf_counter

from sgs_tui.language import Message, joined

SECONDS = 30.0
"""Of a diagnosis unless told otherwise: ten times and more what a network of 200 layers takes."""


@dataclass
class Clock:
    """Started when it is made; `seconds` 0 is no limit. `left_out` is what was not looked at, in order."""

    seconds: float
    left_out: list[str] = field(default_factory=list)
    _start: float = field(default_factory=perf_counter)

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        return bool(self.seconds) and perf_counter() - self._start >= self.seconds

    def skips(self, what: str) -> bool:
        """Whether `what` has to be left out; it is noted then."""
        if self.over and what not in self.left_out:
            self.left_out.append(what)
        return self.over

    @property
    def note(self) -> str:
        """One line about what was left out; empty where nothing was."""
        told = joined(self.left_out, "; ") if self.left_out else ""
        return (
            Message("stopped after {seconds:g} s, not looked at: {told}", seconds=self.seconds, told=told)
            if told
            else ""
        )

"""Ctrl-C that comes at a bad moment: remembered, and raised when the moment is over."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event
from types import FrameType


@dataclass(slots=True)
class Held:
    """Whether somebody pressed Ctrl-C meanwhile."""

    pressed: bool = False

    def release(self) -> None:
        """Raise KeyboardInterrupt where it was pressed."""
        if self.pressed:
            raise KeyboardInterrupt


@contextmanager
def held_interrupts() -> Iterator[Held]:
    """While the block runs Ctrl-C only leaves a mark: something is being made that must not be forgotten."""
    held = Held()

    def remember(number: int, frame: FrameType | None) -> None:
        held.pressed = True

    before = signal.signal(signal.SIGINT, remember)
    try:
        yield held
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def cancelling_interrupts() -> Iterator[Event]:
    """While the block runs the first Ctrl-C sets the event, for a job that then ends by itself; the next is real."""
    cancel = Event()
    before = signal.getsignal(signal.SIGINT)

    def stop(number: int, frame: FrameType | None) -> None:
        cancel.set()
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, stop)
    try:
        yield cancel
    finally:
        signal.signal(signal.SIGINT, before)

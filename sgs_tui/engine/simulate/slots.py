"""Runs wait their turn: a few slots and a queue for all supervisors of one runs root.

A slot and a place in the queue are both locked files, so the system gives them back when a supervisor dies.
The oldest waiting run takes the next free slot. Waiting costs one look a second.
"""

import errno
import fcntl
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_FOLDER = ".slots"
_LOOK = 1.0


class Slot:
    """A held slot; `release` gives it back."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor

    def release(self) -> None:
        """Let the next run in."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def wait_for_slot(root: Path, parallel: int, wait: Callable[[float], bool]) -> Slot | None:
    """Queue up until one of `parallel` slots is free.

    `wait(seconds)` sleeps and says whether to go on waiting; None is returned when it says no. A file system
    without locks has no queue: the slot is then granted at once.
    """
    folder = root / _FOLDER
    folder.mkdir(exist_ok=True)
    try:
        ticket, place = _take_ticket(folder)
    except OSError as error:
        if error.errno in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
            return Slot(None)
        raise
    try:
        while True:
            if _is_first(folder, ticket) and (slot := _free_slot(folder, parallel)) is not None:
                return slot
            if not wait(_LOOK):
                return None
    finally:
        ticket.unlink(missing_ok=True)
        os.close(place)


def _take_ticket(folder: Path) -> tuple[Path, int]:
    """A place in the queue: locked first and then named, so that nobody takes it for a dead one's."""
    name = f"{time.time_ns():020d}-{os.getpid()}"
    unnamed, ticket = folder / f"new-{name}", folder / f"ticket-{name}"
    descriptor = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        unnamed.unlink()
        raise
    unnamed.rename(ticket)
    return ticket, descriptor


def _free_slot(folder: Path, parallel: int) -> Slot | None:
    for number in range(parallel):
        if (descriptor := _locked(folder / f"slot-{number}")) is not None:
            return Slot(descriptor)
    return None


def _is_first(folder: Path, ticket: Path) -> bool:
    """Whether nobody older waits; places whose owner died are cleared away."""
    for name in sorted(entry.name for entry in folder.glob("ticket-*")):
        if name == ticket.name:
            return True
        older = folder / name
        with suppress(FileNotFoundError):
            descriptor = _locked(older, os.O_RDWR)
            if descriptor is None:
                return False
            older.unlink(missing_ok=True)
            os.close(descriptor)
    return True


def _locked(path: Path, flags: int = os.O_RDWR | os.O_CREAT) -> int | None:
    """The locked file, or None where somebody else holds it."""
    descriptor = os.open(path, flags | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return None
        raise
    return descriptor

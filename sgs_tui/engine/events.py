"""What an engine job says while it works. Both front ends consume the same stream."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Started:
    """A job began; `total` units of work are ahead (bytes for comparisons)."""

    what: str
    total: int


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of `total` units are finished."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Row(Generic[T]):
    """One result."""

    value: T


@dataclass(frozen=True, slots=True)
class LogLine:
    """Something worth telling, one line."""

    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The job ended well."""

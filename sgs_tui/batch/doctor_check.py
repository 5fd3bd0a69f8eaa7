"""One thing that `doctor` looked at, and what it has to be told."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class State(StrEnum):
    """`no`: something is missing that only some work needs; `FAIL`: nothing works before that is mended."""

    OK = "ok"
    NO = "no"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: its state, what was found, and what to do where it is not ok."""

    name: str
    state: State
    found: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What only the command line knows: where settings are, whether the terminal can show the app, characters."""

    settings: Path
    terminal: bool
    utf8: bool
    environment: Mapping[str, str]

"""Completing paths as a shell does."""

import os
from dataclasses import dataclass
from pathlib import Path

MOST = 200
"""Names that are looked at beyond those that fit; a folder of a million images must not hang the app."""


@dataclass(frozen=True, slots=True)
class Completion:
    """The text as far as it is certain, and the names that it can go on with."""

    text: str
    names: tuple[str, ...] = ()


def complete(text: str, base: Path) -> Completion:
    """Complete the last path of a list with commas. Folders end in `/`; hidden names only after a dot."""
    before, comma, last = text.rpartition(",")
    folder, slash, start = last.rpartition("/")
    place = base / Path(folder + slash).expanduser() if folder or slash else base
    names = _names(place, start)
    if not names:
        return Completion(text)
    return Completion(f"{before}{comma}{folder}{slash}{_shared(names)}", names)


def _shared(names: tuple[str, ...]) -> str:
    """The beginning that sorted names have in common, letter by letter."""
    first, last = names[0], names[-1]
    same = next((n for n, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), None)
    return min(first, last, key=len) if same is None else first[:same]


def _names(folder: Path, start: str) -> tuple[str, ...]:
    found: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                fits = entry.name.startswith(start) and (start.startswith(".") or not entry.name.startswith("."))
                if fits:
                    found.append(entry.name + ("/" if entry.is_dir() else ""))
                if len(found) > MOST:
                    break
    except OSError:
        return ()
    return tuple(sorted(found))

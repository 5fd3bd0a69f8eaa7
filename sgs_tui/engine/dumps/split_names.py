"""Folder and file names of a split dump: the vendor's, without its length limits and collisions.

The vendor's splitter (splite_binary_to_binary.c, interop notes 1.5) makes `<op>.<name>.xx.output<k>/output`
and `<op>.<name>.xx.inputs/input<k>` from the sanitised tensor name. It loses names over 128 bytes and lets
records of the same path overwrite each other; here such a name gets a short suffix instead.
"""

import re
from collections import Counter
from dataclasses import dataclass
from hashlib import sha256

from sgs_tui.engine.dumps.records import Direction, Record
from sgs_tui.engine.text import encode, sanitised

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

LONGEST = 255
"""Bytes a file system allows in one path component."""


@dataclass(frozen=True, slots=True)
class NameChange:
    """A folder that could not keep the vendor's name: `old`, the `new` one and one sentence `why`."""

    old: str
    new: str
    why: str


def vendor_folder(record: Record) -> str:
    """The folder's name by the vendor's rule."""
    kind = f"output{record.slot}" if record.direction is Direction.OUT else "inputs"
    return f"{record.op_index}.{sanitised(record.name)}.xx.{kind}"


def vendor_file(record: Record) -> str:
    """The file's name inside that folder."""
    return "output" if record.direction is Direction.OUT else f"input{record.slot}"


class Names:
    """Gives every record a path of its own below the target folder."""

    def __init__(self) -> None:
        self._taken: dict[str, str] = {}
        self._used: Counter[tuple[str, str]] = Counter()

    def path(self, record: Record) -> tuple[str, NameChange | None]:
        """Relative path for `record`, and how its folder had to differ from the vendor's name."""
        wanted = vendor_folder(record)
        why = _unusable(wanted) or self._collision(f"{wanted}/{vendor_file(record)}", record)
        folder = wanted if why is None else self._free(wanted, record)
        relative = f"{folder}/{vendor_file(record)}"
        self._taken[relative] = record.name
        return relative, NameChange(wanted, folder, why) if why else None

    def _collision(self, path: str, record: Record) -> str | None:
        if path not in self._taken:
            return None
        same = "the same name" if self._taken[path] == record.name else "a name that looks the same when sanitised"
        return f"an earlier record of op {record.op_index} has {same}"

    def _free(self, wanted: str, record: Record) -> str:
        """`wanted` with `~` and eight hex digits of the raw name (and a number where that is taken too)."""
        stem, kind = _CONTROL.sub("_", wanted).rsplit(".xx.", 1)
        mark = f"~{sha256(encode(record.name)).hexdigest()[:8]}"
        while True:
            number = self._used[wanted, mark]
            self._used[wanted, mark] += 1
            tail = f"{mark}{f'-{number}' if number else ''}.xx.{kind}"
            folder = _cut(stem, LONGEST - len(tail)) + tail
            if f"{folder}/{vendor_file(record)}" not in self._taken:
                return folder


def _unusable(folder: str) -> str | None:
    if _CONTROL.search(folder):
        return "control characters do not belong in a path"
    size = len(encode(folder))
    return f"{size} bytes, a path component holds {LONGEST}" if size > LONGEST else None


def _cut(text: str, size: int) -> str:
    """At most `size` bytes of `text`, never half a character of it."""
    return encode(text)[:size].decode("utf-8", "ignore")

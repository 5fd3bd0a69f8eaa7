"""File and folder names made from tensor names: the vendor's, without its length limits and collisions."""

import re
from collections import Counter
from hashlib import sha256

from sgs_tui.engine.text import encode

LONGEST = 255
"""Bytes a file system allows in one path component."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class FreeNames:
    """Hands out names for one folder, each only once.

    A name that is too long, holds control characters or is taken gets `~` and eight hex digits of the tensor's
    own name (and a number where that is taken as well) between its stem and its tail.
    """

    def __init__(self) -> None:
        self._taken: dict[str, str] = {}
        self._used: Counter[tuple[str, str]] = Counter()

    def take(self, stem: str, tail: str, tensor: str, inside: str = "") -> tuple[str, str]:
        """The name `stem + tail` or a changed one, and why it had to change (empty when it did not).

        With `inside` the name is a folder's and may be given out again for another file inside it.
        """
        why = _unusable(stem + tail) or self._collision(stem + tail + inside, tensor)
        name = self._free(stem, tail, tensor, inside) if why else stem + tail
        self._taken[name + inside] = tensor
        return name, why

    def _collision(self, key: str, tensor: str) -> str:
        if key not in self._taken:
            return ""
        same = "the same name" if self._taken[key] == tensor else "a name that looks the same here"
        return f"an earlier tensor has {same}"

    def _free(self, stem: str, tail: str, tensor: str, inside: str) -> str:
        mark = f"~{sha256(encode(tensor)).hexdigest()[:8]}"
        clean = _CONTROL.sub("_", stem)
        while True:
            number = self._used[clean, mark]
            self._used[clean, mark] += 1
            end = f"{mark}{f'-{number}' if number else ''}{tail}"
            name = _cut(clean, LONGEST - len(encode(end))) + end
            if name + inside not in self._taken:
                return name


def _unusable(name: str) -> str:
    if _CONTROL.search(name):
        return "control characters do not belong in a path"
    size = len(encode(name))
    return f"{size} bytes, a path component holds {LONGEST}" if size > LONGEST else ""


def _cut(text: str, size: int) -> str:
    """At most `size` bytes of `text`, never half a character of it."""
    return encode(text)[:size].decode("utf-8", "ignore")

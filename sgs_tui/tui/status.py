"""Which of several messages stands in the status line: the gravest of those since the last key, however they come.

Apart because it knows no widget: what is shown, what goes into the log, and what is left of it at the next key.
"""

from collections.abc import Callable, Iterable

_RANKS = {"doing": 0, "hint": 1, "info": 2, "warn": 3, "fail": 4}
_LASTING = _RANKS["info"]
"""From this rank on a message is never lost: what is not shown is in the log."""

Note = Callable[[str, str], object]


class Telling:
    """The message of the moment, which lasts from one key or click to the next.

    Within it a graver message takes the place of a lesser one, the newer one that of its equal, and a lesser one waits
    in the log; `others` says how many do. `doing` is work under way and `hint` a first-run hint: both may get lost.
    """

    def __init__(self, note: Note) -> None:
        """`note` writes a message, with its level, into the log."""
        self._note = note
        self._moment = -1
        self.text, self.level, self.others = "", "doing", 0

    def tell(self, text: str, level: str, moment: int, logged: Iterable[str]) -> bool:
        """Whether the line changes. `moment`: which key it is since; `logged`: what was written of late.

        An empty text takes back work under way, and at another moment whatever is shown.
        """
        if moment != self._moment:
            self._moment, self.text, self.level, self.others = moment, "", "doing", 0
        if not text:
            return self._take_back()
        if self.text in ("", text):
            self.text, self.level = text, level
            return True
        old, graver = (self.text, self.level), _RANKS[level] >= _RANKS[self.level]
        if graver:
            self.text, self.level = text, level
        return self._keep(*(old if graver else (text, level)), logged) or graver

    def _take_back(self) -> bool:
        if _RANKS[self.level] >= _LASTING:
            return False
        self.text, self.level = "", "doing"
        return True

    def _keep(self, text: str, level: str, logged: Iterable[str]) -> bool:
        """A message that is not shown goes into the log, unless it is there; whether it counts."""
        if _RANKS[level] < _LASTING:
            return False
        if text not in logged:
            self._note(text, level)
        self.others += 1
        return True

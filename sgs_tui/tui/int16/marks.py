"""The user's INT16 marks: which layers or tensors are wanted in INT16, and which are not."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from sgs_tui.language import _
from sgs_tui.tui.text import Line, Tone, span


@dataclass(frozen=True, slots=True)
class Marks:
    """What the user wants in INT16 (layers or tensors) and what not, whatever is advised."""

    marked: tuple[str, ...] = ()
    unmarked: tuple[str, ...] = ()

    def toggled(self, name: str, chosen: bool) -> "Marks":
        """The other way round than it is now."""
        rest = self._without(name)
        return replace(rest, unmarked=(*rest.unmarked, name)) if chosen else replace(rest, marked=(*rest.marked, name))

    def flipped(self, name: str) -> "Marks":
        """Marked, or no more marked."""
        rest = self._without(name)
        return rest if name in self.marked else replace(rest, marked=(*rest.marked, name))

    def among(self, names: Collection[str]) -> "Marks":
        """Those of tensors that are there."""
        return Marks(*(tuple(name for name in kind if name in names) for kind in (self.marked, self.unmarked)))

    def outside(self, names: Collection[str]) -> tuple[str, ...]:
        """Those of tensors that are not there."""
        return tuple(name for name in (*self.marked, *self.unmarked) if name not in names)

    def lines(self) -> list[Line]:
        """What is marked, one name a line."""
        said: tuple[tuple[str, Tone, tuple[str, ...]], ...]
        said = (("INT16", "key", self.marked), (_("8 bit"), "muted", self.unmarked))
        return [(span(f"{kind}  ", tone), span(name)) for kind, tone, names in said for name in names]

    def _without(self, name: str) -> "Marks":
        return Marks(*(tuple(each for each in names if each != name) for names in (self.marked, self.unmarked)))

"""What the text goes to: how wide, which characters, with colour or without."""

from dataclasses import dataclass

from sgs_tui.engine.text import visible


@dataclass(frozen=True, slots=True)
class Screen:
    """`columns` None: a file or a pipe, as wide as whole names need. `ascii`: nothing beyond ASCII is sent."""

    columns: int | None = None
    ascii: bool = False
    colour: bool = False

    @property
    def ellipsis(self) -> str:
        """What stands for the middle that was cut out of a name."""
        return "..." if self.ascii else "…"

    def text(self, raw: str) -> str:
        """Text from outside as this screen can show it, harmless and whole."""
        shown = visible(raw)
        return shown.encode("ascii", "backslashreplace").decode() if self.ascii else shown

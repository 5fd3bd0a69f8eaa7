"""One line for each pane that is met for the first time; never shown again, in no folder.

Apart because it is the one thing that the app remembers of its user and not of a folder.
"""

import json
from pathlib import Path

from sgs_tui.engine.files import write_atomically
from sgs_tui.language import Message, shown
from sgs_tui.tui.settings import state_folder

HINTS = {
    "histogram": Message("new here? h l walk the channels, worst first; o lays one side over the other"),
    "dumps": Message("new here? s takes it as the sample, b as the benchmark; enter looks inside"),
    "debugconfig": Message("new here? a sets what comparing needs; w shows what changes, then saves"),
    "triage": Message("new here? o walks the layers of the finding; J K scroll; I shows the change"),
    "runs": Message("new here? e says what to run, r runs both stages, c compares the newest pair"),
    "pictures": Message("new here? r sweeps over many pictures; enter compares one of them"),
    "network": Message("new here? arrows walk from layer to layer; enter goes there in the table"),
    "details": Message("new here? J K scroll; C notes something on this layer, v plots its elements"),
}
"""What is worth knowing first, by pane; each fits 80 columns."""


def hints_path() -> Path:
    """Where it is kept which panes the user has met."""
    return state_folder() / "hints.json"


def seen() -> frozenset[str]:
    """The panes that the user has met; nothing where that is not known."""
    try:
        known = json.loads(hints_path().read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return frozenset()
    return frozenset(map(str, known)) if isinstance(known, list) else frozenset()


class Hints:
    """What was shown so far."""

    def __init__(self) -> None:
        self._seen = self._before = seen()

    def first(self, pane: str) -> str:
        """The hint of a pane that was never met, else nothing."""
        hint = "" if pane in self._seen else shown(HINTS.get(pane, ""))
        self._seen |= {pane} if hint else frozenset()
        return hint

    def keep(self) -> None:
        """For the next start. Raises InputError, OSError."""
        if self._seen != self._before:
            hints_path().parent.mkdir(parents=True, exist_ok=True)
            write_atomically(hints_path(), json.dumps(sorted(self._seen)).encode())

"""The message that tells everybody what the original says.

Apart from the controller because other features hear it.
"""

from dataclasses import dataclass

from textual.message import Message

from sgs_tui.engine.diagnosis.original import ThreeWay


@dataclass
class OriginalKnown(Message):
    """Both dumps were held against the original too; None: there is none (any more)."""

    three: ThreeWay | None

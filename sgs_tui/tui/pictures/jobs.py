"""What the sweep on show tells other features.

Apart because a feature's messages are what others may know of it.
"""

from dataclasses import dataclass

from textual.message import Message

from sgs_tui.tui.layers.over_set import Swept


@dataclass
class LayersSwept(Message):
    """The layers of what is compared now over the pictures of a sweep; none where no sweep is of that network."""

    swept: Swept

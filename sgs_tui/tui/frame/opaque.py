"""What every screen here has in common: nothing below it shines through, and keys reach it one at a time."""

from textual.app import ScreenStackError
from textual.widget import Widget

from sgs_tui.tui.widgets.key_queue import TakesQueuedKeys


class OpaqueScreen(TakesQueuedKeys):
    """Beside Textual's Screen, as the first base."""

    @property
    def is_current(self) -> bool:
        """Only on top. Textual takes the screen below for visible too, and sends all of the top one for its changes."""
        try:
            top: Widget = self.app.screen
        except ScreenStackError:
            return False
        return top is self

"""What every screen here has in common: nothing below it shines through, keys reach it one at a time, and whatever
moves on it is painted where it moved to."""

from textual._compositor import Compositor, ReflowResult
from textual.app import ScreenStackError
from textual.geometry import Size
from textual.widget import Widget

from sgs_tui.tui.widgets.key_queue import TakesQueuedKeys


class _Places(Compositor):
    """Textual's places of widgets, compared with those of the last layout whenever they are laid out anew.

    Textual compares with the last places that anybody asked for. Asked after a hidden widget changed, it works them out
    on the spot: what moved by then had moved already when the layout came, and was neither painted nor told its size.
    """

    def __init__(self) -> None:
        super().__init__()
        self._laid_out = self._full_map

    def reflow(self, parent: Widget, size: Size) -> ReflowResult:
        self._full_map = self._laid_out
        result = super().reflow(parent, size)
        self._laid_out = self._full_map
        self._full_map_invalidated = False  # all of it was just laid out, which Textual would do again
        return result


class OpaqueScreen(TakesQueuedKeys):
    """Beside Textual's Screen, as the first base."""

    def __init__(self) -> None:
        super().__init__()
        self._compositor: Compositor = _Places()

    @property
    def is_current(self) -> bool:
        """Only on top. Textual takes the screen below for visible too, and sends all of the top one for its changes."""
        try:
            top: Widget = self.app.screen
        except ScreenStackError:
            return False
        return top is self

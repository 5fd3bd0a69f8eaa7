"""Pane 9: the layer with its producers and consumers, walked by the arrow keys.

Apart because a pane knows its widgets and the user's keys, and nothing of jobs, windows or other features.
"""

from collections.abc import Callable, Iterable, Sequence

from textual import events

from sgs_tui.engine.diagnosis.flow import Flow
from sgs_tui.engine.diagnosis.results import Role
from sgs_tui.engine.numbers import count
from sgs_tui.language import Message, _
from sgs_tui.tui.actions import bindings
from sgs_tui.tui.frame.pane import Pane
from sgs_tui.tui.jobs import Flash, LayerWanted
from sgs_tui.tui.layers.blame import sign_lines
from sgs_tui.tui.network.layout import Columns, arrange
from sgs_tui.tui.network.picture import Look, network_lines, steps_in
from sgs_tui.tui.short_names import ShortNames
from sgs_tui.tui.text import Line, Span, line, paragraph, plain, span
from sgs_tui.tui.widgets.text_view import Canvas

WAITING = Message("no layers yet: 3 opens the dump browser, s and b there pick the two dumps")


class NetworkPane(Pane):
    """`flow` is None until the dumps' headers have told who reads whom."""

    NAME = "network"
    GROUPS = ("network", "walk", "inside")
    COVERS = "lower"
    BINDINGS = bindings("network")

    def __init__(self) -> None:
        super().__init__()
        self.main = self.canvas = Canvas()
        self.flow: Flow | None = None
        self.selected = ""
        self._columns: Columns | None = None
        self._trail: list[str] = []
        self._why: str = WAITING
        self.catch_up: Callable[[], None] = lambda: None
        """Called before the pane has the keys, as the picture comes a little behind the table."""

    # --- what is shown

    def forget(self, why: str) -> None:
        """Nothing to show, and why."""
        self.flow, self._columns, self._why = None, None, why
        self.draw()

    def show_flow(self, flow: Flow, layer: str) -> None:
        """The same or another network; the cursor stays on its tensor, or goes to the layer of the table."""
        other = self.flow is None or flow.wiring is not self.flow.wiring
        self.flow = flow
        if other:
            self.selected = ""
            self.go_to(layer)
        else:
            self.draw()

    def go_to(self, layer: str) -> None:
        """Put a layer in the middle, unless it is under the cursor already."""
        if self.flow is None:
            return
        tensors = self.flow.wiring.tensors
        if self.selected in tensors and tensors[self.selected].layer == layer:
            return
        name = self.flow.wiring.tensor_of(layer) or next(iter(tensors), "")
        self._center(name)

    def _center(self, name: str) -> None:
        self.selected, self._columns, self._trail = name, None, []
        self.draw()

    def on_descendant_focus(self) -> None:
        self.catch_up()

    def shown(self) -> None:
        self.draw()

    def on_resize(self, event: events.Resize) -> None:
        self._columns = self._columns if self._columns and self._steps == self._drawn_steps else None
        self.call_after_refresh(self.draw)

    _drawn_steps = 0

    @property
    def _steps(self) -> int:
        return steps_in(self.canvas.size.width)

    @property
    def columns(self) -> Columns | None:
        """The tensors of the picture, in their places."""
        if self._columns is None and self.flow is not None and self.selected in self.flow.wiring.tensors:
            self._drawn_steps = self._steps
            self._columns = arrange(self.flow.wiring, self.selected, self._drawn_steps)
        return self._columns

    def draw(self) -> None:
        """Make the lines for the present size; nothing is done where they are not seen."""
        width, height = self.canvas.size
        if width <= 0 or height <= 0:
            return
        columns = self.columns
        if self.flow is None or columns is None:
            self.head()
            self.canvas.show(paragraph(self._why, width, "muted"))
            return
        ascii_only = bool(getattr(self.app, "ascii_only", False))
        look = Look(self.flow, columns, self.selected, ShortNames(columns.drawn), ascii_only)
        self.canvas.show(network_lines(look, width, height))
        self._show_heading()

    def _show_heading(self) -> None:
        assert self.flow is not None
        wiring = self.flow.wiring
        tensors = count(len(wiring.tensors), "tensor")
        self.head(span(tensors if wiring.known else _("{tensors}, in the order of the file", tensors=tensors), "muted"))

    # --- walking

    def action_producer(self) -> None:
        self._along(-1)

    def action_consumer(self) -> None:
        self._along(1)

    def _along(self, way: int) -> None:
        """One edge to the left or right; where the picture ends, it moves along."""
        flow, columns = self.flow, self.columns
        if flow is None or columns is None:
            return
        wiring, here = flow.wiring, self.selected
        edges = (wiring.sources if way < 0 else wiring.targets).get(here, ())
        if not edges:
            words = (
                _("the network's input: nothing is before it")
                if way < 0
                else _("an output of the network: nothing reads it")
            )
            self.post_message(Flash(words))
            return
        drawn = columns.drawn
        if not any(each in drawn for each in edges):
            self._columns = arrange(wiring, here, self._steps)
            drawn = self._columns.drawn
        reachable = [each for each in edges if each in drawn]
        back = self._trail[-1] if self._trail and self._trail[-1] in reachable else None
        following = back or min(reachable, key=lambda each: _calm(flow, here, each, way))
        self._trail = [*self._trail[-20:], here] if back is None else self._trail[:-1]
        self._select(following)

    def action_above(self) -> None:
        self._within(-1)

    def action_below(self) -> None:
        self._within(1)

    def _within(self, step: int) -> None:
        """Up or down in the column; in the middle, which is alone there, along the order of the network."""
        if self.flow is None or self.columns is None:
            return
        column = self.columns.column_of(self.selected) or 0
        order = self.columns.names(column)
        if column == 0:
            order = list(self.flow.wiring.tensors)
        at = order.index(self.selected) + step
        if not 0 <= at < len(order):
            return
        self._trail = []
        if column == 0:
            self._center(order[at])
            self._tell()
        else:
            self._select(order[at])

    def _select(self, name: str) -> None:
        self.selected = name
        self.draw()
        self._tell()

    def _tell(self) -> None:
        """The table follows where the tensor is compared."""
        assert self.flow is not None
        tensor = self.flow.wiring.tensors[self.selected]
        if tensor.layer:
            self.post_message(LayerWanted(tensor.layer, leave=False))
        else:
            self.post_message(Flash(_("{name}: {text}", name=tensor.name, text=tensor.why)))

    def action_center(self) -> None:
        if self.flow is not None and self.selected:
            self._center(self.selected)

    def action_open(self) -> None:
        tensor = self.flow.wiring.tensors.get(self.selected) if self.flow else None
        if tensor is not None and tensor.layer:
            self.post_message(LayerWanted(tensor.layer, leave=True))
        else:
            self.post_message(Flash(_("it is not in the layer table") if tensor else _("no layer here"), "warn"))

    # --- for others

    def copied(self, whole: bool) -> str:
        return plain(_lines(self.canvas)) if whole else self.selected

    def help(self) -> Iterable[Line]:
        yield from sign_lines()
        yield line("  ", Span("=1", "key"), " " + _("tensors with the same number share one scale"))
        text = _(
            "Producers stand to the left, consumers to the right. Along a heavy line an error comes in; the sign at "
            "its end says what becomes of it. At the edge of a box an arrow says that there is more beyond. The layer "
            "table follows the cursor, and the picture follows the table."
        )
        yield from paragraph(text, 76)


def _lines(canvas: Canvas) -> Sequence[Line]:
    return canvas.lines


def _calm(flow: Flow, here: str, there: str, way: int) -> bool:
    """For sorting: edges that bring an error first."""
    role = flow.edge(there, here) if way < 0 else flow.edge(here, there)
    return role is Role.CLEAN

"""A screen of numbered panes: together on a large terminal, as tabs on a small one, one filling it on demand."""

from enum import StrEnum

from textual import events, on
from textual.app import ComposeResult
from textual.geometry import Size
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget

from sgs_tui.language import _
from sgs_tui.tui.actions import PANES, group
from sgs_tui.tui.frame.opaque import OpaqueScreen
from sgs_tui.tui.frame.pane import Pane
from sgs_tui.tui.text import Line, Span, line, paragraph
from sgs_tui.tui.widgets.bars import KeyBar, KeyedLinesBar, LineBar, LinesBar, Tab, TabBar
from sgs_tui.tui.widgets.prompt import Prompt

LEAST = (60, 15)
ALL_PANES = (120, 30)
_LEAST_PART = {"side": 20, "lower": 8}
_KEPT = (60, 16)
"""Cells and lines that the table keeps, however large the parts beside and below it are made."""


class Arrangement(StrEnum):
    """How panes share the screen; also the style class of the screen."""

    TOO_SMALL = "-too-small"
    TABS = "-tabs"
    ALL = "-all"


def arrangement(width: int, height: int) -> Arrangement:
    """Tabs below 120 columns (or on a very flat terminal), everything together from there on."""
    if width < LEAST[0] or height < LEAST[1]:
        return Arrangement.TOO_SMALL
    return Arrangement.ALL if width >= ALL_PANES[0] and height >= ALL_PANES[1] else Arrangement.TABS


def too_small(width: int, height: int) -> str:
    """The one line that a terminal too small for anything else shows."""
    return _("needs {least}, this is {now}", least=f"{LEAST[0]}x{LEAST[1]}", now=f"{width}x{height}")


class PanesScreen(OpaqueScreen, Screen[None]):
    """Arranges panes and moves between them; subclasses compose them and give `panes`."""

    AUTO_FOCUS = ""

    def __init__(self) -> None:
        super().__init__()
        self.title_bar = LineBar(tone="header", identity="title")
        self.tab_bar = TabBar(identity="tabs")
        self.notice_bar = LineBar(tone="warn", identity="notice")
        self.verdict_bar = KeyedLinesBar(identity="verdict")
        self.status_bar = LineBar(identity="status")
        self.key_bar = KeyBar(identity="keys")
        self.filled = False
        self.arranged = Arrangement.TABS
        self.splits = {"side": 0, "lower": 0}
        """Cells and lines of the parts whose size the user chose; 0: as the style sheet says."""
        self.clicks = 0
        """How often a button of the mouse went down so far."""
        self._dragged = ""
        """The part whose border the mouse holds."""
        self._too_small = LinesBar(identity="too-small")

    @property
    def panes(self) -> tuple[Pane, ...]:
        """Every pane, in the order of tabs."""
        raise NotImplementedError

    @property
    def current(self) -> Pane:
        """The pane that has, or last had, the focus."""
        return next((pane for pane in self.panes if pane.has_class("-current")), self.panes[0])

    def compose(self) -> ComposeResult:
        """Arranged for the size that there is: the first frame too."""
        self._arrange_for(self.app.size)
        yield self.title_bar
        yield self.verdict_bar
        yield self.notice_bar
        yield self.tab_bar
        yield from self.body()
        yield self.status_bar
        yield self.key_bar
        yield self._too_small

    def body(self) -> ComposeResult:
        """The panes in their containers."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Begin on the first pane; of those that share a place, the first one on the screen is seen."""
        shared: set[str] = set()
        for pane in self.query(Pane):
            self._class_of(pane, "-behind", bool(pane.COVERS) or (bool(pane.SHARES) and pane.SHARES in shared))
            shared.add(pane.SHARES)
        self.go(self.panes[0])
        self.app.message_signal.subscribe(self, self._come_back, immediate=True)

    def _come_back(self, message: Message) -> None:
        """The driver tells the size again when it has the terminal back: whatever is on it by now, paint over it."""
        if isinstance(message, events.Resize) and message.size == self.app.screen.size:
            self.app.screen.refresh()

    def go(self, pane: Pane) -> None:
        """Show `pane` (in tabs) and give it the focus."""
        self._mark(pane)
        pane.main.focus()

    def _mark(self, pane: Pane) -> None:
        """Make `pane` the current one in looks."""
        for other in self.panes:
            self._class_of(other, "-current", other is pane)
            other.point_out(other is pane)
            if other.SHARES and other.SHARES == pane.SHARES:
                self._class_of(other, "-behind", other is not pane)
        for holder in self.query(".holder"):
            self._class_of(holder, "-current", holder in pane.ancestors)
        for cover in filter(lambda other: other.COVERS, self.panes):
            covered = self.query_one(f"#{cover.COVERS}")
            if pane is cover or covered in pane.ancestors:
                self._class_of(cover, "-behind", pane is not cover)
                self._class_of(covered, "-behind", pane is cover)
        self.show_tabs()
        self.show_keys()
        self.call_after_refresh(pane.shown)

    def _class_of(self, part: Widget, name: str, wanted: bool) -> None:
        """Give or take a class that decides whether `part` is seen: of what is in it the style sheet asks nothing, and
        to look through all of it again would be half of what going to a pane takes."""
        if wanted != part.has_class(name):
            part.set_class(wanted, name, update=False)
            self.app.stylesheet.update_nodes((part,))

    def show_tabs(self) -> None:
        tabs = [Tab(entry.name, entry.key, entry.short) for entry in PANES if self.offers(entry.name)]
        self.tab_bar.show(tabs, self.current.NAME)

    def show_keys(self) -> None:
        """The key line for the current pane, or for what is being typed in it."""
        typing = isinstance(self.focused, Prompt)
        self.key_bar.show(group("typing") if typing else (*self.current.actions(), *group("app")), self.keymap)

    def offers(self, pane: str) -> bool:
        """Whether a pane is named in the tab line and met by walking; its key goes there in any case."""
        return True

    @property
    def choosing(self) -> bool:
        """Whether panes to choose from have more room than what is chosen."""
        return False

    @property
    def keymap(self) -> dict[str, str]:
        return {}

    def on_resize(self, event: events.Resize) -> None:
        self._arrange_for(event.size)

    def _arrange_for(self, size: Size) -> None:
        self.arranged = arrangement(*size)
        self._too_small.say(paragraph(too_small(*size), max(1, size[0])))
        self._arrange()

    def _arrange(self) -> None:
        single = "-single" if self.filled or self.arranged is not Arrangement.ALL else ""
        choosing = "-choosing" if self.choosing else ""
        self.set_classes(f"{self.arranged} {single} {choosing}")
        self._split()

    def _most(self, name: str) -> int:
        """Cells or lines that a part may take, so that the table keeps its own."""
        width, height = self.app.size
        return width - _KEPT[0] if name == "side" else height - _KEPT[1]

    def _split(self) -> None:
        """The parts as large as the user made them, on a screen that shows them beside each other."""
        together = self.arranged is Arrangement.ALL and not self.filled
        for name, axis in (("side", "width"), ("lower", "height")):
            chosen = max(_LEAST_PART[name], min(self.splits[name], self._most(name)))
            wanted = chosen if self.splits[name] and together else None
            for part in self.query(f"#{name}"):
                if wanted is None and not part.styles.inline.has_rule(axis):  # to set nothing lays all of it out again
                    continue
                setattr(part.styles, axis, wanted)
                setattr(part.styles, f"max_{axis}", wanted)

    def action_split(self, name: str, step: int) -> None:
        """Move the line beside the left column, or the one above the lower part."""
        if self.arranged is not Arrangement.ALL or self.filled:
            self.say(line(_("parts have sizes where panes stand side by side: from 120x30 on")))
            return
        laid_out = self.query_one(f"#{name}").outer_size
        now = self.splits[name] or (laid_out.width if name == "side" else laid_out.height)
        self._resize(name, min(now, self._most(name)) + step)

    # --- the same by mouse: the blank column beside the left one, the headings of the lower part

    def _border_at(self, x: int, y: int) -> str:
        """The part whose border is there, else nothing."""
        if self.arranged is not Arrangement.ALL or self.filled:
            return ""
        side, lower = (self.query_one(f"#{name}") for name in ("side", "lower"))
        if x == side.region.right and side.region.y <= y < side.region.bottom:
            return "side"
        return "lower" if lower.display and y == lower.region.y and x >= lower.region.x else ""

    def on_mouse_down(self, event: events.MouseDown) -> None:
        self.clicks += 1
        self._dragged = self._border_at(event.screen_x, event.screen_y)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """The part ends where the mouse is, as long as it holds the border."""
        if not self._dragged:
            return
        part = self.query_one(f"#{self._dragged}")
        size = event.screen_x - part.region.x if self._dragged == "side" else part.region.bottom - event.screen_y
        self._resize(self._dragged, size)

    def on_mouse_up(self) -> None:
        self._dragged = ""

    def _resize(self, name: str, wanted: int) -> None:
        """So many cells or lines, as far as the others keep theirs."""
        allowed = max(_LEAST_PART[name], min(wanted, self._most(name)))
        if allowed != self.splits[name]:
            self.splits[name] = allowed
            self._split()

    @on(events.DescendantFocus)
    def follow_focus(self, event: events.DescendantFocus) -> None:
        """A click into another pane makes it the current one; a prompt has keys of its own."""
        pane = next((node for node in event.widget.ancestors_with_self if isinstance(node, Pane)), None)
        if pane is not None and pane is not self.current:
            self._mark(pane)
        self.show_keys()

    @on(TabBar.Picked)
    def pick_tab(self, event: TabBar.Picked) -> None:
        self.go(next(pane for pane in self.panes if event.pane == pane.NAME))

    def _step_pane(self, step: int) -> None:
        offered = [pane for pane in self.panes if pane is self.current or self.offers(pane.NAME)]
        self.go(offered[(offered.index(self.current) + step) % len(offered)])

    def action_next_pane(self) -> None:
        self._step_pane(1)

    def action_previous_pane(self) -> None:
        self._step_pane(-1)

    def action_fill(self) -> None:
        if self.arranged is Arrangement.ALL:
            self.filled = not self.filled
            self._arrange()
        else:
            self.say(line(_("every pane fills the screen here; from 120x30 on they stand side by side")))

    def notice(self, text: str) -> None:
        """A line over all panes, as long as there is something to say."""
        self.notice_bar.set_class(bool(text), "-shown")
        self.notice_bar.say((Span(f" ~ {text}"),))

    def say(self, text: Line) -> None:
        self.status_bar.say(text)

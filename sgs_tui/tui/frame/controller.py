"""What every controller is: one feature's state, its background jobs, and what it does about messages and keys.

A controller is a plain object that the main screen holds. `@hears(Kind)` on a method: call it with every message of
that kind that reaches the screen (or with nothing, where it takes nothing). `@does("walk.note")`: call it when the
user asks for the action of that id in actions.py. A message that several controllers hear goes to them in the order
in which the screen lists them. Features meet only through the comparison and through messages; what else a
controller needs of another one it is given when it is made.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from inspect import signature
from pathlib import Path
from threading import Event
from typing import Any, Protocol, TypeVar

from textual.message import Message
from textual.timer import Timer

from sgs_tui.tui.frame.dialogs import Ask, AskPath, Choice, Chooser, ConfirmDialog, Dialog
from sgs_tui.tui.frame.pane import Pane
from sgs_tui.tui.jobs import Jobs
from sgs_tui.tui.widgets.text_view import Text

Answer = TypeVar("Answer")
Method = TypeVar("Method", bound=Callable[..., object])
Window = TypeVar("Window", bound=Dialog[Any])
Prepared = TypeVar("Prepared")


class Host(Protocol):
    """What a controller may ask of the screen."""

    jobs: Jobs

    @property
    def keymap(self) -> dict[str, str]:
        """The user's own keys by action id."""

    @property
    def monochrome(self) -> bool:
        """The theme has no shades: the terminal's own colors, or none."""

    @property
    def current(self) -> Pane:
        """The pane that has, or last had, the focus."""

    @property
    def unattended(self) -> bool:
        """No window is open and nothing is being typed."""

    def post_message(self, message: Message) -> bool:
        """Tell everybody."""

    def set_timer(self, delay: float, callback: Callable[[], None]) -> Timer:
        """Call it after so many seconds."""

    def go(self, pane: Pane) -> None:
        """Show the pane and give it the focus."""

    def open(self, dialog: Dialog[Answer], then: Callable[[Answer | None], None] | None = None) -> None:
        """Open a window; `then` takes its answer."""

    def opened(self, kind: type[Window]) -> Window | None:
        """The window of that kind, if it is open."""

    def prepare(
        self, name: str, said: str, work: Callable[[Event], Prepared], then: Callable[[Prepared], object]
    ) -> None:
        """Begin a job whose answer opens a window: keys that are typed meanwhile are meant for that and wait for it.
        `said`: what the user reads until then."""

    def edit(self, path: Path) -> str:
        """Have the file edited in the user's editor; what went wrong with it, or nothing."""

    def show_title(self) -> None:
        """The title line as things stand."""

    def flash(self, text: str, level: str = "info") -> None:
        """A word in the status line, where the gravest since the last key stands (status.py); `level`: doing, hint,
        info, warn, fail. An empty one brings the layer back once there is nothing to say."""

    def note(self, text: str, level: str = "info", hint: str = "") -> None:
        """A line in the log."""


def hears(*kinds: type[Message]) -> Callable[[Method], Method]:
    """Call the method with every message of these kinds."""
    return _marking("hears", *kinds)


def does(*action_ids: str) -> Callable[[Method], Method]:
    """Call the method when the user asks for one of these actions."""
    return _marking("does", *action_ids)


def _marking(mark: str, *values: object) -> Callable[[Method], Method]:
    def marked(method: Method) -> Method:
        setattr(method, mark, values)
        return method

    return marked


class Controller:
    """One feature."""

    def __init__(self, host: Host) -> None:
        self.host = host

    def ask(self, question: str, value: str, note: str, then: Callable[[str], object]) -> None:
        """Ask for a line of text; `then` takes it."""
        self.host.open(Ask(question, value, note, self.host.keymap), partial(_answered, then))

    def ask_path(self, question: str, value: str, note: str, then: Callable[[str], object]) -> None:
        """Ask for a path; `then` takes it."""
        self.host.open(AskPath(question, value, note, self.host.keymap), partial(_answered, then))

    def choose(self, title: str, choices: Sequence[Choice], then: Callable[[str], object]) -> None:
        """Let the user pick one; `then` takes its key."""
        self.host.open(Chooser(title, choices, self.host.keymap), partial(_answered, then))

    def confirm(self, question: str, evidence: Text, then: Callable[[], object]) -> None:
        """Show the evidence, and do it after a yes."""
        self.host.open(ConfirmDialog(question, evidence, self.host.keymap), partial(confirmed, then))


def _answered(then: Callable[[str], object], answer: str | None) -> None:
    if answer:
        then(answer)


def confirmed(then: Callable[[], object], yes: bool | None) -> None:
    """Do it after a yes."""
    if yes:
        then()


class Router:
    """Which method of which controller hears a message or does an action."""

    def __init__(self, controllers: Sequence[Controller]) -> None:
        self._hearing: dict[type[Message], list[Callable[[Message], object]]] = {}
        self._doing: dict[str, Callable[[], object]] = {}
        for controller in controllers:
            for kind, method in _marks(controller, "hears"):
                takes = bool(signature(method).parameters)
                self._hearing.setdefault(kind, []).append(method if takes else partial(_called, method))
            self._doing.update(_marks(controller, "does"))

    def tell(self, message: Message) -> None:
        for method in self._hearing.get(type(message), ()):
            method(message)

    def do(self, action_id: str) -> None:
        self._doing[action_id]()


def _marks(controller: Controller, mark: str) -> Iterator[tuple[Any, Callable[..., object]]]:
    """Every value of that mark with the method that bears it."""
    for name, function in vars(type(controller)).items():
        for value in getattr(function, mark, ()):
            yield value, getattr(controller, name)


def _called(method: Callable[[], object], message: Message) -> None:
    method()

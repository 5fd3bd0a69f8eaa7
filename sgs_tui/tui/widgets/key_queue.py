"""Keys one at a time: none is given to a widget before all that the key in front of it caused has happened.

A slow line delivers several keys at once. Textual hands each to whatever has the focus at that moment, so that of
`/gate`, enter, `j` the letters would go to the table and not to the prompt that `/` is about to open.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from textual import events
from textual.app import App
from textual.message_pump import MessagePump
from textual.widget import Widget

if TYPE_CHECKING:
    _Beside = Widget
else:
    _Beside = object  # a second base that is a widget would take its first one's look

_GONE = 1.0
"""Seconds after which a widget that does not answer is taken for closed."""
_PAINTING = 0.03
"""Seconds for which a single key is left alone, so that what it changes is painted first."""

_UNSEEN = 0.1
"""Seconds for which a held key moves on without a picture."""
_FRAME = 0.02
"""Seconds in which a picture is painted: Textual paints 60 times a second."""

_Typed = events.Key | events.Paste


class KeyQueue:
    """The keys of one app that are still to be given out; closed until `open`."""

    def __init__(self, app: App[Any]) -> None:
        self._app = app
        self._waiting: deque[_Typed] = deque()
        self._giving: asyncio.Task[None] | None = None
        self._open = False
        self._last = ""
        self._more = asyncio.Event()
        self._free = asyncio.Event()
        self._free.set()
        self._stop: Callable[[], object] = self.go_on
        self.given = 0
        """Keys that were given out so far."""

    @property
    def quiet(self) -> bool:
        """No key waits, and all that the last one caused has happened."""
        return not self._waiting and (self._giving is None or self._giving.done())

    def open(self) -> None:
        """There is somebody to give keys to."""
        self._open = True
        self._giving = asyncio.create_task(self._give_in_turn())

    def pause(self, stop: Callable[[], object]) -> None:
        """Give nothing out until `go_on`: the window that the next keys are meant for is being prepared.

        Escape drops what was typed meanwhile and calls `stop`.
        """
        self._stop = stop
        self._free.clear()

    def go_on(self) -> None:
        """The window is there, or will not come."""
        self._free.set()
        if self._waiting and self._giving is not None and self._giving.done():
            self._giving = asyncio.create_task(self._give_in_turn())

    def take(self, event: _Typed) -> None:
        """Give it out at once, or when its turn has come."""
        if not self._free.is_set() and isinstance(event, events.Key) and event.key == "escape":
            self._waiting.clear()
            self.go_on()
            self._stop()
            return
        at_once = self._open and self.quiet and self._free.is_set()
        self._waiting.extend(_split(event))
        if at_once:
            self._give()
        if self._waiting:
            self._more.set()
        if at_once:
            self._giving = asyncio.create_task(self._give_in_turn())

    def _give(self) -> None:
        event = self._waiting.popleft()
        self._last = event.key if isinstance(event, events.Key) else ""
        self.given += 1
        event._set_forwarded()
        (self._app.focused or self._app.screen).post_message(event)

    async def _give_in_turn(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_PAINTING):
                await self._more.wait()
        self._more.clear()
        await self._settled()
        while self._waiting:
            if not self._free.is_set():
                await self._free.wait()
                await self._settled()
            elif self._is_held():
                await self._give_repeats()
            else:
                self._give()
                await self._settled()

    def _is_held(self) -> bool:
        """Whether the next key is the last one again."""
        return (
            self._free.is_set()
            and bool(self._waiting)
            and isinstance(self._waiting[0], events.Key)
            and self._waiting[0].key == self._last
        )

    async def _give_repeats(self) -> None:
        """A held key faster than the screen: what has piled up is given out before anything is painted, so that the
        cursor stops with the key; now and then a picture shows where it is."""
        ends, before = monotonic() + _UNSEEN, _layout(self._app)
        with self._app.batch_update():
            while self._is_held() and monotonic() < ends:
                self._give()
                await self._settled()
        if _layout(self._app) != before:  # laid out anew meanwhile: Textual does not paint that after a batch
            self._app.screen.refresh(layout=True)
        self._app.screen.check_idle()  # the batch's end wakes the app alone
        if self._is_held():
            await asyncio.sleep(_FRAME)

    async def _settled(self) -> None:
        """Until every message on the way from the focus up to the app was handled, and the focus stays where it is."""
        before: object = None
        while before != (before := (self._app.screen, self._app.focused)):
            way = (self._app.focused or self._app.screen).ancestors_with_self
            for pump in (*way, *reversed(self._app.screen_stack), self._app):
                await _idle(pump)


def _split(event: _Typed) -> tuple[_Typed, ...]:
    """Escape and a letter right behind it arrive as the letter with alt, which means nothing here: take both."""
    if isinstance(event, events.Key) and event.key.startswith("alt+") and event.character:
        return events.Key("escape", None), events.Key(event.character, event.character)
    return (event,)


def _layout(app: App[Any]) -> tuple[object, ...]:
    """Which screen there is, how large, and where everything on it is."""
    return app.screen, app.screen.size, *(widget.region for widget in app.screen.walk_children(Widget))


class _Handled(asyncio.Event):
    """Set by calling it."""

    _param_count = 0
    """What Textual keeps at a callback: of a bound method it would look up anew how many parameters it takes."""

    def __call__(self) -> None:
        self.set()


async def _idle(pump: MessagePump) -> None:
    """Until it has handled what it was sent so far."""
    handled = _Handled()
    if pump.post_message(events.Callback(handled)):
        with suppress(TimeoutError):
            async with asyncio.timeout(_GONE):  # wait_for would make a task of it, twenty a key
                await handled.wait()


_QUEUES: WeakKeyDictionary[App[Any], KeyQueue] = WeakKeyDictionary()


def key_queue(app: App[Any]) -> KeyQueue:
    """The app's one queue."""
    return _QUEUES.setdefault(app, KeyQueue(app))


class TakesQueuedKeys(_Beside):
    """Whatever can have the focus: what is typed reaches it through the queue."""

    def _forward_event(self, event: events.Event) -> None:
        if isinstance(event, _Typed) and not event.is_forwarded:
            key_queue(self.app).take(event)
        else:
            super()._forward_event(event)

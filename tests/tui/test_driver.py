"""A line that drops, and a process that is woken: the driver ends or comes back exactly once."""

import os
import pty
import signal
from pathlib import Path

import pytest
from textual.events import Key

from sgs_tui.tui.terminal import KeysApart, TerminalFile
from tests.tui.terminal import Terminal, compared


def test_what_is_written_to_a_line_that_dropped_goes_nowhere() -> None:
    outer, inner = pty.openpty()
    with os.fdopen(inner, "w", encoding="utf-8") as file:
        line = TerminalFile(file)
        line.write("before")
        line.flush()
        assert line.isatty() and os.read(outer, 100) == b"before"
        os.close(outer)
        for _ in range(3):
            line.write("after" * 10_000)
            line.flush()
        assert not line.isatty()


def _threads(terminal: Terminal) -> int:
    return len(list(Path(f"/proc/{terminal.pid}/task").iterdir()))


def test_being_woken_without_having_slept_starts_nothing_twice() -> None:
    with Terminal() as terminal:
        terminal.wait_for(compared)
        terminal.settle()
        before = _threads(terminal)
        for _ in range(3):
            sent = len(terminal.output)
            terminal.signal(signal.SIGCONT)
            while b"\x1b[?1049h" not in terminal.output[sent:]:
                assert terminal.read_some(), "never painted again"
            terminal.settle()
        assert _threads(terminal) <= before
        terminal.press("n")
        terminal.wait_for("gate")
        terminal.press("q")
        assert terminal.finish() == 0


def test_being_stopped_from_outside_and_woken_paints_again() -> None:
    with Terminal() as terminal:
        terminal.wait_for(compared)
        terminal.settle()
        terminal.signal(signal.SIGSTOP)
        sent = len(terminal.output)
        terminal.signal(signal.SIGCONT)
        while b"gate" not in terminal.output[sent:]:
            assert terminal.read_some(), "never painted again"
        terminal.press("q")
        assert terminal.finish() == 0


@pytest.mark.parametrize("key", ["#", "/", ":", "2", "v", "E", " ", "\r"])
def test_escape_and_the_key_right_behind_it_are_two(key: str) -> None:
    apart, alone = KeysApart(), KeysApart()
    (behind,) = alone.feed(key)
    assert isinstance(behind, Key)
    found = [(each.key, each.character) for each in apart.feed("\x1b" + key) if isinstance(each, Key)]
    assert found == [("escape", "\x1b"), (behind.key, behind.character)]


@pytest.mark.parametrize(("sequence", "key"), [("\x1b[A", "up"), ("\x1bOP", "f1"), ("\x1bb", "ctrl+left")])
def test_sequences_stay_one_key(sequence: str, key: str) -> None:
    assert [each.key for each in KeysApart().feed(sequence) if isinstance(each, Key)] == [key]


def test_a_window_is_closed_by_an_escape_with_the_next_key_behind_it() -> None:
    with Terminal() as terminal:
        terminal.wait_for(compared)
        terminal.press("?")
        terminal.wait_for("keys of this pane")
        terminal.press("\x1b#")
        terminal.wait_for("Go to which layer?")
        terminal.press("\x1bq")
        assert terminal.finish() == 0

"""Preprocess modules in children that stay: loaded once, and a failure is one picture's."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from sgs_tui.engine.backends.preprocess import Layout, ModelInput, Preprocess, load_inputs
from sgs_tui.engine.backends.preprocess_child import Children
from sgs_tui.engine.errors import CancelledError, InputError, RunError
from tests.waiting import until_gone

MODULE = """
import os, sys, time
import numpy as np

calls = []

def image_preprocess(path, norm=True):
    word = open(path).read()
    calls.append(word)
    if word == "raise":
        print("on the way out")
        raise ValueError("no such color")
    if word == "hang":
        time.sleep(600)
    if word == "exit":
        sys.exit(3)
    if word == "die":
        os._exit(7)
    if word == "print":
        print("x" * 1000000)
    if word == "words":
        return "words"
    if word == "interrupt":
        raise KeyboardInterrupt
    if word == "closed":
        os.close(1)
    if word in ("copy", "copy exits") and os.fork() == 0 and word == "copy exits":
        sys.exit(1)
    return np.array([[len(calls), os.getpid()]], np.float64)
"""

WANTED = [ModelInput("x", (1, 2), np.dtype(np.float64))]


@pytest.fixture
def children() -> Iterator[Children]:
    found = Children()
    yield found
    found.close()


@pytest.fixture
def how(tmp_path: Path) -> Preprocess:
    (tmp_path / "pre.py").write_text(MODULE)
    for word in ("good", "raise", "hang", "exit", "die", "print", "words", "interrupt", "closed", "copy", "copy exits"):
        (tmp_path / word).write_text(word)
    return Preprocess((tmp_path / "pre.py",))


def read(children: Children, how: Preprocess, word: str) -> tuple[int, int]:
    """How many calls the child has had, and which process it is."""
    feed, _ = load_inputs(WANTED, [how.modules[0].parent / word], how, Layout.NHWC, children)
    calls, process = feed["x"][0].tolist()
    return int(calls), int(process)


def test_the_module_is_loaded_once(children: Children, how: Preprocess) -> None:
    found = [read(children, how, word) for word in ("good", "print", "good")]
    assert [calls for calls, _ in found] == [1, 2, 3] and len({process for _, process in found}) == 1
    assert found[0][1] != os.getpid()


@pytest.mark.parametrize(
    ("word", "told", "hint"),
    [
        ("raise", "pre.py, line 12: image_preprocess for raise failed: ValueError: no such color", "on the way out"),
        ("exit", "image_preprocess for exit failed: SystemExit: 3", ""),
        ("die", "ended with exit code 7 and left no result", ""),
        ("words", "it returned str, expected a numpy array", ""),
        ("interrupt", "image_preprocess for interrupt failed: KeyboardInterrupt", ""),
        ("hang", "not done after 1.5 s", "it was ended"),
    ],
)
def test_a_failure_is_one_pictures(children: Children, how: Preprocess, word: str, told: str, hint: str) -> None:
    read(children, how, "good")
    with pytest.raises(RunError) as raised:
        read(children, replace(how, timeout=1.5), word)
    assert told in str(raised.value) and hint in raised.value.hint
    assert read(children, how, "good")[0] == 1


@pytest.mark.parametrize("word", ["copy", "copy exits", "closed"])
def test_one_process_answers_whatever_the_script_forks_or_closes(
    children: Children, how: Preprocess, word: str
) -> None:
    found = [read(children, how, each) for each in ("good", word, "good", "good")]
    assert [calls for calls, _ in found] == [1, 2, 3, 4] and len({process for _, process in found}) == 1


def test_what_another_picture_has_printed_is_no_hint(children: Children, how: Preprocess) -> None:
    read(children, how, "print")
    with pytest.raises(RunError) as raised:
        read(children, how, "exit")
    assert not raised.value.hint


def test_a_cancel_ends_the_child(children: Children, how: Preprocess) -> None:
    cancel = Event()
    _, process = read(children, how, "good")
    cancel.set()
    with pytest.raises(CancelledError):
        read(children, replace(how, cancel=cancel), "hang")
    until_gone(process)


def test_a_module_that_can_not_be_loaded(children: Children, how: Preprocess) -> None:
    how.modules[0].write_text("import nothing_of_that_name")
    with pytest.raises(RunError, match=r"pre\.py, line 1: loading it failed: ModuleNotFoundError"):
        read(children, how, "good")
    with pytest.raises(InputError, match="no such file"):
        read(children, how, "missing")


def test_children_end_when_they_are_closed(children: Children, how: Preprocess) -> None:
    _, process = read(children, how, "good")
    children.close()
    until_gone(process)

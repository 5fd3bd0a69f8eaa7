"""The user's editor: which one, what is said of one that fails or is not there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest
from textual.app import App

from sgs_tui.tui.outside import edit_file, editor_name


class Suspended:
    """An app that only knows how to get out of the way."""

    def __init__(self) -> None:
        self.away = 0

    @contextmanager
    def suspend(self) -> Iterator[None]:
        self.away += 1
        yield


def edit(path: Path) -> str:
    app = Suspended()
    said = edit_file(cast("App[int]", app), path)
    assert app.away == 1
    return said


def test_the_editor_gets_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "my editor"
    script.write_text('#!/bin/sh\necho "$1" >> "$2"\n')
    script.chmod(0o755)
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", f"'{script}' -w")
    assert editor_name() == "my editor"
    assert edit(tmp_path / "file") == ""
    assert (tmp_path / "file").read_text() == "-w\n"


@pytest.mark.parametrize(("command", "words"), [("false", "exit code 1"), ("no-such-editor", "set EDITOR")])
def test_what_went_wrong_is_said(command: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", command)
    assert words in edit(tmp_path / "file")


def test_vi_where_nothing_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)
    assert editor_name() == "vi"

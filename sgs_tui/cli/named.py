"""What a command line names, looked at before its command does anything: a name is not empty, a file is not named as a
folder, an output can be written and is no input.

Apart because main.py is about how a command line ends.
"""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from sgs_tui.batch.output import check_target
from sgs_tui.engine.errors import InputError, UsageError
from sgs_tui.engine.files import mark_named, was_read
from sgs_tui.language import Message

_TARGETS = frozenset({"--output", "--bundle", "--png"})
_MAY_NAME_FILES = frozenset({"--image", "--calibrate", "--preprocess", "--input", "--profile", "--run"})
"""Options whose texts may be names of files, with commas between them or NAME= in front."""
_PATHS, _TEXTS = ("path", "file", "directory"), ("str", "text")
"""What the command line's own library calls types of names, and of texts."""
_MAY_BE_EMPTY = frozenset({"TEXT", "NAME,..."})
"""Stand for what is no name of anything, a filter or a note, and for lists: an empty one is none."""


def look_at_names(command: Any) -> None:
    """Make a command, or each of a group, look at the names it is given first.

    What a command reads without being told is spared when it writes (batch/output.py).
    """
    for each in getattr(command, "commands", {}).values():
        look_at_names(each)
    if command.callback is not None and not hasattr(command, "commands"):
        command.callback = partial(_after_a_look, command.params, command.callback)


def _after_a_look(parameters: Sequence[Any], callback: Callable[..., int], **given: Any) -> int:
    targets = []
    for each in parameters:
        for value in _given(each, given.get(each.name)):
            _check_name(_shown(each), value, isinstance(each.type.name, str) and each.type.name in _PATHS)
            if not _TARGETS.isdisjoint(each.opts):
                targets.append((each.opts[0], value))
            elif each.type.name in _PATHS or not _MAY_NAME_FILES.isdisjoint(each.opts):
                for name in {value, *re.split("[,=]", value)}:
                    mark_named(Path(name))
    for option, target in targets:
        _check_target(option, target)
    return callback(**given)


def _given(parameter: Any, value: Any) -> Iterator[str]:
    """The names among what was given for a parameter; a default is none."""
    if value is None or value == parameter.default or parameter.type.name not in (*_PATHS, *_TEXTS):
        return
    if parameter.metavar not in _MAY_BE_EMPTY:
        yield from map(str, value if isinstance(value, list | tuple) else [value])


def _shown(parameter: Any) -> str:
    """What help calls a parameter."""
    return str(parameter.opts[0] if parameter.opts[0].startswith("-") else parameter.metavar)


def _check_name(shown: str, value: str, is_path: bool) -> None:
    """Raise UsageError for what can name nothing, InputError for a file that is named as a folder."""
    if not value.strip():
        raise UsageError(
            Message("{shown} is empty", shown=shown), Message("perhaps from a variable of the shell that is not set?")
        )
    if is_path and value.endswith("/") and os.path.isfile(value.rstrip("/")):
        raise InputError(
            Message("{path}: {file} is a file, expected a folder", path=value, file=value.rstrip("/")),
            Message("leave out the / at its end"),
        )


def _check_target(option: str, target: str) -> None:
    path = Path(target)
    if path.is_file() and was_read(path):
        raise UsageError(
            Message("{option} {target}: is an input of this command", option=option, target=target),
            Message("name another file to write"),
        )
    if option == "--png" or path.is_dir():  # several reports, or dumps, may go to a folder
        return
    if target.endswith("/"):
        raise InputError(
            Message("{target}: there is no such folder", target=target), Message("make it first, or name a file")
        )
    check_target(path)

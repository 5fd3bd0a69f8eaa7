"""The errors that users see: one clear line and what to do about it.

Every error the engine raises on purpose is an `SgsError`. The command line maps the classes to exit
codes (cli/exits.py); the app shows `message` and `hint`, which are messages in the sense of language.py.
"""

import sys

from sgs_tui.language import Message


def reason(error: OSError) -> Message:
    """What the operating system says of an error, as a message: `No such file or directory`."""
    return Message(error.strerror or str(error))


def told(error: Exception) -> str:
    """An error in one line, as a message where it is one of ours, or a library's raised by us with one."""
    if isinstance(error, SgsError):
        return error.text
    if isinstance(error, KeyError):
        return Message("no {name}", name=error)
    if error.args and isinstance(error.args[0], Message):
        return error.args[0]
    return _of_library(error) or str(error)


def _of_library(error: Exception) -> str:
    """What Python says of a file that is no JSON, or no text, as a message; empty for everything else."""
    from json import JSONDecodeError  # a start can do without
    from tomllib import TOMLDecodeError

    if isinstance(error, RecursionError):
        return Message("nested too deep")
    if isinstance(error, UnicodeDecodeError):
        return Message("no UTF-8 text from byte {place} on", place=error.start)
    if isinstance(error, UnicodeEncodeError):
        return Message("half of a character at place {place} of a text", place=error.start)
    if isinstance(error, ValueError) and "integer string conversion" in str(error):  # of JSON and of TOML
        return Message("a whole number of over {digits:,} digits", digits=sys.get_int_max_str_digits())
    if isinstance(error, JSONDecodeError):
        where = {"line": error.lineno, "column": error.colno, "place": error.pos}
        return Message("{what}: line {line} column {column} (char {place})", what=Message(error.msg), **where)
    return _of_toml(str(error)) if isinstance(error, TOMLDecodeError) else ""


_NAMED = (
    *("Cannot declare {name} twice", "Cannot mutate immutable namespace {name}", "Cannot redefine namespace {name}"),
    *("Duplicate inline table key {name}", "Found invalid character {name}", "Illegal character {name}"),
)
"""What tomllib says of a name or a character."""


def _words_of_toml(text: str) -> Message:
    for template in _NAMED:
        before, _, after = template.partition("{name}")
        if text.startswith(before) and text.endswith(after):
            return Message(template, name=text.removeprefix(before).removesuffix(after))
    return Message(text)


def _of_toml(text: str) -> Message:
    """`Invalid value (at line 2, column 5)`, or `(at end of document)`."""
    said, _, place = text.removesuffix(")").rpartition(" (at ")
    what = _words_of_toml(said)
    if place.startswith("line "):
        line, _, column = place.removeprefix("line ").partition(", column ")
        return Message("{what} (at line {line}, column {column})", what=what, line=line, column=column)
    if not said:
        return Message(text)
    return Message("{what} (at end of document)", what=what)


class SgsError(Exception):
    """Something a user can act on.

    `message` says what is wrong and where (file, record, byte) in one line; `hint` says what to do.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return str(self.text)

    @property
    def text(self) -> str:
        """Both in one, as a message."""
        return Message("{message} ({hint})", message=self.message, hint=self.hint) if self.hint else self.message


class UsageError(SgsError):
    """The request itself makes no sense: unknown option value, layer, profile key."""


class InputError(SgsError):
    """An input is missing, unreadable or damaged."""


class DumpError(InputError):
    """A dump can not be read at all, or not at this record."""


class NotADumpError(DumpError):
    """A file is no dump, nor anything else that is known by its first bytes."""


class FileChangedError(DumpError):
    """A dump changed on disk after it was indexed; its numbers would be wrong."""


class NothingComparableError(SgsError):
    """Two dumps share no layer that can be compared."""


class RunError(SgsError):
    """A simulator, converter or dumper failed."""


class CancelledError(SgsError):
    """The user stopped a job."""


class TerminatedError(CancelledError):
    """A job was asked to end from outside: kill, a batch system."""

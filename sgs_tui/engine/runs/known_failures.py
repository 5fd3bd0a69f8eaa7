"""How logs tell of failures: what stands in them, what it means in one sentence, what to do.

Here are the failures of any program. A backend has a table of its own (`Backend.known_failures`), which is matched on
the log without colors (`log.plain_text`) in its order: the first entry that fits wins.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sgs_tui.engine.errors import InputError, SgsError
from sgs_tui.engine.files import read_bytes
from sgs_tui.engine.text import visible
from sgs_tui.language import Message, joined, restored, with_facts


@dataclass(frozen=True, slots=True)
class Explanation:
    """A failure in words: `name` for programs, `message` and `hint` for people.

    `fatal`: the run failed even where it left a dump that looks complete. `telling`: no log and no exit code says
    it better.
    """

    name: str
    message: str
    hint: str
    fatal: bool = False
    telling: bool = False


@dataclass(frozen=True, slots=True)
class KnownFailure:
    """One entry. `{text}` in the words of `told` stands for the pattern's first group that took part."""

    pattern: re.Pattern[str]
    told: Explanation


def known(name: str, pattern: str, message: str, hint: str, fatal: bool = False) -> KnownFailure:
    """An entry with words of its own: literals, with a place for `text`, or messages."""
    return shown_by(pattern, Explanation(name, message, hint, fatal))


def shown_by(pattern: str, told: Explanation) -> KnownFailure:
    """An entry for a failure that shows in other ways too."""
    return KnownFailure(re.compile(pattern, re.MULTILINE), told)


DISK_FULL = Explanation(
    "disk_full",
    Message("the disk is full: the dump could not be written to its end"),
    Message("free some space (`sgs-tui runs` lists old runs to delete) or name a --runs folder on another disk"),
    fatal=True,
)
OUT_OF_MEMORY = Explanation(
    "out_of_memory",
    Message("the process was killed from outside (SIGKILL), as the system does when memory runs out"),
    Message("the simulator wants 6 to 8 GB; run fewer at a time (`dmesg | tail` names the victim)"),
)


def core_hint(program: str = "EXEC", core: str = "CORE") -> Message:
    """What to do about a program that died."""
    return Message(
        "`sgs-tui core {program} {core}` shows where it died and how to get a core file on this host",
        program=program,
        core=core,
    )


NO_SPACE = shown_by(r"No space left on device|Disk quota exceeded", DISK_FULL)
NO_MEMORY = known(
    OUT_OF_MEMORY.name,
    r"^MemoryError|std::bad_alloc|Cannot allocate memory|^Killed\b",
    "memory ran out",
    OUT_OF_MEMORY.hint,
)
CRASHED = known(
    "crashed",
    r"^(?:\S*sh: .*)?(Segmentation fault|Bus error|Floating point exception)",
    "the native simulator crashed ({text})",
    core_hint(),
)
ASSERTION = known(
    "assertion",
    r"^(\S+): \S+:\d+: \w+: Assertion\b.*failed",
    "{text} gave up at a check of its own (assertion failed)",
    joined((Message("the log has the place"), core_hint()), "; "),
)

ANY_PROGRAM = (NO_SPACE, NO_MEMORY, CRASHED)

_LAST = 1 << 16
"""Characters at the end of a log in which the script's own last word is looked for."""


def first_of(table: Sequence[KnownFailure], log: str) -> Explanation | None:
    """The first entry that fits, with what the log names put into its words."""
    for entry in table:
        if match := entry.pattern.search(log):
            told, text = entry.told, next((text for text in match.groups() if text), "")
            shown = visible(text.strip())[:200]
            return replace(told, message=_with(told.message, shown), hint=_with(told.hint, shown))
    return None


def _with(words: str, text: str) -> str:
    return words if isinstance(words, Message) else Message(words, text=text)


def last_exception(log: str) -> Explanation | None:
    """A Python script's last word; searched from the end, where it stands."""
    for line in reversed(log[-_LAST:].splitlines()):
        if re.match(r"(?:\w+\.)*\w*(?:Error|Exception)(?::|$)", line):
            message = Message("the script failed: {text}", text=visible(line.strip())[:200])
            return Explanation("exception", message, Message("the log has the whole story"))
    return None


# A worker of ours leaves the error that ended it in its own words.

_FAILURE_FILE = "failure.json"


def write_failure(error: SgsError, folder: Path = Path()) -> None:
    """Leave `error` in the worker's directory. Raises OSError where nothing can be written."""
    document = with_facts({"kind": type(error).__name__, "message": error.message, "hint": error.hint})
    (folder / _FAILURE_FILE).write_text(json.dumps(document, ensure_ascii=True) + "\n", "ascii")


def read_failure(folder: Path) -> Explanation | None:
    """What a worker left in `folder`; None where there is nothing, or a file cut short as after a kill."""
    try:
        document = restored(json.loads(read_bytes(folder / _FAILURE_FILE)))
        kind, message, hint = (document[key] for key in ("kind", "message", "hint"))
    except (InputError, ValueError, TypeError, KeyError, RecursionError):
        return None
    if not all(isinstance(each, str) for each in (kind, message, hint)):
        return None
    return Explanation(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind).lower(), message, hint)

"""Which language people are spoken to in, and why: --lang, then the settings, then the locale.

Looked at before a command line is read, since its help is in that language too: settings.toml by its one line.
"""

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sgs_tui.cli import stderr
from sgs_tui.engine.errors import UsageError
from sgs_tui.engine.text import visible
from sgs_tui.language import CHINESE, ENGLISH, LANGUAGES, Message, joined, speak

_SIMPLIFIED = re.compile(r"zh([_-](CN|SG|Hans)\b.*|[.@].*)?", re.IGNORECASE)
_LINE = re.compile(r"""^[ \t]*language[ \t]*=[ \t]*(["'])(.*?)\1""", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Choice:
    """A language, what decided; `refused`: another one was asked for, and why it can not be."""

    language: str
    why: str
    refused: str = ""


_now = Choice(ENGLISH, "")


def settle(arguments: Sequence[str]) -> list[str]:
    """Speak the language of this command line; what is left of it without --lang. Raises UsageError."""
    global _now  # noqa: PLW0603 what `doctor` tells
    try:
        wanted, rest = _taken_out(arguments)
    except UsageError:
        speak(choose(None, False, _of_the_user()).language)  # what is refused is told to the same reader
        raise
    _now = choose(wanted, "--ascii" in _options(rest), _of_the_user())
    speak(_now.language)
    if wanted and _now.refused:
        stderr.warning(Message("--lang {language}: {why}; English is shown", language=wanted, why=_now.refused))
    return rest


def _of_the_user() -> Mapping[str, str]:
    """The environment without the LC_CTYPE=C.UTF-8 that Python sets in the C locale (PEP 538): no terminal knows it."""
    if os.environ.get("LC_CTYPE") not in ("C.UTF-8", "C.utf8", "UTF-8"):
        return os.environ
    with suppress(OSError):
        if b"\0LC_CTYPE=" not in b"\0" + Path("/proc/self/environ").read_bytes():
            return {name: value for name, value in os.environ.items() if name != "LC_CTYPE"}
    return os.environ


def chosen() -> Choice:
    """What `settle` came to."""
    return _now


def choose(wanted: str | None, ascii_only: bool, environment: Mapping[str, str]) -> Choice:
    """The language by what was asked for on the command line, the settings and the locale."""
    language, why = _asked(wanted, environment)
    if language == ENGLISH:
        return Choice(ENGLISH, why)
    if ascii_only:
        refused = Message("--ascii leaves no Chinese characters")
    elif not stderr.speaks_utf8(environment):
        refused = Message("the locale is not UTF-8, so only ASCII is shown")
    else:
        return Choice(language, why)
    return Choice(ENGLISH, joined((why, refused), "; "), refused)


def _asked(wanted: str | None, environment: Mapping[str, str]) -> tuple[str, str]:
    if wanted:
        return wanted, f"--lang {wanted}"
    path = _settings(environment)
    if (told := _told(path)) in LANGUAGES:
        return told, Message("{file}: language", file=path)
    language, why = _by_locale(environment)
    if told:
        odd = Message("{file}: there is no language {name}", file=path, name=visible(told))
        return language, joined((why, odd), "; ")
    return language, why


def _by_locale(environment: Mapping[str, str]) -> tuple[str, str]:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environment.get(name):
            return (CHINESE if _SIMPLIFIED.fullmatch(value) else ENGLISH), f"{name}={value}"
    return ENGLISH, Message("no locale is set")


def _settings(environment: Mapping[str, str]) -> Path:
    """As engine/backends/sdk_install.py finds it; the library that knows takes longer to load than this start may."""
    folder = environment.get("XDG_CONFIG_HOME", "").strip()
    return Path(folder or os.path.expanduser("~/.config")) / "sgs-tui" / "settings.toml"


def _told(path: Path) -> str:
    """What the settings say in front of their first table; empty where they say nothing."""
    text = ""
    with suppress(OSError, ValueError):
        text = path.read_text("utf-8")
    found = _LINE.search(re.split(r"^[ \t]*\[", text, maxsplit=1, flags=re.MULTILINE)[0])
    return found[2] if found else ""


def _taken_out(arguments: Sequence[str]) -> tuple[str | None, list[str]]:
    """(the value of --lang, the other arguments); it may stand anywhere, the last one counts."""
    wanted, rest = None, list(arguments)
    while (
        place := next((at for at, each in enumerate(_options(rest)) if each.split("=")[0] == "--lang"), None)
    ) is not None:
        _, equals, value = rest.pop(place).partition("=")
        if not equals:
            value = rest.pop(place) if place < len(rest) else ""
        if value not in LANGUAGES:
            raise UsageError(
                Message("--lang {value}: there is no such language", value=value),
                Message("give {languages}", languages=joined(LANGUAGES, " or ")),
            )
        wanted = value
    return wanted, rest


def _options(arguments: Sequence[str]) -> Sequence[str]:
    """What follows `--` are paths."""
    return arguments[: arguments.index("--")] if "--" in arguments else arguments

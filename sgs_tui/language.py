"""The language that people are spoken to in: English text is a message's id, the catalogue has it in Chinese.

Where words come to be decides how they are marked. Each marked text is one whole sentence in one literal, its values by
name in braces; nothing is glued together from parts, and no plural is made by an expression.

- A front end (cli, batch, tui) says a text at once: `_("{path} is written", path=path)`; `_n(3, "{number} layer",
  "{number} layers")` where English has a plural. What is a constant of a module, made before the language is known, is
  a `Message` there, and `shown(CONSTANT)` where it is said.
- The engine knows no language. It makes facts: `Message("{file}: record {number} ends early", file=..., number=...)`,
  `plural(3, "{number} layer", "{number} layers")`, `joined(texts)` for a list of any length, `clauses(texts)` where
  these are more than names. A message is a `str`, its
  English: logs, JSON, CSV, tests and comparisons see nothing new, and `SgsError` carries it as it is. It may stand in
  another message as a value (not in an f-string, which makes plain English of it).
- A front end shows what the engine made: `shown(message)`. Plain text (names, figures) comes back as it is.
- A file that one process writes and another reads has the English, and under MESSAGES what it was made of
  (`with_facts`), so that the reader (`restored`) shows it in a language that the writer did not know of.

Braces in a text without values are braces. After marking run `python -m tests.catalogue`: it adds the new messages to
locale/zh_CN/LC_MESSAGES/sgs_tui.po (empty), where their Chinese is written, and run again compiles what is read here.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from struct import unpack_from
from typing import Any, NamedTuple, Self

ENGLISH, CHINESE = "en", "zh_CN"
LANGUAGES = (ENGLISH, CHINESE)
LOCALE = Path(__file__).with_name("locale")


class _Catalogue:
    """gettext's .mo file, each text decoded when it is wanted: the library decodes all, which a start would wait for.

    Of a language without plural forms: a message and its plural, set apart by a NUL, have one text.
    """

    def __init__(self, path: Path) -> None:
        data = path.read_bytes()
        count, ids, texts = unpack_from("<3I", data, 8)
        (keys, values) = (unpack_from(f"<{2 * count}I", data, table) for table in (ids, texts))
        self._texts = {
            data[start : start + length]: data[at : at + size]
            for length, start, size, at in zip(keys[::2], keys[1::2], values[::2], values[1::2], strict=True)
        }

    def __contains__(self, id_: str) -> bool:
        """Whether this is a message of ours, as it stands there: with a NUL before its plural."""
        return id_.encode("utf-8", "surrogatepass") in self._texts

    def gettext(self, message: str) -> str:
        found = self._texts.get(message.encode("utf-8", "surrogatepass"))
        return message if found is None else found.decode()

    def ngettext(self, one: str, several: str, number: int) -> str:
        found = self._texts.get(f"{one}\0{several}".encode())
        return (one if number == 1 else several) if found is None else found.decode()


_SENSE = "\4"
"""Between the context of a message and its text, as in a .mo."""

_catalogue: _Catalogue | None = None
"""None: English, for which nothing is loaded."""


class _Plural(NamedTuple):
    number: int
    several: str


class Message(str):
    """A text that a front end may show in another language; as a `str` it is its English.

    `template` is the id, `values` stand for its placeholders and may be messages themselves. Not to be changed.
    """

    __slots__ = ("_plural", "template", "values")

    template: str
    values: Mapping[str, Any]
    _plural: _Plural | None

    def __new__(cls, template: str, /, **values: Any) -> Self:
        return cls._made(template, values, None)

    @classmethod
    def _made(cls, template: str, values: Mapping[str, Any], plural: _Plural | None) -> Self:
        said = (plural.several if plural and plural.number != 1 else template).rpartition(_SENSE)[2]
        message = super().__new__(cls, said.format_map(values) if values else said)
        message.template, message.values, message._plural = template, values, plural
        return message

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self)._made, (self.template, self.values, self._plural)

    def _in(self, catalogue: _Catalogue) -> str:
        if self._plural is None:
            # the empty id is the catalogue's header
            said = catalogue.gettext(self.template).rpartition(_SENSE)[2] if self.template else ""
        else:
            said = catalogue.ngettext(self.template, self._plural.several, self._plural.number)
        return said.format_map({name: shown(value) for name, value in self.values.items()}) if self.values else said


class _Joined(Message):
    """`template` stands between `values["parts"]`."""

    __slots__ = ()

    @classmethod
    def _made(cls, template: str, values: Mapping[str, Any], plural: _Plural | None) -> Self:
        message = str.__new__(cls, template.rpartition(_SENSE)[2].join(values["parts"]))
        message.template, message.values, message._plural = template, values, plural
        return message

    def _in(self, catalogue: _Catalogue) -> str:
        return catalogue.gettext(self.template).rpartition(_SENSE)[2].join(map(shown, self.values["parts"]))


MESSAGES = "messages"
"""The key of a JSON object under which it has the facts of the messages in it, by their English."""


class _Restored(Message):
    """`template` is the English that was read, `values["facts"]` what stood beside it: believed when it is shown."""

    __slots__ = ()

    @classmethod
    def _made(cls, template: str, values: Mapping[str, Any], plural: _Plural | None) -> Self:
        message = str.__new__(cls, template)
        message.template, message.values, message._plural = template, values, plural
        return message

    def _in(self, catalogue: _Catalogue) -> str:
        """Plain English where a version of other messages, or somebody else, wrote the facts."""
        try:
            made = _made_of(self.values["facts"], catalogue)
        except (LookupError, TypeError, ValueError, AttributeError, RecursionError):
            made = None
        return made._in(catalogue) if isinstance(made, Message) and made == self else str(self)


def with_facts(document: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON object to write, with the facts of all messages in it; without any it is as it was."""
    found = {str(message): _facts(message) for message in _messages_in(document)}
    return {**document, MESSAGES: found} if found else dict(document)


def restored(document: Any) -> Any:
    """JSON as `with_facts` wrote it, its messages made again. What has none, or damaged ones, is plain text."""
    found = document.get(MESSAGES) if isinstance(document, dict) else None
    if not isinstance(found, dict):
        return document
    return _restored_in({key: value for key, value in document.items() if key != MESSAGES}, found)


def _restored_in(value: Any, facts: Mapping[str, Any]) -> Any:
    if isinstance(value, dict):
        return {key: _restored_in(each, facts) for key, each in value.items()}
    if isinstance(value, list):
        return [_restored_in(each, facts) for each in value]
    return _Restored._made(value, {"facts": facts[value]}, None) if isinstance(value, str) and value in facts else value


def _messages_in(value: Any) -> Iterator[Message]:
    if isinstance(value, Message):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _messages_in(each)


def _facts(value: Any) -> Any:
    """JSON of a message, or of a value in one: numbers stay numbers, which their placeholders may have a format for."""
    if isinstance(value, _Restored):
        return value.values["facts"]
    if isinstance(value, _Joined):
        return {"between": value.template, "parts": [_facts(part) for part in value.values["parts"]]}
    if isinstance(value, Message):
        facts = {"id": value.template, "values": {name: _facts(each) for name, each in value.values.items()}}
        return facts if value._plural is None else {**facts, **value._plural._asdict()}
    if isinstance(value, str) or not hasattr(value, "__float__"):
        return str(value)
    return int(value) if hasattr(value, "__index__") else float(value)


def _made_of(facts: Any, catalogue: _Catalogue) -> Any:
    """The inverse, of messages that the catalogue has: nobody else's text is formatted. Raises LookupError and more."""
    if not isinstance(facts, dict):
        return facts
    if "parts" in facts:
        return joined([_made_of(part, catalogue) for part in facts["parts"]], str(facts["between"]))
    id_, values = str(facts["id"]), {name: _made_of(each, catalogue) for name, each in facts["values"].items()}
    several = str(facts["several"]) if "several" in facts else None
    if not (values or several):
        return Message(id_)
    if (id_ if several is None else f"{id_}\0{several}") not in catalogue:
        raise LookupError(id_)
    return Message._made(id_, values, _Plural(facts["number"], several) if several is not None else None)


def plural(number: int, one: str, several: str, /, **values: Any) -> Message:
    """A message about `number` things, a placeholder too: `plural(n, "{number:,} layer", "{number:,} layers")`."""
    return Message._made(one, {"number": number, **values}, _Plural(number, several))


def joined(parts: Iterable[str], between: str = ", ") -> str:
    """The parts in one, each shown by itself; `between` (", ", "; " or " ") is a message too."""
    listed = tuple(parts)
    return listed[0] if len(listed) == 1 else _Joined._made(between, {"parts": listed}, None)


def clauses(parts: Iterable[str]) -> str:
    """`joined` of facts about one thing, with commas of their own: Chinese does not set them apart as names are."""
    return joined(parts, CLAUSE.template)


def shown(text: Any) -> Any:
    """What people read: a message in their language, everything else as it is."""
    return text if _catalogue is None or not isinstance(text, Message) else text._in(_catalogue)


def _(template: str, /, **values: Any) -> str:
    """The text in the language of now, for front ends; values that are messages are shown in it too."""
    if _catalogue is None:
        return template.format_map(values) if values else template
    return Message(template, **values)._in(_catalogue)


def sense(context: str, text: str) -> Message:
    """A message of one word, which means other things elsewhere: `sense("difference", "error")`, not a mistake."""
    return Message._made(f"{context}{_SENSE}{text}", {}, None)


CLAUSE = sense("clauses", ", ")
"""Between the clauses of a sentence, which a list of names does not have in Chinese."""


def key_word(label: str) -> str:
    """What stands beside a key, in the language of now."""
    return str(shown(sense("key", label)))


def _n(number: int, one: str, several: str, /, **values: Any) -> str:
    """`plural`, in the language of now."""
    return str(shown(plural(number, one, several, **values)))


def speak(language: str) -> None:
    """From now on texts are shown in that language, one of `LANGUAGES`."""
    global _catalogue  # noqa: PLW0603 one process has one reader
    file = LOCALE / language / "LC_MESSAGES" / "sgs_tui.mo"
    _catalogue = None if language == ENGLISH else _Catalogue(file)


def spoken() -> str:
    """The language of now."""
    return ENGLISH if _catalogue is None else CHINESE

"""What the command line's library refuses, as messages.

The library makes an English sentence and keeps no parts, so the parts are found in the sentence.

Apart because main.py is about how a command line ends.
"""

import re

from sgs_tui.language import Message

_REFUSALS = tuple(
    (template, re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+?)", re.escape(template)), re.DOTALL))
    for template in (
        Message("No such option: {option} Did you mean {near}?"),
        Message("No such option: {option} (Possible options: {near})"),
        Message("No such option: {option}"),
        Message("No such command {command}"),
        Message("Missing command"),
        Message("Missing argument {name}"),
        Message("Missing option {name}"),
        Message("Missing parameter: {name}"),
        Message("Option {option} requires an argument"),
        Message("Option {option} requires {number} arguments"),
        Message("Option {option} does not take a value"),
        Message("Got unexpected extra argument ({arguments})"),
        Message("Got unexpected extra argument(s) ({arguments})"),
        Message("Got unexpected extra arguments ({arguments})"),
        Message("Invalid value for {name}: {why}"),
        Message("Invalid value: {why}"),
        Message("{value} is not a valid boolean. Recognized values: {values}"),
        Message("{value} is not a valid {kind}"),
        Message("{value} is not in the range {range}"),
        Message("{value} is not one of {choices}"),
        Message("{value} does not match the formats {formats}"),
    )
)

_KINDS: dict[str, str] = {
    kind: kind
    for kind in (Message("int"), Message("integer"), Message("float"), Message("int range"), Message("float range"))
}
"""Of values, as the library calls them."""


def refusal(text: str) -> str:
    """The library's sentence, without a full stop, as a message; plain text where it is none that is known."""
    for template, pattern in _REFUSALS:
        if found := pattern.fullmatch(text):
            return Message(template, **{name: refusal(part) for name, part in found.groupdict().items()})
    return _KINDS.get(text, text)

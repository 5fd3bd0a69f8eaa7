"""What is still English in a text that should be Chinese: three words in a row that nobody has to type."""

import re

_QUOTED = re.compile(r"`[^`]*`|'[^']*'|\"[^\"]*\"|“[^”]*”")
_TYPED = re.compile(r"^\s*(sgs-tui|export|pip|apt-get)\b.*$|[\w.~-]*[/=][\w./~=-]*|--?[a-z][\w-]*", re.MULTILINE)
"""Commands, paths, options."""
_SENTENCE = re.compile(r"(?<![\w.-])[A-Za-z]+(?:'[a-z]+)?(?:[,;:]? [A-Za-z]+(?:'[a-z]+)?){2,}(?![\w.])")


def sentences_in(text: str) -> list[str]:
    """English sentences, or pieces of them, that people would read."""
    return _SENTENCE.findall(_TYPED.sub("`", _QUOTED.sub("`", text)))

"""`NAME=VALUE` arguments: input files and shapes."""

from collections.abc import Sequence
from pathlib import Path

from sgs_tui.engine.errors import UsageError


def input_files(arguments: Sequence[str]) -> dict[str, Path]:
    """`--input NAME=FILE`: absolute paths by input name. Raises UsageError."""
    found: dict[str, Path] = {}
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if not (name and equals and value):
            raise UsageError(f"--input {argument}: expected NAME=FILE", "NAME is an input of the model")
        if name in found:
            raise UsageError(f"--input {name} is given twice", "one file for each input")
        found[name] = Path(value).expanduser().absolute()
    return found


def shapes(arguments: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """`--shape NAME=1,3,224,224`: by input name, or one number by the name of a symbol. Raises UsageError."""
    found: dict[str, tuple[int, ...]] = {}
    for argument in arguments:
        name, _, value = argument.rpartition("=")
        sizes = [part.strip() for part in value.split(",")]
        if not name or not all(size.isascii() and size.isdigit() and int(size) for size in sizes):
            raise UsageError(f"--shape {argument}: expected NAME=1,3,224,224", "NAME is an input, or a symbol with one")
        if name in found:
            raise UsageError(f"--shape {name} is given twice", "one shape for each input")
        found[name] = tuple(map(int, sizes))
    return found


def names(arguments: Sequence[str]) -> tuple[str, ...]:
    """Lists with commas, given once or several times, as one tuple without blanks and repetitions."""
    parts = (part.strip() for argument in arguments for part in argument.split(","))
    return tuple(dict.fromkeys(part for part in parts if part))


_UNITS = {"k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


def memory(argument: str) -> int:
    """`500M`, `2G`, `1.5GB`: bytes. Raises UsageError."""
    text = argument.strip().lower().removesuffix("b").removesuffix("i")
    number, unit = (text[:-1], _UNITS[text[-1]]) if text[-1:] in _UNITS else (text, 1)
    try:
        found = int(float(number) * unit)
    except (ValueError, OverflowError):
        found = 0
    if found <= 0:
        raise UsageError(f"--memory {argument}: expected a size such as 500M or 2G", "it is about the tensors alone")
    return found

"""The names in tensor_arrays: how they are written, and what they will raise to INT16 (interop notes, int16)."""

from collections import Counter
from collections.abc import Iterator, Sequence

from sgs_tui.engine.configs.findings import Finding, Severity
from sgs_tui.engine.configs.iniparser import SPACES, Entry
from sgs_tui.engine.configs.inputconfig import split_names
from sgs_tui.engine.configs.inputconfig_edit import LONGEST_NAME, MOST_NAMES
from sgs_tui.engine.configs.nearest import nearest
from sgs_tui.engine.text import encode, sanitised, visible

_FATAL_NAME = 600
"""Bytes from which on a name crashed the vendor's tool."""


def name_findings(setting: Entry, inputs: Sequence[str], conv_inputs: Sequence[str] | None) -> Iterator[Finding]:
    """Findings about a `tensor_arrays` line.

    `inputs` are the network's inputs, `conv_inputs` the first inputs of its convolutions in network order.
    """
    names = split_names(setting.value)
    yield from _about_quotes(setting)
    yield from _about_list(setting.first, names)
    for name in dict.fromkeys(names):
        yield from _about_writing(setting.first, name)
        if conv_inputs is not None and name and name == name.strip(SPACES):
            yield from _about_effect(setting.first, name, inputs, conv_inputs)


def _warning(line: int, message: str, remedy: str) -> Finding:
    return Finding(Severity.WARNING, line, message, remedy)


def _about_quotes(setting: Entry) -> Iterator[Finding]:
    one_pair = "put one pair of quotes around the whole list: tensor_arrays='a,b';"
    rest, value = setting.rest.strip(SPACES), visible(setting.value[:60])
    if setting.quote and rest and rest[0] not in "#;":
        message = f"only the first pair of quotes counts, {value!r}; lost: {visible(rest[:60])}"
        yield _warning(setting.first, message, one_pair)
    elif setting.quote and setting.text.count(setting.quote) == 1:
        yield _warning(setting.first, f"the quote is never closed, the list ends as {value[-20:]!r}", one_pair)
    elif not setting.quote and {"'", '"'} & set(setting.value):
        yield _warning(setting.first, "quotes inside the list become part of the names", one_pair)
    elif not setting.quote and _cuts(setting):
        message = f"without quotes the list is cut at {rest[0]} and read as {value!r}, which matches as a prefix"
        yield _warning(setting.first, message, one_pair)


def _cuts(setting: Entry) -> bool:
    """Whether the first `#` or `;` stands inside a name: text goes on right behind it, and right before a `#`."""
    joined = setting.text.removesuffix(setting.rest)[-1:] not in tuple(SPACES)
    goes_on = setting.rest[1:2] not in ("", *SPACES)
    return goes_on and (joined or setting.rest.startswith(";"))


def _about_list(line: int, names: Sequence[str]) -> Iterator[Finding]:
    if not names:
        yield Finding(Severity.NOTE, line, "tensor_arrays is empty: it raises nothing", "remove the line")
    if len(names) > MOST_NAMES:
        message = f"{len(names)} names: {MOST_NAMES} work, with 301 the tool crashed"
        yield Finding(Severity.ERROR, line, message, "use input_format=ALL_INT16; instead")
    for name, count in Counter(names).items():
        if count > 1 and name:
            message = f"{visible(name[:60])} is there {count} times"
            yield Finding(Severity.NOTE, line, message, "once is enough")


def _about_writing(line: int, name: str) -> Iterator[Finding]:
    shown, length = visible(name[:60]), len(encode(name))
    if not name.strip(SPACES):
        message = "an empty name between two commas or at an end; what the tool makes of it is not known"
        yield _warning(line, message, "take the comma away")
    elif name != name.strip(SPACES):
        yield _warning(line, f"the blank belongs to the name {shown!r}: it raises nothing", "write no blanks")
    if length > LONGEST_NAME:
        severity = Severity.ERROR if length >= _FATAL_NAME else Severity.WARNING
        message = f"the name {shown}... has {length} bytes: the tool loses the names behind it, from 600 on it crashes"
        yield Finding(severity, line, message, "rename the tensor in the original model")


def _about_effect(line: int, name: str, inputs: Sequence[str], conv_inputs: Sequence[str]) -> Iterator[Finding]:
    """What the name raises: it matches every convolution input that begins with it."""
    shown = visible(name[:60])
    others = sorted({known for known in conv_inputs if known.startswith(name) and known != name})
    if name not in conv_inputs:
        yield from _about_no_match(line, name, inputs, conv_inputs, others)
        return
    if others:
        message = f"{shown} also raises {_some(others)}: a name matches every convolution input that begins with it"
        yield _warning(line, message, "accept that, or rename the tensor in the original model")
    if name in inputs:
        message = f"{shown} is the network's own input, which is never raised"
        yield _warning(line, message, "take it away")
    elif name == conv_inputs[0]:
        message = f"{shown} feeds the first convolution, which the manual says stays as it is"
        yield Finding(Severity.NOTE, line, message, "check its type in the next fixed dump")


def _about_no_match(
    line: int, name: str, inputs: Sequence[str], conv_inputs: Sequence[str], others: Sequence[str]
) -> Iterator[Finding]:
    shown = visible(name[:60])
    if others:
        message = f"{shown} is no convolution input, but raises those that begin with it: {_some(others)}"
        yield _warning(line, message, "name exactly the ones that are meant")
    elif name in inputs:
        message = f"{shown} is the network's own input, which is never raised"
        yield _warning(line, message, "take it away")
    else:
        yield _warning(line, f"{shown} is no convolution input: it raises nothing", _meant(name, conv_inputs))


def _meant(name: str, conv_inputs: Sequence[str]) -> str:
    """The convolution input that was probably meant."""
    folded = {known.lower(): known for known in conv_inputs}
    by_file_name = {sanitised(known): known for known in conv_inputs}
    if name.lower() in folded:
        return f"case counts: write {visible(folded[name.lower()])}"
    close = by_file_name.get(name) or nearest(name, conv_inputs, 0.75)
    return f"did you mean {visible(close)}?" if close else "name the first input of a convolution, as in the float dump"


def _some(names: Sequence[str]) -> str:
    """The first few names and how many more there are."""
    shown = ", ".join(visible(name[:60]) for name in names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown

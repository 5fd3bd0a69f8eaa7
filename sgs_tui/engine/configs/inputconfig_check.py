"""Every trap of an input_config.ini, named before the converter fails or ignores it (interop notes, int16)."""

from collections import Counter
from collections.abc import Iterator, Sequence

from sgs_tui.engine.configs.inputconfig import (
    CONV_SECTION,
    INPUT_FORMAT,
    INPUT_SECTION,
    LONGEST_LINE,
    LONGEST_NAME,
    MOST_NAMES,
    OUTPUT_SECTION,
    SPACES,
    TENSOR_ARRAYS,
    Entry,
    InputConfig,
    Kind,
    PythonView,
    parse,
    split_names,
)
from sgs_tui.engine.configs.textlines import BOM, Finding, Severity
from sgs_tui.engine.text import encode, nearest, sanitised, visible

# What makes an input_config.ini unreadable for the converter, or read otherwise than it looks.

_STOPS = "the converter stops"


def form_findings(document: InputConfig) -> Iterator[Finding]:
    """Findings about lines and sections; an error for everything that one of the parsers refuses."""
    found, python = [*_about_sections(document), *_about_duplicates(document)], document.python_view()
    previous: Entry | None = None
    for entry in document.entries():
        found += _about_line(document, entry, previous, python)
        previous = entry if entry.kind not in (Kind.COMMENT, Kind.EMPTY) else previous
    yield from found
    error = python.error
    if error and not any(finding.severity is Severity.ERROR for finding in found):
        message = f"Python's configparser, which the converter uses, refuses the file: {visible(error)}"
        yield Finding(Severity.ERROR, None, message, "mend that line")


def _about_sections(document: InputConfig) -> Iterator[Finding]:
    there = {entry.section for entry in document.entries() if entry.kind is Kind.SECTION}
    for section in (INPUT_SECTION, OUTPUT_SECTION):
        if section not in there:
            message = f"there is no [{section.upper()}]: {_STOPS}"
            yield Finding(Severity.ERROR, None, message, f"add [{section.upper()}] and its keys")


def _about_duplicates(document: InputConfig) -> Iterator[Finding]:
    """Python refuses a second key or section; sections that differ in case are two for it, one for C."""
    seen: dict[tuple[str, str], int] = {}
    exact: set[str] = set()
    for entry in document.entries():
        what = (entry.section, entry.key)
        if entry.kind not in (Kind.SECTION, Kind.VALUE):
            continue
        if what in seen:
            yield _duplicate(entry, seen[what], entry.kind is Kind.SECTION and entry.name not in exact)
        seen.setdefault(what, entry.first)
        exact.add(entry.name)


def _duplicate(entry: Entry, before: int, other_case: bool) -> Finding:
    name = f"[{visible(entry.name)}]" if entry.kind is Kind.SECTION else visible(entry.key)
    if other_case:
        message = f"{name} is the section of line {before} for the C tools and another one for the Python scripts"
        return Finding(Severity.WARNING, entry.first, message, "put both together")
    message = f"{name} is there twice, first in line {before}: {_STOPS}"
    return Finding(Severity.ERROR, entry.first, message, "keep one of them")


def _about_line(document: InputConfig, entry: Entry, previous: Entry | None, python: PythonView) -> Iterator[Finding]:
    raw = document.lines[entry.first - 1].text
    if entry.too_long:
        message = f"a line of over {LONGEST_LINE} bytes, comment or not: `iniparser: input line too long`"
        yield Finding(Severity.ERROR, entry.first, message, "shorten it")
    if entry.last > entry.first:
        message = "a \\ at the end of a line joins it with the next one for the C tools, not for the Python scripts"
        yield Finding(Severity.WARNING, entry.first, message, "write it in one line without \\")
    elif document.lines[entry.last - 1].text.rstrip().endswith("\\"):
        message = "the last line ends in \\: the C tools never look at it"
        yield Finding(Severity.WARNING, entry.first, message, "take the \\ away")
    if entry.kind is Kind.ERROR:
        yield _unreadable(entry, raw, previous)
    elif entry.kind is Kind.VALUE:
        yield from _about_value(entry, raw, previous, python)


def _unreadable(entry: Entry, raw: str, previous: Entry | None) -> Finding:
    """A line that iniparser takes for nothing, which makes the whole file unreadable."""
    if entry.text.startswith("["):
        what, remedy = "text behind or missing ] of a section", "leave the section alone in its line"
    elif raw[:1] in (" ", "\t") and previous and previous.kind in (Kind.VALUE, Kind.ERROR):
        what, remedy = "an indented line that goes on with the value above", "put the whole value in one line"
    elif ":" in entry.text:
        what, remedy = "key:value", "write key=value;"
    else:
        what, remedy = "no section, no key=value and no comment", "mend it, or put ; in front"
    message = f"{what} ({visible(entry.text[:40])}): {_STOPS} at `Assertion '0' failed` without naming it"
    return Finding(Severity.ERROR, entry.first, message, remedy)


def _about_value(entry: Entry, raw: str, previous: Entry | None, python: PythonView) -> Iterator[Finding]:
    if previous is None:
        message = f"{visible(entry.key)} stands before any section: {_STOPS}"
        yield Finding(Severity.ERROR, entry.first, message, "put it below its section")
    if raw[:1] in (" ", "\t") and not python.error and python.get(entry.section, entry.key) is None:
        message = f"{visible(entry.key)} is indented: for the Python scripts it goes on with the line above"
        yield Finding(Severity.WARNING, entry.first, message, "start the line with the key")
    if "%" in entry.value:
        message = "a % makes configparser look for another value (interpolation) and fail"
        yield Finding(Severity.WARNING, entry.first, message, "use a name without %")


# Keys of an input_config.ini that nobody reads: misspelt, or in another section than their own.

_COLORS = tuple(f"mean_{color}" for color in ("red", "green", "blue"))
_ALIGNMENTS = (
    "input_width_alignment",
    "input_height_alignment",
    "yuv420_h_pitch_alignment",
    "yuv420_v_pitch_alignment",
    "xrgb_h_pitch_alignment",
)
_INPUT_KEYS = ("inputs", "training_input_formats", "input_formats", "quantizations", "mean", *_COLORS, "std_value")
KEYS = {
    INPUT_SECTION: (*_INPUT_KEYS, *_ALIGNMENTS, "input_layouts", "input_actions", "inputs_order"),
    OUTPUT_SECTION: ("outputs", "dequantizations", "output_layouts", "output_formats"),
    CONV_SECTION: (INPUT_FORMAT, TENSOR_ARRAYS),
    "optimize_config": ("skip_concatenation", "kb_compress"),
    "dump_config": (TENSOR_ARRAYS,),
    "skip_mmu_config": (TENSOR_ARRAYS,),
}
"""Sections and keys of all SDK generations (interop notes 7.2)."""
_IGNORED = "it is ignored in silence"


def key_findings(document: InputConfig) -> Iterator[Finding]:
    """Findings about sections and keys that have no effect where they stand."""
    for entry in document.entries():
        if entry.kind is Kind.SECTION and entry.section not in KEYS:
            yield from _unknown_section(entry)
        elif entry.kind is Kind.VALUE and entry.key not in KEYS.get(entry.section, ()):
            yield from _unknown_key(entry)


def _unknown_section(entry: Entry) -> Iterator[Finding]:
    meant = nearest(entry.section, KEYS)
    if meant:
        message = f"[{visible(entry.name)}] is no known section: {_IGNORED}"
        yield Finding(Severity.WARNING, entry.first, message, f"write [{meant.upper()}] if that is meant")


def _unknown_key(entry: Entry) -> Iterator[Finding]:
    """An own key of [CONV_CONFIG] elsewhere, or a key that resembles one of its section."""
    own = nearest(entry.key, KEYS[CONV_SECTION], 0.85)
    meant = nearest(entry.key, KEYS.get(entry.section, ()), 0.75)
    shown = visible(entry.key[:60])
    if meant and own != entry.key:
        message = f"{shown} is no key of [{entry.section.upper()}]: {_IGNORED}"
        yield Finding(Severity.WARNING, entry.first, message, f"write {meant}")
    elif own:
        message = f"{shown} counts only in [CONV_CONFIG]: here {_IGNORED}"
        remedy = f"move it to [CONV_CONFIG], as {own}" + (f", or write {meant}" if meant else "")
        yield Finding(Severity.WARNING, entry.first, message, remedy)
    elif entry.section == CONV_SECTION:
        message = f"{shown} is no key of [CONV_CONFIG]: {_IGNORED}"
        yield Finding(Severity.WARNING, entry.first, message, f"known are {INPUT_FORMAT} and {TENSOR_ARRAYS}")


# The names in tensor_arrays: how they are written, and what they will raise to INT16 (interop notes, int16).

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


_BYTE_ORDER_MARK = Finding(
    Severity.ERROR,
    1,
    "a UTF-8 byte order mark before the first line: the converter stops",
    "save the file as UTF-8 without BOM",
)
FORMATS = ("ALL_UINT8", "ALL_INT16", "CONV2D_INT16", "DEPTHWISE_INT16")


def lint(document: InputConfig, conv_inputs: Sequence[str] | None = None) -> list[Finding]:
    """Findings in the order of the file.

    `conv_inputs`: first inputs of all convolutions in network order, from the float dump; None when unknown,
    then names are only judged by how they are written.
    """
    data = document.render()
    found = [_BYTE_ORDER_MARK] if data.startswith(BOM) else []
    document = parse(data.removeprefix(BOM))
    found += [*form_findings(document), *key_findings(document), *_format_findings(document)]
    setting = document.setting(CONV_SECTION, TENSOR_ARRAYS)
    if setting:
        found += name_findings(setting, document.inputs, conv_inputs)
    return sorted(found, key=lambda finding: finding.line or 0)


def _format_findings(document: InputConfig) -> Iterator[Finding]:
    setting = document.setting(CONV_SECTION, INPUT_FORMAT)
    if setting is None:
        return
    if setting.value not in FORMATS:
        yield _bad_format(setting)
    elif setting.value == "ALL_UINT8":
        message = "ALL_UINT8 also stops levels L4 and L5 from raising convolutions to INT16 on their own"
        yield Finding(Severity.NOTE, setting.first, message, "remove the line if they shall")
    names = document.setting(CONV_SECTION, TENSOR_ARRAYS)
    if names and names.value and setting.value in FORMATS:
        yield _both(setting)


def _bad_format(setting: Entry) -> Finding:
    shown = visible(setting.value[:60])
    why = "is none of the four values"
    if "," in setting.value:
        why = "is a list; one value is taken"
    elif setting.value.upper() in FORMATS:
        why = "is not in capitals"
    message = f"input_format {shown!r} {why}: the converter stops at `Assertion '0' failed` without naming it"
    return Finding(Severity.ERROR, setting.first, message, f"write one of {', '.join(FORMATS)}")


def _both(setting: Entry) -> Finding:
    """input_format and tensor_arrays add up."""
    if setting.value == "ALL_INT16":
        message = "ALL_INT16 raises every convolution input: tensor_arrays adds nothing to it"
        return Finding(Severity.WARNING, setting.first, message, "remove input_format to raise only the named tensors")
    message = f"both count: {setting.value} and the tensors of tensor_arrays (union, in any order)"
    return Finding(Severity.NOTE, setting.first, message, "remove one of the lines if that is not meant")

"""Every trap of an input_config.ini, named before the converter fails on it or ignores it.

All of it was tried with the older SDK generation. A converter that stops says `ConverterError: Convert failed. See
console for info.` under some 185 lines that name no key. A name in tensor_arrays that is wrong, misspelt, in the wrong
case, a node, a weight or an output, is ignored with exit code 0; so is `tensor_array=`, or the key in another section.
"""

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
from sgs_tui.engine.configs.textlines import BOM, Finding, Severity, error, note, warning
from sgs_tui.engine.text import encode, nearest, sanitised, some, visible
from sgs_tui.language import Message

_STOPS = Message("the converter stops")
_ASSERTS = Message("{stops} at `Assertion '0' failed` without naming it", stops=_STOPS)
_IGNORED = Message("it is ignored in silence")
_EXTENT = 60
"""Characters shown of what may be long."""


def lint(document: InputConfig, conv_inputs: Sequence[str] | None = None) -> list[Finding]:
    """Findings in the order of the file.

    `conv_inputs`: first inputs of all convolutions in network order, from the float dump; None when unknown,
    then names are only judged by how they are written.
    """
    data, found = document.render(), []
    if data.startswith(BOM):
        message = Message("a UTF-8 byte order mark before the first line: {stops}", stops=_STOPS)
        found.append(error(1, message, Message("save the file as UTF-8 without BOM")))
        document = parse(data.removeprefix(BOM))
    found += [*_about_form(document), *_about_keys(document), *_about_format(document)]
    if setting := document.setting(CONV_SECTION, TENSOR_ARRAYS):
        found += _about_names(setting, document.inputs, conv_inputs)
    return sorted(found, key=lambda finding: finding.line or 0)


# What makes the file unreadable for the converter, or read otherwise than it looks.


def _about_form(document: InputConfig) -> Iterator[Finding]:
    found, python = [*_about_sections(document), *_about_duplicates(document)], document.python_view()
    previous: Entry | None = None
    for entry in document.entries():
        found += _about_line(document, entry, previous, python)
        previous = entry if entry.kind not in (Kind.COMMENT, Kind.EMPTY) else previous
    yield from found
    if python.error and not any(finding.severity is Severity.ERROR for finding in found):
        message = Message(
            "Python's configparser, which the converter uses, refuses the file: {error}", error=visible(python.error)
        )
        yield error(None, message, Message("fix that line"))


def _about_sections(document: InputConfig) -> Iterator[Finding]:
    there = {entry.section for entry in document.entries() if entry.kind is Kind.SECTION}
    for section in (INPUT_SECTION.upper(), OUTPUT_SECTION.upper()):
        if section.lower() not in there:
            yield error(
                None,
                Message("there is no [{section}]: {stops}", section=section, stops=_STOPS),
                Message("add [{section}] and its keys", section=section),
            )


def _about_duplicates(document: InputConfig) -> Iterator[Finding]:
    """Python refuses a second key or section; sections that differ in case are two for it, one for C."""
    seen: dict[tuple[str, str], int] = {}
    exact: set[str] = set()
    for entry in document.entries():
        if entry.kind not in (Kind.SECTION, Kind.VALUE):
            continue
        before = seen.setdefault((entry.section, entry.key), entry.first)
        if before != entry.first:
            yield _duplicate(entry, before, entry.kind is Kind.SECTION and entry.name not in exact)
        exact.add(entry.name)


def _duplicate(entry: Entry, before: int, other_case: bool) -> Finding:
    name = f"[{visible(entry.name)}]" if entry.kind is Kind.SECTION else visible(entry.key)
    if other_case:
        message = Message(
            "{name} is the section of line {before} for the C tools and another one for the Python scripts",
            name=name,
            before=before,
        )
        return warning(entry.first, message, Message("put both together"))
    return error(
        entry.first,
        Message("{name} is there twice, first in line {before}: {stops}", name=name, before=before, stops=_STOPS),
        Message("keep one of them"),
    )


def _about_line(document: InputConfig, entry: Entry, previous: Entry | None, python: PythonView) -> Iterator[Finding]:
    raw, indented = document.lines[entry.first - 1].text, document.lines[entry.first - 1].text[:1] in (" ", "\t")
    if entry.too_long:
        message = Message(
            "a line of over {longest_line} bytes, comment or not: `iniparser: input line too long`",
            longest_line=LONGEST_LINE,
        )
        yield error(entry.first, message, Message("shorten it"))
    if entry.last > entry.first:
        message = Message(
            "a \\ at the end of a line joins it with the next one for the C tools, not for the Python scripts"
        )
        yield warning(entry.first, message, Message("write it in one line without \\"))
    elif raw.rstrip().endswith("\\"):
        yield warning(
            entry.first, Message("the last line ends in \\: the C tools never look at it"), Message("take the \\ away")
        )
    if entry.kind is Kind.ERROR:
        yield _unreadable(entry, indented, previous)
    elif entry.kind is Kind.VALUE:
        yield from _about_value(entry, indented, previous, python)


def _unreadable(entry: Entry, indented: bool, previous: Entry | None) -> Finding:
    """A line that iniparser takes for nothing, which makes the whole file unreadable."""
    if entry.text.startswith("["):
        what, remedy = Message("text behind or missing ] of a section"), Message("leave the section alone in its line")
    elif indented and previous and previous.kind in (Kind.VALUE, Kind.ERROR):
        what, remedy = (
            Message("an indented line that goes on with the value above"),
            Message("put the whole value in one line"),
        )
    elif ":" in entry.text:
        what, remedy = Message("key:value"), Message("write key=value;")
    else:
        what, remedy = Message("no section, no key=value and no comment"), Message("fix it, or put ; in front")
    message = Message("{what} ({line}): {asserts}", what=what, line=visible(entry.text[:40]), asserts=_ASSERTS)
    return error(entry.first, message, remedy)


def _about_value(entry: Entry, indented: bool, previous: Entry | None, python: PythonView) -> Iterator[Finding]:
    key = visible(entry.key)
    if previous is None:
        yield error(
            entry.first,
            Message("{key} stands before any section: {stops}", key=key, stops=_STOPS),
            Message("put it below its section"),
        )
    if indented and not python.error and python.get(entry.section, entry.key) is None:
        message = Message("{key} is indented: for the Python scripts it goes on with the line above", key=key)
        yield warning(entry.first, message, Message("start the line with the key"))
    if "%" in entry.value:
        message = Message("a % makes configparser look for another value (interpolation) and fail")
        yield warning(entry.first, message, Message("use a name without %"))


# Keys that nobody reads: misspelt, or in another section than their own.

_COLORS = tuple(f"mean_{color}" for color in ("red", "green", "blue"))
_ALIGNMENTS = (
    "input_width_alignment",
    "input_height_alignment",
    "yuv420_h_pitch_alignment",
    "yuv420_v_pitch_alignment",
    "xrgb_h_pitch_alignment",
)
_INPUT_KEYS = ("inputs", "training_input_formats", "input_formats", "quantizations", "mean", *_COLORS, "std_value")
_KEYS = {
    INPUT_SECTION: (*_INPUT_KEYS, *_ALIGNMENTS, "input_layouts", "input_actions", "inputs_order"),
    OUTPUT_SECTION: ("outputs", "dequantizations", "output_layouts", "output_formats"),
    CONV_SECTION: (INPUT_FORMAT, TENSOR_ARRAYS),
    "optimize_config": ("skip_concatenation", "kb_compress"),
    "dump_config": (TENSOR_ARRAYS,),
    "skip_mmu_config": (TENSOR_ARRAYS,),
}
"""Sections and keys of all SDK generations."""
_FORMATS = ("ALL_UINT8", "ALL_INT16", "CONV2D_INT16", "DEPTHWISE_INT16")


def _about_keys(document: InputConfig) -> Iterator[Finding]:
    for entry in document.entries():
        if entry.kind is Kind.SECTION and entry.section not in _KEYS:
            if meant := nearest(entry.section, _KEYS):
                message = Message("[{name}] is no known section: {ignored}", name=visible(entry.name), ignored=_IGNORED)
                yield warning(
                    entry.first, message, Message("write [{section}] if that is meant", section=meant.upper())
                )
        elif entry.kind is Kind.VALUE and entry.key not in _KEYS.get(entry.section, ()):
            yield from _unknown_key(entry)


def _unknown_key(entry: Entry) -> Iterator[Finding]:
    """An own key of [CONV_CONFIG] elsewhere, or a key that resembles one of its section."""
    own = nearest(entry.key, _KEYS[CONV_SECTION], 0.85)
    meant = nearest(entry.key, _KEYS.get(entry.section, ()), 0.75)
    shown = visible(entry.key[:_EXTENT])
    if meant and own != entry.key:
        yield warning(
            entry.first,
            Message(
                "{key} is no key of [{section}]: {ignored}", key=shown, section=entry.section.upper(), ignored=_IGNORED
            ),
            Message("write {name}", name=meant),
        )
    elif own:
        remedy = Message("move it to [CONV_CONFIG], as {own}", own=own)
        if meant:
            remedy = Message("move it to [CONV_CONFIG], as {own}, or write {meant}", own=own, meant=meant)
        yield warning(
            entry.first,
            Message("{key} counts only in [CONV_CONFIG]: here {ignored}", key=shown, ignored=_IGNORED),
            remedy,
        )
    elif entry.section == CONV_SECTION:
        message = Message("{key} is no key of [CONV_CONFIG]: {ignored}", key=shown, ignored=_IGNORED)
        yield warning(
            entry.first,
            message,
            Message(
                "known are {input_format} and {tensor_arrays}", input_format=INPUT_FORMAT, tensor_arrays=TENSOR_ARRAYS
            ),
        )


def _about_format(document: InputConfig) -> Iterator[Finding]:
    """input_format and how it goes with tensor_arrays: both count, in any order."""
    setting = document.setting(CONV_SECTION, INPUT_FORMAT)
    if setting is None:
        return
    value, line = setting.value, setting.first
    if value not in _FORMATS:
        message = _no_format(value, visible(value[:_EXTENT]))
        yield error(line, message, Message("write one of {names}", names=", ".join(_FORMATS)))
        return
    if value == "ALL_UINT8":
        message = Message("ALL_UINT8 also stops levels L4 and L5 from choosing INT16 for convolutions on their own")
        yield note(line, message, Message("remove the line if they shall"))
    if not document.value(CONV_SECTION, TENSOR_ARRAYS):
        return
    if value == "ALL_INT16":
        message = Message("ALL_INT16 is INT16 for every convolution input: tensor_arrays adds nothing to it")
        yield warning(line, message, Message("remove input_format, and only the named tensors become INT16"))
    else:
        message = Message("both count: {value} and the tensors of tensor_arrays (union, in any order)", value=value)
        yield note(line, message, Message("remove one of the lines if that is not meant"))


def _no_format(value: str, cut: str) -> str:
    if "," in value:
        return Message("input_format {value!r} is a list; one value is taken: {asserts}", value=cut, asserts=_ASSERTS)
    if value.upper() in _FORMATS:
        return Message("input_format {value!r} is not in capitals: {asserts}", value=cut, asserts=_ASSERTS)
    return Message("input_format {value!r} is none of the four values: {asserts}", value=cut, asserts=_ASSERTS)


# The names in tensor_arrays: how they are written, and what becomes INT16 by them.

_FATAL_NAME = 600
"""Bytes from which on a name crashed the vendor's tool."""


def _about_names(setting: Entry, inputs: Sequence[str], conv_inputs: Sequence[str] | None) -> Iterator[Finding]:
    """`inputs` are the network's inputs, `conv_inputs` the first inputs of its convolutions in network order."""
    names, line = split_names(setting.value), setting.first
    yield from _about_quotes(setting)
    if not names:
        yield note(line, Message("tensor_arrays is empty: it chooses nothing"), Message("remove the line"))
    if len(names) > MOST_NAMES:
        message = Message("{number} names: {most} work, with 301 the tool crashed", number=len(names), most=MOST_NAMES)
        yield error(line, message, Message("use input_format=ALL_INT16; instead"))
    for name, count in Counter(names).items():
        if count > 1 and name:
            yield note(
                line,
                Message("{name} is there {count} times", name=visible(name[:_EXTENT]), count=count),
                Message("once is enough"),
            )
        yield from _about_writing(line, name)
        if conv_inputs is not None and name and name == name.strip(SPACES):
            yield from _about_effect(line, name, inputs, conv_inputs)


def _about_quotes(setting: Entry) -> Iterator[Finding]:
    rest, value, message = setting.rest.strip(SPACES), visible(setting.value[:_EXTENT]), None
    if setting.quote and rest and rest[0] not in "#;":
        message = Message(
            "only the first pair of quotes counts, {value!r}; lost: {rest}", value=value, rest=visible(rest[:_EXTENT])
        )
    elif setting.quote and setting.text.count(setting.quote) == 1:
        message = Message("the quote is never closed, the list ends as {value!r}", value=value[-20:])
    elif not setting.quote and {"'", '"'} & set(setting.value):
        message = Message("quotes inside the list become part of the names")
    elif not setting.quote and _cuts(setting):
        message = Message(
            "without quotes the list is cut at {rest} and read as {value!r}, which matches as a prefix",
            rest=rest[0],
            value=value,
        )
    if message:
        yield warning(
            setting.first, message, Message("put one pair of quotes around the whole list: tensor_arrays='a,b';")
        )


def _cuts(setting: Entry) -> bool:
    """Whether the first `#` or `;` stands inside a name: text goes on right behind it, and right before a `#`."""
    joined = setting.text.removesuffix(setting.rest)[-1:] not in tuple(SPACES)
    goes_on = setting.rest[1:2] not in ("", *SPACES)
    return goes_on and (joined or setting.rest.startswith(";"))


def _about_writing(line: int, name: str) -> Iterator[Finding]:
    shown, length = visible(name[:_EXTENT]), len(encode(name))
    if not name.strip(SPACES):
        message = Message("an empty name between two commas or at an end; what the tool makes of it is not known")
        yield warning(line, message, Message("take the comma away"))
    elif name != name.strip(SPACES):
        yield warning(
            line,
            Message("the blank belongs to the name {name!r}: it chooses nothing", name=shown),
            Message("write no blanks"),
        )
    if length > LONGEST_NAME:
        message = Message(
            "the name {name}... has {length} bytes: the tool loses the names behind it, from 600 on it crashes",
            name=shown,
            length=length,
        )
        kind = error if length >= _FATAL_NAME else warning
        yield kind(line, message, Message("rename the tensor in the original model"))


def _about_effect(line: int, name: str, inputs: Sequence[str], conv_inputs: Sequence[str]) -> Iterator[Finding]:
    shown = visible(name[:_EXTENT])
    others = _some(sorted({known for known in conv_inputs if known.startswith(name) and known != name}))
    if others and name in conv_inputs:
        message = Message(
            "{name} also chooses {others}: a name matches every convolution input that begins with it",
            name=shown,
            others=others,
        )
        yield warning(line, message, Message("accept that, or rename the tensor in the original model"))
    elif others:
        message = Message(
            "{name} is no convolution input, but chooses those that begin with it: {others}", name=shown, others=others
        )
        yield warning(line, message, Message("name exactly the ones that are meant"))
        return
    if name in inputs:
        yield warning(
            line,
            Message("{name} is the network's own input, which never becomes INT16", name=shown),
            Message("take it away"),
        )
    elif name not in conv_inputs:
        yield warning(
            line, Message("{name} is no convolution input: it chooses nothing", name=shown), _meant(name, conv_inputs)
        )
    elif name == conv_inputs[0]:
        message = Message("{name} feeds the first convolution, which the manual says stays as it is", name=shown)
        yield note(line, message, Message("check its type in the next fixed dump"))


def _meant(name: str, conv_inputs: Sequence[str]) -> str:
    folded = {known.lower(): known for known in conv_inputs}
    if name.lower() in folded:
        return Message("case counts: write {name}", name=visible(folded[name.lower()]))
    by_file_name = {sanitised(known): known for known in conv_inputs}
    close = by_file_name.get(name) or nearest(name, conv_inputs, 0.75)
    return (
        Message("did you mean {name}?", name=visible(close))
        if close
        else Message("name the first input of a convolution, as in the float dump")
    )


def _some(names: Sequence[str]) -> str:
    return some([visible(name[:_EXTENT]) for name in names], 5)

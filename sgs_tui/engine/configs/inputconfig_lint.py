"""Every trap of an input_config.ini, named before the converter fails or ignores it (interop notes, int16)."""

from collections.abc import Iterator, Sequence

from sgs_tui.engine.configs.findings import Finding, Severity
from sgs_tui.engine.configs.iniparser import Entry
from sgs_tui.engine.configs.inputconfig import CONV_SECTION, INPUT_FORMAT, TENSOR_ARRAYS, InputConfig, parse
from sgs_tui.engine.configs.inputconfig_form import form_findings
from sgs_tui.engine.configs.inputconfig_keys import key_findings
from sgs_tui.engine.configs.inputconfig_names import name_findings
from sgs_tui.engine.configs.textlines import BOM
from sgs_tui.engine.text import visible

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

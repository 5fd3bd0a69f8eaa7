"""Keys of an input_config.ini that nobody reads: misspelt, or in another section than their own."""

from collections.abc import Iterator

from sgs_tui.engine.configs.findings import Finding, Severity
from sgs_tui.engine.configs.iniparser import Entry, Kind
from sgs_tui.engine.configs.inputconfig import (
    CONV_SECTION,
    INPUT_FORMAT,
    INPUT_SECTION,
    OUTPUT_SECTION,
    TENSOR_ARRAYS,
    InputConfig,
)
from sgs_tui.engine.configs.nearest import nearest
from sgs_tui.engine.text import visible

_COLOURS = tuple(f"mean_{colour}" for colour in ("red", "green", "blue"))
_ALIGNMENTS = (
    "input_width_alignment",
    "input_height_alignment",
    "yuv420_h_pitch_alignment",
    "yuv420_v_pitch_alignment",
    "xrgb_h_pitch_alignment",
)
_INPUT_KEYS = ("inputs", "training_input_formats", "input_formats", "quantizations", "mean", *_COLOURS, "std_value")
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

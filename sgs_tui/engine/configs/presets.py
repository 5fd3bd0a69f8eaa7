"""Ready settings of DebugConfig.txt for what people dump, and the commented file of each."""

from dataclasses import dataclass

from sgs_tui.engine.configs.debugconfig import DebugConfig
from sgs_tui.engine.configs.switches import (
    DEQUANT_FIXED,
    DISABLE_FUSION,
    DUMP_AS_STRING,
    DUMP_TENSOR,
    ELIMINATE_GARBAGE,
    KEEP_OLD_DUMP,
    SWITCH_NAMES,
)


@dataclass(frozen=True, slots=True)
class Preset:
    """A named set of switches. `key` names its folder under cfg/debugconfig; `note` says when to use it."""

    key: str
    title: str
    note: str
    switches: frozenset[str]


_DUMP = frozenset({DUMP_TENSOR, ELIMINATE_GARBAGE})

PRESETS: tuple[Preset, ...] = (
    Preset("float", "dump float", "The benchmark: simulate the float model with it.", _DUMP),
    Preset(
        "fixed",
        "dump fixed for comparison",
        "The sample: simulate the fixed model with it. Dequantised and without padding.",
        _DUMP | {DEQUANT_FIXED},
    ),
    Preset(
        "histogram",
        "dump for histogram (string)",
        "Text for the vendor's histogram.py. Not for comparisons: six decimals, slow, large.",
        _DUMP | {DEQUANT_FIXED, DUMP_AS_STRING},
    ),
    Preset(
        "fixed-without-fusion",
        "fixed model without fusion",
        "Calibrate with it first (the model itself changes), then simulate the fixed model with it.",
        _DUMP | {DEQUANT_FIXED, DISABLE_FUSION},
    ),
)


def apply(preset: Preset, document: DebugConfig) -> DebugConfig:
    """The document with the preset's switches; the path, dumpdonotrecovery and all other lines stay."""
    for name in SWITCH_NAMES:
        if name != KEEP_OLD_DUMP:
            document = document.with_switch(name, name in preset.switches)
    return document


def template(preset: Preset) -> bytes:
    """The file to copy: comments, every key in the vendor's order, the dump beside it.

    `path=` is not the last line: an editor that drops the final newline would cut the path.
    """
    head = [
        f"# DebugConfig.txt: {preset.title}.",
        f"# {preset.note}",
        "# Copy it to the folder the simulator is started in. One key a line, in the first column, without",
        "# blanks; a # in front switches it off. Keep LF line ends and the newline at the end.",
    ]
    keys = [name if name in preset.switches else f"#{name}" for name in SWITCH_NAMES]
    keys.insert(keys.index(f"#{KEEP_OLD_DUMP}"), "path=.")
    return "".join(f"{line}\n" for line in [*head, *keys]).encode()

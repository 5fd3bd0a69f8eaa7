"""The keys of DebugConfig.txt: what each does, who reads it, what is recommended (interop notes 4)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Switch:
    """One key of the file. `path` takes a value, the others are on when their line stands there."""

    name: str
    meaning: str
    read_by: str
    recommended: str


DUMP_TENSOR = "dumpTensor"
ELIMINATE_GARBAGE = "eliminateGarbage"
DEQUANT_FIXED = "dequantFixed"
DUMP_AS_STRING = "dumpasstring"
DISABLE_FUSION = "disableDomainFuseOps"
KEEP_OLD_DUMP = "dumpdonotrecovery"
PATH = "path"

SWITCHES: tuple[Switch, ...] = (
    Switch(
        DUMP_TENSOR,
        "Write every tensor to sigma_outtensor_dump.bin. Without it the other dump switches do nothing.",
        "simulator, float and fixed; the calibrator obeys it too",
        "on for a dump, off while calibrating",
    ),
    Switch(
        ELIMINATE_GARBAGE,
        "Leave out what the hardware pads rows and blocks with, so that the data fits the tensor's shape.",
        "simulator, together with dumpTensor; float models do not change",
        "on, always",
    ),
    Switch(
        DEQUANT_FIXED,
        "Write the values of a fixed model as floats (payload x scale) instead of integer codes.",
        "simulator, fixed models",
        "on for comparisons, never without eliminateGarbage",
    ),
    Switch(
        DUMP_AS_STRING,
        "Write text with six decimals instead of binary data: slower and several times larger.",
        "simulator",
        "off for comparisons; on for the vendor's histogram.py, which reads nothing else",
    ),
    Switch(
        DISABLE_FUSION,
        "Keep fused layers apart, so that each can be dumped.",
        "float-to-fixed conversion only: calibrate again; the simulator ignores it",
        "on when the suspicious layer is missing in the fixed dump",
    ),
    Switch(
        KEEP_OLD_DUMP,
        "Keep a dump that is already there and number the new one (sigma_outtensor_dump_<n>.bin). "
        "The manual does not mention it.",
        "simulator",
        "off; use a folder of its own for every run",
    ),
)
"""The switches in the order of the vendor's template."""

PATH_KEY = Switch(
    PATH,
    "Folder for the dump. It must exist; empty or missing means the home folder. Relative paths start at the "
    "folder the simulator runs in; ~ and $NAME are not expanded; at most 122 bytes.",
    "simulator",
    "an absolute path, or . for the folder of the run",
)

SWITCH_NAMES = tuple(switch.name for switch in SWITCHES)
LONGEST_PATH = 122
"""Bytes of an absolute path or of the home folder (manual)."""
DUMP_NAME = "sigma_outtensor_dump.bin"

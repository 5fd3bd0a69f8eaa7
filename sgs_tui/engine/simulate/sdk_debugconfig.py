"""The DebugConfig.txt of a run: the switches that were asked for, written as every simulator reads them."""

from dataclasses import dataclass

from sgs_tui.engine.configs.debugconfig import DebugConfig, parse
from sgs_tui.engine.configs.switches import (
    DEQUANT_FIXED,
    DUMP_AS_STRING,
    DUMP_TENSOR,
    ELIMINATE_GARBAGE,
    KEEP_OLD_DUMP,
)
from sgs_tui.engine.dumps.records import Stage
from sgs_tui.engine.text import decode


@dataclass(frozen=True, slots=True)
class DumpSwitches:
    """What a dump is to be like: without padding, as floats, as binary, unless told otherwise."""

    eliminate_garbage: bool = True
    dequantise: bool = True
    as_string: bool = False


def run_debug_config(stage: Stage, switches: DumpSwitches, base: bytes | None = None) -> str:
    """The exact text. Lines of `base` (the user's file) that are not ours are kept.

    With `base`, its own switches count and `switches` do not. The dump always goes to the run's own directory
    (`path=.`, so the limit of 122 bytes never matters), under its plain name, and dumping is on.
    """
    if base is not None:
        document = parse(base).mend()
    else:
        document = DebugConfig()
        for name, on in (
            (DUMP_TENSOR, True),
            (ELIMINATE_GARBAGE, switches.eliminate_garbage),
            (DEQUANT_FIXED, switches.dequantise and stage is Stage.FIXED),
            (DUMP_AS_STRING, switches.as_string),
        ):
            document = document.with_switch(name, True) if on else document
    document = document.with_switch(DUMP_TENSOR, True).with_switch(KEEP_OLD_DUMP, False).with_path(".")
    return decode(document.render())


def dumps_floats(stage: Stage, text: str) -> bool:
    """Whether such a run writes floats: a float model always does, a fixed one when dequantised."""
    return stage is not Stage.FIXED or DEQUANT_FIXED in parse(text.encode("utf-8", "surrogateescape")).effect().switches

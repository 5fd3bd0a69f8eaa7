"""How many layers of a float dump the fixed one has not, because they were fused into others."""

from pathlib import Path

from sgs_tui.engine.dumps.reader import open_dump


def fused_layers(fixed: Path, float_: Path) -> int:
    """Layers whose names are only in the float dump. Raises DumpError when one of the dumps can not be read."""
    with open_dump(fixed) as sample, open_dump(float_) as benchmark:
        names = {record.name for record in sample.outputs()}
        return len({record.name for record in benchmark.outputs()} - names)

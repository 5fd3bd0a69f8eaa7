"""Which stage of the pipeline a dump comes from, by what its headers say. A guess: names of files are not asked."""

from collections.abc import Sequence

from sgs_tui.engine.dumps.records import Direction, DumpIndex, Record, Stage


def guess_stage(index: DumpIndex) -> Stage:
    """The stage that wrote such headers.

    Seen in real dumps: the vendor's dumpers for original models write outputs only; an offline model's records
    declare a size and carry nothing; a fixed model's activations have integer types; the cmodel's are float but
    some already carry a scale; a float model's have none.
    """
    activations = [record for record in index.records if not record.constant]
    if not activations:
        return Stage.UNKNOWN
    if all(record.declared and not record.size for record in activations):
        return Stage.OFFLINE
    if _integers(activations):
        return Stage.FIXED
    if all(record.direction is Direction.OUT for record in index.records):
        return Stage.ORIGINAL
    return Stage.CMODEL_FLOAT if any(record.scale for record in activations) else Stage.FLOAT


def _integers(activations: Sequence[Record]) -> bool:
    """Most, not any: float networks hold a few integer tensors, such as indices."""
    return 2 * sum(record.type_name.startswith("SGS_") for record in activations) > len(activations)

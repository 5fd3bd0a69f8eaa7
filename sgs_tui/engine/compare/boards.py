"""Open both sides of a comparison where one may be no dump: what a board or the offline simulator gave as outputs.

Those files hold the network's outputs alone, as text (`dumps/results.py`) or as bare bytes (`dumps/rawdata.py`). What
they do not say is taken from the dump on the other side: names, shapes and types of bare bytes; scale and zero point of
codes. Headers print six decimals of a scale; where the dump holds floats the rest of it is what most codes agree on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod
from pathlib import Path

import numpy as np

from sgs_tui.engine.dumps.dtypes import FLOAT32, INTEGER_TYPES
from sgs_tui.engine.dumps.format import Record
from sgs_tui.engine.dumps.rawdata import Output, Reading, readings, wanted_sizes
from sgs_tui.engine.dumps.reader import Dump, open_dump
from sgs_tui.engine.dumps.source import Source
from sgs_tui.engine.errors import DumpError, NotADumpError, UsageError
from sgs_tui.engine.network.channels import infer_channels
from sgs_tui.engine.network.graph import network_outputs
from sgs_tui.engine.network.scales import CODES
from sgs_tui.engine.network.tensors import Values, cosine
from sgs_tui.engine.text import did_you_mean, sanitised, visible
from sgs_tui.language import Message, joined, plural

_LOOKED_AT = 1 << 20
"""Elements of a tensor by which readings and codes are told."""
_SIX_DECIMALS = 6e-7
"""Half the last decimal of a scale in a header, and a little."""
_CLEAR, _NO_MATCH = 0.9, 0.7
"""COS of a reading that fits, and of one that does not."""

Shapes = Mapping[str, tuple[int, ...]]


def open_pair(sample: Path, benchmark: Path, shapes: Shapes, outputs: Sequence[str] = ()) -> tuple[Dump, Dump]:
    """Both files open. `outputs`: the tensors that a file of bare bytes holds, in its order; else they are found.

    Raises DumpError, UsageError for unknown `outputs`; where one is raised nothing stays open.
    """
    paths = (sample, benchmark)
    opened: dict[int, Dump] = {}
    refused: dict[int, NotADumpError] = {}
    try:
        for side, path in enumerate(paths):
            try:
                opened[side] = open_dump(path).with_shapes(shapes)
            except NotADumpError as error:
                refused[side] = error
        for side, why in refused.items():
            other = opened.get(1 - side)
            if other is None or other.index.results:
                raise why
            opened[side] = _open_raw(paths[side], other, outputs)
        pair = opened[0], opened[1]
        return with_codes(*pair), with_codes(*pair[::-1])
    except BaseException:
        for dump in opened.values():
            dump.close()
        raise


# Bare bytes.


def _open_raw(path: Path, other: Dump, names: Sequence[str]) -> Dump:
    """The file as outputs of the network that `other` is of. Raises DumpError where it is none of them, UsageError."""
    outputs = _asked(other, names) if names else _outputs(other, network_outputs(other))
    source = Source(path)
    try:
        found = readings(path, source.size, outputs, bool(names))
        if not found:
            raise DumpError(
                Message(
                    "{path}: no dump, and its {size} bytes are no outputs of {other}: {wanted}",
                    path=path,
                    size=source.size,
                    other=other.path,
                    wanted=wanted_sizes(outputs),
                ),
                Message("name what it holds, in order, with --outputs NAME,..., and shapes with --shapes"),
            )
        return Dump(source, _chosen(path, found, source, other).index(source))
    except BaseException:
        source.close()
        raise


def _outputs(dump: Dump, records: Sequence[Record]) -> list[Output]:
    channels = infer_channels(dump.records)
    return [_output(record, channels.get(record.name)) for record in records]


def _output(record: Record, channels: int | None) -> Output:
    whole = record.shape is not None and record.count >= prod(record.shape)
    return Output(record, channels, prod(record.shape or ()) if whole else record.count)


def _asked(dump: Dump, names: Sequence[str]) -> list[Output]:
    known = {name: record for record in dump.outputs() for name in (sanitised(record.name), visible(record.name))}
    for name in names:
        if name not in known:
            raise UsageError(
                Message("{path}: no output is called {name}", path=dump.path, name=name),
                did_you_mean(name, map(visible, known)),
            )
    return _outputs(dump, [known[name] for name in names])


def _chosen(path: Path, found: Sequence[Reading], source: Source, other: Dump) -> Reading:
    """The reading that agrees with the other side; the likeliest where none or several do and all name the same.

    Raises DumpError where the tensors are in doubt.
    """
    if len(found) == 1:
        return found[0]
    likeness = {id(each): _likeness(Dump(source, each.index(source)), other) for each in found}
    best = max(found, key=lambda each: likeness[id(each)])
    rivals = [each for each in found if each is not best and likeness[id(each)] >= _NO_MATCH]
    if likeness[id(best)] >= _CLEAR and not rivals:
        return best
    if len({each.names for each in found}) == 1 or (likeness[id(best)] >= _CLEAR and len(best.names) > 1):
        return best
    ways = joined((each.text for each in found[:3]), "; or ")
    raise DumpError(
        plural(
            source.size,
            "{path}: {number} byte can be read as {ways}",
            "{path}: {number} bytes can be read as {ways}",
            path=path,
            ways=ways,
        ),
        Message("say which with --outputs NAME,..."),
    )


def _likeness(dump: Dump, other: Dump) -> float:
    """The least COS of a tensor with the other side's, by their first elements."""
    found = []
    for record in dump.records:
        partner = next(each for each in other.outputs() if each.name == record.name)
        left, right = _first(dump, record), _first(other, partner)
        size = min(len(left), len(right))
        found.append(cosine(left[:size], right[:size]))
    return min(found)


def told_scale(coded: Dump, record: Record, floats: Dump, partner: Record) -> float:
    """The scale of a record of codes to more than the header's six decimals, from the other side's numbers.

    The median of value by code, where that is the header's scale to its six decimals; else the header's.
    """
    if not coded.dequantizes(record) or floats.dequantizes(partner):
        return record.scale
    codes, values = _first(coded, replace(record, scale=1.0)), _first(floats, partner)
    size = min(len(codes), len(values))
    some = codes[:size] != 0
    if not some.any():
        return record.scale
    scale = float(np.median(values[:size][some].astype(np.float64) / codes[:size][some]))
    return scale if abs(scale - record.scale) <= _SIX_DECIMALS else record.scale


def _first(dump: Dump, record: Record) -> Values:
    from sgs_tui.engine.compare.elements import SideReader, unpadded

    reader = SideReader(dump, record, unpadded(record, record.shape))
    return np.nan_to_num(reader.values(0, min(reader.count, _LOOKED_AT))).astype(np.float32)


# Codes.


def with_codes(results: Dump, other: Dump) -> Dump:
    """The dump as it is, or results whose records that hold codes know the scale and zero point of the other side's."""
    if not results.index.results:
        return _with_scales(results, other) if other.index.results else results
    partners = {sanitised(record.name): record for record in other.outputs()}
    records = [_with_code(each, results, partners.get(sanitised(each.name)), other) for each in results.records]
    if tuple(records) != results.records:
        results = results.reread(replace(results.index, is_float=False, records=tuple(records)))
    return _with_scales(results, other)


def _with_code(record: Record, results: Dump, partner: Record | None, other: Dump) -> Record:
    """The record of what may hold codes, with the header's scale and zero point of the other side."""
    if partner is None or not partner.scale > 0:
        return record
    if record.dtype.kind not in "iu":
        if record.dtype == FLOAT32 or record.problem or not _holds_codes(record, results, partner, other):
            return record
        record = replace(record, dtype=INTEGER_TYPES[partner.type_name], type_name=partner.type_name)
    return replace(record, scale=partner.scale, zero_point=partner.zero_point)


def _with_scales(coded: Dump, floats: Dump) -> Dump:
    """A dump of codes whose outputs have the scale that the other side's numbers tell."""
    partners = {sanitised(record.name): record for record in floats.outputs()}
    told = {
        record.number: told_scale(coded, record, floats, partner)
        for record in network_outputs(coded)
        if (partner := partners.get(sanitised(record.name))) is not None
    }
    if all(scale == coded.records[number].scale for number, scale in told.items()):
        return coded
    records = (replace(each, scale=told.get(each.number, each.scale)) for each in coded.records)
    return coded.reread(replace(coded.index, records=tuple(records)))


def _holds_codes(record: Record, results: Dump, partner: Record, other: Dump) -> bool:
    """Whether text holds codes of an 8-bit type: whole numbers of its range, where the other side's are not."""
    if partner.type_name not in ("SGS_U8", "SGS_S8"):
        return False
    low, high = CODES[partner.type_name]
    values = other.values(partner, 0, _LOOKED_AT)
    if bool(np.all(values == np.rint(values))):
        return False
    reader = results.text_reader(record)
    while len(piece := reader.take(_LOOKED_AT)):
        if not bool(np.all((piece >= low) & (piece <= high) & (piece == np.rint(piece)))):  # type: ignore[operator]
            return False
    return record.count > 0

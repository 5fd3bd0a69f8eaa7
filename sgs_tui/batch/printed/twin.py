"""`twin`: the ops of the network rebuilt from a float dump, each with its proof; as a table, or JSON.

JSON `sgs-tui/twin/1` (cfg/schemas/twin-1.json): schema, path, inputs[], ops[] (index, kind, output (the first of
outputs[]), inputs[], attributes, proof (exact, close or barrier), error (relative L2; null where it is not finite, as
that of many barriers), why), totals (ops of each proof), whole_network_error, whole_network_worst (the tensor),
seconds, exported (path or null), dumps[] (float, fixed (or null)) that --run wrote.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from rich.console import RenderableType
from rich.text import Text

from sgs_tui.batch.console import (
    LONGEST_NAME,
    NARROWEST,
    PIPED,
    Cell,
    Column,
    Screen,
    hanging,
    name_column,
    page_width,
    render,
    table_of,
    taken,
    whole_line,
)
from sgs_tui.batch.output import RunsFormat
from sgs_tui.batch.values import Json, dump_json, exact, exact_all, exact_or_null, finite_or_null
from sgs_tui.engine.backends.twin import TwinDumps
from sgs_tui.engine.numbers import count
from sgs_tui.engine.twin.network import Proof, Twin, TwinOp
from sgs_tui.engine.twin.rebuild import op_totals
from sgs_tui.language import Message, joined, sense

SCHEMA = "sgs-tui/twin/1"
_STYLES = {Proof.EXACT: "", Proof.CLOSE: "yellow", Proof.BARRIER: "bold red"}
_SHORTEST = 12
_ATTRIBUTES = 26
"""Cells for what the attributes of most convolutions take."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A twin, where it was exported to, and the dumps that it made."""

    twin: Twin
    exported: Path | None = None
    dumps: tuple[TwinDumps, ...] = ()


def write_twin(done: Rebuilt, wanted: RunsFormat, screen: Screen) -> bytes:
    """The twin in the format asked for."""
    match wanted:
        case RunsFormat.JSON:
            return dump_json(_document(done))
        case RunsFormat.TABLE:
            columns = _columns(done.twin.ops, screen)
            return render(_parts(done, columns, screen), screen, page_width(columns, screen))
        case _:
            assert_never(wanted)


def _document(done: Rebuilt) -> Json:
    twin = done.twin
    return {
        "schema": SCHEMA,
        "path": exact(twin.dump.path),
        "inputs": exact_all(twin.inputs),
        "ops": [_op(op) for op in twin.ops],
        "totals": dict(op_totals(twin)),
        "whole_network_worst": exact(twin.whole_worst),
        **finite_or_null({"whole_network_error": twin.whole_error, "seconds": twin.seconds}),
        "exported": exact_or_null(done.exported),
        "dumps": [{"float": exact(each.float_dump), "fixed": exact_or_null(each.fixed_dump)} for each in done.dumps],
    }


def _op(op: TwinOp) -> Json:
    return {
        "index": op.index,
        "kind": exact(op.kind),
        "output": exact(op.outputs[0]) if op.outputs else "",
        "outputs": exact_all(op.outputs),
        "inputs": exact_all(op.inputs),
        "attributes": exact(op.attributes),
        "proof": str(op.proof),
        **finite_or_null({"error": op.error}),
        "why": exact(op.why),
    }


def headline(twin: Twin) -> str:
    """What was rebuilt, in a line."""
    totals = op_totals(twin)
    proven = max((op.error for op in twin.ops if not op.barrier), default=0.0)
    parts = [Message("{number} {proof}", number=totals[str(proof)], proof=Message(str(proof))) for proof in Proof]
    return Message(
        "{count}: {parts}; worst op {proven:.1e}; whole network from its inputs {whole_error:.1e}; {seconds:.2f} s",
        count=count(len(twin.ops), "op"),
        parts=joined(parts),
        proven=proven,
        whole_error=twin.whole_error,
        seconds=twin.seconds,
    )


def _parts(done: Rebuilt, columns: Sequence[Column], screen: Screen) -> Iterator[RenderableType]:
    yield hanging(Message("twin  "), str(done.twin.dump.path), 6, screen)
    yield Text(screen.text(headline(done.twin)), style="bold")
    yield Text()
    yield table_of(columns)
    for op in done.twin.barriers():
        yield hanging(
            Message("barrier: "),
            Message(
                "{kind} {outputs}: {why}; its dumped values go on",
                kind=op.kind,
                outputs=", ".join(op.outputs),
                why=op.why,
            ),
            9,
            screen,
        )
    if done.exported is not None:
        yield whole_line(Message("exported to {exported}", exported=done.exported), screen)


def _columns(ops: Sequence[TwinOp], screen: Screen) -> list[Column]:
    columns = [
        Column("#", [Cell(str(op.index)) for op in ops], right=True),
        Column(Message("op"), [Cell(screen.text(op.kind)) for op in ops]),
        Column(Message("proof"), [Cell(Message(str(op.proof)), _STYLES[op.proof]) for op in ops]),
        Column(
            sense("difference", "error"), [Cell("-" if op.barrier else f"{op.error:.1e}") for op in ops], right=True
        ),
    ]
    attributes = ["" if op.barrier else op.attributes for op in ops]
    left = max(NARROWEST, screen.columns or 2 * PIPED) - taken(columns)
    longest = max(map(len, attributes), default=0) if screen.columns is None else max(_ATTRIBUTES, left // 2)
    told = name_column(Message("attributes"), attributes, (), Screen(ascii=screen.ascii), _SHORTEST, longest)
    names = [", ".join(op.outputs) for op in ops]
    return [*columns, name_column(Message("output"), names, [*columns, told], screen, _SHORTEST, LONGEST_NAME), told]


def dump_paths(dumps: Sequence[TwinDumps]) -> bytes:
    """What --run wrote: one path a line."""
    paths = [path for each in dumps for path in (each.float_dump, each.fixed_dump) if path is not None]
    return "".join(f"{exact(path)}\n" for path in paths).encode()

"""Quantisation files as tables for people: 16-bit tensors and what changed stand out."""

from collections.abc import Sequence
from math import isnan
from pathlib import Path

from rich.cells import cell_len
from rich.console import RenderableType
from rich.text import Text

from sgs_tui.batch.columns import LONGEST_NAME, NARROWEST, PIPED, Cell, Column, table_of, taken
from sgs_tui.batch.drawing import cut, render
from sgs_tui.batch.quant import headline
from sgs_tui.batch.screen import Screen
from sgs_tui.engine.calibration.quant_diff import Change, QuantDiff, greatest, least
from sgs_tui.engine.calibration.quantinfo import QuantEntry
from sgs_tui.engine.numbers import count, figure

_SHORTEST_NAME = 16
_NO_EIGHT_BIT = "bold cyan"


def show_table(path: Path, entries: Sequence[QuantEntry], screen: Screen) -> bytes:
    """One line a tensor."""
    columns = [
        Column(
            "bits", [Cell(str(entry.bit), _NO_EIGHT_BIT if entry.bit != 8 else "") for entry in entries], right=True
        ),
        Column("values", [Cell(str(len(entry.minimum))) for entry in entries], right=True),
        Column("min", [Cell(figure(least(entry))) for entry in entries], right=True),
        Column("max", [Cell(figure(greatest(entry))) for entry in entries], right=True),
        Column("range", [Cell(figure(greatest(entry) - least(entry))) for entry in entries], right=True),
        Column("", [Cell("new weights" if entry.has_data else "") for entry in entries]),
    ]
    lines = [f"file    {screen.text(str(path))}", f"holds   {headline(entries)}"]
    return _page(lines, [entry.name for entry in entries], columns, screen)


def diff_table(paths: tuple[Path, Path], shown: Sequence[QuantDiff], same: int, screen: Screen) -> bytes:
    """One line a tensor that differs."""
    columns = [
        Column("change", [Cell(", ".join(diff.changes) or "same", _style(diff)) for diff in shown]),
        Column("bits", [Cell(_bits(diff, screen)) for diff in shown]),
        Column("first", [Cell(_ends(diff.first)) for diff in shown]),
        Column("second", [Cell(_ends(diff.second)) for diff in shown]),
        Column("moved", [Cell(_moved(diff)) for diff in shown], right=True),
    ]
    different = sum(not diff.same for diff in shown)
    lines = [f"{what:8}{screen.text(str(path))}" for what, path in zip(("first", "second"), paths, strict=True)]
    lines.append(f"differ  {count(different, 'tensor')}, {same} the same; moved: in widths of the first range")
    return _page(lines, [diff.name for diff in shown], columns, screen)


def _page(lines: Sequence[str], raw_names: Sequence[str], columns: list[Column], screen: Screen) -> bytes:
    longest = max([cell_len(screen.text(name)) for name in raw_names], default=0)
    wanted = max(len("name"), min(LONGEST_NAME, longest))
    width = max(NARROWEST, screen.columns or max(PIPED, taken(columns) + wanted))
    room = max(_SHORTEST_NAME, min(wanted, width - taken(columns)))
    names = Column("name", [Cell(cut(name, room, screen)) for name in raw_names], room=room)
    parts: list[RenderableType] = [Text(line) for line in lines]
    if raw_names:
        parts += [Text(), table_of([names, *columns])]
    return render(parts, screen, max(width, room + taken(columns)))


def _style(diff: QuantDiff) -> str:
    if diff.same:
        return ""
    return "bold yellow" if Change.BITS in diff.changes else "yellow"


def _bits(diff: QuantDiff, screen: Screen) -> str:
    bits = [str(side.bit) for side in (diff.first, diff.second) if side]
    return f" {'->' if screen.ascii else '→'} ".join(dict.fromkeys(bits))


def _ends(entry: QuantEntry | None) -> str:
    return f"{figure(least(entry))} to {figure(greatest(entry))}" if entry else ""


def _moved(diff: QuantDiff) -> str:
    return "" if diff.moved == 0 or isnan(diff.moved) else figure(diff.moved)

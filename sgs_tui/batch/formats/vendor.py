"""`--format vendor`: the vendor script's own lines, so that greps written for them keep working.

    9.gate.xx.output0<tab>OP: MUL  Type: float  MSE: 0.629666  COS: 0.194010  RMSE:<tab>0.999086

Index, op and type are the benchmark's; the name is written as the vendor's splitter writes folders; lines stand in
the order of `ls -v`. `     **** OVER threshold!!!! ****` follows where RMSE rose by more than 1.00 over the line
before; as in the vendor's script a value that is not finite counts as 0 there.
"""

import re
from collections.abc import Iterator
from decimal import Decimal

from sgs_tui.batch.console import Screen
from sgs_tui.batch.report import Report
from sgs_tui.engine.compare.results import LayerDiff
from sgs_tui.engine.numbers import count
from sgs_tui.engine.text import sanitised, visible

_Piece = tuple[list[int], tuple[int, str]]
JUMP = Decimal("1.00")
_MARK = "     **** OVER threshold!!!! ****"
_SUFFIX = re.compile(r"(?:\.[A-Za-z~][A-Za-z0-9~]*)*$", re.ASCII)


def write(report: Report, screen: Screen) -> bytes:
    """One line for every layer that has figures, UTF-8."""
    return "".join(f"{line}\n" for line in _lines(report)).encode()


def left_out(report: Report) -> str:
    """What this format has no line for, in words; empty where nothing is."""
    lost = (sum(row.metrics is None for row in report.shown), "layer without figures", "layers without figures")
    lonely = (len(report.unmatched), "unmatched output", "unmatched outputs")
    return " and ".join(count(*each) for each in (lost, lonely) if each[0])


def _lines(report: Report) -> Iterator[str]:
    before: Decimal | None = None
    for row in sorted(report.shown, key=lambda row: version_key(folder(row))):
        if row.metrics is None:
            continue
        rmse = _printed(row.metrics.rmse)
        value = Decimal(rmse) if Decimal(rmse).is_finite() else Decimal(0)
        jumped = before is not None and value - before > JUMP
        yield _line(row, rmse) + (_MARK if jumped else "")
        before = value


def _line(row: LayerDiff, rmse: str) -> str:
    assert row.metrics is not None
    return (
        f"{folder(row)}\tOP: {visible(row.op_type)}  Type: {visible(row.pair.benchmark.type_name)}"
        f"  MSE: {_printed(row.metrics.mse)}  COS: {_printed(row.metrics.cos)}  RMSE:\t{rmse}"
    )


def folder(row: LayerDiff) -> str:
    """The folder that the vendor's splitter makes for the benchmark's record."""
    record = row.pair.benchmark
    return f"{record.op_index}.{visible(sanitised(record.name))}.xx.output{record.slot}"


def _printed(value: float) -> str:
    """C's %f; no minus on zero."""
    return f"{value + 0.0:.6f}"


def version_key(name: str) -> tuple[list[_Piece], ...]:
    """A sort key in the order of `ls -v` (GNU filevercmp): first without the suffix, then whole."""
    return _parts(_SUFFIX.sub("", name)), _parts(name)


def _parts(text: str) -> list[_Piece]:
    """Texts and numbers in turn; the end of the name counts as the number 0, as GNU's comparison does."""
    pieces = re.findall(r"(\D*)(\d*)", text, re.ASCII)
    return [([*map(_rank, other), -1], _number(digits)) for other, digits in pieces]


def _number(digits: str) -> tuple[int, str]:
    """Numbers of any length compare by their own length, then digit by digit."""
    significant = digits.lstrip("0")
    return len(significant), significant


def _rank(char: str) -> int:
    """`~` before the end of a text (-1), then letters, then other signs."""
    if char == "~":
        return -2
    return ord(char) if char.isascii() and char.isalpha() else ord(char) + 256

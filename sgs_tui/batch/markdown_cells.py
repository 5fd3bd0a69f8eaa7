"""Tables and code spans of GitHub-flavoured markdown."""

import re
from collections.abc import Iterator, Sequence

from sgs_tui.engine.text import visible


def code(text: str) -> str:
    """`text` as a code span that a table cell can hold: pipes escaped, the fence longer than any run inside."""
    shown = visible(text).replace("|", "\\|")
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", shown)), default=0))
    blank = " " if shown.startswith("`") or shown.endswith("`") or not shown.strip() else ""
    return f"{fence}{blank}{shown}{blank}{fence}"


def table(head: Sequence[str], alignment: str, rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The lines of a table; `alignment` has an `l` or `r` for each column."""
    yield _row(head)
    yield _row(["--:" if side == "r" else "---" for side in alignment])
    for row in rows:
        yield _row(row)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def fenced(lines: Sequence[str], language: str) -> Iterator[str]:
    """Lines as a code block; its fence is longer than any run of backticks inside."""
    shown = [visible(line) for line in lines]
    longest = max((len(run) for line in shown for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield from (f"{fence}{language}", *shown, fence)

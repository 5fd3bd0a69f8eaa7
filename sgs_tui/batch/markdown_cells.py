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

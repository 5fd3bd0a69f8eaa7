"""What has changed since the baseline, below the table of layers."""

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.console import RenderableType
from rich.text import Text

from sgs_tui.batch.columns import LONGEST_NAME, Cell, Column, table_of, taken
from sgs_tui.batch.drawing import cut, hanging
from sgs_tui.batch.regression_text import changed, figures, headline, remarks, word
from sgs_tui.batch.report import Report
from sgs_tui.batch.screen import Screen
from sgs_tui.engine.compare.regression import Step

_STYLES = {"newly failing": "bold red", "not comparable": "bold red", "newly fixed": "bold green", "worse": "yellow"}
_SHORTEST = 12


def regression_section(report: Report, screen: Screen) -> Iterator[RenderableType]:
    """Nothing without a baseline."""
    since = report.since
    if since is None:
        return
    yield Text()
    yield hanging("", headline(since), 0, screen, "bold")
    steps, hidden = changed(since)
    if steps:
        yield table_of(columns(steps, screen))
    if hidden:
        yield Text(f"{hidden} more are better, see --format json")
    for line in remarks(report):
        yield hanging("note: ", line, 6, screen)


def columns(steps: Sequence[Step], screen: Screen) -> list[Column]:
    """What became of each layer, and its figures before and now."""
    words = [Cell(told := word(step), _STYLES.get(told, "")) for step in steps]
    sides = [(figures(step.before), figures(step.after)) for step in steps]
    others = [
        Column(title, [Cell(each[side][place]) for each in sides], right=True)
        for title, side, place in (("RMSE was", 0, 0), ("RMSE now", 1, 0), ("COS was", 0, 1), ("COS now", 1, 1))
    ]
    what = Column("change", words)
    longest = max(cell_len(screen.text(step.name)) for step in steps)
    free = (screen.columns or LONGEST_NAME * 2) - taken([what, *others])
    room = max(_SHORTEST, min(longest, free, LONGEST_NAME))
    return [what, Column("layer", [Cell(cut(step.name, room, screen)) for step in steps], room=room), *others]

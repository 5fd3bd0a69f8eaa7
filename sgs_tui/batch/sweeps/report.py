"""A sweep as every format sees it: values only, and the words that several formats use."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sgs_tui.batch.output import FailOn
from sgs_tui.engine.numbers import count
from sgs_tui.engine.sweep.baseline import SweepChange
from sgs_tui.engine.sweep.results import OutputRow, PictureRow, Status, SweepResult
from sgs_tui.engine.text import some, visible
from sgs_tui.language import Message, clauses, joined

_LISTED = 8


@dataclass(frozen=True, slots=True)
class SweepReport:
    """`what`: what was swept, in words. `top`: how many pictures and layers tables show.

    `stopped`: only a part of the pictures was measured. `since`: what changed against the earlier sweep `baseline`.
    """

    what: str
    profile: str
    result: SweepResult
    notes: tuple[str, ...] = ()
    top: int | None = None
    stopped: bool = False
    baseline: str = ""
    since: SweepChange | None = None
    fail_on: FailOn = FailOn.FAIL

    @property
    def over(self) -> int:
        """How many layers (or what became worse) make the command fail."""
        match self.fail_on:
            case FailOn.FAIL:
                return self.result.failing_layers
            case FailOn.WARN:
                return self.result.failing_layers + self.result.warned_layers
            case FailOn.REGRESSION:
                return self.since.regressions if self.since else 0
            case FailOn.NEVER:
                return 0

    def name(self, place: int | None) -> str:
        """The picture at a place; empty for none."""
        return "" if place is None else self.result.pictures[place].name

    def names(self, places: Iterable[int]) -> list[str]:
        return [self.result.pictures[place].name for place in places]

    @property
    def alike(self) -> Iterator[str]:
        """Groups of several pictures that fail alike, in words, the largest errors first."""
        for places in self.result.groups:
            if len(places) > 1:
                names = some([visible(name) for name in self.names(places)], _LISTED)
                yield Message("{names} fail alike", names=names)

    @property
    def ranked(self) -> Iterator[tuple[int, PictureRow]]:
        """Rank and row, worst first."""
        for rank, place in enumerate(self.result.order, 1):
            yield rank, self.result.pictures[place]


def headline(report: SweepReport) -> str:
    """The sweep in a line."""
    result, rows = report.result, report.result.pictures
    failing = sum(row.status is Status.FAIL for row in rows)
    errors = sum(row.status is Status.ERROR for row in rows)
    with_failing = Message("{number} with failing layers", number=failing)
    parts = [with_failing if failing else Message("none with a failing layer")]
    if errors:
        parts.append(Message("{number} not measured whole", number=errors))
    return Message(
        "{pictures}: {found}; {layers}: {failing} failing on some picture",
        pictures=count(len(rows), "picture"),
        found=clauses(parts),
        layers=count(len(result.layers), "layer"),
        failing=result.failing_layers,
    )


def output_line(report: SweepReport, row: OutputRow) -> str:
    """An output over the set, in words."""
    if row.top1 is not None:
        pictures = count(row.pictures, "picture")
        if row.top5 is None:
            text = Message("top-1 {top1:.1%} of {pictures}", top1=row.top1, pictures=pictures)
        else:
            values = {"top1": row.top1, "top5": row.top5, "pictures": pictures}
            text = Message("top-1 {top1:.1%}, top-5 {top5:.1%} of {pictures}", **values)
        odd = some(report.names(row.differing), 5)
        return joined((text, Message("other first class on {names}", names=odd)), "; ") if odd else text
    return Message(
        "worst RMSE {worst:.4g} ({picture}), mean {mean:.4g}",
        worst=row.worst_rmse,
        picture=report.name(row.worst_picture),
        mean=row.mean_rmse,
    )

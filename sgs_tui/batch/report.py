"""A finished comparison as every format sees it: values only, nothing open, nothing left to compute."""

from dataclasses import dataclass

from sgs_tui.engine.compare.results import LayerDiff, Summary, Unmatched, Verdict
from sgs_tui.engine.configs.profiles import Profile
from sgs_tui.engine.dumps.records import Health, Stage


@dataclass(frozen=True, slots=True)
class Source:
    """One side: the dump's path as the user wrote it, the stage it seems to be of, its health."""

    path: str
    stage: Stage
    health: Health


@dataclass(frozen=True, slots=True)
class Report:
    """`rows` are all layers in network order; `shown` those that --filter, --sort and --top leave, in order.

    `incomplete`: one line for each thing that makes the input damaged or no longer what was opened.
    """

    sample: Source
    benchmark: Source
    profile: Profile
    rows: tuple[LayerDiff, ...]
    shown: tuple[LayerDiff, ...]
    unmatched: tuple[Unmatched, ...]
    summary: Summary
    notes: tuple[str, ...] = ()
    incomplete: tuple[str, ...] = ()

    @property
    def nothing_comparable(self) -> bool:
        """No layer has figures."""
        return all(row.verdict is Verdict.NOT_COMPARABLE for row in self.rows)

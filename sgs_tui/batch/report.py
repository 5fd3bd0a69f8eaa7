"""A finished comparison as every format sees it: values only, nothing open, nothing left to compute."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from sgs_tui.engine.compare.baseline import Regression
from sgs_tui.engine.compare.limits import Profile
from sgs_tui.engine.compare.results import LayerDiff, Summary, Unmatched, Verdict
from sgs_tui.engine.diagnosis.results import Blame, Diagnosis, Recovered
from sgs_tui.engine.dumps.format import Health, Stage
from sgs_tui.engine.errors import InputError
from sgs_tui.engine.journal import Entry
from sgs_tui.engine.runs.hand_over import debug_config_of
from sgs_tui.engine.session import CompareRequest, Comparison


@dataclass(frozen=True, slots=True)
class Source:
    """One side: the dump's path as the user wrote it, the stage it seems to be of, its health."""

    path: str
    stage: Stage
    health: Health


@dataclass(frozen=True, slots=True)
class Since:
    """An earlier comparison, by where it was read and the profile that judged it, and what has changed since."""

    source: str
    profile: str
    regression: Regression


@dataclass(frozen=True, slots=True)
class Report:
    """`rows` are all layers in network order; `shown` those that --filter, --sort and --top leave, in order.

    `incomplete`: one line for each thing that makes the input damaged or no longer what was opened.
    `diagnosed`: a diagnosis was asked for; `diagnosis` is None all the same where it could not be made, and
    `notes` then say why. `journal`: the triage journal beside the sample, oldest entry first.
    `since`: the comparison that this one is held against.
    """

    request: CompareRequest
    sample: Source
    benchmark: Source
    profile: Profile
    rows: tuple[LayerDiff, ...]
    shown: tuple[LayerDiff, ...]
    unmatched: tuple[Unmatched, ...]
    summary: Summary
    notes: tuple[str, ...] = ()
    incomplete: tuple[str, ...] = ()
    diagnosed: bool = False
    diagnosis: Diagnosis | None = None
    journal: tuple[Entry, ...] = ()
    since: Since | None = None

    @property
    def nothing_comparable(self) -> bool:
        """No layer has figures."""
        return all(row.verdict is Verdict.NOT_COMPARABLE for row in self.rows)

    @property
    def blame(self) -> dict[str, Blame]:
        """Every layer's part in the error, by name; empty without a diagnosis."""
        return {} if self.diagnosis is None else {each.name: each for each in self.diagnosis.blame}

    @property
    def recovered(self) -> dict[str, Recovered]:
        """Layers whose data could be put back in order, by name."""
        return {} if self.diagnosis is None else {each.row.name: each for each in self.diagnosis.recovered}


# The diagnosis of a comparison, for the headless front end.


@dataclass(frozen=True, slots=True)
class Explained:
    """A diagnosis, whether one was asked for, and why there is none all the same."""

    asked: bool
    diagnosis: Diagnosis | None = None
    problem: str = ""

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know beside the findings."""
        if self.diagnosis is not None:
            return self.diagnosis.notes
        return (self.problem,) if self.problem else ()


def explain(comparison: Comparison, rows: Sequence[LayerDiff], asked: bool) -> Explained:
    """Diagnose. A file that changes meanwhile, or a defect of ours, costs the diagnosis, not the figures."""
    if not asked:
        return Explained(False)
    from sgs_tui.engine.diagnosis.diagnose import diagnose

    try:
        found = diagnose(comparison, rows, debug_config_of(comparison.sample.path))
    except InputError as error:
        return Explained(True, None, f"no diagnosis: {error.message}")
    except Exception as error:
        return Explained(True, None, _defect(error))
    return Explained(True, found)


def _defect(error: Exception) -> str:
    """Damaged dumps have more ways to be odd than anybody thinks of: say it, and keep what mending it needs."""
    from sgs_tui.engine.crash import write_crash_report

    path = write_crash_report(error, sys.argv[1:])
    return f"no diagnosis: this is a defect of sgs-tui ({type(error).__name__}); the report is in {path}"

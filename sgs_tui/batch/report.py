"""A finished comparison as every format sees it: values only, nothing open, nothing left to compute."""

from dataclasses import dataclass

from sgs_tui.batch.output import FailOn
from sgs_tui.engine.compare.baseline import Regression, Step
from sgs_tui.engine.compare.limits import Profile
from sgs_tui.engine.compare.results import LayerDiff, Summary, Unmatched, Verdict
from sgs_tui.engine.diagnosis.flow import Wiring
from sgs_tui.engine.diagnosis.original import Breaks, ThreeWay
from sgs_tui.engine.diagnosis.results import Blame, Cause, Diagnosis, Recovered
from sgs_tui.engine.dumps.format import Health, Stage
from sgs_tui.engine.journal import Entry
from sgs_tui.engine.session import CompareRequest


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

    @property
    def regressions(self) -> tuple[Step, ...]:
        """What a gate fails on: layers that fail now and did not, or can not be compared any more."""
        return tuple(step for step in self.regression.steps if step.newly_failing or step.lost)


@dataclass(frozen=True, slots=True)
class Report:
    """`rows` are all layers in network order; `shown` those that --filter, --sort and --top leave, in order.

    `incomplete`: one line for each thing that makes the input damaged or no longer what was opened.
    `diagnosed`: a diagnosis was asked for; `diagnosis` is None all the same where it could not be made, and
    `notes` then say why. `journal`: the triage journal beside the sample, oldest entry first.
    `wiring`: who reads whom, where the format draws it. `three_way`: both against the original, where that is given.
    `since`: the comparison that this one is held against. `fail_on`: which layers make the command fail.
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
    fail_on: FailOn = FailOn.FAIL
    wiring: Wiring | None = None
    three_way: ThreeWay | None = None

    @property
    def nothing_comparable(self) -> bool:
        return all(row.verdict is Verdict.NOT_COMPARABLE for row in self.rows)

    @property
    def over(self) -> int:
        """How many layers make the command fail."""
        match self.fail_on:
            case FailOn.FAIL:
                return self.summary.failed + self.broken
            case FailOn.WARN:
                return self.summary.failed + self.summary.warned + self.broken
            case FailOn.REGRESSION:
                return len(self.since.regressions) if self.since else 0
            case FailOn.NEVER:
                return 0

    @property
    def broken(self) -> int:
        """Layers that only the original shows to be beyond a limit."""
        three = self.three_way
        return 0 if three is None else len(three.broken(Breaks.CONVERSION)) + len(three.broken(Breaks.TOGETHER))

    @property
    def blame(self) -> dict[str, Blame]:
        """Every layer's part in the error, by name; empty without a diagnosis."""
        return {} if self.diagnosis is None else {each.name: each for each in self.diagnosis.blame}

    @property
    def recovered(self) -> dict[str, Recovered]:
        """Layers whose data could be put back in order, by name."""
        return {} if self.diagnosis is None else {each.row.name: each for each in self.diagnosis.recovered}

    @property
    def culprits(self) -> tuple[str, ...]:
        """The likeliest culprit of each cause: worth a picture even where it does not fail itself."""
        findings = self.diagnosis.findings if self.diagnosis else ()
        return tuple(found.layers[0] for found in findings if found.layers and found.cause is not Cause.HEALTHY)

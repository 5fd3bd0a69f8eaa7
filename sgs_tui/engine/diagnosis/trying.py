"""INT16 sets tried on the twin: what an advice would give, before it is given.

Apart because the advice of single findings and the advice for the whole network ask the same trials.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Event

from sgs_tui.engine.compare.limits import Profile
from sgs_tui.engine.compare.metrics import with_error
from sgs_tui.engine.compare.results import LayerDiff, Metrics
from sgs_tui.engine.diagnosis.results import Finding
from sgs_tui.engine.numbers import figure
from sgs_tui.engine.twin.agreement import not_predicted
from sgs_tui.engine.twin.figures import Figures
from sgs_tui.engine.twin.search import Trial
from sgs_tui.engine.twin.trials import Scores
from sgs_tui.engine.twin.whatif import Subject

_HELPS = 0.9
"""RMSE with INT16 over that without, up to which it helps."""


@dataclass
class Trying:
    """The twin of a sample, and what was tried on it; `tried` are the sets of a search."""

    subject: Subject
    tried: dict[str, Trial] = field(default_factory=dict)
    _scores: dict[frozenset[str], Scores] = field(default_factory=dict)

    def scores(self, int16: Iterable[str], cancel: Event | None = None) -> Scores:
        """Every layer's figures with these convolution inputs in 16 bit besides those that are. Raises RunError."""
        asked = frozenset(int16)
        trials = self.subject.trials
        if not asked:
            return trials.scores
        if asked not in self._scores:
            self._scores[asked] = trials.of(sorted({*asked, *trials.plan.raised}), cancel)
        return self._scores[asked]

    def metrics(self, rows: Mapping[str, LayerDiff], int16: Iterable[str]) -> dict[str, Metrics]:
        """Every compared layer's metrics then; as measured where nothing changes or nothing is foreseen."""
        before, after, silent = self.subject.trials.scores, self.scores(int16), not_predicted(self.subject.plan)
        found = {}
        for name, row in rows.items():
            old, new = before.get(row.pair.benchmark.name), after.get(row.pair.benchmark.name)
            if row.metrics is not None:
                same = new is None or new == old or (row.pair.benchmark.name in silent and new.count >= _FEW)
                found[name] = row.metrics if same or new is None else _foreseen(row.metrics, new)
        return found


_FEW = 32
"""Elements below which chance decides, but a prediction is all there is: logits."""


def _foreseen(metrics: Metrics, found: Figures) -> Metrics:
    relative = 10 ** (-found.sqnr_db / 20)
    ratio = relative / metrics.relative_l2 if metrics.relative_l2 else 1.0
    return replace(
        with_error(metrics, ratio), rmse=found.rmse, cos=found.cos, sqnr_db=found.sqnr_db, relative_l2=relative
    )


def fails(row: LayerDiff, metrics: Metrics, profile: Profile) -> bool:
    """Whether a layer would break a fail limit with other metrics; its range is no error."""
    fail, _ = profile.limits_for(row.name, row.op_type)
    return bool(fail.broken(replace(row, metrics=metrics)).keys() - {"range"}) or row.has_non_finite


def tried(
    finding: Finding, trying: Trying, rows: Mapping[str, LayerDiff], profile: Profile, cancel: Event | None = None
) -> Finding:
    """The finding with its INT16 advice as the twin has it: what it gives, more where it is not enough, or none."""
    if not finding.int16:
        return finding
    names = [name for name in (*finding.layers, *finding.behind) if name in rows and rows[name].metrics is not None]
    sets = [finding.int16, (*finding.int16, *_before(trying, finding.int16))]
    told, best = [], 1.0
    for chosen in dict.fromkeys(tuple(dict.fromkeys(each)) for each in sets):
        after = trying.metrics(rows, chosen)
        bad = [name for name in names if fails(rows[name], _measured(rows[name]), profile)] or names
        worst = max(bad, key=lambda name: after[name].rmse / max(_measured(rows[name]).rmse, 1e-12), default="")
        if not worst:
            return finding
        now, then = _measured(rows[worst]).rmse, after[worst].rmse
        if then < _HELPS * min(best, 1.0) * now:
            best = then / now
            told.append((chosen, f"{worst}: RMSE {figure(now)} now, {figure(then)} then"))
        if not any(fails(rows[name], after[name], profile) for name in bad):
            break
    return _advised(finding, told)


def _measured(row: LayerDiff) -> Metrics:
    assert row.metrics is not None
    return row.metrics


def _before(trying: Trying, tensors: Sequence[str]) -> Iterable[str]:
    """Inputs of the convolutions that compute tensors: with them in 16 bit those have 16-bit weights too."""
    twin, open_ones, seen = trying.subject.plan.twin, list(tensors), set(tensors)
    raisable = set(twin.convolution_inputs())
    while open_ones:
        op = twin.producers.get(open_ones.pop())
        if op is None:
            continue
        if op.convolution is not None:
            yield from (name for name in op.inputs[:1] if name in raisable)
            continue
        open_ones += [name for name in op.inputs if name not in seen]
        seen.update(op.inputs)


def _advised(finding: Finding, told: Sequence[tuple[tuple[str, ...], str]]) -> Finding:
    others = finding.advice[1:]
    if not told:
        text = f"INT16 for {', '.join(finding.int16)} would not help: tried on the twin"
        return replace(finding, advice=(text, *others), int16=())
    chosen, text = told[-1]
    line = f"set to INT16: tensor_arrays='{','.join(chosen)}'; in [CONV_CONFIG], then convert and calibrate again"
    return replace(finding, advice=(f"{line} (tried on the twin: {text})", *others), int16=chosen)

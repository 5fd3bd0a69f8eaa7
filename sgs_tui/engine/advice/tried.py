"""The advice tried on the twin: what each set of INT16 tensors gives, and the smallest one that is enough.

Apart because the analytic estimate of `predict` answers the same questions where there is no twin.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sgs_tui.engine.advice.results import Predicted, predicted
from sgs_tui.engine.compare.limits import Profile
from sgs_tui.engine.compare.results import LayerDiff
from sgs_tui.engine.diagnosis.trying import Change, Trying, failing
from sgs_tui.engine.optimize.limits import limits_of
from sgs_tui.engine.twin.network import TwinOp
from sgs_tui.engine.twin.search import Goal, Search

_CANDIDATES = 16
"""Tensors that are tried: those that rules name, and the nearest before the layers that fail."""

_TRIALS = 80
_SECONDS = 2.0
"""Sets of a search, and what trying every smaller set may take."""

_WORTH = 0.7
"""What is left of the layers' excess over their limits, from which a set is advised though layers fail all the same."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A network's twin, ready for questions of the kind "what if"."""

    rows: Mapping[str, LayerDiff]
    trying: Trying
    profile: Profile

    def predict(self, raised: Sequence[str]) -> list[Predicted]:
        """Every layer's figures with these convolution inputs in INT16."""
        found = self.trying.rows(self.rows, Change(int16=tuple(raised)))
        bad = failing(found, self.profile)
        return [predicted(row, name in bad) for name, row in found.items()]

    def smallest(self, named: Sequence[str], proven: Sequence[str], without: Sequence[str]) -> tuple[str, ...]:
        """The smallest set found that brings every failing layer under its limits, or most of the way.

        `named` first, never one of `without`; the `proven` set unless a smaller one does it.
        """
        # A concat whose branch fails itself would fail once that is healed.
        next_ones = {name for name, row in self.rows.items() if row.slices and any(s.told for s in row.slices.narrow)}
        bad = [each.layer for each in self.predict(()) if each.fails or each.layer in next_ones]
        candidates = self._candidates(named, without, bad)
        if not bad or not candidates:
            return ()
        limits, _ = limits_of(self.profile, self.trying.plan.twin)
        search = Search(
            self.trying.subject.trials,
            Goal(limits, tuple(bad)),
            self.trying.tried.setdefault(repr((limits, bad)), {}),
            candidates,
            budget=_TRIALS,
            seconds=_SECONDS,
            kept=tuple(self.trying.plan.raised),
        )
        now, told = search.best, search.trial(name for name in proven if name in candidates)
        if not (told.reached and len(told.names) <= 1):
            for _ in search.run():
                pass
        best = search.best
        if told.reached and (len(told.names) <= len(best.names) or not best.reached):
            return told.names
        helps = best.failing < now.failing or best.excess <= _WORTH * now.excess
        return best.names if best.names and helps else ()

    def _candidates(self, named: Sequence[str], without: Sequence[str], failing: Sequence[str]) -> tuple[str, ...]:
        plan = self.trying.plan
        usable = [name for name in plan.choices() if name not in {*plan.raised, *without}]
        near = upstream(plan.twin.producers, failing)
        ordered = sorted(usable, key=lambda name: (name not in named, near.get(name, len(near))))
        kept = {name for name in ordered[:_CANDIDATES] if name in named or name in near}
        return tuple(name for name in usable if name in kept)


def upstream(producers: Mapping[str, TwinOp], layers: Sequence[str]) -> dict[str, int]:
    """Tensors that layers are computed from, with the rank of their distance."""
    found, queue = dict.fromkeys(layers, 0), list(layers)
    for name in queue:
        for source in producers[name].inputs if name in producers else ():
            if source not in found:
                found[source] = len(found)
                queue.append(source)
    return found

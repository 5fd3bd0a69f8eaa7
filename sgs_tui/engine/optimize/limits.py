"""A profile's limits as the twin can judge them.

Apart because advice asks for them too, and knows no search.
"""

from dataclasses import replace
from math import log10

from sgs_tui.engine.compare.limits import Limits as ProfileLimits
from sgs_tui.engine.compare.limits import Profile
from sgs_tui.engine.compare.metrics import METRICS
from sgs_tui.engine.twin.network import Twin
from sgs_tui.engine.twin.whatif import Limits
from sgs_tui.language import Message

_FORESEEN = frozenset({"rmse", "cos", "sqnr_db", "relative_l2", "slice_sqnr_db", "range"})
"""Metrics whose limits the twin can judge; a range is no error and changes with no INT16."""


def limits_of(profile: Profile, twin: Twin) -> tuple[Limits, tuple[str, ...]]:
    """What a profile lets layers fail by, rules included; and a note on limits that the twin can not judge."""
    general = _limits(profile.fail)
    found = {
        name: _limits(profile.limits_for(name, op.kind)[0])
        for op in twin.ops
        for name in op.outputs
        if any(rule.applies(name, op.kind) for rule in profile.rules)
    }
    sets = (profile.fail, *(rule.fail for rule in profile.rules))
    others = dict.fromkeys(METRICS[key].name for each in sets for key in each if key not in _FORESEEN)
    note = Message(
        "profile {name}: the twin foresees no {metrics}, these limits do not count",
        name=profile.name,
        metrics=", ".join(others),
    )
    return replace(general, own=found), (note,) if others else ()


def _limits(limits: ProfileLimits) -> Limits:
    least = [limits["sqnr_db"]] if "sqnr_db" in limits else []
    if limits.get("relative_l2", 0) > 0:
        least.append(-20 * log10(limits["relative_l2"]))
    return Limits(limits.get("rmse"), limits.get("cos"), max(least, default=None), limits.get("slice_sqnr_db"))

"""Threshold profiles: which figures make a layer `warn` or `fail`.

`manual`  RMSE > 0.5 fails, range > 30 warns: the vendor manual's rules 1 and 2 (facts 7.5).
`sop`     COS < 0.99 or RMSE > 0.1 fails, range > 20 warns: the vendor's accuracy procedure.
`strict`  COS < 0.999 or SQNR < 27 dB fails: what clean 8-bit rounding keeps with a margin.
"""

from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase


@dataclass(frozen=True, slots=True)
class Limits:
    """One limit per figure; None = not limited. `cos` and `sqnr_db` are lower bounds, the rest upper ones."""

    rmse: float | None = None
    cos: float | None = None
    mse: float | None = None
    sqnr_db: float | None = None
    relative_l2: float | None = None
    max_abs_error: float | None = None
    range: float | None = None

    def over(self, over: "Limits") -> "Limits":
        """These limits where set, else those of `over` (a more general set)."""
        chosen = {f.name: getattr(self, f.name) for f in fields(self)}
        return Limits(**{name: getattr(over, name) if own is None else own for name, own in chosen.items()})


LOWER_BOUNDS = frozenset({"cos", "sqnr_db"})
"""Figures where less is worse."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Limits for layers whose name or op type fits a glob (both must fit where both are given)."""

    layer: str = "*"
    op: str = "*"
    fail: Limits = field(default_factory=Limits)
    warn: Limits = field(default_factory=Limits)

    def applies(self, name: str, op_type: str) -> bool:
        """Whether the rule is for this layer; case counts."""
        return fnmatchcase(name, self.layer) and fnmatchcase(op_type, self.op)


@dataclass(frozen=True, slots=True)
class Profile:
    """A named set of limits; later rules win over earlier ones, rules over the general limits."""

    name: str
    fail: Limits
    warn: Limits
    rules: tuple[Rule, ...] = ()

    def limits_for(self, name: str, op_type: str) -> tuple[Limits, Limits]:
        """The (fail, warn) limits of one layer."""
        fail, warn = self.fail, self.warn
        for rule in self.rules:
            if rule.applies(name, op_type):
                fail, warn = rule.fail.over(fail), rule.warn.over(warn)
        return fail, warn


MANUAL = Profile("manual", fail=Limits(rmse=0.5), warn=Limits(range=30.0))
SOP = Profile("sop", fail=Limits(cos=0.99, rmse=0.1), warn=Limits(range=20.0))
STRICT = Profile("strict", fail=Limits(cos=0.999, sqnr_db=27.0), warn=Limits())
BUILT_IN: dict[str, Profile] = {profile.name: profile for profile in (MANUAL, SOP, STRICT)}

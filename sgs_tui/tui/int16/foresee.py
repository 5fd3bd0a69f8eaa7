"""What an INT16 set would give, by the twin: asked again with every toggle."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from math import log10
from threading import Event, Lock

from sgs_tui.engine.compare.limits import Profile
from sgs_tui.engine.compare.results import LayerDiff, Verdict
from sgs_tui.engine.diagnosis.foresight import open_subject
from sgs_tui.engine.errors import CancelledError, SgsError
from sgs_tui.engine.optimize.limits import limits_of
from sgs_tui.engine.session import Comparison
from sgs_tui.engine.twin.figures import Figures
from sgs_tui.engine.twin.plan import Plan, with_int16
from sgs_tui.engine.twin.trust import ROUGHLY
from sgs_tui.engine.twin.whatif import Limits, Subject, WhatIf, WhatIfLayer, whatif
from sgs_tui.language import _


@dataclass(frozen=True, slots=True)
class Foreseen:
    """An answer, or (`answer` None) the `problem` for which there is none.

    `too`: tensors that get 16 bit with the chosen ones. `unseen`: layers that fail now and can not be foreseen, each
    with the reason. `rough`: what becomes of layers of few values.
    `outputs`: the network's. `chosen`: the names that were asked about.
    """

    answer: WhatIf | None
    problem: str = ""
    too: tuple[str, ...] = ()
    unseen: tuple[tuple[str, str], ...] = ()
    rough: tuple["Rough", ...] = ()
    notes: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    chosen: tuple[str, ...] = ()

    def rmse(self, names: tuple[str, ...]) -> dict[str, float]:
        """What is foreseen of each layer with these tensors in INT16; empty where the twin was asked about others."""
        if self.answer is None or set(names) != set(self.chosen):
            return {}
        return {each.name: each.after.rmse for each in self.answer.layers if each.predicted or each.rough}


class Then(Enum):
    """What becomes of a layer that is foreseen to a factor only."""

    FINE = "fine"
    OPEN = "open"
    FAILS = "fails"


@dataclass(frozen=True, slots=True)
class Rough:
    """A layer of few values: it fails `now` or not, and what it does `then`, however much off its figures are."""

    layer: WhatIfLayer
    now: bool
    then: Then

    @property
    def fails(self) -> bool:
        return self.then is Then.FAILS

    @property
    def asked(self) -> bool:
        """It matters: it fails now, or will."""
        return self.now or self.fails


@dataclass(frozen=True, slots=True)
class Question:
    """Convolution inputs that are to get INT16, and those that are not to stay in it, judged by a profile."""

    chosen: tuple[str, ...]
    unmarked: tuple[str, ...]
    profile: Profile
    rows: Sequence[LayerDiff]


class Foresight:
    """The twin of a comparison: the diagnosis's own, or one that is made with the first question.

    One question at a time; the kernels of each make the next one cheap.
    """

    def __init__(self, comparison: Comparison, subject: Subject | None) -> None:
        self.comparison = comparison
        self._lock, self._dropped = Lock(), Event()
        self._found: Subject | SgsError | None = subject

    def ask(self, question: Question, cancel: Event) -> Foreseen:
        """Raises CancelledError."""
        with self._lock:
            try:
                return foresee(self._subject(), question, cancel)
            except CancelledError:
                raise
            except SgsError as error:
                return Foreseen(None, error.message)

    def drop(self) -> None:
        """The dumps are compared no more."""
        self._dropped.set()

    def _subject(self) -> Subject:
        """Whoever toggles while it opens does not make it begin again, so only dropping it cancels that."""
        if self._found is None:
            try:
                self._found = open_subject(self.comparison, self._dropped)
            except CancelledError:
                raise
            except SgsError as error:
                self._found = error
        if isinstance(self._found, SgsError):
            raise self._found
        return self._found


def foresee(subject: Subject, question: Question, cancel: Event) -> Foreseen:
    """All layers with these tensors in INT16; none where the twin does not even foresee the dump at hand."""
    check = subject.check
    if check is not None and not check.trusted:
        off = (
            _("{median_db:.1f} dB (median) off", median_db=check.median_db)
            if check.counted
            else _("no layer can be held against it")
        )
        return Foreseen(None, _("the twin does not reproduce this fixed dump: {off}", off=off))
    limits, about = limits_of(question.profile, subject.plan.twin)
    names = _int16(subject.plan, question)
    answer = whatif(subject, names, limits, exact=True, cancel=cancel)
    wide = with_int16(subject.plan, names).wide() - subject.plan.wide() - set(names)
    failing = {row.name for row in question.rows if row.verdict is Verdict.FAIL}
    return Foreseen(
        answer,
        too=tuple(name for name in subject.plan.twin.tensors if name in wide),
        unseen=tuple(
            (each.name, each.why_not)
            for each in answer.layers
            if not each.predicted and not each.rough and each.name in failing
        ),
        rough=tuple(
            Rough(each, each.name in failing, _then(limits.of(each.name), each.after))
            for each in answer.layers
            if each.rough
        ),
        notes=about,
        outputs=subject.plan.twin.outputs,
        chosen=question.chosen,
    )


def _then(limits: Limits, after: Figures) -> Then:
    """Beyond the limits, within them, or a matter of chance: errors up to a factor larger or smaller are looked at."""
    larger, smaller = (limits.excess(_with_error(after, factor)) > 0 for factor in (ROUGHLY, 1 / ROUGHLY))
    return Then.FAILS if smaller else Then.OPEN if larger else Then.FINE


def _with_error(found: Figures, factor: float) -> Figures:
    """Figures of an error so many times as large."""
    lost = 20 * log10(factor)
    cos = 1 - (1 - found.cos) * factor**2
    return replace(found, rmse=found.rmse * factor, cos=cos, sqnr_db=found.sqnr_db - lost, slices=None)


def _int16(now: Plan, question: Question) -> list[str]:
    """What is INT16 then: a chosen name also takes those that begin with it, as the vendor's tools do."""
    stays = now.raised - set(question.unmarked)
    if now.qdq is not None:
        return [*stays, *question.chosen]
    return [name for name in now.choices() if name in stays or name.startswith(question.chosen)]

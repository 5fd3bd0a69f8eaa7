"""INT16 advice over a set: a small set of tensors, tried by the twin on the worst pictures before it is given.

The search is short (`_TRIALS`, of the tensors nearest before the layers that fail) and over few pictures; `optimize
twin --pictures` searches longer and over all. Pairs of dumps have a twin too: that of the worst pair, where it gives
that pair's fixed dump; the pictures are then the float dumps' own inputs.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Event
from typing import Any

from sgs_tui.engine.advice.tried import upstream
from sgs_tui.engine.backends.twin import PictureInputs
from sgs_tui.engine.compare.limits import Profile
from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.errors import CancelledError, InputError, SgsError
from sgs_tui.engine.numbers import count, figure
from sgs_tui.engine.optimize.limits import limits_of
from sgs_tui.engine.sweep.pairs import DumpPairs
from sgs_tui.engine.sweep.results import Kind, Picture, SetFinding, SweepResult
from sgs_tui.engine.sweep.twin_pictures import TwinPictures
from sgs_tui.engine.sweep.workers import How, default_workers
from sgs_tui.engine.text import visible
from sgs_tui.engine.twin.arithmetic import Pixels
from sgs_tui.engine.twin.network import Twin
from sgs_tui.engine.twin.opening import Files, open_subject
from sgs_tui.engine.twin.picture_trials import Pictures, TwinPicture
from sgs_tui.engine.twin.plan import Plan, with_int16
from sgs_tui.engine.twin.predict import Inputs
from sgs_tui.engine.twin.rebuild import refuse_barriers
from sgs_tui.engine.twin.search import Goal
from sgs_tui.engine.twin.set_search import PictureResult, SetSearch
from sgs_tui.engine.twin.trust import reproduces
from sgs_tui.engine.twin.values import Values

_PICTURES, _CANDIDATES, _TRIALS, _SECONDS = 24, 16, 80, 2.0
"""The most that are tried; seconds are for trying every smaller set."""
_NAMED = 4


@dataclass(frozen=True, slots=True)
class _Network:
    """A network, what its pixels are, and what reads a picture's inputs."""

    plan: Plan
    pixels: Pixels
    profile: Profile
    pictures: tuple[TwinPicture, ...]


def advise_int16(
    how: How, pictures: Sequence[Picture], result: SweepResult, cancel: Event | None = None
) -> SetFinding | None:
    """What INT16 would give; None where no layer fails, or there is no twin. Raises CancelledError."""
    failing = [row.layer.name for row in result.layers if row.failing_on]
    measured = [place for place in result.order if result.pictures[place].compared]
    if not failing or not measured:
        return None
    asked = measured[:_PICTURES]
    try:
        with _network(how, [pictures[place] for place in asked], cancel) as network:
            if network is None:
                return None
            search = _search(network, failing, cancel)
            return _finding(search, asked, len(measured)) if search is not None else None
    except CancelledError:
        raise
    except SgsError:  # the pictures have their figures; what has no twin gets no advice of the twin's
        return None


def _search(network: _Network, failing: Sequence[str], cancel: Event | None) -> SetSearch | None:
    plan = network.plan
    limits, _ = limits_of(network.profile, plan.twin)
    goal = Goal(limits)
    candidates = _candidates(plan, failing)
    if not candidates:
        return None
    on = Pictures(plan, network.pixels, goal.judged(plan))
    search = SetSearch(
        on, network.pictures, goal, {}, cancel, default_workers(), candidates, _SECONDS, tuple(plan.raised), _TRIALS
    )
    for _ in search.run():
        pass
    return search


def _candidates(plan: Plan, failing: Sequence[str]) -> tuple[str, ...]:
    """The tensors that make failing layers INT16 themselves, for they share a scale, and the nearest before those."""
    before = upstream(plan.twin.producers, failing)
    usable = [name for name in plan.choices() if name not in plan.raised]
    shared = {name for name in usable if with_int16(plan, (name,)).wide().intersection(failing)}
    near = sorted(
        (name for name in usable if name in shared or name in before),
        key=lambda name: (name not in shared, before.get(name, 0)),
    )[:_CANDIDATES]
    return tuple(name for name in usable if name in near)


# What runs the pictures.


@contextmanager
def _network(how: How, pictures: Sequence[Picture], cancel: Event | None) -> Iterator[_Network | None]:
    """None where there is no twin, or it does not give the dumps that are there. Raises SgsError."""
    if isinstance(how, TwinPictures):
        made = how.open()
        with closing(PictureInputs(made.twin, how.preprocess)) as reader:
            given = tuple(
                TwinPicture(str(at), each.name, lambda cancel, files=each.files: reader.read(files, cancel)[0])  # type: ignore[misc]
                for at, each in enumerate(pictures)
            )
            yield _Network(made.plan, made.settings.pixels, how.profile, given)
    elif isinstance(how, DumpPairs):
        sample, benchmark = pictures[0].files
        opened = open_subject(Files(benchmark, sample, how.ranges), None, cancel)
        plan, check = opened.subject.plan, opened.subject.check
        refuse_barriers(plan.twin)
        given = tuple(
            TwinPicture(str(at), each.name, lambda cancel, path=each.files[1]: _inputs(plan.twin, path))  # type: ignore[misc]
            for at, each in enumerate(pictures)
        )
        yield (
            _Network(plan, opened.pixels, how.profile, given)
            if check and reproduces(check.median_db, check.counted)
            else None
        )
    else:
        yield None


def _inputs(twin: Twin, path: Path) -> Inputs:
    """A float dump's own network inputs. Raises InputError for the dump of another network."""
    with open_dump(path) as dump:
        values, found = Values(dump), {}
        for name in twin.inputs:
            records = dump.find(name)
            if not records or records[0].count != twin.records[name].count:
                raise InputError(f"{path}: has no input {visible(name)} of {twin.records[name].count} values")
            found[name] = values.read(records[0])
        return found


# In words.


def _finding(search: SetSearch, asked: Sequence[int], measured: int) -> SetFinding:
    results = search.results()
    place_of = {picture.name: place for picture, place in zip(search.pictures, asked, strict=True)}
    left = [each for each in results if not each.after.reached]
    names = tuple(search.best.names)
    tried = f"{count(len(results), 'picture')}" + (f", the worst of {measured}" if len(results) < measured else "")
    worst = max(results, key=lambda each: each.before.worst_rmse)
    evidence = [
        f"tried on the twin on {tried}, {count(search.trials, 'trial')}; {visible(worst.before.worst_layer)} on "
        f"{visible(worst.name)}: RMSE {figure(worst.before.worst_rmse)} without, then at most "
        f"{figure(worst.after.worst_rmse)} in any layer"
    ]
    if left:
        evidence.append(f"over the limits all the same: {_left(left)}")
    helped = [each for each in results if not each.before.reached and each.after.reached]
    pictures = tuple(place_of[each.name] for each in helped)
    if not names or (not helped and not _fewer(results)):
        everything = search.everything
        what = f"{everything.failing} of {count(everything.layers, 'layer')} fail" if everything is not None else ""
        evidence = [f"with {count(len(search.candidates), 'tensor')} in INT16 {what} on the worst of {tried}"]
        text = "INT16 does not help: the tensors before the layers that fail were tried on the twin"
        return SetFinding(Kind.INT16, text, (), (), tuple(evidence), "look at the causes above first")
    reach = f"all {len(results)} pictures" if not left else f"{len(results) - len(left)} of {len(results)} pictures"
    text = f"INT16 for {_listed(names)} brings every layer within the limits on {reach}"
    if not helped:
        text = f"INT16 for {_listed(names)} leaves fewer layers over the limits, some on every picture"
    advice = f"tensor_arrays='{','.join(names)}'; in [CONV_CONFIG], then convert and calibrate again"
    return SetFinding(Kind.INT16, text, pictures, names, tuple(evidence), advice)


def _fewer(results: Sequence[PictureResult]) -> bool:
    return sum(each.after.failing for each in results) < sum(each.before.failing for each in results)


def _left(left: Sequence[PictureResult]) -> str:
    told = [f"{visible(each.name)} ({count(each.after.failing, 'layer')})" for each in left[:_NAMED]]
    return ", ".join(told) + (f" and {len(left) - _NAMED} more" if len(left) > _NAMED else "")


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(visible(name) for name in names[:_NAMED])
    return shown + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def with_advice(result: SweepResult, finding: SetFinding | None) -> SweepResult:
    """The result with the advice behind its other findings."""
    return result if finding is None else replace(result, findings=(*result.findings, finding))


def to_json(finding: SetFinding | None, pictures: Sequence[Picture]) -> dict[str, Any] | None:
    """The advice for a journal, its pictures by name."""
    if finding is None:
        return None
    return {**asdict(finding), "pictures": [pictures[place].name for place in finding.pictures]}


def from_json(found: Mapping[str, Any] | None, pictures: Sequence[Picture]) -> SetFinding | None:
    """The advice of a journal; None where there is none, or it can not be read."""
    if found is None:
        return None
    places = {picture.name: place for place, picture in enumerate(pictures)}
    try:
        there = tuple(places[name] for name in found["pictures"] if name in places)
        layers, evidence = (tuple(map(str, found[key])) for key in ("layers", "evidence"))
        return SetFinding(Kind.INT16, str(found["text"]), there, layers, evidence, str(found["advice"]))
    except (KeyError, TypeError):
        return None

"""INT16 advice over a set: a small set of tensors, tried by the twin on the worst pictures before it is given.

The search is short (`_TRIALS`, of the tensors nearest before the layers that fail first, and before all that fail) and
over few pictures; `optimize
twin --pictures` searches longer and over all. Where the pictures have dumps (pairs, the SDK's runs, an ONNX model's,
which are made again), the twin is that of the worst one's float dump, where it gives that picture's fixed dump; the
pictures are then the float dumps' own inputs. Where there is no twin the finding says why.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from functools import partial
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
from sgs_tui.engine.sweep.onnx_pictures import OnnxPictures
from sgs_tui.engine.sweep.pairs import DumpPairs
from sgs_tui.engine.sweep.results import Kind, Picture, SetFinding, SweepResult
from sgs_tui.engine.sweep.simulated import SimulatedPictures
from sgs_tui.engine.sweep.twin_pictures import TwinPictures
from sgs_tui.engine.sweep.workers import How, default_workers
from sgs_tui.engine.text import some, visible
from sgs_tui.engine.twin.agreement import not_predicted
from sgs_tui.engine.twin.arithmetic import Pixels
from sgs_tui.engine.twin.network import Twin
from sgs_tui.engine.twin.opening import Files, open_subject
from sgs_tui.engine.twin.picture_trials import Pictures, TwinPicture
from sgs_tui.engine.twin.plan import Plan, with_int16
from sgs_tui.engine.twin.predict import Inputs
from sgs_tui.engine.twin.search import Goal
from sgs_tui.engine.twin.set_search import PictureResult, SetSearch, told_worse
from sgs_tui.engine.twin.trust import reproduces
from sgs_tui.engine.twin.values import Values
from sgs_tui.language import Message, plural

_PICTURES, _CANDIDATES, _TRIALS, _SECONDS = 24, 16, 80, 2.0
"""The most that are tried; seconds are for trying every smaller set."""
_WORTH = 0.25
"""The part of the failing layers, over all pictures, that a set has to mend to be advised."""
_NAMED = 4
_CAUSES = Message("look at the causes above first")


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
    """What INT16 would give, or why that can not be said; None where no layer fails. Raises CancelledError."""
    failing = [row.layer.name for row in result.layers if row.failing_on]
    measured = [place for place in result.order if result.pictures[place].compared]
    if not failing or not measured:
        return None
    try:
        with _network(how, pictures, measured[:_PICTURES], cancel) as network:
            return _finding(_search(network, failing, cancel), network, len(measured))
    except CancelledError:
        raise
    except SgsError as error:  # the pictures have their figures all the same
        text = Message("INT16 was not tried: {reason}", reason=error.message)
        return SetFinding(Kind.INT16, text, (), (), (), error.hint or _CAUSES)


def _search(network: _Network, failing: Sequence[str], cancel: Event | None) -> SetSearch:
    """Raises InputError where there is nothing to try."""
    plan = network.plan
    limits, _ = limits_of(network.profile, plan.twin)
    goal = Goal(limits)
    candidates = _candidates(plan, failing)
    if not candidates:
        raise InputError(Message("no tensor before the layers that fail can be put into INT16 by name"), _CAUSES)
    on = Pictures(plan, network.pixels, goal.judged(plan))
    search = SetSearch(
        on, network.pictures, goal, {}, cancel, default_workers(), candidates, _SECONDS, tuple(plan.raised), _TRIALS
    )
    for _ in search.run():
        pass
    return search


def _candidates(plan: Plan, failing: Sequence[str]) -> tuple[str, ...]:
    """The tensors that make failing layers INT16 themselves, for they share a scale, and the nearest before those: half
    of them for the layers that fail first, whose error all others may inherit."""
    first = _first(plan, failing)
    near = [*_near(plan, first)[: _CANDIDATES // 2], *_near(plan, failing)]
    chosen = list(dict.fromkeys(near))[:_CANDIDATES]
    return tuple(name for name in _usable(plan) if name in chosen)


def _first(plan: Plan, failing: Sequence[str]) -> list[str]:
    """Those that are not computed from another that fails."""
    return [each for each in failing if not set(failing).intersection(upstream(plan.twin.producers, [each])) - {each}]


def _near(plan: Plan, failing: Sequence[str]) -> list[str]:
    """What may help these layers, the most likely first."""
    before, usable = upstream(plan.twin.producers, failing), _usable(plan)
    shared = {name for name in usable if with_int16(plan, (name,)).wide().intersection(failing)}
    return sorted(
        (name for name in usable if name in shared or name in before),
        key=lambda name: (name not in shared, before.get(name, 0)),
    )


def _usable(plan: Plan) -> list[str]:
    return [name for name in plan.choices() if name not in plan.raised]


# What runs the pictures.


@contextmanager
def _network(how: How, pictures: Sequence[Picture], places: Sequence[int], cancel: Event | None) -> Iterator[_Network]:
    """The network and the pictures at these places. Raises SgsError where there is no twin, or it does not give the
    dumps that are there."""
    with ExitStack() as stack:
        if isinstance(how, TwinPictures):
            made = how.open()
            reader = stack.enter_context(closing(PictureInputs(made.twin, how.preprocess)))

            def read(place: int, cancel: Event | None) -> Inputs:
                return reader.read(pictures[place].files, cancel)[0]

            yield _Network(made.plan, made.settings.pixels, how.profile, _given(pictures, places, read))
        else:
            yield _of_dumps(_dumps_of(how, pictures, places, stack), pictures, stack, cancel)


def _given(
    pictures: Sequence[Picture], places: Iterable[int], read: Callable[[int, Event | None], Inputs]
) -> tuple[TwinPicture, ...]:
    return tuple(TwinPicture(str(place), pictures[place].name, partial(read, place)) for place in places)


@dataclass(frozen=True, slots=True)
class _Dumps:
    """Pictures' dumps, (fixed, float) by place while the block runs, the worst picture's first."""

    places: tuple[int, ...]
    of: Callable[[int, Event | None], AbstractContextManager[tuple[Path, Path]]]
    ranges: Path | None
    ini: Path | None
    profile: Profile


def _dumps_of(how: How, pictures: Sequence[Picture], places: Sequence[int], stack: ExitStack) -> _Dumps:
    """Raises SgsError where there are none."""
    if isinstance(how, OnnxPictures):
        made = stack.enter_context(closing(how.open()))

        @contextmanager
        def again(place: int, cancel: Event | None) -> Iterator[tuple[Path, Path]]:
            with made.dumped(pictures[place], cancel) as files:
                yield files.fixed_dump, files.float_dump

        return _Dumps(tuple(places), again, made.made.ranges, None, how.profile)
    if isinstance(how, SimulatedPictures):
        kept = {place: dumps for place in places if (dumps := how.dumps(place)) is not None}
        if not kept:
            message = Message("the dumps of the pictures' runs are not there any more, and they hold the network")
            raise InputError(message, Message("sweep with --keep worst:5 and another --journal"))
        return _Dumps(tuple(kept), lambda place, cancel: nullcontext(kept[place]), how.ranges, how.ini, how.profile)
    assert isinstance(how, DumpPairs)
    pairs = {place: (pictures[place].files[0], pictures[place].files[1]) for place in places}
    return _Dumps(tuple(pairs), lambda place, cancel: nullcontext(pairs[place]), how.ranges, how.ini, how.profile)


def _of_dumps(dumps: _Dumps, pictures: Sequence[Picture], stack: ExitStack, cancel: Event | None) -> _Network:
    """`stack` keeps the worst picture's dumps, which the twin reads. Raises SgsError."""
    first = dumps.places[0]
    fixed, float_dump = stack.enter_context(dumps.of(first, cancel))
    opened = open_subject(Files(float_dump, fixed, dumps.ranges, dumps.ini), None, cancel)
    plan, check = opened.subject.plan, opened.subject.check
    barrier = next(iter(plan.twin.barriers()), None)
    if barrier is not None:
        raise InputError(
            Message(
                "{kind} {name} can not be computed by the twin: {why}",
                kind=visible(barrier.kind), name=visible(", ".join(barrier.outputs)), why=barrier.why,
            ),
            Message("sweep with --keep worst:1; `sgs-tui twin` on the float dump that is kept lists all ops"),
        )  # fmt: skip
    if not check or not reproduces(check.median_db, check.counted):
        raise InputError(
            Message(
                "the twin of the float dump of {picture} does not give its fixed dump, so nothing can be tried on it",
                picture=visible(pictures[first].name),
            ),
            Message("compare that picture's two dumps: what is said of its first layers comes first"),
        )

    def read(place: int, cancel: Event | None) -> Inputs:
        with dumps.of(place, cancel) as (_, path):
            return _inputs(plan.twin, path)

    return _Network(plan, opened.pixels, dumps.profile, _given(pictures, dumps.places, read))


def _inputs(twin: Twin, path: Path) -> Inputs:
    """A float dump's own network inputs. Raises InputError for the dump of another network."""
    with open_dump(path) as dump:
        values, found = Values(dump), {}
        for name in twin.inputs:
            records = dump.find(name)
            if not records or records[0].count != twin.records[name].count:
                raise InputError(
                    Message(
                        "{path}: has no input {name} of {size} values",
                        path=path, name=visible(name), size=twin.records[name].count,
                    )
                )  # fmt: skip
            found[name] = values.read(records[0])
        return found


# In words.


def _finding(search: SetSearch, network: _Network, measured: int) -> SetFinding:
    results = search.results()
    place_of = {picture.name: int(picture.key) for picture in network.pictures}
    names, left = tuple(search.best.names), [each for each in results if not each.after.reached]
    helped = [each for each in results if not each.before.reached and each.after.reached]
    if not names or (not helped and not _fewer(results)):
        text: str = Message(
            "INT16 does not help: {tensors} near the layers that fail were tried on the twin",
            tensors=count(len(search.candidates), "tensor"),
        )
        evidence = [_in_vain(search, _tried(results, measured)), *_not_foreseen(network.plan)]
        return SetFinding(Kind.INT16, text, (), (), tuple(evidence), _CAUSES)
    evidence = [_proof(search, results, measured)]
    worse = [each for each in results if each.worse]
    if worse:
        evidence.append(Message("worse with it: {pictures}", pictures=_became(worse)))
    if left:
        evidence.append(Message("over the limits all the same: {pictures}", pictures=_left(left)))
    evidence += _not_foreseen(network.plan)
    advice: str = Message(
        "tensor_arrays='{names}'; in [CONV_CONFIG], then convert and calibrate again", names=",".join(names)
    )
    if network.plan.qdq is not None:
        advice = Message("--int16 {names} with the same command", names=visible(",".join(names)))
    text = _reach(names, len(results), len(left), bool(helped))
    return SetFinding(Kind.INT16, text, tuple(place_of[each.name] for each in helped), names, tuple(evidence), advice)


def _reach(names: Sequence[str], results: int, left: int, helped: bool) -> str:
    listed = some([visible(name) for name in names], _NAMED)
    if not helped:
        return Message("INT16 for {names} leaves fewer layers over the limits, some on every picture", names=listed)
    if left:
        return Message(
            "INT16 for {names} brings every layer that can be foreseen within the limits on {within} of {results} "
            "pictures",
            names=listed, within=results - left, results=results,
        )  # fmt: skip
    return plural(
        results,
        "INT16 for {names} brings every layer that can be foreseen within the limits on the one picture",
        "INT16 for {names} brings every layer that can be foreseen within the limits on all {number} pictures",
        names=listed,
    )


def _tried(results: Sequence[PictureResult], measured: int) -> str:
    tried = count(len(results), "picture")
    if len(results) == measured:
        return tried
    return Message("{pictures}, the worst of {measured}", pictures=tried, measured=measured)


def _in_vain(search: SetSearch, tried: str) -> str:
    everything, tensors = search.everything, count(len(search.candidates), "tensor")
    if everything is None:
        return Message("{tensors} in INT16 on the worst of {tried}", tensors=tensors, tried=tried)
    return plural(
        everything.failing,
        "with {tensors} in INT16 {number} of {layers} that can be foreseen fails on the worst of {tried}",
        "with {tensors} in INT16 {number} of {layers} that can be foreseen fail on the worst of {tried}",
        tensors=tensors, layers=count(everything.layers, "layer"), tried=tried,
    )  # fmt: skip


def _proof(search: SetSearch, results: Sequence[PictureResult], measured: int) -> str:
    worst = max(results, key=lambda each: each.before.worst_rmse)
    return Message(
        "tried on the twin on {tried}, {trials}; {layer} on {picture}: RMSE {before} without, then at most {after} in "
        "any layer",
        tried=_tried(results, measured), trials=count(search.trials, "trial"),
        layer=visible(worst.before.worst_layer), picture=visible(worst.name),
        before=figure(worst.before.worst_rmse), after=figure(worst.after.worst_rmse),
    )  # fmt: skip


def _not_foreseen(plan: Plan) -> list[str]:
    """The layers of a sweep that no trial is judged by, and why."""
    reasons = not_predicted(plan)
    told = [Message("{name}: {why}", name=visible(name), why=why) for name, why in reasons.items()]
    if not told:
        return []
    return [
        plural(
            len(told),
            "{number} of {layers} can not be foreseen and is not judged by it: {names}",
            "{number} of {layers} can not be foreseen and are not judged by it: {names}",
            layers=count(len(plan.layers()), "layer"), names=some(told, _NAMED),
        )
    ]  # fmt: skip


def _fewer(results: Sequence[PictureResult]) -> bool:
    """Whether so much is gained that the set is worth having: one layer of thirty comes and goes with a rounding."""
    before = sum(each.before.failing for each in results)
    after = sum(each.after.failing for each in results)
    return after <= (1 - _WORTH) * before


def _became(worse: Sequence[PictureResult]) -> str:
    return some([told_worse(each) for each in worse], _NAMED)


def _left(left: Sequence[PictureResult]) -> str:
    told = (
        Message("{picture} ({layers})", picture=visible(each.name), layers=count(each.after.failing, "layer"))
        for each in left
    )
    return some(list(told), _NAMED)


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

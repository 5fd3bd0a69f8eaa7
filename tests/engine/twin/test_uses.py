"""What the twin is good for: what-if, search, sources of error, new pictures, ONNX files, another input."""

from dataclasses import replace
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from sgs_tui.engine.calibration.ranges import load_ranges
from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.errors import CancelledError, InputError, UsageError
from sgs_tui.engine.twin import segments
from sgs_tui.engine.twin.arithmetic import Pixels
from sgs_tui.engine.twin.export import float_model, quantized_model, save
from sgs_tui.engine.twin.figures import Figures, figures
from sgs_tui.engine.twin.measured import fixed_records, read_plan
from sgs_tui.engine.twin.network import Twin, relative_error
from sgs_tui.engine.twin.other_input import other_input
from sgs_tui.engine.twin.plan import Plan, load_softmax_ranges, plan, with_int16, with_level
from sgs_tui.engine.twin.predict import dumped_inputs, input_codes, predict
from sgs_tui.engine.twin.rebuild import rebuild
from sgs_tui.engine.twin.run import write_fixed_dump, write_float_dump
from sgs_tui.engine.twin.search import Goal, Search, goal_of
from sgs_tui.engine.twin.sources import Kind, Origins, Progress, error_sources
from sgs_tui.engine.twin.trials import Trials
from sgs_tui.engine.twin.values import Values
from sgs_tui.engine.twin.whatif import Limits, Subject, from_fixed, from_ranges, whatif


@pytest.fixture
def subject(sgs: Path) -> Subject:
    twin = rebuild(open_dump(sgs / "bad" / "bad_float.bin"))
    ranges = load_ranges(sgs / "bad" / "tensor_min_max.txt").by_name
    softmax = load_softmax_ranges(sgs / "bad" / "softmax_lut_range.txt")
    return from_fixed(twin, open_dump(sgs / "bad" / "bad_fixed_dq.bin"), ranges, None, softmax)


@pytest.mark.parametrize(("names", "rerun"), [(("cat",), "cat"), (("pool", "cat"), "pool_cat")])
def test_whatif_against_the_simulators_own_rerun(
    sgs: Path, subject: Subject, names: tuple[str, ...], rerun: str
) -> None:
    answer = whatif(subject, names)
    dump = open_dump(sgs / "bad_int16" / f"{rerun}_fixed_dq.bin")
    records, ours, theirs = fixed_records(subject.plan.twin, dump).by_name, Values(dump), Values(subject.plan.twin.dump)
    differences = []
    for layer in answer.layers:
        if layer.name in records and records[layer.name].count == layer.after.count:
            real = figures(ours.read(records[layer.name]), theirs.read(subject.plan.twin.records[layer.name]))
            differences.append(abs(real.sqnr_db - layer.after.sqnr_db))
    assert len(differences) >= 18 and np.median(differences) <= 0.2 and max(differences) <= 1.5
    assert answer.newly_fixed == ("gate",) and answer.newly_failing == ()
    assert answer.after.multiplications > answer.before.multiplications
    assert set(answer.int16) == set(names)


def test_the_search_finds_the_one_tensor(subject: Subject) -> None:
    search = Search(subject.trials, Goal(Limits()))
    steps = list(search.run())
    assert search.best.names == ("cat",) and steps[-1].best.reached
    assert [point.trial.names for point in search.curve()][:2] == [(), ("cat",)]


def test_a_search_goes_on_from_what_was_tried(subject: Subject) -> None:
    first = Search(subject.trials, Goal(Limits()))
    list(first.run())
    again = Search(subject.trials, Goal(Limits()), tried=dict(first.tried))
    list(again.run())
    assert again.best.names == ("cat",) and again._spent == 0


def test_a_search_can_be_stopped_and_keeps_what_it_tried(subject: Subject) -> None:
    cancel = Event()
    search = Search(subject.trials, Goal(Limits()), cancel=cancel)
    steps = search.run()
    next(steps)
    cancel.set()
    with pytest.raises(CancelledError):
        list(steps)
    assert {trial.names for trial in search.tried.values()} >= {(), (search.candidates[0],)}


def test_an_unreachable_goal_leaves_the_best_that_was_found(subject: Subject) -> None:
    search = Search(subject.trials, Goal(Limits(rmse=None, sqnr_db=59.0), ("gate",)))
    list(search.run())
    assert not search.best.reached and search.best.excess < 6


def test_goals() -> None:
    assert goal_of("sqnr=25", Limits(), ("out",)).limits.sqnr_db == 25
    assert goal_of("outputs", Limits(), ("out",)).layers == ("out",)
    assert goal_of("profile", Limits(), ("out",)).layers is None
    for text in ("sqnr=much", "best"):
        with pytest.raises(UsageError):
            goal_of(text, Limits(), ())


def test_limits() -> None:
    found = Figures(sqnr_db=20, rmse=0.4, cos=0.98, largest=1, count=10)
    assert Limits().excess(found) == 0
    for broken in (Limits(rmse=0.3), Limits(cos=0.99), Limits(sqnr_db=27)):
        assert broken.excess(found) > 0


def test_the_error_of_gate_comes_from_the_scale_it_shares(subject: Subject) -> None:
    events = list(error_sources(subject.trials, ["gate"]))
    assert all(isinstance(each, Progress) for each in events[:-1])
    [origins] = events[-1]  # type: ignore[misc]
    assert isinstance(origins, Origins)
    first = origins.shares[0]
    assert (first.source.name, first.source.kind) == ("gate", Kind.SHARED_SCALE) and first.share > 0.95
    assert origins.together == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize(("factor", "kind"), [(40, Kind.INPUT), (0.2, Kind.CLIPPING)])
def test_an_input_on_a_wide_range_is_rounded_and_on_a_narrow_one_clipped(sgs: Path, factor: float, kind: Kind) -> None:
    twin = rebuild(open_dump(sgs / "bad" / "bad_float.bin"))
    ranges = load_ranges(sgs / "bad" / "tensor_min_max.txt").by_name
    source = twin.inputs[0]
    low, high = ranges[source]
    found = from_ranges(twin, {**ranges, source: (low * factor, high * factor)}, 1, pixels=None)
    layer = found.plan.layers()[0]
    [*_, [origins]] = error_sources(found.trials, [layer])  # type: ignore[misc]
    shares = {each.source.kind: each.share for each in origins.shares if each.source.name == source}
    assert shares[kind] > 0.8 and sum(map(abs, shares.values())) - shares[kind] < 0.05, shares


def test_sources_of_a_tensor_that_is_not_stored_are_refused(subject: Subject) -> None:
    with pytest.raises(UsageError):
        next(error_sources(subject.trials, ["c3"]))


def test_a_subject_needs_no_fixed_dump(sgs: Path) -> None:
    twin = rebuild(open_dump(sgs / "bad" / "bad_float.bin"))
    found = from_ranges(twin, load_ranges(sgs / "bad" / "tensor_min_max.txt").by_name, 1, pixels=None)
    answer = whatif(found, ["cat"], bars=True)
    assert answer.check is None and answer.newly_fixed == ("gate",)
    assert all(each.measured is None and each.error_bar_db is not None for each in answer.layers)


def test_scales_of_a_dump_stay_where_ranges_are_missing_or_of_another_calibration(sgs: Path, subject: Subject) -> None:
    assert subject.fixed is not None
    ranges = load_ranges(sgs / "bad" / "tensor_min_max.txt").by_name
    for given in (None, {name: (low / 2, high / 2) for name, (low, high) in ranges.items()}):
        read = read_plan(subject.plan.twin, subject.fixed.dump, given)
        changed = with_int16(read, ("cat",))
        wide = changed.wide() - read.wide()
        assert wide == {"gate", "sq888", "cat"}
        for name, grid in changed.grids.items():
            before, told = read.grids[name], subject.plan.grids[name]
            if name not in wide and grid is not None and before is not None and told is not None:
                assert (grid.wide, grid.scale) == (before.wide, pytest.approx(before.scale, rel=1e-6)), name
                assert grid.scale == pytest.approx(told.scale, abs=2e-6), name


def test_a_promoted_tensor_can_make_a_layer_worse_than_8_bit(sgs: Path, subject: Subject) -> None:
    """Level L5 as it promotes `pool`: channels of c2's weights 400 apart, and no bits left for their sums."""
    ranges = load_ranges(sgs / "bad" / "tensor_min_max.txt").by_name
    eight = from_ranges(subject.plan.twin, ranges, 1).trials.scores["sq888"]
    promoted = from_ranges(subject.plan.twin, ranges, 5, ("pool",)).trials.scores["sq888"]
    assert eight.sqnr_db > 35 and promoted.sqnr_db < 25


def test_trials_give_what_a_fresh_run_gives(subject: Subject) -> None:
    """Only what changed is computed again; the figures are the same as if all were."""
    plain = replace(subject.plan, learned={})
    trials = Trials.start(plain)
    names = plain.twin.convolution_inputs()
    for chosen in ((), names[:1], names[1:], names):
        fresh = Trials.start(plan(plain.twin, plain.ranges, chosen, 1, plain.softmax, exact=True))
        assert trials.of(chosen) == fresh.scores


def test_the_dump_of_the_same_picture_is_the_dump(sgs: Path, tmp_path: Path, subject: Subject) -> None:
    twin = subject.plan.twin
    write_float_dump(twin, dumped_inputs(twin), tmp_path / "float.bin")
    written = open_dump(tmp_path / "float.bin")
    assert written.path.stat().st_size == twin.dump.path.stat().st_size
    assert max(relative_error(written.read(r), twin.dump.read(r)) for r in twin.dump.records) <= 1e-5
    write_fixed_dump(subject.plan, dumped_inputs(twin), tmp_path / "fixed.bin", None)
    fixed = open_dump(tmp_path / "fixed.bin")
    assert fixed.health.ok and [record.name for record in fixed.outputs()] == list(subject.plan.layers())
    again = read_plan(twin, fixed, subject.plan.ranges, subject.plan.softmax)
    assert again.wide() == subject.plan.wide()


@pytest.mark.parametrize("level", [1, 2])
def test_a_written_fixed_dump_tells_how_it_was_quantized(tmp_path: Path, subject: Subject, level: int) -> None:
    """One weight scale a tensor or a channel: whoever reads that dump without the plan computes as the plan does."""
    made = with_level(subject.plan, level)
    write_fixed_dump(made, dumped_inputs(made.twin), tmp_path / "fixed.bin", None)
    again = read_plan(made.twin, open_dump(tmp_path / "fixed.bin"), made.ranges, made.softmax)
    several = [op.index for op in made.twin.ops if op.convolution is not None and op.convolution.bias.size > 1]
    assert several and [again.weights[at] for at in several] == [made.weights[at] for at in several]
    files = made.twin, open_dump(tmp_path / "fixed.bin"), made.ranges, None, made.softmax
    assert from_fixed(*files).check.median_db < 0.05


def test_new_pictures_equal_the_simulators_own_dumps(faults: Path, tmp_path: Path) -> None:
    twin = rebuild(open_dump(faults / "a_healthy_dwres48" / "float.bin"))
    for name in ("d_clip", "e_order", "f_gain"):
        other = open_dump(faults / f"{name}_dwres48" / "float.bin")
        records = {record.name: record for record in other.records}
        write_float_dump(twin, {n: Values(other).read(records[n]) for n in twin.inputs}, tmp_path / "float.bin")
        written = open_dump(tmp_path / "float.bin")
        assert max(relative_error(written.read(r), other.read(records[r.name])) for r in written.outputs()) <= 1e-5


def outputs_of(model: object, twin: Twin) -> dict[str, np.ndarray]:
    import onnxruntime as ort

    values = dumped_inputs(twin)
    feed = {f"in::{name}": values[name].reshape(twin.shapes[name]) for name in twin.inputs}
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])  # type: ignore[attr-defined]
    return dict(zip(twin.outputs, session.run(None, feed), strict=True))


def test_the_exported_network_gives_the_dumps_values(subject: Subject, tmp_path: Path) -> None:
    import onnx

    twin, model = subject.plan.twin, float_model(subject.plan.twin)
    save(model, tmp_path / "net.onnx")
    onnx.shape_inference.infer_shapes(model, strict_mode=True)
    names = {name for node in model.graph.node for name in node.output}
    assert names >= {name for op in twin.ops for name in op.outputs}
    for name, values in outputs_of(model, twin).items():
        assert relative_error(values.reshape(-1), Values(twin.dump).read(twin.records[name])) <= 1e-5


def test_the_quantized_export_is_near_the_prediction(sgs: Path, tmp_path: Path, subject: Subject) -> None:
    """Others' onnxruntime, all its passes on: within what the simulator's extra roundings make."""
    for names in ((), subject.plan.twin.convolution_inputs()):
        made = plan(subject.plan.twin, subject.plan.ranges, names, 1, subject.plan.softmax, exact=True)
        model = quantized_model(made)
        save(model, tmp_path / "net.onnx")
        scores, reference = Trials.start(made).scores, Values(made.twin.dump)
        for name, values in outputs_of(model, made.twin).items():
            found = figures(values.reshape(-1), reference.read(made.twin.records[name]))
            assert found.sqnr_db > scores[name].sqnr_db - 3, name


def test_another_channel_order_shows_and_is_explained(faults: Path) -> None:
    folder = faults / "e_order_dwres48"
    twin, fixed = rebuild(open_dump(folder / "float.bin")), open_dump(folder / "fixed.bin")
    made = read_plan(twin, fixed, load_ranges(folder / "tensor_min_max.txt").by_name)
    found = other_input(made, fixed_records(twin, fixed), dumped_inputs(twin), Pixels((127.0,) * 3, (128.0,) * 3))
    assert found is not None and found.mismatch and found.explained and found.own.worst > 0.999


def test_a_barrier_is_fed_with_the_fixed_dumps_values(sgs: Path) -> None:
    """The fused convolution of a cmodel_float dump can not be rebuilt; what lies behind it is foreseen all the same."""
    twin = rebuild(open_dump(sgs / "tiny" / "cmodel_float.bin"))
    assert [op.outputs for op in twin.barriers()] == [("/backbone/relu1/Relu_output_0",)]
    ranges = load_ranges(sgs / "tiny" / "tensor_min_max.txt").by_name
    found = from_fixed(twin, open_dump(sgs / "tiny" / "fixed_dq.bin"), ranges, None)
    assert found.check is not None and found.check.trusted and found.check.median_db < 0.3
    reasons = {each.name: each.why_not for each in found.check.layers}
    assert "could not be rebuilt" in reasons["/backbone/relu1/Relu_output_0"] and not reasons["pool"]


def test_a_fixed_dump_of_another_network_is_refused(sgs: Path, faults: Path) -> None:
    twin = rebuild(open_dump(sgs / "bad" / "bad_float.bin"))
    with pytest.raises(InputError, match=r"layers? (is|are) in the float dump"):
        from_fixed(twin, open_dump(faults / "a_healthy_dwres48" / "fixed.bin"))


def test_a_network_in_one_segment_and_in_many_has_the_same_numbers(
    subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And its codes are those that its kernels compute one by one."""
    under, given = subject.plan, dumped_inputs(subject.plan.twin)
    codes = input_codes(under, given, None)
    whole = [dict(segments.run(made, fed)) for made, fed in zip(both_segments(under), (given, codes), strict=True)]
    monkeypatch.setattr(segments, "MOST", 1)
    in_many = both_segments(under)
    assert [len(each) for each in in_many] == [len(under.twin.ops), len(under.groups)]
    many = [dict(segments.run(made, fed)) for made, fed in zip(in_many, (given, codes), strict=True)]
    kernels = {layer.name: layer.values() for layer in predict(under, given, None) if layer.name not in given}
    assert set(kernels) == set(whole[1]) == set(many[1])
    assert all(np.array_equal(kernels[name], values) for name, values in whole[1].items())
    assert all(np.array_equal(many[1][name], values) for name, values in whole[1].items())
    assert max(float(np.abs(many[0][n] - v).max() / np.abs(v).max()) for n, v in whole[0].items() if v.any()) <= 1e-5


def both_segments(under: Plan) -> list[list[segments.Segment]]:
    return [segments.float_segments(under.twin), segments.fixed_segments(under)]

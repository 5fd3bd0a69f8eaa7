"""`optimize onnx` on the demo and on networks without a fault: really quantized, dumped, compared; resumed; stopped."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event

import numpy as np
import onnx
import psutil
import pytest
from onnx import helper as oh

from sgs_tui.engine.backends.preprocess import Preprocess
from sgs_tui.engine.compare.limits import MANUAL, SOP, Limits, Profile
from sgs_tui.engine.demo.demo import CULPRIT, DemoFiles, build_demo
from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.errors import CancelledError, InputError, UsageError
from sgs_tui.engine.events import LogLine
from sgs_tui.engine.optimize.onnx import OnnxResult, SearchEvent, TrialDone, TrialRunner, optimize_onnx
from sgs_tui.engine.optimize.onnx_trial import OnnxQuestion
from sgs_tui.engine.optimize.search import accuracy, measure
from sgs_tui.engine.optimize.trials import Trial, TrialStore, locked


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoFiles:
    return build_demo(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def question(demo: DemoFiles) -> OnnxQuestion:
    return OnnxQuestion(demo.model, tuple((image,) for image in demo.images[:4]))


@pytest.fixture(scope="module")
def searched(question: OnnxQuestion, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[SearchEvent]]:
    root = tmp_path_factory.mktemp("searches")
    return root, list(optimize_onnx(question, root, MANUAL, Event()))


def children() -> list[psutil.Process]:
    """Processes of ours that are not over; but for multiprocessing's own, which stay to the end."""
    stay, ours = ("resource_tracker", "forkserver"), psutil.Process().children()
    return [each for each in ours if not any(name in word for name in stay for word in each.cmdline())]


def result_of(events: list[SearchEvent]) -> OnnxResult:
    assert isinstance(events[-1], OnnxResult)
    return events[-1]


def test_the_demo_reaches_the_profile_by_raising_the_planted_tensor(
    searched: tuple[Path, list[SearchEvent]],
) -> None:
    result = result_of(searched[1])
    assert result.outcome.reached and CULPRIT in result.outcome.chosen
    assert len(result.outcome.chosen) <= 2
    assert result.outcome.sensitivities[0].name == CULPRIT
    assert result.convolution_inputs == (CULPRIT,) == result.int16
    assert "data" not in result.candidates and "pool" not in result.candidates, "pool shares the scale of mix_relu"
    steps = [step.accuracy for step in result.outcome.steps]
    assert steps[0].failing >= 7 and steps[-1].meets


def test_what_it_leaves_is_what_it_measured(searched: tuple[Path, list[SearchEvent]]) -> None:
    result = result_of(searched[1])
    files = result.files
    again = accuracy(measure(files.fixed_dump, files.float_dump, files.ranges), MANUAL)
    assert again == result.outcome.steps[-1].accuracy
    with open_dump(files.fixed_dump) as dump:
        assert {record.name for record in dump.outputs() if record.type_name == "SGS_U16"} == {CULPRIT}
    assert {path.name for path in result.folder.iterdir()} == {".lock", "best", "inputs", "trials"}


def test_another_profile_needs_no_new_trial(searched: tuple[Path, list[SearchEvent]], question: OnnxQuestion) -> None:
    root, first = searched
    hard = Profile("hard", Limits(rmse=0.15), Limits())
    events = list(optimize_onnx(question, root, hard, Event()))
    tried = [event for event in events if isinstance(event, TrialDone)]
    assert all(event.found for event in tried[: result_of(first).trials])
    assert result_of(events).profile == "hard"


def test_a_search_that_was_stopped_goes_on(question: OnnxQuestion, tmp_path: Path) -> None:
    cancel, made = Event(), []
    with pytest.raises(CancelledError):
        for event in optimize_onnx(question, tmp_path, MANUAL, cancel):
            if isinstance(event, TrialDone):
                made.append(event)
                if len(made) == 4:
                    cancel.set()
    folder = question.folder(tmp_path)
    assert not list(folder.glob(".trial-*"))
    kept = TrialStore(folder).count()
    assert kept >= 4
    (folder / ".trial-left-by-a-kill").mkdir()
    shutil.rmtree(folder / "best", ignore_errors=True)
    events = list(optimize_onnx(question, tmp_path, MANUAL, Event()))
    assert sum(event.found for event in events if isinstance(event, TrialDone)) == kept
    assert any(isinstance(event, LogLine) and "earlier search" in event.text for event in events)
    assert result_of(events).outcome.chosen == (CULPRIT,)
    assert not list(folder.glob(".trial-*"))


@pytest.mark.real_workers
def test_processes_find_the_same_and_are_gone_afterwards(
    searched: tuple[Path, list[SearchEvent]], question: OnnxQuestion, tmp_path: Path
) -> None:
    prepared, _ = question.prepare(tmp_path)
    wanted = [frozenset({CULPRIT}), frozenset({"stem_relu"}), frozenset({"deep_relu", "gap"})]
    with TrialRunner(prepared, tmp_path, Event(), seconds=100.0) as runner:
        made = dict(runner.run(wanted))
        assert children()
    assert not children()
    store = TrialStore(question.folder(searched[0]))
    for names in wanted[:2]:
        here, there = store.find(names), made[names]
        assert here is not None and isinstance(there, Trial)
        assert there.layers == here.layers and there.int16 == here.int16


@pytest.mark.real_workers
def test_a_stop_reaches_the_processes(question: OnnxQuestion, tmp_path: Path) -> None:
    prepared, _ = question.prepare(tmp_path)
    cancel = Event()
    wanted = [frozenset({name}) for name in ("stem_relu", "dw_relu", "expand", "mix_relu", "deep_relu", "gap")]
    with pytest.raises(CancelledError), TrialRunner(prepared, tmp_path, cancel, seconds=100.0) as runner:
        for _ in runner.run(wanted):
            cancel.set()
    assert not children()
    assert not list(tmp_path.glob(".trial-*"))


def test_inputs_are_prepared_once(demo: DemoFiles, tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    (tmp_path / "pre.py").write_text(
        f"import numpy\n\ndef image_preprocess(path, norm=True):\n    open({str(calls)!r}, 'a').write('x')\n"
        "    return numpy.load(path).transpose(0, 2, 3, 1)\n"
    )
    asked = OnnxQuestion(demo.model, ((demo.images[0],), (demo.images[1],)), Preprocess((tmp_path / "pre.py",)))
    first, _ = asked.prepare(tmp_path / "search")
    again, _ = asked.prepare(tmp_path / "search")
    assert again == first and len(calls.read_text()) == 3
    np.testing.assert_array_equal(np.load(first.images[1][0]), np.load(demo.images[1]))
    np.testing.assert_array_equal(np.load(first.sample[0]), np.load(demo.images[0]))


def test_every_change_of_the_question_has_a_folder_of_its_own(question: OnnxQuestion, tmp_path: Path) -> None:
    def folders() -> Iterator[Path]:
        yield question.folder(tmp_path)
        yield replace(question, per_channel=False).folder(tmp_path)
        yield replace(question, images=question.images[:2]).folder(tmp_path)
        yield replace(question, sample=question.images[1]).folder(tmp_path)
        yield replace(question, shapes={"data": (1, 3, 32, 32)}).folder(tmp_path)

    assert len(set(folders())) == 5 and question.folder(tmp_path) == question.folder(tmp_path)


def test_two_searches_do_not_share_a_folder(question: OnnxQuestion, tmp_path: Path) -> None:
    folder = question.folder(tmp_path)
    folder.mkdir()
    with locked(folder), pytest.raises(InputError, match="another search is at work"):
        list(optimize_onnx(question, tmp_path, MANUAL, Event()))


def test_a_damaged_trial_is_made_again(searched: tuple[Path, list[SearchEvent]], question: OnnxQuestion) -> None:
    root, first = searched
    trials = sorted((question.folder(root) / "trials").glob("*.json"))
    trials[0].write_bytes(trials[0].read_bytes()[:100])
    broken = json.loads(trials[1].read_text())
    broken["layers"] = []
    trials[1].write_text(json.dumps(broken))
    events = list(optimize_onnx(question, root, MANUAL, Event()))
    assert result_of(events).outcome == result_of(first).outcome
    assert json.loads(trials[0].read_text())["layers"]


def test_a_healthy_network_is_left_alone(sgs: Path, tmp_path: Path) -> None:
    with open_dump(sgs / "tiny/float.bin") as dump:
        np.save(tmp_path / "data.npy", dump.read(dump.records[0]).reshape(1, 32, 32, 3))
    asked = OnnxQuestion(sgs / "onnx/tiny.onnx", ((tmp_path / "data.npy",),))
    events = list(optimize_onnx(asked, tmp_path, SOP, Event()))
    assert result_of(events).outcome.chosen == () and result_of(events).outcome.reached
    assert sum(isinstance(event, TrialDone) for event in events) == 1
    notes = [event.text for event in events if isinstance(event, LogLine)]
    assert any("transposed to NCHW" in note for note in notes)


def test_nothing_to_calibrate_with(demo: DemoFiles, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing to calibrate"):
        list(optimize_onnx(OnnxQuestion(demo.model, ()), tmp_path, MANUAL, Event()))
    with pytest.raises(InputError, match=r"nosuch\.onnx: cannot read"):
        missing = OnnxQuestion(tmp_path / "nosuch.onnx", ((demo.images[0],),))
        list(optimize_onnx(missing, tmp_path, MANUAL, Event()))


LAYOUT = {
    "MaxPool": ({"kernel_shape": [2, 2], "strides": [2, 2]}, []),
    "Transpose": ({"perm": [0, 1, 3, 2]}, []),
    "Reshape": ({}, [1, 4, 4, 16]),
}


@pytest.mark.parametrize("second_reader", [False, True])
@pytest.mark.parametrize("kind", LAYOUT)
def test_a_tensor_behind_an_op_that_is_not_quantized_is_a_candidate(
    tmp_path: Path, kind: str, second_reader: bool
) -> None:
    """Its scale is its own: nothing in front of it has one. So says the quantized model."""
    draw = np.random.default_rng(3)
    attributes, shape = LAYOUT[kind]
    constants = {"w": draw.standard_normal((4, 4, 1, 1)).astype(np.float32)} | (
        {"to": np.array(shape)} if shape else {}
    )
    nodes = [
        oh.make_node("Exp", ["x"], ["e"]),
        oh.make_node(kind, ["e", "to"] if shape else ["e"], ["t"], **attributes),
        oh.make_node("Conv", ["t", "w"], ["c"]),
        oh.make_node("Tanh", ["c"], ["y"]),
    ]
    nodes += [oh.make_node("Conv", ["e", "w"], ["other"])] if second_reader else []
    graph = oh.make_graph(
        nodes,
        "g",
        [oh.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 4, 8, 8])],
        [onnx.ValueInfoProto(name="y")],
        [onnx.numpy_helper.from_array(values, name) for name, values in constants.items()],
    )
    onnx.save(oh.make_model(graph, opset_imports=[oh.make_opsetid("", 13)], ir_version=8), tmp_path / "m.onnx")
    values = draw.standard_normal((1, 4, 8, 8)).astype(np.float32)
    values[0, 0, 0, 0] = 6
    np.save(tmp_path / "x.npy", values)
    question = OnnxQuestion(tmp_path / "m.onnx", ((tmp_path / "x.npy",),))
    profile = Profile("hard", Limits(rmse=0.02), Limits())
    result = result_of(list(optimize_onnx(question, tmp_path / "s", profile, Event())))
    assert set(result.candidates) == ({"t", "c", "e", "other"} if second_reader else {"t", "c"})
    assert result.outcome.reached and "t" in result.outcome.chosen and result.left_out == ()
    with open_dump(result.files.fixed_dump) as dump:
        coded = {record.name for record in dump.outputs() if record.scale}
    assert coded == set(result.candidates)


def test_a_scale_of_the_upgrade_goes_by_the_models_own_tensor(tmp_path: Path) -> None:
    """A Softmax of opset 11 becomes three ops, of which the middle one, `y_intermediate`, holds the scale."""
    draw = np.random.default_rng(5)
    kernel = onnx.numpy_helper.from_array(draw.standard_normal((4, 3, 1, 1)).astype(np.float32), "w")
    graph = oh.make_graph(
        [oh.make_node("Conv", ["x", "w"], ["c"]), oh.make_node("Softmax", ["c"], ["y"])],
        "g",
        [oh.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 3, 4, 4])],
        [onnx.ValueInfoProto(name="y")],
        [kernel],
    )
    onnx.save(oh.make_model(graph, opset_imports=[oh.make_opsetid("", 11)], ir_version=6), tmp_path / "m.onnx")
    np.save(tmp_path / "x.npy", draw.standard_normal((1, 3, 4, 4)).astype(np.float32))
    question = OnnxQuestion(tmp_path / "m.onnx", ((tmp_path / "x.npy",),))
    profile = Profile("out of reach", Limits(rmse=1e-9), Limits())
    result = result_of(list(optimize_onnx(question, tmp_path / "s", profile, Event())))
    assert set(result.candidates) == {"c", "y"} and not result.outcome.reached

"""`optimize sdk` through the real supervisor: the stand-in SDK, the candidates that the real one left for `bad`."""

import json
import pickle
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from sgs_tui.engine.backends.sdk_install import open_sdk
from sgs_tui.engine.compare.limits import MANUAL
from sgs_tui.engine.errors import CancelledError, InputError, RunError, UsageError
from sgs_tui.engine.events import LogLine
from sgs_tui.engine.optimize.sdk import (
    SdkEvent,
    SdkQuestion,
    SdkResult,
    StepEnded,
    StepProgress,
    label_of,
    load_candidates,
    optimize_sdk,
)
from sgs_tui.engine.runs.run_folder import RunState
from sgs_tui.engine.runs.run_list import list_runs
from sgs_tui.engine.runs.runs import cancel_run, delete_run, wait_run
from tests.standin_sdk.bench import TIME_LIMIT, Bench
from tests.standin_sdk.optimizing import CANDIDATES, add_examples, write_bad_model


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return with_examples(Bench.at(tmp_path))


def with_examples(bench: Bench) -> Bench:
    add_examples(bench.sdk.root)
    (bench.home / "input_config.ini").write_text("[INPUT_CONFIG]\ninputs='data';\n")
    return replace(bench, sdk=open_sdk(bench.sdk.root))


def ask(bench: Bench, model: Path | None = None, **changes: object) -> SdkQuestion:
    asked = SdkQuestion(
        model=model or write_bad_model(bench.home),
        calibrate=str(bench.home / "test.jpg"),
        ini=bench.home / "input_config.ini",
        sdk=bench.sdk,
        preprocess=str(bench.home / "pre.py"),
        python=sys.executable,
        timeout=TIME_LIMIT,
        environ=bench.environ,
    )
    return replace(asked, **changes)  # type: ignore[arg-type]


def search(bench: Bench, question: SdkQuestion, cancel: Event | None = None) -> Iterator[SdkEvent]:
    return optimize_sdk(question, bench.home.parent / "searches", bench.root, MANUAL, cancel or Event())


def result(events: list[SdkEvent]) -> SdkResult:
    assert isinstance(events[-1], SdkResult)
    return events[-1]


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> tuple[Bench, SdkQuestion, SdkResult]:
    """A search that has tried every candidate and found the user's folder as it was."""
    bench = with_examples(Bench.at(tmp_path_factory.mktemp("searched")))
    question = ask(bench)
    before = tree(bench.home)
    found = result(list(search(bench, question)))
    assert tree(bench.home) == before, "nothing of the user's is touched"
    return bench, question, found


def test_every_candidate_is_tried_and_only_two_rates_mend_it(searched: tuple[Bench, SdkQuestion, SdkResult]) -> None:
    found = searched[2]
    assert [each.label for each in found.ranked] == ["0.7", "0.95", "0.65", "0.75, 0.8", "0.85, 0.9"]
    meets = [each.label for each in found.ranked if each.accuracy and each.accuracy.meets]
    assert meets == ["0.7", "0.95"]
    best = found.best
    assert best is not None and best.candidate is not None and best.accuracy is not None
    assert best.candidate.file.name == "optimized_quant_info_1_0.7.pkl"
    assert len(best.candidate.int16) == 6
    assert best.inputs == ("/backbone/relu1/Relu_output_0", "pool", "cat")
    assert best.accuracy.worst_rmse == pytest.approx(0.0654, abs=1e-4)
    worst = found.ranked[-1].accuracy
    assert worst is not None and worst.worst_rmse == pytest.approx(0.999, abs=1e-3) and worst.worst_layer == "gate"
    assert json.loads(best.model.read_text())["kind"] == "fixed"
    assert (found.folder / "model" / "bad_cmodel_float.sim").is_file(), "the tools' leftovers are in our folder"


def test_a_second_search_finds_every_step(searched: tuple[Bench, SdkQuestion, SdkResult]) -> None:
    bench, question, first = searched
    count = len(list_runs(bench.root))
    again = list(search(bench, question))
    assert result(again) == first
    assert all(event.found for event in again if isinstance(event, StepEnded))
    assert len(list_runs(bench.root)) == count == 1 + 1 + 5 * 2
    run = next(run for run in list_runs(bench.root) if run.name.endswith("0.65_fixed-fixed"))
    delete_run(run.folder.path, bench.root)
    third = [event for event in search(bench, question) if isinstance(event, StepEnded) and not event.found]
    assert [event.title for event in third] == ["0.65: fixed dump"]


def test_a_stop_ends_the_run_at_work_and_the_next_search_goes_on(bench: Bench) -> None:
    question = ask(bench, write_bad_model(bench.home, calibrator="hang"), rates=("0.7",))
    cancel = Event()
    with pytest.raises(CancelledError):
        for event in search(bench, question, cancel):
            if isinstance(event, StepProgress) and event.title == "0.7: calibrate" and event.run.status.child:
                cancel.set()
    stopped = list_runs(bench.root)[0]
    assert (stopped.request.stage, stopped.state) == ("calibrate", RunState.CANCELLED)
    titles = []
    for event in search(bench, question):
        if isinstance(event, StepEnded):
            titles.append((event.title, event.found))
        if isinstance(event, StepProgress) and event.title == "0.7: calibrate":
            break
    assert titles == [("sim_optimizer.py", True), ("float dump", True)]
    (left,) = (run for run in list_runs(bench.root) if run.state.active)
    cancel_run(left.folder.path)
    assert wait_run(left.folder.path).state is RunState.CANCELLED


def test_a_run_that_went_on_without_us_is_taken_up_again(bench: Bench) -> None:
    question = ask(bench, write_bad_model(bench.home), rates=("0.7",))
    for event in search(bench, question):
        if isinstance(event, StepProgress):
            break  # the connection is lost; the run goes on
    events = list(search(bench, question))
    first = next(event for event in events if isinstance(event, StepEnded))
    assert (first.title, first.found, first.run.state) == ("sim_optimizer.py", True, RunState.OK)
    assert sum(run.request.stage == "optimize" for run in list_runs(bench.root)) == 1


def test_a_candidate_that_fails_is_ranked_last_with_the_reason(bench: Bench) -> None:
    question = ask(bench, write_bad_model(bench.home, calibrator_fails_at="sp_b"), rates=("0.65", "0.7"))
    good, failed = result(list(search(bench, question))).ranked
    assert (good.label, failed.label) == ("0.7", "0.65")
    assert "calibrator's step" in failed.error and failed.hint and failed.accuracy is None


def test_an_optimizer_that_fails_ends_the_search(bench: Bench) -> None:
    with pytest.raises(RunError, match="Statistics MinMax"):
        list(search(bench, ask(bench, write_bad_model(bench.home, optimizer="fails"))))


def test_files_of_the_user_instead_of_the_optimizer(bench: Bench) -> None:
    mine = bench.home / "mine.json"
    mine.write_text(json.dumps([{"name": "cat", "min": [-1.0], "max": [1.0], "bit": 16}]))
    question = ask(bench, quant_files=(mine, CANDIDATES / "optimized_quant_info_0_0.65.pkl"))
    found = result(list(search(bench, question)))
    assert [each.label for each in found.ranked] == ["mine.json", "0.65"]
    assert not any(run.request.stage == "optimize" for run in list_runs(bench.root))


def test_weights_in_a_file_change_a_copy_of_the_model_only(bench: Bench) -> None:
    mine = bench.home / "mine.pkl"
    entry = {"name": "cat", "min": [-1.0], "max": [1.0], "bit": 16, "data": np.zeros(3, np.float32)}
    mine.write_bytes(pickle.dumps([entry]))
    question = ask(bench, quant_files=(mine,))
    before = question.model.read_bytes()
    found = result(list(search(bench, question)))
    assert found.best is not None and question.model.read_bytes() == before
    assert b"changed" in (found.folder / "model-copy" / "bad_float.sim").read_bytes()


def test_a_fixed_model_of_the_user_is_shown_beside(bench: Bench) -> None:
    question = ask(bench, rates=("0.7",))
    fixed = bench.home / "mine_fixed.sim"
    fixed.write_text(json.dumps({**json.loads(question.model.read_text()), "kind": "fixed"}))
    found = result(list(search(bench, replace(question, fixed=fixed))))
    assert [each.label for each in found.ranked] == ["0.7", "mine_fixed.sim"]
    assert found.ranked[1].candidate is None and found.ranked[1].accuracy is not None


def test_newer_sdks_are_tried_too_with_a_warning(tmp_path: Path) -> None:
    bench = with_examples(Bench.at(tmp_path, "newer"))
    events = list(search(bench, ask(bench, rates=("0.7", "0.65"))))
    assert [each.label for each in result(events).ranked] == ["0.7", "0.65"]
    warnings = [event.text for event in events if isinstance(event, LogLine) and "never apply" in event.text]
    assert len(warnings) == 1


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"preprocess": ""}, UsageError, "take no image without a script"),
        ({"rates": ("0.5",)}, UsageError, r"no candidate for 0.5"),
        ({"calibrate": "nosuch.jpg"}, InputError, "there is no such image"),
        ({"ini": Path("nosuch.ini")}, InputError, "nosuch.ini"),
        ({"model": Path("x_fixed.sim")}, UsageError, "takes the float model"),
    ],
)
def test_what_makes_no_sense(bench: Bench, changes: dict[str, object], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        list(search(bench, replace(ask(bench), **changes)))  # type: ignore[arg-type]


def test_an_sdk_without_the_scripts(tmp_path: Path) -> None:
    bench = Bench.at(tmp_path)
    (bench.home / "input_config.ini").write_text("")
    with pytest.raises(InputError, match=r"has no sim_optimizer\.py"):
        list(search(bench, ask(bench)))


def test_candidates_are_read_from_the_real_files() -> None:
    found = load_candidates(CANDIDATES.glob("*.pkl"))
    assert [each.labels for each in found] == [("0.65",), ("0.7",), ("0.75", "0.8"), ("0.85", "0.9"), ("0.95",)]
    assert [len(each.int16) for each in found] == [6, 6, 6, 8, 8]
    assert [each.labels for each in found if "cat" in each.int16] == [("0.7",), ("0.95",)]
    assert len({each.key for each in found}) == 5 and not any(each.has_data for each in found)
    assert label_of(Path("optimized_quant_info_3.pkl")) == "3", "as the manual names them"

"""Fixed models of onnxruntime's quantizer on the twin: told from the SDK's, foreseen to the last digits, and healed."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, numpy_helper
from onnx import helper as oh

from sgs_tui.engine.compare.limits import MANUAL
from sgs_tui.engine.compare.results import Verdict
from sgs_tui.engine.errors import UsageError
from sgs_tui.engine.optimize.twin import limits_of
from sgs_tui.engine.twin.opening import Files, check_names, open_subject
from sgs_tui.engine.twin.plan import with_int16
from sgs_tui.engine.twin.search import Goal, Search
from sgs_tui.engine.twin.whatif import Subject, whatif
from tests.engine.compare.heads import FAULTY, HEALTHY, Head, run
from tests.engine.compare.test_slices import rows_of


def subject_of(head: Head, folder: Path) -> Subject:
    files = run(head.model, folder, int16=head.int16)
    return open_subject(Files(files.float_dump, files.fixed_dump, files.ranges)).subject


@pytest.mark.parametrize("make", FAULTY.values(), ids=FAULTY)
def test_what_heals_lost_slices_on_the_twin_heals_them_in_the_rerun(make: Callable[[], Head], tmp_path: Path) -> None:
    head = make()
    subject = subject_of(head, tmp_path / "now")
    limits, about = limits_of(MANUAL, subject.plan.twin)
    search = Search(subject.trials, Goal(limits))
    list(search.run())
    assert not about and search.best.reached and search.best.names
    answer = whatif(subject, search.best.names, limits, exact=True)
    assert answer.newly_fixed and not answer.failing
    rows = {row.name: row for row in rows_of(replace(head, int16=search.best.names), tmp_path / "then", ranges=True)}
    assert not [row for row in rows.values() if row.verdict is Verdict.FAIL]
    for layer in answer.layers:
        if layer.predicted and layer.name in rows:
            now = rows[layer.name].metrics
            assert now is not None and abs(now.rmse - layer.after.rmse) < 0.002, layer


def test_a_dump_of_the_embedded_backend_is_reproduced(tmp_path: Path) -> None:
    """With a tensor in 16 bit already, which its header calls unsigned."""
    subject = subject_of(HEALTHY["int16"](), tmp_path)
    assert subject.plan.qdq is not None and subject.plan.raised == {"output0"}
    assert subject.check is not None and subject.check.p90_db < 0.1
    assert {how.by_channel for how in subject.plan.weights.values() if how is not None} == {True}
    back = with_int16(subject.plan, ())
    grid = back.grids["output0"]
    assert grid is not None and not grid.wide and grid.scale == pytest.approx(1.2544, abs=1e-3)


def test_constants_between_layers_are_rounded_as_onnxruntime_rounds_them(tmp_path: Path) -> None:
    """An Add behind a convolution has one 8-bit step for all of its constants: the small ones are gone."""
    draw = np.random.default_rng(2)
    small = np.where(np.arange(12) % 3 == 0, 40.0, 0.1).astype(np.float32).reshape(1, 12, 1, 1)
    first, second = draw.standard_normal((12, 3, 3, 3)) / 5, draw.standard_normal((6, 12, 3, 3)) / small / 5
    arrays = {"w1": first, "c": small, "w2": second}
    nodes = [
        oh.make_node("Conv", ["x", "w1"], ["made"]),
        oh.make_node("Mul", ["made", "c"], ["sized"]),
        oh.make_node("Conv", ["sized", "w2"], ["out"]),
    ]
    items = [numpy_helper.from_array(np.asarray(values, np.float32), name) for name, values in arrays.items()]
    info = [
        oh.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in (("x", [1, 3, 12, 12]), ("out", [1, 6, 8, 8]))
    ]
    model = oh.make_model(
        oh.make_graph(nodes, "g", info[:1], info[1:], items), opset_imports=[oh.make_opsetid("", 17)], ir_version=8
    )
    found = subject_of(Head(model), tmp_path)
    assert found.check is not None and found.check.counted == 3 and found.check.p90_db < 0.1


def test_one_name_stands_for_all_that_share_its_grid(tmp_path: Path) -> None:
    plan = subject_of(FAULTY["yolov8"](), tmp_path).plan
    scores = next(op.inputs[0] for op in plan.twin.ops if op.outputs == ("scores",))
    raised = with_int16(plan, ["scores"])
    assert raised.raised == {scores} and raised.wide() == {scores, "scores"}
    assert "scores" not in plan.choices() and {scores, "output0"} <= set(plan.choices())
    check_names(plan.twin, ["scores", "output0", "ALL"], plan)
    for name in ("x", "nothing"):
        with pytest.raises(UsageError, match=name):
            check_names(plan.twin, [name], plan)


@pytest.mark.parametrize("pair", ["tiny/fixed_dq.bin", "bad/bad_fixed_dq.bin", "bad_int16/cat_fixed_dq.bin"])
def test_the_sdks_dumps_keep_the_sdks_rules(pair: str, sgs: Path) -> None:
    fixed = sgs / pair
    plan = open_subject(Files(fixed.with_name(fixed.name.replace("fixed_dq", "float")), fixed)).subject.plan
    assert plan.qdq is None and plan.choices() == plan.twin.convolution_inputs()

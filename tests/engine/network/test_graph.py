"""The graph of a dump: who makes and reads a tensor, what feeds convolutions, which tensors share a scale."""

from pathlib import Path

from sgs_tui.engine.dumps.dtypes import FLOAT32
from sgs_tui.engine.dumps.format import Direction, Record
from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.network.graph import Graph, build_graph, graph_of
from sgs_tui.engine.network.scales import domains, pad_lanes


def graph(path: Path) -> Graph:
    with open_dump(path) as dump:
        return build_graph(dump)


def record(direction: Direction, op: int, kind: str, name: str, constant: bool = False, slot: int = 0) -> Record:
    return Record(0, direction, slot, op, kind, name, 0.0, 0, "float", constant, None, FLOAT32, 0, 4, 4, 1)


def test_producers_consumers_and_inputs(sgs: Path) -> None:
    tiny = graph(sgs / "tiny" / "float.bin")
    assert tiny.known and len(tiny.ops) == 24
    assert [each.name for each in tiny.inputs()] == ["data"]
    gate = tiny.producer("gate")
    assert gate is not None and gate.kind == "MUL" and [each.name for each in gate.inputs] == ["sig", "c3"]
    assert [op.kind for op in tiny.readers("cat")] == ["CONV_2D", "ADD"]
    assert tiny.producer("data") is None and tiny.readers("prob") == ()
    assert [each.name for each in tiny.ops[0].constants] == ["conv1.weight", "conv1.bias"]


def test_convolution_inputs_are_what_an_ini_can_name(sgs: Path) -> None:
    tiny = graph(sgs / "tiny" / "float.bin")
    expected = ("data", "/backbone/relu1/Relu_output_0", "sp_b", "pool", "cat", "flat#46")
    assert tiny.convolution_inputs() == expected
    assert tiny.feeds_convolution("cat") and not tiny.feeds_convolution("gate")


def test_fused_ops_have_two_types(sgs: Path) -> None:
    fixed = graph(sgs / "tiny" / "fixed_dq.bin")
    op = fixed.producer("lrelu:0")
    assert op is not None and (op.kind, op.result, op.fused) == ("DEPTHWISE_CONV_2D", "LEAKY_RELU", True)


def test_upstream_and_downstream_nearest_first(sgs: Path) -> None:
    tiny = graph(sgs / "tiny" / "float.bin")
    assert list(tiny.upstream("gate"))[:2] == ["sig", "c3"] and list(tiny.upstream("gate"))[-1] == "data"
    assert list(tiny.downstream("logits")) == ["prob"]
    assert set(tiny.downstream("gate")) >= {"cat", "c4", "res", "prob"}


def test_a_dump_of_outputs_only_knows_no_graph(sgs: Path) -> None:
    onnx = graph(sgs / "onnx" / "onnx_NHWC_outtensor_dump.bin")
    assert not onnx.known and onnx.inputs() == () and onnx.convolution_inputs() == ()
    assert onnx.ops and onnx.producer("gate") is not None


def test_a_loop_in_damaged_headers_ends() -> None:
    looping = graph_of(
        [
            record(Direction.IN, 0, "RELU", "a"),
            record(Direction.OUT, 0, "RELU", "b"),
            record(Direction.IN, 1, "RELU", "b"),
            record(Direction.OUT, 1, "RELU", "a"),
        ]
    )
    assert list(looping.upstream("a")) == ["b"] and list(looping.downstream("a")) == ["b"]


def test_tensors_of_a_concatenation_share_their_scale(sgs: Path) -> None:
    with open_dump(sgs / "bad" / "bad_float.bin") as real, open_dump(sgs / "bad" / "bad_fixed_dq.bin") as fixed:
        found = domains(build_graph(real), {each.name: each for each in fixed.records if not each.constant})
    assert found["gate"].members == ("gate", "sq888", "cat") and found["gate"].binders == ("cat",)
    assert found["pool"].members == ("lrelu:0", "pool", "sp_a#/Mul0Input#50", "sp_b") and not found["pool"].shared
    assert found["res"] is not found["cat"], "an addition has a scale of its own here"


def test_a_chain_of_concatenations_is_one_domain(faults: Path) -> None:
    folder = faults / "a_healthy_dense28"
    with open_dump(folder / "float.bin") as real, open_dump(folder / "fixed.bin") as fixed:
        found = domains(build_graph(real), {each.name: each for each in fixed.records if not each.constant})
    chain = found["/init/Relu_output_0"]
    assert chain is found["/d2/Concat_output_0"] and len(chain.members) == 7 and len(chain.binders) == 3


def test_pad_lanes_run_on_through_a_concatenation_but_not_through_a_convolution() -> None:
    padded = graph_of(
        [
            record(Direction.IN, 0, "Align2", "a"),
            record(Direction.OUT, 0, "Align2", "aligned"),
            record(Direction.IN, 1, "CONCATENATION", "aligned"),
            record(Direction.IN, 1, "CONCATENATION", "b", slot=1),
            record(Direction.OUT, 1, "CONCATENATION", "cat"),
            record(Direction.IN, 2, "CONV_2D", "cat"),
            record(Direction.OUT, 2, "CONV_2D", "out"),
        ]
    )
    assert pad_lanes(padded) == {"aligned", "cat"}

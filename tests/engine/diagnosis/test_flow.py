"""Who reads whom as the dumps tell it, and how the error runs along the edges."""

from itertools import pairwise
from pathlib import Path
from threading import Event

import pytest

from sgs_tui.engine.diagnosis.diagnose import diagnose
from sgs_tui.engine.diagnosis.flow import Flow, Tensor, Wiring, flow_of, wiring_of
from sgs_tui.engine.diagnosis.results import Blame, Role
from sgs_tui.engine.session import CompareRequest, Comparison, open_comparison
from tests.engine.build import rows_of

SGS = Path(__file__).parents[2] / "data" / "sgs"


@pytest.fixture(scope="module")
def bad() -> Comparison:
    folder = SGS / "bad"
    return open_comparison(CompareRequest(folder / "bad_fixed_dq.bin", folder / "bad_float.bin"))


@pytest.fixture(scope="module")
def bad_flow(bad: Comparison) -> Flow:
    rows = rows_of(bad, 1)
    return flow_of(wiring_of(bad), rows, diagnose(bad, rows, None, Event()))


def test_every_compared_layer_is_a_tensor_and_every_edge_ends_at_tensors(bad: Comparison) -> None:
    wiring = wiring_of(bad)
    assert wiring.known
    assert {each.layer for each in wiring.tensors.values() if each.layer} == {p.name for p in bad.matching.pairs}
    for target, sources in wiring.sources.items():
        assert target in wiring.tensors and set(sources) <= set(wiring.tensors)
        assert all(target in wiring.targets[source] for source in sources)


def test_what_was_fused_away_is_seen_through(bad: Comparison) -> None:
    wiring = wiring_of(bad)
    names = {each.name for each in bad.benchmark.outputs()}
    assert names - set(wiring.tensors), "tensors that the fixed model does not have are no nodes"
    assert wiring.sources["gate"] == ("sig", "sp_b"), "the fixed dump prints one of them, as the other was fused"
    inputs = [name for name, each in wiring.tensors.items() if each.index < 0]
    assert inputs == ["data"] and wiring.tensors["data"].why


def test_shared_scales_are_numbered(bad: Comparison) -> None:
    scales = wiring_of(bad).scales
    assert scales["gate"] == scales["cat"] == 1 and "pool" not in scales


def test_the_error_begins_and_ends(bad_flow: Flow) -> None:
    assert bad_flow.role("gate") is Role.INTRODUCED
    assert bad_flow.edge("gate", "cat") is Role.RECOVERED
    assert bad_flow.edge("cat", "res") is Role.CLEAN


def test_a_healthy_network_blames_nobody() -> None:
    comparison = open_comparison(CompareRequest(SGS / "tiny" / "fixed_dq.bin", SGS / "tiny" / "float.bin"))
    rows = rows_of(comparison, 1)
    assert flow_of(wiring_of(comparison), rows, diagnose(comparison, rows, None, Event())).blame == {}


def test_dumps_of_outputs_alone_give_the_order_of_the_file() -> None:
    path = SGS / "onnx" / "onnx_NHWC_outtensor_dump.bin"
    comparison = open_comparison(CompareRequest(path, path))
    wiring = wiring_of(comparison)
    names = [pair.name for pair in comparison.matching.pairs]
    assert not wiring.known and list(wiring.tensors) == names
    assert [wiring.sources[name] for name in names[1:]] == [(name,) for name in names[:-1]]


def test_the_sides_may_name_a_layer_differently() -> None:
    tensors = {"a:0": Tensor("a:0", "ADD", 0, "a"), "b": Tensor("b", "ADD", 1, "b")}
    wiring = Wiring(True, tensors, {"b": ("a:0",)}, {"a:0": ("b",)})
    assert wiring.tensor_of("a") == "a:0" and wiring.tensor_of("b") == "b" and wiring.tensor_of("c") is None


def part(name: str, role: Role, *culprits: str) -> Blame:
    return Blame(name, role, 0.5, 0.2, 0.3, 1.0, False, False, culprits)


def chain(*names: str, unknown: tuple[str, ...] = ()) -> Wiring:
    """A network of one way; layers `unknown` are not compared."""
    tensors = {n: Tensor(n, "ADD", i, "" if n in unknown else n, "why") for i, n in enumerate(names)}
    sources = {after: (before,) for before, after in pairwise(names)}
    return Wiring(True, tensors, sources, {before: (after,) for after, (before,) in sources.items()})


def test_an_error_goes_through_what_is_not_compared() -> None:
    parts = (part("a", Role.INTRODUCED), part("c", Role.INHERITED), part("d", Role.CLEAN), part("e", Role.CLEAN))
    flow = Flow(chain(*"abcde", unknown=("b",)), {}, {each.name: each for each in parts})
    edges = [flow.edge(source, target) for source, target in ("ab", "bc", "cd", "de")]
    assert edges == [Role.INHERITED, Role.INHERITED, Role.RECOVERED, Role.CLEAN]


def test_an_input_whose_rounding_breaks_a_layer() -> None:
    parts = (part("a", Role.CLEAN), part("b", Role.INTRODUCED, "a"))
    flow = Flow(chain("a", "b"), {}, {each.name: each for each in parts})
    assert flow.edge("a", "b") is Role.INTRODUCED and not flow.spoiled("a")

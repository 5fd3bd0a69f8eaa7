"""Faults planted into a network with the twin, alone and two at once. The benchmark plants many more."""

from pathlib import Path

import numpy as np
import pytest

from sgs_tui.engine.diagnosis.results import Proof
from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.dumps.writer import write_dump
from sgs_tui.engine.twin.rebuild import rebuild
from tests.benchmarks.bench_planted import opened
from tests.conftest import SHARED
from tests.engine.diagnosis.cases import picture
from tests.engine.diagnosis.deep import Builder, deep
from tests.engine.diagnosis.networks import Network, network
from tests.engine.diagnosis.planted import Planted
from tests.engine.diagnosis.planting import in_order, named, plant, right
from tests.engine.diagnosis.runs import diagnosed


@pytest.fixture(scope="module")
def unet() -> Network:
    folder = SHARED / "faults" / "a_healthy_unet28"
    if not folder.is_dir():
        pytest.skip("the real dumps of ../shared/data are not on this machine")
    return network("unet28", folder / "float.bin", folder / "fixed.bin")


@pytest.mark.parametrize(
    "fault", ["healthy", "wide_range", "dark_calibration", "channel_order", "raw_float", "other_std", "raw_calibration"]
)
def test_a_planted_fault_is_the_first_cause(fault: str, unet: Network, tmp_path: Path) -> None:
    planted, pair = plant(unet, (fault,), 1, tmp_path)
    with diagnosed(pair.sample, pair.benchmark, pair.ranges) as found:
        assert right(planted, found.diagnosis), [(str(f.cause), f.layers[:3]) for f in found.diagnosis.findings]


@pytest.fixture(scope="module")
def yolo(tmp_path_factory: pytest.TempPathFactory) -> Network:
    """A trained network whose layer4 costs the layers behind a little more than healthy ones do."""
    if not (SHARED / "real").is_dir():
        pytest.skip("the real dumps of ../shared/data are not on this machine")
    return opened("yolo", tmp_path_factory.mktemp("yolo"))


@pytest.mark.parametrize("fault", ["stale_head", "cut_file"])
def test_what_is_within_the_limits_is_not_the_fault(fault: str, yolo: Network, tmp_path: Path) -> None:
    """Neither beside a fault that quantization has no part in, nor where the dump ends before any output."""
    planted, pair = plant(yolo, (fault,), 0, tmp_path)
    with diagnosed(pair.sample, pair.benchmark, pair.ranges) as found:
        first = found.diagnosis.first
        assert right(planted, found.diagnosis), (str(first.cause), first.layers[:3])
        assert all(each.cause != "wide_range" for each in found.diagnosis.findings)
        if fault == "cut_file":
            assert "the outputs are" not in first.evidence[0].text


@pytest.mark.parametrize("faults", [("channel_order", "wide_range"), ("other_std", "shared_scale")])
def test_two_faults_are_both_named_in_the_order_in_which_to_mend_them(
    faults: tuple[str, str], unet: Network, tmp_path: Path
) -> None:
    planted, pair = plant(unet, faults, 1, tmp_path)
    with diagnosed(pair.sample, pair.benchmark) as found:
        findings = found.diagnosis.findings
    assert all(named(planted, found.diagnosis)) and right(planted, found.diagnosis)
    assert [each.proof for each in findings[:2]] == [Proof.TWIN, Proof.TWIN]
    assert any("the twin fed with it gives the sample's dump" in fact.text for fact in findings[0].evidence)
    assert findings[1].evidence[-1].text.startswith("undone in the twin: ")


@pytest.mark.parametrize(
    ("faults", "causes"),
    [
        (("wide_range", "stale_head"), ["wide_range", "other_model"]),
        (("channel_order", "shared_scale"), ["input_mismatch", "shared_scale"]),
    ],
)
def test_of_two_faults_that_hide_each_other_both_are_named(
    faults: tuple[str, str], causes: list[str], unet: Network, tmp_path: Path
) -> None:
    """Other weights in a layer that is too wide as well; a first layer that its scale leaves nothing of the input."""
    planted, pair = plant(unet, faults, 0, tmp_path)
    with diagnosed(pair.sample, pair.benchmark, pair.ranges) as found:
        assert in_order(planted, found.diagnosis)
        assert [str(each.cause) for each in found.diagnosis.findings[:2]] == causes


@pytest.fixture(scope="module")
def deep_net(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return deep("deep0", 0, tmp_path_factory.mktemp("deep"))


@pytest.mark.parametrize(
    "fault", ["healthy", "dull_calibration", "other_model", "stale_head", "swapped_tensors", "clipped_range",
              "lost_slices", "wide_sum", "cut_file", "divided_twice"],
)  # fmt: skip
def test_a_fault_in_a_deep_network_is_the_first_cause(fault: str, deep_net: Network, tmp_path: Path) -> None:
    planted, pair = plant(deep_net, (fault,), 0, tmp_path)
    with diagnosed(pair.sample, pair.benchmark, pair.ranges) as found:
        assert right(planted, found.diagnosis), [(str(f.cause), f.layers[:3]) for f in found.diagnosis.findings]


def test_a_wide_tensor_that_clipping_hides_shows_once_that_is_undone_in_the_twin(
    deep_net: Network, tmp_path: Path
) -> None:
    planted, pair = plant(deep_net, ("dark_calibration", "wide_range"), 2, tmp_path)
    with diagnosed(pair.sample, pair.benchmark) as found:
        findings = found.diagnosis.findings
    assert right(planted, found.diagnosis) and all(named(planted, found.diagnosis))
    assert [each.proof for each in findings[:2]] == [Proof.TWIN, Proof.TWIN]
    assert findings[1].evidence[-1].text.startswith("undone in the twin as well: ")


@pytest.mark.parametrize(
    "faults",
    [
        ("dark_calibration", "wide_range"),  # the tensor before it heals much as well, its own heals all
        ("other_std", "dark_calibration"),
        ("clipped_range", "wide_sum"),  # shows once the chain of sums is mended
        ("wide_range", "clipped_too"),  # one tensor has both
    ],
)
def test_two_faults_in_a_deep_network_are_both_named(
    faults: tuple[str, str], deep_net: Network, tmp_path: Path
) -> None:
    planted, pair = plant(deep_net, faults, 0, tmp_path)
    with diagnosed(pair.sample, pair.benchmark, pair.ranges) as found:
        said = [(str(each.cause), each.layers[:3]) for each in found.diagnosis.findings]
    assert right(planted, found.diagnosis) and in_order(planted, found.diagnosis), said


def test_limits_that_a_dead_layer_hides_show_once_its_scale_is_mended_in_the_twin(tmp_path: Path) -> None:
    planted, pair = plant(deep("deep5", 5, tmp_path), ("clipped_range", "shared_scale"), 0, tmp_path)
    with diagnosed(pair.sample, pair.benchmark, pair.ranges) as found:
        findings = found.diagnosis.findings
    assert [str(each.cause) for each in findings[:2]] == ["shared_scale", "clipping"]
    assert findings[1].layers == planted.causes[0][1] and "alone change layers by" in findings[1].evidence[0].text


@pytest.mark.parametrize("number", [2, 3])
def test_two_usual_scales_of_pictures_are_told_apart_where_the_first_layers_prove_it(
    number: int, tmp_path: Path
) -> None:
    planted, pair = plant(deep("deep", number, tmp_path), ("other_scale",), 0, tmp_path)
    with diagnosed(pair.sample, pair.benchmark) as found:
        first = found.diagnosis.first
    assert right(planted, found.diagnosis)
    assert "fills" in first.evidence[0].text and "gives the calibrated ranges" in first.evidence[1].text


def test_limits_that_cut_an_output_of_few_values_are_told_as_measured(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    builder = Builder(rng, {"images": ((np.rint(picture(rng, 16)) - 127) / 128).astype(np.float32)})
    wide = builder.layer("relu", "first", "images", 8, 3, stride=2)
    builder.convolution("few", builder.layer("relu", "second", wide, 8, 3, stride=4), 6)
    write_dump(tmp_path / "net.bin", builder.drafts)
    grey = np.rint(builder.values["images"] * 128 + 127).astype(np.float32)
    planted = Planted(rng, Network("few", rebuild(open_dump(tmp_path / "net.bin")), grey))
    assert builder.values["few"].size == 24  # fewer than rounding leaves a figure of
    planted.narrowed["few"] = 0.4
    planted.causes.append(("clipping", ("few",)))
    pair = planted.write(tmp_path)
    with diagnosed(pair.sample, pair.benchmark) as found:
        first = found.diagnosis.first
    assert right(planted, found.diagnosis) and first.proof is Proof.TWIN, (first.cause, first.layers)

"""INT16 advice over a set: tried on the twin, and given for pairs of dumps too where those have one."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sgs_tui.engine.backends.quantize import Quantization
from sgs_tui.engine.compare.limits import MANUAL, Limits, Profile
from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.runs.run_folder import RunRequest
from sgs_tui.engine.sweep.int16 import _candidates, _fewer, _near, advise_int16, from_json, to_json
from sgs_tui.engine.sweep.onnx_pictures import OnnxPictures
from sgs_tui.engine.sweep.pairs import DumpPairs
from sgs_tui.engine.sweep.pictures import sample_pictures
from sgs_tui.engine.sweep.results import Kind, Picture, SetFinding, SweepResult
from sgs_tui.engine.sweep.simulated import SimulatedPictures
from sgs_tui.engine.sweep.sweep import Sweep, SweepRequest, processes
from sgs_tui.engine.sweep.twin_pictures import TwinPictures
from sgs_tui.engine.sweep.workers import How
from sgs_tui.engine.twin.opening import Files
from sgs_tui.engine.twin.set_search import PictureResult, over_pictures, told_worse


@pytest.fixture(scope="module")
def bad() -> Path:
    return Path(__file__).resolve().parents[2] / "data" / "sgs" / "bad"


@pytest.fixture(scope="module")
def arrays(bad: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Picture, ...]:
    folder = tmp_path_factory.mktemp("pictures")
    with open_dump(bad / "bad_float.bin") as dump:
        own = dump.read(dump.find("data")[0]).reshape(1, 32, 32, 3)
    for number, gain in enumerate((1, 0.9, 0.8, 0.7)):
        np.save(folder / f"{number}.npy", own * np.float32(gain))
    return sample_pictures([(folder / f"{number}.npy",) for number in range(4)])


def advised(how: How, pictures: tuple[Picture, ...]) -> tuple[SweepResult, SetFinding | None]:
    sweep = Sweep(SweepRequest(how, pictures), processes(1))
    list(sweep.run())
    result = sweep.result()
    return result, advise_int16(how, pictures, result)


def twin_of(bad: Path, profile: Profile = MANUAL) -> TwinPictures:
    files = Files(bad / "bad_float.bin", bad / "bad_fixed_dq.bin", bad / "tensor_min_max.txt")
    return TwinPictures(files, profile=profile)


def test_what_mends_one_picture_mends_all_and_is_measured(bad: Path, arrays: tuple[Picture, ...]) -> None:
    result, found = advised(twin_of(bad), arrays)
    assert result.failing_layers and found is not None and found.kind is Kind.INT16
    assert found.layers == ("cat",) and found.text.endswith("within the limits on all 4 pictures")
    assert "tensor_arrays='cat'" in found.advice and "gate" in found.evidence[0]
    why = "10 values: their rounding is chance"
    assert found.evidence[-1] == (
        f"3 of 20 layers can not be foreseen and are not judged by it: logits#48: {why}, logits: {why}, prob: {why}"
    ), "the sweep's 20 layers and the 17 that trials are judged by"
    healed, nothing = advised(
        TwinPictures(Files(bad / "bad_float.bin", None, bad / "tensor_min_max.txt"), 1, ("cat",)), arrays
    )
    assert healed.failing_layers == 0 and nothing is None, "the set that is advised heals, and then none is"
    healed, nothing = advised(replace(twin_of(bad), int16=("cat",)), arrays)
    assert healed.failing_layers == 0 and nothing is None, "as it does on top of what a fixed dump tells"


def test_pairs_of_dumps_have_a_twin_too(bad: Path) -> None:
    pair = (bad / "bad_fixed_dq.bin", bad / "bad_float.bin")
    _, found = advised(DumpPairs(bad / "tensor_min_max.txt"), (Picture("one", pair), Picture("again", pair)))
    assert found is not None and found.layers == ("cat",) and found.text.endswith("on all 2 pictures")


def test_the_dumps_that_the_twin_writes_have_that_twin(sgs: Path, arrays: tuple[Picture, ...], tmp_path: Path) -> None:
    """One scale a tensor, and its own mean and std: the pair and the pictures are told the same."""
    bad = sgs / "bad"
    how = twin_of(bad)
    result, found = advised(how, arrays[:2])
    made = sorted(how.dump(arrays[:2], tmp_path))
    pairs = tuple(Picture(str(n), (made[2 * n], made[2 * n + 1])) for n in range(2))
    ini = tmp_path / "mine.ini"
    ini.write_text((bad / "input_config.ini").read_text())
    again, same = advised(DumpPairs(bad / "tensor_min_max.txt", ini=ini), pairs)
    assert found is not None and same is not None and (same.text, same.layers) == (found.text, found.layers)
    assert [row.failing for row in again.pictures] == [row.failing for row in result.pictures]


def test_an_onnx_model_has_a_twin_and_is_told_what_heals_it(bad: Path, tmp_path: Path) -> None:
    """Of the same numbers as the pictures above, which the model wants NCHW."""
    with open_dump(bad / "bad_float.bin") as dump:
        own = dump.read(dump.find("data")[0]).reshape(1, 32, 32, 3).transpose(0, 3, 1, 2)
    for number, gain in enumerate((1, 0.8)):
        np.save(tmp_path / f"{number}.npy", own * np.float32(gain))
    samples = [(tmp_path / "0.npy",), (tmp_path / "1.npy",)]
    how = OnnxPictures(bad / "bad.onnx", tuple(samples), quantization=Quantization(per_channel=False))
    result, found = advised(how, sample_pictures(samples))
    assert result.failing_layers and found is not None
    assert found.layers == ("cat",) and found.pictures and found.advice == "--int16 cat with the same command"
    healed, nothing = advised(replace(how, quantization=Quantization(False, ("cat",))), sample_pictures(samples))
    assert healed.failing_layers == 0 and nothing is None, "what is advised heals"


def test_what_fails_first_has_candidates_of_its_own(bad: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its error is what all behind it inherit: the nearest before all that fails may be none before it."""
    plan = twin_of(bad).open().plan
    late = plan.layers()[-8:]
    first = next(name for name in plan.layers() if _near(plan, [name]))
    monkeypatch.setattr("sgs_tui.engine.sweep.int16._CANDIDATES", 2)
    assert _near(plan, [first])[0] not in _candidates(plan, late)
    assert _near(plan, [first])[0] in _candidates(plan, (first, *late))


def test_a_picture_that_becomes_worse_is_named(
    bad: Path, arrays: tuple[Picture, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = over_pictures(())
    result = PictureResult("p", replace(empty, failing=2, worst_rmse=0.6), replace(empty, failing=3, worst_rmse=0.7))
    assert result.worse and told_worse(result) == "p (2 to 3 layers over the limits, worst RMSE 0.6000 to 0.7000)"
    larger = replace(result, after=replace(empty, failing=2, worst_rmse=0.7))
    assert larger.worse and told_worse(larger) == "p (worst RMSE 0.6000 to 0.7000, mean 0 to 0)"
    assert not replace(result, after=replace(empty, failing=1, worst_rmse=0.62)).worse
    monkeypatch.setattr(PictureResult, "worse", property(lambda each: each.name == "1"))
    _, found = advised(twin_of(bad), arrays[:2])
    assert found is not None and [each for each in found.evidence if each.startswith("worse with it: 1 (1 to 0 ")]


def test_where_nothing_helps_that_is_said(bad: Path, arrays: tuple[Picture, ...]) -> None:
    _, found = advised(twin_of(bad, Profile("hard", Limits(sqnr_db=80.0), Limits())), arrays[:2])
    assert found is not None and found.text.startswith("INT16 does not help") and not found.pictures
    assert " of 17 layers that can be foreseen fail on the worst" in found.evidence[0]


def test_where_there_is_no_twin_that_is_said(bad: Path, arrays: tuple[Picture, ...], tmp_path: Path) -> None:
    result, _ = advised(twin_of(bad), arrays[:1])
    asked = RunRequest(("simulator",), "sdk", "model.sim", "float", ())
    simulated = SimulatedPictures((), (), runs=((asked, asked),), root=tmp_path)
    found = advise_int16(simulated, arrays[:1], result)
    assert found is not None and found.text.startswith("INT16 was not tried: the dumps of the pictures' runs are not")
    assert not found.layers and "--keep worst:5" in found.advice


def test_advice_goes_through_a_journal(arrays: tuple[Picture, ...]) -> None:
    finding = SetFinding(Kind.INT16, "text", (2, 0), ("a", "b"), ("proof",), "do")
    assert from_json(to_json(finding, arrays), arrays) == finding
    assert from_json(None, arrays) is None and from_json({"text": 1}, arrays) is None
    assert to_json(None, arrays) is None


@pytest.mark.parametrize(("after", "worth"), [((29, 4), False), ((30, 0), False), ((17, 3), True), ((0, 4), True)])
def test_a_layer_less_of_thirty_is_no_advice(after: tuple[int, ...], worth: bool) -> None:
    trials = zip((30, 4), after, strict=True)
    empty = over_pictures(())
    results = [PictureResult("p", replace(empty, failing=was), replace(empty, failing=now)) for was, now in trials]
    assert _fewer(results) == worth

"""`sgs-tui twin` and `sgs-tui whatif` from the command line, on real dumps."""

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from sgs_tui.engine.dumps.reader import Dump, open_dump
from sgs_tui.engine.twin.network import relative_error
from tests.batch.test_schemas import check
from tests.cli.conftest import Command
from tests.engine.twin.nets import Net, stem

FLOAT, FIXED = "bad/bad_float.bin", "bad/bad_fixed_dq.bin"
RANGES = "bad/tensor_min_max.txt"


def picture(sgs: Path) -> np.ndarray:
    with open_dump(sgs / FLOAT) as dump:
        return dump.read(dump.find("data")[0]).reshape(1, 32, 32, 3)


def values(dump: Dump) -> dict[str, np.ndarray]:
    return {record.name: dump.read(record) for record in dump.records}


@pytest.fixture
def with_barrier(tmp_path: Path) -> str:
    """A network with an op that nobody knows."""
    net = Net()
    name = stem(net, np.random.default_rng(1), 8, 8, 4)
    net.op("NOVEL_OP", [name], [], {"odd": np.abs(net.values[name]) ** 1.5})
    net.op("RELU", ["odd"], [], {"end": np.maximum(net.values["odd"], 0)})
    return str(net.write(tmp_path / "barrier.bin"))


def test_every_op_with_its_proof(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    ended = command("twin", FLOAT)
    assert (ended.code, ended.err) == (0, "")
    lines = ended.text.splitlines()
    assert lines[1].startswith("24 ops: 24 exact, 0 close, 0 barrier; worst op ")
    assert max(map(len, lines)) <= 80
    [cat] = [line.split() for line in lines if " cat " in line]
    assert cat[:3] == ["11", "CONCATENATION", "exact"] and cat[4:] == ["cat", "64", "rows"]


def test_the_document_of_a_twin(command: Command) -> None:
    document = check(command("twin", FLOAT, "--format", "json").out, "twin")
    assert document["totals"] == {"exact": 24, "close": 0, "barrier": 0}
    assert document["whole_network_error"] <= 1e-4 and document["seconds"] < 20
    first = document["ops"][0]
    assert (first["kind"], first["attributes"]) == ("CONV_2D", "3x3, stride 2, pad 1,1,0,0")
    assert all(op["proof"] == "exact" and op["error"] <= 1e-5 and op["why"] == "" for op in document["ops"])


def test_a_barrier_is_named(command: Command, with_barrier: str) -> None:
    ended = command("twin", with_barrier)
    assert ended.code == 0 and "2 exact, 0 close, 1 barrier" in ended.text
    assert "barrier: NOVEL_OP odd: ops of type NOVEL_OP are not known; its dumped values go on" in " ".join(
        ended.text.split()
    )
    document = check(command("twin", with_barrier, "--format", "json").out, "twin")
    odd = document["ops"][1]
    assert (odd["proof"], odd["error"], odd["why"]) == ("barrier", None, "ops of type NOVEL_OP are not known")


def test_what_behind_a_barrier_is_not_predicted(command: Command, with_barrier: str) -> None:
    (Path(with_barrier).parent / "tensor_min_max.txt").write_text(
        "Name:in, min: -4, max: 4;\nName:stem, min: -9, max: 9;\n"
    )
    document = check(command("whatif", with_barrier, "--format", "json").out, "whatif")
    assert {each["name"]: each["why_not"] for each in document["layers"]}["end"] == (
        "it is computed from an op that could not be rebuilt"
    )
    assert any("no calibrated range" in note for note in document["notes"])


@pytest.mark.parametrize("more", [(), ("--quantized", "--ranges", RANGES, "--level", "L1")])
def test_export(command: Command, sgs: Path, tmp_path: Path, more: tuple[str, ...]) -> None:
    target = tmp_path / "net.onnx"
    ended = command("twin", FLOAT, "-o", str(target), *more, "--format", "json")
    assert ended.code == 0 and json.loads(ended.out)["exported"] == str(target)
    onnx.checker.check_model(str(target), full_check=True)
    session = onnxruntime.InferenceSession(str(target), providers=["CPUExecutionProvider"])
    [trans] = session.run(["out::trans"], {"in::data": picture(sgs)})
    with open_dump(sgs / FLOAT) as dump:
        error = relative_error(np.asarray(trans, np.float32), dump.read(dump.find("trans")[-1]))
    assert error <= 1e-5 if not more else 1e-3 < error < 0.03


@pytest.mark.parametrize("axes", [(0, 1, 2, 3), (0, 3, 1, 2)])
def test_a_picture_of_a_file_in_either_layout(
    command: Command, sgs: Path, tmp_path: Path, axes: tuple[int, ...]
) -> None:
    np.save(tmp_path / "same.npy", picture(sgs).transpose(axes))
    ended = command("twin", FLOAT, "--run", str(tmp_path / "same.npy"), "--dumps", str(tmp_path), "--level", "L1")
    paths = [tmp_path / f"same_{stage}.bin" for stage in ("float", "fixed")]
    assert ended.code == 0 and ended.text.splitlines() == [str(path) for path in paths]
    with open_dump(sgs / FLOAT) as dump, open_dump(paths[0]) as made:
        ours, theirs = values(made), values(dump)
        assert list(ours) == list(theirs)
        assert max(relative_error(ours[name], theirs[name]) for name in theirs) <= 1e-5
    compared = json.loads(command("compare", *map(str, paths[::-1]), "--format", "json").out)
    failing = [layer["name"] for layer in compared["layers"] if layer["verdict"] == "fail"]
    assert failing == ["gate"]
    again = command("twin", FLOAT, "--run", str(tmp_path / "same.npy"), "--dumps", str(tmp_path))
    assert again.code == 3 and "same_float.bin: is there already; name another folder: --dumps DIR" in again.err


def test_a_picture_through_a_script(command: Command, tmp_path: Path) -> None:
    (tmp_path / "pre.py").write_text(
        "import numpy as np\ndef image_preprocess(path, norm=True):\n"
        "    return np.full((1, 32, 32, 3), 0.5, np.float32)\n"
    )
    (tmp_path / "cat.jpg").write_bytes(b"\xff\xd8")
    arguments = ("--run", str(tmp_path / "cat.jpg"), "-n", str(tmp_path / "pre.py"), "--dumps", str(tmp_path))
    assert command("twin", FLOAT, *arguments, "--level", "L2").code == 0
    with open_dump(tmp_path / "cat_float.bin") as made:
        assert np.all(made.read(made.find("data")[0]) == 0.5) and made.health.ok


def test_raw_pixels_where_the_dump_has_normalized_ones_are_noticed(command: Command, sgs: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "raw.npy", picture(sgs) * 127 + 127)
    arguments = ("twin", FLOAT, "--run", str(tmp_path / "raw.npy"), "--dumps")
    ended = command(*arguments, str(tmp_path))
    assert ended.code == 0 and "input data: its values reach " in ended.err, ended.err
    refused = command(*arguments, str(tmp_path / "raw.npy"))
    assert refused.code == 3 and "raw.npy: is no folder; name a folder" in refused.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("twin", "onnx/onnx_NHWC_outtensor_dump.bin"), 3, "holds outputs only, so the network can not be rebuilt"),
        (("twin", FIXED), 3, "is no float dump"),
        (("twin", "damaged/stops_early.bin"), 3, "damaged"),
        (("twin", "nosuch.bin"), 3, "nosuch.bin"),
        (("twin", FLOAT, "--quantized"), 2, "export to which file"),
        (("twin", "bad_int16/cat_float.bin", "--quantized", "-o", "TMP/net.onnx"), 2, "no calibrated ranges"),
        (("twin", FLOAT, "-o", "TMP/none/net.onnx"), 3, "there is no folder"),
        (("twin", FLOAT, "--run", "nosuch.npy"), 3, "there is no such image"),
        (("twin", FLOAT, "--run", "onnx/tiny.onnx"), 3, "neither an image nor a list"),
        (("twin", FLOAT, "-o", "TMP/n.onnx", "--quantized", "--ranges", "tiny/tensor_statistics.txt"), 3, "line 1"),
        (("twin", FLOAT, "-o", "TMP/n.onnx", "--quantized", "--int16", "gate"), 2, "no convolution reads it"),
        (("whatif", FIXED, FLOAT, "--int16", "kat"), 2, "did you mean cat?"),
        (("whatif", "bad_int16/cat_float.bin", "--int16", "cat"), 2, "name it: --ranges tensor_min_max.txt"),
        (("whatif", FLOAT, FIXED), 3, "is no float dump"),
        (("whatif", FLOAT, FLOAT), 3, "is no fixed dump of this network"),
        (("whatif", FIXED, "onnx/onnx_NHWC_outtensor_dump.bin"), 3, "holds outputs only"),
        (("whatif", FIXED, FLOAT, FLOAT), 2, "3 dumps given"),
        (("whatif", FLOAT, "--level", "L6"), 2, "L6"),
        (("whatif", FIXED, FLOAT, "--profile", "none"), 2, "none"),
    ],
)
def test_refusals(command: Command, tmp_path: Path, arguments: tuple[str, ...], code: int, said: str) -> None:
    ended = command(*(word.replace("TMP", str(tmp_path)) for word in arguments))
    errors = [line for line in ended.err.splitlines() if line.startswith("sgs-tui: error: ")]
    assert (ended.code, ended.out, len(errors)) == (code, b"", 1) and said in errors[0], ended.err
    assert list(tmp_path.iterdir()) == []


def test_a_network_with_a_barrier_can_not_be_run(command: Command, tmp_path: Path, with_barrier: str) -> None:
    np.save(tmp_path / "x.npy", np.zeros((1, 8, 8, 3), np.float32))
    ended = command("twin", with_barrier, "--run", str(tmp_path / "x.npy"), "--dumps", str(tmp_path))
    assert ended.code == 3 and "NOVEL_OP odd could not be rebuilt: ops of type NOVEL_OP are not known" in ended.err


# whatif


def test_cat_in_int16_repairs_gate(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    ended = command("whatif", FIXED, FLOAT, "--int16", "cat")
    assert ended.code == 0, ended.err
    assert "found beside and taken: bad/tensor_min_max.txt" in ended.err
    lines = ended.text.splitlines()
    assert lines[0].startswith("self-check     the fixed dump is foreseen, 0.00 dB (median), 0.0")
    assert "newly fixed    gate" in lines and "newly failing  none" in lines
    [gate] = [line.split() for line in lines if line.startswith("gate ")]
    assert gate[:3] == ["gate", "0.0", "0.0"] and gate[-1] == "fixed"
    assert float(gate[3]) == pytest.approx(24.6, abs=0.3)
    assert max(map(len, lines)) <= 80 and "no room for op: a wider screen or --format json has them" in lines
    monkeypatch.setenv("COLUMNS", "120")
    wide = command("whatif", FIXED, FLOAT, "--int16", "cat").text
    assert "gate " in wide and " MUL " in wide and "no room" not in wide


def test_the_document_of_a_whatif(command: Command) -> None:
    document = check(command("whatif", FIXED, FLOAT, "--int16", "cat", "--format", "json").out, "whatif")
    assert document["self_check"]["median_db"] <= 0.2 and document["self_check"]["trusted"] is True
    assert (document["int16"], document["newly_fixed"], document["newly_failing"]) == (["cat"], ["gate"], [])
    layers = {each["name"]: each for each in document["layers"]}
    gate = layers["gate"]
    assert gate["measured_sqnr_db"] == pytest.approx(0.02, abs=0.01)
    assert gate["before_sqnr_db"] == pytest.approx(0.02, abs=0.1)
    assert gate["after_sqnr_db"] == pytest.approx(24.6, abs=0.3)
    assert gate["before_rmse"] > 0.99 and gate["after_rmse"] < 0.08 and gate["predicted"] and gate["error_bar_db"] > 0
    assert not layers["prob"]["predicted"] and layers["prob"]["why_not"].startswith("10 values")
    assert layers["prob"]["error_bar_db"] is None
    cost = document["cost"]
    assert cost["before"]["multiplications"] == 0 and 0.3 < cost["after"]["multiplications"] < 0.4
    assert cost["after"]["weight_bytes"] > cost["before"]["weight_bytes"]


def test_before_any_fixed_model_exists(command: Command) -> None:
    ended = command("whatif", FLOAT, "--ranges", RANGES, "--level", "l1", "--format", "json")
    assert ended.code == 1  # gate fails
    now = check(ended.out, "whatif")
    assert now["self_check"] is None and now["failing"] == ["gate"] and now["level"] == 1
    ended = command("whatif", FLOAT, "--ranges", RANGES, "--level", "L1", "--int16", "ALL", "--format", "json")
    every = check(ended.out, "whatif")
    assert ended.code == 0 and every["newly_fixed"] == ["gate"]
    assert set(every["int16"]) == {"/backbone/relu1/Relu_output_0", "sp_b", "pool", "cat", "flat#46"}
    with_cat = json.loads(command("whatif", FLOAT, "--level", "L1", "--int16", "cat", "--format", "json").out)
    rerun = json.loads(command("whatif", "bad_int16/cat_fixed_dq.bin", FLOAT, "--format", "json").out)
    real = {each["name"]: each["measured_sqnr_db"] for each in rerun["layers"]}
    off = [
        abs(e["after_sqnr_db"] - real[e["name"]]) for e in with_cat["layers"] if e["predicted"] and e["name"] in real
    ]
    assert len(off) >= 15 and np.median(off) <= 0.2 and max(off) <= 1.5


def test_what_is_int16_already_and_is_not_named_goes_back(command: Command) -> None:
    repaired, reference = "bad_int16/cat_fixed_dq.bin", "bad_int16/cat_float.bin"
    ended = command("whatif", repaired, reference, "--ranges", "bad_int16/cat_tensor_min_max.txt", "--format", "json")
    as_it_is = check(ended.out, "whatif")
    assert ended.code == 0 and as_it_is["int16"] == ["cat"] and as_it_is["failing"] == []
    ended = command("whatif", repaired, reference, "--int16", "", "--format", "json")
    back = check(ended.out, "whatif")
    assert ended.code == 1 and back["int16"] == [] and back["newly_failing"] == ["gate"]


def test_ranges_of_another_calibration_are_noticed(command: Command) -> None:
    """`tiny` has the same names; the scales of the fixed dump tell."""
    ended = command("whatif", FIXED, FLOAT, "--ranges", "tiny/tensor_min_max.txt", "--int16", "cat")
    assert "scales of bad/bad_fixed_dq.bin are not those of tiny/tensor_min_max.txt: another calibration?" in ended.err
    assert "another calibration" not in command("whatif", FIXED, FLOAT).err


def test_profiles_give_the_limits(command: Command, tmp_path: Path) -> None:
    strict = json.loads(
        command("whatif", FIXED, FLOAT, "--int16", "cat", "--profile", "strict", "--format", "json").out
    )
    assert strict["failing"] == ["gate"]  # 24.6 dB, less than 27
    rules = tmp_path / "own.toml"
    rules.write_text('base = "strict"\n[fail]\nmse = 1\n[[rule]]\nlayer = "gate"\nfail = {sqnr_db = 20, cos = 0.9}\n')
    ended = command("whatif", FIXED, FLOAT, "--int16", "cat", "--profile", str(rules), "--format", "json")
    assert ended.code == 0 and json.loads(ended.out)["failing"] == []
    assert "profile own: the twin foresees no MSE, these limits do not count" in ended.err

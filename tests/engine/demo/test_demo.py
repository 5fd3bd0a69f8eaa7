"""The embedded demo: the planted fault shows as issue and documentation promise, and 16 bits heal it."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sgs_tui.engine.demo.demo import CULPRIT, DemoFiles, build_demo
from sgs_tui.engine.dumps.format import Direction
from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.errors import InputError, UsageError


def rmse(files: DemoFiles) -> dict[str, float]:
    """The manual's RMSE of every layer on both sides, in network order."""
    with open_dump(files.fixed_dump) as fixed, open_dump(files.float_dump) as real:
        reals = {record.name: real.values(record) for record in real.outputs()}
        pairs = [(record.name, fixed.values(record), reals[record.name]) for record in fixed.outputs()]
    return {name: float(np.abs(s - b).sum() / np.abs(b).sum()) for name, s, b in pairs}


def ranges(files: DemoFiles) -> dict[str, float]:
    lines = [line.removeprefix("Name:").rstrip(";") for line in files.ranges.read_text().splitlines()]
    fields = [line.replace(", min: ", "|").replace(", max: ", "|").split("|") for line in lines]
    return {name: float(high) - float(low) for name, low, high in fields}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoFiles:
    return build_demo(tmp_path_factory.mktemp("demo") / "new" / "folder")


def test_the_fault_shows_behind_the_wide_tensor_and_stays(demo: DemoFiles) -> None:
    errors = rmse(demo)
    names = list(errors)
    after = names.index(CULPRIT) + 1
    assert names[after] == "mix_relu" and errors["mix_relu"] == pytest.approx(0.95, abs=0.01)
    assert max(errors[name] for name in names[: after - 1]) < 0.03 and errors[CULPRIT] < 0.1
    assert min(errors[name] for name in names[after:]) > 0.8
    assert ranges(demo)[CULPRIT] == pytest.approx(1234, abs=5)


def test_sixteen_bits_for_that_one_tensor_heal_it(tmp_path: Path) -> None:
    healed = build_demo(tmp_path, (CULPRIT,))
    assert max(rmse(healed).values()) < 0.05
    with open_dump(healed.fixed_dump) as dump:
        types = {record.name: record.type_name for record in dump.outputs()}
        weights = {r.name: r.type_name for r in dump.records if r.constant and r.name.endswith(".weight")}
    assert types.pop(CULPRIT) == "SGS_U16" and set(types.values()) == {"SGS_U8"}
    assert weights.pop("mix.weight") == "SGS_S16" and set(weights.values()) == {"SGS_S8"}, "as on the chip"


def test_the_dumps_look_like_the_simulators(demo: DemoFiles) -> None:
    for path in (demo.float_dump, demo.fixed_dump):
        with open_dump(path) as dump:
            assert dump.health.ok and dump.is_float
            produced = {"data"}
            for record in dump.records:
                if record.direction is Direction.OUT:
                    produced.add(record.name)
                else:
                    assert record.constant or record.name in produced, "an input that no earlier op made"
                assert record.shape and int(np.prod(record.shape)) == record.count
            indices = [record.op_index for record in dump.records]
            assert indices == sorted(indices) and set(indices) == set(range(max(indices) + 1))
            by_name = {record.name: record for record in dump.records}
            assert by_name["data"].shape == (1, 32, 32, 3), "NHWC, as the simulator has it"
            assert by_name["mix.weight"].constant and by_name["mix.weight"].shape == (24, 3, 3, 24)
            consumers = [r.op_type for r in dump.records if r.name == CULPRIT and r.direction is Direction.IN]
            assert consumers == ["CONV_2D"]


def test_the_fixed_dump_holds_codes_that_its_headers_explain(demo: DemoFiles) -> None:
    with open_dump(demo.fixed_dump) as dump:
        for record in dump.outputs():
            codes = dump.values(record) / record.scale + record.zero_point
            assert record.scale > 0.00001 and np.abs(codes - np.rint(codes)).max() < 0.4, record.name
            assert codes.min() > -0.4 and codes.max() < 255.4


def test_constants_agree_on_both_sides(demo: DemoFiles) -> None:
    with open_dump(demo.fixed_dump) as fixed, open_dump(demo.float_dump) as real:
        reals = {record.name: real.values(record) for record in real.records if record.constant}
        fixeds = {record.name: fixed.values(record) for record in fixed.records if record.constant}
    assert set(fixeds) == set(reals) and len(reals) == 14
    worst = max(
        np.abs(fixeds[name] - reals[name]).sum() / np.abs(reals[name]).sum() for name in reals if reals[name].any()
    )
    assert worst < 0.05


def test_the_same_bytes_on_every_run_and_in_another_process(demo: DemoFiles, tmp_path: Path) -> None:
    code = "import sys, pathlib; from sgs_tui.engine.demo.demo import build_demo; build_demo(pathlib.Path(sys.argv[1]))"
    run = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", code, str(tmp_path / "again")],
        capture_output=True, check=True, env={**os.environ, "PYTHONHASHSEED": "7", "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    again = DemoFiles.below(tmp_path / "again")
    assert [path.read_bytes() for path in again.paths()] == [path.read_bytes() for path in demo.paths()]
    said = [line for line in run.stderr.decode().splitlines() if not line.startswith("import time:")]
    assert run.stdout == b"" and said == [], "the demo prints nothing"


def test_it_replaces_its_own_files_and_no_others(tmp_path: Path) -> None:
    first = build_demo(tmp_path)
    before = first.fixed_dump.read_bytes()
    build_demo(tmp_path, (CULPRIT,))
    assert first.fixed_dump.read_bytes() != before
    assert {path.name for path in tmp_path.iterdir()} == {
        "model.onnx", "fixed.onnx", "float.bin", "fixed.bin", "tensor_min_max.txt", "input_config.ini", "images",
    }  # fmt: skip
    other = tmp_path / "other"
    other.mkdir()
    (other / "float.bin").write_bytes(b"mine")
    with pytest.raises(InputError, match=r"float\.bin: is there already, and not from a demo"):
        build_demo(other)
    assert [path.name for path in other.iterdir()] == ["float.bin"]


def test_a_misspelt_tensor_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no tensor is named expnd") as failure:
        build_demo(tmp_path, ("expnd",))
    assert failure.value.hint == "did you mean expand?"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []

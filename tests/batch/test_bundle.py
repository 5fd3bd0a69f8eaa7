"""The bundle: what is in it, that it was said before, and that nothing is overwritten or half written."""

import io
import json
import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from sgs_tui.batch.compare import bundle, compare
from sgs_tui.batch.report import Report
from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.errors import FileChangedError
from sgs_tui.engine.reports import bundle as bundle_module
from sgs_tui.engine.reports.bundle import plan_bundle, write_bundle
from sgs_tui.engine.session import CompareRequest


@pytest.fixture
def case(sgs: Path, tmp_path: Path) -> CompareRequest:
    """`bad` in a folder of its own, with what a user has lying around."""
    folder = tmp_path / "case"
    shutil.copytree(sgs / "bad", folder)
    (folder / "log").mkdir()
    (folder / "log" / "simulator.log").write_text("it ran\n")
    (folder / "bad_fixed.sim.json").write_text("[]")
    return CompareRequest(folder / "bad_fixed_dq.bin", folder / "bad_float.bin", folder / "tensor_min_max.txt")


def rows_of(request: CompareRequest) -> Report:
    return compare(request)


def test_what_is_in_a_bundle(case: CompareRequest, tmp_path: Path) -> None:
    said: list[str] = []
    path = bundle(rows_of(case), tmp_path / "out.zip", said.append)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert names == [
            *("CONTENT.txt", "comparison.json", "vendor_report.txt", "report.html"),
            *("calibration/tensor_min_max.txt", "sample/bad_fixed_dq.DebugConfig.txt", "sample/input_config.ini"),
            *("sample/log/simulator.log", "sample/bad_fixed.sim.json", "benchmark/bad_float.DebugConfig.txt"),
            *("tensors/9.gate.sample.npy", "tensors/9.gate.benchmark.npy"),
        ]
        assert json.loads(archive.read("comparison.json"))["summary"]["failed"] == 1
        assert b"9.gate.xx.output0\tOP: MUL" in archive.read("vendor_report.txt")
        assert b"1 of 20 layers failed" in archive.read("report.html")
        assert archive.read("sample/input_config.ini") == (case.sample.parent / "input_config.ini").read_bytes()
        content = archive.read("CONTENT.txt").decode()
        assert all(name in content for name in names[1:])
        assert "the models and the whole dumps" in content
    assert [name for name in names if not any(f"{name}, " in line for line in said)] == []


def test_a_companion_that_leads_elsewhere_stays_out_and_its_target_is_said(
    case: CompareRequest, tmp_path: Path
) -> None:
    secret, folder = tmp_path / "secret", case.sample.parent
    secret.write_text("secret\n")
    (folder / "input_config.ini").unlink()
    (folder / "input_config.ini").symlink_to(secret)
    (folder / "other.log").symlink_to("log/simulator.log")  # within the folder: the file itself, once
    path = bundle(rows_of(case), tmp_path / "out.zip", lambda line: None)
    with zipfile.ZipFile(path) as archive:
        assert not any(archive.read(name) == b"secret\n" for name in archive.namelist())
        content = archive.read("CONTENT.txt").decode()
        logs = [name for name in archive.namelist() if name.endswith(".log")]
    assert f"a link to {secret}, outside the dump's folder" in content
    assert len(logs) == 1


def test_tensors_are_the_dumps_values(case: CompareRequest, tmp_path: Path) -> None:
    path = bundle(rows_of(case), tmp_path / "out.zip", lambda line: None)
    with zipfile.ZipFile(path) as archive, open_dump(case.sample) as dump:
        found = np.load(io.BytesIO(archive.read("tensors/9.gate.sample.npy")))
        record = dump.find("gate")[0]
        assert found.dtype == np.float32
        assert found.size == record.count
        assert found.ravel().tolist() == dump.read(record).tolist()


def test_everything_is_said_before_the_first_byte_is_written(
    case: CompareRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    made = rows_of(case)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("sgs_tui.batch.compare.write_bundle", stop)
    with pytest.raises(KeyboardInterrupt):
        bundle(made, tmp_path / "out.zip", said.append)
    assert len(said) == 13
    assert not (tmp_path / "out.zip").exists()


def test_nothing_is_overwritten(case: CompareRequest, tmp_path: Path) -> None:
    (tmp_path / "out.zip").write_text("mine")
    made = rows_of(case)
    paths = [bundle(made, tmp_path / "out.zip", lambda line: None) for _ in range(2)]
    assert [path.name for path in paths] == ["out.1.zip", "out.2.zip"]
    assert (tmp_path / "out.zip").read_text() == "mine"


def test_a_dump_that_changes_leaves_no_half_bundle(case: CompareRequest, tmp_path: Path) -> None:
    made = rows_of(case)
    plan = plan_bundle(case, made.rows, [])

    def touch(done: int, total: int) -> None:
        os.utime(case.sample, ns=(1, done))

    with pytest.raises(FileChangedError):
        write_bundle(plan, case, tmp_path / "out.zip", touch)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["case"]


def test_what_has_no_room_is_named(case: CompareRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle_module, "MOST_TENSOR_BYTES", 100)
    monkeypatch.setattr(bundle_module, "LARGEST", 3)
    plan = plan_bundle(case, rows_of(case).rows, [])
    assert not any(part.name.startswith("tensors/") for part in plan.parts)
    assert any("gate: its tensors" in line for line in plan.left_out)
    assert any("simulator.log: a log, 7 B, too large" in line for line in plan.left_out)


def test_an_unsure_debugconfig_says_so(sgs: Path, tmp_path: Path) -> None:
    for name, source in (("s.bin", "tiny/fixed_dq.bin"), ("b.bin", "tiny/float.bin")):
        shutil.copy(sgs / source, tmp_path / name)
    (tmp_path / "DebugConfig.txt").write_text("dumpTensor\n")
    request = CompareRequest(tmp_path / "s.bin", tmp_path / "b.bin")
    plan = plan_bundle(request, rows_of(request).rows, [])
    (config,) = [part for part in plan.parts if part.name.endswith("DebugConfig.txt")]
    assert "perhaps of another run" in config.what
    assert any(part.name.startswith("tensors/") for part in plan.parts), "the worst layer, where none fails"


def test_nothing_comparable_still_makes_a_bundle(sgs: Path, tmp_path: Path) -> None:
    request = CompareRequest(sgs / "damaged/empty.bin", sgs / "tiny/float.bin")
    path = bundle(rows_of(request), tmp_path / "out.zip", lambda line: None)
    with zipfile.ZipFile(path) as archive:
        assert b"damaged" in archive.read("report.html")

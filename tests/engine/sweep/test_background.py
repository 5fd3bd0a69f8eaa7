"""A sweep as a job: of any kind it goes to a worker and back as it is, and is what its kind measures."""

from pathlib import Path

import numpy as np
import pytest

from sgs_tui.engine.backends.jobs import JOB_FILE, job_from_json, local_run
from sgs_tui.engine.backends.preprocess import Preprocess
from sgs_tui.engine.errors import UsageError
from sgs_tui.engine.runs.run_folder import Product, RunRequest
from sgs_tui.engine.sweep.background import SweepJob, look, picture_dumps
from sgs_tui.engine.sweep.onnx_pictures import OnnxPictures
from sgs_tui.engine.sweep.pairs import DumpPairs
from sgs_tui.engine.sweep.results import Kind
from sgs_tui.engine.sweep.simulated import SimulatedPictures, Simulator
from sgs_tui.engine.sweep.twin_pictures import TwinPictures
from tests.engine.sweep.conftest import write_pair


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for number in range(2):
        np.save(tmp_path / f"{number}.npy", np.zeros((1, 4, 4, 3), np.float32))
        write_pair(tmp_path, f"p{number}", number)
    (tmp_path / "net.onnx").write_bytes(b"")
    return tmp_path


def pictures(place: Path) -> tuple[tuple[Path, ...], ...]:
    return tuple((place / f"{number}.npy",) for number in range(2))


def pairs(place: Path) -> SweepJob:
    files = tuple((place / "fixed" / f"p{at}.bin", place / "float" / f"p{at}.bin") for at in range(2))
    return SweepJob(files, place / "journal", names=("p0", "p1"))


def jobs(place: Path) -> dict[type, SweepJob]:
    request = RunRequest(("sim",), "sdk", str(place / "net.onnx"), "float", (Product("dump.bin"),), needs=("a.py",))
    runs = ((request, request), (request, request))
    made = Preprocess((place / "0.npy",))
    return {
        TwinPictures: SweepJob(pictures(place), float_dump=place / "float" / "p0.bin", level=2, preprocess=made),
        OnnxPictures: SweepJob(pictures(place), model=place / "net.onnx", calibration=pictures(place), int16=("a",)),
        SimulatedPictures: SweepJob(pictures(place), runs=runs, root=place / "runs"),
        DumpPairs: pairs(place),
    }


@pytest.mark.parametrize("kind", [TwinPictures, OnnxPictures, SimulatedPictures, DumpPairs])
def test_a_job_of_each_kind_travels(place: Path, kind: type) -> None:
    job = jobs(place)[kind]
    run = local_run(job)
    assert job_from_json(run.files[JOB_FILE], place, SweepJob) == job
    request = job.request()
    assert isinstance(request.how, kind) and len(request.pictures) == 2
    assert isinstance(job.runner(request), Simulator) == (kind is SimulatedPictures)


def test_pairs_are_measured_and_looked_at(place: Path) -> None:
    job = pairs(place)
    assert [row.reason for row in look(job)[1].pictures] == ["not measured"] * 2
    done = job.do()
    assert done.notes == ("healthy: no layer fails on any of 2 pictures",)
    found = look(job)[1]
    assert [row.name for row in found.pictures] == ["p0", "p1"] and found.findings[0].kind is Kind.HEALTHY
    assert picture_dumps(job, 1, place / "made") == (place / "fixed" / "p1.bin", place / "float" / "p1.bin")
    assert not (place / "made").exists()


def test_runs_that_were_not_kept_are_named(place: Path) -> None:
    with pytest.raises(UsageError, match="1: its runs were not kept"):
        picture_dumps(jobs(place)[SimulatedPictures], 1, place)

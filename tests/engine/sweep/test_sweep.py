"""A sweep says of each picture what a comparison of it alone says, whatever happens to its workers or its journal."""

import json
import os
import signal
from collections.abc import Iterator, Mapping
from math import isnan, nan
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from sgs_tui.engine.compare.elements import ArrayReader
from sgs_tui.engine.compare.results import Top1, Verdict
from sgs_tui.engine.errors import CancelledError, InputError, UsageError
from sgs_tui.engine.events import Progress, Row
from sgs_tui.engine.session import CompareRequest, open_comparison
from sgs_tui.engine.sweep.findings import with_causes
from sgs_tui.engine.sweep.gather import _share, worst_of
from sgs_tui.engine.sweep.journal import Journal
from sgs_tui.engine.sweep.measure import class_agreement
from sgs_tui.engine.sweep.pairs import DumpPairs
from sgs_tui.engine.sweep.pictures import listed_dumps, named_apart, paired_dumps
from sgs_tui.engine.sweep.results import (
    VERDICTS,
    Column,
    Failure,
    Kind,
    Layer,
    LimitsFrom,
    Measured,
    Picture,
    PictureRow,
    SetFinding,
    Status,
    SweepResult,
)
from sgs_tui.engine.sweep.sweep import Sweep, SweepRequest, processes
from sgs_tui.engine.sweep.workers import DIED
from tests.engine.build import rows_of
from tests.engine.sweep.conftest import write_pair


def swept(pictures: tuple[Picture, ...], workers: int = 1, journal: Path | None = None) -> SweepResult:
    sweep = Sweep(SweepRequest(DumpPairs(), pictures, journal), processes(workers))
    list(sweep.run())
    return sweep.result()


def pairs_of(folder: Path) -> tuple[Picture, ...]:
    return paired_dumps(folder / "fixed", folder / "float")[0]


def alone(picture: Picture) -> dict[str, tuple[float, float, float, Verdict]]:
    comparison = open_comparison(CompareRequest(*picture.files))
    try:
        rows = rows_of(comparison, workers=1)
    finally:
        comparison.close()
    return {
        row.name: (row.metrics.rmse, row.metrics.cos, row.metrics.sqnr_db, row.verdict)
        for row in rows
        if row.metrics is not None
    }


def check_equal(result: SweepResult, pictures: tuple[Picture, ...]) -> None:
    """Every figure of the set is that of the pictures compared alone."""
    each = [alone(picture) for picture in pictures]
    for row in result.layers:
        rmse = [one[row.layer.name][0] for one in each]
        assert row.spreads is not None
        assert row.spreads["rmse"] == pytest.approx(
            (max(rmse), np.quantile(rmse, 0.95), np.median(rmse)), rel=1e-12, abs=1e-12
        )
        cos, sqnr = ([one[row.layer.name][at] for one in each] for at in (1, 2))
        assert row.spreads["cos"].worst == min(cos) and row.spreads["sqnr_db"].worst == min(sqnr)
        assert row.spreads["sqnr_db"].p95 == pytest.approx(np.quantile(sqnr, 0.05), rel=1e-12)
        fails = tuple(place for place, one in enumerate(each) if one[row.layer.name][3] is Verdict.FAIL)
        assert row.failing_on == fails
        assert row.worst_picture == int(np.argmax(rmse))


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_figures_are_those_of_each_pair_alone(dumps: Path, workers: int) -> None:
    pictures = pairs_of(dumps)
    result = swept(pictures, workers)
    check_equal(result, pictures)
    assert result.pictures[result.order[0]].name == "p3" and result.pictures[3].status is Status.FAIL
    assert [found.kind for found in result.findings] == [Kind.ONE_PICTURE]


def test_the_order_of_arrival_does_not_matter(dumps: Path) -> None:
    pictures = pairs_of(dumps)
    backwards = Sweep(
        SweepRequest(DumpPairs(), pictures), lambda how, todo, cancel: processes(1)(how, todo[::-1], cancel)
    )
    list(backwards.run())
    one, other = swept(pictures), backwards.result()
    assert one.layers == other.layers and one.pictures == other.pictures and one.findings == other.findings
    assert np.array_equal(one.rmse, other.rmse)


class Killing:
    """Measures as pairs do; the named picture kills its worker, once or always."""

    def __init__(self, name: str, marker: Path | None) -> None:
        self.name, self.marker = name, marker

    def digest(self) -> str:
        return "killing"

    def open(self) -> "Killing":
        return self

    def small_files(self) -> tuple[Path, ...]:
        return ()

    def moved(self, places: Mapping[Path, Path]) -> "Killing":
        return self

    def measure(self, picture: Picture, cancel: Event | None = None) -> Measured:
        if picture.name == self.name and not (self.marker and self.marker.exists()):
            if self.marker:
                self.marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return DumpPairs().open().measure(picture, cancel)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_worker_costs_nothing(dumps: Path, tmp_path: Path, workers: int) -> None:
    pictures = pairs_of(dumps)
    sweep = Sweep(SweepRequest(Killing("p4", tmp_path / "killed"), pictures), processes(workers))
    list(sweep.run())
    assert (tmp_path / "killed").exists()
    check_equal(sweep.result(), pictures)


def test_a_picture_that_always_kills_its_worker_costs_its_own_row(dumps: Path) -> None:
    pictures = pairs_of(dumps)
    sweep = Sweep(SweepRequest(Killing("p4", None), pictures), processes(2))
    list(sweep.run())
    rows = sweep.result().pictures
    assert [row.reason for row in rows if row.status is Status.ERROR] == [DIED]
    assert rows[4].status is Status.ERROR and all(row.compared == 3 for row in rows if row is not rows[4])


def run_until(sweep: Sweep, done: int) -> None:
    """As Ctrl-C after so many pictures."""
    cancel = Event()
    for event in sweep.run(cancel):
        if isinstance(event, Progress) and event.done == done:
            cancel.set()


def test_it_goes_on_where_it_was_stopped(dumps: Path, tmp_path: Path) -> None:
    pictures, journal = pairs_of(dumps), tmp_path / "journal"
    first = Sweep(SweepRequest(DumpPairs(), pictures, journal), processes(1))
    with pytest.raises(CancelledError):
        run_until(first, 4)
    with journal.open("ab") as file:
        file.write(b'{"key":"torn by a kill","nam')
    again = Sweep(SweepRequest(DumpPairs(), pictures, journal), processes(2))
    rows = [event.value for event in again.run() if isinstance(event, Row)]
    assert 4 <= sum(row.known for row in rows) < 10 and len(rows) == 10
    check_equal(again.result(), pictures)
    third = Sweep(SweepRequest(DumpPairs(), pictures, journal), refuse)
    list(third.run())
    assert third.result().layers == again.result().layers


def refuse(how: object, pictures: object, cancel: Event) -> Iterator[None]:  # type: ignore[misc]
    raise AssertionError("everything is in the journal")
    yield


def test_a_sweep_that_was_stopped_claims_nothing_of_the_rest(tmp_path: Path) -> None:
    for number in range(3):
        write_pair(tmp_path, f"p{number}", number)
    pictures, _ = paired_dumps(tmp_path / "fixed", tmp_path / "float")
    sweep = Sweep(SweepRequest(DumpPairs(), pictures), processes(1))
    assert sweep.result().findings == ()
    events = sweep.run()
    while not isinstance(next(events), Row):
        pass
    events.close()
    [told] = sweep.result().findings
    assert told.text == "no layer fails on any of 1 picture, the others of 3 are not measured"
    list(sweep.run())
    assert sweep.result().findings[0].text == "no layer fails on any of 3 pictures"


def test_a_changed_picture_is_measured_again(dumps: Path, tmp_path: Path) -> None:
    pictures, journal = pairs_of(dumps), tmp_path / "journal"
    before = swept(pictures, journal=journal)
    write_pair(dumps, "p5", 55, 2.0)
    after = swept(pictures, journal=journal)
    assert after.pictures[5].worst_rmse != before.pictures[5].worst_rmse
    check_equal(after, pictures)


def test_a_journal_is_not_written_over_another_file(dumps: Path, tmp_path: Path) -> None:
    other = tmp_path / "notes.txt"
    other.write_text("mine\n")
    with pytest.raises(InputError, match="no journal"):
        swept(pairs_of(dumps), journal=other)
    assert other.read_text() == "mine\n"


def test_two_sweeps_do_not_share_a_journal_at_once(dumps: Path, tmp_path: Path) -> None:
    with Journal(tmp_path / "journal"), pytest.raises(UsageError, match="another sweep"):
        swept(pairs_of(dumps), journal=tmp_path / "journal")


def test_bad_pictures_are_rows(dumps: Path) -> None:
    (dumps / "fixed" / "p1.bin").write_bytes(b"not a dump at all")
    (dumps / "fixed" / "p2.bin").write_bytes((dumps / "fixed" / "p2.bin").read_bytes()[:-40])
    (dumps / "fixed" / "p6.bin").write_bytes((dumps / "fixed" / "p6.bin").read_bytes().replace(b"name: ", b"name: x"))
    (dumps / "fixed" / "p7.bin").unlink()
    pictures = (*pairs_of(dumps), Picture("gone", (dumps / "no.bin", dumps / "float" / "p1.bin")))
    result = swept(pictures, 2)
    rows = {row.name: row for row in result.pictures}
    assert {name for name, row in rows.items() if row.status is Status.ERROR} == {"p1", "p2", "p6", "gone"}
    assert "p7" not in rows and rows["p2"].compared == 2 and "truncated" in rows["p2"].reason
    assert set(result.failures) == {Failure.INPUT, Failure.NOTHING_COMPARABLE}
    assert rows["p3"].status is Status.FAIL and result.order[0] == 3


def test_the_worst_layer_is_one_that_fails() -> None:
    """However large the error of another is; NaN is worst of all."""
    layers = tuple(Layer(name, "CONV_2D", at, 10, None, LimitsFrom.NOWHERE) for at, name in enumerate("abc"))
    figures = np.zeros((3, len(Column)))
    figures[:, Column.RMSE], figures[:, Column.VERDICT] = [0.9, 0.2, 0.3], [VERDICTS.index(Verdict.OK)] * 3
    assert worst_of(Measured(layers, figures)) == (0, 0.9, "a")
    figures[1:, Column.VERDICT] = VERDICTS.index(Verdict.FAIL)
    assert worst_of(Measured(layers, figures)) == (2, 0.3, "c")
    figures[1, Column.RMSE] = np.nan
    assert worst_of(Measured(layers, figures))[2] == "b"


def test_a_picture_names_a_few_of_its_causes_and_how_many_more_there_are() -> None:
    rows = [PictureRow("bright", Status.FAIL, "RMSE 0.9 > 0.5"), PictureRow("dark", Status.OK, "")]
    found = [SetFinding(Kind.CLIPPING, "", (0,), (f"layer{number}",)) for number in range(6)]
    bright, dark = with_causes(rows, found)
    clipped = "; ".join(f"clipping of layer{number}" for number in range(4))
    assert bright.reason == f"{clipped}; 2 more causes; RMSE 0.9 > 0.5"
    assert dark == rows[1]


def test_pairs_by_name(tmp_path: Path) -> None:
    for name in (
        "fixed/cat_fixed.bin",
        "fixed/sub/dog.bin",
        "float/cat_float.bin",
        "float/sub/dog.bin",
        "float/owl.bin",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"isFloat: 1\n")
    pictures, alone_ = paired_dumps(tmp_path / "fixed", tmp_path / "float")
    assert [each.name for each in pictures] == ["cat", "sub/dog"]
    assert len(alone_) == 1 and "owl.bin" in alone_[0]


def test_a_list_of_pairs(tmp_path: Path) -> None:
    listed = tmp_path / "pairs.txt"
    listed.write_text("# two\na/fixed.bin, a/float.bin\n\nb/fixed.bin b/float.bin\n")
    assert [each.name for each in listed_dumps(listed)] == ["a", "b"]
    assert listed_dumps(listed)[0].files == (tmp_path / "a" / "fixed.bin", tmp_path / "a" / "float.bin")
    listed.write_text("a/fixed.bin\n")
    with pytest.raises(InputError, match="line 1"):
        listed_dumps(listed)


def test_the_journal_reads_as_json_lines(dumps: Path, tmp_path: Path) -> None:
    swept(pairs_of(dumps), journal=tmp_path / "journal")
    lines = [json.loads(line) for line in (tmp_path / "journal").read_text().splitlines()]
    assert sum("key" in line for line in lines) == 10 and sum("list" in line for line in lines) == 1


@pytest.mark.parametrize(("classes", "among"), [(2, nan), (5, nan), (6, 0.0), (10, 0.0)])
def test_the_first_five_of_five_classes_are_no_agreement(classes: int, among: float) -> None:
    """Of more they are: the benchmark's first class is the sample's last here."""
    scores = ArrayReader(np.arange(classes, dtype=np.float32))
    first, five = class_agreement(Top1(sample=classes - 1, benchmark=0), scores, scores)
    assert first == 0 and five == pytest.approx(among, nan_ok=True)
    assert _share([five]) == (None if isnan(among) else among)


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["x/a", "x/b"], ["a", "b"]),
        (["x/a", "x/b", "y/b"], ["a", "x/b", "y/b"]),
        (["x/a", "x/b", "x/b"], ["a", "2-b", "3-b"]),
        (["x/b", "x/b", "x/1-b"], ["1-1-b", "2-b", "1-b"]),
        (["b", "x/b", "x/c"], ["b", "x/b", "c"]),
    ],
)
def test_a_double_name_is_no_other_pictures_business(paths: list[str], names: list[str]) -> None:
    """A baseline's pictures are found by name."""
    found = named_apart([Picture(path, (Path(path),)) for path in paths])
    assert [each.name for each in found] == names and [str(each.files[0]) for each in found] == paths

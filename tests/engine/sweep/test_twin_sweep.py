"""The twin's sweep: the figures of the dumps that it would write, and one row for each way a picture can fail."""

import resource
from pathlib import Path

import numpy as np
import pytest

from sgs_tui.engine.backends.preprocess import Preprocess
from sgs_tui.engine.backends.twin import dump_pictures
from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.errors import InputError, UsageError
from sgs_tui.engine.sweep.keeping import keep_dumps
from sgs_tui.engine.sweep.pairs import DumpPairs
from sgs_tui.engine.sweep.pictures import sample_pictures
from sgs_tui.engine.sweep.results import Kind, Picture, Status, SweepResult
from sgs_tui.engine.sweep.sweep import Sweep, SweepRequest, processes
from sgs_tui.engine.sweep.twin_pictures import TwinPictures
from sgs_tui.engine.twin.opening import Files

PRE = """
import os, sys, time
import numpy as np

def image_preprocess(path, norm=True):
    word = open(path).read()
    if word == "raise":
        raise ValueError("no such color")
    if word == "hang":
        time.sleep(600)
    if word == "exit":
        sys.exit(3)
    if word == "die":
        os._exit(7)
    if word == "print":
        print("x" * 100000)
    if word == "nan":
        return np.full((1, 32, 32, 3), np.nan, np.float32)
    if word == "size":
        return np.zeros((1, 16, 16, 3), np.float32)
    return np.full((1, 32, 32, 3), float(len(word)) / 10, np.float32)
"""


@pytest.fixture(scope="module")
def tiny() -> Path:
    return Path(__file__).resolve().parents[2] / "data" / "sgs" / "tiny"


@pytest.fixture(scope="module")
def arrays(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Picture, ...]:
    """Five pictures around the dump's own; the last is five times as large."""
    folder = tmp_path_factory.mktemp("pictures")
    with open_dump(tiny / "float.bin") as dump:
        own = dump.read(dump.find("data")[0]).reshape(1, 32, 32, 3)
    paths = [folder / f"{number}.npy" for number in range(5)]
    for number, path in enumerate(paths):
        np.save(path, own * np.float32([1, 0.9, 0.8, 0.95, 5][number]))
    return sample_pictures([(path,) for path in paths])


def how_of(tiny: Path, preprocess: Preprocess = Preprocess()) -> TwinPictures:  # noqa: B008
    return TwinPictures(Files(tiny / "float.bin"), 2, preprocess=preprocess)


def swept(how: TwinPictures, pictures: tuple[Picture, ...], workers: int = 1) -> SweepResult:
    sweep = Sweep(SweepRequest(how, pictures), processes(workers))
    list(sweep.run())
    return sweep.result()


def test_figures_are_those_of_the_dumps_that_the_twin_writes(
    tiny: Path, arrays: tuple[Picture, ...], tmp_path: Path
) -> None:
    how = how_of(tiny)
    opened = how.open()
    for _ in dump_pictures(
        opened.twin, [each.files for each in arrays], Preprocess(), tmp_path, opened.plan, opened.settings.pixels
    ):
        pass
    pairs = DumpPairs(tiny / "tensor_min_max.txt").open()
    for picture in arrays:
        written = (tmp_path / f"{picture.name}_fixed.bin", tmp_path / f"{picture.name}_float.bin")
        alone, found = pairs.measure(Picture(picture.name, written)), opened.measure(picture)
        assert [each.name for each in alone.layers] == [each.name for each in found.layers]
        assert np.allclose(alone.figures, found.figures, rtol=1e-12, atol=1e-12, equal_nan=True)
        assert alone.inputs == found.inputs and alone.reason == found.reason


def test_the_picture_that_clips_is_the_worst_on_any_number_of_workers(tiny: Path, arrays: tuple[Picture, ...]) -> None:
    one, two = swept(how_of(tiny), arrays), swept(how_of(tiny), arrays, 2)
    assert one.pictures[one.order[0]].name == "4"
    assert {finding.kind for finding in one.findings} & {Kind.CLIPPING, Kind.OTHER_SCALE}
    assert one.layers == two.layers and one.pictures == two.pictures and np.array_equal(one.rmse, two.rmse)


def test_one_row_for_each_way_to_fail(tiny: Path, tmp_path: Path) -> None:
    words = {
        "raise": "no such color", "hang": "not done after 2 s", "exit": "SystemExit", "die": "exit code 7",
        "nan": "NaN or Inf", "size": "wants [1, 32, 32, 3]", "print": "", "good": "",
    }  # fmt: skip
    (tmp_path / "pre.py").write_text(PRE)
    for word in words:
        (tmp_path / f"{word}.jpg").write_text(word)
    pictures = sample_pictures([(tmp_path / f"{word}.jpg",) for word in (*words, "missing")])
    result = swept(how_of(tiny, Preprocess((tmp_path / "pre.py",), timeout=2.0)), pictures, 2)
    rows = {row.name: row for row in result.pictures}
    assert {name for name, row in rows.items() if row.status is Status.ERROR} == {*words, "missing"} - {"print", "good"}
    for word, told in words.items():
        assert told in rows[word].reason, rows[word].reason
    assert rows["print"].compared and rows["good"].compared
    assert "no such file" in rows["missing"].reason.lower()


@pytest.mark.parametrize("content", [b"", b"not an array", b"\x93NUMPY\x01\x00"])
def test_arrays_that_are_none(tiny: Path, arrays: tuple[Picture, ...], tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.npy").write_bytes(content)
    result = swept(how_of(tiny), (*arrays[:2], Picture("bad", (tmp_path / "bad.npy",))))
    assert [row.status is Status.ERROR for row in result.pictures] == [False, False, True]
    assert "not a .npy array" in result.pictures[2].reason


def test_pictures_on_two_wrong_scales_are_told_apart(tiny: Path, arrays: tuple[Picture, ...], tmp_path: Path) -> None:
    first = np.load(arrays[0].files[0])
    for name, factor in (("pixels", 127.0), ("darker", 60.0), ("huge", 1e30)):
        np.save(tmp_path / f"{name}.npy", first * np.float32(factor))
    more = sample_pictures([(tmp_path / f"{name}.npy",) for name in ("pixels", "darker", "huge")])
    result = swept(how_of(tiny), (*arrays[:2], *more))
    found = [each for each in result.findings if each.kind is Kind.OTHER_SCALE]
    assert sorted(tuple(result.pictures[at].name for at in each.pictures) for each in found) == [
        ("huge",),
        ("pixels", "darker"),
    ]


def test_dumps_that_are_kept_are_called_after_their_pictures_and_written_over_none(
    tiny: Path, arrays: tuple[Picture, ...], tmp_path: Path
) -> None:
    pictures = [Picture(f"{folder}/cat", each.files) for folder, each in zip("ab", arrays, strict=False)]
    names = [f"{folder}_cat_{stage}.bin" for folder in "ab" for stage in ("float", "fixed")]
    for _ in range(2):
        assert list(keep_dumps(how_of(tiny), pictures, tmp_path)) == [tmp_path / name for name in names]
    (tmp_path / names[1]).write_bytes(b"another")
    (tmp_path / names[0]).unlink()
    with pytest.raises(InputError, match=r"a_cat_fixed\.bin: is there already"):
        list(keep_dumps(how_of(tiny), pictures, tmp_path))
    assert sorted(path.name for path in tmp_path.glob("*cat*")) == sorted(names[1:])
    assert (tmp_path / names[1]).read_bytes() == b"another" and not list(tmp_path.glob(".making*"))


def test_dumps_that_can_not_be_kept_name_the_folder_that_was_given(
    tiny: Path, arrays: tuple[Picture, ...], tmp_path: Path
) -> None:
    """A file may have 64 bytes, as on a disk that is full."""
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (64, most))
        with pytest.raises(InputError) as found:
            list(keep_dumps(how_of(tiny), arrays[:1], tmp_path))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    assert found.value.message == f"{tmp_path}: cannot write: File too large"
    assert not list(tmp_path.glob("*_float.bin")) and not list(tmp_path.glob(".making*"))


def test_what_can_not_begin_is_said_before(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "float.bin").write_bytes((tiny / "float.bin").read_bytes())
    with pytest.raises(UsageError, match="no calibrated ranges"):
        TwinPictures(Files(tmp_path / "float.bin")).check()
    with pytest.raises(InputError, match=r"nothing\.py: no such file"):
        how_of(tiny, Preprocess((tmp_path / "nothing.py",))).check()
    pictures = sample_pictures([(tmp_path / "a.jpg",), (tmp_path / "b.jpg",)])
    with pytest.raises(UsageError, match=r"a\.jpg: without a preprocess module"):
        how_of(tiny).check(pictures)
    assert how_of(tiny).check((*pictures, Picture("c", (tmp_path / "c.npy",)))) is not None

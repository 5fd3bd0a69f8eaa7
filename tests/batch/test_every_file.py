"""Every real file through every format: something sensible or one line, never a traceback."""

import json
from pathlib import Path
from typing import Any

import pytest

from sgs_tui.batch.compare import compare
from sgs_tui.batch.formats import Format
from sgs_tui.batch.report import Report
from tests.batch.conftest import Command

DATA = Path(__file__).resolve().parents[1] / "data" / "sgs"
FILES = sorted(str(path.relative_to(DATA)) for path in DATA.rglob("*") if path.is_file())
DUMPS = [name for name in FILES if (DATA / name).read_bytes()[:8] == b"isFloat:"]


def partner_of(name: str) -> str:
    """The float dump of the same network."""
    if name.startswith("bad_int16"):
        return "bad_int16/cat_float.bin"
    return "bad/bad_float.bin" if name.startswith("bad") else "tiny/float.bin"


@pytest.fixture(scope="module")
def known() -> dict[str, Report]:
    return {}


@pytest.fixture(autouse=True)
def each_pair_is_compared_once(known: dict[str, Report], monkeypatch: pytest.MonkeyPatch) -> None:
    """Writing is what is tried here, in each format."""

    def once(*asked: Any) -> Report:
        if repr(asked) not in known:
            known[repr(asked)] = compare(*asked)
        return known[repr(asked)]

    monkeypatch.setattr("sgs_tui.batch.compare.compare", once)


def test_the_files_are_there() -> None:
    assert len(FILES) > 60
    assert len(DUMPS) > 15


@pytest.mark.parametrize("wanted", [str(form) for form in Format])
def test_every_dump_in_every_format(command: Command, wanted: str) -> None:
    for name in DUMPS:
        ended = command("compare", name, partner_of(name), "--format", wanted)
        assert ended.code in {0, 1, 3, 5}, (name, ended.err)
        assert "defect" not in ended.err
        assert ended.out or name == "damaged/empty.bin" or wanted == "vendor"


@pytest.mark.parametrize("wanted", ["html", "junit", "json"])
def test_what_is_no_dump_is_refused_in_one_line(command: Command, wanted: str) -> None:
    for name in set(FILES) - set(DUMPS):
        ended = command("compare", name, "tiny/float.bin", "--format", wanted)
        assert ended.code == 3, (name, ended.err)
        assert ended.err.count("\n") == 1


def test_every_dump_bundled(command: Command, tmp_path: Path) -> None:
    for number, name in enumerate(DUMPS):
        ended = command("compare", name, partner_of(name), "--bundle", str(tmp_path / f"{number}.zip"))
        assert ended.code in {0, 1, 3, 5}, (name, ended.err)
        assert (tmp_path / f"{number}.zip").stat().st_size > 1000


@pytest.mark.usefixtures("one_drawing_process")
def test_every_kind_of_dump_as_pictures(command: Command, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="needs the extra png")
    kinds = [name for name in DUMPS if name.startswith(("damaged", "onnx", "tiny/fixed_raw", "bad/bad_fixed"))]
    assert len(kinds) > 6
    for number, name in enumerate(kinds):
        ended = command("inspect", name, "--format", "json")
        layers = [
            each["name"]
            for each in json.loads(ended.out or "{}").get("records", [])
            if each["direction"] == "out" and not each["constant"]
        ]
        chosen = [word for layer in layers[-2:] for word in ("--layer", layer)]  # drawing takes longest
        pictures = tmp_path / str(number)
        ended = command("histogram", name, *chosen, "--png", str(pictures), "--against", partner_of(name))
        assert ended.code in {0, 3}, (name, ended.err)
        assert ended.code == 3 or len(list(pictures.iterdir())) == 2


def test_every_file_as_ranges(command: Command, tmp_path: Path) -> None:
    for name in FILES:
        ended = command("compare", "tiny/fixed_dq.bin", "tiny/float.bin", "--ranges", name, "--format", "junit")
        assert ended.code in {0, 1, 3}, (name, ended.err)
        assert "defect" not in ended.err


def test_every_file_as_quantization_info(command: Command) -> None:
    for name in FILES:
        ended = command("quant", "show", name, "--format", "json")
        assert ended.code == (0 if name.startswith("optimizer/") else 3), (name, ended.err)
        assert bool(ended.out) == (ended.code == 0)

"""Histograms as pictures: which files, what is in them, what happens to a folder that is there."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from sgs_tui.batch.formats.pictures import PicturesWanted, draw_pictures, percent
from sgs_tui.engine.dumps.format import Direction, Form
from sgs_tui.engine.dumps.writer import Draft, create_dump
from sgs_tui.engine.errors import InputError, UsageError
from tests.batch.conftest import Command
from tests.layer_rows import HOSTILE_NAMES

pytestmark = [
    pytest.mark.skipif(find_spec("matplotlib") is None, reason="needs the extra png"),
    pytest.mark.usefixtures("one_drawing_process"),
]

BLUE, ORANGE, RED = (0x1F, 0x77, 0xB4), (0xD9, 0x5F, 0x02), (0xD6, 0x27, 0x28)
Pixels = npt.NDArray[np.uint8]


def pixels(path: Path) -> Pixels:
    from PIL import Image

    return np.asarray(Image.open(path).convert("RGB"))


def columns_of(picture: Pixels, color: tuple[int, int, int], top: int = 120) -> list[int]:
    """Columns below the text that hold the color, or nearly: thin lines are mixed with what is beside them."""
    distance = np.abs(picture[top:].astype(int) - color).sum(axis=2)
    return [int(x) for x in np.flatnonzero((distance < 120).any(axis=0))]


def write_dump(path: Path, tensors: dict[str, npt.NDArray[np.float32]], form: Form = Form.BINARY) -> Path:
    with create_dump(path, form=form) as writer:
        for number, (name, values) in enumerate(tensors.items()):
            writer.write(Draft(Direction.OUT, 0, number, "RELU", name, [values], count=len(values)))
    return path


def test_every_layer_of_tiny_gets_a_picture(sgs: Path, tmp_path: Path) -> None:
    tiny = sgs / "tiny"
    wanted = PicturesWanted(tiny / "fixed_dq.bin", tmp_path / "p", tiny / "tensor_min_max.txt", tiny / "float.bin")
    made = draw_pictures(wanted)
    files = sorted(path.name for path in (tmp_path / "p").iterdir())
    assert (made.count, made.failures, made.damage, made.moved) == (20, (), (), None)
    assert len(files) == 20
    assert {"5.gate.png", "0._backbone_relu1_Relu_output_0.png", "3.sp_a#_Mul0Input#50.png"} <= set(files)
    for name in files:
        picture = pixels(tmp_path / "p" / name)
        assert picture.shape == (450, 800, 3)
        assert columns_of(picture, BLUE) and columns_of(picture, ORANGE)
        red = columns_of(picture, RED)
        assert max(red) - min(red) > 400, f"{name}: min and max stand apart"


def test_binary_and_string_dumps_give_the_same_picture(sgs: Path, tmp_path: Path) -> None:
    """Values of six decimals, but the same bars; texts name the files, so only what is below them is compared."""
    forms = ("float.bin", "float_str.bin")
    for form in forms:
        draw_pictures(PicturesWanted(sgs / "tiny" / form, tmp_path / form, layers=("cat",)))
    one, other = (pixels(next((tmp_path / form).iterdir()))[100:] for form in forms)
    assert (one == other).mean() > 0.99


def test_pictures_do_not_depend_on_the_number_of_processes(sgs: Path, tmp_path: Path) -> None:
    layers = ("gate", "cat", "trans", "prob")
    for count in (1, 2):
        wanted = PicturesWanted(sgs / "tiny" / "float.bin", tmp_path / str(count), layers=layers)
        draw_pictures(wanted, workers=count)
    names = sorted(path.name for path in (tmp_path / "1").iterdir())
    assert len(names) == len(layers)
    assert names == sorted(path.name for path in (tmp_path / "2").iterdir())
    for name in names:
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


def test_an_existing_folder_is_moved_aside(sgs: Path, tmp_path: Path) -> None:
    folder = tmp_path / "Histograms"
    folder.mkdir()
    (folder / "mine.txt").write_text("precious")
    for number in (1, 2):
        made = draw_pictures(PicturesWanted(sgs / "tiny" / "float.bin", folder, layers=("gate",)))
        assert made.moved == tmp_path / f"Histograms.{number}"
    assert (tmp_path / "Histograms.1" / "mine.txt").read_text() == "precious"
    assert [path.name for path in folder.iterdir()] == ["9.gate.png"]


def test_an_empty_folder_is_used(sgs: Path, tmp_path: Path) -> None:
    made = draw_pictures(PicturesWanted(sgs / "tiny" / "float.bin", tmp_path, layers=("gate",)))
    assert made.moved is None
    assert (tmp_path / "9.gate.png").is_file()


@pytest.mark.parametrize("where", [".", "..", "dumps"])
def test_a_folder_that_holds_more_than_pictures_is_refused(
    sgs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    (tmp_path / "dumps").mkdir()
    dump = tmp_path / "dumps" / "d.bin"
    dump.write_bytes((sgs / "tiny" / "float.bin").read_bytes())
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "file").touch()
    monkeypatch.chdir(tmp_path / "work")
    folder = tmp_path / where if where == "dumps" else Path(where)
    with pytest.raises(UsageError, match="moved aside"):
        draw_pictures(PicturesWanted(dump, folder, layers=("gate",)))
    assert dump.is_file()


def test_a_file_in_the_way_is_refused(sgs: Path, tmp_path: Path) -> None:
    (tmp_path / "p").write_text("mine")
    with pytest.raises(UsageError, match="is a file"):
        draw_pictures(PicturesWanted(sgs / "tiny" / "float.bin", tmp_path / "p"))
    assert (tmp_path / "p").read_text() == "mine"


def test_an_unknown_layer_touches_nothing(sgs: Path, tmp_path: Path) -> None:
    (tmp_path / "old").touch()
    with pytest.raises(UsageError) as raised:
        draw_pictures(PicturesWanted(sgs / "tiny" / "float.bin", tmp_path, layers=("gat",)))
    assert "gate" in raised.value.hint
    assert [path.name for path in tmp_path.iterdir()] == ["old"]


def test_a_damaged_dump_gives_what_is_there(sgs: Path, tmp_path: Path) -> None:
    made = draw_pictures(PicturesWanted(sgs / "damaged" / "stops_early.bin", tmp_path))
    assert made.count == len(list(tmp_path.iterdir())) > 0
    assert made.damage
    with pytest.raises(InputError, match="no layer"):
        draw_pictures(PicturesWanted(sgs / "damaged" / "empty.bin", tmp_path))


def test_one_unreadable_layer_does_not_stop_the_others(tmp_path: Path) -> None:
    good = "".join(f"{n}.000000, " for n in range(64))
    text = "isFloat: 1\n"
    for number, values in enumerate((good, good.replace("7.000000", "sevens"), good)):
        text += f"//out 0 s: 0.000000 z: 0 type: float name: t{number} bConstant:0\n"
        text += f"op_out[{number}] RELU = {{\n\n{values}\n}};\n"
    (tmp_path / "d.bin").write_text(text)
    made = draw_pictures(PicturesWanted(tmp_path / "d.bin", tmp_path / "p"))
    assert sorted(path.name for path in (tmp_path / "p").iterdir()) == ["0.t0.png", "2.t2.png"]
    assert len(made.failures) == 1
    assert made.failures[0].startswith("t1: no picture:")


def test_strange_values_and_names(tmp_path: Path) -> None:
    """Constants, no values, NaN, infinities, denormals, `$` and underscores, names that are no file names."""
    rng = np.random.default_rng(0)
    values = {
        "constant": np.full(10, 3.25),
        "zero": np.zeros(10),
        "none": np.zeros(0),
        "nan": np.full(3, np.nan),
        "inf": np.array([np.inf, 1.0]),
        "wide": np.array([3e38, -3e38]),
        "denormal": rng.normal(0, 1e-41, 50),
        r"$\frac{a}{": rng.normal(0, 1, 50),
        "_hidden": rng.normal(0, 1, 50),
    }
    names = [name for name in HOSTILE_NAMES if "\n" not in name]
    tensors = {**values, **{name: rng.normal(0, 1, 20) for name in names}, "x/y": np.ones(2), "x_y": np.ones(2)}
    dump = write_dump(tmp_path / "d.bin", {name: array.astype(np.float32) for name, array in tensors.items()})
    ranges = tmp_path / "r.txt"
    ranges.write_text("Name:wide, min: nan, max: inf;\nName:_hidden, min: -4.0, max: 4.0;\n")
    for log in (False, True):
        made = draw_pictures(PicturesWanted(dump, tmp_path / "p", ranges, log=log))
        assert (made.count, made.failures) == (len(tensors), ())
        files = list((tmp_path / "p").iterdir())
        assert len(files) == len(tensors)
        assert all(len(str(path.name).encode("utf-8", "surrogateescape")) <= 255 for path in files)


def test_names_that_meet_after_replacing_both_get_a_file(tmp_path: Path) -> None:
    with create_dump(tmp_path / "d.bin") as writer:
        for slot, name in enumerate(("x/y", "x_y")):
            writer.write(Draft(Direction.OUT, slot, 4, "SPLIT_V", name, [np.ones(4, np.float32)], count=4))
    draw_pictures(PicturesWanted(tmp_path / "d.bin", tmp_path / "p"))
    files = sorted(path.name for path in (tmp_path / "p").iterdir())
    assert len(files) == 2
    assert files[0] == "4.x_y.png"


def test_bars_are_capped(tmp_path: Path) -> None:
    """Concentrated data with one far value, where numpy's `auto` asks for millions of bins."""
    values = np.append(np.random.default_rng(0).normal(0, 1e-4, 100_000), 1e5).astype(np.float32)
    dump = write_dump(tmp_path / "d.bin", {"t": values})
    made = draw_pictures(PicturesWanted(dump, tmp_path / "p", bars=50))
    assert made.count == 1


def test_the_command(command: Command, tmp_path: Path) -> None:
    folder = str(tmp_path / "p")
    ended = command(
        "histogram", "bad/bad_fixed_dq.bin", "--png", folder, "--layer", "gate", "--against", "bad/bad_float.bin"
    )
    assert (ended.code, ended.out) == (0, b"")
    assert "1 picture of" in ended.err
    again = command("histogram", "damaged/stops_early.bin", "--png", folder)
    assert again.code == 3
    assert "is now in" in again.err and "every layer that can be read was drawn" in again.err


def test_without_matplotlib_one_line_says_what_to_install(sgs: Path, tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['matplotlib'] = None; sys.argv = ['sgs-tui', *sys.argv[1:]]\n"
        "from sgs_tui.__main__ import main; sys.exit(main())"
    )
    arguments = ["histogram", str(sgs / "tiny" / "float.bin"), "--png", str(tmp_path / "p")]
    ended = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "pip install 'sgs-tui[png]'" in ended.stderr
    assert not (tmp_path / "p").exists()


def test_a_share_that_is_not_zero_is_not_shown_as_zero() -> None:
    assert [percent(share) for share in (0.0, 1e-7, 0.00123, 0.5)] == ["0 %", "<0.001 %", "0.123 %", "50 %"]


def test_any_tensor_in_the_terminal(command: Command) -> None:
    """Inputs and constants too, and layers that the other stage does not have."""
    ended = command(
        *("histogram", "tiny/fixed_dq.bin", "--against", "tiny/float.bin"),
        *("--layer", "data", "--layer", "c3.weight", "--layer", "gate", "--ranges", "tiny/tensor_min_max.txt"),
    )
    assert ended.code == 0
    heads = [line for line in ended.text.splitlines() if line.endswith(")") and line[:1].isdigit()]
    assert [head.split()[1] for head in heads] == ["data", "c3.weight", "gate"]
    assert ended.text.count("float.bin: no such layer to compare with") == 2


def test_a_damaged_dump_in_the_terminal(command: Command) -> None:
    ended = command("histogram", "damaged/stops_early.bin")
    assert ended.code == 3
    assert ended.out
    assert "what can be read is drawn" in ended.err


def test_strange_values_in_the_terminal(command: Command, tmp_path: Path) -> None:
    values = {"none": [], "nan": [float("nan")], "constant": [3.0] * 9, "wide": [3e38, -3e38], "\x1b[31m": [1.0, 2.0]}
    arrays = {name: np.array(numbers, np.float32) for name, numbers in values.items()}
    dump = write_dump(tmp_path / "d.bin", arrays)
    for more in ((), ("--log",), ("--ascii",)):
        ended = command("histogram", str(dump), *more)
        assert ended.code == 0
        assert ended.text.count("no finite values") == 2
        assert b"\x1b" not in ended.out

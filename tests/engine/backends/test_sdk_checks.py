"""What is said before the SDK's tools run: the ini against what the script does, names, pictures, memory."""

import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from sgs_tui.engine.backends.sdk_ask import SdkAnswers
from sgs_tui.engine.backends.sdk_checks import Feeding, check_feeding, check_memory, check_names, check_pictures
from sgs_tui.engine.runs.backend import Concern
from sgs_tui.engine.runs.run_folder import RunState
from tests.standin_sdk.bench import Bench

SCRIPT = """import numpy as np

def image_preprocess(path, norm=True):
    raw = np.random.default_rng(1).integers(0, 256, (1, 8, 8, 3)).astype(np.uint8)
    raw[..., {bright}] //= 4
    if not norm:
        return raw{cut}
    return ((raw.astype(np.float32) - np.array({mean})) / np.array({std})).astype(np.float32)
"""
INI = """[INPUT_CONFIG]
inputs='{inputs}';
training_input_formats={order};
input_formats={order};
{mean}
std_value={std};
"""
PLAIN = "mean_red=127;\nmean_green=117;\nmean_blue=104;"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench.at(tmp_path_factory.mktemp("checks"))


@pytest.fixture
def answers(bench: Bench) -> SdkAnswers:
    return SdkAnswers(bench.sdk, sys.executable, bench.environ)


def script(folder: Path, mean: object, std: object, bright: int = 0, cut: str = "") -> str:
    path = folder / "net_pre.py"
    path.write_text(SCRIPT.format(mean=mean, std=std, bright=bright, cut=cut))
    return str(path)


def said(folder: Path, answers: SdkAnswers, pre: str, ini: str = "", sizes: tuple[int, ...] = ()) -> list[str]:
    picture, path = folder / "a.jpg", None
    picture.write_bytes(b"\xff\xd8")
    if ini:
        path = folder / "input_config.ini"
        path.write_text(ini)
    return [concern.message for concern in check_feeding(Feeding((pre,), (picture,), path, sizes), answers)]


def ini(mean: str = PLAIN, std: str = "128", order: str = "BGR", inputs: str = "data") -> str:
    return INI.format(mean=mean, std=std, order=order, inputs=inputs)


def test_what_the_script_writes_where_it_stands_is_not_left_with_the_user(
    tmp_path: Path, answers: SdkAnswers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    pre = script(tmp_path, 127.5, 1)
    mine = tmp_path / "mine.txt"
    mine.write_text("the user's own")
    with Path(pre).open("a") as file:
        file.write("\nopen('mine.txt', 'w').close()\nopen('new.txt', 'w').close()\n")
    assert not said(tmp_path, answers, "net_pre.py", ini("mean=127.5:127.5:127.5;", "1"))
    assert mine.read_text() == "the user's own" and not (tmp_path / "new.txt").exists()


@pytest.mark.parametrize(
    ("mean", "std", "text"),
    [
        ([104, 117, 127], 128, ini()),
        ([127, 117, 104], 128, ini(order="RGB")),
        ([104, 117, 127], [1, 2, 4], ini("mean=127:117:104;", "4:2:1")),
        (127.5, 1, ini("mean=127.5:127.5:127.5;", "1")),
        ([104, 117, 127], 128, ini(order="RAWDATA_F32_NHWC")),
        ([104, 117, 127], 128, ini("mean_red=x;", "y")),
    ],
)
def test_what_agrees_or_can_not_be_told_is_silent(
    tmp_path: Path, answers: SdkAnswers, mean: object, std: object, text: str
) -> None:
    assert said(tmp_path, answers, script(tmp_path, mean, std), text, (192,)) == []


def test_another_mean_and_std_are_named(tmp_path: Path, answers: SdkAnswers) -> None:
    """A real case: the ini says 127.5 and 1, the script subtracts 104/117/123 and divides by 255."""
    pre = script(tmp_path, [104, 117, 123], 255)
    mean, std = said(tmp_path, answers, pre, ini("mean=127.5:127.5:127.5;", "1"))
    assert "mean 127.5:127.5:127.5, but net_pre.py subtracts 104:117:123" in mean
    assert "std_value 1:1:1, but net_pre.py divides by 255:255:255" in std


def test_red_and_blue_of_the_mean_are_told_apart(tmp_path: Path, answers: SdkAnswers) -> None:
    [mean] = said(tmp_path, answers, script(tmp_path, [127, 117, 104], 128), ini())
    assert "mean 104:117:127, but net_pre.py subtracts 127:117:104" in mean


def test_sizes(tmp_path: Path, answers: SdkAnswers) -> None:
    [size] = said(tmp_path, answers, script(tmp_path, 0, 1), sizes=(3072,))
    assert "returns 192 values [1, 8, 8, 3] where the model's input takes 3072" in size
    [half] = said(tmp_path, answers, script(tmp_path, 0, 1, cut="[:, ::2]"))
    assert "192 values with norm=True and 96 with norm=False" in half


def test_the_number_of_inputs(tmp_path: Path, answers: SdkAnswers) -> None:
    [inputs] = said(tmp_path, answers, script(tmp_path, 0, 1), ini(inputs="a,b"))
    assert "names 2 inputs, -n 1 script" in inputs


def test_a_script_that_fails_is_named_with_its_error(tmp_path: Path, answers: SdkAnswers) -> None:
    path = tmp_path / "bad_pre.py"
    path.write_text("def image_preprocess(path, norm=True):\n    raise ValueError('no such layer')\n")
    [failed] = said(tmp_path, answers, str(path))
    assert failed == "bad_pre.py fails on a.jpg: ValueError: no such layer"


@pytest.mark.parametrize("order", ["RGB", "BGR"])
def test_the_order_of_channels(tmp_path: Path, answers: SdkAnswers, order: str) -> None:
    cv2 = pytest.importorskip("cv2")
    import numpy as np

    picture = np.full((8, 8, 3), (20, 90, 200), np.uint8)
    picture[::2] //= 2
    cv2.imwrite(str(tmp_path / "red.png"), picture)
    turn = "[..., ::-1]" if order == "RGB" else ""
    pre = tmp_path / "order_pre.py"
    pre.write_text(
        "import cv2\ndef image_preprocess(path, norm=True):\n"
        f"    raw = cv2.imread(path)[None]{turn}\n    return raw / 128.0 if norm else raw\n"
    )
    other = {"RGB": "BGR", "BGR": "RGB"}[order]
    for told, expected in ((order, 0), (other, 1)):
        path = tmp_path / "input_config.ini"
        path.write_text(ini("mean=0:0:0;", "128", told))
        found = list(check_feeding(Feeding((str(pre),), (tmp_path / "red.png",), path), answers))
        assert len(found) == expected
        assert not found or f"training_input_formats={told}, but order_pre.py gives {order}" in found[0].message


def test_pictures_names_memory() -> None:
    def told(found: Iterable[Concern]) -> str:
        return "".join(concern.message for concern in found)

    assert told(check_pictures(1)).startswith("one picture is no calibration")
    assert "only 5 calibration pictures" in told(check_pictures(5))
    assert "not plain ASCII" in told(check_names([Path("/a/b.jpg"), Path("/a/图.jpg")]))
    assert "2.0 GB of memory are free, for 10 processes" in told(check_memory(10, 2_000_000_000))
    silent = (check_pictures(30), check_names([Path("/a/b.jpg")]), check_memory(10, 16_000_000_000))
    assert [told(found) for found in silent] == ["", "", ""]


def test_a_run_says_it_and_goes_on(bench: Bench) -> None:
    (bench.home / "input_config.ini").write_text(ini("mean=127.5:127.5:127.5;", "1"))
    pre = script(bench.home, [104, 117, 123], 255)
    request = bench.request(preprocess=pre)
    assert any("net_pre.py subtracts 104:117:123" in warning for warning in request.warnings)
    assert bench.run(request).state is RunState.FAILED  # 192 values are too few
    (bench.home / "input_config.ini").unlink()

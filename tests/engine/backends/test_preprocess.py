"""Preprocess modules run in a child: both conventions, every way they fail, and nothing of their printing."""

import os
import signal
import sys
import time
from pathlib import Path
from threading import Event, Timer

import numpy as np
import pytest

from sgs_tui.engine.backends import preprocess
from sgs_tui.engine.backends.preprocess import Layout, ModelInput, Prepared, Preprocess, fit_input, prepared
from sgs_tui.engine.errors import CancelledError, InputError, RunError, UsageError
from sgs_tui.engine.runs.processes import ProcessIdentity
from tests.waiting import until, until_gone

IMAGE_PREPROCESS = """
import numpy as np
def image_preprocess(path, norm=True):
    print("noise on stdout")
    image = np.arange(24, dtype=np.uint8).reshape(1, 2, 4, 3)
    return image / 255 if norm else image
"""
GET_IMAGE = """
import numpy as np
def get_image(path, resizeH=2, resizeW=4, norm=True, rgb=False, nchw=False):
    image = np.arange(24.0).reshape(1, 2, 4, 3)
    return image.transpose(0, 3, 1, 2) if nchw else image
"""


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    path.write_bytes(b"any bytes")
    return path


def module(folder: Path, text: str) -> Path:
    path = folder / "pre-process.py"
    path.write_text(text)
    return path


def shape_of(image: Path, text: str, want: Layout, **limits: float) -> tuple[tuple[int, ...], Layout | None]:
    pre = module(image.parent, text)
    with prepared([image], pre, want, Preprocess((pre,), **limits)) as [given]:  # type: ignore[arg-type]
        return given.load().shape, given.layout


@pytest.mark.parametrize(
    ("text", "want", "expected"),
    [
        (IMAGE_PREPROCESS, Layout.NCHW, ((1, 2, 4, 3), Layout.NHWC)),
        (IMAGE_PREPROCESS + GET_IMAGE, Layout.NCHW, ((1, 2, 4, 3), Layout.NHWC)),
        (GET_IMAGE, Layout.NCHW, ((1, 3, 2, 4), Layout.NCHW)),
        (GET_IMAGE, Layout.NHWC, ((1, 2, 4, 3), Layout.NHWC)),
        ("import numpy\ndef image_preprocess(path): return numpy.zeros((1, 5))", Layout.NCHW, ((1, 5), Layout.NHWC)),
        ("import numpy\ndef get_image(p, **k): return numpy.zeros(len(k))", Layout.NCHW, ((2,), Layout.NCHW)),
    ],
)
def test_the_function_is_found_by_what_the_module_defines(
    image: Path, text: str, want: Layout, expected: tuple[tuple[int, ...], Layout]
) -> None:
    assert shape_of(image, text, want) == expected


def test_its_printing_stays_out_of_ours(image: Path, capfd: pytest.CaptureFixture[str]) -> None:
    noisy = IMAGE_PREPROCESS + "\nimport os, sys\nos.write(2, b'noise below Python')\nprint('x' * 10_000_000)"
    shape_of(image, noisy, Layout.NCHW)
    assert capfd.readouterr() == ("", "")


def test_neighbours_can_be_imported_and_nothing_is_left_in_the_users_folder(image: Path) -> None:
    (image.parent / "helper_of_mine.py").write_text("SIZE = 7")
    text = "import numpy, helper_of_mine\ndef image_preprocess(p, norm): return numpy.zeros(helper_of_mine.SIZE)"
    assert shape_of(image, text, Layout.NCHW)[0] == (7,)
    assert {path.name for path in image.parent.iterdir()} == {"helper_of_mine.py", "pre-process.py", "picture.png"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "def image_preprocess(p, norm):\n    raise ValueError('no\\nface')",
            ["line 2", "picture.png", "ValueError: no face"],
        ),
        ("import not_a_module_at_all", ["line 1", "No module named 'not_a_module_at_all'"]),
        ("def image_preprocess(:", ["SyntaxError"]),
        ("x = 1", ["neither image_preprocess", "get_image"]),
        ("def image_preprocess(p, norm): return None", ["returned NoneType, expected a numpy array"]),
        ("def image_preprocess(p, norm): return [[1.0]]", ["returned list"]),
        ("import numpy\ndef image_preprocess(p, norm): return numpy.array(['a'])", ["array of <U1, expected numbers"]),
        ("import sys\ndef image_preprocess(p, norm): sys.exit(3)", ["SystemExit: 3"]),
        ("import os\ndef image_preprocess(p, norm): os._exit(3)", ["ended with exit code 3 and left no result"]),
        ("import os\ndef image_preprocess(p, norm): os.abort()", ["crashed with signal 6"]),
    ],
)
def test_failures_are_one_line_that_says_what(image: Path, text: str, words: list[str]) -> None:
    with pytest.raises(RunError) as failure:
        shape_of(image, text, Layout.NCHW)
    message = failure.value.message
    assert "pre-process.py" in message and "\n" not in message
    assert [word for word in words if word not in message] == []


def test_the_last_printed_line_is_the_hint(image: Path) -> None:
    with pytest.raises(RunError) as failure:
        shape_of(image, "print('loading \\x1b[31mthe list')\n1 / 0", Layout.NCHW)
    assert failure.value.hint == "it printed: loading \\x1b[31mthe list"


def test_a_hang_is_ended_with_everything_it_started(image: Path, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    text = (
        "import subprocess, time\n"
        f"child = subprocess.Popen(['sleep', '60']); open({str(pid_file)!r}, 'w').write(str(child.pid))\n"
        "def image_preprocess(p, norm): time.sleep(60)"
    )
    for limit in (1.5, 6.0, 24.0):  # a busy machine may take long to start the child
        with pytest.raises(RunError, match=rf"not done after {limit:g} s"):
            shape_of(image, text, Layout.NCHW, timeout=limit)
        if pid_file.exists():
            break
    pid = int(pid_file.read_text())
    for _ in range(100):
        state = Path(f"/proc/{pid}/stat")
        if not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.05)
    pytest.fail("the child's own child still runs")


def test_it_can_be_cancelled(image: Path) -> None:
    cancel = Event()
    pre = module(image.parent, "import time\ntime.sleep(60)")
    Timer(0.5, cancel.set).start()
    with pytest.raises(CancelledError), prepared([image], pre, Layout.NCHW, Preprocess((pre,), cancel=cancel)):
        pass


def test_a_cancel_in_the_moment_of_the_start_forgets_no_child(image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark, known, started = image.parent / "at-work", ProcessIdentity.of, list[int]()
    slow = module(image.parent, f"import time\nopen({str(mark)!r}, 'w').close()\ntime.sleep(100)\n")

    def cancelled(number: int, frame: object) -> None:
        raise CancelledError("the run was stopped")

    def known_late(pid: int) -> ProcessIdentity:
        started.append(pid)
        until(mark.exists)
        os.kill(os.getpid(), signal.SIGTERM)
        return known(pid)

    monkeypatch.setattr(preprocess.ProcessIdentity, "of", known_late)
    before = signal.signal(signal.SIGTERM, cancelled)
    try:
        with pytest.raises(CancelledError, match="stopped"), prepared([image], slow, Layout.NCHW, Preprocess()):
            pass
        assert signal.getsignal(signal.SIGTERM) is cancelled
    finally:
        signal.signal(signal.SIGTERM, before)
    until_gone(started[0])


def test_a_missing_interpreter_file_or_module_is_named(image: Path) -> None:
    pre = module(image.parent, GET_IMAGE)
    other = Preprocess((pre,), python="no-such-python")
    with pytest.raises(RunError, match="no-such-python"), prepared([image], pre, Layout.NCHW, other):
        pass
    for missing in ([image.with_name("gone.png")], pre), ([image], pre.with_name("gone.py")):
        with pytest.raises(InputError, match="gone"), prepared(*missing, Layout.NCHW, Preprocess()):
            pass
    with pytest.raises(UsageError, match=r"only \.npy inputs"), prepared([image], None, Layout.NCHW, Preprocess()):
        pass


def test_many_images_are_one_child_and_wait_on_disk(image: Path) -> None:
    pre = module(image.parent, "import numpy, os\ndef image_preprocess(p, norm): return numpy.full(3, os.getpid())")
    others = [image.with_name(f"{number}.png") for number in range(5)]
    for path in others:
        path.write_bytes(b"")
    with prepared(others, pre, Layout.NCHW, Preprocess((pre,))) as given:
        values = [item.load() for item in given]
        folder = given[0].file.parent
    assert len({value.tobytes() for value in values}) == 1 and values[0][0] != os.getpid()
    assert [item.source for item in given] == others and not folder.exists()


def raw(tmp_path: Path, *shape: int) -> Path:
    path = tmp_path / "raw.npy"
    np.save(path, np.arange(np.prod(shape), dtype=np.int64).reshape(shape))
    return path


@pytest.mark.parametrize(
    ("have", "model", "want", "moved"),
    [
        ((1, 3, 4, 5), (1, 3, 4, 5), Layout.NCHW, False),
        ((1, 4, 5, 3), (1, 3, 4, 5), Layout.NCHW, True),
        ((1, 3, 4, 5), (1, 4, 5, 3), Layout.NHWC, True),
        ((1, 7), (1, 7), Layout.NCHW, False),
    ],
)
def test_raw_arrays_are_taken_as_they_are_or_transposed_with_a_note(
    tmp_path: Path, have: tuple[int, ...], model: tuple[int, ...], want: Layout, moved: bool
) -> None:
    path = raw(tmp_path, *have)
    with prepared([path], None, want, Preprocess()) as [given]:
        array, note = fit_input(given, ModelInput("data", model, np.dtype("f4")), want)
    assert array.shape == model and array.dtype == np.float32 and array.flags.c_contiguous
    assert bool(note) == moved
    axes = (0, 3, 1, 2) if want is Layout.NCHW else (0, 2, 3, 1)
    np.testing.assert_array_equal(array, np.load(path).transpose(axes) if moved else np.load(path))


@pytest.mark.parametrize(("have", "hint"), [((4, 5, 3), "batch axis"), ((1, 3, 9, 9), "wrong size")])
def test_what_does_not_fit_is_refused(tmp_path: Path, have: tuple[int, ...], hint: str) -> None:
    path = raw(tmp_path, *have)
    with pytest.raises(InputError, match=r"wants \[1, 3, 4, 5\]") as failure:
        fit_input(Prepared(path, path, None), ModelInput("data", (1, 3, 4, 5), np.dtype("f4")), Layout.NCHW)
    assert hint in failure.value.hint


def test_fractions_are_not_cut_off_for_an_integer_input(tmp_path: Path) -> None:
    wanted = ModelInput("data", (2,), np.dtype("u1"))
    for values, fits in (([3.0, 250.0], True), ([3.5, 1], False), ([-1, 1], False), ([np.nan, 1], False)):
        np.save(tmp_path / "x.npy", np.array(values))
        given = Prepared(tmp_path / "x.npy", tmp_path / "x.npy", None)
        if fits:
            assert fit_input(given, wanted, Layout.NCHW)[0].tolist() == values
            continue
        with pytest.raises(InputError, match="takes uint8, got values that do not fit"):
            fit_input(given, wanted, Layout.NCHW)


@pytest.mark.parametrize(
    ("type_name", "value", "largest"), [("f4", 1e39, "float32, whose largest is 3.40282347e+38"), ("f2", 7e4, "65504")]
)
def test_numbers_too_large_for_the_input_are_told_as_what_they_are(
    tmp_path: Path, type_name: str, value: float, largest: str
) -> None:
    """They would become infinities. The place is that in the file, whatever axes are moved."""
    wanted, values = ModelInput("data", (1, 3, 4, 5), np.dtype(type_name)), np.ones((1, 4, 5, 3))
    values[0, 2, 1, 0] = values[0, 3, 0, 0] = -value
    np.save(tmp_path / "x.npy", values)
    given = Prepared(tmp_path / "x.npy", tmp_path / "x.npy", None)
    with pytest.raises(InputError) as found:
        fit_input(given, wanted, Layout.NCHW)
    assert "2 of 60 values are beyond" in found.value.message and largest in found.value.message
    assert found.value.message.endswith(f"the first is {-value:.9g} at [0, 2, 1, 0]")
    values[values < 0] = np.inf
    np.save(tmp_path / "x.npy", values)
    assert np.isinf(fit_input(given, wanted, Layout.NCHW)[0]).sum() == 2, "what is infinite was so before"


def test_a_pickle_in_npy_clothes_is_not_opened(tmp_path: Path) -> None:
    np.save(tmp_path / "bad.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    (tmp_path / "text.npy").write_text("hello")
    for name in ("bad.npy", "text.npy"):
        with pytest.raises(InputError, match=name):
            Prepared(tmp_path / name, tmp_path / name, None).load()


def test_modules_are_for_all_inputs_or_one_for_each() -> None:
    a, b = Path("a.py"), Path("b.py")
    assert Preprocess().module(0, 3) is None
    assert Preprocess((a,)).module(2, 3) == a and Preprocess((a, b)).module(1, 2) == b
    with pytest.raises(UsageError, match="3 inputs, got 2"):
        Preprocess((a, b)).module(0, 3)


def test_the_worker_is_valid_under_old_pythons() -> None:
    """Parses with the oldest grammar Python can still check; Python 2.7 is tried by hand."""
    import ast

    script = Path(sys.modules[prepared.__module__].__file__ or "").with_name("user_python.py")
    tree = ast.parse(script.read_text(), feature_version=(3, 4))
    annotated = [node for node in ast.walk(tree) if getattr(node, "annotation", None) or getattr(node, "returns", None)]
    assert annotated == [] and not any(isinstance(node, ast.JoinedStr) for node in ast.walk(tree))

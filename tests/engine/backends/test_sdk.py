"""The parts of the SDK backend: the SDK itself, its environment, images, calibration files, DebugConfig.txt."""

import os
from pathlib import Path

import pytest

from sgs_tui.engine.backends.samples import image_samples, samples
from sgs_tui.engine.backends.sdk import (
    DumpSwitches,
    calibration_files,
    dumps_floats,
    is_plain,
    run_debug_config,
    stage_of,
)
from sgs_tui.engine.backends.sdk_ask import SdkAnswers, interpreter_notes
from sgs_tui.engine.backends.sdk_install import Generation, SdkWish, find_sdk, open_sdk, sdk_environment
from sgs_tui.engine.dumps.format import Stage
from sgs_tui.engine.errors import InputError, RunError, UsageError
from tests.standin_sdk import build_sdk


@pytest.fixture
def sdk(tmp_path: Path) -> Path:
    return build_sdk(tmp_path / "sdk with blanks")


def test_the_sdk_is_taken_from_argument_wish_and_variable_in_this_order(tmp_path: Path, sdk: Path) -> None:
    other = build_sdk(tmp_path / "other", "newer")
    assert find_sdk(sdk, SdkWish(other), {"SGS_IPU_DIR": "/none"}).root == sdk
    assert find_sdk(None, SdkWish(other), {"SGS_IPU_DIR": str(sdk)}).root == other
    assert find_sdk(None, None, {"SGS_IPU_DIR": str(sdk)}).root == sdk
    with pytest.raises(UsageError, match="no SDK"):
        find_sdk(None, None, {})
    with pytest.raises(InputError, match="is no SDK"):
        find_sdk(tmp_path)


def test_generations(tmp_path: Path, sdk: Path) -> None:
    older, newer = open_sdk(sdk), open_sdk(build_sdk(tmp_path / "newer", "newer"))
    assert (older.version, older.generation) == ("1.1.5_standin", Generation.OLDER)
    assert (newer.version, newer.generation) == ("S1.0.9_standin", Generation.NEWER)
    for root, generation in ((sdk, Generation.OLDER), (newer.root, Generation.NEWER)):
        (root / "Scripts" / "calibrator_custom" / "versions.py").unlink()
        assert open_sdk(root).generation is generation


def test_the_environment_is_sourced_in_the_root_and_again_when_it_changes(sdk: Path) -> None:
    first = sdk_environment(open_sdk(sdk))
    assert first["SGS_IPU_DIR"] == str(sdk)
    with (sdk / "envsetup.sh").open("a") as script:
        script.write("export ADDED=later\n")
    assert sdk_environment(open_sdk(sdk))["ADDED"] == "later"


@pytest.mark.parametrize("script", ["exit 3\n", "echo 'error! enter the dir' >&2\n", "read answer\nexit 1\n"])
def test_an_environment_that_can_not_be_had(sdk: Path, script: str) -> None:
    (sdk / "envsetup.sh").write_text(script)
    with pytest.raises(RunError, match="does not set SGS_IPU_DIR"):
        sdk_environment(open_sdk(sdk))


def test_without_a_script_it_is_no_sdk(sdk: Path) -> None:
    (sdk / "envsetup.sh").unlink()
    with pytest.raises(InputError, match=r"cfg_env\.sh"):
        open_sdk(sdk)


def notes(root: Path, python: str, path: str) -> tuple[str, ...]:
    found = open_sdk(root)
    return interpreter_notes(found, SdkAnswers(found, python, {"PATH": path}), python)


def test_an_interpreter_that_the_modules_are_not_built_for(sdk: Path) -> None:
    assert notes(sdk, "python3", os.environ["PATH"]) == ()
    (sdk / "Scripts" / "calibrator_custom" / "a.cpython-37m-x86_64-linux-gnu.so").touch()
    [note] = notes(sdk, "python3", os.environ["PATH"])
    assert "built for Python 3.7, python3 is 3." in note and "--sdk-python" in note


def test_an_interpreter_that_does_not_start(sdk: Path, tmp_path: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho 'cannot open shared object' >&2\nexit 127\n")
    broken.chmod(0o755)
    with pytest.raises(RunError, match="shared object"):
        notes(sdk, str(broken), "/bin")


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "images"
    for name in ("a.jpg", "b.PNG", "sub/c.bmp", "readme.txt", ".hidden.jpg", "odd:name.jpg", "data.npy"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    return folder


def found(argument: str, inputs: int = 1) -> list[list[str]]:
    return [[file.name for file in sample] for sample in samples(argument, inputs)]


def test_folders_files_and_lists(images: Path) -> None:
    assert found("images") == [["a.jpg"], ["b.PNG"], ["data.npy"], ["odd:name.jpg"], ["c.bmp"]]
    assert found("images/b.PNG") == [["b.PNG"]]
    assert found("images/odd:name.jpg") == [["odd:name.jpg"]]
    Path("list.txt").write_text("images/a.jpg\n\nimages/sub/c.bmp\r\n")
    assert found("list.txt") == [["a.jpg"], ["c.bmp"]]
    Path("list2.txt").write_text("a.jpg,sub/c.bmp\n")
    assert found("images:list2.txt", 2) == [["a.jpg", "c.bmp"]]
    assert all(file.is_absolute() for sample in samples("images:list2.txt", 2) for file in sample)


@pytest.mark.parametrize(
    "argument, error, word",
    [
        ("nosuch.jpg", InputError, "no such image"),
        ("empty.txt", InputError, "empty list"),
        ("broken.txt", InputError, "line 2"),
        ("data.dat", InputError, "neither"),
        ("bare", InputError, "no image"),
        ("two.txt", UsageError, "2 files"),
    ],
)
def test_arguments_that_give_no_sample(images: Path, argument: str, error: type[Exception], word: str) -> None:
    Path("empty.txt").write_text("\n")
    Path("broken.txt").write_text("images/a.jpg\nimages/nosuch.jpg\n")
    Path("data.dat").write_bytes(b"\0\1\2")
    Path("bare").mkdir()
    Path("two.txt").write_text("images/a.jpg,images/b.PNG\n")
    with pytest.raises(error, match=word):
        samples(argument)


def test_calibration_files_are_looked_for_beside_the_model_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, sdk = tmp_path / "m" / "x_fixed.sim", tmp_path / "sdk"
    here = tmp_path / "here"
    for folder in (model.parent / "log", sdk, here):
        folder.mkdir(parents=True)
    monkeypatch.chdir(here)
    assert calibration_files(model, sdk) == ()
    (sdk / "tensor_min_max.txt").touch()
    assert calibration_files(model, sdk) == (sdk / "tensor_min_max.txt",)
    (model.parent / "log" / "tensor_min_max.txt").touch()
    (model.parent / "log" / "tensor_statistics.txt").touch()
    assert [path.parent for path in calibration_files(model, sdk)] == [model.parent / "log"] * 2
    (model.parent / "tensor_min_max.txt").touch()
    assert calibration_files(model, sdk) == (model.parent / "tensor_min_max.txt",)


def test_debug_configs() -> None:
    assert run_debug_config(Stage.FLOAT, DumpSwitches()) == "dumpTensor\neliminateGarbage\npath=.\n"
    fixed = run_debug_config(Stage.FIXED, DumpSwitches())
    assert fixed == "dumpTensor\neliminateGarbage\ndequantFixed\npath=.\n"
    assert dumps_floats(Stage.FIXED, fixed)
    raw = run_debug_config(Stage.FIXED, DumpSwitches(dequantize=False, as_string=True))
    assert raw == "dumpTensor\neliminateGarbage\ndumpasstring\npath=.\n"
    assert not dumps_floats(Stage.FIXED, raw)


def test_a_users_debug_config_keeps_its_lines_and_is_mended() -> None:
    given = b"# mine\r\n#dumpTensor\r\nsplitTensorByTile\r\ndumpdonotrecovery\r\npath=/home/user/ "
    made = run_debug_config(Stage.FLOAT, DumpSwitches(), given)
    assert made == "# mine\ndumpTensor\nsplitTensorByTile\n#dumpdonotrecovery\npath=.\n"


@pytest.mark.parametrize(
    "name, stage",
    [
        ("a_float.sim", Stage.FLOAT),
        ("a_cmodel_float.sim", Stage.CMODEL_FLOAT),
        ("a_fixed.sim", Stage.FIXED),
        ("a_fixed.sim_sgsimg.img", Stage.OFFLINE),
    ],
)
def test_stages_by_name(name: str, stage: Stage) -> None:
    assert stage_of(Path(name)) is stage


def test_a_name_that_tells_no_stage() -> None:
    with pytest.raises(UsageError, match="stage"):
        stage_of(Path("model.sim"))


def test_paths_that_survive_a_shell() -> None:
    assert is_plain("/a/b-c_d.e+f@1%=x.sim")
    assert not any(is_plain(path) for path in ("/a b", "/a'b", "/a:b", "/a,b", "/a$b", "/图", "~/a", "/a\nb", ""))


def test_samples_that_are_missing_may_be_left_to_their_reader(tmp_path: Path) -> None:
    (tmp_path / "a.npy").write_bytes(b"")
    (tmp_path / "link.npy").symlink_to("nowhere.npy")
    assert image_samples(str(tmp_path)) == ((tmp_path / "a.npy",),)
    assert image_samples(str(tmp_path), missing=True) == ((tmp_path / "a.npy",), (tmp_path / "link.npy",))
    listed = tmp_path / "list.txt"
    listed.write_text(f"{tmp_path}/a.npy\n{tmp_path}/b.npy\n")
    assert image_samples(str(listed), missing=True) == ((tmp_path / "a.npy",), (tmp_path / "b.npy",))
    with pytest.raises(InputError, match=r"list\.txt, line 2: .*b\.npy: there is no such image"):
        image_samples(str(listed))
    (tmp_path / "a.npy").unlink()
    with pytest.raises(InputError, match="line 1"):
        image_samples(str(listed), missing=True)

"""No command writes over what it was told to read, by whatever name; what it reads is a regular file."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Command


@pytest.fixture
def files(tmp_path: Path, sgs: Path, monkeypatch: pytest.MonkeyPatch, command: Command) -> dict[str, bytes]:
    """One of each kind of input, in the current folder."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(sgs / "bad/bad_fixed_dq.bin", "fixed.bin")
    shutil.copy(sgs / "bad/bad_float.bin", "float.bin")
    Path("ranges.txt").write_text("Name:gate, min: -1.0, max: 1.0;\n")
    Path("limits.toml").write_text("[fail]\nrmse = 0.5\n")
    Path("input_config.ini").write_text("[INPUT_CONFIG]\ninputs='input';\n")
    np.save("x.npy", np.zeros((1, 3, 8, 8), np.float32))
    made = command("compare", "fixed.bin", "float.bin", "--no-diagnosis", "--format", "json", "--output", "old.json")
    assert made.code == 1
    return {path.name: path.read_bytes() for path in tmp_path.iterdir()}


_COMPARE = ("compare", "fixed.bin", "float.bin", "--ranges", "ranges.txt", "--profile", "./limits.toml")
_ALL = (*_COMPARE, "--baseline", "old.json", "--shapes", "float.bin")
_COMMANDS = {
    "compare": (_ALL, ("fixed.bin", "float.bin", "ranges.txt", "limits.toml", "old.json")),
    "inspect": (("inspect", "fixed.bin"), ("fixed.bin",)),
    "advise": (("advise", *_COMPARE[1:]), ("fixed.bin", "float.bin", "ranges.txt", "limits.toml")),
    "advise --check": (("advise", "--check", "input_config.ini"), ("input_config.ini",)),
    "core": (("core", "fixed.bin", "float.bin"), ("fixed.bin", "float.bin")),
    "dump": (("dump", "onnx", "-m", "fixed.bin", "-i", "x.npy", "--input", "y=float.bin"), ("x.npy", "float.bin")),
    "optimize": (("optimize", "onnx", "-m", "fixed.bin", "--calibrate", "x.npy"), ("fixed.bin", "x.npy")),
}


@pytest.mark.parametrize("how", ["itself", "hard link", "symbolic link"])
@pytest.mark.parametrize("arguments", _COMMANDS.values(), ids=_COMMANDS)
def test_output_over_an_input_is_refused(
    files: dict[str, bytes], command: Command, arguments: tuple[tuple[str, ...], tuple[str, ...]], how: str
) -> None:
    for name in arguments[1]:
        target = name if how == "itself" else f"link-{name}"
        if how == "hard link":
            os.link(name, target)
        elif how == "symbolic link":
            Path(target).symlink_to(name)
        ended = command(*arguments[0], "--output", target)
        assert (ended.code, ended.out) == (2, b"")
        assert ended.err == (
            f"sgs-tui: error: --output {target}: is an input of this command; name another file to write\n"
        )
        assert Path(name).read_bytes() == files[name]


def test_a_bundle_over_an_input_is_refused_and_an_older_output_is_replaced(
    files: dict[str, bytes], command: Command
) -> None:
    ended = command(*_COMPARE, "--bundle", "ranges.txt")
    assert ended.code == 2 and "--bundle ranges.txt: is an input of this command" in ended.err
    Path("gate").write_bytes(b"older")
    assert command("inspect", "float.bin", "--layer", "gate", "--output", "gate").code == 0
    assert Path("gate").read_bytes() != b"older"
    assert command(*_COMPARE, "--format", "json", "--output", "old.json").code == 1


_READERS = {
    "--shapes": ("compare", "fixed.bin", "float.bin", "--batch", "--shapes", "odd"),
    "--ranges": ("compare", "fixed.bin", "float.bin", "--batch", "--ranges", "odd"),
    "onnx": ("dump", "onnx", "-m", "odd", "-i", "x.npy"),
    "caffe": ("dump", "caffe", "-m", "odd", "-w", "ranges.txt", "-i", "x.npy"),
    "core": ("core", "odd", "float.bin"),
    "optimize": ("optimize", "onnx", "-m", "odd", "--calibrate", "x.npy"),
}


@pytest.mark.parametrize("arguments", _READERS.values(), ids=_READERS)
def test_a_pipe_or_a_device_is_no_input(files: dict[str, bytes], command: Command, arguments: tuple[str, ...]) -> None:
    os.mkfifo("odd")
    assert command(*arguments).err == "sgs-tui: error: " + _path(
        "odd", arguments
    ) + ": is a FIFO, expected a regular " + ("file; name a file\n")
    Path("odd").unlink()
    Path("odd").symlink_to("/dev/zero")
    ended = command(*arguments)
    assert ended.code == 3 and "is a device, expected a regular file" in ended.err


def _path(name: str, arguments: tuple[str, ...]) -> str:
    return str(Path(name).absolute()) if arguments[0] in ("dump", "optimize") else name


@pytest.mark.parametrize("size", ["m", "-1", "1e3", "9" * 5000])
def test_a_prototxt_whose_sizes_are_none(files: dict[str, bytes], command: Command, size: str) -> None:
    for text in (f'input: "x"\ninput_shape {{ dim: {size} }}\n', f'input: "x"\ninput_dim: {size}\n'):
        Path("net.prototxt").write_text(text)
        ended = command("dump", "caffe", "-m", "net.prototxt", "-w", "ranges.txt", "-i", "x.npy")
        assert ended.code == 3 and "dim: expected a size, found " in ended.err.replace("input_", "")

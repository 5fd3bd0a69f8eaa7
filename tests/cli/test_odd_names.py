"""Names that name nothing, folders given for files, files given for folders: one line, exit code 2 or 3.

tests/benchmarks/odd_names.py tries such names for every option of every command.
"""

import os
import shutil
import socket
from pathlib import Path

import pytest
from typer.main import get_command

from sgs_tui.cli import COMMANDS
from sgs_tui.cli.main import build
from sgs_tui.engine.errors import InputError
from sgs_tui.engine.files import at_home, beside, real, write_atomically
from tests.benchmarks.odd_names import EMPTY, cases, commands
from tests.cli.conftest import Command


@pytest.fixture(autouse=True)
def pair(tmp_path: Path, sgs: Path, monkeypatch: pytest.MonkeyPatch, command: Command) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(sgs / "bad/bad_fixed_dq.bin", "fixed.bin")
    shutil.copy(sgs / "bad/bad_float.bin", "float.bin")
    Path("loop").symlink_to("loop")
    os.mkfifo("fifo")
    Path("fifos").mkdir()
    os.mkfifo("fifos/sgs-tui.toml")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("socket")


@pytest.mark.parametrize(
    ("line", "code", "told"),
    [
        (("--batch", "", ""), 2, "SAMPLE is empty"),
        (("--batch", ".", "."), 3, ".: is a folder, expected a dump file"),
        (("--batch", "/", "float.bin"), 3, "/: is a folder, expected a dump file"),
        (("--batch", "fixed.bin", "float.bin", "--profile", " "), 2, "--profile is empty"),
        (("--batch", "fixed.bin", "float.bin", "--bundle", "."), 3, ".: is a folder, expected a file to write"),
        (("--batch", "fixed.bin", "float.bin", "--output", "new/"), 3, "new/: there is no such folder"),
        (("inspect", "fixed.bin", "-o", "float.bin/"), 3, "float.bin/: float.bin is a file, expected a folder"),
        (("inspect", "fixed.bin", "-o", "loop"), 3, "loop: is no regular file"),
        (("inspect", "a\0b"), 2, "holds a NUL character"),
        (("runs", "list", "--root", "fixed.bin"), 3, "fixed.bin: is a file, expected a folder"),
        (("runs", "show", ""), 2, "[NAME] is empty"),
        (("twin", "float.bin", "--dumps", "here"), 2, "--dumps, --preprocess and --timeout are about a new picture"),
        (("core", "--output", "report.txt"), 2, "--output: a report of which crash?"),
        (("debugconfig", "set", "--file", "new.txt"), 2, "nothing to change"),
        (("debugconfig", "set", "fixed.bin", "path=."), 3, "is NUL, expected text; nothing is changed"),
        (("runs", "list", "--root", "fifo"), 3, "fifo: is a FIFO, expected a folder"),
        (("sweep", "fixed.bin", "float.bin"), 3, "fixed.bin: is a file, expected a folder of dumps"),
        (("sweep", "fifo", "float.bin"), 3, "fifo: is a FIFO, expected a folder of dumps"),
        (("sweep", "--twin", "float.bin", "--pictures", "fifo"), 3, "fifo: is a FIFO, expected an image"),
        (("iterate", "fifos", "--dry-run"), 3, "sgs-tui.toml: is a FIFO, expected a regular file"),
        (("quant", "show", "socket"), 3, "socket: is a socket, expected a regular file"),
    ],
)
def test_one_clear_line(line: tuple[str, ...], code: int, told: str, command: Command) -> None:
    before = {path.name: path.read_bytes() for path in Path().iterdir() if path.is_file()}
    ended = command(*line)
    assert ended.code == code and told in ended.err and len(ended.err.splitlines()) == 1
    assert before == {path.name: path.read_bytes() for path in Path().iterdir() if path.is_file()}


def test_an_empty_text_is_no_name(command: Command) -> None:
    assert command("--batch", "fixed.bin", "float.bin", "--filter", "").code == 1  # as without: gate fails


def test_the_benchmark_tries_every_command_and_every_name_of_a_file() -> None:
    tried = {(case.command, case.strict) for case in cases()}
    for words, command in commands(get_command(build(COMMANDS))):
        for parameter in command.params:
            if parameter.type.name == "path":
                mine = [line for line, _ in tried if line[: len(words)] == words and set(line) & set(EMPTY)]
                assert mine, (words, parameter.name)


def test_names_without_a_last_part_and_users_who_are_not_there(tmp_path: Path) -> None:
    assert beside("fixed.bin", Path("/"), Path()) == Path("fixed.bin")
    assert at_home("~") == Path(os.environ["HOME"])
    assert at_home("~nobody.of.this.name/x") == Path("~nobody.of.this.name/x")
    assert real(Path("loop")) == tmp_path.resolve() / "loop"
    with pytest.raises(InputError, match="no regular file"):
        write_atomically(Path("loop"), b"x")
    assert Path("loop").is_symlink()

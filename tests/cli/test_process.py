"""The command as a process of its own: what it loads, what it sends where, how it dies."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Command
from tests.waiting import interruptible

BAD = ("bad/bad_fixed_dq.bin", "bad/bad_float.bin")
QUICK = (*BAD, "--no-diagnosis")
"""Where what a diagnosis loads is not the point."""
MAIN = (sys.executable, "-m", "sgs_tui")


def run(sgs: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*MAIN, *arguments],
        cwd=sgs,
        env=_environment(environment),
        capture_output=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def run_code(sgs: Path, code: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=sgs,
        env=_environment(environment),
        capture_output=True,
        text=True,
        check=False,
    )


def _environment(changes: dict[str, str]) -> dict[str, str]:
    root = str(Path(__file__).parents[2])
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHON", "ORT_"))}
    return {**kept, "PYTHONPATH": root, **changes}


def modules_after(sgs: Path, *commands: tuple[str, ...]) -> set[str]:
    """Names of all modules loaded by commands that end by themselves, one after the other in one process."""
    code = (
        "import json, os, sys; from sgs_tui.__main__ import main\n"
        "os._exit = lambda code: None  # how a command that used onnxruntime leaves\n"
        "for each in json.loads(sys.argv[1]): sys.argv = ['sgs-tui', *each]; main()\n"
        "sys.stderr.write('\\n'.join(sys.modules))"
    )
    done = run_code(sgs, code, json.dumps(commands))
    return set(done.stderr.split())


HEALTHY = ("tiny/fixed_dq.bin", "tiny/float.bin")
SCREEN = {"textual", "matplotlib", "plotext", "cv2", "sgs_tui.tui"}


@pytest.mark.parametrize("arguments", [HEALTHY, QUICK], ids=["healthy", "not diagnosed"])
def test_batch_loads_no_screen_and_no_framework(arguments: tuple[str, ...], sgs: Path) -> None:
    loaded = modules_after(sgs, ("--batch", *arguments))
    assert "sgs_tui.batch.formats.table" in loaded
    assert not loaded & (SCREEN | {"onnxruntime", "onnx", "jinja2"})


def test_only_a_diagnosis_with_bad_layers_loads_the_framework_that_computes_them_again(sgs: Path) -> None:
    loaded = modules_after(sgs, ("--batch", *BAD))
    assert "onnxruntime" in loaded and not loaded & SCREEN
    assert not list(Path(os.environ["HOME"]).rglob("*")), "the framework keeps no record of the user"


def test_data_formats_need_no_table_renderer(sgs: Path) -> None:
    loaded = modules_after(
        sgs, *(("compare", *BAD, "--format", form) for form in ("csv", "json", "vendor", "markdown"))
    )
    assert {f"sgs_tui.batch.formats.{form}" for form in ("csv", "json", "vendor", "markdown")} <= loaded
    assert "rich.table" not in loaded


def test_version_loads_next_to_nothing(sgs: Path) -> None:
    loaded = modules_after(sgs, ("--version",))
    assert not loaded & {"typer", "numpy", "rich", "textual", "sgs_tui.engine"}
    assert run(sgs, "--version").stdout.startswith(b"sgs-tui ")


LOCALES = (
    {"LC_ALL": "C"},
    {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "latin-1"},
    {"LANG": "de_DE.ISO-8859-1", "COLUMNS": "40", "FORCE_COLOR": "1"},
    {},
)


@pytest.mark.parametrize(
    ("form", "environment"), zip(["csv", "json", "markdown", "vendor"], LOCALES, strict=True), ids=str
)
def test_bytes_do_not_depend_on_the_locale(sgs: Path, command: Command, form: str, environment: dict[str, str]) -> None:
    arguments = ("compare", *QUICK, "--format", form)
    here = command(*arguments).out
    assert here
    assert run(sgs, *arguments, **environment).stdout == here


def test_a_pipe_gets_no_color_and_ascii_where_the_locale_is_not_utf8(sgs: Path) -> None:
    assert b"\x1b" not in run(sgs, "--batch", *QUICK, LC_ALL="C.UTF-8").stdout
    assert run(sgs, "--batch", *QUICK, LC_ALL="C", COLUMNS="60").stdout.isascii()
    assert "…".encode() in run(sgs, "--batch", *QUICK, LC_ALL="C.UTF-8", COLUMNS="60").stdout


def test_no_color_wins_over_forced_color(sgs: Path) -> None:
    forced = {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLUMNS": "80", "LC_ALL": "C.UTF-8"}
    assert b"\x1b[1;31m" in run(sgs, "--batch", *QUICK, **forced).stdout
    assert b"31m" not in run(sgs, "--batch", *QUICK, NO_COLOR="1", **forced).stdout


def test_a_reader_that_leaves_is_no_failure(sgs: Path) -> None:
    command = subprocess.Popen(
        [*MAIN, "compare", *QUICK, "--format", "json"],
        cwd=sgs,
        env=_environment({}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert command.stdout
    command.stdout.close()
    _, errors = command.communicate()
    assert errors == b""
    assert command.returncode == 141


def test_a_full_disk_is_one_line(sgs: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*MAIN, "compare", *QUICK, "--format", "json"],
            cwd=sgs,
            env=_environment({}),
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 3
    assert done.stderr.startswith(b"sgs-tui: error: stdout: cannot write")
    assert done.stderr.count(b"\n") == 1


def test_a_closed_stderr_takes_progress_and_messages_to_nowhere(sgs: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((1, 3, 32, 32), "f4"))
    model, made = sgs / "onnx/tiny.onnx", tmp_path / "o.bin"
    command = [*MAIN, "dump", "onnx", "-m", str(model), "--input", "data=x.npy", "--output", str(made)]
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" 2>&-', "sh", *command],
        cwd=tmp_path,
        env=_environment({"XDG_STATE_HOME": str(tmp_path)}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"") and made.stat().st_size
    assert not list(tmp_path.glob("sgs-tui/crash-*"))


def test_ctrl_c_is_a_clean_message_and_130(sgs: Path) -> None:
    code = (
        "import sys, time, sgs_tui.batch.compare as c\n"
        "def endless(*a): print('at work', flush=True); time.sleep(600)\n"
        "c.compare = endless\n"
        "from sgs_tui.__main__ import main\n"
        "sys.exit(main())"
    )
    command = interruptible([sys.executable, "-c", code, "--batch", *BAD], cwd=sgs, env=_environment({}))
    assert command.stdout
    assert command.stdout.readline() == b"at work\n"
    command.send_signal(signal.SIGINT)
    out, errors = command.communicate()
    assert (command.returncode, out) == (130, b"")
    assert errors == b"sgs-tui: error: interrupted\n"


def test_a_defect_of_ours_is_a_report_and_one_line(sgs: Path, tmp_path: Path) -> None:
    code = (
        "import sys, sgs_tui.batch.compare as c\n"
        "def broken(*a): raise RuntimeError('[red]boom\\x1b')\n"
        "c.compare = broken\n"
        "from sgs_tui.__main__ import main\n"
        "sys.exit(main())"
    )
    done = run_code(sgs, code, "--batch", *QUICK, XDG_STATE_HOME=str(tmp_path))
    assert done.returncode == 70
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "[red]boom\\x1b" in done.stderr
    (report,) = (tmp_path / "sgs-tui").glob("crash-*.txt")
    assert str(report) in done.stderr
    assert "RuntimeError" in report.read_text()
    assert report.stat().st_mode & 0o777 == 0o600


def test_stderr_says_what_json_on_stdout_can_not(sgs: Path) -> None:
    done = run(sgs, "compare", "damaged/ends_in_header.bin", "tiny/float.bin", "--format", "json")
    assert json.loads(done.stdout)["layers"]
    assert done.stderr.count(b"\n") == 1

"""The app in a real terminal (a pty): signals, redirection, colors, locales, sizes, bytes."""

import os
import re
import signal
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from sgs_tui.tui.app import SIGNALS
from tests.tui.terminal import PAIR, REPOSITORY, Terminal, compared

SGR = re.compile(rb"\x1b\[([0-9;]*)m")
NO_LOCALE = {"LC_ALL": "", "LC_CTYPE": ""}


def _left_clean(output: bytes) -> bool:
    """Alternate screen left, mouse reports off, cursor back."""
    pairs = ((b"\x1b[?1049l", b"\x1b[?1049h"), (b"\x1b[?1000l", b"\x1b[?1000h"), (b"\x1b[?25h", b"\x1b[?25l"))
    return all(output.rfind(off) > output.rfind(on) for off, on in pairs)


@pytest.fixture(scope="module")
def opened() -> Iterator[tuple[Terminal, bytes]]:
    """The app on PAIR in 80x24, and what it had sent when all was there."""
    with Terminal() as terminal:
        terminal.wait_for(compared)
        terminal.wait_for("6 why")
        terminal.settle()
        yield terminal, terminal.output


@pytest.fixture
def running(opened: tuple[Terminal, bytes]) -> Terminal:
    """One app for every test that leaves it as it was: a start of its own takes over a second."""
    return opened[0]


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_signal_restores_the_terminal_and_says_itself_in_the_exit_code(
    number: signal.Signals, tmp_path: Path
) -> None:
    with Terminal((str(tmp_path),)) as terminal:
        terminal.wait_for("3 Dumps")
        terminal.signal(number)
        assert terminal.finish() == 128 + number
        assert _left_clean(terminal.output)


def test_a_dropped_line_ends_the_app() -> None:
    with Terminal() as terminal:
        terminal.wait_for(compared)
        terminal.hang_up()
        assert terminal.finish() in {128 + signal.SIGHUP, 0}


def test_quitting_restores_the_terminal() -> None:
    with Terminal() as terminal:
        terminal.wait_for(compared)
        terminal.press("q")
        assert terminal.finish() == 0
        assert _left_clean(terminal.output)


CRASH = """
import sys
from base64 import b64encode
from sgs_tui.tui.histogram import jobs
def broken(*arguments, **options):
    raise ZeroDivisionError("planted")
jobs.count_histogram = broken
from sgs_tui.__main__ import main
sys.argv = ["sgs-tui", *sys.argv[1:]]
sys.exit(main())
"""


def test_a_crash_in_a_worker_restores_the_terminal_and_leaves_a_report(tmp_path: Path) -> None:
    environment = {"XDG_STATE_HOME": str(tmp_path)}
    with Terminal(PAIR, environment=environment, command=(sys.executable, "-c", CRASH)) as terminal:
        assert terminal.finish() == 70
        assert _left_clean(terminal.output)
        after = terminal.output[terminal.output.rfind(b"\x1b[?1049l") :]
        said = SGR.sub(b"", after).decode()
    assert "Traceback" not in said and said.count("planted") == 1, said
    reports = list((tmp_path / "sgs-tui").glob("crash-*.txt"))
    assert len(reports) == 1 and "ZeroDivisionError: planted" in reports[0].read_text()


CRASH_AT_WORK = """
import sys
from base64 import b64encode
import threading
from sgs_tui.tui.histogram import jobs
def broken(*arguments, **options):
    threading.Thread(target=threading.Event().wait, daemon=True).start()
    raise ZeroDivisionError("planted")
jobs.count_histogram = broken
from sgs_tui.__main__ import main
sys.argv = ["sgs-tui", *sys.argv[1:]]
code = main()
print("the interpreter's own end")
sys.exit(code)
"""


def test_a_crash_with_work_under_way_never_gets_to_the_interpreters_own_end(tmp_path: Path) -> None:
    environment = {"XDG_STATE_HOME": str(tmp_path)}
    with Terminal(PAIR, environment=environment, command=(sys.executable, "-c", CRASH_AT_WORK)) as terminal:
        assert terminal.finish() == 70
        assert _left_clean(terminal.output) and b"own end" not in terminal.output
    assert len(list((tmp_path / "sgs-tui").glob("crash-*.txt"))) == 1


def test_without_a_terminal_it_says_so() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sgs_tui", *PAIR],
        cwd=REPOSITORY,
        capture_output=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 2 and done.stdout == b""
    assert b"--batch" in done.stderr and b"\x1b" not in done.stderr


def test_no_color_sends_no_color_code() -> None:
    with Terminal(environment={"NO_COLOR": "1"}) as terminal:
        terminal.wait_for(compared)
        terminal.press("n2")
        terminal.wait_for("ch 0")
        terminal.press("3")
        terminal.wait_for("newest first")
        terminal.press("?")
        terminal.wait_for("keys of this pane")
        codes = {int(code or 0) for match in SGR.findall(terminal.output) for code in match.split(b";")}
    assert codes <= {0, 1, 2, 3, 4, 7, 22, 23, 24, 27}


@pytest.mark.parametrize(
    ("environment", "option"),
    [({**NO_LOCALE, "LANG": "C"}, ()), ({**NO_LOCALE, "LANG": "de_DE.ISO-8859-1"}, ()), ({}, ("--ascii",))],
)
def test_pure_ascii_where_nothing_else_can_be_shown(environment: dict[str, str], option: tuple[str, ...]) -> None:
    with Terminal((*PAIR, *option), environment=environment) as terminal:
        terminal.wait_for(compared)
        for key, shown in (("n2", "ch 0"), ("d", "fails > 0.5"), ("3", "newest first"), ("4", "byte for byte")):
            terminal.press(key)
            terminal.wait_for(shown)
        terminal.press("?")
        terminal.wait_for("keys of this pane")
        assert terminal.output.isascii()


@pytest.mark.parametrize("environment", [{"LC_ALL": "C"}, {**NO_LOCALE, "LANG": "POSIX"}])
def test_a_locale_of_any_name_says_whether_it_is_ascii(environment: dict[str, str]) -> None:
    with Terminal(environment=environment) as terminal:
        terminal.wait_for(lambda text: compared(text) and "x gate" in text)
        assert terminal.output.isascii()


@pytest.mark.parametrize("lang", ["C.UTF-8", "en_US.utf8"])
def test_utf8_locales_get_the_glyphs(lang: str) -> None:
    with Terminal(environment={**NO_LOCALE, "LANG": lang}) as terminal:
        terminal.wait_for(lambda text: compared(text) and "✗" in text)


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": ""}, rb"38;5;\d+"),
        ({"TERM": "screen-256color", "COLORTERM": ""}, rb"38;5;\d+"),
        ({"TERM": "linux", "COLORTERM": ""}, rb"3[0-7]|9[0-7]"),
        ({"TERM": "screen", "COLORTERM": ""}, rb"3[0-7]|9[0-7]"),
    ],
    ids=lambda value: value.get("TERM") if isinstance(value, dict) else "",
)
def test_terminals_get_colors_they_know(environment: dict[str, str], wanted: bytes) -> None:
    with Terminal(environment=environment) as terminal:
        terminal.wait_for(compared)
        codes = b" ".join(SGR.findall(terminal.output))
    assert re.search(wanted, codes) and b"38;2;" not in codes and b"48;2;" not in codes


def test_the_first_frame_is_laid_out_for_a_small_terminal(opened: tuple[Terminal, bytes]) -> None:
    """Side by side the panes have headings, which at 80x24 would be painted over at once."""
    seen = opened[1].decode("utf-8", "replace")
    assert "8 Pics" in seen and "DebugConfig" not in seen and "newest first" not in seen


def test_an_idle_screen_sends_nothing(running: Terminal) -> None:
    running.settle(1.0)
    assert running.read(3.0) == b""


def test_a_cursor_move_sends_less_than_400_bytes(running: Terminal) -> None:
    running.press("g")
    running.settle(1.0)
    for key in "jjjjkk":
        before = len(running.output)
        running.press(key)
        running.settle()
        sent = running.output[before:]
        assert 0 < len(sent) < 400, sent


def test_too_small_says_what_is_needed_and_comes_back(running: Terminal) -> None:
    running.resize(59, 24)
    running.wait_for("needs 60x15, this is 59x24")
    running.resize(20, 5)
    running.wait_for("is 20x5")
    running.resize(60, 15)
    running.wait_for("gate")
    running.resize(160, 50)
    running.wait_for(lambda text: all(word in text for word in ("3 Dumps", "6 Triage", "d Details")))
    running.resize(80, 24)
    running.wait_for(lambda text: compared(text) and "newest first" not in text)
    running.settle()


def test_a_resize_while_a_key_is_held_is_painted(running: Terminal) -> None:
    for columns, wanted in ((59, "needs 60x15"), (80, "gate")):
        running.press("j" * 30 + "k" * 30)
        running.resize(columns, 24)
        running.wait_for(wanted)
    running.press("g")
    running.settle()


def test_ctrl_z_gives_the_terminal_back_and_fg_repaints(running: Terminal) -> None:
    running.press("\x1a")
    _wait_until_stopped(running)
    running.settle()  # what was sent before it stopped
    assert _left_clean(running.output)
    before = len(running.output)
    running.signal(signal.SIGCONT)
    running.wait_for(lambda _: b"gate" in running.output[before:])
    running.settle()


def _wait_until_stopped(terminal: Terminal) -> None:
    for _ in range(400):
        terminal.read(0.05)
        if Path(f"/proc/{terminal.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T":
            return
    raise AssertionError("never stopped")


def test_copy_is_osc_52(running: Terminal) -> None:
    running.press("gny")
    running.wait_for("copied 6 characters")
    assert b"\x1b]52;c;" + b64encode(b"0.9991") + b"\x07" in running.output
    running.settle()


def test_mouse_can_be_left_out() -> None:
    with Terminal((*PAIR, "--no-mouse")) as terminal:
        terminal.wait_for(compared)
        assert b"\x1b[?1000h" not in terminal.output and b"\x1b[?1003h" not in terminal.output


def test_repaint_sends_the_whole_screen_again(running: Terminal) -> None:
    before = len(running.output)
    running.press("\x0c")
    running.wait_for(lambda _: b"gate" in running.output[before:])
    running.settle()


def test_the_first_picture_needs_neither_numpy_nor_the_engine() -> None:
    code = "import sys, sgs_tui.tui.app; print(sorted({'numpy', 'plotext', 'onnxruntime'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, check=False, env=os.environ.copy()
    )
    assert done.stdout.strip() == b"[]", done.stderr


def test_compare_opens_the_app_with_filter_and_order() -> None:
    with Terminal(("compare", *PAIR, "--filter", "rmse>0.02", "--sort", "rmse")) as terminal:
        terminal.wait_for(lambda text: "of 20 layers" in text and "/rmse>0.02" in text and "RMSE▾" in text)


@pytest.mark.parametrize(("option", "said"), [(("--filter", "rmse>x"), b"rmse"), (("--sort", "rsme"), b"did you mean")])
def test_a_filter_or_order_that_is_none_is_said_before_the_app_opens(option: tuple[str, ...], said: bytes) -> None:
    with Terminal(("compare", *PAIR, *option)) as terminal:
        assert terminal.finish() == 2
        assert said in terminal.output and b"\x1b[?1049h" not in terminal.output

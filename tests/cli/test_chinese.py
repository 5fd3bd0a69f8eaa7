"""The command line to those who read Chinese: help, errors, hints; and what never changes with the language."""

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len

from sgs_tui.engine.backends.sdk_tools import SdkTools
from sgs_tui.engine.journal import Kind, append, entry, journal_of
from sgs_tui.engine.runs.known_failures import DISK_FULL, Explanation
from sgs_tui.engine.runs.run_folder import RunRequest, RunState, create_run_folder
from sgs_tui.language import Message
from tests.cli.conftest import Command
from tests.cli.test_help import COMMANDS
from tests.engine.sweep.conftest import write_pair
from tests.english import sentences_in


@pytest.fixture
def chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.usefixtures("chinese")
@pytest.mark.parametrize("path", [(), *COMMANDS], ids=" ".join)
def test_help(command: Command, path: tuple[str, ...]) -> None:
    ended = command(*path, "--help")
    assert (ended.code, ended.err) == (0, "")
    assert ended.text.startswith("用法：sgs-tui")
    assert sentences_in(ended.text) == []
    assert [line for line in ended.text.splitlines() if cell_len(line) > 80] == []


def test_help_in_one_call_and_english_in_the_next(command: Command) -> None:
    assert "选项：" in command("compare", "--lang", "zh_CN", "--help").text
    assert "Options:" in command("compare", "--help").text


@pytest.mark.usefixtures("chinese")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("compare",), "缺少参数 'SAMPLE'；参见 'sgs-tui compare --help'"),
        (("compare", "a", "b", "--top", "0"), "'--top' 的值无效：0 不在范围 x>=1 内；参见 'sgs-tui compare --help'"),
        (
            ("compare", "--formt", "json"),
            "没有选项 --formt（相近的有 --format, --sort）；参见 'sgs-tui compare --help'",
        ),
        (("dump", "x"), "没有命令 'x'；参见 'sgs-tui dump --help'"),
        (("compar", "a"), "没有名为 compar 的文件或命令；是否想输入 `sgs-tui compare`？"),
        (("compare", "a", "b", "--top", "x"), "'--top' 的值无效：'x' 不是有效的整数；参见 'sgs-tui compare --help'"),
        (("--lang", "de"), "--lang de：没有这种语言；请给出 en 或 zh_CN"),
    ],
)
def test_what_is_refused(command: Command, arguments: tuple[str, ...], said: str) -> None:
    ended = command(*arguments)
    assert ended.code == 2
    assert (
        ended.err.strip().partition(" ")[2].removeprefix("error: ") == said
        or ended.err.strip() == f"sgs-tui：错误：{said}"
    )


@pytest.mark.usefixtures("chinese")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = [", "不是 TOML：值无效（在文件末尾）"),
        ("base = 'sop'\nx y", "不是 TOML：键之后应为 '='（第 2 行第 3 列）"),
        ("[fail]\nx = 3", "未知"),
    ],
)
def test_a_profile_that_is_refused(command: Command, tmp_path: Path, text: str, said: str) -> None:
    profile = tmp_path / "own.toml"
    profile.write_text(text)
    ended = command("compare", *BAD, "--batch", "--profile", str(profile))
    assert ended.code == 3 and said in ended.err and sentences_in(ended.err) == []


@pytest.mark.usefixtures("chinese")
@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("x = 1", "加载失败：其中既没有定义 image_preprocess(path, norm=True)，也没有定义 get_image("),
        ("def image_preprocess(p, norm): return 'x'", "（用于 one.png）失败：返回了 str，应为 numpy 数组"),
        ("def image_preprocess(p, norm): raise ValueError('own words')", "失败：ValueError: own words"),
    ],
)
def test_what_a_script_of_the_user_is_refused_for(
    command: Command, tmp_path: Path, sgs: Path, script: str, said: str
) -> None:
    """What is ours is said in Chinese, across two processes; what the script says itself stays."""
    image, module = tmp_path / "one.png", tmp_path / "pre.py"
    image.write_bytes(b"no picture, the script reads it")
    module.write_text(script)
    root, model = ("--root", str(tmp_path / "runs")), str(sgs / "bad" / "bad.onnx")
    ended = command("dump", "onnx", "--model", model, "--image", str(image), "-n", str(module), *root)
    assert ended.code == 4 and said in ended.err


def test_a_language_that_can_not_be_shown_is_told(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    ended = command("doctor", "--lang", "zh_CN")
    assert (
        "sgs-tui: warning: --lang zh_CN: the locale is not UTF-8, so only ASCII is shown; English is shown" in ended.err
    )
    assert "no    language" in ended.text and ended.text.isascii()


def test_the_character_set_that_python_sets_itself_is_not_the_terminals() -> None:
    """In the C locale Python sets LC_CTYPE=C.UTF-8; the app is ASCII there, and so is what else is said."""
    environment = {name: value for name, value in os.environ.items() if name not in ("LC_ALL", "LC_CTYPE")}
    line = [sys.executable, "-m", "sgs_tui", "--lang", "zh_CN", "compare", "--help"]
    ended = subprocess.run(line, env={**environment, "LANG": "C"}, capture_output=True, check=True)
    assert ended.stdout.startswith(b"Usage: ") and b"the locale is not UTF-8" in ended.stderr


@pytest.mark.usefixtures("chinese")
def test_doctor_says_which_language_the_settings_do_not_know(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "sgs-tui").mkdir()
    (tmp_path / "sgs-tui" / "settings.toml").write_text('language = "de"\n')
    line = next(line for line in command("doctor").text.splitlines() if "语言" in line)
    assert "zh_CN：LC_ALL=zh_CN.UTF-8；" in line and line.endswith("没有语言 de")


SETTINGS = """theme = "sgs-lite"
mouse = "no"
colour = 1
columns = ["rmse", "coz"]
sdk = 3
profile = "sopp"
[keys]
"layers.filter" = "ctrl+j"
"""
SAID = (
    (3, "unknown key 'colour': did you mean columns?", "未知的键 'colour'：是否指 columns？"),
    (2, "mouse: expected true or false, found 'no'", "mouse 应为：true 或 false；实际为 'no'"),
    (5, "sdk: expected text in quotes, found 3", "sdk 应为：引号中的文本；实际为 3"),
    (1, "no theme 'sgs-lite': did you mean sgs-light?", "没有主题 'sgs-lite'：是否指 sgs-light？"),
    (4, "no column 'coz': did you mean cos?", "没有列 'coz'：是否指 cos？"),
    (6, "no profile 'sopp' (did you mean sop?", "没有阈值方案 'sopp'（是否指 sop？"),
    (8, "keys: layers.filter can not be on 'ctrl+j'", "keys：layers.filter 不能用 'ctrl+j'"),
)


@pytest.mark.parametrize("locale", ["C.UTF-8", "zh_CN.UTF-8"])
def test_doctor_says_what_is_wrong_with_the_settings(
    locale: str, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("LC_ALL", locale)
    path = tmp_path / "sgs-tui" / "settings.toml"
    path.parent.mkdir()

    def told(text: str) -> list[str]:
        path.write_text(text, "utf-8")
        state = re.compile(r"(ok|no) +(settings|设置) +")
        return [line for line in command("doctor").text.splitlines() if state.match(line)]

    english = locale == "C.UTF-8"
    for line, (number, said, chinese) in zip(told(SETTINGS), SAID, strict=True):
        assert line.startswith("no") and str(path) in line
        assert (f", line {number}: {said}" if english else f" 第 {number} 行：{chinese}") in line
    (broken,) = told('mouse = false\ntheme = "C:\\Users"\n')
    assert ("expected TOML" in broken and "Invalid hex value (at line 2, column 14)" in broken) or not english
    assert ("应为 TOML" in broken and "十六进制转义无效（第 2 行第 14 列）" in broken) or english
    (fine,) = told('theme = "nord"\ncolumns = ["cos", "slice_sqnr_db"]\nsdk_map = ["/a=/b"]\n')
    assert fine.startswith("ok") and fine.endswith(str(path))


@pytest.mark.usefixtures("chinese")
def test_doctor_says_which_language_and_why(command: Command, tmp_path: Path) -> None:
    text = command("doctor").text
    assert "语言          zh_CN：LC_ALL=zh_CN.UTF-8\n" in text
    starts = {line.index(line.split()[2]) for line in text.splitlines() if line.startswith("ok") and line[6].isascii()}
    assert len(starts) == 1  # columns are told in cells, which Latin names take one of


BAD = ("bad/bad_fixed_dq.bin", "bad/bad_float.bin")
QUANT = [f"optimizer/optimized_quant_info_{name}.pkl" for name in ("0_0.65", "5_0.9")]
NORMAL = (
    ("inspect", BAD[0], "--batch"),
    ("inspect", "damaged/stops_early.bin", "--batch"),
    ("inspect", BAD[0], "--layer", "gate"),
    ("compare", "tiny/fixed_dq_keepgarbage.bin", "tiny/cmodel_float.bin", "--batch"),
    ("compare", BAD[1], BAD[0], "--batch"),
    ("histogram", BAD[0], "--against", BAD[1], "--layer", "gate"),
    ("advise", *BAD, "--batch", "--ini", "bad/input_config.ini"),
    ("advise", *BAD, "--format", "markdown"),
    ("twin", BAD[1]),
    ("whatif", *BAD, "--int16", "cat", "--all"),
    ("whatif", BAD[1], "--ranges", "bad/tensor_min_max.txt", "--level", "L2"),
    ("quant", "show", QUANT[0]),
    ("quant", "diff", *QUANT),
    ("debugconfig", "show", "bad/bad_fixed_dq.DebugConfig.txt"),
    ("debugconfig", "check", "bad/bad_fixed_dq.DebugConfig.txt"),
    ("core",),
    ("doctor",),
)


def _said(line: tuple[str, ...], text: str) -> str:
    """Markdown has sentences in code spans, which elsewhere are commands."""
    return text.replace("`", " ") if "markdown" in line else text


@pytest.mark.usefixtures("chinese")
@pytest.mark.parametrize("line", NORMAL, ids=" ".join)
def test_what_commands_print(command: Command, line: tuple[str, ...]) -> None:
    ended = command(*line)
    assert ended.code in (0, 1, 3) and len(ended.text) > 40
    assert sentences_in(_said(line, ended.text) + ended.err) == []
    assert not {"gate to", "values", "calibrated", "outside", "stride", "axis"} & set(ended.text.split())


@pytest.mark.usefixtures("chinese")
def test_a_sweep(command: Command, tmp_path: Path) -> None:
    for number in range(3):
        write_pair(tmp_path, f"p{number}", number, 3.0 if number == 2 else 0.01)
    (tmp_path / "fixed" / "p1.bin").write_bytes(b"garbage")
    sweep = ("sweep", str(tmp_path / "fixed"), str(tmp_path / "float"), "-j", "1", "--journal", str(tmp_path / "kept"))
    ended = command(*sweep)
    assert ended.code == 3 and "p1" in ended.text
    assert set(sentences_in(ended.text + ended.err)) <= {"a, b, c"}, "names of layers"


def test_the_search_on_the_twin(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    search = ("optimize", "twin", *BAD, "--folder", str(tmp_path / "search"))
    english = command(*search, "--format", "json").out
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert command(*search, "--format", "json").out == english
    ended = command(*search)
    assert "tensor_arrays='cat'" in ended.text and sentences_in(ended.text + ended.err) == []


ORIGINAL = "onnx/onnx_NHWC_outtensor_dump.bin"
FOR_PROGRAMS = (
    ("csv json junit vendor", ("compare", *BAD)),
    ("csv json junit vendor", ("compare", "damaged/stops_early.bin", BAD[1])),
    ("csv json junit", ("compare", *BAD, "--baseline", "{baseline}", "--fail-on", "regression")),
    ("csv json", ("compare", *BAD, "--exact")),
    ("csv json junit", ("compare", *BAD, ORIGINAL)),
    ("csv json", ("inspect", BAD[0])),
    ("csv json", ("inspect", "damaged/stops_early.bin")),
    ("csv json", ("inspect", BAD[0], "--layer", "gate")),
    ("json", ("advise", *BAD, "--ini", "bad/input_config.ini")),
    ("json", ("whatif", *BAD, "--int16", "cat")),
    ("json", ("whatif", BAD[1], "--ranges", "bad/tensor_min_max.txt", "--level", "L2")),
    ("json", ("twin", BAD[1])),
    ("csv json", ("quant", "show", QUANT[0])),
    ("csv json", ("quant", "diff", *QUANT)),
    ("csv json junit", ("sweep", "{pairs}/fixed", "{pairs}/float", "-j", "1", "--journal", "{pairs}/kept")),
    ("csv json", ("journal", "{pairs}/fixed/p0.bin")),
    ("json", ("runs", "list", "--root", "{pairs}/runs")),
    ("json", ("runs", "show", "last", "--root", "{pairs}/runs")),
)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Pairs to sweep over, one of them damaged, with a journal and a run; a report to compare with."""
    pairs = tmp_path_factory.mktemp("pairs")
    for number in range(3):
        write_pair(pairs, f"p{number}", number, 3.0 if number == 2 else 0.01)
    (pairs / "fixed" / "p1.bin").write_bytes(b"garbage")
    append(journal_of(pairs / "fixed" / "p0.bin"), [entry(Message("INT16 for {names}", names="cat"), Kind.TRIED)])
    folder = create_run_folder(RunRequest(("tool",), "sdk", "net.sim", "fixed", ()), pairs / "runs")
    folder.write_status(replace(folder.read_status(), state=RunState.FAILED, message=DISK_FULL.message))
    return {"pairs": str(pairs), "baseline": str(pairs / "baseline.json")}


@pytest.mark.parametrize(
    ("form", "line"),
    [(form, line) for forms, line in FOR_PROGRAMS for form in forms.split()],
    ids=lambda each: each if isinstance(each, str) else " ".join(each),
)
def test_what_programs_read_is_the_same_bytes(
    command: Command, kept: dict[str, str], form: str, line: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    baseline = Path(kept["baseline"])
    if "{baseline}" in line and not baseline.exists():
        command("compare", *BAD, "--format", "json", "--no-diagnosis", "--output", str(baseline))

    def made() -> tuple[int, bytes]:
        ended = command(*(each.format(**kept) for each in line), "--format", form)
        return ended.code, re.sub(rb'"seconds": [\d.]+', b"", ended.out)

    english = made()
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert made() == english
    code, out = english
    assert code in (0, 1, 3) and len(out) > 40


@pytest.mark.parametrize("told", [each.told for each in (*SdkTools.known_failures, *SdkTools.vague_failures)])
def test_a_run_that_ended_in_another_process(
    command: Command, tmp_path: Path, told: Explanation, monkeypatch: pytest.MonkeyPatch
) -> None:
    message, hint = (
        each if isinstance(each, Message) else Message(each, text="libx.so") for each in (told.message, told.hint)
    )
    folder = create_run_folder(RunRequest(("tool",), "sdk", "net.sim", "fixed", ()), tmp_path / "runs")
    note = Message("left behind, not to be trusted: {path}", path="work/dump.bin")
    ended = replace(folder.read_status(), state=RunState.FAILED, message=message, hint=hint, notes=(note,))
    folder.write_status(ended)
    root = ("--root", str(tmp_path / "runs"))
    english = command("runs", "show", "last", *root).words
    assert message in english and hint in english
    folder.write_status(folder.read_status())  # as a supervisor that passes it on
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    for line in (("runs", "list", *root), ("runs", "show", "last", *root)):
        assert sentences_in(command(*line).text.replace("\n", " ")) == []
    assert command("runs", "show", "last", *root).words.count("不可信") == 1
    assert command("runs", "list", "--format", "json", *root).text.isascii()


def test_a_run_of_before_is_told_as_it_stands(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = create_run_folder(RunRequest(("tool",), "sdk", "net.sim", "fixed", ()), tmp_path / "runs")
    words = str(DISK_FULL.message)
    folder.write_status(replace(folder.read_status(), state=RunState.FAILED, message=words))
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert words in command("runs", "show", "last", "--root", str(tmp_path / "runs")).words


def test_a_journal_of_another_reader(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dump = tmp_path / "fixed.bin"
    dump.write_bytes(b"")
    text = Message("INT16 for {names}", names="cat")
    append(journal_of(dump), [entry(text, Kind.TRIED, sample=dump.name), entry("dark at night")])
    assert "tried: INT16 for cat" in command("journal", str(dump)).text
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    told = command("journal", str(dump)).text
    assert "试过：" in told and "INT16 for" not in told and "dark at night" in told

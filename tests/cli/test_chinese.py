"""The command line to those who read Chinese: help, errors, hints; and what never changes with the language."""

from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.cli.conftest import Command
from tests.cli.test_help import COMMANDS
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
        (("--lang", "de"), "--lang de: there is no such language; give en or zh_CN"),
    ],
)
def test_what_is_refused(command: Command, arguments: tuple[str, ...], said: str) -> None:
    ended = command(*arguments)
    assert ended.code == 2
    assert (
        ended.err.strip().partition(" ")[2].removeprefix("error: ") == said
        or ended.err.strip() == f"sgs-tui：错误：{said}"
    )


def test_a_language_that_can_not_be_shown_is_told(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    ended = command("doctor", "--lang", "zh_CN")
    assert (
        "sgs-tui: warning: --lang zh_CN: the locale is not UTF-8, so only ASCII is shown; English is shown" in ended.err
    )
    assert "no    language" in ended.text and ended.text.isascii()


@pytest.mark.usefixtures("chinese")
def test_doctor_says_which_language_and_why(command: Command, tmp_path: Path) -> None:
    text = command("doctor").text
    assert "语言          zh_CN：LC_ALL=zh_CN.UTF-8\n" in text
    starts = {line.index(line.split()[2]) for line in text.splitlines() if line.startswith("ok") and line[6].isascii()}
    assert len(starts) == 1  # columns are told in cells, which Latin names take one of

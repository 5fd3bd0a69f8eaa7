"""Reports to those who read Chinese: the same figures, aligned in cells; formats for programs do not change."""

import re
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.batch.conftest import Command
from tests.batch.test_golden import GOLDEN, PAIRS, check
from tests.english import sentences_in


@pytest.fixture
def chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")


@pytest.mark.usefixtures("chinese")
@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("form", ["csv", "json", "vendor"])
def test_formats_for_programs_are_the_same_bytes(command: Command, pair: str, form: str) -> None:
    ended = command("compare", *PAIRS[pair], "--no-diagnosis", "--format", form)
    assert ended.out == (GOLDEN / f"{pair}.{form}").read_bytes()


@pytest.mark.usefixtures("chinese")
def test_the_table(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    ended = command("compare", *PAIRS["bad"], "--no-diagnosis", "--top", "3", "--sort", "rmse", "--batch")
    text = ended.out.decode()
    table = text[text.index("阈值方案") : text.index("20 层：")]
    assert [line for line in text.splitlines() if cell_len(line) > 80] == []
    check("bad.zh.table80", table.encode())


@pytest.mark.usefixtures("chinese")
@pytest.mark.parametrize("form", ["table", "markdown", "html", "mermaid"])
def test_no_english_sentence(command: Command, form: str, tmp_path: Path) -> None:
    page = tmp_path / "page"
    command("compare", *PAIRS["bad"], "--format", form, "--output", str(page))
    text = page.read_text("utf-8")
    if form == "html":
        assert '<html lang="zh-CN">' in text
        text = re.sub(r"<(style|script|head)\b.*?</\1>|<[^>]*>", "\n", text, flags=re.DOTALL)
    if form == "mermaid":
        text = re.sub(r"#(\d+);", lambda code: chr(int(code[1])), text).partition("classDef")[0]
        assert "误差从这里开始" in text and "共用" in text
    assert [found for line in text.replace("`", " ").splitlines() for found in sentences_in(line)] == []

"""The main screens to those who read Chinese, as pictures: one start of the app a size, which walks through all.

Update with --snapshot-update and look at each, with a font that has Chinese: columns, cut names and footers are aligned
in cells, of which a Chinese character takes two.
"""

from pathlib import Path

import pytest
from pytest_textual_snapshot import SVGImageExtension
from syrupy import SnapshotAssertion

from sgs_tui.language import CHINESE, speak
from sgs_tui.tui.export import picture_of
from tests.tui.screenshots import sweep
from tests.tui.stage import make_app, until, until_compared
from tests.tui.test_chinese import note
from tests.tui.test_gallery import Page, shown

PAGES = (
    Page("layers", (), "◆ gate"),
    Page("histogram", ("2", "o"), "仅 sample", ("o", "1")),
    Page("dumps", ("3",), "最新的在前", ("1",)),
    Page("records", ("3", "enter"), "条记录", ("escape", "1")),
    Page("debugconfig", ("4",), "文件内容，逐字节", ("1",)),
    Page("debugconfig-save", ("4", "j", "space", "w"), "写入 dumps/DebugConfig.txt？", ("escape", "space", "1")),
    Page("log", ("5",), "按 6 查看依据", ("1",)),
    Page("triage", ("6",), "推翻条件", ("1",)),
    Page("runs-none", ("7",), "这里还没有运行", ("1",)),
    Page("run-form", ("7", "e", "enter", *"net", "enter"), "没有这个文件", ("escape", "1")),
    Page("pictures-none", ("8",), "这里还没有 sweep", ("1",)),
    Page("sweep-form", ("8", "r", "enter"), "对哪些图片做 sweep", ("escape", "escape", "1")),
    Page("network", ("9",), "误差起点", ("1",)),
    Page("details", ("d",), "误差从这里开始", ("1",)),
    Page("scatter", ("v",), "相关系数", ("escape",)),
    Page("map", ("m",), "按误差占比", ("escape",)),
    Page("heat", ("e",), "通道未知", ("escape",)),
    Page("whatif", ("I",), "自检", ("escape",)),
    Page("requantize", ("A",), "网络在哪个文件夹", ("escape",)),
    Page("baseline", ("M", "B"), "20 相同", ("escape",)),
    Page("journal", ("H",), "试过", ("escape",)),
    Page("note", ("C",), "的备注", ("escape",)),
    Page("columns", ("c",), "层表的列", ("escape",)),
    Page("count", ("F",), "层中有", ("escape",)),
    Page("export", ("E",), "导出什么", ("escape",)),
    Page("palette", ("colon",), "做什么", ("escape",)),
    Page("help", ("question_mark",), "本窗格的按键", ("escape",)),
)
SWEPT = (
    Page("pictures", ("8",), "各图片的误差", ("1",)),
    Page("sweep-findings", ("8", "e"), "整组图片说明了什么", ("escape", "1")),
    Page("layers-swept", (), "◆ gate"),
    Page("typing-a-filter", (*"/op:conv",), "op:conv", ("escape",)),
)


@pytest.mark.parametrize("size", [(80, 24), (160, 50)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_every_screen_in_chinese(
    size: tuple[int, int], on_stage: Path, monkeypatch: pytest.MonkeyPatch, snapshot: SnapshotAssertion
) -> None:
    monkeypatch.delenv("SGS_IPU_DIR", raising=False)
    speak(CHINESE)
    note()
    kept = snapshot.use_extension(SVGImageExtension)
    different = []
    async with make_app().run_test(size=size) as pilot:
        screen = await until_compared(pilot)
        await until(pilot, lambda: screen.runs.pane.listed)
        for page in (*PAGES, *SWEPT):
            if page is SWEPT[0]:
                screen.pictures.pane.show_sweep(*sweep(), "")
            await shown(pilot, page)
            if picture_of(pilot.app) != kept(name=page.name):
                different.append(page.name)
            await pilot.press(*page.back)
            await until(pilot, lambda: pilot.app.screen is screen and screen.current is screen.layer_table.pane)
    assert not different

"""The app to those who read Chinese: every pane, window, menu and hint is walked through, and none says English.

What the screen paints is read, with one start of the app for each kind of work. Names of tensors, files and operators,
keys and figures are the same in every language (tests/english.py).
"""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest
from textual.pilot import Pilot

from sgs_tui.engine.demo.demo import build_demo
from sgs_tui.engine.diagnosis.results import Cause
from sgs_tui.engine.journal import Entry, Kind, append, journal_of
from sgs_tui.engine.runs.run_folder import Product, RunRequest, create_run_folder
from sgs_tui.language import CHINESE, shown, speak
from sgs_tui.tui.actions import ACTIONS, GROUP_TITLES, PANES
from sgs_tui.tui.app import SgsApp
from sgs_tui.tui.export import picture_of
from sgs_tui.tui.hints import HINTS
from sgs_tui.tui.screen import MainScreen
from tests.english import words_in
from tests.tui.screenshots import sweep
from tests.tui.stage import (
    BENCHMARK,
    FOLDER,
    REAL,
    SAMPLE,
    main_screen,
    make_app,
    text_of,
    until,
    until_compared,
    until_shown,
)

LARGE, SMALL = (160, 50), (80, 24)
NAMES = frozenset(
    {
        *("gate", "cat", "pool", "sig", "res", "avg", "resh", "trans", "flat", "logits", "prob", "data", "input"),
        *("expand", "gap", "mix", "bad", "tiny", "net", "demo", "absent"),
        *map(str, Cause),
    }
)
"""Tensors, files and ids of the fixtures that look like words."""


@dataclass(frozen=True, slots=True)
class Step:
    """Keys from the layer table on, what is awaited, and whether there is more below it."""

    keys: tuple[str, ...]
    awaited: str
    long: bool = False
    then: "Step | None" = None
    """Further, from there."""
    back: tuple[str, ...] = ("1",)


BAD = (
    Step((), "◆ gate：大小相差很大的 tensor 共用一个 scale；在整个 dump 上测得；处理：cat 改为 INT16"),
    Step(("slash",), "verdict:fail", back=("escape",)),
    Step((*"/rmse>x", "enter"), "后面应为数字", back=("escape",)),
    Step(("s", "right", "semicolon"), "COS▴2"),
    Step(("2", "o"), "仅 sample"),
    Step(("2", "D", "l"), "只看通道"),
    Step(("2", "L"), "对数"),
    Step(("3",), "最新的在前"),
    Step(("3", "enter"), "条记录"),
    Step(("3", "enter"), "字节", long=True),
    Step(("4",), "文件内容，逐字节"),
    Step(("4", "j", "space"), "打开了 dequantFixed 却没有"),
    Step(("4", "w"), "写入 dumps/DebugConfig.txt？"),
    Step(("4", "a"), "DebugConfig.txt 的预设"),
    Step(("4", "o"), "未保存"),
    Step(("5",), "按 6 查看依据"),
    Step(("6",), "推翻条件", long=True),
    Step(("7",), "这里还没有运行"),
    Step(("7", "e"), "启动之前还需要", long=True),
    Step(("7", "e", "g", "space"), "SDK 文件夹", long=True),
    Step(("7", "c"), "没有两次成功的运行"),
    Step(("8",), "这里还没有 sweep"),
    Step(("8", "r"), "两侧由什么生成"),
    Step(("8", "r", "enter"), "对哪些图片做 sweep"),
    Step(("8", "e"), "还没有 sweep"),
    Step(("9",), "误差起点"),
    Step(("d",), "▸d 详情", long=True),
    Step(("v",), "相关系数"),
    Step(("m",), "按误差占比"),
    Step(("e",), "通道未知"),
    Step(("i",), "已标记"),
    Step(("I",), "自检", long=True, then=Step(("w",), "旧文件保留为 .bak")),
    Step(("I",), "自检", then=Step(("o",), "修改哪个 input_config.ini")),
    Step(("B",), "运行文件夹"),
    Step(("M", "B"), "20 相同"),
    Step(("B", "r"), "与之前哪次运行或比较对照"),
    Step(("A",), "网络在哪个文件夹"),
    Step(("C",), "的备注"),
    Step(("H",), "试过"),
    Step(("H", "a"), "的备注"),
    Step(("number_sign",), "转到哪一层"),
    Step(("number_sign", *"flat", "enter"), "转到哪一层"),
    Step(("c",), "层表的列", long=True),
    Step(("F",), "层中有"),
    Step(("u",), "未比较"),
    Step(("E",), "导出什么"),
    Step(("E", "enter"), "写入哪个文件"),
    Step(("y",), "已复制"),
    Step(("colon",), "做什么", long=True),
    Step(("question_mark",), "本窗格的按键", long=True),
    Step(("2", "question_mark"), "直方图：本窗格的按键"),
    Step(("p",), "阈值：sop"),
    Step(("R",), "阈值：sop"),
    Step(("q",), "未保存"),
    Step(("x",), "弄反了"),
    Step(("6",), "错误的一侧"),
)
RUNS = (
    Step(("7",), "失联"),
    Step(("7", "enter"), "没有 dump"),
    Step(("7", "x"), "失联"),
    Step(("7", "D"), "及其 dump 和日志文件"),
    Step(("3",), "最新的在前"),
    Step(("v",), "这里没有可查看数值的层"),
    Step(("C",), "这里没有可写备注的层"),
    Step(("H",), "日志属于 dump 或运行：这里没有"),
    Step(("I",), "建议需要比较的诊断"),
    Step(("6",), "诊断"),
)


@pytest.fixture(autouse=True)
def chinese(on_stage: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing of this machine is known, no pane was met."""
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    monkeypatch.setattr("sgs_tui.tui.hints.seen", frozenset)
    speak(CHINESE)
    yield


@asynccontextmanager
async def playing(*paths: Path, size: tuple[int, int] = LARGE) -> AsyncIterator[Pilot[int]]:
    async with make_app(paths or (SAMPLE, BENCHMARK)).run_test(size=size) as pilot:
        yield pilot


async def read(pilot: Pilot[int], step: Step, home: MainScreen) -> list[str]:
    """What is English there; the app is back where it was."""
    assert isinstance(pilot.app, SgsApp)
    await pilot.press(*step.keys)
    await until_shown(pilot, step.awaited)
    pages = [text_of(pilot.app)]
    while step.long:
        await pilot.press("pagedown")
        await pilot.pause()
        if (page := text_of(pilot.app)) == pages[-1]:
            break
        pages.append(page)
    found = [word for page in pages for word in words_in(page, NAMES)]
    if step.then is not None:
        return found + await read(pilot, step.then, home)
    for _ in range(4):
        if pilot.app.screen is not home:
            await pilot.press("escape")
    await until(pilot, lambda: pilot.app.screen is home)
    await pilot.press(*step.back)
    return found


async def english(pilot: Pilot[int], steps: tuple[Step, ...]) -> dict[str, list[str]]:
    """By the keys that lead there; nothing where all is Chinese."""
    home = main_screen(pilot.app)  # type: ignore[arg-type]
    found = {" ".join(step.keys): await read(pilot, step, home) for step in steps}
    return {keys: words for keys, words in found.items() if words}


def note() -> None:
    made = [(Kind.NOTE, "夜间图片饱和", "gate"), (Kind.TRIED, "cat 用 INT16", None)]
    append(journal_of(SAMPLE), [Entry(datetime(2026, 3, 1, tzinfo=UTC), *each, SAMPLE.name) for each in made])


async def test_every_pane_and_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SGS_IPU_DIR", raising=False)
    note()
    async with playing() as pilot:
        await until_compared(pilot)
        assert await english(pilot, BAD) == {}


async def test_tabs_of_a_small_terminal() -> None:
    async with playing(size=SMALL) as pilot:
        await until_compared(pilot)
        for pane in PANES:
            await pilot.press(pane.key)
            await until(pilot, lambda name=pane.name: name == main_screen(pilot.app).current.NAME)  # type: ignore[misc, arg-type]
            assert words_in(text_of(pilot.app), NAMES) == [], pane.name  # type: ignore[arg-type]
        assert await english(pilot, (Step(("question_mark",), "本窗格的按键"),)) == {}
        await pilot.resize_terminal(50, 12)
        await until_shown(pilot, "需要 60x15，当前为 50x12")
        assert words_in(text_of(pilot.app)) == []  # type: ignore[arg-type]


async def test_three_dumps_and_a_sweep() -> None:
    original = FOLDER / "original.bin"
    original.write_bytes((REAL / "onnx" / "onnx_NHWC_outtensor_dump.bin").read_bytes())
    async with playing(SAMPLE, BENCHMARK, original) as pilot:
        screen = await until_compared(pilot)
        await until(pilot, lambda: screen.layer_table.pane.model.three is not None)
        screen.pictures.pane.show_sweep(*sweep(), "")
        steps = (
            Step((), "量化造成，不是转换"),
            Step(("G",), "22"),
            Step(("d",), "转换", long=True),
            Step(("5",), "原始模型"),
            Step(("2", "o"), "原始模型"),
            Step(("8",), "各图片的误差"),
            Step(("8", "e"), "整组图片说明了什么", long=True),
            Step(("8", "s"), "没有进行中的 sweep"),
            Step(("c",), "由什么造成", long=True),
        )
        assert await english(pilot, steps) == {}


async def test_the_demo_is_requantized() -> None:
    files = build_demo(Path("demo"))
    async with playing(files.fixed_dump, files.float_dump) as pilot:
        screen = await until_compared(pilot)
        await until(pilot, lambda: screen.triage.pane.diagnosis is not None)
        steps = (
            Step((), "◆ expand"),
            Step(("6",), "推翻条件", long=True),
            Step(("A",), "重新量化并与之前比较？", long=True),
        )
        more = (Step(("I",), "自检", long=True), Step(("i",), "已标记"), Step(("q",), "退出并丢弃 INT16 标记吗"))
        assert await english(pilot, (*steps, *more)) == {}


async def test_dumps_with_padding() -> None:
    for name in ("fixed_dq_keepgarbage.bin", "float.bin"):
        Path(name).write_bytes((REAL / "tiny" / name).read_bytes())
    async with playing(Path("fixed_dq_keepgarbage.bin"), Path("float.bin")) as pilot:
        await until(pilot, lambda: len(pilot.app.screen_stack) > 1)
        screen = main_screen(pilot.app)  # type: ignore[arg-type]
        await until(pilot, lambda: screen.triage.pane.diagnosis is not None)
        steps = (Step((), "还原"), Step(("6",), "推翻条件", long=True), Step(("6", "r"), "已恢复", long=True))
        assert await english(pilot, (*steps, Step(("d",), "▸d 详情", long=True))) == {}


async def test_runs_and_a_folder_to_choose_from() -> None:
    request = RunRequest(("sleep", "60"), "sdk", "net_fixed.sim", "fixed", (Product("dump.bin"),))
    folder = create_run_folder(request, Path("sgs_runs").absolute())
    created = str(folder.read_status().created)
    folder.status_path.write_text(folder.status_path.read_text().replace(created, "1000.0"))
    (FOLDER / "damaged.bin").write_bytes((REAL / "damaged" / "stops_early.bin").read_bytes())
    async with playing(FOLDER) as pilot:
        await until(pilot, lambda: any(isinstance(each, MainScreen) for each in pilot.app.screen_stack))
        screen = main_screen(pilot.app)  # type: ignore[arg-type]
        await until(pilot, lambda: bool(screen.runs.pane.rows))
        assert await english(pilot, RUNS) == {}


async def test_a_file_that_is_not_there() -> None:
    async with playing(FOLDER / "absent.bin", BENCHMARK) as pilot:
        await until_shown(pilot, "无法打开")
        assert await english(pilot, (Step(("5",), "无法打开"), Step(("6",), "诊断"))) == {}


@pytest.mark.parametrize("typed", ["verdict:fail", "verdict:不合格", "结论：不合格"])
async def test_the_filter_takes_words_of_both_languages(typed: str) -> None:
    async with playing(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        await pilot.press("slash")
        table = screen.layer_table.pane
        table.prompt.value = typed  # the pilot has no keys for Chinese punctuation
        await pilot.press("enter")
        await until(pilot, lambda: [table.model.pairs[number].name for number in table.model.order] == ["gate"])


@pytest.mark.parametrize("typed", ["sort by the column under", "按光标所在列"])
async def test_the_palette_finds_actions_in_both_languages(typed: str) -> None:
    async with playing(size=SMALL) as pilot:
        await until_compared(pilot)
        await pilot.press("colon")
        await pilot.press(*("space" if char == " " else char for char in typed))
        await until_shown(pilot, "layers.sort")
        await until(pilot, lambda: "layers.filter" not in text_of(pilot.app))  # type: ignore[arg-type]


async def test_wide_characters_of_a_picture_take_two_cells() -> None:
    async with playing(size=SMALL) as pilot:
        await until_compared(pilot)
        texts = re.findall(r'x="([\d.]+)"[^>]*textLength="([\d.]+)"[^>]*>([^<]*)</text>', picture_of(pilot.app))
    cell = next(float(length) / len(text) for _at, length, text in texts if text.isascii() and text.isalpha())
    wide = [(float(length), unescape(text)) for _at, length, text in texts if "格" in text]
    assert wide and all(abs(length - cell * 2 * len(text)) < 0.1 for length, text in wide)


def test_every_action_hint_and_heading() -> None:
    """Those too that no fixture of these tests leads to."""
    goes = {pane.action().id for pane in PANES}  # they are called as their panes
    told = [text for action in ACTIONS for text in ((action.said if action.id not in goes else ""), action.about)]
    told += [text for pane in PANES for text in (pane.said, pane.short, shown(HINTS.get(pane.name, "")))]
    told += map(shown, GROUP_TITLES.values())
    assert [text for text in told if words_in(text)] == []

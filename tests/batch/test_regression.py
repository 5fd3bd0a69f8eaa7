"""`--baseline`: what has changed since, in every format, and what a gate fails on."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from sgs_tui.batch.console import Screen
from sgs_tui.batch.formats import Format
from sgs_tui.batch.formats.html import page
from sgs_tui.batch.report import Since
from sgs_tui.engine.compare.baseline import regress
from sgs_tui.engine.reports.details import Details
from tests.batch.conftest import Command
from tests.batch.test_json_schema import SCHEMA_FILE, violations
from tests.layer_rows import HOSTILE_NAMES, failing, layer, not_comparable
from tests.report_builder import report

BAD = ("bad/bad_fixed_dq.bin", "bad/bad_float.bin")
CAT = ("bad_int16/cat_fixed_dq.bin", "bad_int16/cat_float.bin")
POOL_CAT = ("bad_int16/pool_cat_fixed_dq.bin", "bad_int16/pool_cat_float.bin")


@pytest.fixture
def old(command: Command, tmp_path: Path) -> str:
    path = tmp_path / "old.json"
    assert command("compare", *BAD, "--format", "json", "--output", str(path)).code == 1
    return str(path)


def since(command: Command, *arguments: str) -> dict[str, Any]:
    document = json.loads(command("compare", *arguments, "--format", "json").out)
    schema = json.loads(SCHEMA_FILE.read_text("utf-8"))
    assert violations(document, schema, schema) == []
    found: dict[str, Any] = document["regression"]
    return found


def test_raising_cat_fixes_gate_and_breaks_nothing(command: Command, old: str) -> None:
    found = since(command, *CAT, "--baseline", old)
    assert (found["newly_fixed"], found["newly_failing"], found["not_comparable"]) == (["gate"], [], [])
    assert sum(each["before"] is not None and each["after"] is not None for each in found["layers"]) == 20
    assert len(found["layers"]) == 20
    assert found["counts"]["worse"] == 0


def test_a_cast_and_renumbered_names_are_explained(command: Command, old: str) -> None:
    found = since(command, *POOL_CAT, "--baseline", old)
    assert (found["newly_fixed"], found["newly_failing"]) == (["gate"], [])
    assert [each["name"] for each in found["layers"] if each["change"] == "cast added"] == ["pool#/Mul0Output#51"]
    assert not [each for each in found["layers"] if each["change"] in ("gone", "added", "cast gone")]
    moved = {each["name"]: each["note"] for each in found["layers"] if each["note"].startswith("was ")}
    assert moved == {
        "sp_a#/Mul0Input#52": "was sp_a#/Mul0Input#50",
        "n_flat_transpose_output#/Mul0Output#55": "was n_flat_transpose_output#/Mul0Output#53",
    }


def test_the_gate(command: Command, old: str, tmp_path: Path) -> None:
    good = str(tmp_path / "good.json")
    command("compare", *CAT, "--format", "json", "--output", good)
    for pair, baseline, fail_on, code in (
        (BAD, old, "regression", 0),
        (BAD, old, "fail", 1),
        (CAT, old, "regression", 0),
        (BAD, good, "regression", 1),
        (BAD, good, "never", 0),
        (POOL_CAT, good, "regression", 0),
    ):
        assert command("compare", *pair, "--baseline", baseline, "--fail-on", fail_on).code == code
    ended = command("compare", *BAD, "--fail-on", "regression")
    assert (ended.code, "--baseline" in ended.err) == (2, True)


def test_a_layer_that_can_not_be_compared_any_more_is_a_regression(command: Command, tmp_path: Path) -> None:
    from sgs_tui.batch.words import regression_headline

    rows = [layer("a", 0), not_comparable("b", 1)]
    found = regress(rows, [layer("a", 0), layer("b", 1)])
    since = Since("old.json", "manual", found)
    assert [step.name for step in since.regressions] == ["b"]
    assert "1 no longer comparable" in regression_headline(since)


def test_formats_for_people(command: Command, old: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = command("compare", *POOL_CAT, "--baseline", old).text
    assert max(map(len, text.splitlines())) <= 80
    for part in (
        "1 newly fixed, 0 newly failing",
        "newly fixed  gate",
        "cast added   pool#/Mul0Output#51",
        "1 cast added",
    ):
        assert part in text.replace("\n", " ")
    text = command("compare", *POOL_CAT, "--baseline", old, "--format", "markdown").text
    assert "| **newly fixed** | `gate` | 0.999086 | 0.064864 |" in text
    lines = csv.DictReader(io.StringIO(command("compare", *CAT, "--baseline", old, "--format", "csv").text, newline=""))
    gate = next(line for line in lines if line["name"] == "gate")
    assert (gate["change"], gate["verdict_before"], float(gate["rmse_before"])) == (
        "newly fixed",
        "fail",
        pytest.approx(0.999, abs=1e-3),
    )


def test_the_page_shows_what_changed(command: Command, old: str) -> None:
    text = command("compare", *POOL_CAT, "--baseline", old, "--format", "html").text
    part = text[text.index('<section id="since">') :]
    part = part[: part.index("</section>")]
    assert "1 newly fixed, 0 newly failing" in part
    assert '<span class="v ok">newly fixed</span>' in part
    assert '<td data-t="RMSE was">0.999086</td><td data-t="RMSE now">0.064864</td>' in part
    assert "the same layers under new names (2)" in part
    assert '<section id="since">' not in command("compare", *CAT, "--format", "html").text


def test_junit_agrees_with_the_gate(command: Command, old: str, tmp_path: Path) -> None:
    good = str(tmp_path / "good.json")
    command("compare", *CAT, "--format", "json", "--output", good)
    for baseline, failures, code in ((old, 0, 0), (good, 1, 1)):
        gate = ("--baseline", baseline, "--fail-on", "regression", "--format", "junit")
        ended = command("compare", *BAD, *gate)
        assert (ended.code, f'failures="{failures}"' in ended.text) == (code, True)


def test_another_profile_is_said(command: Command, old: str) -> None:
    assert "judged by profile manual, this comparison by sop" in command(
        "compare", *CAT, "--baseline", old, "--profile", "sop"
    ).text.replace("\n", " ").replace("  ", "")


def test_a_part_of_a_comparison_is_no_baseline(command: Command, tmp_path: Path) -> None:
    path = str(tmp_path / "part.json")
    command("compare", *BAD, "--format", "json", "--top", "3", "--output", path)
    ended = command("compare", *CAT, "--baseline", path)
    assert (ended.code, "3 of 20 layers" in ended.err) == (3, True)


def test_the_baseline_is_never_overwritten(command: Command, old: str) -> None:
    before = Path(old).read_bytes()
    ended = command("compare", *CAT, "--baseline", old, "--format", "json", "--output", old)
    assert (ended.code, Path(old).read_bytes() == before) == (2, True)


def test_a_folder_with_both_dumps_is_a_baseline_too(command: Command, tmp_path: Path, sgs: Path) -> None:
    (tmp_path / "fixed.bin").write_bytes((sgs / BAD[0]).read_bytes())
    (tmp_path / "float.bin").write_bytes((sgs / BAD[1]).read_bytes())
    assert since(command, *CAT, "--baseline", str(tmp_path))["newly_fixed"] == ["gate"]
    ended = command("compare", *CAT, "--baseline", str(sgs / "logs"))
    assert (ended.code, "fixed.bin" in ended.err) == (3, True)


@pytest.mark.parametrize("screen", [Screen(), Screen(80), Screen(40), Screen(80, ascii=True)])
def test_names_from_strangers_do_no_harm(screen: Screen) -> None:
    from rich.cells import cell_len

    before = [layer(name, number) for number, name in enumerate(HOSTILE_NAMES)]
    after = [failing(name, number) for number, name in enumerate(HOSTILE_NAMES)]
    made = report(after, since=Since("[red]\x1b[2J.json", "manual", regress(after, before)))
    text = Format.TABLE.write(made, screen).decode()
    assert "\x1b" not in text
    if screen.columns == 80:
        assert max(map(cell_len, text.splitlines())) <= 80
    whole = page(made, Details("now", (), ())).decode()
    part = whole.partition('<section id="since">')[2].partition("</section>")[0]
    assert part.count("<td") == 6 * len(HOSTILE_NAMES) and "\x1b" not in part
    assert "<b>" not in part and "<script" not in part


def test_many_better_layers_are_counted(command: Command) -> None:
    before = [failing(f"l{number}", number, 0.4) for number in range(40)]
    after = [layer(f"l{number}", number) for number in range(40)]
    for row in before:
        assert row.metrics is not None
    from dataclasses import replace

    worse = [replace(row, metrics=replace(row.metrics, relative_l2=0.4)) for row in after]  # type: ignore[type-var]
    made = report(after, since=Since("old.json", "manual", regress(after, worse)))
    text = Format.TABLE.write(made, Screen(80)).decode()
    assert "30 more are better" in text

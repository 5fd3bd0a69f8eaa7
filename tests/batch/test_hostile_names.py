"""Names from strangers in every format: shown, complete, harmless."""

import csv
import io
import json
import re
from pathlib import Path

import pytest

from sgs_tui.batch.console import Screen
from sgs_tui.batch.formats import Format
from sgs_tui.batch.output import AdviceFormat
from sgs_tui.batch.report import Report
from sgs_tui.engine.text import visible
from tests.layer_rows import HOSTILE_NAMES, failing, layer, not_comparable, unmatched
from tests.report_builder import diagnosis_of, report

ROWS = [layer(name, number, op_type=name[:40]) for number, name in enumerate(HOSTILE_NAMES)]
REPORT = report(
    [*ROWS, not_comparable("x", 99, reason="odd \x1b[0m [b]reason[/b] | pipe")],
    unmatched=[unmatched(name, reason=f"because {name[:20]}") for name in HOSTILE_NAMES],
    paths=("[red]\x1b[2J.bin", "=evil\udcff.bin"),
    notes=("note \x07 [/]",),
    diagnosis=diagnosis_of(ROWS),
)
OUT_OF_ORDER = report(ROWS, diagnosis=diagnosis_of(ROWS[:4], recovered=ROWS))
"""Rows whose stored order was undone are shown a second time."""
DANGEROUS = re.compile("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.mark.parametrize("which", [REPORT, OUT_OF_ORDER], ids=["blamed", "out of order"])
@pytest.mark.parametrize("form", sorted(set(Format) - {Format.HTML}))  # that reads the dumps: see test_html.py
@pytest.mark.parametrize("screen", [Screen(), Screen(80), Screen(200), Screen(80, ascii=True), Screen(40)])
def test_nothing_reaches_the_terminal_that_it_would_obey(which: Report, form: Format, screen: Screen) -> None:
    text = form.write(which, screen).decode("utf-8")
    if form is Format.VENDOR:
        text = text.replace("\t", " ")
    assert not DANGEROUS.search(text.replace("\r\n", "\n"))
    assert "\r" not in text.replace("\r\n", "\n")


@pytest.mark.parametrize("form", [Format.TABLE, Format.CSV, Format.MARKDOWN])
def test_every_name_is_there(form: Format) -> None:
    text = form.write(REPORT, Screen()).decode()
    squeezed = re.sub(r"\s+", "", text)
    for name in HOSTILE_NAMES:
        shown = visible(name)
        if form is Format.CSV:
            shown = shown.replace('"', '""')
        if form is Format.MARKDOWN:
            shown = shown.replace("|", "\\|")
        assert re.sub(r"\s+", "", shown) in squeezed


def test_json_keeps_names_exactly() -> None:
    names = [row["name"] for row in json.loads(Format.JSON.write(REPORT, Screen()))["layers"]]
    assert names[:12] == list(HOSTILE_NAMES[:12])
    assert names[12] == "\\xff\\xfe stray bytes"
    assert Format.JSON.write(REPORT, Screen()).isascii()


def test_csv_is_rectangular_and_runs_no_formula() -> None:
    text = Format.CSV.write(REPORT, Screen()).decode()
    table = list(csv.reader(io.StringIO(text, newline="")))
    assert {len(line) for line in table} == {len(table[0])}
    assert len(table) == 1 + len(REPORT.rows) + len(REPORT.unmatched)
    texts = {"name", "op", "reason", "notes", "verdict", "side"}
    for line in table[1:]:
        cells = dict(zip(table[0], line, strict=True))
        assert not any(cells[key].startswith(("=", "+", "-", "@", "\t", "\r")) for key in texts)
    assert text.count("\r\n") == text.count("\n") == len(table)


def test_csv_numbers_stay_numbers() -> None:
    head, line = csv.reader(io.StringIO(Format.CSV.write(report([failing("gate", 2)]), Screen()).decode(), newline=""))
    cells = dict(zip(head, line, strict=True))
    assert float(cells["mean_error"]) == -0.001
    assert float(cells["benchmark_minimum"]) == -1.5


def test_markdown_rows_have_as_many_cells_as_their_head() -> None:
    lines = [line for line in Format.MARKDOWN.write(REPORT, Screen()).decode().splitlines() if line.startswith("|")]
    widths = [len(re.findall(r"(?<!\\)\|", line)) for line in lines]
    assert set(widths) == {5, 13, 4}


@pytest.mark.parametrize("columns", [80, 100, 120, 160, 240])
def test_the_table_fits_its_screen(columns: int) -> None:
    from rich.cells import cell_len

    for line in Format.TABLE.write(REPORT, Screen(columns)).decode().splitlines():
        assert cell_len(line) <= columns


def test_names_are_cut_in_the_middle() -> None:
    row = layer("/backbone/" + "deep/" * 30 + "conv42", 0)
    text = Format.TABLE.write(report([row]), Screen(80)).decode()
    assert "/backb" in text
    assert "…" in text
    assert "conv42" in text
    assert "..." in Format.TABLE.write(report([row]), Screen(80, ascii=True)).decode()
    assert row.name in Format.TABLE.write(report([row]), Screen()).decode()


@pytest.mark.parametrize("screen", [Screen(), Screen(80), Screen(80, ascii=True)])
def test_advice_sends_nothing_that_a_terminal_would_obey(screen: Screen) -> None:
    from sgs_tui.batch.printed.advice import Advised, write_advice
    from sgs_tui.batch.printed.iteration import BeforeAfter
    from sgs_tui.engine.advice.results import Advice, Candidate, Expected, Reason, Rule

    reasons = tuple(Reason(Rule.RMSE, name, f"RMSE 1 > 0.5 at {name}", 1.0, 0.5) for name in HOSTILE_NAMES)
    candidates = tuple(
        Candidate(name, reasons, 8, None, HOSTILE_NAMES, HOSTILE_NAMES, "", Expected(name, 1.0, 2.0), number % 2 == 0)
        for number, name in enumerate(HOSTILE_NAMES)
    )
    advice = Advice("manual", candidates, HOSTILE_NAMES, HOSTILE_NAMES, HOSTILE_NAMES, (), HOSTILE_NAMES)
    found = Advised(REPORT, advice)
    done = BeforeAfter(Path("[red]\x1b[2J"), HOSTILE_NAMES[3], REPORT)
    table, markdown, document = (
        write_advice(found, wanted, screen, done=done).decode()
        for wanted in (AdviceFormat.TABLE, AdviceFormat.MARKDOWN, AdviceFormat.JSON)
    )
    for text in (table, markdown):
        assert not DANGEROUS.search(text)
        assert "\r" not in text
    if screen.ascii:
        assert table.isascii()
    assert json.loads(document)["chosen"][2] == HOSTILE_NAMES[2]

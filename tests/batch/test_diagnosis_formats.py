"""The diagnosis in every format: what a script reads, what a person reads, and when it is left out."""

import csv
import io
import json
import re

import pytest

from sgs_tui.batch.console import Screen
from sgs_tui.batch.formats import Format
from sgs_tui.batch.words import MOST
from sgs_tui.engine.diagnosis.results import Cause, Diagnosis, Evidence, Finding, proof
from tests.batch.conftest import Command
from tests.layer_rows import failing, layer
from tests.report_builder import diagnosis_of, report

BAD = ("bad/bad_fixed_dq.bin", "bad/bad_float.bin", "--ranges", "bad/tensor_min_max.txt")
KEPT = ("tiny/fixed_dq_keepgarbage.bin", "tiny/float.bin")


def written(command: Command, *arguments: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(command("compare", *arguments, "--format", "json").out)
    return found


def told(text: str) -> str:
    """The section below the table, line breaks taken out."""
    return re.sub(r"\s+", " ", text[text.index("\ndiagnosis") :])


def test_json_names_the_crushed_layer_its_partner_and_the_concat(command: Command) -> None:
    found = written(command, *BAD)
    first = found["diagnosis"][0]  # type: ignore[index]
    assert list(first)[:5] == ["cause", "layers", "confidence", "evidence", "advice"]
    assert (first["cause"], first["layers"]) == ("shared_scale", ["gate", "cat", "sq888"])
    assert 0.9 < first["confidence"] <= 1
    assert any(fact["value"] is not None for fact in first["evidence"])
    assert "'cat'" in " ".join(first["advice"])
    roles = {row["name"]: row["blame"]["role"] for row in found["layers"]}  # type: ignore[attr-defined]
    assert [name for name, role in roles.items() if role == "introduced"] == ["gate"]
    assert "inherited" not in roles.values()
    assert roles["cat"] == "recovered"


def test_recovered_layers_are_marked_and_have_their_figures(command: Command) -> None:
    found = written(command, *KEPT)
    assert found["diagnosis"][0]["cause"] == "padding_kept"  # type: ignore[index]
    back = {row["name"]: row for row in found["recovered"]}  # type: ignore[attr-defined]
    marked = {row["name"] for row in found["layers"] if row["recovered"]}  # type: ignore[attr-defined]
    assert marked == set(back)
    assert min(row["cos"] for row in back.values()) > 0.999
    assert back["gate"]["kept"] == pytest.approx(0.375)
    lines = list(csv.DictReader(io.StringIO(command("compare", *KEPT, "--format", "csv").text, newline="")))
    assert {line["name"] for line in lines if line["recovered_layout"]} == set(back)
    gate = next(line for line in lines if line["name"] == "gate")
    assert float(gate["recovered_cos"]) > 0.999
    assert float(gate["cos"]) < 0.1
    assert gate["causes"] == "padding_kept"


def test_a_script_that_wants_figures_only_gets_them(command: Command) -> None:
    found = written(command, *BAD, "--no-diagnosis")
    assert not {"diagnosis", "trend", "recovered", "graph_known"} & set(found)
    assert not {"blame", "recovered"} & set(found["layers"][0])  # type: ignore[index]
    for form in ("table", "markdown"):
        text = command("compare", *BAD, "--no-diagnosis", "--format", form).text
        assert "iagnosis" not in text
        assert "introduced" not in text
    lines = csv.DictReader(io.StringIO(command("compare", *BAD, "--no-diagnosis", "--format", "csv").text, newline=""))
    assert {line["role"] for line in lines} == {""}


def test_no_diagnosis_prints_instead_of_opening_the_app(command: Command) -> None:
    assert command("compare", *BAD, "--no-diagnosis").code == 1


@pytest.mark.parametrize("form", ["table", "json", "markdown", "csv", "vendor"])
def test_exit_codes_do_not_depend_on_it(command: Command, form: str) -> None:
    for pair, code in ((BAD, 1), (KEPT, 1), (("tiny/fixed_dq.bin", "tiny/float.bin"), 0)):
        assert command("compare", *pair, "--format", form).code == code
        assert command("compare", *pair, "--format", form, "--no-diagnosis").code == code


def test_the_vendors_lines_are_not_diagnosed(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sgs_tui.engine.diagnosis.diagnose.diagnose", lambda *_: pytest.fail("diagnosed"))
    assert command("compare", *BAD, "--format", "vendor").code == 1


def test_the_table_says_where_why_and_what_to_do(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    ended = command("--batch", *BAD)
    assert max(map(len, ended.text.splitlines())) <= 80
    text = told(ended.text)
    assert "1. gate: tensors of very different size share one scale (shared_scale, measured on the whole dump)" in text
    for part in (
        "with cat, sq888",
        "because gate spans",
        "do set to INT16: tensor_arrays='cat';",
        "introduced gate",
    ):
        assert part in text


def test_a_healthy_network_is_called_so(command: Command) -> None:
    text = told(command("--batch", "tiny/fixed_dq.bin", "tiny/float.bin").text)
    assert text.startswith(" diagnosis 1. nothing but rounding (healthy,")
    assert "worst layer: logits#48" in text
    assert " do " not in text


def test_a_dump_that_can_not_be_explained_is_compared_all_the_same(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sgs_tui.engine.errors import FileChangedError

    def changed(*_: object) -> Diagnosis:
        raise FileChangedError("fixed.bin: changed on disk")

    monkeypatch.setattr("sgs_tui.engine.diagnosis.diagnose.diagnose", changed)
    found = written(command, *BAD)
    assert found["diagnosis"] == []
    assert "no diagnosis: fixed.bin: changed on disk" in found["notes"]  # type: ignore[operator]
    assert "no diagnosis: fixed.bin" in command("--batch", *BAD).text


def test_three_causes_are_told_and_the_rest_counted() -> None:
    findings = tuple(Finding(Cause.CLIPPING, (f"l{number}",), 0.5, ()) for number in range(MOST + 2))
    made = diagnosis_of([layer("a")])
    found = Diagnosis(findings, made.blame, made.trend, True)
    for text in (
        Format.TABLE.write(report([layer("a")], diagnosis=found), Screen(80)).decode(),
        Format.MARKDOWN.write(report([layer("a")], diagnosis=found), Screen()).decode(),
    ):
        assert "l2: values beyond the calibrated limits" in text
        assert "l3:" not in text
        assert "2 more causes in --format json" in text


def test_every_cause_has_plain_words() -> None:
    words = [cause.words for cause in Cause]
    assert len(set(words)) == len(words)


def test_the_proof_is_three_numbers_at_most() -> None:
    facts = tuple(Evidence(f"{number} steps", float(number)) for number in range(5))
    assert [fact.value for fact in proof(Finding(Cause.CLIPPING, ("a",), 1, (Evidence("no number"), *facts)))] == [
        0,
        1,
        4,
    ]
    assert proof(Finding(Cause.CLIPPING, ("a",), 1, (Evidence("no number"),))) == (Evidence("no number"),)


def test_the_column_of_blame_comes_with_the_width(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    for columns, there in (("80", False), ("120", True)):
        monkeypatch.setenv("COLUMNS", columns)
        gate = next(line for line in command("--batch", *BAD).text.splitlines() if " gate " in line)
        assert gate.endswith("introduced") is there


def test_blame_is_shown_for_every_layer_that_has_any() -> None:
    rows = [failing(name, number) for number, name in enumerate("abcd")]
    text = Format.TABLE.write(report(rows, diagnosis=diagnosis_of(rows)), Screen(160)).decode()
    assert [line.split()[-1] for line in text.splitlines() if " FAIL " in line][:3] == [
        "introduced",
        "inherited",
        "recovered",
    ]

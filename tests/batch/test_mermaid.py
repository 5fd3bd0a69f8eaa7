"""`--format mermaid`: statements that mermaid's grammar knows, names that stay text, a picture that stays small.

The forms of statements are those of the flowchart grammar of mermaid 11 (flow.jison and the syntax page): a direction,
comments, nodes with a quoted text and a class, links with and without a quoted text, classDef.
"""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sgs_tui.batch.compare import View, compare
from sgs_tui.batch.console import Screen
from sgs_tui.batch.formats.mermaid import MOST, label, write
from sgs_tui.batch.report import Report
from sgs_tui.engine.compare.results import Summary, Verdict
from sgs_tui.engine.compare.select import parse_query
from sgs_tui.engine.diagnosis.flow import Tensor, Wiring
from sgs_tui.engine.session import CompareRequest
from tests.batch.conftest import Command
from tests.batch.test_golden import PAIRS, check_roughly

TEXT = r"\"(?:[A-Za-z0-9_ ,()./-]|#\d+;|<br/>)*\""
STATEMENT = re.compile(
    rf"  (?:%% [^{{}}]*|(?:n|note)\d+(?:\[{TEXT}\]|\(\[{TEXT}\]\))(?::::[a-z]+)?"
    rf"|n\d+ (?:-->|-\.->|-- {TEXT} -->|== {TEXT} ==>) n\d+|classDef [a-z]+ [a-z#0-9:,\- ]+)"
)


def check_grammar(data: bytes) -> list[str]:
    """Every line is a statement of a flowchart, every link joins nodes that are there."""
    first, *lines = data.decode().splitlines()
    assert first == "flowchart LR"
    assert [line for line in lines if not STATEMENT.fullmatch(line)] == []
    nodes = {line.split("[")[0].split("(")[0].strip() for line in lines if re.match(r"  n\d+[\[(]", line)}
    ends = {end for line in lines if (link := re.fullmatch(r"  (n\d+) .* (n\d+)", line)) for end in link.groups()}
    styles = {line.split()[1] for line in lines if "classDef" in line}
    assert ends <= nodes and {line.rpartition(":::")[2] for line in lines if ":::" in line} <= styles
    assert len(data.decode()) < 50_000 and sum(" n" in line[5:] and ">" in line for line in lines) <= 500
    return lines


def test_the_bytes_of_a_real_pair(command: Command) -> None:
    ended = command("compare", *PAIRS["bad"], "--format", "mermaid")
    assert ended.code == 1, ended.err
    check_grammar(ended.out)
    check_roughly("bad.mermaid", ended.out)


@pytest.fixture(scope="module")
def bad() -> Report:
    folder = Path(__file__).parents[1] / "data" / "sgs" / "bad"
    request = CompareRequest(folder / "bad_fixed_dq.bin", folder / "bad_float.bin")
    return compare(request, diagnosing=False, wired=True)


def test_a_filter_chooses_the_part(bad: Report) -> None:
    some = tuple(row for row in View(parse_query("logits#48")).choose(bad.rows))
    lines = check_grammar(write(replace(bad, shown=some), Screen()))
    text = "\n".join(lines)
    assert "logits#35;48" in text and "prob" not in text and "left out: 18 tensors of 21".replace(":", "#58;") in text


def large(report: Report, layers: int) -> Report:
    """As many layers in a row as that, every tenth fails, one of them read by all behind it."""
    row = next(each for each in report.rows if each.verdict is Verdict.FAIL)
    rows = tuple(
        replace(
            row,
            pair=replace(row.pair, number=n, benchmark=replace(row.pair.benchmark, name=f"layer{n}")),
            verdict=Verdict.OK if n % 10 else Verdict.FAIL,
        )
        for n in range(layers)
    )
    tensors = {each.name: Tensor(each.name, "ADD", n, each.name) for n, each in enumerate(rows)}
    names = list(tensors)
    sources = {name: tuple(dict.fromkeys((names[n], "layer0"))) for n, name in enumerate(names[1:])}
    targets = {"layer0": tuple(names[1:])} | {name: (names[n + 2],) for n, name in enumerate(names[1:-1])}
    wiring = Wiring(True, tensors, sources, targets)
    summary = Summary(layers, layers // 10, 0, 0, 0, rows[0], rows[0])
    return replace(report, rows=rows, shown=rows, wiring=wiring, summary=summary)


def test_ten_thousand_layers_stay_a_picture(bad: Report) -> None:
    lines = check_grammar(write(large(bad, 10_000), Screen()))
    nodes = [line for line in lines if re.match(r"  n\d+\[", line)]
    assert MOST // 2 < len(nodes) <= MOST
    left = next(line for line in lines if line.startswith("  note"))
    failing = sum("fail" in line for line in nodes)
    assert f"{10_000 - len(nodes):,} tensors of 10,000, {1000 - failing} failing layers among them" in left


def test_dumps_of_outputs_alone_say_so(command: Command) -> None:
    path = "onnx/onnx_NHWC_outtensor_dump.bin"
    ended = command("compare", path, path, "--format", "mermaid", "--no-diagnosis")
    text = "\n".join(check_grammar(ended.out))
    assert ended.code == 0 and "-.->" in text and "-->" not in text.replace("-.->", "")
    assert "the dumps hold outputs alone" in text


@given(st.text())
def test_any_name_is_text(name: str) -> None:
    assert re.fullmatch(TEXT, f'"{label(name)}"')
    decoded = re.sub(r"#(\d+);", lambda code: chr(int(code[1])), label(name))
    assert "\u200b" not in name or "200b" in decoded
    assert "$$" not in decoded and ":fa-" not in decoded

"""JUnit XML: one case a layer, valid whatever the names hold, red exactly where something is wrong."""

from dataclasses import replace
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from sgs_tui.batch.console import Screen
from sgs_tui.batch.formats import Format
from sgs_tui.batch.output import FailOn
from sgs_tui.batch.report import Report, Since
from sgs_tui.engine.compare.baseline import regress
from sgs_tui.engine.compare.results import LayerDiff, Verdict
from tests.layer_rows import HOSTILE_NAMES, failing, layer, not_comparable, not_finite, unmatched
from tests.report_builder import report


def suite(made: Report, fail_on: FailOn = FailOn.FAIL) -> ElementTree.Element:
    root = ElementTree.fromstring(Format.JUNIT.write(replace(made, fail_on=fail_on), Screen()))
    (found,) = root
    assert root.tag == "testsuites"
    for key in ("tests", "failures", "errors", "skipped"):
        assert root.get(key) == found.get(key)
    assert found.get("tests") == str(len(found.findall("testcase")))
    for key, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert found.get(key) == str(len(found.findall(f"testcase/{tag}")))
    return found


def outcome(made: Report, fail_on: FailOn = FailOn.FAIL) -> list[tuple[str | None, str]]:
    return [
        (case.get("name"), next((child.tag for child in case if child.tag != "system-out"), "passed"))
        for case in suite(made, fail_on).findall("testcase")
    ]


def test_each_verdict_has_its_outcome() -> None:
    rows = [
        layer("fine", 0),
        layer("wide", 1, verdict=Verdict.WARN, reasons=("range 40 > 30",), over=frozenset({"range"})),
        failing("broken", 2),
        not_finite("nan", 3),
        not_comparable("changed", 4, "file changed"),
    ]
    made = report(rows, [unmatched("fused")])
    expected = [
        ("1 fine", "passed"),
        ("2 wide", "passed"),
        ("3 broken", "failure"),
        ("4 nan", "failure"),
        ("5 changed", "error"),
        ("1 fused (benchmark)", "skipped"),
    ]
    assert outcome(made) == expected
    assert outcome(made, FailOn.NEVER) == expected
    assert outcome(made, FailOn.WARN)[1] == ("2 wide", "failure")


def test_what_a_failure_says() -> None:
    (case,) = suite(report([failing("gate", 0)])).findall("testcase")
    (failure,) = case
    assert case.get("classname") == "layers.CONV_2D"
    assert failure.get("message") == "RMSE 0.999086 is over 0.5"
    assert failure.get("type") == "range,rmse"
    assert failure.text is not None and "cos 0.194010" in failure.text


def test_what_could_not_be_tested_is_never_green() -> None:
    nothing = report([], [unmatched("a")])
    assert outcome(nothing)[0] == ("comparison", "error")
    damaged = replace(report([layer("a")]), incomplete=("fixed.bin: truncated: ends at byte 7",))
    assert outcome(damaged) == [("input", "error"), ("1 a", "passed")]


def test_a_warning_is_told_without_failing() -> None:
    row = layer("wide", verdict=Verdict.WARN, reasons=("range 40 > 30",), over=frozenset({"range"}))
    (case,) = suite(report([row])).findall("testcase")
    said = case.findtext("system-out")
    assert said is not None and "range 40 > 30" in said


def test_hostile_names_give_valid_xml_and_distinct_cases() -> None:
    names = [*HOSTILE_NAMES, "]]>", "<x>", "&", "\ufffe\uffff", "\x00\x0b"]
    made = report([failing(name, number) for number, name in enumerate(names)], paths=("\x01<a>", 'b"'))
    cases = [case.get("name") for case in suite(made).findall("testcase")]
    assert len(set(cases)) == len(names)
    assert b"\x1b" not in Format.JUNIT.write(made, Screen())


@given(st.text(alphabet=st.characters(codec="utf-8")), st.binary(max_size=20))
def test_any_text_gives_valid_xml(text: str, raw: bytes) -> None:
    name = raw.decode("utf-8", "surrogateescape") + text
    suite(report([failing(name, 0), not_comparable(name, 1, text)], [unmatched(name)], paths=(name, text)))


def test_names_of_one_op_are_told_apart_by_their_slot() -> None:
    rows = [layer("a", 0, index=3, slot=0), layer("a", 1, index=3, slot=1)]
    assert [name for name, _ in outcome(report(rows))] == ["3 a", "3.1 a"]


def held_against(rows: list[LayerDiff], before: list[LayerDiff]) -> Report:
    return report(rows, since=Since("old.json", "manual", regress(rows, before)))


def test_a_gate_on_regressions_is_red_only_where_something_got_worse() -> None:
    rows = [failing("old", 0), failing("new", 1), not_comparable("lost", 2), not_comparable("never", 3), layer("ok", 4)]
    before = [failing("old", 0), layer("new", 1), layer("lost", 2), not_comparable("never", 3), layer("away", 4)]
    made = held_against(rows, before)
    assert outcome(made, FailOn.REGRESSION) == [
        ("1 old", "passed"),
        ("2 new", "failure"),
        ("3 lost", "error"),
        ("4 never", "skipped"),
        ("5 ok", "passed"),
        ("away", "skipped"),
    ]
    assert [kind for _, kind in outcome(made)][:4] == ["failure", "failure", "error", "error"]


def test_cases_say_what_they_were() -> None:
    found = suite(held_against([failing("new", 0)], [layer("new", 0)]))
    text = found.findtext("testcase/failure")
    assert text is not None and text.startswith("newly failing since the baseline (ok, RMSE ")
    assert "since old.json: 0 newly fixed, 1 newly failing" in (found.findtext("system-out") or "")
    assert "old.json" in [entry.get("value") for entry in found.findall("properties/property")]
    fails_as_before = suite(held_against([failing("a", 0)], [failing("a", 0)]), FailOn.REGRESSION)
    said = fails_as_before.findtext("testcase/system-out")
    assert said is not None and "RMSE 0.999086 is over 0.5" in said

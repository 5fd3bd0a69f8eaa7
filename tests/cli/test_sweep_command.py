"""`sgs-tui sweep`: formats, exit codes, what goes to stdout and what to stderr."""

import csv
import json
import os
import signal
from pathlib import Path
from xml.etree import ElementTree

import pytest

from sgs_tui.engine.sweep.journal import Journal
from sgs_tui.engine.sweep.results import Outcome
from tests.batch.test_schemas import check
from tests.cli.conftest import Command
from tests.engine.sweep.conftest import write_pair


@pytest.fixture
def dumps(tmp_path: Path) -> Path:
    for number in range(4):
        write_pair(tmp_path, f"p{number}", number, 3.0 if number == 3 else 0.01)
    return tmp_path


def arguments(dumps: Path, *more: str) -> list[str]:
    return ["sweep", str(dumps / "fixed"), str(dumps / "float"), "-j", "1", "--no-journal", *more]


def test_the_table_ranks_and_says_what_the_set_shows(command: Command, dumps: Path) -> None:
    ended = command(*arguments(dumps))
    assert ended.code == 1
    lines = ended.text.splitlines()
    assert next(line for line in lines if "FAIL" in line).split()[1] == "p3"
    assert "one_picture: 3 layers fail on one picture only: p3" in ended.text
    assert command(*arguments(dumps, "--fail-on", "never")).code == 0


def test_json_follows_its_schema(command: Command, dumps: Path) -> None:
    (dumps / "fixed" / "p1.bin").write_bytes(b"garbage")
    ended = command(*arguments(dumps, "--format", "json"))
    document = check(ended.out, "sweep")
    assert ended.code == 3 and "p1" in ended.err
    assert [each["name"] for each in document["pictures"]][0::3] == ["p3", "p1"]
    assert document["summary"]["error"] == 1 and document["layers"][0]["failing_on"] == ["p3"]


def test_csv_and_json_agree_to_the_digit(command: Command, dumps: Path) -> None:
    """A share of thirds too, which no decimal figure ends."""
    write_pair(dumps, "p0", 0, 3.0)
    (dumps / "fixed" / "p1.bin").unlink()
    layers = json.loads(command(*arguments(dumps, "--format", "json")).out)["layers"]
    rows = list(csv.DictReader(command(*arguments(dumps, "--format", "csv")).text.splitlines()))
    for row, layer in zip(rows, layers, strict=True):
        assert row["failing_share"] == repr(layer["failing_share"]) == "0.666666666667"
        assert row["rmse_p95"] == repr(layer["p95"]["rmse"]) and row["cos_median"] == repr(layer["median"]["cos"])


def test_many_pictures_that_fail_are_some_lines(command: Command, dumps: Path) -> None:
    """Each has its reason in the report; where none is measured no other is said to be."""
    for number in range(25):
        write_pair(dumps, f"p{number}", number)
        (dumps / "fixed" / f"p{number}.bin").write_bytes(b"garbage")
    ended = command(*arguments(dumps, "--format", "json"))
    assert ended.code == 3 and len(json.loads(ended.out)["pictures"]) == 25
    assert "other pictures" not in ended.err and "no picture was measured whole" in ended.err
    assert len(ended.err.splitlines()) == 11 and "15 pictures more could not be measured whole" in ended.err


def test_csv_junit_and_html(command: Command, dumps: Path) -> None:
    (dumps / "fixed" / "p1.bin").write_bytes(b"garbage")
    rows = list(csv.DictReader(command(*arguments(dumps, "--format", "csv")).text.splitlines()))
    assert [row["name"] for row in rows] == ["a", "b", "c"] and {row["worst_picture"] for row in rows} == {"p3"}
    suite = ElementTree.fromstring(command(*arguments(dumps, "--format", "junit")).out)
    assert (suite.get("failures"), suite.get("errors")) == ("3", "1")
    assert "fails on 1 of 3 pictures: p3" in suite.findall(".//failure")[0].get("message", "")
    page = command(*arguments(dumps, "--format", "html")).text
    assert "width: auto; max-width: none" in page, "the heat map keeps its size, in which its names can be read"
    assert page.count('<path class="l') >= 2 and "p1" in page and "<script" not in page


def test_a_cluster_that_would_be_open_is_refused(command: Command, dumps: Path) -> None:
    ended = command(*arguments(dumps, "--hosts", "board7,board8"))
    assert ended.code == 2 and "--insecure" in ended.err
    ended = command(*arguments(dumps, "--scheduler", "tcp://board7:8786", "--local"))
    assert ended.code == 2 and "--local" in ended.err


def test_a_baseline(command: Command, dumps: Path, tmp_path: Path) -> None:
    old = tmp_path / "old.json"
    assert command(*arguments(dumps, "--format", "json", "-o", str(old), "--fail-on", "never")).code == 0
    same = command(*arguments(dumps, "--baseline", str(old), "--fail-on", "regression"))
    assert same.code == 0 and "0 for the worse" in same.words and "was judged by" not in same.err
    strict = command(*arguments(dumps, "--baseline", str(old), "--profile", "strict", "--format", "json"))
    told = "was judged by profile manual, this sweep by strict"
    assert told in strict.err and told in check(strict.out, "sweep")["notes"][-1]
    for number in range(20, 40):
        write_pair(dumps, f"p{number}", number, 3.0 if number == 20 else 0.01)
    more = command(*arguments(dumps, "--baseline", str(old), "--fail-on", "regression"))
    assert more.code == 0, "pictures that the baseline has not are no change, whether they fail or not"
    assert "0 for the worse layers on 4 pictures that are measured in both" in " ".join(more.words.split())
    for side in ("fixed", "float"):
        for path in (dumps / side).iterdir():
            path.rename(path.with_name("new" + path.name))
    other = command(*arguments(dumps, "--baseline", str(old)))
    assert "no picture is measured in both under one name: all of each are taken" in other.words
    write_pair(dumps, "p0", 0, 5.0)
    ended = command(*arguments(dumps, "--baseline", str(old), "--fail-on", "regression", "--format", "json"))
    document = check(ended.out, "sweep")
    assert ended.code == 1 and document["since"]["pictures"][0]["name"] == "p0"
    assert document["since"]["pictures_in_both"] == 1
    assert {(each["failing_before"], each["failing_now"]) for each in document["since"]["layers"]} == {(0, 1)}
    old.write_text(json.dumps({"schema": "sgs-tui/compare/1"}))
    ended = command(*arguments(dumps, "--baseline", str(old)))
    assert ended.code == 3 and "no report of a sweep" in ended.err


def test_the_journal_is_found_again(command: Command, dumps: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(dumps)
    first = command("sweep", "fixed", "float", "-j", "1")
    again = command("sweep", "fixed", "float", "-j", "1")
    assert first.out == again.out and "4 of 4 pictures are in sgs_sweeps" in again.err


def test_a_sweep_that_is_terminated_says_what_is_kept_and_goes_on(
    command: Command, dumps: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(dumps)
    whole = command("sweep", "fixed", "float", "-j", "1", "--no-journal", "--format", "json")
    add = Journal.add

    def terminated(journal: Journal, key: str, name: str, outcome: Outcome) -> None:
        add(journal, key, name, outcome)
        if name == "p0":
            os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "add", terminated)
        ended = command("sweep", "fixed", "float", "-j", "1", "--journal", "kept")
    assert ended.code == 143 and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert "error: terminated: what was measured until then is printed; the same command goes on from kept" in ended.err
    again = command("sweep", "fixed", "float", "-j", "1", "--journal", "kept", "--format", "json")
    assert again.out == whole.out and " in kept and not measured again" in again.err


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        (["nowhere", "float"], 3, "there is no such folder"),
        (["fixed"], 2, "expected two folders"),
        (["fixed", "float", "--fail-on", "regression"], 2, "nothing to compare with"),
        (["fixed", "float", "--profile", "manul"], 2, "manual"),
        (["fixed", "float", "--ranges", "no.txt"], 3, "no.txt"),
        (["--list", "fixed/p0.bin"], 3, "is a dump"),
        (["fixed", "float", "--pictures", "images"], 2, "--pictures: would change nothing"),
        (["fixed", "float", "--keep", "all"], 2, "--keep: would change nothing"),
        (["fixed", "float", "--level", "L1"], 2, "--level: would change nothing"),
        (["fixed", "float", "--sdk", "here"], 2, "--sdk: would change nothing"),
        (["fixed", "float", "--timeout", "3"], 2, "--timeout: would change nothing"),
        (["--twin", "f.bin", "--fixed", "x.bin", "--level", "L1"], 2, "it is for --twin without --fixed"),
        (["--twin", "f.bin", "--shapes", "s.txt"], 2, "it is for pairs of dumps"),
        (["--onnx", "m.onnx", "--ranges", "r.txt"], 2, "it is for pairs of dumps, --twin, --float"),
        (["fixed", "float", "--ini", "no.ini"], 3, "no.ini"),
        (["fixed", "float", "--tls-ca", "ca.pem"], 2, "it is for --scheduler, --hosts"),
        (["fixed", "float", "--journal", "here", "--no-journal"], 2, "--journal: would change nothing"),
        (["fixed", "float", "--keep", f"worst:{'9' * 5000}"], 2, "expected worst:5"),
    ],
)
def test_what_can_not_begin(
    command: Command, dumps: Path, monkeypatch: pytest.MonkeyPatch, more: list[str], code: int, words: str
) -> None:
    monkeypatch.chdir(dumps)
    ended = command("sweep", *more)
    assert ended.code == code and words in ended.err and not ended.out


def test_the_demo_names_the_planted_picture_and_why(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = command("demo", "--sweep")
    assert ended.code == 0
    ranked = [line.split() for line in ended.text.splitlines() if line.startswith(("FAIL", "warn", "ok"))]
    assert ranked[0][:2] == ["FAIL", "16"] and [line[0] for line in ranked].count("FAIL") == 1
    assert "clipping: clips on 1 of 24 pictures: it is bright" in ended.text


def test_pictures_that_fail_alike_are_a_group_in_every_text(tmp_path: Path, command: Command) -> None:
    for number in range(6):
        write_pair(tmp_path, f"p{number}", number, 3.0 if number in (1, 4) else 0.01)
    asked = ("sweep", str(tmp_path / "fixed"), str(tmp_path / "float"), "--no-journal", "--local", "--format")
    for wanted in ("table", "html"):
        assert "fail alike" in command(*asked, wanted).text
    [group] = json.loads(command(*asked, "json").out)["groups"]
    assert set(group["pictures"]) == {"p1", "p4"}

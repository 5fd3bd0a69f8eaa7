"""`sgs-tui compare`: exit codes, what is shown, where it goes."""

import json
from pathlib import Path

import pytest

from sgs_tui.batch import compare as front
from tests.cli.conftest import Command

BAD = ("bad/bad_fixed_dq.bin", "bad/bad_float.bin")
TINY = ("tiny/fixed_dq.bin", "tiny/float.bin")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--batch", *TINY), 0),
        (("--batch", *BAD), 1),
        (("compare", "--batch", *BAD), 1),
        (("--batch", "compare", *BAD), 1),
        (("--batch", *BAD, "--fail-on", "never"), 0),
        (("--batch", *TINY, "--fail-on", "warn"), 0),
        (("--batch", *BAD, "--profile", "sop", "--fail-on", "warn"), 1),
        (("--batch", *BAD, "--filter", "!gate"), 1),
        (("--batch", "damaged/ends_in_header.bin", "tiny/float.bin"), 3),
        (("--batch", "damaged/stops_early.bin", "tiny/float.bin"), 3),
        (("--batch", "damaged/empty.bin", "tiny/float.bin"), 3),
        (("--batch", "missing.bin", "tiny/float.bin"), 3),
        (("--batch", "tiny/float.bin", "tiny"), 3),
        (("--batch", "tiny/tensor_chn.txt", "tiny/float.bin"), 3),
        (("--batch", *TINY, "--ranges", "missing.txt"), 3),
        (("--batch", *TINY, "--profile", "strickt"), 2),
        (("--batch", *TINY, "--filter", "rsme>1"), 2),
        (("--batch", *TINY, "--sort", "rsme"), 2),
        (("--batch", *TINY, "--top", "0"), 2),
        (("--batch", *TINY, "--format", "xml"), 2),
        (("--batch", *TINY, "--fromat", "csv"), 2),
        (("--batch", "tiny/float.bin"), 2),
        (("--batch", *TINY, "more.bin", "fourth.bin"), 2),
        ((*TINY,), 2),
        ((), 2),
    ],
)
def test_exit_codes(command: Command, arguments: tuple[str, ...], code: int) -> None:
    ended = command(*arguments)
    assert ended.code == code, ended.err
    if code >= 2:
        assert ended.err.startswith("sgs-tui: error: ")
        assert ended.err.count("\n") == 1, ended.err
    if code in (0, 1):
        assert ended.err == ""


@pytest.mark.parametrize("name", ["ends_in_header.bin", "stops_early.bin"])
def test_a_damaged_dump_gives_its_rows_and_its_health(command: Command, name: str) -> None:
    ended = command("compare", f"damaged/{name}", "tiny/float.bin", "--format", "json")
    written = json.loads(ended.out)
    assert ended.code == 3
    assert written["layers"]
    assert written["sample"]["health"] != "complete"
    assert written["sample"]["health_detail"] in ended.err


def test_an_empty_dump_lists_everything_unmatched(command: Command) -> None:
    ended = command("--batch", "damaged/empty.bin", "tiny/float.bin")
    assert ended.code == 3
    assert "empty" in ended.text
    assert "prob" in ended.text


def test_nothing_comparable(command: Command) -> None:
    ended = command("--batch", "bad/bad_fixed_dq.bin", "onnx/onnx_NHWC_outtensor_dump.bin", "--filter", "zzz")
    assert ended.code in (0, 1)
    ended = command("compare", *_strangers(), "--format", "json")
    assert ended.code == 5
    assert json.loads(ended.out)["unmatched"]
    assert "nothing comparable" in ended.err


def _strangers() -> tuple[str, str]:
    """Two sound dumps that share no name."""
    head = b"isFloat: 1\n//out 0 s: 0.000000 z: 0 type: float name: %s bConstant:0\nop_out[0] RELU = {\n"
    for name in (b"one", b"two"):
        body = b"//buffer data size: 8\n" + bytes(8) + b"\n};\n"
        (Path.home() / f"{name.decode()}.bin").write_bytes(head % name + body)
    return str(Path.home() / "one.bin"), str(Path.home() / "two.bin")


def test_without_a_terminal_the_hint_is_batch(command: Command) -> None:
    for arguments in ((), BAD, ("compare", *BAD), ("open", *BAD)):
        ended = command(*arguments)
        assert (ended.code, ended.out) == (2, b"")
        assert "--batch" in ended.err


def test_filter_sort_and_top_choose_what_is_shown(command: Command) -> None:
    ended = command("compare", *BAD, "--format", "json", "--filter", "op:conv", "--sort", "-rmse", "--top", "1")
    written = json.loads(ended.out)
    assert [row["name"] for row in written["layers"]] == ["logits#48"]
    assert written["summary"]["layers"] == 20
    assert written["summary"]["shown"] == 1


def test_layers_equal_by_one_column_are_sorted_by_the_next(command: Command) -> None:
    ended = command("compare", *BAD, "--format", "json", "--sort", "op, -rmse", "--no-diagnosis")
    rows = [(row["op"], row["rmse"]) for row in json.loads(ended.out)["layers"] if row["rmse"] is not None]
    assert rows == sorted(rows) and len({op for op, _ in rows}) < len(rows)
    assert "rsme" in command("compare", *BAD, "--batch", "--sort", "op,rsme").err


def test_what_top_cuts_is_said(command: Command) -> None:
    assert "3 of 20 layers shown" in command("--batch", *BAD, "--top", "3").text
    assert "shown" not in command("--batch", *BAD).text


def test_output_is_a_file_and_stdout_stays_empty(command: Command, tmp_path: Path) -> None:
    target = tmp_path / "result.csv"
    ended = command("compare", *BAD, "--format", "csv", "--output", str(target))
    assert (ended.code, ended.out) == (1, b"")
    assert target.read_bytes() == command("compare", *BAD, "--format", "csv").out
    assert str(target) in ended.err
    assert "1 failed" in ended.err
    assert [path.name for path in tmp_path.iterdir()] == ["result.csv"]


def test_output_never_replaces_an_input(command: Command, tmp_path: Path, sgs: Path) -> None:
    mine = tmp_path / "fixed.bin"
    mine.write_bytes((sgs / BAD[0]).read_bytes())
    ended = command("compare", str(mine), BAD[1], "--output", str(mine))
    assert ended.code == 2
    assert mine.read_bytes() == (sgs / BAD[0]).read_bytes()


def test_output_into_a_missing_folder(command: Command, tmp_path: Path) -> None:
    ended = command("compare", *BAD, "--output", str(tmp_path / "no" / "such.csv"))
    assert ended.code == 3
    assert "such.csv" in ended.err


def test_a_mistyped_command_is_recognized(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sgs_tui.cli.open.require_terminal", lambda: None)
    ended = command("compair")
    assert ended.code == 2
    assert "did you mean `sgs-tui compare`?" in ended.err


def test_a_mistyped_option_names_the_nearest(command: Command) -> None:
    ended = command("--batch", *TINY, "--fromat", "csv")
    assert "--format" in ended.err
    assert "sgs-tui compare --help" in ended.err


def test_the_sample_may_be_the_benchmark(command: Command) -> None:
    written = json.loads(command("compare", TINY[1], TINY[1], "--format", "json").out)
    assert all(row["rmse"] == 0 and row["not_finite"] == {"sqnr_db": "inf"} for row in written["layers"])


@pytest.mark.parametrize(
    ("target", "code", "said"), [("none/x.csv", 3, "there is no folder"), ("a.bin", 2, "is an input")]
)
def test_a_report_that_can_not_be_written_is_refused_before_the_work(
    command: Command, tmp_path: Path, sgs: Path, monkeypatch: pytest.MonkeyPatch, target: str, code: int, said: str
) -> None:
    (tmp_path / "a.bin").write_bytes((sgs / BAD[0]).read_bytes())
    monkeypatch.setattr(front, "open_comparison", lambda _: pytest.fail("compared all the same"))
    ended = command("compare", str(tmp_path / "a.bin"), BAD[1], "--output", str(tmp_path / target))
    assert ended.code == code
    assert said in ended.err


def test_the_calibration_file_beside_the_dumps_is_used_and_said(command: Command, sgs: Path, tmp_path: Path) -> None:
    ended = command("--batch", *BAD, "--no-diagnosis")
    assert "note: ranges are those of bad/tensor_min_max.txt, which lies beside the dumps" in ended.text
    assert "calibration (20 layers)" in ended.text and not ended.err
    given = command("--batch", *BAD, "--no-diagnosis", "--ranges", "bad/tensor_min_max.txt")
    assert "lies beside" not in given.text and "calibration (20 layers)" in given.text
    for path in BAD:
        (tmp_path / Path(path).name).write_bytes((sgs / path).read_bytes())
    (tmp_path / "tensor_min_max.txt").write_text("damaged")
    ended = command("--batch", *(str(tmp_path / Path(path).name) for path in BAD), "--no-diagnosis")
    told = " ".join(ended.text.split())
    assert "is not used: " in told and "the benchmark's data (20 layers)" in told and ended.code == 1


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        ('[{"name": "a", "verdict": "ok"}]', "damaged comparison: no 'rmse'"),
        ("9" * 5000, "not JSON: a whole number of over 4,300 digits"),
    ],
)
def test_a_damaged_baseline_says_what_is_missing(
    command: Command, tmp_path: Path, sgs: Path, layers: str, said: str
) -> None:
    path = tmp_path / "old.json"
    path.write_text(f'{{"schema": "sgs-tui/compare/1", "profile": "manual", "layers": {layers}}}')
    pair = (str(sgs / "bad/bad_fixed_dq.bin"), str(sgs / "bad/bad_float.bin"))
    ended = command("compare", *pair, "--batch", "--baseline", str(path))
    assert ended.code == 3 and said in ended.err

"""The vendor's scripts by their names: the same lines, files and folders, on real dumps."""

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from sgs_tui.engine.dumps.format import Direction
from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.dumps.writer import Draft, create_dump
from tests.cli.conftest import Command
from tests.layer_rows import HOSTILE_NAMES

OUT = "Undefined_float.bin_DumpDebug_out"


@pytest.fixture
def here(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_report_and_folders_of_auto_dump_debug(command: Command, sgs: Path, here: Path) -> None:
    tiny = sgs / "tiny"
    ended = command("vendor-script", "auto_dump_debug", "SDK", str(tiny / "fixed_dq.bin"), str(tiny / "float.bin"))
    assert ended.code == 0
    report = (here / OUT / "float.bin_doAnalyzeRmse_run.log").read_text().splitlines()
    assert report[0] == str(here / OUT / "genCompareLayer")
    expected = (tiny / "tiny.report.txt").read_text().splitlines()
    assert [line.split("\t")[0] for line in report[1:]] == [line.split("\t")[0] for line in expected]
    assert (here / OUT / "doAnalyzeRmse" / "doAnalyzeRmse_run.log").read_text().splitlines() == report
    printed = ended.text.splitlines()
    start = printed.index(report[0])
    assert printed[start : start + len(report)] == report
    assert printed[0] == "Param1: SDK"
    assert printed[-1] == "DumpDebug done!!!"
    for title in ("split FLOAT", "split FIXED", "genCompareLayer", "doAnalyzeRmse"):
        assert printed[printed.index(f"{title} {'#' * 21}") + 1].endswith(" ms")


def test_auto_dump_debug_says_what_the_script_says_on_its_way(command: Command, sgs: Path, here: Path) -> None:
    """Everything on stdout but the report, in the script's order; each `mkdir -vp` and both splitter commands."""
    ended = command("vendor-script", "auto_dump_debug", "SDK", f"{sgs}/tiny/fixed_dq.bin", f"{sgs}/tiny/float.bin")
    out = here / OUT
    said = [line for line in ended.text.splitlines() if "OP: " not in line and not line.endswith(" ms")]
    assert said == [
        "Param1: SDK",
        f"Param2: {sgs}/tiny/fixed_dq.bin",
        f"Param3: {sgs}/tiny/float.bin",
        *(f"Param{number}: " for number in range(4, 8)),
        f"mkdir: created directory '{out}'",
        f"mkdir: created directory '{out}/sample_out'",
        f"{out}/sample_out/splite_binary_to_binary fixed_dq.bin_sample.bin 2>&1 > {out}/sample_out/sample_run.log",
        f"split FLOAT {'#' * 21}",
        f"mkdir: created directory '{out}/benchmark_out'",
        f"{out}/benchmark_out/splite_binary_to_binary float.bin_benchmark.bin 2>&1 > "
        f"{out}/benchmark_out/benchmark_run.log",
        f"split FIXED {'#' * 21}",
        f"mkdir: created directory '{out}/genCompareLayer'",
        f"genCompareLayer {'#' * 21}",
        f"mkdir: created directory '{out}/doAnalyzeRmse'",
        f"{out}/genCompareLayer",
        f"doAnalyzeRmse {'#' * 21}",
        "",
        "*" * 82,
        "DumpDebug done!!!",
    ]
    for side in ("sample", "benchmark"):
        assert (out / f"{side}_out" / f"{side}_run.log").is_file(), "the log that the command names"


@pytest.mark.parametrize("arguments", [(), ("one.bin",)])
@pytest.mark.parametrize(
    ("script", "usage"),
    [
        ("dump_debug", 'python3 dump_debug.py [fixed.bin] [float.bin] ("[tensor_name]")\n'),
        ("histogram", "histogram.py <dump_data_file> <tensor_min_max.json/.pkl>\n"),
    ],
)
def test_a_script_without_its_arguments_tells_its_usage(
    command: Command, script: str, usage: str, arguments: tuple[str, ...]
) -> None:
    ended = command("vendor-script", script, *arguments)
    assert (ended.code, ended.text, ended.err) == (1, usage, "")


def test_tensors_of_auto_dump_debug(command: Command, sgs: Path, here: Path) -> None:
    sample, benchmark = sgs / "bad" / "bad_fixed_dq.bin", sgs / "bad" / "bad_float.bin"
    (here / "float.bin").write_bytes(benchmark.read_bytes())
    assert command("vendor-script", "auto_dump_debug", "SDK", str(sample), "float.bin").code == 0
    layers = sorted(path.name for path in (here / OUT / "genCompareLayer").iterdir())
    assert len(layers) == 20
    folder = here / OUT / "genCompareLayer" / "9.gate.xx.output0"
    for file, source in (("sample.bin", sample), ("benchmark.bin", benchmark)):
        with open_dump(folder / file) as written, open_dump(source) as dump:
            assert len(written.records) == 1
            record = dump.find("gate")[0]
            assert (written.records[0].op_index, written.records[0].slot) == (record.op_index, record.slot)
            assert written.read(written.records[0]).tobytes() == dump.read(record).tobytes()
    lonely = sorted(path.name for path in (here / OUT / "benchmark_out").iterdir())
    assert lonely == [
        *("0._backbone_conv1_Conv_output_0.xx.output0", "12.c4.xx.output0", "2._backbone_dw_Conv_output_0.xx.output0"),
        *("6.sp_a.xx.output0", "8.c3.xx.output0", "benchmark_run.log"),
    ]


def test_lists_are_what_bash_reads(command: Command, here: Path) -> None:
    """The lists are sourced by scripts: names must come out as they are, and nothing in them may run."""
    names = ["a b", "x$(touch ran)", "`touch ran`", '"; touch ran; "', "back\\slash", "plain/1", "plain/10", "plain/2"]
    for file in ("sample.bin", "float.bin"):
        with create_dump(here / file) as writer:
            for number, name in enumerate(names):
                writer.write(Draft(Direction.OUT, 0, number, "RELU", name, [np.ones(4, np.float32)], count=4))
    assert command("vendor-script", "auto_dump_debug", "SDK", "sample.bin", "float.bin").code == 0
    script = f'source {OUT}/gen_layer_list.txt; source {OUT}/benchmark_layer_list.txt; printf "%s" "$out_list"'
    ended = subprocess.run(["bash", "-c", script], cwd=here, capture_output=True, text=True, check=True)
    folders = ended.stdout.strip().splitlines()
    assert folders[:3] == ["0.a.xx.output0", "1.x$(touch.xx.output0", "2.`touch.xx.output0"]
    assert [line.split(".")[1] for line in folders[-3:]] == ["plain_1", "plain_10", "plain_2"]
    assert ended.stderr == ""
    assert not (here / "ran").exists()


def test_an_older_folder_is_renamed_as_the_script_does(command: Command, sgs: Path, here: Path) -> None:
    (here / OUT).mkdir()
    (here / OUT / "mine.txt").write_text("precious")
    arguments = (str(sgs / "tiny/fixed_dq.bin"), str(sgs / "tiny/float.bin"), "--no-tensors")
    for _ in range(3):
        assert command("vendor-script", "auto_dump_debug", "SDK", *arguments).code == 0
    backups = [path for path in here.iterdir() if path.name.startswith(f"{OUT}_backup_at_20")]
    assert len(backups) == 3
    assert [(path / "mine.txt").read_text() for path in backups if (path / "mine.txt").exists()] == ["precious"]
    assert list((here / OUT / "genCompareLayer").iterdir()) == []


def test_what_auto_dump_debug_refuses(command: Command, sgs: Path, here: Path) -> None:
    ended = command("vendor-script", "auto_dump_debug", "SDK", "f.sim", "x.sim", "i.bmp", "l.txt", "Unknown", "p.py")
    assert ended.code == 2
    assert "sgs-tui run --sdk SDK --float f.sim --fixed x.sim --image i.bmp -n p.py --batch" in ended.err
    assert command("vendor-script", "auto_dump_debug", "SDK", "a.bin", "b.bin", "more").code == 2
    missing = command("vendor-script", "auto_dump_debug", "SDK", "a.bin", "b.bin")
    assert missing.code == 3
    assert "FATAL: " in missing.text
    nothing = command(
        "vendor-script", "auto_dump_debug", "SDK", str(sgs / "damaged/empty.bin"), str(sgs / "tiny/float.bin")
    )
    assert nothing.code == 5
    assert "ERROR: no output tensor matches" in nothing.text
    assert list(here.iterdir()) == []


def test_a_damaged_dump_is_compared_as_far_as_it_goes(command: Command, sgs: Path, here: Path) -> None:
    arguments = (str(sgs / "damaged/stops_early.bin"), str(sgs / "tiny/float.bin"))
    ended = command("vendor-script", "auto_dump_debug", "SDK", *arguments)
    assert ended.code == 3
    assert "DumpDebug done!!!" in ended.text


def test_hostile_names_in_auto_dump_debug(command: Command, here: Path) -> None:
    names = [name for name in HOSTILE_NAMES if "\n" not in name]
    for file in ("sample.bin", "float.bin"):
        with create_dump(here / file) as writer:
            for number, name in enumerate(names):
                writer.write(Draft(Direction.OUT, 0, number, "RELU", name, [np.ones(4, np.float32)], count=4))
    ended = command("vendor-script", "auto_dump_debug", "SDK", "sample.bin", "float.bin")
    assert ended.code == 0
    assert b"\x1b" not in ended.out
    assert len(list((here / OUT / "genCompareLayer").iterdir())) == len(names)


def test_lines_of_dump_debug(command: Command, sgs: Path, here: Path) -> None:
    ended = command("vendor-script", "dump_debug", str(sgs / "bad/bad_fixed_dq.bin"), str(sgs / "bad/bad_float.bin"))
    assert ended.code == 0
    lines = ended.text.splitlines()
    assert "7.gate\tMSE:\t0.629666\tCOS:\t0.194010\tRMSE:\t0.999086" in lines
    assert lines[0].startswith("1./backbone/relu1/Relu_output_0\tMSE:\t")
    assert "not compared: data: size differs: 4096 and 3072 elements" in ended.err


def test_one_tensor_as_text(command: Command, sgs: Path, here: Path) -> None:
    (here / "fixed.txt").write_text("mine")
    arguments = (str(sgs / "tiny/fixed_raw.bin"), str(sgs / "tiny/float.bin"), "gate")
    ended = command("vendor-script", "dump_debug", *arguments)
    assert (ended.code, ended.text) == (0, "Data saved in fixed.txt and float.txt\n")
    assert (here / "fixed.txt.bak").read_text() == "mine"
    with open_dump(sgs / "tiny/float.bin") as dump:
        values = dump.values(dump.find("gate")[0])
    lines = (here / "float.txt").read_text().splitlines()
    assert lines[0] == "gate"
    assert lines[1] == "".join(f"{value:.6f}  " for value in values[:16])
    assert len(lines) == 1 + -(-len(values) // 16)
    assert len((here / "fixed.txt").read_text().splitlines()) == len(lines), "padding is left out"
    assert command("vendor-script", "dump_debug", *arguments[:2], "nope").code == 3


@pytest.mark.usefixtures("one_drawing_process")
def test_histograms(command: Command, sgs: Path, here: Path) -> None:
    pytest.importorskip("matplotlib", reason="needs the extra png")
    names = ("nowhere", "gate", "/backbone/relu1/Relu_output_0")
    (here / "ranges.txt").write_text("".join(f"Name:{name}, min: -4.0, max: 4.0;\n" for name in names))
    (here / "Histograms").mkdir()
    (here / "Histograms" / "old.png").touch()
    ended = command("vendor-script", "histogram", str(sgs / "tiny/float_str.bin"), "ranges.txt")
    assert ended.code == 0
    assert ended.text.splitlines()[0] == f"[{'=' * 50}]100.00%"
    assert re.fullmatch(r"Total time elapsed: \d\d:\d\d:\d\d", ended.text.splitlines()[1])
    assert sorted(path.name for path in (here / "Histograms").iterdir()) == [
        "1.gate.png",
        "2._backbone_relu1_Relu_output_0.png",
    ]
    assert (here / "Histograms.1" / "old.png").exists()
    (here / "other.txt").write_text("Name:nowhere, min: -1.0, max: 1.0;\n")
    assert command("vendor-script", "histogram", str(sgs / "tiny/float.bin"), "other.txt").code == 3

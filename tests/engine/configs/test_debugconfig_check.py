import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sgs_tui.engine.configs.debugconfig import PRESETS, Preset, load, parse, template
from sgs_tui.engine.configs.debugconfig_check import FolderState, check, look
from sgs_tui.engine.configs.textlines import Finding, Severity

GOOD = FolderState(exists=True, is_folder=True, writable=True, free=1 << 40, has_dump=False)
HEAD = b"dumpTensor\neliminateGarbage\n"
CWD = Path("/run/here")
HOME = Path("/home/user")


def findings(data: bytes, state: FolderState = GOOD, home: Path | None = HOME) -> list[Finding]:
    return check(parse(data), CWD, home, look_at=lambda path: state)


def the_one(found: list[Finding]) -> Finding:
    assert len(found) == 1, found
    return found[0]


def test_a_good_file_has_no_findings() -> None:
    assert findings(HEAD + b"dequantFixed\npath=/data/run one/\n") == []
    assert findings(HEAD + b"path=.\n# a remark\n\npassexport=1\n") == []


NO_DUMP = "exits 0 and writes no dump"

ROWS = [
    (HEAD, None, Severity.WARNING, "no path= that the simulator reads: the dump goes to the home folder, /home/user"),
    (HEAD + b"path=\n", 3, Severity.WARNING, "path= is empty: the dump goes to the home folder, /home/user"),
    (HEAD + b"path=/data/run", 3, Severity.ERROR, "the last character of the path is cut off, it reads '/data/ru'"),
    (HEAD + b"path=/data\r\n", 3, Severity.ERROR, "a Windows line end (CRLF) becomes part of the path"),
    (HEAD + b"path=/data \n", 3, Severity.ERROR, "a blank after the path belongs to the folder's name"),
    (HEAD + b"path= /data\n", 3, Severity.ERROR, "a blank before the path belongs to the folder's name"),
    (HEAD + b"path=~/data\n", 3, Severity.ERROR, "~ is not expanded"),
    (HEAD + b"path=/" + b"x" * 122 + b"\n", 3, Severity.ERROR, "the path has 123 bytes, the simulator takes 122"),
    (HEAD + b" dequantFixed\npath=.\n", 3, Severity.WARNING, "dequantFixed with a blank before it: "),
    (HEAD + b"DequantFixed\npath=.\n", 3, Severity.WARNING, "DequantFixed in the wrong case: the simulator ignores"),
    (HEAD + b"#dequantFixed\npath=.\n", None, Severity.NOTE, "ignored because of the # in front: dequantFixed"),
    (HEAD + b"dequantFixedXY\npath=.\n", 3, Severity.WARNING, "dequantFixedXY is read as dequantFixed"),
    (HEAD + b"dequantFixed=0\npath=.\n", 3, Severity.WARNING, "dequantFixed=0 is read as dequantFixed"),
    (HEAD + b"dequatFixed\npath=.\n", 3, Severity.WARNING, "dequatFixed is no known key: the simulator ignores"),
    (HEAD + b"path=.\ndequantFixed", 4, Severity.WARNING, "its last character is cut off, dequantFixed is not read"),
    (HEAD + b"dequantFixed\r\npath=.\n", 3, Severity.WARNING, "Windows line ends (CRLF)"),
    (HEAD + b"# a\rb\npath=.\n", 3, Severity.WARNING, "a carriage return inside a line"),
    (HEAD + b"path=.\npath=/b\n", 4, Severity.WARNING, "path= stands there more than once"),
    (HEAD + b"path=.\n# \0\n", None, Severity.ERROR, "zero bytes"),
    (b"\xef\xbb\xbf# x\n" + HEAD + b"path=.\n", 1, Severity.WARNING, "a byte order mark hides the key"),
    (b"eliminateGarbage\npath=.\n", None, Severity.WARNING, "dumpTensor is not on: the simulator writes no dump"),
    (b"dumpTensor\ndequantFixed\npath=.\n", 2, Severity.ERROR, "dequantFixed without eliminateGarbage"),
    (HEAD + b"dumpasstring\npath=.\n", 3, Severity.WARNING, "the vendor's comparer can not read"),
    (HEAD + b"disableDomainFuseOps\npath=.\n", 3, Severity.NOTE, "acts when the fixed model is made"),
    (HEAD + b"dumpdonotrecovery\npath=.\n", 3, Severity.NOTE, "the new one gets a number in its name"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "line", "severity", "said"), ROWS, ids=[row[3][:40] for row in ROWS])
def test_every_row_of_the_observed_table(data: bytes, line: int | None, severity: Severity, said: str) -> None:
    found = the_one(findings(data))
    assert (found.line, found.severity) == (line, severity)
    assert said in found.message
    assert found.remedy
    if "ERROR" in severity.name and "path" in found.message and "bytes" not in found.message:
        assert NO_DUMP in found.message or "cut off" in found.message


def test_of_what_is_no_text_nothing_else_is_said() -> None:
    assert [found.message for found in findings(b"\0\r\n Path=/data\n")] == ["zero bytes: this is no plain text file"]


def test_blanks_round_the_equals_sign_mean_home() -> None:
    found = findings(HEAD + b"path = /data\n")
    assert [(f.line, f.severity) for f in found] == [(None, Severity.WARNING), (3, Severity.WARNING)]
    assert "the dump goes to the home folder" in found[0].message
    assert "path without = right behind it" in found[1].message
    assert any("Path in the wrong case" in f.message for f in findings(HEAD + b"Path=/data\n"))
    assert any("path with a blank before it" in f.message for f in findings(HEAD + b" path=/data\n"))


def test_the_trap_counts_what_the_simulator_reads() -> None:
    """eliminateGarbage is there, but is not read: the layout trap all the same."""
    for ignored in (b" eliminateGarbage\n", b"eliminategarbage\n", b"#eliminateGarbage\n"):
        found = findings(b"dumpTensor\ndequantFixed\n" + ignored + b"path=.\n")
        assert found[0].severity is Severity.ERROR
        assert "without eliminateGarbage" in found[0].message


def test_the_real_trap(sgs: Path) -> None:
    def messages(name: str) -> list[str]:
        return [f.message for f in check(load(sgs / "tiny" / name), CWD, HOME, look_at=lambda path: GOOD)]

    assert "dequantFixed without eliminateGarbage" in messages("fixed_dq_keepgarbage.DebugConfig.txt")[0]
    assert messages("fixed_dq.DebugConfig.txt") == messages("float.DebugConfig.txt") == []


@pytest.mark.parametrize(
    ("change", "severity", "said"),
    [
        ({"exists": False, "is_folder": False}, Severity.ERROR, "/run/here/out does not exist"),
        ({"is_folder": False}, Severity.ERROR, "/run/here/out is no folder"),
        ({"writable": False}, Severity.ERROR, "/run/here/out can not be written to"),
        ({"free": 300 << 20}, Severity.WARNING, "/run/here/out has 300 MiB free, the dump may need 1.0 GiB"),
        ({"free": 12}, Severity.WARNING, "has 12 B free"),
        ({"has_dump": True}, Severity.NOTE, "holds a sigma_outtensor_dump.bin: the next run overwrites it"),
    ],
)
def test_the_folder(change: dict[str, bool], severity: Severity, said: str) -> None:
    found = the_one(findings(HEAD + b"path=out\n", replace(GOOD, **change)))
    assert (found.line, found.severity) == (3, severity)
    assert said in found.message
    if severity is Severity.ERROR:
        assert NO_DUMP in found.message


def test_where_the_path_leads() -> None:
    seen: list[Path] = []

    def note(path: Path) -> FolderState:
        seen.append(path)
        return GOOD

    for path in (b"path=.\n", b"path=a/b/\n", b"path=/abs/x\n", b"path= padded \n", b"path=\n", b"path=~\n"):
        check(parse(HEAD + path), CWD, HOME, look_at=note)
    assert seen == [CWD, CWD / "a/b", Path("/abs/x"), CWD / "padded", HOME]


def test_a_folder_name_is_quoted_for_the_shell_and_variables_are_explained() -> None:
    state = replace(GOOD, exists=False, is_folder=False)
    assert the_one(findings(HEAD + b"path=/a b\n", state)).remedy == "create it: mkdir -p '/a b'"
    assert "taken literally" in the_one(findings(HEAD + b"path=$HOME/x\n", state)).message
    assert "\x1b" not in the_one(findings(HEAD + b"path=/\x1b[2J\n", state)).message


def test_a_kept_dump_is_not_said_to_be_overwritten() -> None:
    found = findings(HEAD + b"dumpdonotrecovery\npath=.\n", replace(GOOD, has_dump=True))
    assert not any("overwrites" in f.message for f in found)


def test_the_home_folder() -> None:
    assert "$HOME is not set" in the_one(findings(HEAD, home=None)).message
    found = findings(HEAD, home=Path("/" + "h" * 130))
    assert "the home folder's path has 131 bytes" in found[0].message
    found = findings(HEAD, replace(GOOD, writable=False))
    assert "/home/user can not be written to" in found[0].message


def test_real_folders(tmp_path: Path) -> None:
    state = look(tmp_path)
    assert (state.exists, state.is_folder, state.writable, state.has_dump) == (True, True, True, False)
    assert state.free > 0
    (tmp_path / "sigma_outtensor_dump.bin").touch()
    assert look(tmp_path).has_dump
    assert look(tmp_path / "sigma_outtensor_dump.bin").is_folder is False
    assert look(tmp_path / "absent") == look(Path("a\0b")) == FolderState(False, False, False, 0, False)


def test_a_read_only_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system is asked, not the mode bits: those mean nothing to a superuser or on a read-only mount."""
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)
    assert not look(tmp_path).writable


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.key)
def test_templates_have_no_error(preset: Preset) -> None:
    found = findings(template(preset))
    assert not [f for f in found if f.severity is Severity.ERROR]
    assert any(f.severity is Severity.WARNING for f in found) == (preset.key == "histogram")


def test_mending_removes_every_finding_about_how_it_is_written() -> None:
    data = b"\xef\xbb\xbfdumpTensor \r\n eliminateGarbage\r\nDEQUANTFIXED\r\npath= /data "
    assert len(findings(data)) >= 4
    assert findings(parse(data).fix().render()) == []


def test_the_gravest_first() -> None:
    found = findings(b"#dumpasstring\ndequantFixed\n Dumptensor\npath=")
    assert [f.severity for f in found] == sorted((f.severity for f in found), key=list(Severity).index)


@given(st.binary(max_size=200))
def test_any_bytes_can_be_checked(data: bytes) -> None:
    for found in findings(data):
        assert found.line is None or 1 <= found.line <= data.count(b"\n") + 1
        assert "\x1b" not in found.message

"""Writing a user's file: old or new, never half; what was there is kept."""

import os
from pathlib import Path

import pytest

from sgs_tui.engine.errors import InputError
from sgs_tui.engine.files import free_name, replacing, write_atomically, write_with_backup
from sgs_tui.engine.text import decode, encode, sanitised, visible


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError), replacing(path) as file:
        file.write(b"half")
        raise RuntimeError
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["a.txt"]


def test_backups_are_numbered_and_rights_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.ini"
    assert write_with_backup(path, b"1") is None
    path.chmod(0o640)
    assert write_with_backup(path, b"2") == tmp_path / "a.ini.bak"
    assert write_with_backup(path, b"3") == tmp_path / "a.ini.bak.1"
    assert (path.read_bytes(), (tmp_path / "a.ini.bak.1").read_bytes()) == (b"3", b"2")
    assert path.stat().st_mode & 0o777 == 0o640
    assert free_name(path) == tmp_path / "a.ini.1"


def test_links_are_followed_devices_are_not_replaced(tmp_path: Path) -> None:
    target, link = tmp_path / "real", tmp_path / "link"
    target.write_bytes(b"old")
    link.symlink_to(target)
    write_atomically(link, b"new")
    assert link.is_symlink() and target.read_bytes() == b"new"
    for path in (Path("/dev/null"), tmp_path, tmp_path / "missing" / "file"):
        with pytest.raises(InputError):
            write_atomically(path, b"x")


def test_names_survive_and_are_harmless() -> None:
    raw = b"a\xff\x1b[31m\n\xe2\x80\xaeb/c:0 rest"
    assert encode(decode(raw)) == raw
    shown = visible(decode(raw))
    assert shown == r"a\xff\x1b[31m\x0a" + "\\u202eb/c:0 rest" and shown.isprintable()
    assert sanitised("a/b:0 rest") == "a_b0" and sanitised("") == "" and sanitised("a\u3000b") == "a\u3000b"

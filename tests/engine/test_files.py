"""Writing a user's file: old or new, never half; what was there is kept."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sgs_tui.engine.errors import InputError
from sgs_tui.engine.files import free_name, read_bytes, replacing, was_read, write_atomically, write_with_backup
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
    assert (tmp_path / "a.ini.bak").stat().st_mode & 0o777 == 0o640
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


@pytest.mark.parametrize(("kind", "make"), [("a FIFO", os.mkfifo), ("a folder", os.mkdir)])
def test_only_a_regular_file_is_read(tmp_path: Path, kind: str, make: Callable[[Path], None]) -> None:
    make(tmp_path / "odd")
    with pytest.raises(InputError) as caught:
        read_bytes(tmp_path / "odd")
    assert kind in caught.value.message or "directory" in caught.value.message


def test_a_device_without_end_and_a_sparse_file_are_too_large(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a device"):
        read_bytes(Path("/dev/zero"))
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(InputError, match="over 64 MB"):
        read_bytes(tmp_path / "sparse")


def test_what_was_read_is_known_by_every_name(tmp_path: Path) -> None:
    path, other = tmp_path / "ranges.txt", tmp_path / "other"
    path.write_bytes(b"x")
    other.write_bytes(b"x")
    os.link(path, tmp_path / "hard")
    (tmp_path / "soft").symlink_to(path)
    assert not was_read(path)
    read_bytes(path)
    assert was_read(path) and was_read(tmp_path / "hard") and was_read(tmp_path / "soft")
    assert not was_read(other) and not was_read(tmp_path / "missing")

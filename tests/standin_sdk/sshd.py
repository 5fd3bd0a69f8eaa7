"""A real sshd on the loopback, for this user alone: keys, configuration and port are the test's own."""

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

_SSHD = shutil.which("sshd", path=os.pathsep.join(["/usr/sbin", "/usr/local/sbin", os.environ.get("PATH", "")]))
_SERVER = """Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
PidFile none
AuthorizedKeysFile {folder}/user.pub
PasswordAuthentication no
KbdInteractiveAuthentication no
StrictModes no
UsePAM no
PermitRootLogin yes
AcceptEnv nothing
"""
_CLIENT = """Host box
  HostName 127.0.0.1
  Port {port}
  User {user}
  IdentityFile {folder}/user
  IdentitiesOnly yes
  UserKnownHostsFile {folder}/known
  StrictHostKeyChecking accept-new
Host locked
  HostName 127.0.0.1
  Port {port}
  User {user}
  IdentityFile {folder}/host
  IdentitiesOnly yes
  UserKnownHostsFile {folder}/known
  StrictHostKeyChecking accept-new
"""


@dataclass(frozen=True)
class Sshd:
    """`via`: what --sdk-via is given."""

    folder: Path
    port: int
    process: "subprocess.Popen[bytes]"

    def via(self, host: str = "box") -> str:
        return f"ssh -F {self.folder}/config {host}"

    def cut(self) -> int:
        """End every connection that is open, as a dead line would; how many there were."""
        found = psutil.Process(self.process.pid).children()
        for session in found:
            for process in (*session.children(), session):
                if process.name().startswith("sshd"):
                    with suppress(psutil.NoSuchProcess):
                        process.kill()
        return len(found)


@contextmanager
def loopback_sshd(folder: Path) -> Iterator[Sshd]:
    """Skips the test where there is no sshd, or it does not start here."""
    if _SSHD is None or shutil.which("ssh") is None:
        pytest.skip("openssh-server is not installed on this machine")
    folder.mkdir()
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = {"port": port, "folder": folder, "user": getpass.getuser()}
    (folder / "sshd_config").write_text(_SERVER.format(**words))
    (folder / "config").write_text(_CLIENT.format(**words))
    if os.getuid() == 0:
        os.makedirs("/run/sshd", exist_ok=True)
    log = (folder / "log").open("wb")
    process = subprocess.Popen(
        [_SSHD, "-D", "-e", "-f", str(folder / "sshd_config")], stderr=log, stdin=subprocess.DEVNULL
    )
    try:
        _wait(process, port, folder)
        yield Sshd(folder, port, process)
    finally:
        process.terminate()
        process.wait()
        log.close()


def _wait(process: "subprocess.Popen[bytes]", port: int, folder: Path) -> None:
    while process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    pytest.skip(f"sshd does not start here: {(folder / 'log').read_text()[:200]}")

"""Start a child that can be watched and ended whole, and say how it ended."""

import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Ending:
    """How a child ended. `stopped`: why we ended it ('cancelled', 'timed out', ...), empty when it ended itself."""

    exit_code: int | None
    signal: str | None
    stopped: str = ""

    @classmethod
    def of(cls, returncode: int, stopped: str) -> "Ending":
        """From Popen's return code; a shell's 128 + N counts as signal N."""
        number = -returncode if returncode < 0 else returncode - 128 if 128 < returncode < 160 else 0
        try:
            name = signal.Signals(number).name if number else None
        except ValueError:
            name = None
        return cls(returncode if returncode >= 0 else None, name, stopped)


@dataclass(frozen=True, slots=True)
class Command:
    """What to start."""

    argv: tuple[str, ...]
    environment: Mapping[str, str] | None
    directory: Path
    timeout: float | None
    grace: float


@dataclass(frozen=True, slots=True)
class Child:
    """A started child and the reading end of the one pipe that both its outputs go into."""

    process: subprocess.Popen[bytes]
    output: int


def start_child(command: Command) -> Child:
    """Start the command in a process group of its own, stdin closed. Raises OSError when that fails."""
    output, writing_end = os.pipe2(os.O_CLOEXEC)
    try:
        process = subprocess.Popen(
            command.argv,
            cwd=command.directory,
            env=None if command.environment is None else dict(command.environment),
            stdin=subprocess.DEVNULL,
            stdout=writing_end,
            stderr=writing_end,
            process_group=0,
        )
    except BaseException:
        os.close(output)
        raise
    finally:
        os.close(writing_end)
    os.set_blocking(output, False)
    return Child(process, output)

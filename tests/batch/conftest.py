"""The command line, run as in tests/cli."""

from tests.cli.conftest import Command, Ended, command

__all__ = ["Command", "Ended", "command"]

"""What an iteration is about to do, in words: the same for the command line and for the app. Names are raw."""

from collections.abc import Iterator
from pathlib import Path

from sgs_tui.engine.iterate.config import IterateConfig


def compared_with(before: Path | None, config: IterateConfig) -> str:
    """The state that the new one is held against."""
    if before is not None:
        return str(before)
    if config.float_model.is_file() and config.fixed_model.is_file():
        return "what both models dump before the change"
    return "nothing: no state before is known, and there are no models to dump it from"


def command_lines(config: IterateConfig) -> Iterator[str]:
    """The user's own commands, in their order, line by line."""
    for command in filter(None, (config.convert, config.calibrate)):
        yield from command.strip().splitlines()


def dump_lines(config: IterateConfig) -> Iterator[str]:
    """What is dumped afterwards."""
    for model in (config.float_model, config.fixed_model):
        yield f"dump {model} on {config.image}"

"""The small files around a dump that tell how it was made: what the vendor's support asks for first."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sgs_tui.engine.simulate.dump_origin import debug_config_of
from sgs_tui.engine.simulate.run_request import DEBUG_CONFIG

LARGEST = 16 << 20
"""Bytes; a log beyond that is named, not taken along."""

_NAMED = {
    "input_config.ini": "the conversion's input_config.ini",
    "request.json": "what was run",
    "status.json": "how the run ended",
}
_LOGS = ("*.log", "log/*.log")
_QUANTISATION = "*.sim.json"


@dataclass(frozen=True, slots=True)
class Companion:
    """A file beside a dump, and what it is."""

    path: Path
    what: str
    size: int


def companions_of(dump: Path) -> Iterator[Companion]:
    """Config, logs and quantisation info in the dump's folder; files that can not be looked at are left out."""
    for path, what in _candidates(dump):
        try:
            if path.is_file():
                yield Companion(path, what, path.stat().st_size)
        except OSError:
            continue


def _candidates(dump: Path) -> Iterator[tuple[Path, str]]:
    folder = dump.parent
    sure = debug_config_of(dump)
    if sure is not None:
        yield sure, "the DebugConfig.txt of this dump"
    else:
        yield folder / DEBUG_CONFIG, "the DebugConfig.txt in the dump's folder, perhaps of another run"
    yield from ((folder / name, what) for name, what in _NAMED.items())
    for pattern in _LOGS:
        yield from ((path, "a log") for path in sorted(folder.glob(pattern)))
    yield from ((path, "quantisation info") for path in sorted(folder.glob(_QUANTISATION)))

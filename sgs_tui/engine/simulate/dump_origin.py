"""Where a dump comes from, as far as the files around it say so without doubt."""

from pathlib import Path

from sgs_tui.engine.simulate.run_request import DEBUG_CONFIG

_REQUEST = "request.json"


def run_folder_of(dump: Path) -> Path | None:
    """The run folder that holds the dump; None where it lies elsewhere."""
    return dump.parent if dump.with_name(_REQUEST).is_file() else None


def debug_config_of(dump: Path) -> Path | None:
    """`fixed.DebugConfig.txt` beside `fixed.bin`, or the DebugConfig.txt of the run folder that holds the dump.

    A DebugConfig.txt that merely lies in the same folder proves nothing: it is that of the last run there.
    """
    named = dump.with_name(f"{dump.stem}.{DEBUG_CONFIG}")
    if named.is_file():
        return named
    folder = run_folder_of(dump)
    return folder / DEBUG_CONFIG if folder is not None and (folder / DEBUG_CONFIG).is_file() else None

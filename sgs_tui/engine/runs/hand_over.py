"""A dump under a name of the user's choice, beside the run's own and never over anything that is there.

And where a dump comes from, as far as the files around it say so without doubt.
"""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from sgs_tui.engine.errors import InputError, UsageError, reason
from sgs_tui.engine.runs.run_folder import DEBUG_CONFIG, RunRequest
from sgs_tui.language import Message


def targets(output: Path, requests: Sequence[RunRequest]) -> tuple[Path, ...]:
    """Where the dump of each run goes: `output` for one run, files named after the images in it for several.

    Raises UsageError where several dumps would need one name, InputError where something is there already.
    """
    if output.is_dir():
        chosen = [output / name for name in _names(requests)]
    elif len(requests) > 1:
        raise UsageError(
            Message("{number} dumps for one --output {output}", number=len(requests), output=output),
            Message("name an existing folder"),
        )
    else:
        chosen = [output]
    for path in chosen:
        _check(path)
    return tuple(chosen)


def hand_over(dump: Path, target: Path) -> None:
    """Give `dump` the name `target` too: a hard link, or a copy on another file system. Raises InputError."""
    _check(target)
    try:
        os.link(dump, target)
    except FileExistsError as error:
        raise _taken(target) from error
    except OSError:  # another file system, or one without links
        _copy(dump, target)


def _copy(dump: Path, target: Path) -> None:
    try:
        with dump.open("rb") as source, target.open("xb") as made:
            try:
                shutil.copyfileobj(source, made, 1 << 20)
            except OSError:
                target.unlink()
                raise
    except FileExistsError as error:
        raise _taken(target) from error
    except OSError as error:
        raise InputError(
            Message("{path}: cannot write: {why}", path=target, why=reason(error)),
            Message("the dump is in {dump}", dump=dump),
        ) from error


def _check(target: Path) -> None:
    if target.exists() or target.is_symlink():
        raise _taken(target)
    if not target.absolute().parent.is_dir():
        raise InputError(Message("{target}: there is no such folder", target=target), Message("make it first"))


def _taken(target: Path) -> InputError:
    return InputError(
        Message("{target}: is there already", target=target), Message("name another file; no dump is ever overwritten")
    )


def _names(requests: Sequence[RunRequest]) -> list[str]:
    """`<image>.bin`, or .txt for text; numbered where images share a name."""
    stems = [Path(request.details.get("image", "").split(",")[0]).stem or "dump" for request in requests]
    suffixes = [Path(request.products[0].path).suffix for request in requests]
    unique = [stem if stems.count(stem) == 1 else f"{number}-{stem}" for number, stem in enumerate(stems, 1)]
    return [stem + suffix for stem, suffix in zip(unique, suffixes, strict=True)]


def debug_config_of(dump: Path) -> Path | None:
    """`fixed.DebugConfig.txt` beside `fixed.bin`, or the DebugConfig.txt of the run folder that holds the dump.

    A DebugConfig.txt that merely lies in the same folder proves nothing: it is that of the last run there.
    """
    named = dump.with_name(f"{dump.stem}.{DEBUG_CONFIG}")
    if named.is_file():
        return named
    beside = dump.with_name(DEBUG_CONFIG)
    return beside if dump.with_name("request.json").is_file() and beside.is_file() else None

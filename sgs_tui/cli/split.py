"""`sgs-tui split`."""

from pathlib import Path
from typing import Annotated

from sgs_tui.cli import stderr
from sgs_tui.cli.options import argument, option
from sgs_tui.language import Message


def split(
    dump: Annotated[Path, argument("DUMP", "The dump to take apart.")],
    folder: Annotated[Path, argument("DIR", "A new or an empty folder.")],
    text: Annotated[bool, option("--text", "Write values as text instead of binary.")] = False,
) -> int:
    """Write each tensor of a dump to a folder of its own.

    They are named as the vendor's splitter names them.

    Names that are too long or not unique for the vendor's splitter are changed and told on stderr; nothing is lost
    and nothing overwritten. stdout gets one line a file: record number, tab, path.

    \b
    Examples:
      sgs-tui split fixed.bin fixed_tensors
      sgs-tui split fixed.bin fixed_text --text
    """
    from sgs_tui.batch.printed.split import split_dump

    health, changes = split_dump(dump, folder, text)
    stderr.note(*changes)
    return stderr.damaged(
        [] if health.ok else [Message("{path}: {health}", path=dump, health=health.text)],
        Message("every record before the damage was written"),
    )

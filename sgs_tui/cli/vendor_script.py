"""`sgs-tui vendor-script`: the vendor's scripts by their names, for automation that should not notice."""

import typer

from sgs_tui.cli.vendor_script_compare import auto_dump_debug
from sgs_tui.cli.vendor_script_tools import dump_debug, histogram

_GROUP = """The vendor's scripts by their names.

Change one line of existing automation. Arguments, lines on stdout, files and folders are the scripts'; the figures
are ours. What the scripts get wrong is right here, and each command's help says what that changes.

\b
Examples:
  sgs-tui vendor-script auto_dump_debug $SGS_IPU_DIR fixed.bin float.bin
  sgs-tui vendor-script histogram float_string.bin log/tensor_min_max.txt
  sgs-tui vendor-script dump_debug fixed.bin float.bin
"""


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(rich_markup_mode=None, help=_GROUP)
    for command in (auto_dump_debug, histogram, dump_debug):
        group.command(command.__name__)(command)
    app.add_typer(group, name="vendor-script")

"""`sgs-tui optimize onnx|sdk`."""

import typer

from sgs_tui.cli.optimize_onnx import onnx
from sgs_tui.cli.optimize_sdk import sdk

_GROUP = """Find which tensors need 16 bits, by trying.

Every candidate is really quantised, dumped and compared. A search keeps what it has found in a folder of its own
(./sgs_optimize): stopped by Ctrl-C or by a lost connection, the same command goes on where it stopped. Exit code 1
where the profile can not be reached.

\b
Examples:
  sgs-tui optimize onnx --model net.onnx --calibrate images -n pre.py
  sgs-tui optimize sdk --model net_float.sim --calibrate images -n pre.py \\
    --input-config input_config.ini
"""


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(rich_markup_mode=None, help=_GROUP)
    group.command("onnx")(onnx)
    group.command("sdk")(sdk)
    app.add_typer(group, name="optimize")

"""`sgs-tui dump sdk|onnx|caffe|tflite`."""

import typer

from sgs_tui.cli.dump_original import caffe, onnx, tflite
from sgs_tui.cli.dump_sdk import sdk

_GROUP = """Make dumps with the SDK's simulator, or of original models.

Each dump is a run in a folder of its own (./sgs_runs), in the background: a lost connection does not end it, and
`sgs-tui runs` has it. The paths of the dumps go to stdout.

\b
Examples:
  sgs-tui dump sdk --model net_fixed.sim --image cat.jpg -n pre.py
  sgs-tui dump onnx --model net.onnx --image cat.jpg -n pre.py
"""


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(rich_markup_mode=None, help=_GROUP)
    group.command("sdk")(sdk)
    group.command("onnx")(onnx)
    group.command("caffe")(caffe)
    group.command("tflite")(tflite)
    app.add_typer(group, name="dump")

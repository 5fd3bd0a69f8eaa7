"""Options of the commands that start runs, written once."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class ModelType(StrEnum):
    """As the SDK's own -t names them."""

    FLOAT = "Float"
    FIXED = "Fixed"


class RunFormat(StrEnum):
    """How started or finished runs are printed."""

    TEXT = "text"
    JSON = "json"


Model = Annotated[Path, typer.Option("--model", "-m", metavar="FILE", help="The model.")]
Image = Annotated[
    str,
    typer.Option(
        "--image", "-i", metavar="PATH", help="An image, a list file (inputs separated by commas), or a folder."
    ),
]
Preprocess = Annotated[
    list[str] | None,
    typer.Option("--preprocess", "-n", metavar="PRE.py", help="Preprocess script; one an input, commas between."),
]
Sdk = Annotated[Path | None, typer.Option("--sdk", metavar="DIR", help="The SDK's root folder (default SGS_IPU_DIR).")]
SdkPython = Annotated[
    str, typer.Option("--sdk-python", metavar="PYTHON", help="Interpreter for the SDK's scripts.", show_default=True)
]
DebugConfig = Annotated[
    Path | None,
    typer.Option("--debugconfig", metavar="FILE", help="Take the switches from this DebugConfig.txt (path is ours)."),
]
String = Annotated[bool, typer.Option("--string", help="Dump as text (dumpasstring): large, slow, six decimals.")]
Keep = Annotated[
    bool, typer.Option("--keep", help="Keep the working directory of good runs too, with all that lies in it.")
]
NoFuseHint = Annotated[
    bool, typer.Option("--no-fuse-hint", help="Do not tell of layers that are fused away in a fixed model.")
]
Timeout = Annotated[
    float | None, typer.Option("--timeout", min=1, metavar="SECONDS", help="End a run that takes longer.")
]
Root = Annotated[
    Path | None, typer.Option("--root", "--runs", metavar="DIR", help="Where run folders go (default ./sgs_runs).")
]
Jobs = Annotated[int, typer.Option("--jobs", "-j", min=1, metavar="N", help="Runs at a time.", show_default=True)]
Detach = Annotated[bool, typer.Option("--detach/--wait", help="Start and leave; `sgs-tui runs` has the rest.")]
Inputs = Annotated[
    list[str] | None,
    typer.Option("--input", metavar="NAME=FILE", help="A file for this input of the model; may be given again."),
]
Shapes = Annotated[
    list[str] | None,
    typer.Option("--shape", metavar="NAME=1,3,224,224", help="Shape of an input (or size of a symbol) left open."),
]
Text = Annotated[bool, typer.Option("--text", help="Text form: the dump and one file a tensor (NHWC/, NCHW/).")]
DumpOutput = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="The dump under this name too; a folder for several images."),
]
HowToPrint = Annotated[RunFormat, typer.Option("--format", help="What goes to stdout: paths of dumps, or runs.")]


class RunsFormat(StrEnum):
    """How a list of runs is printed."""

    TABLE = "table"
    JSON = "json"


RunsHow = Annotated[RunsFormat, typer.Option("--format", help="How to print.", show_default=True)]

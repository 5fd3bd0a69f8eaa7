"""Options that several commands share, written once."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sgs_tui.batch.output import RunFormat, RunsFormat
from sgs_tui.engine.errors import UsageError

if TYPE_CHECKING:
    from sgs_tui.engine.runs.run_list import Run


Batch = Annotated[bool, typer.Option("--batch", help="Print instead of opening the app.")]
Ascii = Annotated[bool, typer.Option("--ascii", help="Nothing but ASCII (automatic where the locale is not UTF-8).")]
NoMouse = Annotated[bool, typer.Option("--no-mouse", help="Leave the mouse to the terminal.")]
Ranges = Annotated[
    Path | None,
    typer.Option("--ranges", metavar="FILE", help="Calibration ranges: tensor_min_max as text, JSON or pickle."),
]
Shapes = Annotated[
    Path | None,
    typer.Option("--shapes", metavar="FILE", help="Shapes: tensor_statistics.txt, or a dump that has them."),
]
DEFAULT_PROFILE = "manual"
"""Whatever the user's settings say: a script must mean the same on every machine."""
ProfileName = Annotated[
    str | None,
    typer.Option("--profile", metavar="NAME", help="Limits: manual (default), sop, strict, or your own TOML file."),
]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write there, whole or not at all, instead of stdout."),
]


# `NAME=VALUE` arguments: input files and shapes.


def input_files(arguments: Sequence[str]) -> dict[str, Path]:
    """`--input NAME=FILE`: absolute paths by input name. Raises UsageError."""
    found: dict[str, Path] = {}
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if not (name and equals and value):
            raise UsageError(f"--input {argument}: expected NAME=FILE", "NAME is an input of the model")
        if name in found:
            raise UsageError(f"--input {name} is given twice", "one file for each input")
        found[name] = Path(value).expanduser().absolute()
    return found


def shapes(arguments: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """`--shape NAME=1,3,224,224`: by input name, or one number by the name of a symbol. Raises UsageError."""
    found: dict[str, tuple[int, ...]] = {}
    for argument in arguments:
        name, _, value = argument.rpartition("=")
        sizes = [part.strip() for part in value.split(",")]
        if not name or not all(size.isascii() and size.isdigit() and int(size) for size in sizes):
            raise UsageError(f"--shape {argument}: expected NAME=1,3,224,224", "NAME is an input, or a symbol with one")
        if name in found:
            raise UsageError(f"--shape {name} is given twice", "one shape for each input")
        found[name] = tuple(map(int, sizes))
    return found


def names(arguments: Sequence[str]) -> tuple[str, ...]:
    """Lists with commas, given once or several times, as one tuple without blanks and repetitions."""
    parts = (part.strip() for argument in arguments for part in argument.split(","))
    return tuple(dict.fromkeys(part for part in parts if part))


_UNITS = {"k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


def memory(argument: str) -> int:
    """`500M`, `2G`, `1.5GB`: bytes. Raises UsageError."""
    text = argument.strip().lower().removesuffix("b").removesuffix("i")
    number, unit = (text[:-1], _UNITS[text[-1]]) if text[-1:] in _UNITS else (text, 1)
    try:
        found = int(float(number) * unit)
    except (ValueError, OverflowError):
        found = 0
    if found <= 0:
        raise UsageError(f"--memory {argument}: expected a size such as 500M or 2G", "it is about the tensors alone")
    return found


# What the searches have in common: options, and where they are kept.

Calibrate = Annotated[
    str, typer.Option("--calibrate", metavar="PATH", help="Calibration images: a folder, a list file; about 30.")
]
JudgedImage = Annotated[
    str | None,
    typer.Option("--image", "-i", metavar="PATH", help="What both stages are dumped on (default the first image)."),
]
SearchFolder = Annotated[
    Path | None, typer.Option("--folder", metavar="DIR", help="Where searches are kept (default ./sgs_optimize).")
]


def whole(path: Path) -> Path:
    """The path from the root on, `~` resolved."""
    return path.expanduser().absolute()


def search_place(folder: Path | None) -> Path:
    """The folder that --folder means."""
    return whole(folder or Path("sgs_optimize"))


# Options of the commands that start runs, written once.


class ModelType(StrEnum):
    """As the SDK's own -t names them."""

    FLOAT = "Float"
    FIXED = "Fixed"


Model = Annotated[Path, typer.Option("--model", "-m", metavar="FILE", help="The model.")]
Image = Annotated[
    str,
    typer.Option(
        "--image", "-i", metavar="PATH", help="An image, a list file (inputs separated by commas), or a folder."
    ),
]
PreprocessFiles = Annotated[
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
InputShapes = Annotated[
    list[str] | None,
    typer.Option("--shape", metavar="NAME=1,3,224,224", help="Shape of an input (or size of a symbol) left open."),
]
Text = Annotated[bool, typer.Option("--text", help="Text form: the dump and one file a tensor (NHWC/, NCHW/).")]
DumpOutput = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="The dump under this name too; a folder for several images."),
]
HowToPrint = Annotated[RunFormat, typer.Option("--format", help="What goes to stdout: paths of dumps, or runs.")]


RunsHow = Annotated[RunsFormat, typer.Option("--format", help="How to print.", show_default=True)]


# The runs that arguments of `sgs-tui runs` mean.


RunName = Annotated[str, typer.Argument(metavar="[NAME]", help="The run (default the newest).")]


def place_of(root: Path | None) -> Path:
    """The runs root that --root means."""
    from sgs_tui.engine.runs.run_folder import default_root

    return (root or default_root()).expanduser().absolute()


def run_named(name: str, root: Path | None) -> "Run":
    """The run called so; see engine/simulate/find_run.py."""
    from sgs_tui.engine.runs.run_list import find_run

    return find_run(name, place_of(root))

"""Options that several commands share, written once: single ones, groups of them, and how their values are read."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from sgs_tui.batch.output import AdviceFormat, RunsFormat
from sgs_tui.engine.errors import InputError, UsageError
from sgs_tui.engine.files import at_home, odd_kind
from sgs_tui.language import CHINESE, ENGLISH, Message

if TYPE_CHECKING:
    from sgs_tui.engine.backends.sdk_install import SdkWish
    from sgs_tui.engine.runs.run_list import Run


DEFAULT_PROFILE = "manual"
"""Whatever the user's settings say: a script must mean the same on every machine."""


class ModelType(StrEnum):
    """As the SDK's own -t names them."""

    FLOAT = "Float"
    FIXED = "Fixed"


class Lang(StrEnum):
    """The languages, as --lang names them."""

    ENGLISH = ENGLISH
    CHINESE = CHINESE


class Level(StrEnum):
    """Quantization levels, as the calibrator's --quant_level names them."""

    L1 = "L1"
    L2 = "L2"
    L3 = "L3"
    L4 = "L4"
    L5 = "L5"


def option(spelling: str, about: str, **more: Any) -> Any:
    """An option as help shows it: `--output -o FILE`, flags and then what stands for the value."""
    words = spelling.split()
    metavar = None if words[-1].startswith("-") else words.pop()
    return typer.Option(*words, metavar=metavar, help=about, **more)


def argument(metavar: str, about: str) -> Any:
    """An argument as help shows it."""
    return typer.Argument(metavar=metavar, help=about)


Batch = Annotated[bool, option("--batch", "Print instead of opening the app.")]
Ascii = Annotated[bool, option("--ascii", "Nothing but ASCII (automatic where the locale is not UTF-8).")]
NoMouse = Annotated[bool, option("--no-mouse", "Leave the mouse to the terminal.")]
Ranges = Annotated[Path | None, option("--ranges FILE", "Calibration ranges: tensor_min_max as text, JSON or pickle.")]
Shapes = Annotated[Path | None, option("--shapes FILE", "Shapes: tensor_statistics.txt, or a dump that has them.")]
ProfileName = Annotated[
    str | None, option("--profile NAME", "Limits: manual (default), sop, strict, or your own TOML file.")
]
Output = Annotated[Path | None, option("--output -o FILE", "Write there, whole or not at all, instead of stdout.")]
Model = Annotated[Path, option("--model -m FILE", "The model.")]
Image = Annotated[str, option("--image -i PATH", "An image, a list file (inputs separated by commas), or a folder.")]
Root = Annotated[Path | None, option("--root --runs DIR", "Where run folders go (default ./sgs_runs).")]
Detach = Annotated[bool, option("--detach/--wait", "Start and leave; `sgs-tui runs` has the rest.")]
NoFuseHint = Annotated[bool, option("--no-fuse-hint", "Do not tell of layers that are fused away in a fixed model.")]
Int16 = Annotated[
    list[str] | None,
    option(
        "--int16 NAME,...",
        "Convolution inputs for INT16: prefixes, as in tensor_arrays, or ALL. What onnxruntime quantized: any tensor.",
    ),
]
Language = Annotated[Lang | None, option("--lang", "Language of what is shown (default: settings, then the locale).")]
"""Taken out of a command line before it is read (cli/language.py): help and completion list it."""
RunsHow = Annotated[RunsFormat, option("--format", "How to print.", show_default=True)]


# Groups of options. A command takes one as a parameter of its type; `with_options` makes Typer see what is in it.


@dataclass(frozen=True, slots=True, kw_only=True)
class InputOptions:
    """What a model is fed by, and how long that may take."""

    preprocess: Annotated[
        list[str] | None, option("--preprocess -n PRE.py", "Preprocess script; one an input, commas between.")
    ] = None
    timeout: Annotated[float | None, option("--timeout SECONDS", "End a run that takes longer.", min=1)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapedInputOptions(InputOptions):
    """The same for a model that may leave shapes open."""

    shape: Annotated[
        list[str] | None, option("--shape NAME=1,3,224,224", "Shape of an input (or size of a symbol) left open.")
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchOptions:
    """Where and how runs are started, and what is kept of them."""

    root: Root = None
    jobs: Annotated[int, option("--jobs -j N", "Runs at a time.", min=1, show_default=True)] = 1
    keep: Annotated[
        bool, option("--keep", "Keep the working directory of good runs too, with all that lies in it.")
    ] = False
    detach: Detach = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SdkOptions:
    """Which SDK, and the Python that its scripts need."""

    sdk: Annotated[Path | None, option("--sdk DIR", "The SDK's root folder (default SGS_IPU_DIR).")] = None
    sdk_via: Annotated[
        str | None, option("--sdk-via COMMAND", 'The way to it: "docker exec -i NAME", "docker run IMAGE", "ssh HOST".')
    ] = None
    sdk_map: Annotated[
        list[str] | None,
        option("--sdk-map /HERE=/INSIDE", "With --sdk-via: a folder at another path there; may repeat."),
    ] = None
    sdk_python: Annotated[
        str | None, option("--sdk-python PYTHON", "Interpreter for the SDK's scripts (default python3).")
    ] = None
    soc_version: Annotated[
        str | None, option("--soc-version CHIP", "The chip, for SDKs whose tools take --soc_version.")
    ] = None

    @property
    def wish(self) -> "SdkWish":
        from sgs_tui.engine.backends.sdk_install import SdkWish

        return SdkWish(self.sdk, self.sdk_via, tuple(self.sdk_map or ()), self.sdk_python, self.soc_version)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorOptions(SdkOptions):
    """What the SDK's simulator is told beside the model."""

    debug_config: Annotated[
        Path | None, option("--debugconfig FILE", "Take the switches from this DebugConfig.txt (path is ours).")
    ] = None
    string: Annotated[bool, option("--string", "Dump as text (dumpasstring): large, slow, six decimals.")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationOptions:
    """How a network is quantized, for what the twin foresees."""

    ranges: Ranges = None
    ini: Annotated[
        Path | None, option("--input-config --ini FILE", "input_config.ini: mean, std and tensor_arrays.")
    ] = None
    level: Annotated[
        Level | None, option("--level", "Quantization level where no fixed dump tells it.", case_sensitive=False)
    ] = None

    @property
    def number(self) -> int | None:
        return int(self.level[1:]) if self.level is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvicePrinting:
    """How advice, and what came of it, is printed; --batch is for those who always write it."""

    wanted: Annotated[AdviceFormat, option("--format", "How to print.")] = AdviceFormat.TABLE
    output: Output = None
    batch: Batch = False
    ascii_only: Ascii = False


Command = Callable[..., int]


def with_options(command: Command) -> Command:
    """`command` as Typer can read it: each parameter that is a group stands for the options in it."""
    parameters: list[inspect.Parameter] = []
    groups: dict[str, type[Any]] = {}
    hints = get_type_hints(command, include_extras=True)
    for name, parameter in inspect.signature(command).parameters.items():
        if is_dataclass(hints[name]):
            groups[name] = hints[name]
            parameters += _options_of(hints[name])
        else:
            parameters.append(parameter.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY))

    @wraps(command)
    def wrapper(lang: None = None, **given: Any) -> int:
        for name, group in groups.items():
            given[name] = group(**{each.name: given.pop(each.name) for each in fields(group)})
        return command(**given)

    parameters.append(inspect.Parameter("lang", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Language))
    wrapper.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    wrapper.__annotations__ = {each.name: each.annotation for each in parameters}
    del wrapper.__wrapped__  # or the signature above would be looked for behind it
    return wrapper


def add_group(app: typer.Typer, name: str, about: str, *commands: Command) -> typer.Typer:
    """Commands below a word of their own, each by its function's name."""
    group = typer.Typer(rich_markup_mode=None, help=about)
    for command in commands:
        group.command(command.__name__.rstrip("_"))(with_options(command))
    app.add_typer(group, name=name)
    return group


def _options_of(group: type[Any]) -> Iterator[inspect.Parameter]:
    """The options of a group, as parameters by name."""
    hints = get_type_hints(group, include_extras=True)
    for each in fields(group):
        default = inspect.Parameter.empty if each.default is MISSING else each.default
        yield inspect.Parameter(each.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hints[each.name])


# What stands in an option's value.


def input_files(arguments: Sequence[str]) -> dict[str, Path]:
    """`--input NAME=FILE`: absolute paths by input name. Raises UsageError."""
    found: dict[str, Path] = {}
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if not (name and equals and value):
            raise UsageError(
                Message("--input {argument}: expected NAME=FILE", argument=argument),
                Message("NAME is an input of the model"),
            )
        if name in found:
            raise UsageError(Message("--input {name} is given twice", name=name), Message("one file for each input"))
        found[name] = whole(Path(value))
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
        raise UsageError(
            Message("--memory {argument}: expected a size such as 500M or 2G", argument=argument),
            Message("it is about the tensors alone"),
        )
    return found


def whole(path: Path) -> Path:
    """The path from the root on, `~` resolved."""
    return at_home(path).absolute()


def place_of(root: Path | None) -> Path:
    """The runs root that --root means. Raises InputError for a file."""
    from sgs_tui.engine.runs.run_folder import default_root

    place = whole(root or default_root())
    if place.exists() and not place.is_dir():
        raise InputError(
            Message("{path}: is {kind}, expected a folder", path=place, kind=odd_kind(place) or Message("a file")),
            Message("name the folder that holds runs"),
        )
    return place


def run_named(name: str, root: Path | None) -> "Run":
    """The run called so: its name, a part of it that fits no other run, a path, or `last`. Raises SgsError."""
    from sgs_tui.engine.runs.run_list import find_run

    return find_run(name, place_of(root))

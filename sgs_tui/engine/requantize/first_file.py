"""The first sgs-tui.toml of a network's folder: the example, with what the folder holds and the SDK's tools ask for.

Apart because only `iterate --init` writes one. An older ConvertTool requires --input_arrays and --output_arrays, newer
ones ignore them; the names stand in input_config.ini.
"""

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sgs_tui.engine.backends.samples import PICTURES, suffix
from sgs_tui.engine.backends.sdk_ask import SOC, SdkAnswers
from sgs_tui.engine.backends.sdk_install import SdkWish, find_sdk
from sgs_tui.engine.configs import inputconfig
from sgs_tui.engine.errors import SgsError
from sgs_tui.engine.requantize.network import INI, example
from sgs_tui.language import Message


@dataclass(frozen=True, slots=True)
class _Found:
    """Names as the commands have them; the example's own where the folder has none."""

    model: str
    pictures: str
    picture: str
    script: str
    shapes: str
    inputs: str
    outputs: str


def first_file(folder: Path, wish: SdkWish) -> tuple[str, tuple[str, ...]]:
    """The text, and what to know about it."""
    found, text = _look(folder), example()
    more, notes = _more_options(found, wish)
    stem = Path(found.model).stem
    for old, new in (
        ("--input_shapes 1,3,224,224 \\\n", f"--input_shapes {found.shapes}{more} \\\n"),
        ("-n preprocess.py \\\n", f"-n {found.script} \\\n"),
        ("-i images ", f"-i {found.pictures} "),
        ("net.onnx", found.model),
        ("net_float.sim", f"{stem}_float.sim"),
        ("net_fixed.sim", f"{stem}_fixed.sim"),
        ('"images/0001.jpg"', f'"{found.picture}"'),
        ('preprocess = "preprocess.py"', f'preprocess = "{found.script}"'),
    ):
        text = text.replace(old, new)
    return _with_sdk(text, wish), notes


def _look(folder: Path) -> _Found:
    """A name that a shell or TOML would read otherwise is left to the user."""

    def first(paths: Iterable[Path], default: str) -> str:
        names = (str(path.relative_to(folder)) for path in sorted(paths))
        return next((name for name in names if re.fullmatch(r"[\w./-]+", name, re.ASCII)), default)

    model = first(folder.glob("*.onnx"), "net.onnx")
    inside = (path for path in folder.glob("*/*") if suffix(path) in PICTURES)
    picture = first(inside, "images/0001.jpg")
    scripts = (path for path in folder.glob("*.py") if b"image_preprocess" in path.read_bytes())
    ini = inputconfig.load(folder / INI) if (folder / INI).is_file() else inputconfig.InputConfig()
    outputs = ini.value(inputconfig.OUTPUT_SECTION, "outputs") or "OUTPUT"
    return _Found(
        model,
        str(Path(picture).parent),
        picture,
        first(scripts, "preprocess.py"),
        _shapes(folder / model) or "1,3,224,224",
        ",".join(ini.inputs) or "INPUT",
        outputs,
    )


def _shapes(model: Path) -> str:
    """As --input_shapes wants them: colons between inputs. Empty where the model does not say."""
    from sgs_tui.engine.backends.onnx import load_model, model_inputs

    try:
        return ":".join(",".join(map(str, each.shape)) for each in model_inputs(load_model(model), {}))
    except SgsError:  # none there, or shapes left open: for the user to fill in
        return ""


def _more_options(found: _Found, wish: SdkWish) -> tuple[str, tuple[str, ...]]:
    """What this SDK's ConvertTool wants beside the example's line; a note where it can not be asked."""
    try:
        sdk = find_sdk(wish.root, wish)
        known = SdkAnswers(sdk).options("ConvertTool.py", "onnx")
    except SgsError as error:
        return "", (Message("the SDK could not be asked what its ConvertTool wants: {error}", error=error.text),)
    names = {"--input_arrays": found.inputs, "--output_arrays": found.outputs}
    more = "".join(f" {option} {_in_command(value)}" for option, value in names.items() if known.requires(option))
    chip = f" {SOC} {sdk.soc_version}" if sdk.soc_version and known.takes(SOC) else ""
    return more + chip, ()


def _in_command(text: str) -> str:
    """One word for bash, inside of a TOML string."""
    return _quoted(shlex.quote(text))[1:-1]


def _with_sdk(text: str, wish: SdkWish) -> str:
    """The keys that say where the SDK is, as they were asked for."""
    given = {
        "sdk": str(wish.root if wish.via else wish.root.absolute()) if wish.root else None,
        "sdk_via": wish.via,
        "python": wish.python,
        "soc_version": wish.soc_version,
    }
    for key, value in given.items():
        if value:
            text = re.sub(rf"(?m)^#{key} = .*$", lambda match: f"{key} = {_quoted(value)}", text)  # noqa: B023
    if wish.maps:
        text = re.sub(r"(?m)^#sdk_map = .*$", lambda match: f"sdk_map = [{', '.join(map(_quoted, wish.maps))}]", text)
    return text


def _quoted(text: str) -> str:
    """A TOML string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

"""`sgs-tui optimize onnx|sdk`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sgs_tui.cli import assignments
from sgs_tui.cli.compare import DEFAULT_PROFILE
from sgs_tui.cli.options import Ascii, Output, ProfileName
from sgs_tui.cli.run_options import Model, Preprocess, Root, RunsFormat, RunsHow, Sdk, SdkPython, Shapes, Timeout
from sgs_tui.cli.runs_named import place_of

if TYPE_CHECKING:
    from sgs_tui.engine.optimize.onnx_question import OnnxQuestion

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

_Calibrate = Annotated[
    str, typer.Option("--calibrate", metavar="PATH", help="Calibration images: a folder, a list file; about 30.")
]
_Image = Annotated[
    str | None,
    typer.Option("--image", "-i", metavar="PATH", help="What both stages are dumped on (default the first image)."),
]
_Folder = Annotated[
    Path | None, typer.Option("--folder", metavar="DIR", help="Where searches are kept (default ./sgs_optimize).")
]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(rich_markup_mode=None, help=_GROUP)
    group.command("onnx")(onnx)
    group.command("sdk")(sdk)
    app.add_typer(group, name="optimize")


def onnx(
    model: Model,
    calibrate: _Calibrate,
    image: _Image = None,
    preprocess: Preprocess = None,
    shape: Shapes = None,
    per_tensor: Annotated[
        bool, typer.Option("--per-tensor", help="One scale for all channels of a weight (default one each).")
    ] = False,
    profile: ProfileName = None,
    folder: _Folder = None,
    timeout: Timeout = None,
    wanted: RunsHow = RunsFormat.TABLE,
    output: Output = None,
    ascii_only: Ascii = False,
) -> int:
    """Find the smallest set of 16-bit tensors, without an SDK.

    The smallest with which a model keeps the profile, on the embedded simulator. First each tensor is raised alone;
    then the one that gains most is added until no layer is over the limits; at last every tensor that can be missed
    is taken out again.

    \b
    Examples:
      sgs-tui optimize onnx --model net.onnx --calibrate images -n pre.py
      sgs-tui optimize onnx -m net.onnx --calibrate images -n pre.py --profile sop
    """
    from sgs_tui.cli.optimizing import search_onnx
    from sgs_tui.engine.configs.profile_files import load_profile

    limits = load_profile(profile or DEFAULT_PROFILE)
    question = _onnx_question(model, calibrate, image, preprocess, shape, per_tensor, timeout)
    return search_onnx(question, _place(folder), limits, wanted, output, ascii_only)


def sdk(
    model: Model,
    calibrate: _Calibrate,
    ini: Annotated[Path, typer.Option("--input-config", metavar="INI", help="input_config.ini with 8-bit defaults.")],
    preprocess: Preprocess = None,
    image: _Image = None,
    quant_files: Annotated[
        list[Path] | None,
        typer.Option("--quant-file", metavar="FILE", help="Try this file, without the optimizer; may be given again."),
    ] = None,
    rates: Annotated[
        list[str] | None, typer.Option("--only", metavar="RATE,...", help="Only the candidates of these rates.")
    ] = None,
    fixed: Annotated[
        Path | None, typer.Option("--fixed", metavar="X.sim", help="A fixed model to show beside the candidates.")
    ] = None,
    sdk: Sdk = None,
    sdk_python: SdkPython = "python3",
    processes: Annotated[
        int, typer.Option("--num-process", min=1, metavar="N", help="Processes of the SDK's tools.", show_default=True)
    ] = 10,
    profile: ProfileName = None,
    folder: _Folder = None,
    root: Root = None,
    timeout: Timeout = None,
    wanted: RunsHow = RunsFormat.TABLE,
    output: Output = None,
    ascii_only: Ascii = False,
) -> int:
    """Rank the candidates of the SDK's sim_optimizer.py.

    Each is calibrated, dumped and compared. Its compression rates are not monotone, so each is tried; candidates that
    say the same count once. Best is what keeps the profile with the fewest INT16 tensors. Every step is a run:
    `sgs-tui runs` has them.

    \b
    Examples:
      sgs-tui optimize sdk --model net_float.sim --calibrate images -n pre.py \\
        --input-config input_config.ini --only 0.7,0.95
      sgs-tui optimize sdk --model net_float.sim --calibrate images -n pre.py \\
        --input-config input_config.ini --quant-file mine.json
    """
    from sgs_tui.cli.optimizing import search_sdk
    from sgs_tui.engine.configs.profile_files import load_profile
    from sgs_tui.engine.optimize.sdk_question import SdkQuestion
    from sgs_tui.engine.simulate.sdk_root import find_sdk

    limits = load_profile(profile or DEFAULT_PROFILE)
    question = SdkQuestion(
        model=_whole(model),
        calibrate=calibrate,
        ini=_whole(ini),
        sdk=find_sdk(sdk),
        preprocess=",".join(assignments.names(preprocess or ())),
        image=image or "",
        python=sdk_python,
        processes=processes,
        quant_files=tuple(_whole(path) for path in quant_files or ()),
        rates=assignments.names(rates or ()),
        fixed=_whole(fixed) if fixed else None,
        timeout=timeout,
    )
    return search_sdk(question, (_place(folder), place_of(root)), limits, wanted, output, ascii_only)


def _onnx_question(
    model: Path,
    calibrate: str,
    image: str | None,
    preprocess: list[str] | None,
    shape: list[str] | None,
    per_tensor: bool,
    timeout: float | None,
) -> "OnnxQuestion":
    from sgs_tui.cli.local_requests import LocalOptions
    from sgs_tui.engine.errors import UsageError
    from sgs_tui.engine.optimize.onnx_question import OnnxQuestion
    from sgs_tui.engine.simulate.local_inputs import image_samples

    options = LocalOptions(image, assignments.names(preprocess or ()), assignments.shapes(shape or ()), False, timeout)
    samples = options.samples()
    if len(samples) > 1:
        raise UsageError(f"--image gives {len(samples)} samples, candidates are judged on one", "name one image")
    sample = samples[0] if samples else ()
    how = options.how()
    return OnnxQuestion(_whole(model), image_samples(calibrate), how, sample, options.shapes, not per_tensor)


def _whole(path: Path) -> Path:
    return path.expanduser().absolute()


def _place(folder: Path | None) -> Path:
    return _whole(folder or Path("sgs_optimize"))

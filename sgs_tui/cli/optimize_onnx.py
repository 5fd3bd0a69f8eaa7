"""`sgs-tui optimize onnx`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sgs_tui.cli import assignments
from sgs_tui.cli.compare import DEFAULT_PROFILE
from sgs_tui.cli.optimize_options import Calibrate, JudgedImage, SearchFolder, search_place, whole
from sgs_tui.cli.options import Ascii, Output, ProfileName
from sgs_tui.cli.run_options import Model, Preprocess, RunsFormat, RunsHow, Shapes, Timeout

if TYPE_CHECKING:
    from sgs_tui.engine.optimize.onnx_question import OnnxQuestion


def onnx(
    model: Model,
    calibrate: Calibrate,
    image: JudgedImage = None,
    preprocess: Preprocess = None,
    shape: Shapes = None,
    per_tensor: Annotated[
        bool, typer.Option("--per-tensor", help="One scale for all channels of a weight (default one each).")
    ] = False,
    profile: ProfileName = None,
    folder: SearchFolder = None,
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
    return search_onnx(question, search_place(folder), limits, wanted, output, ascii_only)


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
    return OnnxQuestion(whole(model), image_samples(calibrate), how, sample, options.shapes, not per_tensor)

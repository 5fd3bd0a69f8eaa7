"""`sgs-tui optimize sdk`."""

from pathlib import Path
from typing import Annotated

import typer

from sgs_tui.cli import assignments
from sgs_tui.cli.compare import DEFAULT_PROFILE
from sgs_tui.cli.optimize_options import Calibrate, JudgedImage, SearchFolder, search_place, whole
from sgs_tui.cli.options import Ascii, Output, ProfileName
from sgs_tui.cli.run_options import Model, Preprocess, Root, RunsFormat, RunsHow, Sdk, SdkPython, Timeout
from sgs_tui.cli.runs_named import place_of


def sdk(
    model: Model,
    calibrate: Calibrate,
    ini: Annotated[Path, typer.Option("--input-config", metavar="INI", help="input_config.ini with 8-bit defaults.")],
    preprocess: Preprocess = None,
    image: JudgedImage = None,
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
    folder: SearchFolder = None,
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
        model=whole(model),
        calibrate=calibrate,
        ini=whole(ini),
        sdk=find_sdk(sdk),
        preprocess=",".join(assignments.names(preprocess or ())),
        image=image or "",
        python=sdk_python,
        processes=processes,
        quant_files=tuple(whole(path) for path in quant_files or ()),
        rates=assignments.names(rates or ()),
        fixed=whole(fixed) if fixed else None,
        timeout=timeout,
    )
    return search_sdk(question, (search_place(folder), place_of(root)), limits, wanted, output, ascii_only)

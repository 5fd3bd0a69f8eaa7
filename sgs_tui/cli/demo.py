"""`sgs-tui demo`."""

import shlex
from pathlib import Path
from typing import Annotated

from sgs_tui.cli import stderr
from sgs_tui.cli.exits import ExitCode
from sgs_tui.cli.open import open_app
from sgs_tui.cli.options import Ascii, Batch, NoMouse, argument, option
from sgs_tui.cli.stderr import require_terminal
from sgs_tui.language import Message


def demo(
    folder: Annotated[Path, argument("[DIR]", "Where the files go (default ./sgs-tui-demo).")] = Path("sgs-tui-demo"),
    sweeping: Annotated[bool, option("--sweep", "Sweep over 24 pictures instead, one of them bad.")] = False,
    batch: Batch = False,
    ascii_only: Ascii = False,
    no_mouse: NoMouse = False,
) -> int:
    """Show the whole loop on a network with a planted fault.

    Builds a small network, quantizes it, dumps both stages, and opens the comparison. Needs no SDK and no network,
    takes a few seconds, and gives the same numbers on every run. With --batch the comparison is printed; the planted
    fault makes that end with 0 all the same. `sgs-tui advise --apply DIR` fixes it. With --sweep the mended network
    meets 24 pictures, one of them brighter than any that it was calibrated with: what a sweep says of them is printed.

    \b
    Examples:
      sgs-tui demo
      sgs-tui demo /tmp/demo --batch
      sgs-tui demo --sweep
    """
    if sweeping:
        return _sweep(folder, ascii_only)
    if not batch:
        require_terminal()
    from sgs_tui.engine.demo.demo import build_demo

    files = build_demo(folder)
    stderr.note(Message("the demo's files are in {folder}", folder=folder))
    if not batch:
        return open_app(
            (files.fixed_dump, files.float_dump), ranges=files.ranges, ascii_only=ascii_only, mouse=not no_mouse
        )
    code = _print(files.fixed_dump, files.float_dump, files.ranges, ascii_only)
    command = f"sgs-tui advise --apply {shlex.quote(str(folder))}"
    stderr.note(Message("`{command}` fixes it and shows before and after", command=command))
    return code


def _print(fixed: Path, float_: Path, ranges: Path, ascii_only: bool) -> ExitCode:
    from sgs_tui.batch.compare import Printing, print_comparison
    from sgs_tui.engine.session import CompareRequest

    printing = Printing(screen=stderr.screen(ascii_only, to_file=False))
    print_comparison(CompareRequest(fixed, float_, ranges), printing, stderr.note)
    return ExitCode.OK


def _sweep(folder: Path, ascii_only: bool) -> ExitCode:
    from sgs_tui.batch.sweep import SweepPrinting, print_sweep
    from sgs_tui.engine.backends.quantize import Quantization
    from sgs_tui.engine.demo.demo import CULPRIT, build_demo, write_sweep
    from sgs_tui.engine.sweep.onnx_pictures import OnnxPictures
    from sgs_tui.engine.sweep.pictures import sample_pictures
    from sgs_tui.engine.sweep.sweep import Sweep, SweepRequest

    files = build_demo(folder)
    pictures = sample_pictures([(path,) for path in write_sweep(folder)])
    how = OnnxPictures(
        files.model, tuple((path,) for path in files.images), quantization=Quantization(int16=(CULPRIT,))
    )
    what = Message(
        "{pictures} through {model} with {tensor} in INT16, calibrated on {images}",
        pictures=folder / "pictures",
        model=files.model,
        tensor=CULPRIT,
        images=folder / "images",
    )
    printing = SweepPrinting(screen=stderr.screen(ascii_only, to_file=False))
    with stderr.cancelling_interrupts() as cancel:
        report = print_sweep(Sweep(SweepRequest(how, pictures)), what, how.profile.name, printing, stderr.note, cancel)
    return cancel.code if report.stopped else ExitCode.OK

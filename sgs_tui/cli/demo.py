"""`sgs-tui demo`."""

import shlex
from pathlib import Path
from typing import Annotated

from sgs_tui.cli import stderr
from sgs_tui.cli.exits import ExitCode
from sgs_tui.cli.open import open_app
from sgs_tui.cli.options import Ascii, Batch, NoMouse, argument
from sgs_tui.cli.stderr import require_terminal


def demo(
    folder: Annotated[Path, argument("[DIR]", "Where the files go (default ./sgs-tui-demo).")] = Path("sgs-tui-demo"),
    batch: Batch = False,
    ascii_only: Ascii = False,
    no_mouse: NoMouse = False,
) -> int:
    """Show the whole loop on a network with a planted fault.

    Builds a small network, quantizes it, dumps both stages, and opens the comparison. Needs no SDK and no network,
    takes a few seconds, and gives the same numbers on every run. With --batch the comparison is printed; the planted
    fault makes that end with 0 all the same. `sgs-tui advise --apply DIR` fixes it.

    \b
    Examples:
      sgs-tui demo
      sgs-tui demo /tmp/demo --batch
    """
    if not batch:
        require_terminal()
    from sgs_tui.engine.demo.demo import build_demo

    files = build_demo(folder)
    stderr.note(f"the demo's files are in {folder}")
    if not batch:
        return open_app(
            (files.fixed_dump, files.float_dump), ranges=files.ranges, ascii_only=ascii_only, mouse=not no_mouse
        )
    code = _print(files.fixed_dump, files.float_dump, files.ranges, ascii_only)
    stderr.note(f"`sgs-tui advise --apply {shlex.quote(str(folder))}` fixes it and shows before and after")
    return code


def _print(fixed: Path, float_: Path, ranges: Path, ascii_only: bool) -> ExitCode:
    from sgs_tui.batch.compare import Printing, print_comparison
    from sgs_tui.engine.session import CompareRequest

    printing = Printing(screen=stderr.screen(ascii_only, to_file=False))
    print_comparison(CompareRequest(fixed, float_, ranges), printing, stderr.note)
    return ExitCode.OK

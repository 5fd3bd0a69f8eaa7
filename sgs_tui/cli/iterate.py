"""`sgs-tui iterate`."""

from pathlib import Path
from typing import Annotated

import typer

from sgs_tui.batch.formats import AdviceFormat
from sgs_tui.cli import complaints
from sgs_tui.cli.exits import ExitCode
from sgs_tui.cli.options import Ascii, Batch, Output
from sgs_tui.cli.run_options import Detach, Root
from sgs_tui.engine.errors import UsageError


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("iterate")(iterate)


def iterate(
    folder: Annotated[
        Path, typer.Argument(metavar="[FOLDER]", help="Where sgs-tui.toml is (default this one).")
    ] = Path(),
    mark: Annotated[
        list[str] | None, typer.Option("--mark", metavar="NAME", help="First: this tensor gets 16 bits in the ini.")
    ] = None,
    unmark: Annotated[
        list[str] | None, typer.Option("--unmark", metavar="NAME", help="First: take this tensor out of the ini.")
    ] = None,
    advised: Annotated[
        bool, typer.Option("--advised", help="First: what `sgs-tui advise` would raise in the state before.")
    ] = False,
    before: Annotated[
        Path | None,
        typer.Option(
            "--before", metavar="OLD", help="Compare with this run or JSON report (default the newest state)."
        ),
    ] = None,
    init: Annotated[bool, typer.Option("--init", help="Only write an example sgs-tui.toml to fill in.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be changed and run.")] = False,
    last: Annotated[bool, typer.Option("--last", help="Only show what the newest iteration did.")] = False,
    detach: Detach = False,
    root: Root = None,
    wanted: Annotated[AdviceFormat, typer.Option("--format", help="How to print.")] = AdviceFormat.TABLE,
    output: Output = None,
    batch: Batch = False,
    ascii_only: Ascii = False,
) -> int:
    """Make the models again after an INT16 change. Dumps both stages, shows what the change did.

    The convert and calibrate commands are your own, kept once in sgs-tui.toml of the network's folder (--init writes
    an example). They run in the background: Ctrl-C ends them, a lost connection does not, and --last shows the result
    later. A model that is not new afterwards is a failure. The state before is the newest
    iteration or pair of runs of the network; without one both models are dumped first. Exit code 1 where layers fail
    afterwards, 4 where a step failed. What was tried and what it did is written into the run folder's journal.

    \b
    Examples:
      sgs-tui iterate --init
      sgs-tui iterate --mark cat --mark conv7_in
      sgs-tui iterate ~/nets/detector --advised --dry-run
      sgs-tui iterate --detach
      sgs-tui iterate --last --format json
    """
    from sgs_tui.cli.advise_print import Printing
    from sgs_tui.cli.iterating import Wishes, run_iteration, show_last
    from sgs_tui.engine.iterate.config import load_config
    from sgs_tui.engine.iterate.start import iterations_root

    if init:
        return _init(folder)
    config = load_config(folder)
    place = (root or iterations_root(config)).absolute()
    printing = Printing(wanted, output, ascii_only)
    if last:
        return show_last(config, place, printing)
    wishes = Wishes(tuple(mark or ()), tuple(unmark or ()), advised, before, dry_run, detach)
    return run_iteration(config, place, wishes, printing)


def _init(folder: Path) -> ExitCode:
    """Write the example; never over a file that is there."""
    from sgs_tui.engine.files import write_atomically
    from sgs_tui.engine.iterate.config import NAME
    from sgs_tui.engine.iterate.template import TEMPLATE

    target = folder / NAME
    if target.exists():
        raise UsageError(f"{target}: is there already", "change it, or move it away first")
    write_atomically(target, TEMPLATE.encode())
    complaints.note(f"{target} is written; fill in your commands, then `sgs-tui iterate --dry-run`")
    return ExitCode.OK

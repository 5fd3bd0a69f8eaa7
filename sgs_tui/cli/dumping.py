"""Start runs that dump, wait for them, hand the dumps over and print where they are."""

from pathlib import Path
from typing import TYPE_CHECKING

from sgs_tui.cli.exits import ExitCode
from sgs_tui.cli.launching import Launch, launch
from sgs_tui.cli.run_options import RunFormat

if TYPE_CHECKING:
    from sgs_tui.engine.simulate.runs import Run, RunRequest


def dump(requests: "tuple[RunRequest, ...]", how: Launch, output: Path | None, wanted: RunFormat) -> ExitCode:
    """Run the requests; `output` as --output. Exit code 4 where one of them failed."""
    from sgs_tui.engine.errors import UsageError
    from sgs_tui.engine.simulate.hand_over import hand_over, targets

    if output is not None and how.detach:
        raise UsageError("--output needs the end of the run, --detach does not wait for it", "leave one out")
    names = targets(output, requests) if output is not None else ()
    runs = launch(requests, how)
    for run, target in zip(runs, names, strict=False):
        if run.dump is not None:
            hand_over(run.dump, target)
    _print(runs, wanted, names, how)
    return ExitCode.OK if how.detach or all(run.dump for run in runs) else ExitCode.RUN_FAILED


def _print(runs: "tuple[Run, ...]", wanted: RunFormat, names: tuple[Path, ...], how: Launch) -> None:
    from sgs_tui.batch.output import emit
    from sgs_tui.batch.runs_json import write_runs
    from sgs_tui.engine.text import encode

    if wanted is RunFormat.JSON:
        emit(write_runs(runs), None)
        return
    if how.detach:
        paths = [run.folder.path for run in runs]
    elif names:
        paths = [name for run, name in zip(runs, names, strict=True) if run.dump]
    else:
        paths = [run.dump for run in runs if run.dump]
    emit(encode("".join(f"{path}\n" for path in paths)), None)

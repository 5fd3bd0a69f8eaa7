"""Start runs and wait for them: warnings, progress, Ctrl-C, failures; what all commands with runs share."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sgs_tui.cli import complaints
from sgs_tui.cli.interrupts import held_interrupts
from sgs_tui.cli.runs_named import place_of

if TYPE_CHECKING:
    from sgs_tui.engine.simulate.runs import Run, RunRequest


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start: `root` None is ./sgs_runs; `jobs` runs at a time; `keep` working directories of good runs."""

    root: Path | None = None
    jobs: int = 1
    detach: bool = False
    keep: bool = False
    ascii_only: bool = False


def launch(requests: "Sequence[RunRequest]", how: Launch) -> "tuple[Run, ...]":
    """Start the runs and, unless detached, wait for them; Ctrl-C then cancels what is not over.

    Failures are told on stderr. Raises RunError where nothing could be started.
    """
    from sgs_tui.engine.simulate.runs import read_run

    root = place_of(how.root)
    _warn(requests, root)
    with held_interrupts() as held:
        paths = _start(requests, root, how.jobs)
    if how.detach:
        complaints.note("started; `sgs-tui runs follow NAME` shows one, `sgs-tui runs cancel NAME` ends it")
        return tuple(read_run(path) for path in paths)
    try:
        held.release()
        return wait(paths, how)
    except KeyboardInterrupt:
        _cancel(paths)
        raise


def wait(paths: Sequence[Path], how: Launch) -> "tuple[Run, ...]":
    """Wait for runs that were started, tell what became of them, tidy up behind the good ones."""
    from sgs_tui.batch.runs_line import StatusLine
    from sgs_tui.batch.runs_watch import watch
    from sgs_tui.cli.terminal import screen

    with StatusLine(screen(how.ascii_only, to_file=False)) as line:
        ended = watch(paths, line)
    for run in ended:
        tell(run)
        if run.dump is not None and not how.keep:
            shutil.rmtree(run.folder.work_path, ignore_errors=True)
    return ended


def tell(run: "Run") -> None:
    """What a run that is over has to say: its failure, or what is worth knowing of a good one."""
    from sgs_tui.batch.runs_words import failure
    from sgs_tui.engine.simulate.local_runs import local_result
    from sgs_tui.engine.simulate.runs import RunState

    if run.state is not RunState.OK:
        complaints.error(*failure(run))
        return
    result = local_result(run)
    told = set(run.request.warnings)  # before the start
    for note in (*(note for note in run.status.notes if note not in told), *result.notes):
        complaints.note(note)
    for name, reason in result.skipped:
        complaints.note(f"left out: {name}: {reason}")


def _start(requests: "Sequence[RunRequest]", root: Path, jobs: int) -> list[Path]:
    """The run folders in the order of the requests. Runs of one supervisor follow one another: one for each job."""
    from sgs_tui.engine.simulate.runs import start_runs

    found: dict[int, Path] = {}
    try:
        for job in range(min(jobs, len(requests))):
            places = range(job, len(requests), jobs)
            folders = start_runs([requests[place] for place in places], root, jobs)
            found |= {place: folder.path for place, folder in zip(places, folders, strict=True)}
    except Exception:
        _cancel(list(found.values()))
        raise
    return [found[place] for place in range(len(requests))]


def _warn(requests: "Sequence[RunRequest]", root: Path) -> None:
    """What the checks before a start say, each thing once; errors are raised by the start itself."""
    from sgs_tui.engine.simulate.runs import Level, check_request, list_runs

    known = list_runs(root)
    told = {warning: None for request in requests for warning in request.warnings}
    for request in requests:
        found = (finding for finding in check_request(request, root, known) if finding.level is Level.WARNING)
        told |= {f"{finding.message} ({finding.hint})": None for finding in found}
    for text in told:
        complaints.warning(text)


def _cancel(paths: Sequence[Path]) -> None:
    from sgs_tui.batch.runs_watch import end_runs

    for run in end_runs(paths):
        complaints.note(f"{run.name}: {run.state}")

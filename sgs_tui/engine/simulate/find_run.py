"""Which run somebody means: by its name, a part of it that fits no other, a path, or `last`."""

from collections.abc import Sequence
from pathlib import Path

from sgs_tui.engine.errors import InputError, UsageError
from sgs_tui.engine.simulate.run_list import Run, list_runs, read_run
from sgs_tui.engine.simulate.run_pairs import newest_pair

LAST = "last"
_SHOWN = 5


def find_run(name: str, root: Path) -> Run:
    """The run that `name` means. Raises InputError where there is none, UsageError where there are several."""
    if (Path(name) / "request.json").is_file():
        return read_run(Path(name))
    runs = list_runs(root)
    if not runs:
        raise InputError(f"no runs in {root}", "name their folder with --root")
    if name == LAST:
        return runs[0]
    return next((run for run in runs if run.name == name), None) or _by_part(name, runs, root)


def _by_part(name: str, runs: Sequence[Run], root: Path) -> Run:
    found = [run for run in runs if name in run.name]
    if not found:
        raise InputError(f"no run in {root} is called {name}", "`sgs-tui runs list` has the names")
    if len(found) > 1:
        names = ", ".join(run.name for run in found[:_SHOWN]) + (", ..." if len(found) > _SHOWN else "")
        raise UsageError(f"{name} fits {len(found)} runs", f"name one: {names}")
    return found[0]


def newest_comparable(root: Path) -> tuple[Run, Run]:
    """(sample, benchmark) of the newest dumps that belong together; twice the same run where it made both.

    Raises InputError where there are none.
    """
    runs = list_runs(root)
    pair = newest_pair(runs)
    both = next((run for run in runs if len(run.dumps) > 1), None)
    if both is not None and (pair is None or both.status.created > pair[0].status.created):
        return both, both
    if pair is None:
        raise InputError(f"no two good runs of one network in {root}", "`sgs-tui run` makes both, or name two runs")
    return pair

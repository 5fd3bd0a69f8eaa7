"""Runs in words: how one stands, how long it took, how it failed."""

from sgs_tui.engine.numbers import clock, size
from sgs_tui.engine.simulate.runs import Run, RunState, Snapshot


def standing(now: Snapshot) -> str:
    """`running 0:12, dump 12.3 MB of 171.6 MB`: sizes only where they are known, nothing made up."""
    words = f"{now.state} {clock(now.elapsed)}".rstrip()
    if now.dump_size is None:
        return words
    goal = f" of {size(now.expected_size)}" if now.expected_size else ""
    return f"{words}, dump {size(now.dump_size)}{goal}"


def failure(run: Run) -> tuple[str, str]:
    """(what went wrong, what to do) of a run that is over and not ok; the log is named where it has more to say."""
    message, hint = run.status.message or str(run.state), run.status.hint
    if run.state is RunState.FAILED and run.folder.log_path.is_file():
        hint = f"{hint} (log: {run.folder.log_path})" if hint else f"log: {run.folder.log_path}"
    return f"{run.name}: {message}", hint

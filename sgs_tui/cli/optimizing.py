"""Run a search and print what it found."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from sgs_tui.batch.optimize_table import write_onnx as onnx_table
from sgs_tui.batch.optimize_table import write_sdk as sdk_table
from sgs_tui.batch.optimize_watch import watch_onnx, watch_sdk
from sgs_tui.batch.output import emit
from sgs_tui.cli import complaints
from sgs_tui.cli.exits import ExitCode
from sgs_tui.cli.interrupts import cancelling_interrupts
from sgs_tui.cli.run_options import RunsFormat
from sgs_tui.cli.terminal import screen
from sgs_tui.engine.configs.profiles import Profile
from sgs_tui.engine.errors import CancelledError
from sgs_tui.engine.optimize.onnx_question import OnnxQuestion
from sgs_tui.engine.optimize.onnx_search import optimize_onnx
from sgs_tui.engine.optimize.sdk_question import SdkQuestion
from sgs_tui.engine.optimize.sdk_search import optimize_sdk


def search_onnx(
    question: OnnxQuestion, folder: Path, profile: Profile, wanted: RunsFormat, output: Path | None, ascii_only: bool
) -> ExitCode:
    """The exit code says whether the profile was reached."""
    from sgs_tui.batch.optimize_json import write_onnx as onnx_json

    with _stoppable() as cancel:
        events = optimize_onnx(question, folder, profile, cancel)
        result = watch_onnx(events, screen(ascii_only, to_file=False), complaints.note)
    shown = screen(ascii_only, to_file=output is not None)
    emit(onnx_json(result) if wanted is RunsFormat.JSON else onnx_table(result, shown), output)
    return ExitCode.OK if result.outcome.reached else ExitCode.OVER_LIMITS


def search_sdk(
    question: SdkQuestion,
    places: tuple[Path, Path],
    profile: Profile,
    wanted: RunsFormat,
    output: Path | None,
    ascii_only: bool,
) -> ExitCode:
    """`places`: where searches and where runs are kept. Exit code 4 where no candidate came through."""
    from sgs_tui.batch.optimize_json import write_sdk as sdk_json

    with _stoppable() as cancel:
        events = optimize_sdk(question, *places, profile, cancel)
        result = watch_sdk(events, screen(ascii_only, to_file=False), complaints.note)
    shown = screen(ascii_only, to_file=output is not None)
    emit(sdk_json(result) if wanted is RunsFormat.JSON else sdk_table(result, shown), output)
    for each in result.ranked:
        if each.accuracy is None:
            complaints.error(f"{each.label}: {each.error}", each.hint)
    if result.best is None or result.best.accuracy is None:
        return ExitCode.RUN_FAILED
    return ExitCode.OK if result.best.accuracy.meets else ExitCode.OVER_LIMITS


@contextmanager
def _stoppable() -> Iterator[Event]:
    """Ctrl-C ends a search soon, wherever in it that is noticed."""
    try:
        with cancelling_interrupts() as cancel:
            yield cancel
    except CancelledError as error:
        raise CancelledError("the search was stopped", "the same command goes on where it stopped") from error

"""Follow one run: its log on stdout, how it stands on stderr."""

from pathlib import Path

from sgs_tui.batch.output import emit
from sgs_tui.batch.runs_line import StatusLine
from sgs_tui.batch.runs_words import standing
from sgs_tui.batch.screen import Screen
from sgs_tui.engine.events import LogLine
from sgs_tui.engine.simulate.runs import Run, RunEnded, RunProgress, follow, read_run
from sgs_tui.engine.text import encode


def print_events(path: Path, log: bool, screen: Screen) -> Run:
    """Print what happens until the run ends; the run as it then stands."""
    title = read_run(path).request.title
    with StatusLine(screen) as line:
        for event in follow(path, log=log):
            match event:
                case LogLine(text):
                    line.clear()
                    emit(encode(screen.text(text) + "\n"), None)
                case RunProgress(now):
                    line.show(f"{title}: {standing(now)}", now.progress or ("" if log else now.last_line))
                case RunEnded(run):
                    return run
    return read_run(path)

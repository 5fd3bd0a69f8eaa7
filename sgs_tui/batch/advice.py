"""`advise`: which tensors to raise to INT16, and the change to input_config.ini that does it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sgs_tui.batch.compare import View, compared, report_of
from sgs_tui.batch.report import Report
from sgs_tui.engine.advice.conv_inputs import conv_inputs
from sgs_tui.engine.advice.results import Advice
from sgs_tui.engine.configs.reading import read_bytes
from sgs_tui.engine.iterate.ini_change import IniChange, ini_change
from sgs_tui.engine.session import CompareRequest


@dataclass(frozen=True, slots=True)
class Advised:
    """A comparison with its INT16 advice. `conv_inputs`: None where the dumps do not hold them.

    `ini`: the user's file as it was named, and what becomes of it; both None without one.
    """

    report: Report
    advice: Advice
    conv_inputs: tuple[str, ...] | None
    ini: Path | None = None
    change: IniChange | None = None


def advised(request: CompareRequest, marked: Sequence[str] = (), unmarked: Sequence[str] = ()) -> Advised:
    """Compare, explain and advise. Raises SgsError."""
    from sgs_tui.engine.advice.advise import advise

    with compared(request) as done:
        found = advise(done.comparison, done.rows, done.explained.diagnosis, marked, unmarked)
        inputs = conv_inputs(done.comparison.benchmark, done.comparison.sample)
        return Advised(report_of(done, View()), found, inputs)


def with_ini(found: Advised, ini: Path, unmarked: Sequence[str] = ()) -> Advised:
    """The same with what raising the chosen tensors makes of a file. Raises InputError, UsageError."""
    change = ini_change(read_bytes(ini), found.advice.chosen, unmarked, found.conv_inputs)
    return replace(found, ini=ini, change=change)

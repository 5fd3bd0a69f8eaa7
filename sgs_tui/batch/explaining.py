"""The diagnosis of a comparison, for the headless front end."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from sgs_tui.engine.compare.results import LayerDiff
from sgs_tui.engine.diagnosis.results import Diagnosis
from sgs_tui.engine.errors import InputError
from sgs_tui.engine.session import Comparison
from sgs_tui.engine.simulate.dump_origin import debug_config_of


@dataclass(frozen=True, slots=True)
class Explained:
    """A diagnosis, whether one was asked for, and why there is none all the same."""

    asked: bool
    diagnosis: Diagnosis | None = None
    problem: str = ""

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know beside the findings."""
        if self.diagnosis is not None:
            return self.diagnosis.notes
        return (self.problem,) if self.problem else ()


def explain(comparison: Comparison, rows: Sequence[LayerDiff], asked: bool) -> Explained:
    """Diagnose. A file that changes meanwhile, or a defect of ours, costs the diagnosis, not the figures."""
    if not asked:
        return Explained(False)
    from sgs_tui.engine.diagnosis.diagnose import diagnose

    try:
        found = diagnose(comparison, rows, debug_config_of(comparison.sample.path))
    except InputError as error:
        return Explained(True, None, f"no diagnosis: {error.message}")
    except Exception as error:
        return Explained(True, None, _defect(error))
    return Explained(True, found)


def _defect(error: Exception) -> str:
    """Damaged dumps have more ways to be odd than anybody thinks of: say it, and keep what mending it needs."""
    from sgs_tui.engine.crash import write_crash_report

    path = write_crash_report(error, sys.argv[1:])
    return f"no diagnosis: this is a defect of sgs-tui ({type(error).__name__}); the report is in {path}"

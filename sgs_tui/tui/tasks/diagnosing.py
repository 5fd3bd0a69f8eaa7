"""Finding out why layers are bad, as messages."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Event

from textual.message import Message

from sgs_tui.engine.compare.results import LayerDiff
from sgs_tui.engine.diagnosis.diagnose import diagnose
from sgs_tui.engine.diagnosis.results import Diagnosis
from sgs_tui.engine.errors import CancelledError, SgsError
from sgs_tui.engine.session import Comparison
from sgs_tui.engine.simulate.dump_origin import debug_config_of


@dataclass
class Diagnosed(Message):
    """The diagnosis of a comparison, or why there is none."""

    comparison: Comparison
    diagnosis: Diagnosis | None
    problem: str = ""
    hint: str = ""


def explain(comparison: Comparison, rows: Sequence[LayerDiff], cancel: Event) -> Iterator[Message]:
    """Diagnose a finished comparison, with the DebugConfig.txt of the sample's run where it lies beside it."""
    try:
        found = diagnose(comparison, rows, debug_config_of(comparison.sample.path), cancel)
    except CancelledError:
        raise
    except SgsError as error:
        yield Diagnosed(comparison, None, error.message, error.hint)
        return
    yield Diagnosed(comparison, found)

"""What background jobs and panes say to the screen. Messages are values: nobody changes one after it was posted."""

from dataclasses import dataclass

from textual.message import Message

from sgs_tui.engine.compare.results import LayerDiff, Summary
from sgs_tui.engine.session import Comparison


@dataclass
class JobFailed(Message):
    """A job ended with an error that the user can act on."""

    job: str
    text: str
    hint: str


@dataclass
class JobCrashed(Message):
    """A job met a defect of ours."""

    job: str
    error: Exception


@dataclass
class ComparisonOpened(Message):
    """Both dumps are open and matched; rows follow."""

    comparison: Comparison


@dataclass
class RowsArrived(Message):
    """Some more layers are compared; `done` of `total` bytes are read."""

    comparison: Comparison
    rows: tuple[LayerDiff, ...]
    done: int
    total: int


@dataclass
class ComparisonFinished(Message):
    """Every layer has its row."""

    comparison: Comparison
    summary: Summary


@dataclass
class Said(Message):
    """Something worth a line in the log; `level` is `info`, `warn` or `fail`."""

    text: str
    level: str = "info"
    hint: str = ""


@dataclass
class Flash(Message):
    """One line for the status line, gone at the next key."""

    text: str
    level: str = "info"


@dataclass
class LayerMoved(Message):
    """The cursor of the layer table stands on another layer (its pair number), or on none."""

    number: int | None


@dataclass
class LayersShown(Message):
    """What the layer table shows changed (rows, filter, order)."""

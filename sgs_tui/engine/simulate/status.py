"""How a run stands: the states, status.json, and who is looking after it."""

import json
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

from sgs_tui.engine.errors import InputError
from sgs_tui.engine.simulate.processes import ProcessIdentity

HEARTBEAT = 20.0
"""Seconds between two touches of status.json by a living supervisor."""

SILENCE = 15 * HEARTBEAT
"""A run on another host that was silent for so long is lost. Generous: clocks of two hosts differ."""


class RunState(StrEnum):
    """The life of a run. Only `OK` promises a dump that can be trusted."""

    QUEUED = "queued"
    RUNNING = "running"
    OK = "ok"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed out"
    LOST = "lost"

    @property
    def active(self) -> bool:
        """The run has not come to its end."""
        return self in (RunState.QUEUED, RunState.RUNNING)


@dataclass(frozen=True, slots=True)
class Made:
    """A product as it was found good: `path` relative to the run folder or absolute, `size` in bytes."""

    path: str
    size: int
    kind: str


@dataclass(frozen=True, slots=True)
class RunStatus:
    """status.json. Times are seconds since the epoch; `signal` is a name such as SIGSEGV.

    `message` is one sentence about the end, `hint` what to do; `failure` names the known failure it was
    (see failures.py), empty for none. `notes` are worth knowing on a good run too. `progress` is the last
    text of a progress bar.
    """

    state: RunState
    created: float
    started: float | None = None
    ended: float | None = None
    supervisor: ProcessIdentity | None = None
    child: ProcessIdentity | None = None
    exit_code: int | None = None
    signal: str | None = None
    progress: str = ""
    message: str = ""
    hint: str = ""
    failure: str = ""
    notes: tuple[str, ...] = ()
    products: tuple[Made, ...] = ()


def status_to_json(status: RunStatus) -> bytes:
    """The bytes of status.json."""
    return json.dumps(asdict(status), indent=1, ensure_ascii=True).encode("ascii") + b"\n"


def status_from_json(data: bytes, where: Path) -> RunStatus:
    """The inverse; keys of a later version are passed over. Raises InputError when `data` is damaged."""
    try:
        document: dict[str, Any] = json.loads(data)
        known = {f.name for f in fields(RunStatus)}
        values = {name: value for name, value in document.items() if name in known}
        values["state"] = RunState(values["state"])
        for name in ("supervisor", "child"):
            values[name] = ProcessIdentity(**values[name]) if values.get(name) else None
        values["notes"] = tuple(values.get("notes", ()))
        values["products"] = tuple(Made(**entry) for entry in values.get("products", ()))
        return RunStatus(**values)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"{where}: damaged status: {error}", "the run can only be deleted") from error

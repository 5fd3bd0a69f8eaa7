"""failure.json: the error that ended a worker of ours, in its own words; read when its run is judged."""

import json
import re
from pathlib import Path

from sgs_tui.engine.errors import SgsError
from sgs_tui.engine.simulate.failure_table import Explanation

FAILURE_FILE = "failure.json"


def write_failure(error: SgsError, folder: Path = Path()) -> None:
    """Leave `error` in the worker's directory. Raises OSError where nothing can be written."""
    document = {"kind": type(error).__name__, "message": error.message, "hint": error.hint}
    (folder / FAILURE_FILE).write_text(json.dumps(document, ensure_ascii=True) + "\n", "ascii")


def read_failure(folder: Path) -> Explanation | None:
    """What a worker left in `folder`; None where there is nothing, or a file cut short as after a kill."""
    try:
        document = json.loads((folder / FAILURE_FILE).read_bytes())
        kind, message, hint = (str(document[key]) for key in ("kind", "message", "hint"))
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return Explanation(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind).lower(), message, hint)

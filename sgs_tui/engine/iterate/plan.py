"""What an iteration is to do, as its worker reads it: plan.json in the run's working directory."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from sgs_tui.engine.errors import InputError
from sgs_tui.engine.iterate.config import IterateConfig

PLAN_FILE = "plan.json"


@dataclass(frozen=True, slots=True)
class Plan:
    """An iteration. `before`: a JSON report, a run or a folder with the state to compare with; None: dump it first,
    where there are models. `change`: what was changed, in words.
    """

    config: IterateConfig
    before: Path | None = None
    change: str = ""


def plan_to_json(plan: Plan) -> str:
    """plan.json."""
    document = {
        "config": _plain(asdict(plan.config)),
        "before": None if plan.before is None else str(plan.before),
        "change": plan.change,
    }
    return json.dumps(document, indent=1, ensure_ascii=True) + "\n"


def plan_from_json(text: str, where: Path) -> Plan:
    """The inverse. Raises InputError when `text` is no plan."""
    try:
        document = json.loads(text)
        config = IterateConfig(**_paths(document["config"]))
        before = document["before"]
        return Plan(config, Path(before) if before else None, document["change"])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"{where}: damaged plan: {error}", "start the iteration again") from error


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: str(value) if isinstance(value, Path) else value for key, value in values.items()}


def _paths(values: Mapping[str, Any]) -> dict[str, Any]:
    """Paths by their fields' types; keys of a later version would be an error, and are one."""
    wanted = {each.name for each in fields(IterateConfig) if "Path" in str(each.type)}
    return {key: Path(value) if key in wanted and value is not None else value for key, value in values.items()}

"""The options of `sgs-tui compare` for commands that compare what they have just made: the same, defined once."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import Any, get_type_hints

from sgs_tui.batch.formats import FailOn
from sgs_tui.cli import compare
from sgs_tui.engine.errors import InputError, UsageError

_DUMPS = ("sample", "benchmark")
_NOT_PRINTING = frozenset({"ranges", "shapes", "profile", "ascii_only", "no_mouse"})
"""Options that mean the same in the app; any other one makes `compare` print."""

Command = Callable[..., int]


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """What `sgs-tui compare` is given besides the dumps, by the names of its parameters."""

    values: Mapping[str, Any]

    @property
    def prints(self) -> bool:
        """Whether the comparison is printed; otherwise the app opens on it."""
        return any(
            self.values[name] != parameter.default
            for name, parameter in _parameters().items()
            if name not in _NOT_PRINTING
        )

    @property
    def output(self) -> Path | None:
        """--output; None for stdout, however it was said."""
        return None if self.values["output"] in (None, Path("-")) else Path(self.values["output"])

    @property
    def wanted(self) -> str:
        """--format."""
        return str(self.values["wanted"] or "table")

    @property
    def ascii_only(self) -> bool:
        """--ascii."""
        return bool(self.values["ascii_only"])

    @property
    def baseline(self) -> Path | None:
        """--baseline."""
        return None if self.values["baseline"] is None else Path(self.values["baseline"])

    @property
    def bundle(self) -> Path | None:
        """--bundle."""
        return None if self.values["bundle"] is None else Path(self.values["bundle"])

    def to(self, output: Path | None, bundle: Path | None) -> "ReportOptions":
        """The same with another --output and another --bundle."""
        return replace(self, values={**self.values, "output": output, "bundle": bundle})

    def check(self) -> None:
        """Raise now what would otherwise be raised after the runs."""
        from sgs_tui.cli.terminal import require_terminal
        from sgs_tui.engine.calibration.ranges import load_ranges
        from sgs_tui.engine.compare.order import check_sort_key
        from sgs_tui.engine.compare.query import parse_query
        from sgs_tui.engine.configs.profile_files import load_profile
        from sgs_tui.engine.iterate.state import check_state

        if not self.prints:
            require_terminal()
        check_sort_key((self.values["sort"] or "network").removeprefix("-"))
        parse_query(self.values["text"] or "")
        load_profile(self.values["profile"] or compare.DEFAULT_PROFILE)
        if self.baseline is not None:
            check_state(self.baseline)
        elif self.values["fail_on"] is FailOn.REGRESSION:
            raise UsageError("--fail-on regression needs --baseline", "name an earlier comparison: --baseline OLD.json")
        if self.values["ranges"] is not None:
            load_ranges(self.values["ranges"])
        for path in (self.output, self.bundle):
            if path is not None and not path.absolute().parent.is_dir():
                raise InputError(f"{path}: there is no such folder", "make it first")

    def compare(self, sample: Path, benchmark: Path, ranges: Path | None) -> int:
        """Compare as `sgs-tui compare` does; `ranges` where none were given. The exit code."""
        values = {**self.values, "ranges": self.values["ranges"] or ranges}
        return compare.compare(sample, benchmark, **values)


def with_report_options(command: Command) -> Command:
    """`command` with the options of compare, which reach it as its parameter `report`."""
    own = {name: entry for name, entry in inspect.signature(command).parameters.items() if name != "report"}
    added = _parameters()

    @wraps(command)
    def wrapper(**given: Any) -> int:
        report = ReportOptions({name: given.pop(name) for name in added})
        return command(**given, report=report)

    parameters = [*own.values(), *added.values()]
    wrapper.__signature__ = inspect.Signature(parameters, return_annotation=int)  # type: ignore[attr-defined]
    wrapper.__annotations__ = {entry.name: entry.annotation for entry in parameters}
    del wrapper.__wrapped__  # or the signature above would be looked for behind it
    return wrapper


def _parameters() -> dict[str, inspect.Parameter]:
    hints = get_type_hints(compare.compare, include_extras=True)
    found = inspect.signature(compare.compare).parameters
    return {name: entry.replace(annotation=hints[name]) for name, entry in found.items() if name not in _DUMPS}

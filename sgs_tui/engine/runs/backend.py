"""What run code asks of a backend: the maker of a dump knows what to check before a run and how its failures look.

The answers given here are those of a backend that knows nothing special; a backend names `Backend` as its base and
overrides what it knows better. Run code is handed one and imports none: `engine/backends/registry.py` finds the
backend that request.json names.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from sgs_tui.engine.runs.known_failures import ANY_PROGRAM, ASSERTION, Explanation, KnownFailure, core_hint, first_of
from sgs_tui.engine.runs.run_folder import Product, RunFolder, RunRequest
from sgs_tui.language import Message

if TYPE_CHECKING:
    from sgs_tui.engine.dumps.reader import Dump


class Level(StrEnum):
    """An `ERROR` keeps a run from starting, a `WARNING` is told."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Concern:
    """One thing noticed before a run: one sentence and what to do."""

    level: Level
    message: str
    hint: str


class Backend(Protocol):
    """`known_failures`: what logs of its programs tell, the first that fits wins; `vague_failures`: what says little
    about the reason and is asked last. `no_dump_hint`: what to do about a success without a dump."""

    known_failures: Sequence[KnownFailure] = ANY_PROGRAM
    vague_failures: Sequence[KnownFailure] = (ASSERTION,)
    no_dump_hint: str = Message("read the log of the run")

    def check(self, request: RunRequest, root: Path) -> Iterable[Concern]:
        """What only this backend knows to be wrong before `request` is started in `root`."""
        return ()

    def text_growth(self, request: RunRequest) -> float:
        """How many times as large as a binary dump the one asked for is; 1 for a binary one."""
        return 1

    def known_failure(self, request: RunRequest, log: str) -> Explanation | None:
        """The first failure that the log (without colors) names by itself."""
        return first_of(self.known_failures, log)

    def crash_hint(self, program: str = "EXEC", core: str = "CORE") -> str:
        """What to do about a program that died, by the names of its file and of the core that it left."""
        return core_hint(program, core)

    def crashed_program(self, log: str) -> str | None:
        """The program that left a core, where the log names it and it is not the interpreter that was started."""
        return None

    def dump_problem(self, dump: "Dump", product: Product) -> Explanation | None:
        """What a damaged or unexpected dump says about how it was made."""
        return None

    def with_hint(self, problem: Explanation, request: RunRequest) -> Explanation:
        """An end that says little, and what this backend would try first."""
        return problem

    def spoiled(self, request: RunRequest, folder: RunFolder, dumps: Sequence[Path]) -> Explanation | None:
        """Why dumps that look good are wrong all the same. Asked of every run that ended well, before `notes`."""
        return None

    def notes(self, request: RunRequest, folder: RunFolder, dumps: Sequence[Path]) -> Sequence[str]:
        """What is worth knowing about a good run; `dumps` are where they stay."""
        return ()


Lookup = Callable[[str], Backend]
"""The backend called so in request.json; one that knows nothing special for a name from elsewhere."""

"""A backend that is added for a test: a module with a `BACKEND`, and a line in the registry. As a program: a supervisor
that knows it."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from sgs_tui.engine.backends.registry import MODULES, backend_of
from sgs_tui.engine.runs.backend import Backend, Concern, Level
from sgs_tui.engine.runs.known_failures import ANY_PROGRAM, Explanation, known
from sgs_tui.engine.runs.run_folder import RunFolder, RunRequest
from sgs_tui.engine.runs.supervisor import main

NAME, MODULE = "fake", "tests.engine.backends.fake"


class FakeBackend(Backend):
    known_failures = (known("paper_jam", r"jam in (\w+)", "the paper jammed in {text}", "open {text}"), *ANY_PROGRAM)
    no_dump_hint = "put paper in"

    def check(self, request: RunRequest, root: Path) -> Iterator[Concern]:
        if request.details.get("paper") == "none":
            yield Concern(Level.ERROR, "there is no paper", "put some in")

    def spoiled(self, request: RunRequest, folder: RunFolder, dumps: Sequence[Path]) -> Explanation | None:
        blank = any(b"blank" in path.read_bytes() for path in folder.work_path.glob("*.txt"))
        return Explanation("blank", "the page is blank", "fill the ink") if blank else None

    def notes(self, request: RunRequest, folder: RunFolder, dumps: Sequence[Path]) -> list[str]:
        return ["printed on both sides"]


BACKEND = FakeBackend()

if __name__ == "__main__":
    MODULES[NAME] = MODULE
    sys.exit(main(sys.argv[1:], backend_of))

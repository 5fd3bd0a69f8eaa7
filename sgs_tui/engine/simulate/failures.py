"""Find the known failure (failure_table.py) that a log tells of, and put it into words."""

import re

from sgs_tui.engine.simulate.failure_table import GENERIC, SPECIFIC, Explanation, KnownFailure
from sgs_tui.engine.text import visible

_LAST = 1 << 16
"""Characters at the end of a log in which the script's own last word is looked for."""


def specific_failure(log: str, preprocess: frozenset[str] = frozenset()) -> Explanation | None:
    """The first failure that the log names by itself. `preprocess`: module names of the -n scripts."""
    for known in SPECIFIC:
        if match := known.pattern.search(log):
            return _explain(known, match)
    missing = re.search(r"No module named '([^']+)'", log)
    if missing and missing[1] in preprocess:
        message = f"the preprocess script {visible(missing[1])} cannot be imported: there is none"
        hint = "-n takes a path that ends in .py, or a name from the SDK's Scripts/calibrator/preprocess_method"
        return Explanation("bad_preprocess", message, hint)
    return None


def generic_failure(log: str) -> Explanation | None:
    """What the log says in general: an assertion, an exception, an [Error] line."""
    stripped = log.rstrip()
    for known in GENERIC:
        if match := known.pattern.search(stripped):
            return _explain(known, match)
    return _last_exception(stripped)


def _last_exception(log: str) -> Explanation | None:
    """A Python script's last word; searched from the end, where it stands."""
    for line in reversed(log[-_LAST:].splitlines()):
        if re.match(r"(?:\w+\.)*\w*(?:Error|Exception)(?::|$)", line):
            message = f"the script failed: {visible(line.strip())[:200]}"
            return Explanation("exception", message, "the log has the whole story")
    return None


def _explain(known: KnownFailure, match: re.Match[str]) -> Explanation:
    group = next((text for text in match.groups() if text), "")
    shown = visible(group.strip())[:200]
    return Explanation(
        known.name, known.sentence.replace("{0}", shown), known.remedy.replace("{0}", shown), known.fatal
    )

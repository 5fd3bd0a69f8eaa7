"""`doctor`: can the terminal show the app?"""

import shutil
from collections.abc import Iterator, Mapping

from sgs_tui.batch.doctor_check import Check, State, Surroundings


def terminal_checks(around: Surroundings) -> Iterator[Check]:
    """Terminal, colours, characters, and what lies between it and us."""
    env = around.environment
    width, height = shutil.get_terminal_size()
    found = f"TERM={env.get('TERM', '')} {width}x{height}" if around.terminal else "stdin or stderr is none"
    usable = around.terminal and env.get("TERM", "") not in ("", "dumb")
    yield Check("terminal", State.OK if usable else State.NO, found, "the app needs one; --batch does not")
    yield Check("colours", State.OK, _colours(env))
    yield Check(
        "locale",
        State.OK if around.utf8 else State.NO,
        " ".join(f"{name}={env[name]}" for name in ("LC_ALL", "LC_CTYPE", "LANG") if env.get(name)) or "not set",
        "not UTF-8, so only ASCII is shown; export LC_ALL=C.UTF-8",
    )
    far = [name for name in ("SSH_CONNECTION", "TMUX", "STY") if env.get(name)]
    yield Check("remote", State.OK, ", ".join(far) if far else "neither SSH nor tmux nor screen")


def _colours(environment: Mapping[str, str]) -> str:
    if environment.get("NO_COLOR"):
        return "none: NO_COLOR is set"
    if environment.get("COLORTERM") in ("truecolor", "24bit"):
        return "16 million"
    return "256" if "256" in environment.get("TERM", "") else "16"
